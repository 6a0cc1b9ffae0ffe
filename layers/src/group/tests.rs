use super::*;

/// Every cyclic and dihedral group of order up to 32.
fn groups() -> Vec<Group> {
    let cyclic = (1..=32).map(|n| Group::cyclic(n).unwrap());
    let dihedral = (1..=16).map(|n| Group::dihedral(n).unwrap());
    cyclic.chain(dihedral).collect()
}

fn multiply(a: Matrix, b: Matrix) -> Matrix {
    let entry = |i: usize, j: usize| a[i][0] * b[0][j] + a[i][1] * b[1][j];
    [[entry(0, 0), entry(0, 1)], [entry(1, 0), entry(1, 1)]]
}

fn distance(a: Matrix, b: Matrix) -> f64 {
    let (a, b) = (a.as_flattened().iter(), b.as_flattened().iter());
    a.zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn axioms() {
    for g in groups() {
        let e = g.identity();
        for a in g.elements() {
            assert_eq!(g.product(e, a), a, "{g}");
            assert_eq!(g.product(a, e), a, "{g}");
            assert_eq!(g.product(a, g.inverse(a)), e, "{g}");
            assert_eq!(g.product(g.inverse(a), a), e, "{g}");
            for b in g.elements() {
                let ab = g.product(a, b);
                assert!(ab < g.order(), "{g}");
                for c in g.elements() {
                    assert_eq!(g.product(ab, c), g.product(a, g.product(b, c)), "{g}");
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
            for b in g.elements() {
                let product = multiply(g.matrix(a), g.matrix(b));
                assert!(distance(product, g.matrix(g.product(a, b))) < 1e-14, "{g}");
                let same = distance(g.matrix(a), g.matrix(b)) < 1e-9;
                assert_eq!(same, a == b, "{g}: elements {a} and {b}");
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
    assert_eq!(exact, ["trivial", "C2", "C4", "D1", "D2", "D4"]);
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
    assert_eq!(d4.product(1, 4), 5);
    assert_eq!(d4.act(5, [1.0, 2.0]), [2.0, 1.0]);
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

#[test]
fn elements_are_their_rotation_and_reflection() {
    for name in ["trivial", "C3", "C8", "D1", "D4", "D6"] {
        let group: Group = name.parse().unwrap();
        let n = group.rotations();
        assert_eq!(group.order() % n, 0);
        for a in group.elements() {
            let mirror = usize::from(group.is_reflection(a));
            // R(2πr/N) M^m is the product of the elements at r and N·m.
            assert_eq!(group.product(group.rotation(a), mirror * n), a);
            let angle = std::f64::consts::TAU * group.rotation(a) as f64 / n as f64;
            let [[xx, _], [yx, _]] = group.matrix(a);
            assert!((xx - angle.cos()).abs() < 1e-12 && (yx - angle.sin()).abs() < 1e-12);
        }
    }
}
