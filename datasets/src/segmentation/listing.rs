//! The images of a folder and their masks by name, before any of them is opened.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

use crate::DatasetError;
use crate::entries::entries;
use crate::image_folder::is_picture;
use crate::images::Split;
use crate::nuclei::built_in::{self, Carried};
use crate::nuclei::folder::{self, Folder};
use crate::nuclei::index;
use crate::nuclei::names::MOST_IMAGES;
use crate::nuclei::{NucleiSource, TissueName};

/// The folder of images, where masks lie in another one.
const IMAGES: &str = "images";

/// The folder of masks.
const MASKS: &str = "masks";

/// Images with masks, sorted by name.
#[derive(Debug)]
pub(super) struct Listing {
    /// The folder. None: the images that the crate carries.
    path: Option<PathBuf>,
    pub(super) images: Vec<TissueName>,
    /// The split of each, where a list says it.
    pub(super) splits: Option<Vec<Split>>,
    /// Image and mask of each, where they are files.
    files: Vec<[PathBuf; 2]>,
}

/// Where image and mask of a scene lie.
pub(super) enum Pair<'a> {
    Files(&'a [PathBuf; 2]),
    Carried([Carried; 2]),
}

impl Listing {
    /// Finds what a source means, in a folder or in the data folder.
    pub(super) fn find(source: NucleiSource, path: Option<&Path>) -> Result<Self, DatasetError> {
        let is_asked = source != NucleiSource::BuiltIn;
        let has_folders = |root: &&Path| {
            let inner = [IMAGES, MASKS].map(|inner| root.join(inner));
            is_asked && inner.iter().any(|inner| inner.is_dir())
        };
        if let Some(root) = path.filter(has_folders) {
            return Self::of_two_folders(root);
        }
        match Folder::search(source, path)? {
            Some(folder) => Self::of_one_folder(folder),
            None => {
                let expected = format!(
                    "images NAME.png with masks NAME{}, or the folders {IMAGES} and {MASKS} with files of the same names",
                    folder::LABELS
                );
                Err(folder::missing(path, expected))
            }
        }
    }

    /// Images and masks side by side, or those that the crate carries.
    fn of_one_folder(folder: Folder) -> Result<Self, DatasetError> {
        let Folder { path, images } = folder;
        let mut files = Vec::new();
        let mut splits = None;
        if let Some(path) = &path {
            let list = path.join(folder::INDEX);
            match list.is_file() {
                true => splits = index::read_splits(&list)?.1,
                false => check_pairs(path)?,
            }
            let names = images.iter().map(|image| &image.name);
            files.extend(
                names.map(|name| [path.join(format!("{name}.png")), folder::labels(path, name)]),
            );
        }
        Ok(Self {
            path,
            images,
            splits,
            files,
        })
    }

    /// Images in one folder and masks in another.
    fn of_two_folders(root: &Path) -> Result<Self, DatasetError> {
        let [mut images, mut masks] = [by_name(root, IMAGES)?, by_name(root, MASKS)?];
        let list = root.join(folder::INDEX);
        let is_listed = list.is_file();
        let (names, splits) = match is_listed {
            true => index::read_splits(&list)?,
            false => {
                let unstained = images.keys().map(|name| TissueName {
                    stain: String::new(),
                    name: name.clone(),
                });
                (unstained.collect(), None)
            }
        };
        let mut files = Vec::with_capacity(names.len());
        for TissueName { name, .. } in &names {
            let form: String = name.nfc().collect();
            let Some(image) = images.remove(&form) else {
                return Err(DatasetError::Missing {
                    path: root.join(IMAGES).join(name),
                    expected: format!("an image that {} lists", list.display()),
                    hint: "Take its line out of the list, or add the file".into(),
                });
            };
            let Some(mask) = masks.remove(&form) else {
                return Err(DatasetError::Missing {
                    path: root.join(MASKS).join(name),
                    expected: format!("the mask of {}", image.display()),
                    hint: format!(
                        "A mask has the name of its image, whatever its ending; take the image away, or add {name}.png"
                    ),
                });
            };
            files.push([image, mask]);
        }
        // What a list leaves out may lie there all the same.
        if let (false, Some((name, mask))) = (is_listed, masks.first_key_value()) {
            return Err(DatasetError::Missing {
                path: root.join(IMAGES).join(name),
                expected: format!("the image of the mask {}", mask.display()),
                hint: "Take the mask away, or add the image".into(),
            });
        }
        if files.len() > MOST_IMAGES {
            let expected = format!("at most {MOST_IMAGES} images");
            return Err(DatasetError::malformed(root, expected, "more"));
        }
        Ok(Self {
            path: Some(root.to_path_buf()),
            images: names,
            splits,
            files,
        })
    }

    /// The source that means these images.
    pub(super) fn source(&self) -> NucleiSource {
        match self.path {
            Some(_) => NucleiSource::Folder,
            None => NucleiSource::BuiltIn,
        }
    }

    /// Where the images come from, in words.
    pub(super) fn origin(&self) -> String {
        let split = match &self.splits {
            Some(_) => format!(", split as its {} says", folder::INDEX),
            None => String::new(),
        };
        match &self.path {
            Some(path) => format!("images and masks of {}{split}", path.display()),
            None => "images of nuclei carried by gcnn-datasets".into(),
        }
    }

    /// What errors call the place.
    pub(super) fn place(&self) -> PathBuf {
        self.path
            .clone()
            .unwrap_or_else(|| "built-in images".into())
    }

    /// Where an image and its mask lie.
    pub(super) fn pair(&self, image: usize) -> Result<Pair<'_>, DatasetError> {
        match self.files.get(image) {
            Some(files) => Ok(Pair::Files(files)),
            None => built_in::files(&self.images[image].name).map(Pair::Carried),
        }
    }
}

/// Refuses images without a mask and masks without an image, which lie side by side.
fn check_pairs(path: &Path) -> Result<(), DatasetError> {
    for file in entries(path)?.kept {
        let name = file.file_name().and_then(|name| name.to_str());
        let Some(name) = name.filter(|_| is_picture(&file) && file.is_file()) else {
            continue;
        };
        let (other, expected) = match (name.strip_suffix(folder::LABELS), name.strip_suffix(".png"))
        {
            (Some(image), _) => {
                let other = path.join(format!("{image}.png"));
                (other, format!("the image of the mask {}", file.display()))
            }
            (None, Some(image)) => {
                let other = folder::labels(path, image);
                (other, format!("the mask of {}", file.display()))
            }
            (None, None) => {
                let expected = format!(
                    "images NAME.png beside masks NAME{}; others lie in the folders {IMAGES} and {MASKS}",
                    folder::LABELS
                );
                return Err(DatasetError::malformed(&file, expected, "another ending"));
            }
        };
        if !other.is_file() {
            return Err(DatasetError::Missing {
                path: other,
                expected,
                hint: "Add the file, take the other one away, or list in index.csv what counts"
                    .into(),
            });
        }
    }
    Ok(())
}

/// The pictures of a folder by their names without ending.
fn by_name(root: &Path, inner: &str) -> Result<BTreeMap<String, PathBuf>, DatasetError> {
    let folder = root.join(inner);
    if !folder.is_dir() {
        return Err(DatasetError::Missing {
            path: folder,
            expected: format!(
                "a folder, beside {}",
                if inner == MASKS { IMAGES } else { MASKS }
            ),
            hint: "Files of both have the same names but for their endings".into(),
        });
    }
    let mut files = BTreeMap::new();
    for file in entries(&folder)?.kept {
        if !file.is_file() || !is_picture(&file) {
            let expected = "pictures alone: PNG, JPEG, TIFF, BMP or WebP";
            let found = "a name with another ending, or no file";
            return Err(DatasetError::malformed(&file, expected, found));
        }
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let name: String = name.nfc().collect();
        if let Some(other) = files.insert(name.clone(), file) {
            let expected = format!("one picture called {name}");
            let found = format!("another one, {}", other.display());
            return Err(DatasetError::malformed(&folder, expected, found));
        }
    }
    match files.is_empty() {
        true => Err(DatasetError::malformed(&folder, "pictures", "none")),
        false => Ok(files),
    }
}
