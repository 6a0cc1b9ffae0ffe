//! Kernels that are linear in their weights, as matrices.
//!
//! ```text
//! k_h(z) = k(h⁻¹ z) = Σ_j Basis_h[z, j] w_j              z: taps about the kernel's centre
//! k(·, h⁻¹h')       = Σ_m AlongH[h⁻¹h', m] w_m
//! ```
//!
//! A new one is another way to fill the matrices.

mod b_spline;
mod hermite;
mod interpolation;
mod pixel;
mod sampled;
mod shape;

pub use b_spline::{BSplineConfig, Support};
pub(super) use b_spline::{Learned, LearnedGroup, LearnedPlane};
pub use hermite::HermiteConfig;
pub(super) use pixel::{
    sample as sample_pixels, shape as shape_of_pixels, validate as validate_pixels,
};
pub use sampled::SampledKernel;
pub(crate) use shape::KernelShape;
