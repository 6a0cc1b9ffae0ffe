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
