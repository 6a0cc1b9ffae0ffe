//! Fields on the plane: vectors and tensors at every place, which turn with it.
//!
//! ```text
//! (L_g v)(x) = ρ(g) v(g⁻¹x)            vectors: ρ(g) = g; symmetric tensors: T ↦ g T gᵀ
//!
//! lifting       f(x, h) = ρ(h⁻¹) v(x)                    components as somebody sees them who is turned by h
//! projection    v(x)    = 1/|H| Σ_h ρ(h) f(x, h)         and back: one after the other they do nothing
//! ```
//!
//! Group convolutions work on functions on G. What comes in as vectors or tensors, wind or stress, becomes such functions by
//! [`FieldLifting`], and [`FieldProjection`] makes vectors or tensors of them; both turn with their input exactly, for every group.
//! Source: induced representations, Cohen, Geiger and Weiler 2019, "A general theory of equivariant CNNs on homogeneous spaces".

mod kernel_space;
mod kind;
mod lifting;
mod projection;
pub mod representation;

pub use kernel_space::{KernelElement, KernelSpace};
pub use kind::FieldKind;
pub use lifting::{FieldLifting, FieldLiftingConfig};
pub use projection::{FieldProjection, FieldProjectionConfig};
pub use representation::{
    Decomposition, FieldBlock, FieldError, FieldType, Isometry, PlaneIrrep, PointGroup,
    Representation,
};

#[cfg(all(test, feature = "flex"))]
mod tests;
