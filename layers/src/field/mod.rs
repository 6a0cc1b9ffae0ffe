//! Fields on the plane: what has components at every place that turn with it.
//!
//! ```text
//! (L_g f)(x) = ρ(g) f(g⁻¹x)            ρ: a representation of C_N, D_N, SO(2) or O(2)
//! ```
//!
//! # Steerable networks
//!
//! A [`FieldType`] says which fields a feature map has, `C8: 4 regular + 8 irrep(1)`; features are `[batch, channels, height, width]` with
//! the components of one field after those of another. [`SteerableConv2d`] maps fields to fields by all kernels that turn them into each
//! other, one dense convolution in the end.
//!
//! | what | layer |
//! | --- | --- |
//! | fields → fields | [`SteerableConv2d`]; its kernels, [`KernelSpace`] |
//! | non-linearities | [`NormNonlinearity`], [`GatedNonlinearity`], [`FourierNonlinearity`], of functions [`PointwiseNonlinearity`] |
//! | normalisation | [`SteerableBatchNorm2d`] |
//! | fields → numbers that nothing changes | [`InvariantPool`] |
//! | other sizes | [`SpatialAvgPool2d`](crate::SpatialAvgPool2d), [`BlurPool2d`](crate::BlurPool2d); of functions [`SpatialMaxPool2d`](crate::SpatialMaxPool2d) |
//! | a subgroup from here on | [`FieldType::restrict`] |
//! | other components | [`BasisChange`] |
//! | at inference | [`SteerableConv2d::export`], [`SteerableBatchNorm2d::fold_into`] |
//! | to and from `[batch, channels, group, height, width]` | [`to_group_map`], [`from_group_map`] |
//!
//! ```
//! use burn::prelude::*;
//! use gcnn_layers::GlobalPool2dConfig;
//! use gcnn_layers::field::{
//!     FieldType, GatedNonlinearityConfig, InvariantPoolConfig, SteerableBatchNorm2dConfig, SteerableConv2dConfig,
//! };
//!
//! # #[cfg(feature = "flex")] {
//! let device = Device::flex();
//! let image: FieldType = "O(2): 1 trivial".parse()?;
//! let hidden: FieldType = "O(2): 8 trivial + 4 irrep(1,1) + 4 irrep(1,2)".parse()?;
//! let gate = GatedNonlinearityConfig::new(hidden.clone());
//! let first = SteerableConv2dConfig::new(image, gate.input()?, 5).init(&device);
//! let norm = SteerableBatchNorm2dConfig::new(gate.input()?).init(&device);
//! let gate = gate.init(&device);
//! let second = SteerableConv2dConfig::new(hidden.clone(), hidden.clone(), 5).init(&device);
//! let (invariant, pool) = (InvariantPoolConfig::new(hidden).init(), GlobalPool2dConfig::new().init());
//! let network = |x| pool.forward(invariant.forward(second.forward(gate.forward(norm.forward(first.forward(x))))));
//!
//! let picture = Tensor::<4>::random([1, 1, 16, 16], burn::tensor::Distribution::Default, &device);
//! // A quarter turn: transposed, then mirrored.
//! let turned = picture.clone().swap_dims(2, 3).flip([2]);
//! let (features, difference) = (network(picture.clone()), network(turned) - network(picture));
//! assert_eq!(features.dims(), [1, 16]);
//! assert!(difference.abs().max().into_scalar::<f32>() < 1e-4 * features.abs().max().into_scalar::<f32>());
//! # }
//! # Ok::<(), gcnn_layers::LayerError>(())
//! ```
//!
//! Source: Weiler and Cesa 2019, "General E(2)-equivariant steerable CNNs"; Cohen and Welling 2017, "Steerable CNNs".
//!
//! # Vectors and tensors in networks on the group
//!
//! ```text
//! lifting       f(x, h) = ρ(h⁻¹) v(x)                    components as somebody sees them who is turned by h
//! projection    v(x)    = 1/|H| Σ_h ρ(h) f(x, h)         and back: one after the other they do nothing
//! ```
//!
//! Group convolutions work on functions on G. What comes in as vectors (ρ(g) = g) or symmetric tensors (T ↦ g T gᵀ), wind or stress, becomes
//! such functions by [`FieldLifting`], and [`FieldProjection`] makes vectors or tensors of them; both turn with their input exactly, for
//! every group. Source: induced representations, Cohen, Geiger and Weiler 2019, "A general theory of equivariant CNNs on homogeneous spaces".

mod action;
mod basis_change;
mod batch_norm;
mod convolution;
mod export;
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
