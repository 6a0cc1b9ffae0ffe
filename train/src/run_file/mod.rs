//! Run files: one TOML file describes one experiment.
//!
//! Every key has a default, so a file states only what differs; an unknown key is an error. `--set section.key=value`
//! is applied on top of the file. Keys that belong to a kind live in that kind's struct. What a key means is told by the doc
//! comment of its field, which is the description in the [`schema()`] that editors read and in what `gcnn config --explain`
//! prints.

mod check;
mod config;
mod diagnose;
mod error;
mod experiment;
mod explain;
mod fault;
mod file;
mod finetune;
mod image_datasets;
mod kinds_of_values;
pub mod limits;
mod lines;
mod overrides;
pub(crate) mod pattern;
mod places;
mod schema;
mod schema_words;
mod settings;
mod tables;

pub use config::{BestBy, ClassWeights, LossName, RunConfig, TrainingConfig};
pub use diagnose::nearest;
pub use error::ConfigError;
pub use experiment::{Experiment, ImageExperiment, ParticleExperiment, SegmentationExperiment};
pub use explain::{explain, meaning};
pub use file::RunFile;
pub use finetune::FinetuneConfig;
pub use image_datasets::{ImageDatasetConfig, TaskName};
pub use places::last_part;
pub use schema::schema;
pub use settings::{flatten, value_of};

#[cfg(test)]
mod tests;
