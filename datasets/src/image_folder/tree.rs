//! The files of a folder of images: splits, in them classes, in them pictures.

use std::path::{Path, PathBuf};

use super::entries::{Entries, class_name, entries};
use crate::DatasetError;
use crate::images::Split;

/// What a picture's name may end with.
const ENDINGS: [&str; 9] = [
    "png", "jpg", "jpeg", "tif", "tiff", "btf", "tf8", "bmp", "webp",
];

/// A folder of images and its classes.
pub(super) struct Tree<'a> {
    root: &'a Path,
    /// The names of the classes, sorted.
    pub(super) classes: Vec<String>,
}

/// The files of a split.
pub(super) struct Files {
    pub(super) folder: PathBuf,
    /// Each file and the number of its class.
    pub(super) files: Vec<(PathBuf, u8)>,
    /// Hidden and system files beside them.
    pub(super) passed_over: usize,
    /// Whether all pictures have 8 bits.
    pub(super) is_bytes: bool,
}

impl Files {
    /// The classes of the files.
    pub(super) fn labels(&self) -> Vec<u8> {
        self.files.iter().map(|(_, class)| *class).collect()
    }

    /// Keeps the files at some places.
    pub(super) fn keep(&mut self, places: &[usize]) {
        let files = places
            .iter()
            .map(|place| std::mem::take(&mut self.files[*place]));
        self.files = files.collect();
    }
}

impl<'a> Tree<'a> {
    /// Reads the names of the classes: the folders in `train` or, where there is none, in the first split that is there.
    pub(super) fn open(root: &'a Path) -> Result<Self, DatasetError> {
        let folders = Split::THREE.map(|split| root.join(split.to_string()));
        let Some(folder) = folders.iter().find(|folder| folder.is_dir()) else {
            return Err(missing(&folders[0]));
        };
        let mut classes = Vec::new();
        for entry in entries(folder)?.kept {
            if !entry.is_dir() {
                return Err(DatasetError::malformed(
                    &entry,
                    "a folder, one for each class",
                    "a file",
                ));
            }
            classes.push(class_name(&entry)?);
        }
        classes.sort();
        classes.dedup();
        if (1..=256).contains(&classes.len()) {
            return Ok(Self { root, classes });
        }
        let found = format!("{} of them", classes.len());
        Err(DatasetError::malformed(
            folder,
            "1 to 256 folders, one for each class",
            found,
        ))
    }

    /// The folder of a split.
    pub(super) fn folder(&self, split: Split) -> PathBuf {
        self.root.join(split.to_string())
    }

    /// The files of one of the three splits.
    pub(super) fn list(&self, split: Split) -> Result<Files, DatasetError> {
        let folder = self.folder(split);
        if !folder.is_dir() {
            return Err(missing(&folder));
        }
        let mut files = Vec::new();
        let Entries {
            kept: class_folders,
            mut passed_over,
        } = entries(&folder)?;
        for class_folder in class_folders {
            let class = class_name(&class_folder)?;
            let Some(class) = self.classes.iter().position(|known| *known == class) else {
                let expected = format!("one of the classes {}", self.classes.join(", "));
                return Err(DatasetError::malformed(
                    &class_folder,
                    expected,
                    "another name",
                ));
            };
            let inside = entries(&class_folder)?;
            passed_over += inside.passed_over;
            for file in inside.kept {
                let ending = file.extension().and_then(|ending| ending.to_str());
                let ending = ending.unwrap_or_default().to_lowercase();
                if !file.is_file() || !ENDINGS.contains(&&ending[..]) {
                    let expected = format!("a picture: {}", ENDINGS.join(", "));
                    return Err(DatasetError::malformed(
                        &file,
                        expected,
                        "a name with another ending, or no file",
                    ));
                }
                files.push((file, class as u8));
            }
        }
        if files.is_empty() {
            return Err(DatasetError::malformed(
                &folder,
                "at least one picture",
                "none",
            ));
        }
        // Classes come by number, and each class by name, whatever forms the names of its folders have.
        files.sort_by_key(|(_, class)| *class);
        Ok(Files {
            folder,
            files,
            passed_over,
            is_bytes: true,
        })
    }
}

/// What is wrong with a folder that has no images of a split.
pub(super) fn missing(folder: &Path) -> DatasetError {
    DatasetError::Missing {
        path: folder.to_path_buf(),
        expected: "a folder with a folder of pictures for each class".into(),
        hint: "A data set of one's own has the folders train, valid and test with the same classes in each".into(),
    }
}
