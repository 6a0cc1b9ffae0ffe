use super::matrix::multiply;
use super::*;

/// Every cyclic and dihedral group of order up to 32, and the others.
fn groups() -> Vec<Group> {
    let cyclic = (1..=32).map(|n| Group::cyclic(n).unwrap());
    let dihedral = (1..=16).map(|n| Group::dihedral(n).unwrap());
    cyclic.chain(dihedral).chain([Group::flip()]).collect()
}

fn distance(a: Matrix, b: Matrix) -> f64 {
    let (a, b) = (a.as_flattened().iter(), b.as_flattened().iter());
    a.zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn axioms() {
    for g in groups() {
        assert!(g.is_closed(), "{g}");
        let e = g.identity();
        let product = |a, b| g.product(a, b).unwrap();
        let table: Vec<Vec<usize>> = g
            .elements()
            .map(|a| g.elements().map(|b| product(a, b)).collect())
            .collect();
        for a in g.elements() {
            let inverse = g.inverse(a).unwrap();
            assert_eq!((table[e][a], table[a][e]), (a, a), "{g}");
            assert_eq!((table[a][inverse], table[inverse][a]), (e, e), "{g}");
            for b in g.elements() {
                assert_eq!(g.relative(a, b), Some(table[inverse][b]), "{g}");
                for c in g.elements() {
                    assert_eq!(table[table[a][b]][c], table[a][table[b][c]], "{g}");
                }
            }
        }
    }
}

#[test]
fn matrices_represent_the_group_faithfully() {
    for g in groups() {
        assert_eq!(g.matrix(g.identity()), [[1.0, 0.0], [0.0, 1.0]]);
        for a in g.elements() {
            assert_eq!(g.inverse_matrix(a), g.matrix(g.inverse(a).unwrap()), "{g}");
            let determinant = matrix::determinant(g.matrix(a));
            assert!((determinant - g.determinant(a)).abs() < 1e-14, "{g}");
            assert_eq!((g.determinant(a).abs(), g.volume(a)), (1.0, 1.0), "{g}");
            assert_eq!(g.element_of(g.matrix(a)), Some(a), "{g}");
            for b in g.elements() {
                let relative = multiply(g.inverse_matrix(a), g.matrix(b));
                let expected = g.matrix(g.relative(a, b).unwrap());
                assert!(distance(relative, expected) < 1e-14, "{g}");
            }
        }
    }
}

#[test]
fn exact_groups_are_those_of_the_pixel_grid() {
    let exact: Vec<String> = groups()
        .into_iter()
        .filter(Group::is_exact)
        .map(|g| g.to_string())
        .collect();
    assert_eq!(exact, ["trivial", "C2", "C4", "D1", "D2", "D4", "flip"]);
    let c8 = Group::cyclic(8).unwrap();
    let exact: Vec<usize> = c8.elements().filter(|&a| c8.is_exact_element(a)).collect();
    assert_eq!(exact, [0, 2, 4, 6]);
}

#[test]
fn rotations_are_counter_clockwise_and_the_mirror_flips_y() {
    let d4 = Group::dihedral(4).unwrap();
    assert_eq!(d4.act(1, [1.0, 0.0]), [0.0, 1.0]);
    assert_eq!(d4.act(4, [1.0, 2.0]), [1.0, -2.0]);
    // R(90°)M: first the mirror, then the rotation.
    assert_eq!(d4.product(1, 4), Some(5));
    assert_eq!(d4.act(5, [1.0, 2.0]), [2.0, 1.0]);
    assert_eq!(Group::flip().act(1, [1.0, 2.0]), [-1.0, 2.0]);
}

#[test]
fn descriptions() {
    let describe = |name: &str, a: usize| name.parse::<Group>().unwrap().describe(a);
    assert_eq!(describe("C8", 0), "identity");
    assert_eq!(describe("C8", 1), "rotation by 45°");
    assert_eq!(describe("C4", 3), "rotation by 270°");
    assert_eq!(describe("C7", 1), "rotation by 51.43°");
    assert_eq!(describe("D4", 4), "reflection in the line at 0°");
    assert_eq!(describe("D4", 5), "reflection in the line at 45°");
    assert_eq!(describe("D4", 7), "reflection in the line at 135°");
    assert_eq!(describe("flip", 1), "reflection in the line at 90°");
}

#[test]
fn names_round_trip() {
    for g in groups() {
        assert_eq!(g.to_string().parse::<Group>().unwrap(), g);
        let json = serde_json::to_string(&g).unwrap();
        assert_eq!(json, format!("\"{g}\""));
        assert_eq!(serde_json::from_str::<Group>(&json).unwrap(), g);
    }
    for (text, name) in [
        ("C1", "trivial"),
        ("Trivial", "trivial"),
        (" c4", "C4"),
        ("d12", "D12"),
    ] {
        assert_eq!(text.parse::<Group>().unwrap().name(), name);
    }
}

#[test]
fn names_that_no_group_has_are_refused() {
    for text in [
        "",
        "C",
        "D",
        "Q8",
        "C-4",
        "C4.0",
        "C+4",
        "SO2",
        "C99999999999999999999",
        "R",
        "R3(",
        "R3)",
        "x",
        "C4x",
        "xR3",
        "C4xQ8",
        "C4 x R3",
    ] {
        let error = text.parse::<Group>().unwrap_err();
        assert_eq!(error, GroupError::Name { name: text.into() });
        assert!(error.to_string().contains("trivial"), "{error}");
    }
    for text in ["C0", "D0", "C129", "D1000000000"] {
        let error = text.parse::<Group>().unwrap_err();
        assert!(
            matches!(error, GroupError::Rotations { .. }),
            "{text}: {error}"
        );
        assert!(error.to_string().contains("1 to 128"), "{error}");
    }
    assert!(serde_json::from_str::<Group>("\"Q8\"").is_err());
}

/// exp is R(θ) Mᵐ; log has to find θ and m again, of samples without rounding.
#[test]
fn coordinates_are_the_logarithm() {
    for group in groups() {
        let [axis] = group.axes() else {
            panic!("{group} has one axis")
        };
        assert_eq!(group.order(), axis.samples * group.components());
        for h in group.elements() {
            let Coordinates { component, steps } = group.place(h);
            let (sin, cos) = (steps[0] * axis.step).sin_cos();
            let mirror = group.matrix(axis.samples * component);
            let exp = multiply([[cos, -sin], [sin, cos]], mirror);
            assert!(distance(exp, group.matrix(h)) < 1e-12);
            assert_eq!(&group.coordinates_of(group.matrix(h)), group.place(h));
            for k in group.elements() {
                let relative = multiply(group.inverse_matrix(h), group.matrix(k));
                assert_eq!(group.coordinates(h, k), group.coordinates_of(relative));
            }
        }
    }
}

#[test]
fn coordinates_of_other_maps_lie_between_the_samples() {
    let (sin, cos) = (22.5f64).to_radians().sin_cos();
    let turn = [[cos, -sin], [sin, cos]];
    let c4 = Group::cyclic(4).unwrap().coordinates_of(turn);
    assert_eq!(c4.component, 0);
    assert!((c4.steps[0] - 0.25).abs() < 1e-12);
    // A mirror is on no component of C4, whose orientations are directions.
    let mirrored = [[cos, sin], [sin, -cos]];
    assert_eq!(
        Group::cyclic(4).unwrap().coordinates_of(mirrored).component,
        0
    );
    assert_eq!(
        Group::dihedral(4)
            .unwrap()
            .coordinates_of(mirrored)
            .component,
        1
    );
}

#[test]
fn distances_go_the_short_way_round() {
    let axis = Group::cyclic(8).unwrap().axes()[0];
    assert_eq!(axis.distance(7.0, 0.0), -1.0);
    assert_eq!(axis.distance(0.5, 7.5), 1.0);
    let line = Axis {
        period: None,
        ..axis
    };
    assert_eq!(line.distance(7.0, 0.0), 7.0);
}

/// Scales, and products with them.
fn scalings() -> Vec<Group> {
    let names = [
        "R2",
        "R5",
        "R3(1.5)",
        "R4(2)",
        "C4xR3",
        "C8xR2(1.7)",
        "D4xR3(2)",
        "flipxR2",
    ];
    names.map(|name| name.parse().unwrap()).to_vec()
}

#[test]
fn samplings_that_end_are_groups_as_far_as_they_go() {
    for g in scalings() {
        assert!(!g.is_closed() && !g.is_exact(), "{g}");
        assert_eq!(g.matrix(g.identity()), matrix::IDENTITY);
        for a in g.elements() {
            let determinant = matrix::determinant(g.matrix(a));
            assert!((determinant / g.determinant(a) - 1.0).abs() < 1e-12, "{g}");
            let back = multiply(g.inverse_matrix(a), g.matrix(a));
            assert!(distance(back, matrix::IDENTITY) < 1e-12, "{g}");
            assert_eq!(g.relative(a, a), Some(g.identity()));
            assert_eq!(&g.coordinates_of(g.matrix(a)), g.place(a), "{g}");
            for b in g.elements() {
                let between = multiply(g.inverse_matrix(a), g.matrix(b));
                assert_eq!(g.relative(a, b), g.element_of(between), "{g} {a} {b}");
                assert_eq!(g.coordinates(a, b), g.coordinates_of(between), "{g}");
                if let Some(relative) = g.relative(a, b) {
                    assert_eq!(g.product(a, relative), Some(b), "{g}");
                }
            }
        }
    }
}

#[test]
fn scales_are_geometric_and_octaves_exact() {
    let scales: Group = "R5".parse().unwrap();
    let factors: Vec<f64> = scales.elements().map(|h| scales.matrix(h)[0][0]).collect();
    let half = std::f64::consts::SQRT_2;
    assert_eq!(factors, [1.0, half, 2.0, 2.0 * half, 4.0]);
    assert_eq!(scales.determinant(2), 4.0);
    assert_eq!(scales.volume(3), half.ln());
    assert_eq!(scales.finest(3).unwrap().name(), "R3");
    assert_eq!(scales.finest(1).unwrap().name(), "trivial");
    assert!(scales.finest(6).is_err() && Group::cyclic(4).unwrap().finest(2).is_err());
    assert_eq!(scales.axes()[0].kind, AxisKind::Scale);
    // From the third scale back to the first there is no sample, but a place.
    assert_eq!(scales.relative(2, 0), None);
    assert_eq!(scales.coordinates(2, 0).steps, [-2.0]);
    let similitudes: Group = "C8xR3".parse().unwrap();
    assert_eq!(similitudes.order(), 24);
    assert_eq!(similitudes.place(8 * 2 + 3).steps, [3.0, 2.0]);
    assert_eq!(similitudes.volume(0), half.ln());
    assert_eq!(similitudes.components(), 1);
    assert_eq!("D4xR2".parse::<Group>().unwrap().components(), 2);
    assert_eq!(
        similitudes.describe(8 + 1),
        "rotation by 45° and scaling by 1.41"
    );
}

#[test]
fn names_of_products_round_trip() {
    for g in scalings() {
        assert_eq!(g.to_string().parse::<Group>().unwrap(), g);
    }
    for (text, name) in [
        ("r3(1.50)", "R3(1.5)"),
        ("R1", "trivial"),
        ("c4XR2", "C4xR2"),
        ("trivialxR2", "R2"),
    ] {
        assert_eq!(text.parse::<Group>().unwrap().name(), name);
    }
    for text in ["R17", "R99999999", "R0"] {
        let error = text.parse::<Group>().unwrap_err();
        assert!(
            matches!(error, GroupError::Scales { .. }),
            "{text}: {error}"
        );
    }
    for text in [
        "R3(1)", "R3(0.5)", "R3(5)", "R3(x)", "R3()", "R3(-2)", "R3(1e9)", "R3(inf)", "R3(NaN)",
    ] {
        let error = text.parse::<Group>().unwrap_err();
        let is_known = matches!(error, GroupError::Base { .. } | GroupError::Name { .. });
        assert!(is_known, "{text}: {error}");
    }
    for text in ["C4xC2", "C4xD4", "R2xR3", "C128xR16", "C4xflip", "C4xR2xC8"] {
        let error = text.parse::<Group>().unwrap_err();
        assert!(
            matches!(error, GroupError::Product { .. }),
            "{text}: {error}"
        );
    }
}

/// Samples of the upper triangular matrices: squeezes (x, y) → (eˢx, e⁻ˢy) and shears don't commute.
fn affine() -> Samples {
    let axis = |kind, step, samples| Axis {
        kind: AxisKind::Other(kind),
        step,
        samples,
        period: None,
    };
    let places = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.0, -1.0]];
    let matrix = |[s, t]: [f64; 2]| {
        let (s, t) = (0.3 * s, 0.5 * t);
        [[s.exp(), t * (-s).exp()], [0.0, (-s).exp()]]
    };
    Samples {
        name: "squeezes and shears".into(),
        matrices: places.map(matrix).to_vec(),
        axes: vec![axis("squeeze", 0.3, 2), axis("shear", 0.5, 3)],
        components: 1,
        coordinates: places
            .map(|steps| Coordinates {
                component: 0,
                steps: steps.to_vec(),
            })
            .to_vec(),
        logarithm: Box::new(|[[xx, xy], _]| (0, vec![xx.ln(), xy * xx])),
    }
}

#[test]
fn any_matrices_make_a_group() {
    let group = Group::from_samples(affine()).unwrap();
    assert_eq!(group.order(), 5);
    assert_eq!(group.volume(0), 0.15);
    assert_eq!(group.relative(0, 3), Some(3));
    // (squeeze)⁻¹ (squeeze and shear): what is left is a shear that isn't sampled.
    assert_eq!(group.relative(1, 3), None);
    let between = group.coordinates(1, 3).steps;
    assert!(
        between[0].abs() < 1e-9 && (between[1] - 0.6f64.exp().recip()).abs() < 1e-9,
        "{between:?}"
    );
    assert_eq!(group.describe(2), "map (1 0.5; 0 1)");
    assert!(group.to_string().parse::<Group>().is_err());
}

#[test]
fn samples_that_make_no_group_are_refused() {
    type Change = fn(&mut Samples);
    let changes: [(Change, &str); 8] = [
        (|s| s.matrices.clear(), "there are 0"),
        (|s| s.matrices.swap(0, 1), "identity"),
        (|s| s.coordinates.truncate(2), "2 coordinates"),
        (
            |s| s.matrices[2] = [[1.0, 1.0], [1.0, 1.0]],
            "determinant 0",
        ),
        (
            |s| s.matrices[2] = [[f64::NAN, 0.0], [0.0, 1.0]],
            "determinant NaN",
        ),
        (|s| s.matrices[2] = s.matrices[1], "samples 1 and 2"),
        (|s| s.axes[0].step = 0.0, "isn't positive"),
        (|s| s.coordinates[1].steps[0] = 3.0, "logarithm at"),
    ];
    for (change, word) in changes {
        let mut samples = affine();
        change(&mut samples);
        let error = Group::from_samples(samples).err().unwrap().to_string();
        assert!(error.contains(word), "{error}");
    }
}
