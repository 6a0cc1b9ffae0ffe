//! The spaces of kernels against those of escnn, and against the constraint.

use rstest::rstest;

use super::*;
use crate::field::reference::{Reference, turned};
use crate::field::representation::{FieldType, Isometry, PointGroup};

fn one(group: PointGroup, name: &str) -> Representation {
    FieldType::of(group, name).unwrap().blocks()[0]
        .representation
        .clone()
}

/// `irrep_1_2` of the file is `irrep(1,2)` here.
fn named(group: PointGroup, name: &str) -> Representation {
    let numbers = name
        .strip_prefix("irrep_")
        .map(|numbers| numbers.replace('_', ","));
    one(
        group,
        &numbers.map_or(name.into(), |numbers| format!("irrep({numbers})")),
    )
}

const GROUPS: [(&str, &str, &[&str]); 3] = [
    (
        "c8",
        "C8",
        &["trivial", "regular", "irrep_1", "irrep_2", "irrep_3"],
    ),
    (
        "d4",
        "D4",
        &[
            "trivial",
            "regular",
            "irrep_1_0",
            "irrep_1_1",
            "irrep_0_2",
            "irrep_1_2",
        ],
    ),
    (
        "so2",
        "SO(2)",
        &["trivial", "irrep_1", "irrep_2", "irrep_3"],
    ),
];

#[test]
fn representations_are_those_of_the_reference() {
    let reference = Reference::spaces();
    for (file, group, names) in GROUPS {
        let group: PointGroup = group.parse().unwrap();
        for name in names {
            let own = named(group, name);
            let rotation = match group.rotations() {
                Some(n) => ("rotation", std::f64::consts::TAU / n as f64, false),
                None => ("1rad", 1.0, false),
            };
            let elements = [rotation, ("reflection", 0.0, true)];
            for (key, angle, reflects) in
                elements
                    .into_iter()
                    .take(if group.reflects() { 2 } else { 1 })
            {
                let found = own.matrix(Isometry { angle, reflects }).unwrap();
                let expected = reference.values(&format!("{file}.rep.{name}.{key}"));
                let distance = found.iter().zip(&expected).map(|(a, b)| (a - b).abs());
                assert!(distance.fold(0.0, f64::max) < 1e-7, "{file} {name} {key}");
            }
        }
    }
}

#[test]
fn dimensions_are_those_of_the_reference() {
    let reference = Reference::spaces();
    for (file, group, names) in GROUPS {
        let group: PointGroup = group.parse().unwrap();
        for size in [3, 5, 7] {
            let mut expected = reference
                .values(&format!("{file}.dims.k{size}"))
                .into_iter();
            for input in names {
                for output in names {
                    let (from, to) = (named(group, input), named(group, output));
                    let found = KernelSpace::elements_of(&from, &to, size).unwrap().len();
                    assert_eq!(
                        Some(found as f64),
                        expected.next(),
                        "{file} {size} {input} {output}"
                    );
                }
            }
        }
    }
}

/// An orthonormal basis of what rows span; none of them depends on the others.
fn orthonormal_rows(rows: &[f64], count: usize) -> Vec<Vec<f64>> {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut basis: Vec<Vec<f64>> = Vec::new();
    for row in rows.chunks_exact(rows.len() / count.max(1)) {
        let mut rest = row.to_vec();
        let length = dot(row, row).sqrt();
        // Twice, for the rounding of the first time.
        for _ in 0..2 {
            for known in &basis {
                let along = dot(&rest, known);
                rest.iter_mut()
                    .zip(known)
                    .for_each(|(a, b)| *a -= along * b);
            }
        }
        let left = dot(&rest, &rest).sqrt();
        assert!(left > 1e-3 * length, "a kernel depends on the others");
        basis.push(rest.into_iter().map(|value| value / left).collect());
    }
    basis
}

fn projected(basis: &[Vec<f64>], vector: &[f64]) -> Vec<f64> {
    let mut sum = vec![0.0; vector.len()];
    for row in basis {
        let along: f64 = row.iter().zip(vector).map(|(a, b)| a * b).sum();
        sum.iter_mut()
            .zip(row)
            .for_each(|(sum, row)| *sum += along * row);
    }
    sum
}

/// The projectors onto both spaces, on each vector of an orthonormal basis, or on one vector where the file has that.
#[test]
fn spaces_are_those_of_the_reference() {
    let (reference, mut compared) = (Reference::spaces(), 0);
    for (file, group, names) in GROUPS {
        let group: PointGroup = group.parse().unwrap();
        for input in names {
            for output in names {
                let space =
                    KernelSpace::new(&named(group, input), &named(group, output), 5).unwrap();
                let count = space.elements().len();
                let turn = |values: Vec<f64>| match group.reflects() {
                    true => turned(&values, 5),
                    false => values,
                };
                let rows = format!("{file}.space5.{input}->{output}");
                let projection = format!("{file}.project5.{input}->{output}");
                let close = |a: &[f64], b: &[f64]| {
                    let distance = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
                    assert!(
                        distance.sqrt() < 3e-6,
                        "{file} {input} {output}: {distance}"
                    );
                };
                if reference.has(&rows) {
                    let basis = orthonormal_rows(space.values(), count);
                    let theirs = turn(reference.values(&rows));
                    let theirs: Vec<&[f64]> = theirs.chunks_exact(theirs.len() / count).collect();
                    assert_eq!(theirs.len(), count);
                    theirs
                        .iter()
                        .for_each(|row| close(&projected(&basis, row), row));
                    compared += 1;
                } else if reference.has(&projection) {
                    let basis = orthonormal_rows(space.values(), count);
                    let numbers = space.kernel(0).len();
                    // The vector that the file's projection is of.
                    let vector = (0..numbers)
                        .map(|j| ((j + 1) as f64).powi(2).sin())
                        .collect();
                    let expected = turn(reference.values(&projection));
                    let found = projected(&basis, &turn(vector));
                    let length = expected.iter().map(|v| v * v).sum::<f64>().sqrt();
                    let scaled = |of: &[f64]| of.iter().map(|v| v / length).collect::<Vec<_>>();
                    close(&scaled(&found), &scaled(&expected));
                    compared += 1;
                } else {
                    assert_eq!(count, 0, "{file} {input} {output}");
                }
            }
        }
    }
    assert_eq!(compared, 23 + 32 + 14);
}

/// K(g x) = ρ_out(g) K(x) ρ_in(g)⁻¹ on the pixels, for elements that map them to pixels.
#[rstest]
fn kernels_keep_the_constraint(
    #[values("C1", "C4", "C8", "C3", "D1", "D2", "D4", "D3", "SO(2)", "O(2)")] name: &str,
    #[values(1, 2, 3, 4, 5, 7)] size: usize,
) {
    let group: PointGroup = name.parse().unwrap();
    let mut all: Vec<Representation> = crate::field::PlaneIrrep::all(group, 3)
        .into_iter()
        .map(Representation::of_irrep)
        .collect();
    all.extend(Representation::regular(group));
    all.push(Representation::fourier(group, group.rotations().map_or(2, |n| n / 2)).unwrap());
    let grid = group.sampled();
    let mut kernels = 0;
    for (input, output) in all.iter().flat_map(|a| all.iter().map(move |b| (a, b))) {
        let space = KernelSpace::new(input, output, size).unwrap();
        let (d_in, d_out) = (input.dim(), output.dim());
        for g in grid.elements().filter(|&g| grid.is_exact_element(g)) {
            let element = grid_element(group, g);
            let (left, right) = (
                output.matrix(element).unwrap(),
                input.matrix(element).unwrap(),
            );
            let moved = |tap: usize| {
                let centre = (size as f64 - 1.0) / 2.0;
                let point = [(tap % size) as f64 - centre, centre - (tap / size) as f64];
                let [x, y] = grid.act(g, point);
                ((centre - y) * size as f64 + x + centre).round() as usize
            };
            for k in (0..space.elements().len()).map(|element| space.kernel(element)) {
                kernels += 1;
                let at = |o: usize, i: usize, tap: usize| k[(o * d_in + i) * size * size + tap];
                for tap in 0..size * size {
                    for (o, i) in (0..d_out).flat_map(|o| (0..d_in).map(move |i| (o, i))) {
                        let expected: f64 = (0..d_out)
                            .flat_map(|p| (0..d_in).map(move |j| (p, j)))
                            .map(|(p, j)| left[o * d_out + p] * at(p, j, tap) * right[i * d_in + j])
                            .sum();
                        assert!((at(o, i, moved(tap)) - expected).abs() < 1e-12);
                    }
                }
            }
        }
    }
    assert!(kernels > 0);
}

/// The element of the table that samples a group.
fn grid_element(group: PointGroup, index: usize) -> Isometry {
    group.sampled_at(group.rotations().unwrap_or(4))[index]
}

#[rstest]
fn squares_sum_to_the_dimension_of_the_irrep(#[values(2, 3, 4, 5)] size: usize) {
    let group: PointGroup = "D4".parse().unwrap();
    let (from, to) = (one(group, "regular"), one(group, "(irrep(1,1) + regular)"));
    let (space, irreps) = (KernelSpace::new(&from, &to, size).unwrap(), to.irreps());
    for (index, element) in space.elements().iter().enumerate() {
        let squares: f64 = space.kernel(index).iter().map(|v| v * v).sum();
        assert!((squares - irreps[element.output].dim() as f64).abs() < 1e-12);
    }
    orthonormal_rows(space.values(), space.elements().len());
}

#[test]
fn what_cannot_be_is_refused() {
    let [c8, c4]: [PointGroup; 2] = ["C8", "C4"].map(|name| name.parse().unwrap());
    let error = |a: &Representation, b: &Representation, size| {
        KernelSpace::new(a, b, size).unwrap_err().to_string()
    };
    let trivial = Representation::trivial(c8);
    assert!(
        error(&trivial, &Representation::trivial(c4), 3).contains("C4 is no group of fields on C8")
    );
    assert!(error(&trivial, &trivial, 0).contains("kernel_size"));
    assert!(error(&trivial, &trivial, 35).contains("too large"));
    let large = Representation::regular("D128".parse().unwrap()).unwrap();
    assert!(
        error(&large, &large, 9).contains("D128") || error(&large, &large, 9).contains("regular")
    );
}
