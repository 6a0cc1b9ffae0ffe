//! Where tissue images lie: a folder, or the crate itself.

use std::fs;
use std::path::{Path, PathBuf};

use super::names::{MOST_IMAGES, TissueName};
use super::{NucleiSource, Tissue, built_in, index};
use crate::{DatasetError, folders};

/// The file that lists the images.
pub(crate) const INDEX: &str = "index.csv";

/// What the name of a label file ends with.
pub(crate) const LABELS: &str = "_labels.png";

/// The folder of nuclei inside a data folder.
const INNER: [&str; 1] = ["nuclei"];

/// Tissue images to read, sorted by name.
#[derive(Debug)]
pub(crate) struct Folder {
    /// None: the images that the crate carries.
    pub(crate) path: Option<PathBuf>,
    pub(crate) images: Vec<TissueName>,
}

impl Folder {
    /// Finds what a source means, in a folder or in the data folder.
    pub(super) fn find(source: NucleiSource, path: Option<&Path>) -> Result<Self, DatasetError> {
        Self::search(source, path)?.ok_or_else(|| {
            let expected = format!(
                "tissue images NAME.png with labels NAME{LABELS}, there or in the folder {}",
                INNER[0]
            );
            missing(path, expected)
        })
    }

    /// The same, or nothing where a folder has no such images.
    pub(crate) fn search(
        source: NucleiSource,
        path: Option<&Path>,
    ) -> Result<Option<Self>, DatasetError> {
        if source == NucleiSource::BuiltIn {
            return Self::built_in().map(Some);
        }
        let place = folders::places(&searched(path), &INNER)
            .into_iter()
            .find(|place| has_images(place));
        match place {
            Some(place) => Self::open(place).map(Some),
            // Nobody said where the images should lie: those that the crate carries will do.
            None if source == NucleiSource::Auto && path.is_none() => Self::built_in().map(Some),
            None => Ok(None),
        }
    }

    fn built_in() -> Result<Self, DatasetError> {
        Ok(Self {
            path: None,
            images: index::parse(built_in::INDEX.as_bytes(), Path::new("built-in index.csv"))?,
        })
    }

    fn open(path: PathBuf) -> Result<Self, DatasetError> {
        let list_file = path.join(INDEX);
        let images = if list_file.is_file() {
            let images = index::read(&list_file)?;
            for image in &images {
                for file in [
                    path.join(format!("{}.png", image.name)),
                    labels(&path, &image.name),
                ] {
                    if !file.is_file() {
                        return Err(DatasetError::Missing {
                            path: file,
                            expected: format!("an image that {} lists", list_file.display()),
                            hint: "Take its line out of the list, or add the file".into(),
                        });
                    }
                }
            }
            images
        } else {
            list(&path)?
        };
        Ok(Self {
            path: Some(path),
            images,
        })
    }

    /// The source that means this folder.
    pub(crate) fn source(&self) -> NucleiSource {
        match self.path {
            Some(_) => NucleiSource::Folder,
            None => NucleiSource::BuiltIn,
        }
    }

    /// Where the images come from, in words.
    pub(super) fn origin(&self) -> String {
        match &self.path {
            Some(path) => format!("the tissue images of {}", path.display()),
            None => "tissue images carried by gcnn-datasets".into(),
        }
    }

    /// What errors call an image.
    pub(super) fn file(&self, image: usize) -> PathBuf {
        let name = format!("{}.png", self.images[image].name);
        match &self.path {
            Some(path) => path.join(name),
            None => PathBuf::from(format!("built-in {name}")),
        }
    }

    /// Reads an image and its labels; `grey` says whether it has one channel or three.
    pub(super) fn read(&self, image: usize, grey: bool) -> Result<Tissue, DatasetError> {
        let (name, file) = (&self.images[image].name, self.file(image));
        let tissue = match &self.path {
            Some(path) => Tissue::read(&file, &labels(path, name))?,
            None => built_in::read(name)?,
        };
        tissue.check_channels(grey, &file)?;
        Ok(tissue)
    }
}

/// The folder that is looked into.
fn searched(path: Option<&Path>) -> PathBuf {
    path.map_or_else(folders::data_folder, Path::to_path_buf)
}

/// What is wrong where a folder that is looked into does not have what is expected.
pub(crate) fn missing(path: Option<&Path>, expected: String) -> DatasetError {
    DatasetError::Missing {
        path: searched(path),
        expected,
        hint: "`path` or GCNN_DATA names a folder that has them, and `source = \"built-in\"` needs no files"
            .into(),
    }
}

/// The file with the labels of an image.
pub(crate) fn labels(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}{LABELS}"))
}

fn has_images(folder: &Path) -> bool {
    list(folder).is_ok_and(|images| !images.is_empty())
}

/// The images of a folder without a list: every pair of files.
fn list(folder: &Path) -> Result<Vec<TissueName>, DatasetError> {
    let entries = fs::read_dir(folder).map_err(|source| DatasetError::io(folder, source))?;
    let mut images = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|source| DatasetError::io(folder, source))?;
        let file = entry.file_name();
        let name = file.to_str().and_then(|name| name.strip_suffix(LABELS));
        if let Some(name) = name.filter(|name| folder.join(format!("{name}.png")).is_file()) {
            images.push(TissueName {
                stain: String::new(),
                name: name.to_string(),
            });
        }
        if images.len() > MOST_IMAGES {
            let expected = format!("at most {MOST_IMAGES} images");
            return Err(DatasetError::malformed(folder, expected, "more"));
        }
    }
    images.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(images)
}
