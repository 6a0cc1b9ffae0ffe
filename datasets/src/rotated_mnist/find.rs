//! Which form of rotated MNIST lies where.

use std::path::{Path, PathBuf};

use super::RotatedMnistSource;
use crate::digits::files::{HINT, INNER, has_idx, is_mnist};
use crate::{DatasetError, folders};

/// The community's files: training and validation images, test images.
const AMAT_FILES: [&str; 2] = [
    "mnist_all_rotation_normalized_float_train_valid.amat",
    "mnist_all_rotation_normalized_float_test.amat",
];

/// What there is to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// The digits that the crate carries.
    BuiltIn,
    /// The community's pair of files.
    AmatPair([PathBuf; 2]),
    /// One file, taken by itself.
    AmatFile(PathBuf),
    /// A folder with MNIST itself.
    Mnist(PathBuf),
    /// A folder of IDX files that are taken as they are.
    Idx(PathBuf),
}

impl Found {
    /// The source that means it.
    pub(super) fn source(&self) -> RotatedMnistSource {
        match self {
            Self::BuiltIn => RotatedMnistSource::BuiltIn,
            Self::AmatPair(_) | Self::AmatFile(_) => RotatedMnistSource::Amat,
            Self::Mnist(_) => RotatedMnistSource::Mnist,
            Self::Idx(_) => RotatedMnistSource::Idx,
        }
    }

    /// Where the images come from, for reports.
    pub(super) fn origin(&self, seed: u64) -> String {
        match self {
            Self::BuiltIn => {
                format!("MNIST digits carried by gcnn-datasets, rotated with seed {seed}")
            }
            Self::AmatPair(_) => "the community's files".into(),
            Self::AmatFile(file) => format!("the images of {}", file.display()),
            Self::Mnist(_) => format!("re-created from MNIST, seed {seed}"),
            Self::Idx(folder) => format!("the images of {}, as they are stored", folder.display()),
        }
    }
}

/// Whether a single `.amat` file holds training and validation images.
pub(super) fn is_training_file(file: &Path) -> bool {
    file.file_name()
        .is_some_and(|name| name.to_string_lossy().contains("train"))
}

/// Finds what a source means in a folder.
pub(super) fn find(source: RotatedMnistSource, path: Option<&Path>) -> Result<Found, DatasetError> {
    if source == RotatedMnistSource::BuiltIn {
        return Ok(Found::BuiltIn);
    }
    let folder = path.map_or_else(folders::data_folder, Path::to_path_buf);
    if folder.is_file() {
        let name = folder.to_string_lossy();
        let accepted = matches!(source, RotatedMnistSource::Auto | RotatedMnistSource::Amat);
        if accepted && (name.ends_with(".amat") || name.ends_with(".amat.gz")) {
            return Ok(Found::AmatFile(folder));
        }
        return Err(DatasetError::malformed(
            &folder,
            "a folder or an `.amat` file",
            "another file",
        ));
    }
    let places = folders::places(&folder, &INNER);
    let amat = || {
        places
            .iter()
            .map(|place| AMAT_FILES.map(|name| place.join(name)))
    };
    let whole_pair = || amat().find(|pair| pair.iter().all(|file| file.is_file()));
    // One file of the pair: enough to evaluate on its split.
    let part_of_pair = || amat().find(|pair| pair.iter().any(|file| file.is_file()));
    let idx = || places.iter().find(|place| has_idx(place)).cloned();
    let missing = |expected: &str| DatasetError::Missing {
        path: folder.clone(),
        expected: format!(
            "{expected}, there or in one of the folders {}",
            INNER.join(", ")
        ),
        hint: HINT.into(),
    };
    match source {
        RotatedMnistSource::Mnist => idx()
            .map(Found::Mnist)
            .ok_or_else(|| missing("MNIST's four IDX files")),
        RotatedMnistSource::Idx => idx()
            .map(Found::Idx)
            .ok_or_else(|| missing("IDX files named as MNIST's are")),
        RotatedMnistSource::Amat => whole_pair()
            .or_else(part_of_pair)
            .map(Found::AmatPair)
            .ok_or_else(|| missing(&format!("the files {}", AMAT_FILES.join(" and ")))),
        RotatedMnistSource::Auto | RotatedMnistSource::BuiltIn => {
            if let Some(pair) = whole_pair() {
                return Ok(Found::AmatPair(pair));
            }
            if let Some(folder) = idx() {
                return Ok(if is_mnist(&folder) {
                    Found::Mnist(folder)
                } else {
                    Found::Idx(folder)
                });
            }
            part_of_pair().map(Found::AmatPair).ok_or_else(|| {
                missing(&format!(
                    "MNIST's four IDX files or {}",
                    AMAT_FILES.join(" and ")
                ))
            })
        }
    }
}
