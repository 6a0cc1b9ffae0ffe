//! What pictures are, to score a network's answers by: a table, or the names of their folders.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gcnn_datasets::image_folder::{is_same_class, read_labels};
use gcnn_train::task::Split;
use gcnn_train::task::folds;
use gcnn_train::task::metrics::{interval_words, significant};
use gcnn_train::task::predictions::Predictions;

use crate::ProgramError;
use crate::predict::picture::Prediction;

/// Where classes are read from.
pub enum Truth {
    /// The folder that a picture is in.
    Folders,
    /// A table: whole names and the classes of the pictures.
    Table(PathBuf, BTreeMap<PathBuf, String>),
}

impl Truth {
    /// A table with columns `file` and `class`, or the word `folders`.
    ///
    /// # Errors
    /// Where there is no such table, or it is damaged.
    pub fn open(source: &Path) -> Result<Self, ProgramError> {
        if source == Path::new("folders") {
            return Ok(Self::Folders);
        }
        let root = source.parent().unwrap_or(Path::new(""));
        let rows = read_labels(source)?.into_iter();
        let rows = rows.map(|(file, class)| (root.join(file), class));
        Ok(Self::Table(source.to_path_buf(), rows.collect()))
    }

    /// The class of a picture, of these.
    ///
    /// # Errors
    /// Where it has none, or one that the network does not know.
    pub fn of(&self, file: &Path, names: &[String]) -> Result<usize, ProgramError> {
        let refused = |reason: String| {
            Err(ProgramError::Refused(format!(
                "{}: {reason}",
                file.display()
            )))
        };
        let class = match self {
            Self::Folders => {
                let folder = file.parent().and_then(Path::file_name);
                folder.map(|name| name.to_string_lossy().into_owned())
            }
            Self::Table(_, rows) => rows.get(file).cloned(),
        };
        let Some(class) = class else {
            return refused(match self {
                Self::Folders => "it is in no folder whose name could be its class".into(),
                Self::Table(table, _) => format!("{} does not name it", table.display()),
            });
        };
        match names.iter().position(|name| is_same_class(name, &class)) {
            Some(class) => Ok(class),
            None => refused(format!(
                "its class {class:?} is none of the network's: {}",
                names.join(", ")
            )),
        }
    }
}

/// How good answers are, in words and a table.
///
/// # Errors
/// Where there are no answers.
pub fn score(names: &[String], answers: &[(Prediction, usize)]) -> Result<String, ProgramError> {
    // Labels are bytes: networks have at most 256 classes.
    let labels = answers.iter().map(|(_, class)| *class as u8).collect();
    let scores = answers
        .iter()
        .flat_map(|(answer, _)| answer.probabilities.iter());
    let scores = scores.map(|p| p.max(1e-7).ln()).collect();
    let judged = Predictions::new(Split::Test, names.to_vec(), labels, scores)?;
    let accuracy = folds::outcomes(&judged).share("accuracy");
    Ok(format!(
        "accuracy {} of {} pictures  ({})\n{}",
        significant(accuracy.value),
        answers.len(),
        interval_words([accuracy.low, accuracy.high]),
        judged.class_report().text()
    ))
}
