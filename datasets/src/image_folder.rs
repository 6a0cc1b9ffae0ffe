//! Folders of images: people's own pictures or patches, a folder for each class.
//!
//! ```text
//! PATH/train/CLASS/*.png      what the weights are fitted to
//! PATH/valid/CLASS/*.jpg      what choices are made on
//! PATH/test/CLASS/*.tiff      what is measured at the end
//! ```
//!
//! Classes are the names of the folders in `train`, sorted; a class may be missing in the other splits. Files are PNG, JPEG
//! or TIFF, in any mixture, and sorted by name. All images have one size: nothing is scaled or cut here, because what that
//! does to the smallest structures is the user's decision.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use image::DynamicImage;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::images::{ImageDataset, Split, SplitImages, Splits, part};
use crate::{DatasetError, pictures};

/// The name that reports use.
const NAME: &str = "images of a folder";

/// The three splits and their folders.
const SPLITS: [(Split, &str); 3] = [
    (Split::Train, "train"),
    (Split::Valid, "valid"),
    (Split::Test, "test"),
];

/// What a picture's name may end with.
const ENDINGS: [&str; 5] = ["png", "jpg", "jpeg", "tif", "tiff"];

/// The most files in a folder.
const MOST_FILES: usize = 10_000_000;

/// Configuration of a folder of images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImageFolderConfig {
    /// The folder with `train`, `valid` and `test` in it. There is no default one.
    pub path: PathBuf,
    /// Whether to turn images to grey, one channel instead of three.
    pub grey: bool,
    /// The seed of the choice of training images, where `train_fraction` leaves some out.
    pub seed: u64,
    /// The share of the training images that are used: for learning from little. A smaller share is part of a larger one.
    pub train_fraction: f64,
    /// The most memory that the pixels of all splits may take, in MiB; a value takes a byte.
    pub memory_limit_mib: u64,
}

impl Default for ImageFolderConfig {
    fn default() -> Self {
        Self::new("")
    }
}

/// The files of a split.
struct Files {
    folder: PathBuf,
    /// Each file and the number of its class.
    files: Vec<(PathBuf, u8)>,
}

impl ImageFolderConfig {
    /// A folder with its defaults: in colour, at most 4 GiB.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            grey: false,
            seed: 0,
            train_fraction: 1.0,
            memory_limit_mib: 4096,
        }
    }

    /// Whether to turn images to grey.
    pub fn with_grey(mut self, grey: bool) -> Self {
        self.grey = grey;
        self
    }

    /// The share of the training images that are used.
    pub fn with_train_fraction(mut self, train_fraction: f64) -> Self {
        self.train_fraction = train_fraction;
        self
    }

    /// The most memory that the pixels may take, in MiB.
    pub fn with_memory_limit_mib(mut self, memory_limit_mib: u64) -> Self {
        self.memory_limit_mib = memory_limit_mib;
        self
    }

    /// Whether a folder is named and the share makes sense.
    pub fn validate(&self) -> Result<(), DatasetError> {
        if self.path.as_os_str().is_empty() {
            let expected = "the folder with train, valid and test in it";
            return Err(DatasetError::setting("dataset.path", expected, "nothing"));
        }
        part::check(self.train_fraction)
    }

    /// Reads all three splits.
    pub fn load(&self) -> Result<Splits, DatasetError> {
        self.validate()?;
        let classes = self.classes()?;
        let [train, valid, test] =
            SPLITS.map(|(_, name)| self.list(name, &classes, self.train_fraction));
        let parts = [train?, valid?, test?];
        let size = self.size(&parts)?;
        let [train, valid, test] = parts.each_ref().map(|part| self.read(part, size, &classes));
        Splits::new(NAME, &self.origin(), train?, valid?, test?)
    }

    /// Reads one split alone, or, for all, every split that is there, whatever `train_fraction` says.
    pub fn load_split(&self, split: Split) -> Result<SplitImages, DatasetError> {
        self.validate()?;
        let classes = self.classes()?;
        let share = match split {
            Split::All => 1.0,
            _ => self.train_fraction,
        };
        let parts: Vec<Files> = SPLITS
            .iter()
            .filter(|(one, name)| match split {
                Split::All => self.path.join(name).is_dir(),
                _ => *one == split,
            })
            .map(|(_, name)| self.list(name, &classes, share))
            .collect::<Result<_, _>>()?;
        let size = self.size(&parts)?;
        let parts: Vec<ImageDataset> = parts
            .iter()
            .map(|part| self.read(part, size, &classes))
            .collect::<Result<_, _>>()?;
        let images = match <[ImageDataset; 1]>::try_from(parts) {
            Ok([only]) => only,
            Err(parts) => ImageDataset::concatenate(&parts.iter().collect::<Vec<_>>())?,
        };
        Ok(SplitImages {
            images: Arc::new(images),
            origin: self.origin(),
        })
    }

    fn origin(&self) -> String {
        self.path.display().to_string()
    }

    fn channels(&self) -> usize {
        if self.grey { 1 } else { 3 }
    }

    /// The names of the classes: the folders in `train` or, where there is none, in the first split that is there.
    fn classes(&self) -> Result<Vec<String>, DatasetError> {
        let folders = SPLITS.map(|(_, name)| self.path.join(name));
        let Some(folder) = folders.iter().find(|folder| folder.is_dir()) else {
            return Err(missing(&folders[0]));
        };
        let mut classes = Vec::new();
        for entry in entries(folder)? {
            if !entry.is_dir() {
                return Err(DatasetError::malformed(
                    &entry,
                    "a folder, one for each class",
                    "a file",
                ));
            }
            classes.push(name(&entry)?.to_string());
        }
        if (1..=256).contains(&classes.len()) {
            return Ok(classes);
        }
        let found = format!("{} of them", classes.len());
        Err(DatasetError::malformed(
            folder,
            "1 to 256 folders, one for each class",
            found,
        ))
    }

    /// The files of a split; of training images a share.
    fn list(
        &self,
        split: &str,
        classes: &[String],
        train_fraction: f64,
    ) -> Result<Files, DatasetError> {
        let folder = self.path.join(split);
        if !folder.is_dir() {
            return Err(missing(&folder));
        }
        let mut files = Vec::new();
        for class_folder in entries(&folder)? {
            let class = name(&class_folder)?;
            let Some(class) = classes.iter().position(|known| known == class) else {
                let expected = format!("one of the classes {}", classes.join(", "));
                return Err(DatasetError::malformed(
                    &class_folder,
                    expected,
                    "another name",
                ));
            };
            for file in entries(&class_folder)? {
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
        if split == SPLITS[0].1 {
            let labels: Vec<u8> = files.iter().map(|(_, class)| *class).collect();
            let places = part::places(&labels, train_fraction, self.seed);
            files = places
                .into_iter()
                .map(|place| std::mem::take(&mut files[place]))
                .collect();
        }
        Ok(Files { folder, files })
    }

    /// The size of the first image, after which all have to take, and whether all of them fit into memory.
    fn size(&self, parts: &[Files]) -> Result<[usize; 2], DatasetError> {
        let first = parts.first().and_then(|part| part.files.first());
        let Some((first, _)) = first else {
            return Err(missing(&self.path.join("train")));
        };
        let size = pictures::read_size(first)?;
        let count: u64 = parts.iter().map(|part| part.files.len() as u64).sum();
        let bytes = count
            .saturating_mul((size[0] * size[1]) as u64)
            .saturating_mul(self.channels() as u64);
        if bytes <= self.memory_limit_mib.saturating_mul(1 << 20) {
            return Ok(size);
        }
        let [height, width] = size;
        Err(DatasetError::malformed(
            &self.path,
            format!(
                "images of at most {} MiB together (memory_limit_mib)",
                self.memory_limit_mib
            ),
            format!(
                "{count} of {height} × {width}, {} MiB",
                bytes.div_ceil(1 << 20)
            ),
        ))
    }

    fn read(
        &self,
        part: &Files,
        size: [usize; 2],
        classes: &[String],
    ) -> Result<ImageDataset, DatasetError> {
        let shape = [self.channels(), size[0], size[1]];
        let image_len = shape.iter().product::<usize>();
        if image_len == 0 {
            let expected = "images with pixels";
            return Err(DatasetError::malformed(&part.folder, expected, "none"));
        }
        let mut pixels = vec![0; part.files.len() * image_len];
        let read: Vec<Result<(), DatasetError>> = pixels
            .par_chunks_exact_mut(image_len)
            .zip(&part.files)
            .map(|(image, (file, _))| self.read_image(file, size, image))
            .collect();
        // Of several faulty images the first in order is named, not the first that a thread came upon.
        read.into_iter().collect::<Result<(), _>>()?;
        let labels = part.files.iter().map(|(_, class)| *class).collect();
        ImageDataset::from_bytes(pixels, labels, shape, classes.len())?
            .with_class_names(classes.iter().cloned())
    }

    /// Reads one image into its place, `[channels, height, width]`.
    fn read_image(
        &self,
        file: &Path,
        size: [usize; 2],
        image: &mut [u8],
    ) -> Result<(), DatasetError> {
        // The size is in the first bytes: a picture of another size isn't decoded.
        let check = |found: [usize; 2]| {
            if found == size {
                return Ok(());
            }
            let [height, width] = size;
            Err(DatasetError::malformed(
                file,
                format!("{height} × {width} pixels, as the first image has"),
                format!("{} × {}", found[0], found[1]),
            ))
        };
        check(pictures::read_size(file)?)?;
        let picture: DynamicImage = pictures::read(file)?;
        check(pictures::size(&picture))?;
        if self.grey {
            image.copy_from_slice(picture.into_luma8().as_raw());
            return Ok(());
        }
        let plane = size[0] * size[1];
        for (place, pixel) in picture.into_rgb8().as_raw().chunks_exact(3).enumerate() {
            for (channel, value) in pixel.iter().enumerate() {
                image[channel * plane + place] = *value;
            }
        }
        Ok(())
    }
}

fn missing(folder: &Path) -> DatasetError {
    DatasetError::Missing {
        path: folder.to_path_buf(),
        expected: "a folder with a folder of pictures for each class".into(),
        hint: "A data set of one's own has the folders train, valid and test with the same classes in each".into(),
    }
}

/// What is in a folder, sorted by name, without hidden files.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let reading = |source| DatasetError::io(folder, source);
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(reading)? {
        let entry = entry.map_err(reading)?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            entries.push(entry.path());
        }
        if entries.len() > MOST_FILES {
            let expected = format!("at most {MOST_FILES} files");
            return Err(DatasetError::malformed(folder, expected, "more"));
        }
    }
    entries.sort();
    Ok(entries)
}

/// The name of a class's folder.
fn name(folder: &Path) -> Result<&str, DatasetError> {
    folder
        .file_name()
        .and_then(|name| name.to_str())
        .ok_or_else(|| DatasetError::malformed(folder, "a name in UTF-8", "other bytes"))
}

#[cfg(test)]
mod tests;
