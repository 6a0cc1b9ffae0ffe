//! The U-Net of group convolutions: class scores for every pixel of an image.
//!
//! ```text
//! image → lifting convolution, group convolutions ───────── skip ─────────→ beside, group convolutions → pool over H → 1×1 → scores
//!           ↓ blur, halve                                                     ↑ double
//!         group convolutions ───────────────── skip ──────→ beside, group convolutions
//!           ↓ blur, halve                                     ↑ double
//!         group convolutions ─────────────────────────────────┘
//! ```
//!
//! with normalisation and ReLU behind each convolution but the last. All arrows commute with H, so that the map of scores turns with the
//! image; with the trivial group the same definition is an ordinary U-Net. Halving and doubling lie symmetrically on a side of any
//! length ([`BlurPool2d`](gcnn_layers::BlurPool2d), [`Upsample2d`](gcnn_layers::Upsample2d)): rotations by 90° and reflections are exact
//! for images of every height and width. Sources: Ronneberger et al. 2015; Cohen & Welling 2016; Zhang 2019 for the blur.

mod config;
mod network;
mod reach;
mod sized;
mod tiles;

pub use config::{GroupUnetConfig, Upsampling};
pub use network::GroupUnet;
