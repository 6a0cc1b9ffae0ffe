//! What can go wrong beside training: with what is shown, drawn and written.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use gcnn_datasets::DatasetError;
use gcnn_models::ModelError;
use gcnn_models::zoo::ZooError;
use gcnn_train::TrainError;
use gcnn_train::device::DeviceError;
use gcnn_train::run_file::ConfigError;

/// Why the program ends without what it was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// A run, its data or its network.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// Standard output cannot be written.
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
    /// A picture cannot be drawn.
    #[error("cannot draw {}: {reason}", path.display())]
    Drawing {
        /// The file.
        path: PathBuf,
        /// The drawing library's reason.
        reason: String,
    },
    /// A picture to classify cannot be read.
    #[error("{}: not an image that can be read", path.display())]
    Image {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: DatasetError,
    },
    /// Some of the files to predict have no answer; the others have.
    #[error("{count} of {files} files have no answer:\n{}", errors.join("\n"))]
    Unanswered {
        /// How many.
        count: usize,
        /// Of how many.
        files: usize,
        /// What is wrong with each, down to the cause.
        errors: Vec<String>,
    },
    /// A person stopped what takes several trainings; the way to go on, in words.
    #[error("{0}")]
    Stopped(String),
    /// What was asked for does not fit what is there.
    #[error("{0}")]
    Refused(String),
    /// A run cannot be put into the zoo.
    #[error("{0}")]
    Zoo(String),
}

impl ProgramError {
    /// For `map_err`: names what was attempted and on which path.
    pub fn io(action: &'static str, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        let error = TrainError::io(action, path);
        move |source| error(source).into()
    }

    /// For `map_err`: names the picture that cannot be read.
    pub fn image(path: impl AsRef<Path>) -> impl FnOnce(DatasetError) -> Self {
        let path = path.as_ref().to_path_buf();
        move |source| Self::Image { path, source }
    }

    /// Whether standard output is a pipe whose reader has gone.
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(reason) if reason.kind() == ErrorKind::BrokenPipe)
    }
}

/// What [`TrainError`] takes in, this takes in as well.
macro_rules! through_train_error {
    ($($error:ty),*) => {$(
        impl From<$error> for ProgramError {
            fn from(error: $error) -> Self {
                TrainError::from(error).into()
            }
        }
    )*};
}

through_train_error!(ConfigError, DatasetError, DeviceError, ModelError, ZooError);
