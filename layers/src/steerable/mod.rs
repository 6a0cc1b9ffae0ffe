//! Steerable layers: features that turn with the space they live in.
//!
//! ```text
//! feature      x = ⊕ blocks [2l+1, multiplicity],   g ∈ O(3) acts on the 2l+1 components of each channel by D^l(g)
//! layer        Φ(g x, g a) = g Φ(x, a)              a: attributes, the geometry that steers
//! ```
//!
//! Features are plain tensors `[rows, dim]`, a row for each node or edge, laid out as their
//! [`Irreps`](crate::irreps::Irreps) say: block by block, `[2l+1, multiplicity]` inside a block. Mixing the channels of a
//! block is then one matrix product on a free reshape.
//!
//! The layer that everything is built from is the [`TensorProduct`] with attributes such as the spherical harmonics of
//! an edge's direction; a [`Gate`] is its nonlinearity, and [`SteerableMlp`] a chain of both.
//! Source: Brandstetter et al. 2022 (SEGNN), Thomas et al. 2018 (tensor field networks).

mod activation;
mod attributes;
mod batch_norm;
mod fourier;
#[cfg(feature = "flex")]
mod fused;
mod gate;
mod gathered;
mod instance_norm;
mod layout;
mod linear;
mod mlp;
mod paths;
#[cfg(feature = "flex")]
mod plan;
mod point_conv;
mod spherical_harmonics;
mod tensor_product;
#[cfg(test)]
mod tests;

pub use attributes::Attributes;
pub use batch_norm::{SteerableBatchNorm, SteerableBatchNormConfig};
pub use fourier::{SphericalFourier, SphericalFourierConfig};
pub use gate::{Gate, GateConfig};
pub use gathered::GatheredInput;
pub use instance_norm::{SteerableInstanceNorm, SteerableInstanceNormConfig};
pub use layout::check_features;
pub use linear::{SteerableLinear, SteerableLinearConfig};
pub use mlp::{GatedProduct, SteerableMlp, SteerableMlpConfig};
pub use paths::ProductPath;
pub use point_conv::{PointConv, PointConvConfig};
pub use spherical_harmonics::{SphericalHarmonics, SphericalHarmonicsConfig};
pub use tensor_product::{TensorProduct, TensorProductConfig};
