//! Representations of the rotations and reflections of the plane. Plain f64, no tensors.
//!
//! ```text
//! groups      C_N, D_N, SO(2), O(2)                       g = R(θ) Mᵐ,  M (x, y) = (x, −y)
//! irreps      of rotations k = 0, 1, …                    ρ(g) = R(kθ); a number ±1 for k = 0 and k = N/2
//!             with reflections (j, k), j = 0, 1           ρ(g) = R(kθ) diag(1, −1)ᵐ; for k = 0 and k = N/2 cos(kθ) (−1)ʲᵐ
//! regular     (ρ(g) f)(h) = f(g⁻¹h)                       functions on H; on cosets hK: quotient(K)
//! any         ρ(g) = Q (⊕ irreps) Qᵀ                      Q orthogonal: the change of basis
//! ```
//!
//! The vectors (x, y) are `irrep(1)` of rotations and `irrep(1,1)` with reflections. Names and numbers are escnn's, but for the mirror:
//! escnn's maps x ↦ −x, so that its kernels with reflections are those here turned by 90°, and vectors are no `irrep(1,1)` there.
//! Functions on C_N and D_N have the order of [`Group`](crate::Group): index r + N·m for R(2πr/N) Mᵐ.
//!
//! All matrices are row by row in a `Vec<f64>`. Source: Weiler and Cesa 2019, "General E(2)-equivariant steerable CNNs", appendices
//! B and F; Serre 1977, "Linear representations of finite groups".

mod error;
mod fields;
mod group;
mod irrep;
mod limits;
mod named;
mod restriction;
mod text;

pub use error::FieldError;
pub use fields::{FieldBlock, FieldType};
pub use group::{Isometry, PointGroup};
pub use irrep::PlaneIrrep;
pub use limits::MAX_FREQUENCY;
pub use named::{Decomposition, Representation};

#[cfg(test)]
mod tests;
