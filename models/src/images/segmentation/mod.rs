//! Any of the networks that give every pixel of an image its class scores, so that a program has one path for them.

mod config;
mod model;

pub use config::SegmentationModelConfig;
pub use model::SegmentationModel;
