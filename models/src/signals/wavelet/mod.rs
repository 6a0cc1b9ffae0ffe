//! The wavelet network: a classifier of waveforms that is equivariant under time and scale.
//!
//! ```text
//! waveform → [lifting convolution → normalise → ReLU → pool over time]
//!          → [group convolution   → normalise → ReLU → dropout or pool] …
//!          → mean over time → maximum over scale → linear map → logits
//! ```
//!
//! Slowing a waveform down by an octave moves what it evokes to the next scale, and the head forgets at which scale it was. With
//! the trivial group the same definition is an ordinary convolutional network. Source: Romero et al. 2021 (Wavelet Networks:
//! scale equivariant learning from raw waveforms).

mod config;
mod network;

pub use config::WaveletConfig;
pub use network::Wavelet;
