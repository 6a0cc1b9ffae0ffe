//! Values computed with e3nn 0.6.0, of 12 digits.

use serde::Deserialize;
use std::collections::BTreeMap;

use super::super::*;
use super::distance;

#[derive(Deserialize)]
struct Reference {
    points: Vec<[f64; 3]>,
    spherical_harmonics_integral: BTreeMap<usize, Vec<Vec<f64>>>,
    rotations: Vec<Rotation>,
    wigner_3j: BTreeMap<String, Vec<(usize, usize, usize, f64)>>,
}

#[derive(Deserialize)]
struct Rotation {
    matrix: Matrix3,
    wigner_d: BTreeMap<usize, Vec<Vec<f64>>>,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("../../../tests/fixtures/e3nn.json")).unwrap()
}

#[test]
fn harmonics_are_those_of_the_reference() {
    let reference = reference();
    assert_eq!(reference.spherical_harmonics_integral.len(), 7);
    for (index, point) in reference.points.iter().enumerate() {
        let ours = spherical_harmonics(6, *point, HarmonicsNormalisation::Integral).unwrap();
        for (l, theirs) in &reference.spherical_harmonics_integral {
            let difference = distance(&ours[l * l..(l + 1) * (l + 1)], &theirs[index]);
            assert!(difference < 3e-11, "l = {l}, point {index}: {difference:e}");
        }
    }
}

#[test]
fn wigner_matrices_are_those_of_the_reference() {
    for rotation in reference().rotations {
        assert_eq!(rotation.wigner_d.len(), 5);
        for (l, theirs) in rotation.wigner_d {
            let ours = wigner_d(l, &rotation.matrix).unwrap();
            let difference = distance(&ours, &theirs.concat());
            assert!(difference < 3e-11, "l = {l}: {difference:e}");
        }
    }
}

#[test]
fn clebsch_gordan_tensors_are_those_of_the_reference_signs_included() {
    let tensors = reference().wigner_3j;
    assert_eq!(tensors.len(), 34);
    for (degrees, theirs) in tensors {
        let l: Vec<usize> = degrees.split(',').map(|l| l.parse().unwrap()).collect();
        let ours = clebsch_gordan(l[0], l[1], l[2]).unwrap();
        assert_eq!(ours.couplings().len(), theirs.len(), "{degrees}");
        for (entry, (i, j, k, value)) in ours.couplings().iter().zip(theirs) {
            assert_eq!(
                (entry.left, entry.right, entry.output),
                (i, j, k),
                "{degrees}"
            );
            assert!(
                (entry.value - value).abs() < 3e-12,
                "{degrees}: {entry:?}, {value}"
            );
        }
    }
}
