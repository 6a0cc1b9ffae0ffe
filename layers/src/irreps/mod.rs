//! Representations of O(3): irreps, spherical harmonics, Wigner D matrices, Clebsch-Gordan tensors. Plain f64, no tensors.
//!
//! ```text
//! irrep (l, p)       ρ(R) = D^l(R),  ρ(−R) = p · D^l(R),          R a rotation, p = ±1
//! harmonics          Y_l(R x) = D^l(R) Y_l(x),                    parity (−1)^l
//! Clebsch-Gordan     Σ C_ijk D¹(R)_ii' D²(R)_jj' = Σ C_i'j'k' D³(R)_kk'
//! ```
//!
//! # Conventions
//! The components of degree l are numbered m = −l … l, with **y as the polar axis**: m = 0 is the component that a
//! rotation about y leaves alone. Degree 1 is then (x, y, z), D¹(R) = R, and degree 2 is
//! √3·(xz, xy, (2y² − x² − z²)/(2√3), yz, (z² − x²)/2) in the norm normalisation. There is no Condon-Shortley sign. These are e3nn's
//! conventions, signs of the Clebsch-Gordan tensors included, but for one: features are laid out block by block with
//! **components before multiplicity**, `[2l+1, multiplicity]`, where e3nn has `[multiplicity, 2l+1]`.
//! [`Irreps::from_multiplicity_first`] converts.
//!
//! All matrices are row by row in a `Vec<f64>`.

mod clebsch_gordan;
mod error;
mod grid;
mod harmonics;
mod irrep;
mod limits;
mod representation;
mod rotation;
mod sum;
mod sum_of_o3;
#[cfg(test)]
mod tests;
mod text;
mod wigner;

pub use clebsch_gordan::{ClebschGordan, Coupling, clebsch_gordan};
pub use error::IrrepsError;
pub use grid::SphericalGrid;
pub use harmonics::{
    HarmonicsNormalisation, MIN_RADIUS, sectoral_coefficient, solid_harmonics,
    solid_harmonics_gradient, spherical_harmonics, spherical_harmonics_gradient,
    zonal_coefficients,
};
pub(crate) use irrep::shortened;
pub use irrep::{Irrep, Parity};
pub use limits::L_MAX;
pub use representation::Representation;
pub use rotation::{
    Matrix3, apply, axis_angle, determinant, euler_yxy, multiply, negate, random_orthogonal,
    random_rotation, transpose,
};
pub use sum::{Block, Irreps, SortedIrreps};
pub use wigner::{generators, wigner_d, wigner_d_up_to};

/// The degree, if there are tables for it.
fn check_degree(degree: usize) -> Result<usize, IrrepsError> {
    if degree > L_MAX {
        return Err(IrrepsError::DegreeTooHigh {
            degree: degree.to_string(),
        });
    }
    Ok(degree)
}
