//! Rotated MNIST: handwritten digits, each turned by its own angle.
//!
//! ```text
//! 10,000 training, 2,000 validation, 50,000 test images of 28 × 28,    angle uniform in [0, 2π)
//! ```
//!
//! Three forms of it:
//!
//! | source | what | digits turned by |
//! | --- | --- | --- |
//! | `amat` | the community's pair of files `mnist_all_rotation_normalized_float_{train_valid,test}.amat` | its authors |
//! | `mnist` | re-made from MNIST's four IDX files with a fixed seed | this crate |
//! | `built-in` | 4,000 + 1,000 + 3,000 MNIST digits that the crate carries, for trying things out | this crate |
//!
//! and `idx`: any folder of IDX files, taken as they are. `auto`, the default, takes the first of `amat`, `mnist` and
//! `idx` that is in the folder. The re-made set draws the 12,000 from MNIST's training file and the 50,000 from the
//! 58,000 digits that are left; it has the protocol of the community's set, not its very images.
//!
//! Source: Larochelle, Erhan, Courville, Bergstra and Bengio 2007, "An empirical evaluation of deep architectures on
//! problems with many factors of variation"; MNIST by LeCun, Cortes and Burges.

mod files;
mod find;
mod remake;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::DatasetError;
use crate::digits::files::{TEST_FILES, TRAIN_FILES, read_pair};
use crate::digits::{Digits, built_in_splits};
use crate::images::settings::shared_settings;
use crate::images::{ImageDataset, ImageSource, Places, Split, SplitImages, Splits, part};
use crate::rotate::Interpolation;
use files::{as_stored, cut, read_amat};
use find::Found;
use remake::Rotation;
pub(crate) use remake::angle;

pub use crate::digits::{BUILT_IN_SIZES, CLASSES, SHAPE, SIZES};

/// The name that reports use.
const NAME: &str = "rotated MNIST";

/// Which form of the data set to use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RotatedMnistSource {
    /// The first of `amat`, `mnist` and `idx` that is in the folder.
    #[default]
    Auto,
    /// The digits that the crate carries.
    BuiltIn,
    /// The community's pair of files.
    Amat,
    /// Re-made from MNIST's four files.
    Mnist,
    /// A folder of IDX files with MNIST's names, of any size, whose images are taken as they are. The last sixth of
    /// the training file is for validation.
    Idx,
}

/// Configuration of rotated MNIST.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct RotatedMnistConfig {
    /// Which form to use: "auto", "built-in", "amat", "mnist" or "idx".
    pub source: RotatedMnistSource,
    /// The folder, or one `.amat` file. Left out: the [data folder](crate::folders::data_folder).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// The seed of the choice of digits and of the angles, where the set is made here, and of a share of the training images.
    pub seed: u64,
    /// How digits are read between pixels when they are turned here: "bicubic" or "bilinear".
    pub interpolation: Interpolation,
    /// The share of the training images (within `train_limit`) that are used: for learning from little. A smaller share is part of a larger one.
    pub train_fraction: f64,
    /// Use only so many training images, the first ones. Left out: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_limit: Option<usize>,
    /// Use only so many validation images. Left out: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_limit: Option<usize>,
    /// Use only so many test images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_limit: Option<usize>,
}

impl Default for RotatedMnistConfig {
    fn default() -> Self {
        Self {
            source: RotatedMnistSource::default(),
            path: None,
            seed: 0,
            interpolation: Interpolation::default(),
            train_fraction: 1.0,
            train_limit: None,
            valid_limit: None,
            test_limit: None,
        }
    }
}

impl RotatedMnistConfig {
    /// A source with its defaults: the data folder, seed 0, bicubic, all images.
    pub fn new(source: RotatedMnistSource) -> Self {
        Self {
            source,
            ..Self::default()
        }
    }

    /// How digits are read between pixels when they are turned here.
    pub fn with_interpolation(mut self, interpolation: Interpolation) -> Self {
        self.interpolation = interpolation;
        self
    }
}

shared_settings!(RotatedMnistConfig: path, seed, train_fraction, limits);

impl ImageSource for RotatedMnistConfig {
    fn validate(&self) -> Result<(), DatasetError> {
        part::check(self.train_fraction)
    }

    /// [`RotatedMnistSource::Auto`] becomes the source that it means.
    fn resolve(&mut self) -> Result<(), DatasetError> {
        if self.source == RotatedMnistSource::Auto {
            self.source = find::find(self.source, self.path.as_deref())?.source();
        }
        Ok(())
    }

    fn load(&self) -> Result<Splits, DatasetError> {
        let found = find::find(self.source, self.path.as_deref())?;
        if let Found::AmatFile(file) = &found {
            let expected =
                "a folder with both files of the pair, for training, validation and test";
            return Err(DatasetError::malformed(file, expected, "one file"));
        }
        let mut parts = self.read(&found, [true; 3])?.into_iter();
        let mut next = || parts.next().unwrap_or_else(|| Err(not_read()));
        Splits::new(NAME, &found.origin(self.seed), next()?, next()?, next()?)
    }

    /// From the files that the split needs. A single `.amat` file is the test split, unless its name says `train`: then its
    /// last sixth is the validation split.
    fn load_split(&self, split: Split) -> Result<SplitImages, DatasetError> {
        let found = find::find(self.source, self.path.as_deref())?;
        let wanted = match (split, &found) {
            (Split::Train, _) => [true, false, false],
            (Split::Valid, _) => [false, true, false],
            (Split::Test, _) => [false, false, true],
            (Split::All, Found::AmatFile(file)) if find::is_training_file(file) => {
                [true, true, false]
            }
            (Split::All, Found::AmatFile(_)) => [false, false, true],
            (Split::All, _) => [true; 3],
        };
        let parts = match split {
            Split::All => self.whole().read(&found, wanted)?,
            _ => self.read(&found, wanted)?,
        };
        let parts: Vec<ImageDataset> = parts
            .into_iter()
            .zip(wanted)
            .filter(|(_, wanted)| *wanted)
            .map(|(part, _)| part)
            .collect::<Result<_, _>>()?;
        Ok(SplitImages {
            images: Arc::new(ImageDataset::joined(parts)?),
            origin: found.origin(self.seed),
        })
    }

    fn use_all_of(&mut self, path: &Path) -> Result<(), DatasetError> {
        *self = self.whole().with_path(path);
        self.source = RotatedMnistSource::Auto;
        Ok(())
    }

    fn places(&self) -> Places {
        Places {
            path: self.path.clone(),
            cache: None,
        }
    }

    fn set_places(&mut self, places: Places) {
        self.path = places.path;
    }

    fn shape(&self) -> Option<[usize; 3]> {
        Some(SHAPE)
    }

    fn is_light_on_dark(&self) -> bool {
        true
    }
}

impl RotatedMnistConfig {
    /// Reads the splits that are wanted; the others are errors that nobody looks at.
    fn read(
        &self,
        found: &Found,
        wanted: [bool; 3],
    ) -> Result<[Result<ImageDataset, DatasetError>; 3], DatasetError> {
        self.validate()?;
        let mut parts = [(); 3].map(|()| Err(not_read()));
        let limits = self.limits().map(|limit| limit.unwrap_or(usize::MAX));
        let rotation = Rotation {
            seed: self.seed,
            interpolation: self.interpolation,
        };
        match found {
            Found::BuiltIn | Found::Mnist(_) => {
                // Which digits the test split gets depends on what the training file leaves, so both files are read.
                let (digits, splits) = match found {
                    Found::Mnist(folder) => (Digits::mnist(folder)?, remake::choose(self.seed)),
                    _ => (Digits::built_in()?, built_in_splits()),
                };
                for (split, mut chosen) in splits.into_iter().enumerate() {
                    if wanted[split] {
                        chosen.truncate(limits[split]);
                        parts[split] = rotation.apply(&digits, &chosen);
                    }
                }
            }
            Found::Idx(folder) => {
                if wanted[0] || wanted[1] {
                    let (train, valid) =
                        cut(as_stored(read_pair(folder, TRAIN_FILES, None)?)?, limits);
                    (parts[0], parts[1]) = (Ok(train), Ok(valid));
                }
                if wanted[2] {
                    parts[2] = as_stored(read_pair(folder, TEST_FILES, None)?)
                        .map(|test| test.slice(0..limits[2]));
                }
            }
            Found::AmatPair(pair) => {
                if wanted[0] || wanted[1] {
                    let all = read_amat(&pair[0], Some(SIZES[0] + SIZES[1]))?;
                    let (train, valid) = cut(all, limits);
                    (parts[0], parts[1]) = (Ok(train), Ok(valid));
                }
                if wanted[2] {
                    parts[2] =
                        read_amat(&pair[1], Some(SIZES[2])).map(|test| test.slice(0..limits[2]));
                }
            }
            Found::AmatFile(file) => {
                let training = find::is_training_file(file);
                if training == wanted[2] {
                    let expected = if wanted[2] {
                        "a file of test images"
                    } else {
                        "a file of training images"
                    };
                    let found = if wanted[2] {
                        "training images"
                    } else {
                        "no `train` in its name"
                    };
                    return Err(DatasetError::malformed(
                        file,
                        format!("{expected}, by its name"),
                        found,
                    ));
                }
                let all = read_amat(file, None)?;
                if training {
                    let (train, valid) = cut(all, limits);
                    (parts[0], parts[1]) = (Ok(train), Ok(valid));
                } else {
                    parts[2] = Ok(all.slice(0..limits[2]));
                }
            }
        }
        let [train, valid, test] = parts;
        let train = train.and_then(|train| train.part(self.train_fraction, self.seed));
        Ok([train, valid, test])
    }
}

/// What stands for a split that was not asked for.
fn not_read() -> DatasetError {
    DatasetError::setting("split", "one that was asked for", "another")
}

#[cfg(test)]
mod tests;
