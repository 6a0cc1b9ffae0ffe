//! What can go wrong between a run file and a report.

use std::path::{Path, PathBuf};

use crate::device::DeviceError;
use crate::run_file::ConfigError;

/// Why a run, an evaluation or a prediction could not be completed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The file system refused.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was attempted, as in "cannot … the file".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The run file or an override is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The device is unknown, not compiled in, or does not start.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The data set cannot be read.
    #[error("the data set cannot be loaded")]
    Dataset(#[from] gcnn_datasets::DatasetError),
    /// The network cannot be built from its configuration.
    #[error("the network of [model] cannot be built")]
    Model(#[from] gcnn_models::ModelError),
    /// The data and the network do not fit together.
    #[error("{0}")]
    Mismatch(String),
    /// A weights file or checkpoint is not what it should be.
    #[error("{}: {reason}", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// What was expected and what was found.
        reason: String,
    },
    /// Somebody else has the run folder, or something is in it.
    #[error(
        "the run folder {0} exists already; go on with it (gcnn train {0} --resume), choose another one (--output), or remove it",
        folder.display()
    )]
    Taken {
        /// The folder.
        folder: PathBuf,
    },
    /// There is nothing to resume in a run folder, or not with these settings.
    #[error("{0}")]
    RunFolder(String),
    /// There is no such network in the zoo, or it is damaged.
    #[error(transparent)]
    Carried(#[from] gcnn_models::zoo::ZooError),
    /// A run cannot start from the weights that it is to start from, or not as its `[finetune]` table says.
    #[error("{0}")]
    Finetune(String),
    /// The training diverged.
    #[error(
        "{what} in epoch {epoch}, step {step}: the training diverged{returns}. A smaller optimizer.lr, \
         schedule.warmup_epochs, training.clip_norm or training.average usually helps{kept}",
        returns = match returns { 0 => String::new(), n => format!(" again, after it had gone back {n} times") },
        kept = match best { Some(epoch) => format!("; the best weights so far, of epoch {epoch}, are kept"), None => String::new() },
    )]
    Diverged {
        /// What was seen, in words.
        what: String,
        /// Epoch, counted from 1.
        epoch: usize,
        /// Optimizer step, counted from 0.
        step: u64,
        /// How often the run went back before.
        returns: usize,
        /// The best epoch so far.
        best: Option<usize>,
    },
    /// Whoever hears of the run cannot do what it wants to do with the records.
    #[error("the records of {} cannot be shown", folder.display())]
    Reporter {
        /// The run folder.
        folder: PathBuf,
        /// The reporter's reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The user stopped the run; everything is saved.
    #[error("stopped on request in epoch {epoch}; to go on from here: gcnn train {} --resume", folder.display())]
    Interrupted {
        /// Epoch, counted from 1.
        epoch: usize,
        /// The run folder.
        folder: PathBuf,
    },
}

impl TrainError {
    /// For `map_err`: names what was attempted and on which path.
    pub fn io(action: &'static str, path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    /// A weights file or checkpoint at fault.
    pub fn weights(path: impl AsRef<Path>, reason: impl Into<String>) -> Self {
        Self::Weights {
            path: path.as_ref().to_path_buf(),
            reason: reason.into(),
        }
    }
}

/// Everything an error says, from the outcome down to the cause, on one line each.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let line = cause.to_string();
        // Transparent errors repeat their cause's words.
        if !text.ends_with(&line) {
            text.push_str("\n  because: ");
            text.push_str(&line);
        }
        source = cause.source();
    }
    text
}
