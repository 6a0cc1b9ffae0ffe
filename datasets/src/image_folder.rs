//! Folders of images: people's own pictures or patches, a folder for each class.
//!
//! ```text
//! PATH/train/CLASS/*.png      what the weights are fitted to
//! PATH/valid/CLASS/*.jpg      what choices are made on
//! PATH/test/CLASS/*.tiff      what is measured at the end
//! ```
//!
//! Classes are the names of the folders in `train`, sorted; a class may be missing in the other splits. Names that differ in
//! their Unicode form alone (é as one character or as two, as some file systems write it) are one name. Files are pictures of
//! any kind that [`picture`](crate::picture) reads, in any mixture, and sorted by name; hidden files and those that file
//! managers leave are passed over and counted. All images have one size: nothing is scaled or cut here, because what that
//! does to the smallest structures is the user's decision. Pictures of 8 bits stay bytes; a deeper one makes floats of all.

mod entries;
mod tree;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use self::entries::is_same_class;
use self::tree::{Files, Tree, missing};
use crate::DatasetError;
use crate::images::settings::shared_settings;
use crate::images::{ImageDataset, ImageSource, Places, Split, SplitImages, Splits, part};
use crate::picture::{Picture, PictureHeader, PictureLimits, Samples};

/// The name that reports use.
const NAME: &str = "images of a folder";

/// How large a picture may be.
const LIMITS: &PictureLimits = &PictureLimits::DATASET;

/// Configuration of a folder of images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// The most memory that the pixels of all splits may take, in MiB; a value takes a byte, and four in
    /// a split with pictures of more than 8 bits.
    pub memory_limit_mib: u64,
}

impl Default for ImageFolderConfig {
    fn default() -> Self {
        Self::new("")
    }
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

    /// The most memory that the pixels may take, in MiB.
    pub fn with_memory_limit_mib(mut self, memory_limit_mib: u64) -> Self {
        self.memory_limit_mib = memory_limit_mib;
        self
    }
}

shared_settings!(ImageFolderConfig: train_fraction);

impl ImageSource for ImageFolderConfig {
    /// The folder is looked for when it is read, and may still be named.
    fn validate(&self) -> Result<(), DatasetError> {
        part::check(self.train_fraction)
    }

    fn load(&self) -> Result<Splits, DatasetError> {
        let tree = self.open()?;
        let list = |split| self.list(&tree, split, self.train_fraction);
        let mut parts = [list(Split::Train)?, list(Split::Valid)?, list(Split::Test)?];
        let size = self.size(&mut parts)?;
        let read = |part| self.read(part, size, &tree.classes);
        let [train, valid, test] = parts.each_ref().map(read);
        Splits::new(NAME, &self.origin(&parts), train?, valid?, test?)
    }

    /// [`Split::All`] is every split that is there.
    fn load_split(&self, split: Split) -> Result<SplitImages, DatasetError> {
        let tree = self.open()?;
        let (share, is_all) = match split {
            Split::All => (1.0, true),
            _ => (self.train_fraction, false),
        };
        let wanted = split.parts().iter().copied();
        let mut parts: Vec<Files> = wanted
            .filter(|part| !is_all || tree.folder(*part).is_dir())
            .map(|part| self.list(&tree, part, share))
            .collect::<Result<_, _>>()?;
        let size = self.size(&mut parts)?;
        let images = parts
            .iter()
            .map(|part| self.read(part, size, &tree.classes));
        Ok(SplitImages {
            images: Arc::new(ImageDataset::joined(images.collect::<Result<_, _>>()?)?),
            origin: self.origin(&parts),
        })
    }

    fn use_all_of(&mut self, path: &Path) -> Result<(), DatasetError> {
        (self.path, self.train_fraction) = (path.into(), 1.0);
        Ok(())
    }

    fn places(&self) -> Places {
        Places {
            path: Some(self.path.clone()),
            cache: None,
        }
    }

    fn set_places(&mut self, places: Places) {
        self.path = places.path.unwrap_or_default();
    }

    fn needs_a_place(&self) -> bool {
        true
    }

    fn has_patches(&self) -> bool {
        true
    }
}

impl ImageFolderConfig {
    fn origin(&self, parts: &[Files]) -> String {
        let path = self.path.display();
        match parts.iter().map(|part| part.passed_over).sum::<usize>() {
            0 => path.to_string(),
            1 => format!("{path}; 1 hidden or system file passed over"),
            count => format!("{path}; {count} hidden or system files passed over"),
        }
    }

    fn channels(&self) -> usize {
        if self.grey { 1 } else { 3 }
    }

    /// The classes of the folder.
    fn open(&self) -> Result<Tree<'_>, DatasetError> {
        if self.path.as_os_str().is_empty() {
            let expected = "the folder with train, valid and test in it";
            return Err(DatasetError::setting("dataset.path", expected, "nothing"));
        }
        self.validate()?;
        Tree::open(&self.path)
    }

    /// The files of a split; of training images a share.
    fn list(&self, tree: &Tree, split: Split, share: f64) -> Result<Files, DatasetError> {
        let mut listed = tree.list(split)?;
        if split == Split::Train {
            let labels = listed.labels();
            listed.keep(&part::places(&labels, share, self.seed));
        }
        Ok(listed)
    }

    /// The size that all images have, those of all splits. Tells each split whether bytes hold its values.
    fn size(&self, parts: &mut [Files]) -> Result<[usize; 2], DatasetError> {
        let first = parts.first().and_then(|part| part.files.first());
        let Some((first, _)) = first else {
            return Err(missing(&self.path.join("train")));
        };
        let size = PictureHeader::read(first, LIMITS)?.size;
        self.check_memory(parts, size)?;
        for part in &mut *parts {
            // Of several faulty images the first in order is named, not the first that a thread came upon.
            let headers: Vec<Result<PictureHeader, DatasetError>> = part
                .files
                .par_iter()
                .map(|(file, _)| {
                    let header = PictureHeader::read(file, LIMITS)?;
                    check_size(file, size, header.size)?;
                    Ok(header)
                })
                .collect();
            for header in headers {
                part.is_bytes &= header?.is_bytes;
            }
        }
        self.check_memory(parts, size)?;
        Ok(size)
    }

    /// Whether the pixels of all images fit into memory.
    fn check_memory(
        &self,
        parts: &[Files],
        [height, width]: [usize; 2],
    ) -> Result<(), DatasetError> {
        let count: u64 = parts.iter().map(|part| part.files.len() as u64).sum();
        let image = (height as u64).saturating_mul(width as u64);
        let image = image.saturating_mul(self.channels() as u64);
        let bytes = parts.iter().fold(0u64, |bytes, part| {
            let value = if part.is_bytes { 1 } else { size_of::<f32>() };
            let values = image.saturating_mul(part.files.len() as u64);
            bytes.saturating_add(values.saturating_mul(value as u64))
        });
        if bytes <= self.memory_limit_mib.saturating_mul(1 << 20) {
            return Ok(());
        }
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
        let labels = part.files.iter().map(|(_, class)| *class).collect();
        let images = if part.is_bytes {
            let pixels = self.read_all(part, size, |file, samples, place| match samples {
                Samples::Bytes(bytes) => Ok(bytes[place]),
                // The file is another one than it was when its header was read.
                _ => Err(DatasetError::malformed(file, "8 bits, as before", "more")),
            })?;
            ImageDataset::from_bytes(pixels, labels, shape, classes.len())?
        } else {
            let pixels = self.read_all(part, size, |_, samples, place| Ok(samples.value(place)))?;
            ImageDataset::from_floats(pixels, labels, shape, classes.len())?
        };
        images.with_class_names(classes.iter().cloned())
    }

    /// Reads the images of a split, `[images, channels, height, width]`.
    fn read_all<T: Copy + Default + Send>(
        &self,
        part: &Files,
        size: [usize; 2],
        value: impl Fn(&Path, &Samples, usize) -> Result<T, DatasetError> + Sync,
    ) -> Result<Vec<T>, DatasetError> {
        let (channels, plane) = (self.channels(), size[0] * size[1]);
        let mut pixels = vec![T::default(); part.files.len() * channels * plane];
        let read: Vec<Result<(), DatasetError>> = pixels
            .par_chunks_exact_mut(channels * plane)
            .zip(&part.files)
            .map(|(image, (file, _))| {
                let picture = Picture::read(file, LIMITS)?;
                check_size(file, size, picture.size())?;
                let picture = picture.in_channels(channels);
                for place in 0..plane {
                    for channel in 0..channels {
                        let from = place * channels + channel;
                        image[channel * plane + place] = value(file, picture.samples(), from)?;
                    }
                }
                Ok(())
            })
            .collect();
        read.into_iter().collect::<Result<(), _>>()?;
        Ok(pixels)
    }
}

fn check_size(file: &Path, size: [usize; 2], found: [usize; 2]) -> Result<(), DatasetError> {
    if found == size {
        return Ok(());
    }
    let [height, width] = size;
    Err(DatasetError::malformed(
        file,
        format!("{height} × {width} pixels, as the first image has"),
        format!("{} × {}", found[0], found[1]),
    ))
}

#[cfg(test)]
mod tests;
