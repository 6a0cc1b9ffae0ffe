//! Files that have no answer, beside those that have.

use std::path::{Path, PathBuf};

use gcnn_train::error::chain;
use serde::Serialize;

use crate::ProgramError;

/// Files without an answer.
#[derive(Default)]
pub(super) struct Faults {
    told: Vec<Fault>,
    /// Of the first file.
    first: Option<ProgramError>,
}

#[derive(Serialize)]
struct Fault {
    file: PathBuf,
    /// What is wrong, down to the cause.
    error: String,
}

impl Faults {
    /// Notes a file.
    pub(super) fn add(&mut self, file: &Path, error: ProgramError) {
        self.told.push(Fault {
            file: file.to_path_buf(),
            error: chain(&error),
        });
        self.first.get_or_insert(error);
    }

    /// Adds them to what is printed as JSON.
    pub(super) fn tell(&self, json: &mut serde_json::Value) {
        if !self.told.is_empty() {
            json["errors"] = serde_json::json!(self.told);
        }
    }

    /// Nothing, the one error of one file, or all of them, each on a line of its own.
    pub(super) fn result(self, files: usize) -> Result<(), ProgramError> {
        match self.first {
            None => Ok(()),
            Some(error) if files == 1 => Err(error),
            Some(_) => Err(ProgramError::Unanswered {
                count: self.told.len(),
                files,
                errors: self.told.into_iter().map(|fault| fault.error).collect(),
            }),
        }
    }
}
