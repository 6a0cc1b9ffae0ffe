//! Attention that turns with what it looks at: a map is damped where, and in which channels and orientations, it matters less.
//!
//! ```text
//! α_C = σ(W₂ ReLU(W₁ mean_x f) + W₂ ReLU(W₁ max_x f))                  which channels, at every element of H
//! α_S = σ(k ⋆ [mean_c α_C f, max_c α_C f])                             which places, at every element of H
//! out = f − α_S α_C f
//! ```
//!
//! | where | layer | |
//! | --- | --- | --- |
//! | before a group convolution | [`AttentiveGate`] | W₁ and W₂ are 1×1 group convolutions, k one of 7×7 |
//! | before a lifting convolution | [`AttentivePlaneGate`] | W₁ and W₂ are matrices, k lifts, and the largest response over H is kept |
//! | within a lifting convolution | [`AttentiveLiftingConv2d`] | f is the response to one input channel; each output field has W₁, W₂ and k of its own |
//!
//! All that is learned is a group convolution, and σ, ReLU, mean and maximum treat all places and elements alike, so both attentions
//! turn with the input, and with them the product: exactly where H maps the pixel grid to itself. The stronger the attention, the
//! less is left: what is learned is what to leave out. The factor 2π/|H| by which the published code multiplies sums over H is
//! part of the weights here, as in [`GroupConv2d`](crate::GroupConv2d). Source: Romero, Bekkers, Tomczak & Hoogendoorn 2020
//! (Attentive Group Equivariant Convolutional Networks), section 4; the statistics and both attentions are those of CBAM (Woo et
//! al. 2018).

mod banks;
mod config;
mod export;
mod gate;
mod lifting;

pub use config::{AttentiveGateConfig, AttentivePlaneGateConfig, InputAttentionConfig};
pub use export::PlainGate;
pub use gate::{AttentiveGate, AttentivePlaneGate, Gated, InputAttention};
pub use lifting::{AttentiveLiftingConv2d, AttentiveLiftingConv2dConfig};
