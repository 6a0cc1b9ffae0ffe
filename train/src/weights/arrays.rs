//! Weights in and out of safetensors files on disk; what such a file is, is told in [`gcnn_models::file`], and how weights get in
//! and out of modules in [`gcnn_models::weights`].

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use burn::module::Module;
use gcnn_models::file;
use gcnn_models::limits;
pub use gcnn_models::weights::{Array, Weights, collect, count_trainable};

use crate::TrainError;
use crate::files::write_atomically;

/// The most bytes of a file: those of a checkpoint, in which each number of a network stands beside its average, its best and
/// the two moments of an optimizer, and of a header.
const MOST_BYTES: u64 = 5 * 4 * limits::NUMBERS as u64 + (1 << 27);

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
    let contents =
        file::to_bytes(weights, metadata).map_err(|e| TrainError::weights(path, e.to_string()))?;
    write_atomically(path, &contents)
}

/// Reads all float32 arrays and the metadata of a safetensors file.
pub fn load(path: &Path) -> Result<(Weights, HashMap<String, String>), TrainError> {
    file::from_bytes(&bytes(path)?).map_err(|e| TrainError::weights(path, e.to_string()))
}

/// The bytes of a file, which is no larger than any network has a use for.
pub fn bytes(path: &Path) -> Result<Vec<u8>, TrainError> {
    let mut opened = File::open(path).map_err(TrainError::io("read", path))?;
    let size = opened
        .metadata()
        .map_err(TrainError::io("read", path))?
        .len();
    if size > MOST_BYTES {
        return Err(TrainError::weights(
            path,
            format!("it has {size} bytes; weights and checkpoints have at most {MOST_BYTES}"),
        ));
    }
    let mut contents = Vec::new();
    // It may grow, or be no file with an end at all.
    let read = opened.by_ref().take(MOST_BYTES).read_to_end(&mut contents);
    read.map_err(TrainError::io("read", path))?;
    Ok(contents)
}
