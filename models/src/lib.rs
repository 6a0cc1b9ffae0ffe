#![doc = include_str!("../README.md")]
//!
//! # What is inside
//!
//! | what | where |
//! | --- | --- |
//! | G-CNN, over any group, with any kernel | [`gcnn`] |
//! | densely connected G-CNN | [`densenet`] |
//! | either, by configuration | [`image_model`] |
//! | SEGNN, EGNN, tensor field network, SE(3)-transformer and what they are compared with, for particles | [`nbody`] |
//! | trained networks, and any weights file as a network | [`zoo`] |
//! | a trained G-CNN as plain convolutions | [`plain`] |
//! | weights files | [`weights`] |
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

mod class_map;
pub mod densenet;
pub mod error;
pub mod gcnn;
pub mod image_model;
pub mod named;
pub mod nbody;
pub mod plain;
pub mod weights;
pub mod zoo;

pub use densenet::{GroupDenseNet, GroupDenseNetConfig};
pub use error::ModelError;
pub use gcnn::{Gcnn, GcnnConfig, Head, InputShape, LayerFeatures, Normalisation};
pub use image_model::{ImageModel, ImageModelConfig};
pub use plain::{PlainNetwork, PlainNetworkConfig};
