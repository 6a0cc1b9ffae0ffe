mod coupling;
mod grid;
mod harmonics;
mod irreps;
mod reference;
mod representation;
mod wigner;

use super::random_rotation;

/// Points that are not special: columns of random rotations, at several lengths.
fn points() -> impl Iterator<Item = [f64; 3]> {
    (0..6).map(|seed| random_rotation(1000 + seed)[0].map(|c| c * (0.3 + 0.4 * seed as f64)))
}

/// `[m, n]` times `[n]`.
fn times(matrix: &[f64], vector: &[f64]) -> Vec<f64> {
    let rows = matrix.chunks_exact(vector.len());
    rows.map(|row| row.iter().zip(vector).map(|(a, b)| a * b).sum())
        .collect()
}

/// `[n, n]` times `[n, n]`.
fn product(left: &[f64], right: &[f64], n: usize) -> Vec<f64> {
    let mut result = vec![0.0; n * n];
    for row in 0..n {
        for inner in 0..n {
            for column in 0..n {
                result[row * n + column] += left[row * n + inner] * right[inner * n + column];
            }
        }
    }
    result
}

fn transposed(matrix: &[f64], n: usize) -> Vec<f64> {
    (0..n * n)
        .map(|entry| matrix[entry % n * n + entry / n])
        .collect()
}

/// The largest absolute difference; infinite for a NaN.
#[track_caller]
fn distance(left: &[f64], right: &[f64]) -> f64 {
    assert_eq!(left.len(), right.len());
    let differences = left.iter().zip(right).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, |largest, d| {
        if d.is_nan() {
            f64::INFINITY
        } else {
            d.max(largest)
        }
    })
}
