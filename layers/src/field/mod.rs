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

mod action;
mod basis_change;
mod batch_norm;
mod convolution;
mod group_map;
mod invariant_pool;
mod kernel_space;
mod kind;
mod layout;
mod lifting;
mod nonlinearity;
mod projection;
#[cfg(test)]
mod reference;
pub mod representation;

pub use action::field_action;
pub use basis_change::{BasisChange, BasisChangeConfig};
pub use batch_norm::{SteerableBatchNorm2d, SteerableBatchNorm2dConfig};
pub use convolution::{PairKernel, SteerableConv2d, SteerableConv2dConfig};
pub use group_map::{from_group_map, to_group_map};
pub use invariant_pool::{InvariantPool, InvariantPoolConfig, InvariantPoolKind};
pub use kernel_space::{KernelElement, KernelSpace};
pub use kind::FieldKind;
pub use lifting::{FieldLifting, FieldLiftingConfig};
pub use nonlinearity::{
    FourierNonlinearity, FourierNonlinearityConfig, GatedNonlinearity, GatedNonlinearityConfig,
    NormKind, NormNonlinearity, NormNonlinearityConfig, Pointwise, PointwiseNonlinearity,
    PointwiseNonlinearityConfig,
};
pub use projection::{FieldProjection, FieldProjectionConfig};
pub use representation::{
    Decomposition, FieldBlock, FieldError, FieldType, Isometry, PlaneIrrep, PointGroup,
    Representation,
};

#[cfg(all(test, feature = "flex"))]
mod tests;
