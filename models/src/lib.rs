#![doc = include_str!("../README.md")]
//!
//! # What is inside
//!
//! | what | where |
//! | --- | --- |
//! | networks that read images: G-CNN, densely connected G-CNN, U-Net, over any group, with any kernel | [`images`] |
//! | networks that read signals: wavelet network, over time and scale | [`signals`] |
//! | networks that read points: SEGNN, EGNN, tensor field network, SE(3)-transformer and what they are compared with | [`points`] |
//! | trained networks, and any weights file as a network | [`zoo`] |
//! | weights files; arrays by name | [`mod@file`], [`weights`] |
//! | tables of run files whose keys depend on a kind | [`kinds`] |
//! | a trained G-CNN as plain convolutions | [`export`] |
//!
//! # An example
//!
//! ```
//! use burn::prelude::*;
//! use gcnn_models::{GcnnConfig, InputShape};
//!
//! # #[cfg(feature = "flex")] {
//! let device = Device::flex();
//! // Seven layers over C4, as published for rotated MNIST; another group is a word.
//! let config = GcnnConfig::p4cnn();
//! let digits = InputShape { channels: 1, height: 28, width: 28 };
//! let network = config.init(digits, 10, &device)?;
//! assert_eq!(network.num_params(), 24_680);
//! let scores = network.forward(Tensor::<4>::ones([2, 1, 28, 28], &device));
//! assert_eq!(scores.dims(), [2, 10]);
//! # }
//! # Ok::<(), gcnn_models::ModelError>(())
//! ```

#![forbid(unsafe_code)]

pub mod error;
pub mod export;
pub mod file;
pub mod images;
pub mod kinds;
pub mod limits;
pub mod named;
pub mod pictures;
pub mod points;
pub mod signals;
pub mod weights;
pub mod zoo;

pub use error::ModelError;
pub use export::{PlainNetwork, PlainNetworkConfig};
pub use gcnn_layers::Parameters;
pub use images::class_map::argmax;
pub use images::densenet::{GroupDenseNet, GroupDenseNetConfig};
pub use images::gcnn::{
    AttentionConfig, Gcnn, GcnnConfig, Head, InputShape, LayerAttention, LayerFeatures,
    NetworkSize, Normalisation,
};
pub use images::image_model::{ImageModel, ImageModelConfig};
pub use images::segmentation::{SegmentationModel, SegmentationModelConfig};
pub use images::unet::{GroupUnet, GroupUnetConfig, Upsampling};
pub use signals::wavelet::{Wavelet, WaveletConfig};
