//! Linear maps of the plane, as numbers.

use std::f64::consts::TAU;

/// A linear map of the plane, row by row, acting on columns (x, y).
pub type Matrix = [[f64; 2]; 2];

/// The map that changes nothing.
pub(crate) const IDENTITY: Matrix = [[1.0, 0.0], [0.0, 1.0]];

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

/// The factor of which a matrix is a signed permutation, if it is one of something: then squares of pixels stay squares.
pub(crate) fn scaled_permutation(matrix: Matrix) -> Option<f64> {
    let entries = || matrix.as_flattened().iter().map(|entry| entry.abs());
    let factor = entries().fold(0.0, f64::max);
    let fits = entries().all(|entry| entry == 0.0 || entry == factor);
    let zeros = entries().filter(|&entry| entry == 0.0).count();
    (fits && zeros == 2 && determinant(matrix) != 0.0).then_some(factor)
}

/// What undoes it. Of a singular matrix that isn't a number.
pub(crate) fn inverse(matrix: Matrix) -> Matrix {
    let [[xx, xy], [yx, yy]] = matrix;
    let determinant = determinant(matrix);
    // Zeros stay zeros, without a sign.
    let over = |entry: f64| {
        if entry == 0.0 {
            0.0
        } else {
            entry / determinant
        }
    };
    [[over(yy), over(-xy)], [over(-yx), over(xx)]]
}

/// The longest that a point at distance 1 is taken from the lines that the axes are: how much further than a disc its image
/// reaches to the right, and upwards.
pub(crate) fn stretches([[xx, xy], [yx, yy]]: Matrix) -> [f64; 2] {
    [xx.hypot(xy), yx.hypot(yy)].map(|stretch| match (stretch - stretch.round()).abs() < SAME {
        true => stretch.round(),
        false => stretch,
    })
}

/// What a rotation, a reflection, a scaling or a product of them does, in words; of others the matrix.
pub(crate) fn describe(matrix: Matrix) -> String {
    let [[xx, xy], [yx, yy]] = matrix;
    let hundredths = |value: f64| (value * 100.0).round() / 100.0;
    let degrees = |angle: f64| format!("{}°", hundredths(angle.to_degrees().rem_euclid(360.0)));
    let factor = determinant(matrix).abs().sqrt();
    let turned = matrix.map(|row| row.map(|entry| entry / factor));
    let [[a, b], [c, d]] = turned;
    let is_isometry = is_same(multiply(turned, [[a, c], [b, d]]), IDENTITY);
    if !is_isometry {
        let [xx, xy, yx, yy] = [xx, xy, yx, yy].map(hundredths);
        return format!("map ({xx} {xy}; {yx} {yy})");
    }
    if (factor - 1.0).abs() > SAME {
        let scaling = format!("scaling by {}", hundredths(factor));
        return match is_same(turned, IDENTITY) {
            true => scaling,
            false => format!("{} and {scaling}", describe(snapped(turned))),
        };
    }
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

/// Entries that division left beside 0 and ±1 are these.
fn snapped(matrix: Matrix) -> Matrix {
    matrix.map(|row| {
        row.map(|entry| match (entry - entry.round()).abs() < SAME {
            true => entry.round(),
            false => entry,
        })
    })
}
