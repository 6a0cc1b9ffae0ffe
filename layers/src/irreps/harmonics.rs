//! Real spherical harmonics by recurrence, as polynomials.
//!
//! ```text
//! solid harmonics    S_l,±m(x) = q_l^m(y, r²) · {A_m, B_m}(z, x),      S_l(x) = r^l Y_l(x/r)
//! azimuth            A_m + i B_m = (z + i x)^m
//! sectoral           q_m^m = √((2m−1)/(2m)) q_(m−1)^(m−1),  q_0^0 = q_1^1 = 1
//! zonal              q_l^m = ((2l−1) y q_(l−1)^m − √((l−1)²−m²) r² q_(l−2)^m) / √(l²−m²)
//! ```
//!
//! Component m > 0 of degree l carries A_m, component −m carries B_m, and y is the polar axis, so that degree 1 is
//! (x, y, z). As polynomials they have gradients everywhere, at the origin too; the gradients come from the same recurrence,
//! differentiated. Written so, with the norm normalisation Σ_m S_lm² = r^(2l), no number grows with l.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use super::{IrrepsError, check_degree};

/// Below this distance two points count as coincident: their direction is noise, and Y_l of it is set to 0 for l > 0.
pub const MIN_RADIUS: f64 = 1e-12;

/// How harmonics of a degree are scaled, on the unit sphere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HarmonicsNormalisation {
    /// ∫ Y_lm² = 1 over the sphere, of area 4π.
    #[default]
    Integral,
    /// Σ_m Y_lm² = 2l + 1, so that each component has mean square 1.
    Component,
    /// Σ_m Y_lm² = 1.
    Norm,
}

impl HarmonicsNormalisation {
    /// What to multiply harmonics of unit norm by.
    pub fn factor(self, degree: usize) -> f64 {
        let size = 2.0 * degree as f64 + 1.0;
        match self {
            Self::Integral => (size / (4.0 * PI)).sqrt(),
            Self::Component => size.sqrt(),
            Self::Norm => 1.0,
        }
    }
}

/// The factor from q_(m−1)^(m−1) to q_m^m, for m ≥ 1.
pub fn sectoral_coefficient(m: usize) -> f64 {
    if m <= 1 {
        // √(1/2), times the √2 by which components with m > 0 differ from m = 0.
        return 1.0;
    }
    let twice = 2.0 * m as f64;
    ((twice - 1.0) / twice).sqrt()
}

/// The a and b of q_l^m = a y q_(l−1)^m − b r² q_(l−2)^m, for l > m; b is 0 at l = m + 1.
pub fn zonal_coefficients(l: usize, m: usize) -> (f64, f64) {
    let (l, m) = (l as f64, m as f64);
    let below = (l * l - m * m).sqrt();
    let before = ((l - 1.0) * (l - 1.0) - m * m).max(0.0).sqrt();
    ((2.0 * l - 1.0) / below, before / below)
}

/// The solid harmonics r^l Y_l(x/r) of degrees 0 to `l_max`, (l_max + 1)² values: degree by degree, m = −l … l.
pub fn solid_harmonics(
    l_max: usize,
    point: [f64; 3],
    normalisation: HarmonicsNormalisation,
) -> Result<Vec<f64>, IrrepsError> {
    check_degree(l_max)?;
    let mut values = vec![0.0; (l_max + 1) * (l_max + 1)];
    recur(l_max, point, normalisation, |index, value, _| {
        values[index] = value;
    });
    Ok(values)
}

/// [`solid_harmonics`] and their gradients by x, y, z.
pub fn solid_harmonics_gradient(
    l_max: usize,
    point: [f64; 3],
    normalisation: HarmonicsNormalisation,
) -> Result<(Vec<f64>, Vec<[f64; 3]>), IrrepsError> {
    check_degree(l_max)?;
    let count = (l_max + 1) * (l_max + 1);
    let (mut values, mut gradients) = (vec![0.0; count], vec![[0.0; 3]; count]);
    recur(l_max, point, normalisation, |index, value, gradient| {
        values[index] = value;
        gradients[index] = gradient;
    });
    Ok((values, gradients))
}

/// The spherical harmonics Y_l(x/|x|) of degrees 0 to `l_max`, (l_max + 1)² values: degree by degree, m = −l … l.
///
/// The origin has no direction: within [`MIN_RADIUS`] of it the harmonics of degree 0 keep their constant and the others are
/// 0, the one value there that turns as it must.
///
/// ```
/// use gcnn_layers::irreps::{HarmonicsNormalisation, spherical_harmonics};
///
/// let y = spherical_harmonics(1, [3.0, 0.0, 4.0], HarmonicsNormalisation::Norm)?;
/// assert_eq!(y, [1.0, 0.6, 0.0, 0.8]);
/// # Ok::<(), gcnn_layers::irreps::IrrepsError>(())
/// ```
pub fn spherical_harmonics(
    l_max: usize,
    point: [f64; 3],
    normalisation: HarmonicsNormalisation,
) -> Result<Vec<f64>, IrrepsError> {
    let (direction, _) = unit(point);
    solid_harmonics(l_max, direction, normalisation)
}

/// [`spherical_harmonics`] and their gradients by x, y, z, which are 0 within [`MIN_RADIUS`] of the origin.
pub fn spherical_harmonics_gradient(
    l_max: usize,
    point: [f64; 3],
    normalisation: HarmonicsNormalisation,
) -> Result<(Vec<f64>, Vec<[f64; 3]>), IrrepsError> {
    let (direction, radius) = unit(point);
    let (values, mut gradients) = solid_harmonics_gradient(l_max, direction, normalisation)?;
    for gradient in &mut gradients {
        // ∇ Y(x/r) = (1 − n nᵀ) ∇S(n) / r.
        let along: f64 = gradient.iter().zip(direction).map(|(g, n)| g * n).sum();
        for (component, n) in gradient.iter_mut().zip(direction) {
            *component = if radius < MIN_RADIUS {
                0.0
            } else {
                (*component - along * n) / radius
            };
        }
    }
    Ok((values, gradients))
}

/// Direction and length; no direction near the origin.
fn unit(point: [f64; 3]) -> ([f64; 3], f64) {
    let radius = point[0].hypot(point[1]).hypot(point[2]);
    if radius < MIN_RADIUS {
        ([0.0; 3], radius)
    } else {
        (point.map(|component| component / radius), radius)
    }
}

/// A value with its derivatives by y and by r², which the polynomials q depend on.
#[derive(Clone, Copy)]
struct Zonal {
    value: f64,
    by_y: f64,
    by_square: f64,
}

/// Calls `emit(index, value, gradient)` for every component.
fn recur(
    l_max: usize,
    [x, y, z]: [f64; 3],
    normalisation: HarmonicsNormalisation,
    mut emit: impl FnMut(usize, f64, [f64; 3]),
) {
    let square = x * x + y * y + z * z;
    // (A, B) of m and of m − 1, and q_m^m.
    let (mut azimuth, mut azimuth_before, mut sectoral) = ((1.0, 0.0), (0.0, 0.0), 1.0);
    for m in 0..=l_max {
        if m > 0 {
            azimuth_before = azimuth;
            let (a, b) = azimuth;
            azimuth = (z * a - x * b, z * b + x * a);
            sectoral *= sectoral_coefficient(m);
        }
        let mut before = Zonal {
            value: 0.0,
            by_y: 0.0,
            by_square: 0.0,
        };
        let mut zonal = Zonal {
            value: sectoral,
            ..before
        };
        for l in m..=l_max {
            if l > m {
                let (a, b) = zonal_coefficients(l, m);
                let next = Zonal {
                    value: a * y * zonal.value - b * square * before.value,
                    by_y: a * (zonal.value + y * zonal.by_y) - b * square * before.by_y,
                    by_square: a * y * zonal.by_square
                        - b * (before.value + square * before.by_square),
                };
                (before, zonal) = (zonal, next);
            }
            let factor = normalisation.factor(l);
            // ∂A_m/∂z = m A_(m−1), ∂A_m/∂x = −m B_(m−1); ∂B_m/∂z = m B_(m−1), ∂B_m/∂x = m A_(m−1).
            let degree = m as f64;
            let mut component = |index: usize, angular: f64, by_x: f64, by_z: f64| {
                let radial = 2.0 * zonal.by_square * angular;
                let gradient = [
                    radial * x + zonal.value * degree * by_x,
                    radial * y + zonal.by_y * angular,
                    radial * z + zonal.value * degree * by_z,
                ];
                let value = factor * zonal.value * angular;
                emit(index, value, gradient.map(|part| factor * part));
            };
            let centre = l * l + l;
            component(centre + m, azimuth.0, -azimuth_before.1, azimuth_before.0);
            if m > 0 {
                component(centre - m, azimuth.1, azimuth_before.0, azimuth_before.1);
            }
        }
    }
}
