//! Separable group convolution, G → G: the kernel is a product of kernels on H and on the plane.
//!
//! ```text
//! group convolution   k_oi(x, h)                            |H|² C² k² multiplications a pixel
//! separable           k_oi(h) k_o(x)                        |H|² C² + |H| C k²
//! gsep                k_oi(h) k_oi(x)                       as group convolution, with fewer weights
//! dsep                k_oi k_o(x, h)                        |H| C² + |H|² C k²
//! separable+2d        k_oi(θ) k_o(s) k_o(x)                 of H = rotations × scales
//! ```
//!
//! The product of kernels is a sequence of convolutions: over channels and H in one pixel, then [apart](super::SpatialConv2d) in the
//! plane, without the dense bank that it stands for. `gsep` is none, and has a dense bank that is a product. Source: Knigge, Romero
//! and Bekkers 2022, section 3.2 and appendix.

mod config;
mod export;
mod layer;

pub use config::{SeparableGroupConv2dConfig, Separation};
pub use layer::SeparableGroupConv2d;
