//! Linear maps of the plane, as numbers.

use std::f64::consts::TAU;

/// A linear map of the plane, row by row, acting on columns (x, y).
pub type Matrix = [[f64; 2]; 2];

/// The map that changes nothing.
pub(super) const IDENTITY: Matrix = [[1.0, 0.0], [0.0, 1.0]];

/// How far entries of two matrices may be apart that mean the same map.
pub(crate) const SAME: f64 = 1e-9;

/// The point that (x, y) is taken to.
pub(crate) fn apply([[xx, xy], [yx, yy]]: Matrix, [x, y]: [f64; 2]) -> [f64; 2] {
    [xx * x + xy * y, yx * x + yy * y]
}

/// First b, then a.
pub(crate) fn multiply(a: Matrix, b: Matrix) -> Matrix {
    let entry = |i: usize, j: usize| a[i][0] * b[0][j] + a[i][1] * b[1][j];
    [[entry(0, 0), entry(0, 1)], [entry(1, 0), entry(1, 1)]]
}

/// How areas grow; negative where the map reflects.
pub(crate) fn determinant([[xx, xy], [yx, yy]]: Matrix) -> f64 {
    xx * yy - xy * yx
}

/// Whether two matrices mean the same map.
pub(crate) fn is_same(a: Matrix, b: Matrix) -> bool {
    let entries = a.as_flattened().iter().zip(b.as_flattened());
    entries.into_iter().all(|(a, b)| (a - b).abs() < SAME)
}

/// Whether a matrix maps the pixel grid to itself.
pub(crate) fn is_signed_permutation(matrix: Matrix) -> bool {
    let mut entries = matrix.as_flattened().iter();
    entries.all(|&e| e == 0.0 || e.abs() == 1.0)
}

/// What a rotation or reflection does, in words.
pub(crate) fn describe(matrix: Matrix) -> String {
    let [[xx, _], [yx, _]] = matrix;
    let degrees = |angle: f64| {
        let positive = angle.to_degrees().rem_euclid(360.0);
        let hundredths = (positive * 100.0).round() / 100.0;
        format!("{hundredths}°")
    };
    if matrix == IDENTITY {
        "identity".into()
    } else if determinant(matrix) > 0.0 {
        format!("rotation by {}", degrees(yx.atan2(xx)))
    } else {
        // R(θ)M keeps the line at θ/2; taking θ from [0, 360°) keeps that line in [0, 180°).
        let theta = yx.atan2(xx).rem_euclid(TAU);
        format!("reflection in the line at {}", degrees(theta / 2.0))
    }
}
