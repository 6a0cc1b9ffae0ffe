#![doc = include_str!("../README.md")]
//!
//! # What is inside
//!
//! A linear map between feature maps on homogeneous spaces of a group G is equivariant exactly when it is a group convolution. For
//! G = ℝ² ⋊ H, with H rotations, reflections, scales or any of their products, this gives each layer its place:
//!
//! | from → to | layer | kernel |
//! | --- | --- | --- |
//! | ℝ² → ℝ² | isotropic convolution, [`IsotropicConv2d`] | constant under H |
//! | ℝ² → G | lifting convolution, [`LiftingConv2d`]; with attention within [`AttentiveLiftingConv2d`] | free |
//! | G → G | group convolution, [`GroupConv2d`] | free |
//! | G → G | separable convolution, [`SeparableGroupConv2d`] | a product of kernels on H and on ℝ² |
//! | G → G, larger | transposed convolution, [`TransposedGroupConv2d`] | free |
//! | G → G | residual block of two, [`ResidualBlock`] | |
//! | G → ℝ² | projection, [`Projection`], [`AttentionProjection`] | |
//! | G → a point | global pooling, [`GlobalPool2d`] | |
//! | G → G, attention | [`AttentiveGate`]; on ℝ² [`AttentivePlaneGate`] | |
//! | G → G, point by point | [`FieldBatchNorm`], [`FieldNorm`], [`FieldDropout`] | |
//! | G → G, other sizes | [`SpatialMaxPool2d`], [`SpatialAvgPool2d`], [`BlurPool2d`], [`Upsample2d`] | |
//!
//! for vectors and tensors on the plane, in [`field`]:
//!
//! | from → to | layer |
//! | --- | --- |
//! | vectors or tensors → G | [`FieldLifting`](field::FieldLifting) |
//! | G → vectors or tensors | [`FieldProjection`](field::FieldProjection) |
//!
//! for fields of any representation of C_N, D_N, SO(2) or O(2), also in [`field`]:
//!
//! | what | layer |
//! | --- | --- |
//! | fields → fields on ℝ² | [`SteerableConv2d`], kernels that commute with H |
//! | non-linearities | [`NormNonlinearity`](field::NormNonlinearity), [`GatedNonlinearity`](field::GatedNonlinearity), [`FourierNonlinearity`](field::FourierNonlinearity), [`PointwiseNonlinearity`](field::PointwiseNonlinearity) |
//! | normalisation | [`SteerableBatchNorm2d`](field::SteerableBatchNorm2d) |
//! | fields → numbers that nothing changes | [`InvariantPool`](field::InvariantPool) |
//!
//! for waveforms, over time and scale, in [`convolution::waveform`]:
//!
//! | from → to | layer |
//! | --- | --- |
//! | ℝ → ℝ ⋊ ℝ⁺ | [`LiftingConv1d`] |
//! | ℝ ⋊ ℝ⁺ → ℝ ⋊ ℝ⁺ | [`GroupConv1d`] |
//!
//! and for points in space, under O(3), in [`steerable`]:
//!
//! | what | layer |
//! | --- | --- |
//! | features and what steers them, through Clebsch-Gordan | [`TensorProduct`](steerable::TensorProduct), [`SteerableLinear`](steerable::SteerableLinear) |
//! | non-linearities | [`Gate`](steerable::Gate), [`SphericalFourier`](steerable::SphericalFourier) |
//! | a chain of both | [`SteerableMlp`](steerable::SteerableMlp) |
//! | convolution on points | [`PointConv`](steerable::PointConv) |
//! | normalisation | [`SteerableBatchNorm`](steerable::SteerableBatchNorm), [`SteerableInstanceNorm`](steerable::SteerableInstanceNorm) |
//! | directions as attributes | [`SphericalHarmonics`](steerable::SphericalHarmonics) |
//!
//! Under them: groups as tables ([`group`]), kernels that turn ([`kernel`]), irreducible representations, spherical
//! harmonics and Clebsch-Gordan tensors ([`irreps`]), edges and neighbourhoods ([`graph`]). [`equivariance`] measures
//! ‖Φ(L_g f) − L_g Φ(f)‖ for any layer or network.
//!
//! # An example
//!
//! ```
//! use burn::prelude::*;
//! use gcnn_layers::{Group, GroupConv2dConfig, LiftingConv2dConfig, ProjectionConfig};
//!
//! # #[cfg(feature = "flex")] {
//! let device = Device::flex();
//! let group = Group::cyclic(4)?;
//! let lift = LiftingConv2dConfig::new(group.clone(), [3, 16], 5).init(&device);
//! let conv = GroupConv2dConfig::new(group, [16, 16], 5).init(&device);
//! let pool = ProjectionConfig::new().init();
//! let features = |image: Tensor<4>| pool.forward(conv.forward(lift.forward(image)));
//!
//! let image = Tensor::<4>::random([1, 3, 24, 24], burn::tensor::Distribution::Default, &device);
//! // A quarter turn: transposed, then mirrored.
//! let turn = |image: Tensor<4>| image.swap_dims(2, 3).flip([2]);
//! let difference = features(turn(image.clone())) - turn(features(image));
//! assert!(difference.abs().max().into_scalar::<f32>() < 1e-5);
//! # }
//! # Ok::<(), gcnn_layers::LayerError>(())
//! ```

#![forbid(unsafe_code)]

pub mod attention;
pub mod convolution;
pub mod equivariance;
pub mod error;
mod exactness;
mod expect;
pub mod field;
mod finish;
pub mod graph;
pub mod group;
pub mod inference;
pub mod irreps;
pub mod kernel;
mod mark;
pub mod norm;
mod parameters;
pub mod pool;
pub mod residual;
pub mod resize;
#[cfg(feature = "schema")]
mod schema;
pub mod steerable;

#[cfg(test)]
mod testing;

pub use attention::{
    AttentiveGate, AttentiveGateConfig, AttentiveLiftingConv2d, AttentiveLiftingConv2dConfig,
    AttentivePlaneGate, AttentivePlaneGateConfig,
};
pub use convolution::waveform::{
    GroupConv1d, GroupConv1dConfig, LiftingConv1d, LiftingConv1dConfig,
};
pub use convolution::{
    Convolution, ConvolutionConfig, DepthwiseConv2d, DepthwiseConv2dConfig, GroupConv2d,
    GroupConv2dConfig, IsotropicConv2d, IsotropicConv2dConfig, LiftingConv2d, LiftingConv2dConfig,
    Padding2d, SeparableGroupConv2d, SeparableGroupConv2dConfig, Separation, SpatialConv2d,
    SpatialConv2dConfig, TransposedGroupConv2d, TransposedGroupConv2dConfig, repeat_over_group,
};
pub use equivariance::{EquivarianceReport, group_action, plane_action};
pub use error::LayerError;
pub use field::{FieldError, FieldType, PointGroup, SteerableConv2d, SteerableConv2dConfig};
pub use graph::{Graph, GraphError, GraphTensors};
pub use group::Group;
pub use irreps::{Irrep, Irreps, IrrepsError};
pub use kernel::{KernelConfig, KernelSize};
pub use norm::{
    DropoutUnit, FieldBatchNorm, FieldBatchNormConfig, FieldDropout, FieldDropoutConfig, FieldNorm,
    FieldNormConfig, FieldNormKind,
};
pub use parameters::Parameters;
pub use pool::{
    AttentionProjection, AttentionProjectionConfig, GlobalPool2d, GlobalPool2dConfig,
    GlobalPoolKind, Projection, ProjectionConfig, ProjectionKind, SpatialAvgPool2d,
    SpatialAvgPool2dConfig, SpatialMaxPool2d, SpatialMaxPool2dConfig,
};
pub use residual::{ResidualBlock, ResidualBlockConfig};
pub use resize::{BlurPool2d, BlurPool2dConfig, Upsample2d, Upsample2dConfig, UpsampleKind};
