//! Representations against their definition, and names.

use std::f64::consts::TAU;

use rstest::rstest;

use super::*;
use crate::Group;

fn group(name: &str) -> PointGroup {
    name.parse().unwrap()
}

fn representation(group: PointGroup, name: &str) -> Representation {
    let fields = FieldType::of(group, name).unwrap();
    fields.blocks()[0].representation.clone()
}

fn product(a: Isometry, b: Isometry) -> Isometry {
    let angle = if a.reflects { -b.angle } else { b.angle };
    Isometry {
        angle: a.angle + angle,
        reflects: a.reflects ^ b.reflects,
    }
}

/// Some elements: all of a finite group, angles that aren't special otherwise.
fn elements(group: PointGroup) -> Vec<Isometry> {
    group.elements().unwrap_or_else(|| {
        let angles = [0.0, 0.3, 1.0, 2.9, 5.5, TAU / 4.0].into_iter();
        let sides = angles.flat_map(|angle| [(angle, false), (angle, true)]);
        sides
            .map(|(angle, reflects)| Isometry { angle, reflects })
            .filter(|element| group.reflects() || !element.reflects)
            .collect()
    })
}

fn times(a: &[f64], b: &[f64], n: usize) -> Vec<f64> {
    let entry = |at: usize| (0..n).map(|k| a[at / n * n + k] * b[k * n + at % n]).sum();
    (0..n * n).map(entry).collect()
}

fn transposed(a: &[f64], n: usize) -> Vec<f64> {
    (0..n * n).map(|at| a[at % n * n + at / n]).collect()
}

fn same(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12)
}

/// Everything that there is of a group, restricted representations among it.
fn all(group: PointGroup) -> Vec<Representation> {
    let highest = group.rotations().map_or(5, |n| n / 2);
    let mut all: Vec<_> = PlaneIrrep::all(group, highest)
        .into_iter()
        .map(Representation::of_irrep)
        .collect();
    for l in [0, 1, highest] {
        all.extend(Representation::fourier(group, l));
    }
    let sum = Representation::sum([all[0].clone(), all[all.len() / 2].clone(), all[0].clone()]);
    all.extend(sum);
    let finite = ["C1", "C2", "C3", "C4", "D1", "D2", "D3", "D4", "D8"].map(self::group);
    for subgroup in finite {
        all.extend(Representation::quotient(group, subgroup));
    }
    let larger = ["C8", "D4", "D6", "D8", "SO(2)", "O(2)"].map(self::group);
    for origin in larger {
        if group != origin && group.is_subgroup_of(origin) {
            let of_origin = PlaneIrrep::all(origin, 9).into_iter();
            let mut larger: Vec<_> = of_origin.map(Representation::of_irrep).collect();
            larger.extend(Representation::regular(origin));
            larger.extend(Representation::quotient(origin, self::group("D2")));
            larger.extend(Representation::fourier(origin, 3));
            all.extend(larger.iter().map(|own| own.restrict(group).unwrap()));
        }
    }
    all
}

#[rstest]
fn representations_multiply_as_the_group_and_fall_into_irreps(
    #[values(
        "C1", "C2", "C3", "C4", "C8", "D1", "D2", "D3", "D4", "D8", "SO(2)", "O(2)"
    )]
    name: &str,
) {
    let group = group(name);
    for own in all(group) {
        let n = own.dim();
        let Decomposition { irreps, change } = own.decomposition();
        assert!(
            same(
                &times(&change, &transposed(&change, n), n),
                &named::identity(n)
            ),
            "{own}"
        );
        assert_eq!(irreps, own.irreps());
        assert!(irreps.iter().all(|irrep| irrep.group() == group), "{own}");
        for a in elements(group) {
            let matrix = own.matrix(a).unwrap();
            for b in elements(group) {
                let both = times(&matrix, &own.matrix(b).unwrap(), n);
                assert!(
                    same(&both, &own.matrix(product(a, b)).unwrap()),
                    "{own} of {group}"
                );
            }
            let (mut diagonal, mut start) = (vec![0.0; n * n], 0);
            for irrep in &irreps {
                let d = irrep.dim();
                for (at, value) in irrep.matrix(a).unwrap().into_iter().enumerate() {
                    diagonal[(start + at / d) * n + start + at % d] = value;
                }
                start += d;
            }
            let whole = times(&times(&change, &diagonal, n), &transposed(&change, n), n);
            assert!(same(&whole, &matrix), "{own} of {group} at {a:?}");
            let is_permutation = matrix.iter().all(|entry| [0.0, 1.0].contains(entry));
            assert!(is_permutation || !own.is_permutation(), "{own}");
            for invariant in own.invariants() {
                let rows = matrix.chunks_exact(n);
                let moved: Vec<f64> = rows
                    .map(|row| row.iter().zip(&invariant).map(|(a, b)| a * b).sum())
                    .collect();
                assert!(same(&moved, &invariant), "{own}");
            }
        }
    }
}

/// Σ_g tr(ρ)² / |G| is 1 for irreps of real type, 2 for those of complex type; between different ones it is 0.
#[rstest]
fn irreps_are_irreducible_and_all(
    #[values("C1", "C2", "C5", "C8", "D1", "D2", "D5", "D8")] name: &str,
) {
    let group = group(name);
    let irreps = PlaneIrrep::all(group, MAX_FREQUENCY);
    let trace = |irrep: PlaneIrrep, g| {
        let matrix = irrep.matrix(g).unwrap();
        matrix[0] + if irrep.dim() == 2 { matrix[3] } else { 0.0 }
    };
    let order = group.order().unwrap();
    let mut dimension = 0;
    for &a in &irreps {
        for &b in &irreps {
            let sum: f64 = elements(group)
                .into_iter()
                .map(|g| trace(a, g) * trace(b, g))
                .sum();
            let expected = match (a == b, group.reflects() || a.dim() == 1) {
                (false, _) => 0.0,
                (true, true) => 1.0,
                (true, false) => 2.0,
            };
            assert!((sum / order as f64 - expected).abs() < 1e-12, "{a} {b}");
        }
        dimension += a.dim() * a.copies();
    }
    assert_eq!(dimension, order);
}

/// The regular half moves functions as the regular representation does.
#[rstest]
fn regular_representations_have_the_order_of_groups(
    #[values("C4", "C8", "D1", "D3", "D4")] name: &str,
) {
    let group = group(name);
    let (table, regular) = (group.sampled(), Representation::regular(group).unwrap());
    let n = table.order();
    for (g, element) in group.elements().unwrap().into_iter().enumerate() {
        let (ours, theirs) = (element.matrix(), table.matrix(g));
        assert!(same(ours.as_flattened(), theirs.as_flattened()));
        let matrix = regular.matrix(element).unwrap();
        for h in table.elements() {
            let from = table.relative(g, h).unwrap();
            assert_eq!(matrix[h * n + from], 1.0);
        }
    }
}

#[rstest]
#[case("C8", "4 regular + 8 irrep(1)", 48)]
#[case("D4", "trivial+sign +2 irrep(1,1)+ irrep(0,2)", 7)]
#[case("SO(2)", "3 fourier(3) + 2 (trivial + 2 irrep(1))", 31)]
#[case("O(2)", "2 fourier(2)", 20)]
#[case("D6", "5 quotient(D3) + quotient(C2)", 16)]
#[case(
    "C4",
    "2 regular of C8 + irrep(1,1) of D4 + irrep(3) of SO(2) + fourier(5) of SO(2)",
    31
)]
fn are_written_as_they_are_read(#[case] name: &str, #[case] text: &str, #[case] dim: usize) {
    let fields = FieldType::of(group(name), text).unwrap();
    assert_eq!(fields.dim(), dim);
    let written = fields.to_string();
    assert_eq!(written.parse::<FieldType>().unwrap(), fields, "{written}");
    let json = serde_json::to_string(&fields).unwrap();
    assert_eq!(serde_json::from_str::<FieldType>(&json).unwrap(), fields);
    assert_eq!(fields.fields().map(Representation::dim).sum::<usize>(), dim);
}

#[rstest]
#[case("4 regular", "`C8: 4 regular + 8 irrep(1)`")]
#[case("C8 4 regular", "does not read")]
#[case("K8: regular", "no group named \"K8\"")]
#[case("C0: regular", "no group named \"C0\"")]
#[case("C129: regular", "1 to 128")]
#[case("C99999999999999999999: regular", "no group named")]
#[case("C8: 4 regulr", "did you mean `regular`?")]
#[case("C8: irep(1)", "did you mean `irrep(1)`?")]
#[case("D4: irrep(1)", "did you mean `irrep(1,1)`?")]
#[case("C8: irrep(5)", "irrep(0) to irrep(4)")]
#[case("C8: irrep(1,1)", "C8 has no irrep(1,1)")]
#[case("C8: sign", "C8 has no irrep(1,0)")]
#[case("D4: irrep(0,1)", "D4 has no irrep(0,1)")]
#[case("D4: irrep(2,1)", "no representation named")]
#[case("D4: irrep(1,-1)", "no representation named")]
#[case("SO(2): irrep(65)", "irrep(64)")]
#[case("O(2): fourier(99999999999999999999999)", "O(2) has no irrep")]
#[case("D5: irrep(1,3)", "irrep(1,k) with k from 1 to 2")]
#[case("D4: irrep(1,3)", "and irrep(0,2)")]
#[case("SO(2): regular", "infinitely many")]
#[case("C8: quotient(C3)", "C3 is no subgroup of C8")]
#[case("C8: irrep(1) of C4", "C8 is no subgroup of C4")]
#[case("C8: 0 regular", "there are no fields")]
#[case("C8:", "does not read")]
#[case("C8: regular +", "does not read")]
#[case("C8: (regular", "does not read")]
#[case("C8: regular)", "does not read")]
#[case("C8: ((trivial))", "no representation named")]
#[case("C8: 9000 regular", "at most 65536")]
#[case("C8: 99999999999999999999999 regular", "at most 65536")]
#[case("C8: (99999 trivial)", "at most 256")]
#[case("C8: (30 regular + 30 regular)", "at most 256")]
#[case("O(2): fourier(64)", "at most 256")]
fn what_cannot_be_is_refused(#[case] text: &str, #[case] said: &str) {
    let error = text.parse::<FieldType>().unwrap_err().to_string();
    assert!(error.contains(said), "{error}");
}

#[test]
fn hostile_texts_are_refused_at_once() {
    for text in [
        "(".repeat(1 << 20),
        "+".repeat(1 << 20),
        "é".repeat(1 << 20),
    ] {
        let error = format!("C8: {text}").parse::<FieldType>().unwrap_err();
        assert!(error.to_string().len() < 400);
    }
}

#[test]
fn elements_of_other_groups_are_refused() {
    let regular = Representation::regular(group("C8")).unwrap();
    let element = |degrees: f64, reflects| Isometry {
        angle: degrees.to_radians(),
        reflects,
    };
    for (other, said) in [
        (element(44.0, false), "no rotation by 44°"),
        (element(0.0, true), "after the mirror"),
        (element(f64::NAN, false), "no rotation by NaN"),
    ] {
        let error = regular.matrix(other).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
    assert!(regular.matrix(element(-45.0, false)).is_ok());
}

#[test]
fn restriction_follows_the_branching_rules() {
    let restricted = |from: &str, name: &str, to: &str| {
        let own = representation(group(from), name)
            .restrict(group(to))
            .unwrap();
        let names: Vec<String> = own.irreps().iter().map(PlaneIrrep::to_string).collect();
        names.join(" ")
    };
    assert_eq!(restricted("SO(2)", "irrep(3)", "C8"), "irrep(3)");
    assert_eq!(restricted("SO(2)", "irrep(5)", "C8"), "irrep(3)");
    assert_eq!(restricted("SO(2)", "irrep(4)", "C8"), "irrep(4) irrep(4)");
    assert_eq!(restricted("SO(2)", "irrep(8)", "C8"), "trivial trivial");
    assert_eq!(
        restricted("O(2)", "irrep(1,4)", "D8"),
        "irrep(0,4) irrep(1,4)"
    );
    assert_eq!(restricted("O(2)", "irrep(1,8)", "D8"), "trivial sign");
    assert_eq!(restricted("O(2)", "irrep(1,7)", "D8"), "irrep(1,1)");
    assert_eq!(restricted("O(2)", "sign", "SO(2)"), "trivial");
    assert_eq!(restricted("D4", "irrep(1,1)", "D1"), "trivial sign");
    assert_eq!(
        restricted("C8", "regular", "C4"),
        "trivial irrep(1) irrep(2) irrep(2) irrep(1) trivial"
    );
    // One after the other is both at once.
    let regular = representation(group("D8"), "regular");
    let steps = regular
        .restrict(group("D4"))
        .unwrap()
        .restrict(group("C2"))
        .unwrap();
    assert_eq!(steps, regular.restrict(group("C2")).unwrap());
}

#[test]
fn groups_of_the_regular_half_are_known() {
    for name in ["trivial", "C2", "C8", "D1", "D4"] {
        let table: Group = name.parse().unwrap();
        assert_eq!(PointGroup::try_from(&table).unwrap().sampled(), table);
    }
    for name in ["flip", "R3", "C8xR3"] {
        assert!(
            PointGroup::try_from(&name.parse::<Group>().unwrap()).is_err(),
            "{name}"
        );
    }
}
