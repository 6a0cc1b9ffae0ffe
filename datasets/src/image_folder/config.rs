//! The settings of a folder of images.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::groups;
use super::size::PictureSize;
use super::table;
use super::targets::TargetColumns;
use crate::DatasetError;
use crate::deal::Dealing;
use crate::images::part;
use crate::images::settings::shared_settings;
use crate::picture::{Fit, Stretch};

/// The shares of training, validation and test where nothing else is said.
pub(super) const SHARES: [f64; 3] = [0.7, 0.15, 0.15];

/// The most parts of a cross-validation.
const MOST_FOLDS: usize = 100;

/// Configuration of a folder of images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ImageFolderConfig {
    /// The folder: with `train`, `valid` and `test` in it, or with a folder for each class, or with a table `labels.csv`. There
    /// is no default one.
    pub path: PathBuf,
    /// A table of the pictures and their classes in place of folders of classes, relative to the folder. Its columns: `file`,
    /// `class` (or those of `target`), and perhaps `group` and `split`. Left out: `labels.csv`, where there is one and no folder `train`, `valid` or
    /// `test`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<String>,
    /// What is learned of the pictures of a table in place of their class: `{ numbers = ["mass", "radius"] }` or
    /// `{ labels = ["nucleus", "mitosis"] }`, which are columns of it. Left out: their class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<TargetColumns>,
    /// The channels of the images.
    pub channels: Channels,
    /// What `channels` was called: true for grey, false for colour. Where it is there it decides.
    #[cfg_attr(feature = "schema", schemars(skip))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grey: Option<bool>,
    /// The size that all pictures are brought to, 1 to 4096: one number, or `[height, width]`. Left out: the size that all
    /// pictures have; pictures of several sizes are refused then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<PictureSize>,
    /// How a picture of another shape is brought to `size`.
    pub fit: Fit,
    /// How the values of a picture are spread over the range, for deep or faint pictures. Any but "none" keeps values as floats.
    pub stretch: Stretch,
    /// The shares of training, validation and test, with all classes in each, where the folder has no such folders and its
    /// table no column `split`. Left out: [0.7, 0.15, 0.15].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<[f64; 3]>,
    /// Cross-validation in place of `split`: so many parts, 2 to 100, of which one is the test, and 15 % of all pictures are for
    /// validation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folds: Option<usize>,
    /// Which of the `folds` is the test, from 0. Left out: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fold: Option<usize>,
    /// What pictures belong together (of a patient, a slide, a night) and stay in one split: a regular expression that is looked
    /// for in each picture's path below the folder; its first group, or all that it matches, names them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<String>,
    /// The seed of the split and of the choice of training images, where `train_fraction` leaves some out.
    pub seed: u64,
    /// The share of the training images that are used: for learning from little. A smaller share is part of a larger one.
    pub train_fraction: f64,
    /// The most memory that the pixels of all splits may take, in MiB; a value takes a byte, and four in
    /// a split with pictures of more than 8 bits.
    pub memory_limit_mib: u64,
}

/// How many channels images have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Channels {
    /// Grey where all files are grey, otherwise colour.
    Auto,
    /// One; colours become their luminance.
    Grey,
    /// Three; grey becomes three equal ones.
    #[default]
    Colour,
}

impl Default for ImageFolderConfig {
    fn default() -> Self {
        Self::new("")
    }
}

impl ImageFolderConfig {
    /// A folder with its defaults: in colour and in the size of its pictures, at most 4 GiB.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            labels: None,
            target: None,
            channels: Channels::Colour,
            grey: None,
            size: None,
            fit: Fit::Pad,
            stretch: Stretch::None,
            split: None,
            folds: None,
            fold: None,
            groups: None,
            seed: 0,
            train_fraction: 1.0,
            memory_limit_mib: 4096,
        }
    }

    /// The table of the pictures, relative to the folder.
    pub fn with_labels(mut self, labels: impl Into<String>) -> Self {
        self.labels = Some(labels.into());
        self
    }

    /// What is learned in place of the class.
    pub fn with_target(mut self, target: TargetColumns) -> Self {
        self.target = Some(target);
        self
    }

    /// How many channels images have.
    pub fn with_channels(mut self, channels: Channels) -> Self {
        (self.channels, self.grey) = (channels, None);
        self
    }

    /// Whether to turn images to grey.
    pub fn with_grey(self, grey: bool) -> Self {
        self.with_channels(if grey {
            Channels::Grey
        } else {
            Channels::Colour
        })
    }

    /// The size that pictures are brought to.
    pub fn with_size(mut self, size: impl Into<PictureSize>) -> Self {
        self.size = Some(size.into());
        self
    }

    /// How a picture of another shape is brought to the size.
    pub fn with_fit(mut self, fit: Fit) -> Self {
        self.fit = fit;
        self
    }

    /// How the values of a picture are spread.
    pub fn with_stretch(mut self, stretch: Stretch) -> Self {
        self.stretch = stretch;
        self
    }

    /// The shares of training, validation and test.
    pub fn with_split(mut self, shares: [f64; 3]) -> Self {
        (self.split, self.folds, self.fold) = (Some(shares), None, None);
        self
    }

    /// Cross-validation: which of how many parts is the test.
    pub fn with_fold(mut self, fold: usize, folds: usize) -> Self {
        (self.split, self.folds, self.fold) = (None, Some(folds), Some(fold));
        self
    }

    /// The pattern of what belongs together.
    pub fn with_groups(mut self, pattern: impl Into<String>) -> Self {
        self.groups = Some(pattern.into());
        self
    }

    /// The most memory that the pixels may take, in MiB.
    pub fn with_memory_limit_mib(mut self, memory_limit_mib: u64) -> Self {
        self.memory_limit_mib = memory_limit_mib;
        self
    }

    /// Whether the settings make sense, each for itself and together. The folder is not looked at.
    pub(super) fn check(&self) -> Result<(), DatasetError> {
        part::check(self.train_fraction)?;
        if let Some(size) = self.size {
            size.check()?;
        }
        if let Some(labels) = &self.labels {
            table::check_relative(labels).map_err(|expected| {
                DatasetError::setting("labels", expected, format!("{labels:?}"))
            })?;
        }
        if let Some(target) = &self.target {
            target.check()?;
        }
        if let Some(pattern) = &self.groups {
            groups::compile(pattern)?;
        }
        self.dealing().map(drop)
    }

    /// How pictures are dealt to the splits, where they are dealt.
    pub(super) fn dealing(&self) -> Result<Dealing, DatasetError> {
        let shares = self.split.unwrap_or(SHARES);
        let is_share = |share: &f64| *share > 0.0 && *share < 1.0;
        if !shares.iter().all(is_share) || (shares.iter().sum::<f64>() - 1.0).abs() > 1e-6 {
            let expected = "three shares above 0 that sum to 1: training, validation, test";
            return Err(DatasetError::setting(
                "split",
                expected,
                format!("{shares:?}"),
            ));
        }
        let Some(folds) = self.folds else {
            return match self.fold {
                Some(fold) => {
                    let expected = "no number of a fold without `folds`";
                    Err(DatasetError::setting("fold", expected, fold))
                }
                None => Ok(Dealing::Shares(shares)),
            };
        };
        if self.split.is_some() {
            let expected = "one of `split` and `folds`";
            return Err(DatasetError::setting("folds", expected, "both"));
        }
        if !(2..=MOST_FOLDS).contains(&folds) {
            let expected = format!("2 to {MOST_FOLDS}");
            return Err(DatasetError::setting("folds", expected, folds));
        }
        let fold = self.fold.unwrap_or(0);
        if fold >= folds {
            let expected = format!("0 to {} of {folds} folds", folds - 1);
            return Err(DatasetError::setting("fold", expected, fold));
        }
        Ok(Dealing::Fold { fold, folds })
    }

    /// Refuses a way of dealing where the splits are given, in words.
    pub(super) fn check_is_not_dealt(&self, given: &str, place: &Path) -> Result<(), DatasetError> {
        let named = match (self.split, self.folds) {
            (Some(_), _) => "split",
            (_, Some(_)) => "folds",
            _ => return Ok(()),
        };
        let expected = format!("no `{named}`: {} has {given}", place.display());
        Err(DatasetError::setting(named, expected, "one"))
    }

    /// `channels`, or what the file of an older version says.
    pub(super) fn wanted_channels(&self) -> Channels {
        match self.grey {
            Some(true) => Channels::Grey,
            Some(false) => Channels::Colour,
            None => self.channels,
        }
    }
}

shared_settings!(ImageFolderConfig: seed, train_fraction);
