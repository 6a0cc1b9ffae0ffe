//! Convolutions of waveforms over time and scale: ℝ → G and G → G for G = ℝ ⋊ ℝ⁺.
//!
//! ```text
//! lifting   (k ⋆ f)(t, s) = Σ_c Σ_j w_c[j] (blur_s ⋆ f_c)(t + s (j − (k − 1)/2)) + b
//! on G      (k ⋆ f)(t, s) = Σ_c Σ_n Σ_j w_c[n, j] (blur_s ⋆ f_c(·, s·s_n))(t + s (j − (k − 1)/2)) + b
//! ```
//!
//! A wavelet transform whose wavelet is learned: every scale sees the signal, smoothed to what that scale resolves, through the
//! same weights, further apart. Slowing the signal down moves responses to the next scale. Scales are whole numbers, so that
//! samples are met without interpolation; the zeros between dilated weights are never multiplied:
//!
//! ```text
//! t = s u + p     each phase p is a signal of its own, 1/s as long, under the kernel as it is at scale 1
//! ```
//!
//! Where outputs are a stride apart that s divides, one phase is enough. A signal is an image of height 1, so that
//! normalisation, pooling and projection are those of images. Source: Romero et al. 2021 (Wavelet Networks).

mod blur;
mod config;
mod layer;

pub use config::{GroupConv1dConfig, LiftingConv1dConfig};
pub use layer::{GroupConv1d, LiftingConv1d};
