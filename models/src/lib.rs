//! Reference group-equivariant networks, each one definition that its configuration turns into a family.

#![forbid(unsafe_code)]

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
