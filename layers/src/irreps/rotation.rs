//! Elements of O(3) as matrices.
//!
//! ```text
//! axis and angle   R = cos θ · 1 + sin θ · [n]× + (1 − cos θ) · n nᵀ                     (Rodrigues)
//! random           a quaternion uniform on the 3-sphere from three uniform numbers     (Shoemake 1992)
//! ```

use std::f64::consts::TAU;

use super::IrrepsError;

/// A linear map of space, row by row, on (x, y, z).
pub type Matrix3 = [[f64; 3]; 3];

/// M x.
pub fn apply(matrix: &Matrix3, point: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row[0] * point[0] + row[1] * point[1] + row[2] * point[2])
}

/// A B.
pub fn multiply(left: &Matrix3, right: &Matrix3) -> Matrix3 {
    let columns = transpose(right);
    transpose(&columns.map(|column| apply(left, column)))
}

/// Mᵀ, the inverse of an orthogonal matrix.
pub fn transpose(matrix: &Matrix3) -> Matrix3 {
    [0, 1, 2].map(|column| [0, 1, 2].map(|row| matrix[row][column]))
}

/// −M.
pub fn negate(matrix: &Matrix3) -> Matrix3 {
    matrix.map(|row| row.map(|entry| -entry))
}

/// det M.
pub fn determinant(m: &Matrix3) -> f64 {
    m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1])
        - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
        + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
}

/// The rotation by an angle about an axis, counter-clockwise seen from its tip. The axis may have any length but 0.
pub fn axis_angle(axis: [f64; 3], angle: f64) -> Result<Matrix3, IrrepsError> {
    // Scaled by the largest component first, so that squares neither overflow nor vanish.
    let scale = axis.iter().fold(0.0f64, |largest, c| largest.max(c.abs()));
    let scaled = axis.map(|component| component / scale);
    let length = scaled.iter().map(|c| c * c).sum::<f64>().sqrt();
    let n = scaled.map(|component| component / length);
    if !n.iter().all(|component| component.is_finite()) {
        return Err(IrrepsError::NoAxis { axis });
    }
    let (sin, cos) = angle.sin_cos();
    let cross = [[0.0, -n[2], n[1]], [n[2], 0.0, -n[0]], [-n[1], n[0], 0.0]];
    Ok([0, 1, 2].map(|row| {
        [0, 1, 2].map(|column| {
            let identity = if row == column { cos } else { 0.0 };
            identity + sin * cross[row][column] + (1.0 - cos) * n[row] * n[column]
        })
    }))
}

/// R_y(α) R_x(β) R_y(γ): Euler angles about the polar axis y, as e3nn has them.
pub fn euler_yxy(alpha: f64, beta: f64, gamma: f64) -> Matrix3 {
    let about_y = |angle: f64| {
        let (sin, cos) = angle.sin_cos();
        [[cos, 0.0, sin], [0.0, 1.0, 0.0], [-sin, 0.0, cos]]
    };
    let (sin, cos) = beta.sin_cos();
    let about_x = [[1.0, 0.0, 0.0], [0.0, cos, -sin], [0.0, sin, cos]];
    multiply(&about_y(alpha), &multiply(&about_x, &about_y(gamma)))
}

/// A rotation drawn uniformly (Haar measure). The same seed always gives the same one.
pub fn random_rotation(seed: u64) -> Matrix3 {
    let mut state = seed;
    let mut uniform = || {
        // SplitMix64 (Steele, Lea & Flood 2014), its upper 53 bits as a number in [0, 1).
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    };
    let (share, first, second) = (uniform(), TAU * uniform(), TAU * uniform());
    let (a, b) = ((1.0 - share).sqrt(), share.sqrt());
    let [x, y, z, w] = [
        a * first.sin(),
        a * first.cos(),
        b * second.sin(),
        b * second.cos(),
    ];
    [
        [
            1.0 - 2.0 * (y * y + z * z),
            2.0 * (x * y - z * w),
            2.0 * (x * z + y * w),
        ],
        [
            2.0 * (x * y + z * w),
            1.0 - 2.0 * (x * x + z * z),
            2.0 * (y * z - x * w),
        ],
        [
            2.0 * (x * z - y * w),
            2.0 * (y * z + x * w),
            1.0 - 2.0 * (x * x + y * y),
        ],
    ]
}

/// An element of O(3) drawn uniformly among rotations (even seeds) or rotations with a reflection (odd seeds).
pub fn random_orthogonal(seed: u64) -> Matrix3 {
    let rotation = random_rotation(seed / 2);
    if seed.is_multiple_of(2) {
        rotation
    } else {
        negate(&rotation)
    }
}
