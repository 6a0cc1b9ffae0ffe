//! Scaled MNIST: handwritten digits, each made smaller by its own factor.
//!
//! ```text
//! 10,000 training, 2,000 validation, 50,000 test images of 28 × 28,    factor uniform in [0.3, 1]
//! ```
//!
//! All 70,000 digits of MNIST are pooled and dealt to the splits with every class in proportion. A digit is scaled about the
//! centre of its image, in one resampling together with its turn where `rotation` asks for one; how it is smoothed on the way
//! says [`transform_antialiased`]. Factor and angle are functions of the seed and of the
//! digit's number in MNIST, training file first: a digit looks the same in whichever split it is, and however many others are
//! used. Of the digits that the crate carries 4,000 + 1,000 + 3,000 images are made in the same way.
//!
//! A network that is trained on some factors and tested on others needs `train_scales` and `test_scales`. The factor of each
//! image is in [`ImageDataset::factors`], for a curve of the error against it.
//!
//! Sources: Kanazawa, Sharma and Jacobs 2014, "Locally scale-invariant convolutional neural networks" (digits scaled by 0.3 to
//! 1); Sosnovik, Szmaja and Smeulders 2020, "Scale-equivariant steerable networks" (the sizes of the splits); MNIST by LeCun,
//! Cortes and Burges.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::DatasetError;
use crate::digits::files::{HINT, INNER, has_idx};
use crate::digits::{Digits, SHAPE, SIZES, built_in_splits};
use crate::folders;
use crate::images::settings::shared_settings;
use crate::images::{ImageDataset, ImageSource, Places, Split, SplitImages, Splits, part};
use crate::random::{Purpose, Random};
use crate::rotate::{AffineMap, transform_antialiased};
use crate::rotated_mnist;

/// The name that reports use.
const NAME: &str = "scaled MNIST";

/// The factors where nothing else is said.
const SCALES: [f64; 2] = [0.3, 1.0];

/// The smallest and the largest factor.
const BOUNDS: [f64; 2] = [0.1, 2.0];

/// Which digits are scaled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ScaledMnistSource {
    /// MNIST's four files.
    #[default]
    Mnist,
    /// The digits that the crate carries.
    BuiltIn,
}

/// Configuration of scaled MNIST.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ScaledMnistConfig {
    /// Which digits are scaled: "mnist", those of MNIST's four files, or "built-in", 8,000 that need no files.
    pub source: ScaledMnistSource,
    /// The folder of MNIST's files. Left out: the [data folder](crate::folders::data_folder).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// The seed of the choice of digits, of the factors and angles, and of a share of the training images.
    pub seed: u64,
    /// The smallest and the largest factor that digits are scaled by, uniformly; both from 0.1 to 2. Above 1 digits may be cut.
    pub scales: [f64; 2],
    /// The factors of the training and validation images. Left out: `scales`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_scales: Option<[f64; 2]>,
    /// The factors of the test images. Left out: `scales`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_scales: Option<[f64; 2]>,
    /// Whether each digit is turned too, by any angle.
    pub rotation: bool,
    /// The share of the training images (within `train_limit`) that are used: for learning from little. A smaller share is part of a larger one.
    pub train_fraction: f64,
    /// Use only so many training images, the first ones, which have all classes in proportion. Left out: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_limit: Option<usize>,
    /// Use only so many validation images. Left out: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_limit: Option<usize>,
    /// Use only so many test images. Left out: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_limit: Option<usize>,
}

impl Default for ScaledMnistConfig {
    fn default() -> Self {
        Self {
            source: ScaledMnistSource::default(),
            path: None,
            seed: 0,
            scales: SCALES,
            train_scales: None,
            test_scales: None,
            rotation: false,
            train_fraction: 1.0,
            train_limit: None,
            valid_limit: None,
            test_limit: None,
        }
    }
}

shared_settings!(ScaledMnistConfig: path, seed, train_fraction, limits);

impl ScaledMnistConfig {
    /// A source with its defaults: factors from 0.3 to 1, upright, all images.
    pub fn new(source: ScaledMnistSource) -> Self {
        Self {
            source,
            ..Self::default()
        }
    }

    /// The smallest and the largest factor of all images.
    pub fn with_scales(mut self, scales: [f64; 2]) -> Self {
        self.scales = scales;
        self
    }

    /// The factors of the training and validation images.
    pub fn with_train_scales(mut self, scales: [f64; 2]) -> Self {
        self.train_scales = Some(scales);
        self
    }

    /// The factors of the test images.
    pub fn with_test_scales(mut self, scales: [f64; 2]) -> Self {
        self.test_scales = Some(scales);
        self
    }

    /// Whether each digit is turned too.
    pub fn with_rotation(mut self, rotation: bool) -> Self {
        self.rotation = rotation;
        self
    }

    /// The factors of a split's images.
    fn scales_of(&self, split: Split) -> [f64; 2] {
        let own = match split {
            Split::Test => self.test_scales,
            _ => self.train_scales,
        };
        own.unwrap_or(self.scales)
    }

    /// Where the images come from, for reports.
    fn origin(&self) -> String {
        let digits = match self.source {
            ScaledMnistSource::Mnist => "MNIST's digits",
            ScaledMnistSource::BuiltIn => "MNIST digits carried by gcnn-datasets",
        };
        let [train, test] = [Split::Train, Split::Test].map(|split| self.scales_of(split));
        let range = |[low, high]: [f64; 2]| format!("{low} to {high}");
        let scales = match train == test {
            true => range(train),
            false => format!("{} (test: {})", range(train), range(test)),
        };
        let turned = if self.rotation { " and turned" } else { "" };
        format!(
            "{digits}, scaled by {scales}{turned} with seed {}",
            self.seed
        )
    }

    /// The digits and which of them each split has.
    fn digits(&self) -> Result<(Digits, [Vec<u32>; 3]), DatasetError> {
        if self.source == ScaledMnistSource::BuiltIn {
            return Ok((Digits::built_in()?, built_in_splits()));
        }
        let folder = self.path.clone().unwrap_or_else(folders::data_folder);
        let places = folders::places(&folder, &INNER);
        let Some(place) = places.iter().find(|place| has_idx(place)) else {
            return Err(DatasetError::Missing {
                path: folder,
                expected: format!(
                    "MNIST's four IDX files, there or in one of the folders {}",
                    INNER.join(", ")
                ),
                hint: HINT.into(),
            });
        };
        let digits = Digits::mnist(place)?;
        let splits = choose(&digits.labels(), self.seed);
        Ok((digits, splits))
    }

    /// Makes one split's images of its digits.
    fn make(
        &self,
        digits: &Digits,
        mut chosen: Vec<u32>,
        split: Split,
    ) -> Result<ImageDataset, DatasetError> {
        let limit = self.limits()[split as usize];
        chosen.truncate(limit.unwrap_or(usize::MAX));
        let scales = self.scales_of(split);
        let images = digits.made(&chosen, |digit, upright, scaled| {
            let factor = factor(self.seed, digit, scales);
            let angle = match self.rotation {
                true => rotated_mnist::angle(self.seed, digit),
                false => 0.0,
            };
            let motion = AffineMap::rotation(angle).with_scale([factor; 2]);
            transform_antialiased(upright, SHAPE, motion, scaled);
        })?;
        let factors = chosen.iter();
        let factors = factors.map(|digit| factor(self.seed, *digit, scales) as f32);
        let images = images.with_factors(factors.collect())?;
        match split {
            Split::Train => images.part(self.train_fraction, self.seed),
            _ => Ok(images),
        }
    }
}

/// The factor of a digit, uniform between the two.
fn factor(seed: u64, digit: u32, [low, high]: [f64; 2]) -> f64 {
    let unit = Random::new(seed, Purpose::Scale, u64::from(digit), 0).unit();
    low + (high - low) * unit
}

/// The digits of the training, validation and test split, each with all classes in proportion to within one digit.
fn choose(labels: &[u8], seed: u64) -> [Vec<u32>; 3] {
    // Other streams than those of rotated MNIST's choice.
    let stream = |class| Random::new(seed, Purpose::Selection, class as u64, 1);
    let mut order = part::stratified(labels, stream).into_iter();
    SIZES.map(|size| {
        let own = order.by_ref().take(size);
        own.map(|digit| digit as u32).collect()
    })
}

fn check_scales(field: &'static str, scales: [f64; 2]) -> Result<(), DatasetError> {
    let [low, high] = scales;
    if BOUNDS[0] <= low && low <= high && high <= BOUNDS[1] {
        return Ok(());
    }
    let expected = format!(
        "the smallest and the largest factor, both from {} to {}",
        BOUNDS[0], BOUNDS[1]
    );
    Err(DatasetError::setting(
        field,
        expected,
        format!("{scales:?}"),
    ))
}

impl ImageSource for ScaledMnistConfig {
    fn validate(&self) -> Result<(), DatasetError> {
        check_scales("scales", self.scales)?;
        for (field, scales) in [
            ("train_scales", self.train_scales),
            ("test_scales", self.test_scales),
        ] {
            scales.map_or(Ok(()), |scales| check_scales(field, scales))?;
        }
        part::check(self.train_fraction)
    }

    fn load(&self) -> Result<Splits, DatasetError> {
        self.validate()?;
        let (digits, [train, valid, test]) = self.digits()?;
        Splits::new(
            NAME,
            &self.origin(),
            self.make(&digits, train, Split::Train)?,
            self.make(&digits, valid, Split::Valid)?,
            self.make(&digits, test, Split::Test)?,
        )
    }

    /// Makes the images that are wanted alone. [`Split::All`] has those of the three splits, each with its own factors.
    fn load_split(&self, split: Split) -> Result<SplitImages, DatasetError> {
        self.validate()?;
        let (digits, splits) = self.digits()?;
        let own = match split {
            Split::All => &self.whole(),
            _ => self,
        };
        let wanted = Split::THREE.into_iter().zip(splits);
        let wanted = wanted.filter(|(part, _)| split.parts().contains(part));
        let images = wanted.map(|(part, chosen)| own.make(&digits, chosen, part));
        Ok(SplitImages {
            images: Arc::new(ImageDataset::joined(images.collect::<Result<_, _>>()?)?),
            origin: self.origin(),
        })
    }

    fn use_all_of(&mut self, path: &Path) -> Result<(), DatasetError> {
        *self = self.whole().with_path(path);
        self.source = ScaledMnistSource::Mnist;
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

#[cfg(test)]
mod tests;
