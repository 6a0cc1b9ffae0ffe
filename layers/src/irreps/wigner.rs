//! Wigner D matrices in the basis of real harmonics, straight from a rotation matrix.
//!
//! ```text
//! D⁰ = 1,  D¹ = R
//! D^l_kk' = (2l+1) Σ C_ijk C_i'j'k' R_ii' D^(l−1)_jj',        C the Clebsch-Gordan tensor 1 ⊗ (l−1) → l
//! generators   X^l_a = d/dt D^l(R_a(t)) at t = 0,             R_a(t) the rotation by t about axis a
//! ```
//!
//! This is the recurrence of Ivanic & Ruedenberg 1996 with its coefficients read from the Clebsch-Gordan tensor, whose
//! sign drops out. It has no angles, hence no poles, and each step only projects a product of orthogonal matrices, so that
//! errors stay at rounding level.

use super::clebsch_gordan::real_components;
use super::rotation::{Matrix3, apply, determinant, negate};
use super::{IrrepsError, check_degree, clebsch_gordan};

/// How far from orthogonal a matrix may be: single precision passes.
const TOLERANCE: f64 = 1e-5;

/// D^l(R), `[2l+1, 2l+1]` row by row, of a rotation matrix.
///
/// Elements of O(3) that reflect need a parity: [`Irrep::matrix`](super::Irrep::matrix).
pub fn wigner_d(degree: usize, rotation: &Matrix3) -> Result<Vec<f64>, IrrepsError> {
    Ok(wigner_d_up_to(degree, rotation)?.swap_remove(degree))
}

/// D^l(R) for all l from 0 to `l_max`.
pub fn wigner_d_up_to(l_max: usize, rotation: &Matrix3) -> Result<Vec<Vec<f64>>, IrrepsError> {
    check_degree(l_max)?;
    let (rotation, inverts) = split(rotation)?;
    if inverts {
        return Err(IrrepsError::NotARotation);
    }
    Ok(recurrence(l_max, &rotation))
}

/// An element of O(3) as a rotation and whether it also inverts.
pub(super) fn split(element: &Matrix3) -> Result<(Matrix3, bool), IrrepsError> {
    let mut deviation = 0.0f64;
    for (index, row) in element.iter().enumerate() {
        for (other, product) in apply(element, *row).into_iter().enumerate() {
            let expected = if other == index { 1.0 } else { 0.0 };
            let difference = (product - expected).abs();
            // Unlike `max`, this keeps a NaN: nothing is larger.
            if difference.is_nan() || difference > deviation {
                deviation = difference;
            }
        }
    }
    if deviation.is_nan() || deviation > TOLERANCE {
        return Err(IrrepsError::NotOrthogonal { deviation });
    }
    if determinant(element) < 0.0 {
        Ok((negate(element), true))
    } else {
        Ok((*element, false))
    }
}

/// D⁰ … D^l_max of a rotation, for an `l_max` that has been checked.
pub(super) fn recurrence(l_max: usize, rotation: &Matrix3) -> Vec<Vec<f64>> {
    let mut all = vec![vec![1.0], rotation.concat()];
    all.truncate(l_max + 1);
    for l in 2..=l_max {
        // Cannot fail: 1 ⊗ (l−1) reaches l, and l has been checked.
        let Ok(tensor) = clebsch_gordan(1, l - 1, l) else {
            break;
        };
        let (size, smaller) = (2 * l + 1, 2 * l - 1);
        let previous = &all[l - 1];
        let mut matrix = vec![0.0; size * size];
        for row in tensor.couplings() {
            for column in tensor.couplings() {
                matrix[row.output * size + column.output] += size as f64
                    * row.value
                    * column.value
                    * rotation[row.left][column.left]
                    * previous[row.right * smaller + column.right];
            }
        }
        all.push(matrix);
    }
    all
}

/// The generators of rotations about x, y and z in the irrep of degree l: antisymmetric matrices `[2l+1, 2l+1]`.
///
/// From the ladder operators of angular momentum, so that they check the other tables independently.
pub fn generators(degree: usize) -> Result<[Vec<f64>; 3], IrrepsError> {
    let l = check_degree(degree)? as i64;
    let size = 2 * degree + 1;
    // The polar axis is y, and (z, x, y) is a right-handed frame: y turns as J_z, z as J_x, x as J_y.
    // Real components are made of conjugates of complex ones, which turn as (−iJ)* does: entries (m', m, power of i, value).
    let mut about = [const { Vec::new() }; 3];
    for m in -l..=l {
        about[1].push((m, m, 1, m as f64));
        if m < l {
            let half_ladder = ((l * (l + 1) - m * (m + 1)) as f64).sqrt() / 2.0;
            about[2].push((m + 1, m, 1, half_ladder));
            about[2].push((m, m + 1, 1, half_ladder));
            about[0].push((m + 1, m, 2, half_ladder));
            about[0].push((m, m + 1, 0, half_ladder));
        }
    }
    Ok(about.map(|entries| {
        let mut matrix = vec![0.0; size * size];
        for (bra, ket, power, value) in entries {
            for (row, row_power, row_scale) in real_components(l, bra) {
                for (column, column_power, column_scale) in real_components(l, ket) {
                    let sign = match i64::rem_euclid(power + column_power - row_power, 4) {
                        0 => 1.0,
                        2 => -1.0,
                        _ => continue,
                    };
                    matrix[row * size + column] += sign * row_scale * column_scale * value;
                }
            }
        }
        matrix
    }))
}
