//! A U-Net of group convolutions: a class for every pixel.
//!
//! ```text
//! level 1   image → lifting convolution → unit → … ──────────────────────────── ⊕ → unit → … → pool over H → 1×1 → class scores
//!                                         ↓ blur, every second pixel            ↑ twice as large
//! level 2                                 unit → … ─────────────────── ⊕ → unit → …
//!                                                  ↓                   ↑
//! level 3                                          unit → … ──────────→
//!
//! unit      group convolution → batch normalisation → ReLU
//! ⊕         the fields of both, one after the other
//! ```
//!
//! Convolutions keep the size; [`BlurPool2d`](gcnn_layers::BlurPool2d) and [`Upsample2d`](gcnn_layers::Upsample2d) put their pixels
//! symmetrically on every side, whatever its length, so that the map of classes turns with an image of any height and width: the
//! elements of H that map pixels to pixels commute with the network exactly. Sources: Ronneberger, Fischer & Brox 2015, "U-Net"; Bekkers
//! et al. 2018, "Roto-translation covariant convolutional networks for medical image analysis".

mod config;
mod network;

pub use config::GroupUnetConfig;
pub use network::GroupUnet;
