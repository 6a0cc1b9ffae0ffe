//! How pictures are laid out in a folder: in folders of splits, in folders of classes, or in a table.

use std::fs;
use std::path::Path;

use serde::Serialize;

use super::ImageFolderConfig;
use crate::DatasetError;
use crate::entries::entries;
use crate::images::Split;

/// The table that is read where none is named.
pub(super) const TABLE: &str = "labels.csv";

/// What validation is often called elsewhere.
const OTHER_NAMES: [&str; 4] = ["val", "validation", "training", "testing"];

/// How a folder says which class a picture is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// `train/CLASS/…`, `valid/CLASS/…`, `test/CLASS/…`.
    Splits,
    /// `CLASS/…`.
    Classes,
    /// A table of this name, relative to the folder.
    Table(String),
}

impl Layout {
    /// The layout of the folder that a configuration names.
    ///
    /// # Errors
    /// Where there is no such folder, or neither folders nor a table in it.
    pub(super) fn of(config: &ImageFolderConfig) -> Result<Self, DatasetError> {
        let root = &config.path;
        if let Some(table) = &config.labels {
            return Ok(Self::Table(table.clone()));
        }
        if let Some(target) = &config.target {
            let path = root.join(TABLE);
            return match path.is_file() {
                true => Ok(Self::Table(TABLE.into())),
                false => Err(DatasetError::Missing {
                    path,
                    expected: format!("a table with the columns file, {}", target.names().join(", ")),
                    hint: "Numbers and labels of pictures are read from a table; dataset.labels names another one"
                        .into(),
                }),
            };
        }
        let found = entries(root).map_err(|error| match root.is_dir() {
            true => error,
            false => missing(root),
        })?;
        let is_split = |path: &Path| {
            let names = Split::THREE.map(|split| split.to_string());
            names.iter().any(|name| path.ends_with(name))
        };
        let folders = found.kept.iter().filter(|entry| entry.is_dir());
        let (splits, others): (Vec<_>, Vec<_>) = folders.partition(|folder| is_split(folder));
        // Classes may be called train and test: of vehicles, for example.
        let is_class = |folder: &&std::path::PathBuf| has_files_alone(folder);
        let are_classes = !others.is_empty() && splits.iter().all(is_class);
        if !splits.is_empty() && !are_classes {
            return Ok(Self::Splits);
        }
        if root.join(TABLE).is_file() {
            return Ok(Self::Table(TABLE.into()));
        }
        match others.is_empty() {
            true => Err(missing(root)),
            false => Ok(Self::Classes),
        }
    }
}

/// Whether there are files in a folder and no folders.
fn has_files_alone(folder: &Path) -> bool {
    let Ok(found) = entries(folder) else {
        return false;
    };
    !found.kept.is_empty() && found.kept.iter().all(|entry| !entry.is_dir())
}

/// What is wrong with a folder that has no images of its own or of a split.
pub(super) fn missing(folder: &Path) -> DatasetError {
    let parent = folder.parent().unwrap_or(folder);
    let called = OTHER_NAMES.iter().find(|name| {
        folder.ends_with(Split::Valid.to_string()) && name.starts_with("val")
            || folder.ends_with(Split::Train.to_string()) && name.starts_with("train")
            || folder.ends_with(Split::Test.to_string()) && name.starts_with("test")
    });
    let called = called.filter(|name| fs::metadata(parent.join(name)).is_ok_and(|it| it.is_dir()));
    let hint = match called {
        Some(name) => format!("There is a folder {name}: rename it"),
        None => format!(
            "A data set of one's own is a folder with a folder of pictures for each class, or with the folders train, valid \
             and test that have those of the classes, or with a table {TABLE}"
        ),
    };
    DatasetError::Missing {
        path: folder.to_path_buf(),
        expected: "a folder with a folder of pictures for each class".into(),
        hint,
    }
}
