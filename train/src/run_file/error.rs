//! What can be wrong with a run file or an override.

use std::path::PathBuf;

/// Why a run file is not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the run file {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A place in the file is wrong.
    #[error("{}:{line}:{column}: {message}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Line, counted from 1.
        line: usize,
        /// Column, counted from 1.
        column: usize,
        /// What is wrong and what would be right.
        message: String,
    },
    /// An override is wrong.
    #[error("--set {text}: {message}")]
    Override {
        /// The override as given.
        text: String,
        /// What is wrong and what would be right.
        message: String,
    },
    /// A value that no file holds cannot work.
    #[error("{reason}")]
    Value {
        /// Which one, what it is, and what would be right.
        reason: String,
    },
    /// The resolved configuration cannot be written as TOML.
    #[error("the configuration cannot be written as TOML: {reason}")]
    Write {
        /// The serialiser's reason.
        reason: String,
    },
}
