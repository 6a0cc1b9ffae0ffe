//! Going on from trained weights: the `[finetune]` table of a run file.
//!
//! ```text
//! rate of a parameter = rate of the schedule · factor of its pattern · layer_decay ^ layers between it and the output
//! ```
//!
//! | step | where |
//! | --- | --- |
//! | patterns become names of parameters | [`Tuning`] |
//! | the source's arrays find their place in the new network | [`transfer()`] |
//! | frozen layers stop: no gradient, no running statistics, no dropout | [`Tuning::freeze`] |
//!
//! A frozen parameter gets no gradient, so no update, no weight decay and no place in the optimizer's state; it stays what
//! it was bit for bit.

mod depth;
mod transfer;
mod tuning;

use std::path::Path;

pub use transfer::{Sizes, Transfer, check_source, transfer};
pub use tuning::Tuning;

use crate::TrainError;
use crate::run_file::{Experiment, RunConfig, RunFile};
use crate::task::Task;
use crate::weights::arrays::Weights;
use crate::weights::model_file::ModelFile;

/// The run that a file describes; what a fine-tuned one says nothing about in its `[model]` is the source's.
///
/// # Errors
/// If the source cannot be read, or the run cannot start from it.
pub fn resolve(file: &RunFile) -> Result<RunConfig, TrainError> {
    let Some(finetune) = &file.config().finetune else {
        return Ok(file.config().clone());
    };
    let from = &finetune.from;
    let (source, _) = ModelFile::load(from)?;
    let config = file.with_network_of(&source.config)?;
    // The trainer checks this too; here it comes before a run folder is made and a network that may not fit the images.
    check_source(&source, &config.experiment).map_err(|reason| {
        TrainError::Finetune(format!("cannot start from {}: {reason}", from.display()))
    })?;
    Ok(config)
}

/// The weights that a fine-tuned run starts with, and what became of the source's, in words.
pub fn start<T: Task>(
    task: &T,
    experiment: Option<&Experiment>,
    from: &Path,
    random: &Weights,
    tuning: &Tuning,
) -> Result<(Weights, Vec<String>), TrainError> {
    let (source, arrays) = ModelFile::load(from)?;
    let fault = |reason: String| {
        TrainError::Finetune(format!("cannot start from {}: {reason}", from.display()))
    };
    if let Some(experiment) = experiment {
        check_source(&source, experiment).map_err(fault)?;
    }
    let described = task.describe();
    let (before, now) = (Sizes::of(&source.data), Sizes::of(&described));
    // As many outputs that mean something else are learned anew, as those of another number are.
    let means = |data: &serde_json::Value| {
        let targets = &data["targets"];
        [targets["kind"].clone(), targets["names"].clone()]
    };
    let mut arrays = arrays;
    if means(&source.data) != means(&described) {
        let depths = depth::from_output(random.keys());
        arrays.retain(|name, _| depths.get(name) != Some(&0));
    }
    let (start, transfer) = transfer(random, &arrays, tuning, before, now).map_err(fault)?;
    Ok((start, transfer.lines(&from.display().to_string(), tuning)))
}
