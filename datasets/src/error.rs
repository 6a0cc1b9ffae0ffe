//! What can go wrong with data: always the file, what was expected and what was found.

use std::path::{Path, PathBuf};

/// Why a data set could not be read, made or fetched.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// A file or folder that is needed is not there.
    #[error("{} is missing: expected {expected}. {hint}", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
        /// What should lie there.
        expected: String,
        /// What to do about it.
        hint: String,
    },
    /// A file is there and is not what it should be.
    #[error("{}: expected {expected}, found {found}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What should be in it.
        expected: String,
        /// What is in it.
        found: String,
    },
    /// The operating system refused to read or write.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A setting that cannot work.
    #[error("{field}: expected {expected}, found {found}")]
    Setting {
        /// The setting's name.
        field: &'static str,
        /// What it may be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// The thread that prepares batches ended before its work did.
    #[error("the thread that prepares batches stopped with {remaining} to go")]
    Worker {
        /// Batches that it owes.
        remaining: usize,
    },
    /// No mirror delivered a file.
    #[error("{file} could not be downloaded:\n{}", attempts.join("\n"))]
    Download {
        /// The file's name.
        file: String,
        /// One line for each mirror: its address and what went wrong there.
        attempts: Vec<String>,
    },
}

impl DatasetError {
    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io {
            path: path.to_path_buf(),
            source,
        }
    }

    pub(crate) fn malformed(
        path: &Path,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self::Malformed {
            path: path.to_path_buf(),
            expected: expected.into(),
            found: found.into(),
        }
    }

    pub(crate) fn setting(
        field: &'static str,
        expected: impl Into<String>,
        found: impl ToString,
    ) -> Self {
        Self::Setting {
            field,
            expected: expected.into(),
            found: found.to_string(),
        }
    }
}
