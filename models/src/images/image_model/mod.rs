//! Any of the networks for images, so that a program has one path for them.

mod config;
mod model;

pub use config::ImageModelConfig;
pub use model::ImageModel;
