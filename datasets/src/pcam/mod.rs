//! PatchCamelyon: patches of lymph nodes, with or without tumour in their middle.
//!
//! ```text
//! camelyonpatch_level_2_split_{train,valid,test}_x.h5   dataset `x`, uint8 [n, 96, 96, 3]
//! camelyonpatch_level_2_split_{train,valid,test}_y.h5   dataset `y`, uint8 [n, 1, 1, 1]
//! 262,144 training, 32,768 validation, 32,768 test patches; label 1 if the central 32 × 32 holds tumour
//! ```
//!
//! The images, 7 GiB, are not loaded: a patch is read when a batch needs it, through a cache of chunks of bounded size.
//! Files may also be gzipped as they are published (`.h5.gz`); they are unpacked once, beside themselves or into `cache`.
//! Any number of patches will do. Source: Veeling, Linmans, Winkens, Cohen & Welling 2018, "Rotation equivariant CNNs for
//! digital pathology".

mod file;

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::images::settings::shared_settings;
use crate::images::{ImageDataset, ImageSource, Places, Split, SplitImages, Splits, part};
use crate::{DatasetError, files, folders};
use file::PcamImages;

/// The name that reports use.
const NAME: &str = "PCam";

/// Without and with tumour.
pub const CLASSES: usize = 2;

/// What the classes are called.
pub const CLASS_NAMES: [&str; CLASSES] = ["normal", "tumour"];

/// `[channels, height, width]` of a patch.
pub const SHAPE: [usize; 3] = [3, 96, 96];

/// Training, validation and test patches of the published files.
pub const SIZES: [usize; 3] = [262_144, 32_768, 32_768];

/// The splits' names in those of the files.
const SPLITS: [&str; 3] = ["train", "valid", "test"];

/// Where people keep the files inside their data folder.
const INNER: [&str; 2] = ["pcam", "PCAM"];

/// The most bytes that are unpacked from one file; the largest published one has 7.2 · 10⁹.
const MOST_UNPACKED: u64 = 1 << 34;

/// Configuration of PatchCamelyon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct PcamConfig {
    /// The folder. Left out: the [data folder](crate::folders::data_folder).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// Where gzipped files are unpacked. Left out: beside them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<PathBuf>,
    /// How much memory each split may take to remember chunks of its file, in MiB. Where chunks hold several patches, these are
    /// shuffled among as many chunks as fit into it: another value gives other batches, and so other weights.
    pub chunk_memory_mib: usize,
    /// The seed of the choice of training patches, where `train_fraction` leaves some out.
    pub seed: u64,
    /// The share of the training patches (within `train_limit`) that are used: for learning from little. A smaller share is part of a larger one.
    pub train_fraction: f64,
    /// Use only so many training patches, the first ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_limit: Option<usize>,
    /// Use only so many validation patches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_limit: Option<usize>,
    /// Use only so many test patches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_limit: Option<usize>,
}

impl Default for PcamConfig {
    fn default() -> Self {
        Self {
            path: None,
            cache: None,
            chunk_memory_mib: 128,
            seed: 0,
            train_fraction: 1.0,
            train_limit: None,
            valid_limit: None,
            test_limit: None,
        }
    }
}

impl PcamConfig {
    /// A folder with its defaults.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: Some(path.into()),
            ..Self::default()
        }
    }

    /// Where gzipped files are unpacked.
    pub fn with_cache(mut self, cache: impl Into<PathBuf>) -> Self {
        self.cache = Some(cache.into());
        self
    }

    /// How much memory each split may take to remember chunks of its file, in MiB.
    pub fn with_chunk_memory_mib(mut self, chunk_memory_mib: usize) -> Self {
        self.chunk_memory_mib = chunk_memory_mib;
        self
    }
}

shared_settings!(PcamConfig: train_fraction, limits);

impl ImageSource for PcamConfig {
    fn validate(&self) -> Result<(), DatasetError> {
        part::check(self.train_fraction)?;
        if (1..=1 << 20).contains(&self.chunk_memory_mib) {
            return Ok(());
        }
        Err(DatasetError::setting(
            "chunk_memory_mib",
            "1 to 1048576 MiB",
            self.chunk_memory_mib,
        ))
    }

    /// Opens the files; patches are read when they are asked for.
    fn load(&self) -> Result<Splits, DatasetError> {
        let folder = self.folder()?;
        let [train, valid, test] = [0, 1, 2].map(|split| self.open(&folder, split));
        Splits::new(NAME, &origin(&folder), train?, valid?, test?)
    }

    /// Opens the split's two files.
    fn load_split(&self, split: Split) -> Result<SplitImages, DatasetError> {
        let folder = self.folder()?;
        let images = match split {
            Split::Train => self.open(&folder, 0)?,
            Split::Valid => self.open(&folder, 1)?,
            Split::Test => self.open(&folder, 2)?,
            Split::All => {
                let whole = self.whole();
                let [train, valid, test] = [0, 1, 2].map(|split| whole.open(&folder, split));
                ImageDataset::concatenate(&[&train?, &valid?, &test?])?
            }
        };
        Ok(SplitImages {
            images: Arc::new(images),
            origin: origin(&folder),
        })
    }

    fn use_all_of(&mut self, path: &Path) -> Result<(), DatasetError> {
        *self = self.whole();
        self.path = Some(path.into());
        Ok(())
    }

    fn places(&self) -> Places {
        Places {
            path: self.path.clone(),
            cache: self.cache.clone(),
        }
    }

    fn set_places(&mut self, places: Places) {
        (self.path, self.cache) = (places.path, places.cache);
    }

    fn shape(&self) -> Option<[usize; 3]> {
        Some(SHAPE)
    }

    fn has_patches(&self) -> bool {
        true
    }
}

impl PcamConfig {
    fn folder(&self) -> Result<PathBuf, DatasetError> {
        self.validate()?;
        let path = self.path.clone().unwrap_or_else(folders::data_folder);
        let has_files = |place: &&PathBuf| {
            SPLITS.iter().any(|split| {
                let name = file_name(split, "x");
                place.join(&name).is_file() || place.join(format!("{name}.gz")).is_file()
            })
        };
        let places = folders::places(&path, &INNER);
        if let Some(place) = places.iter().find(has_files) {
            return Ok(place.clone());
        }
        Err(DatasetError::Missing {
            path,
            expected: format!(
                "{} and the other files of PCam, plain or with the ending .gz, there or in the folder {}",
                file_name(SPLITS[0], "x"),
                INNER[0]
            ),
            hint: "https://github.com/basveeling/pcam says where to download them; `path` or GCNN_DATA names the folder"
                .into(),
        })
    }

    fn open(&self, folder: &Path, split: usize) -> Result<ImageDataset, DatasetError> {
        let [x, y] = ["x", "y"].map(|kind| self.plain(folder, &file_name(SPLITS[split], kind)));
        let (x, y) = (x?, y?);
        let labels = file::read_labels(&y)?;
        let images = PcamImages::open(&x, self.chunk_memory_mib << 20)?;
        if images.count() != labels.len() {
            let expected = format!("{} labels, one for each patch", images.count());
            return Err(DatasetError::malformed(
                &y,
                expected,
                labels.len().to_string(),
            ));
        }
        let limit = self.limits()[split];
        let images = ImageDataset::from_reader(Arc::new(images), labels, SHAPE, CLASSES)?
            .with_class_names(CLASS_NAMES)?;
        let images = match limit {
            Some(limit) => images.slice(0..limit),
            None => images,
        };
        match split {
            0 => images.part(self.train_fraction, self.seed),
            _ => Ok(images),
        }
    }

    /// A file as it is, or unpacked.
    fn plain(&self, folder: &Path, name: &str) -> Result<PathBuf, DatasetError> {
        let target = self.cache.as_deref().unwrap_or(folder).join(name);
        for file in [folder.join(name), target.clone()] {
            if file.is_file() {
                return Ok(file);
            }
        }
        let packed = folder.join(format!("{name}.gz"));
        if !packed.is_file() {
            return Err(DatasetError::Missing {
                path: folder.join(name),
                expected: "a file of PCam, plain or with the ending .gz".into(),
                hint: "https://github.com/basveeling/pcam says where to download it".into(),
            });
        }
        unpack(&packed, &target, MOST_UNPACKED)?;
        Ok(target)
    }
}

fn file_name(split: &str, kind: &str) -> String {
    format!("camelyonpatch_level_2_split_{split}_{kind}.h5")
}

fn origin(folder: &Path) -> String {
    format!("the files of {}", folder.display())
}

/// Unpacks a file beside its place and renames it when it is whole.
fn unpack(packed: &Path, target: &Path, most: u64) -> Result<(), DatasetError> {
    let part = files::part(target)?;
    copy_unpacked(packed, part.path(), most)?;
    files::put(part, target)
}

fn copy_unpacked(packed: &Path, part: &Path, most: u64) -> Result<(), DatasetError> {
    let writing = |error| DatasetError::io(part, error);
    let mut reader = files::open(packed)?;
    let mut writer = File::create(part).map_err(writing)?;
    let mut buffer = vec![0; 1 << 18];
    let mut total = 0;
    loop {
        let read = reader
            .read(&mut buffer)
            .map_err(|error| files::reading(packed, error))?;
        if read == 0 {
            return Ok(());
        }
        total += read as u64;
        if total > most {
            let expected = format!("at most {most} bytes when unpacked");
            return Err(DatasetError::malformed(packed, expected, "more"));
        }
        writer.write_all(&buffer[..read]).map_err(writing)?;
    }
}

#[cfg(test)]
mod tests;
