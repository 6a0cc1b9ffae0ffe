//! Weights in and out of safetensors files; how they get in and out of modules is told in [`gcnn_models::weights`].

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use burn::module::Module;
pub use gcnn_models::weights::{Array, Weights, collect, count_trainable};

use crate::TrainError;
use crate::files::write_atomically;

/// Puts weights into a module of exactly these parameters, or says what does not fit.
pub fn apply<M: Module>(module: M, weights: &Weights) -> Result<M, String> {
    gcnn_models::weights::apply(module, weights).map_err(|e| e.to_string())
}

/// Writes arrays and metadata to a safetensors file, whole or not at all.
pub fn save(
    path: &Path,
    weights: &Weights,
    metadata: HashMap<String, String>,
) -> Result<(), TrainError> {
    let contents = gcnn_models::weights::to_bytes(weights, metadata)
        .map_err(|e| TrainError::weights(path, e.to_string()))?;
    write_atomically(path, &contents)
}

/// Reads all float32 arrays and the metadata of a safetensors file.
pub fn load(path: &Path) -> Result<(Weights, HashMap<String, String>), TrainError> {
    let contents = fs::read(path).map_err(TrainError::io("read", path))?;
    gcnn_models::weights::from_bytes(&contents)
        .map_err(|e| TrainError::weights(path, e.to_string()))
}
