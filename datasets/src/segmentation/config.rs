//! The settings of a folder of images with masks.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::listing::Listing;
use crate::DatasetError;
use crate::images::settings::shared_settings;
use crate::images::{Split, part};
use crate::nuclei::stains::Stains;
use crate::nuclei::{Border, CLASS_NAMES, NucleiSource, deal};

/// Where images with masks come from: a folder, or the images of nuclei that the crate carries.
pub type SegmentationSource = NucleiSource;

/// What the pixels of a mask mean.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum MaskKind {
    /// The class, from 0: a grey picture, or the places of a PNG's palette.
    Classes,
    /// The number of the thing that a pixel belongs to, 0 for none.
    #[default]
    Instances,
}

/// Configuration of images with masks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct SegmentationConfig {
    /// Where the images come from: "auto", "built-in" or "folder". "auto" is the folder, if there is one in the data folder or
    /// `path` says so, otherwise the images of nuclei that the crate carries.
    pub source: SegmentationSource,
    /// The folder: with images NAME.png and their masks NAME_labels.png, or with the folders `images` and `masks` in it, whose
    /// files have the same names but for their endings. Left out: `nuclei` in the [data folder](crate::folders::data_folder).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// The seed of the split.
    pub seed: u64,
    /// What the pixels of a mask mean: "instances", the number of the thing that a pixel belongs to, 0 for none (the classes are
    /// then background, interior and border), or "classes", the class itself, from 0.
    pub masks: MaskKind,
    /// The names of the classes, that of class 0 first, 2 to 256 of them. Left out where `masks` are instances.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// Whether images have one channel: colours become their luminance then. Otherwise they have three, and grey becomes three
    /// equal ones.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub grey: bool,
    /// How far the border of an instance reaches: { pixels = 2 }, or { relative = 0.1 }, a tenth of the median diameter of the
    /// image's instances, at least a pixel. Left out: 2 pixels.
    #[serde(skip_serializing_if = "Border::is_default")]
    pub border: Border,
    /// Rows and columns of a training patch. Smaller images are reflected at their edges.
    pub patch_size: usize,
    /// How many patches an epoch has of each training image, at places that are drawn anew in every epoch.
    pub patches_per_image: usize,
    /// The share of the images that are for validation, where index.csv has no column `split`.
    pub valid_fraction: f64,
    /// The share of the images that are for testing, of those that may be trained on and tested on, where index.csv has no
    /// column `split`.
    pub test_fraction: f64,
    /// The stains, as index.csv has them, of the training and validation images. Left out: all that `test_stains` does not
    /// name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_stains: Option<Vec<String>>,
    /// The stains of the test images: all images of a stain that is not trained on, and of one that is, `test_fraction`. Left out:
    /// all that `train_stains` does not name; without either, every stain is trained on and tested on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_stains: Option<Vec<String>>,
    /// The share of the training images that are used, at least one of them: for learning from little. A smaller share is
    /// part of a larger one.
    pub train_fraction: f64,
    /// Another choice of the training images that `train_fraction` and `train_limit` leave, of the same split. Left out: that
    /// of `seed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subset_seed: Option<u64>,
    /// Use only so many training images, those of a smaller share first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_limit: Option<usize>,
    /// Use only so many validation images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_limit: Option<usize>,
    /// Use only so many test images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_limit: Option<usize>,
}

impl Default for SegmentationConfig {
    fn default() -> Self {
        Self {
            source: SegmentationSource::Auto,
            path: None,
            seed: 0,
            masks: MaskKind::Instances,
            classes: Vec::new(),
            grey: false,
            border: Border::default(),
            patch_size: 64,
            patches_per_image: 8,
            valid_fraction: 0.15,
            test_fraction: 0.25,
            train_stains: None,
            test_stains: None,
            train_fraction: 1.0,
            subset_seed: None,
            train_limit: None,
            valid_limit: None,
            test_limit: None,
        }
    }
}

impl SegmentationConfig {
    /// A source with its defaults.
    pub fn new(source: SegmentationSource) -> Self {
        Self {
            source,
            ..Self::default()
        }
    }

    /// Masks that hold classes of these names.
    pub fn with_classes(mut self, classes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.masks = MaskKind::Classes;
        self.classes = classes.into_iter().map(Into::into).collect();
        self
    }

    /// Whether images have one channel.
    pub fn with_grey(mut self, grey: bool) -> Self {
        self.grey = grey;
        self
    }

    /// How far the border of an instance reaches.
    pub fn with_border(mut self, border: Border) -> Self {
        self.border = border;
        self
    }

    /// Rows and columns of a training patch.
    pub fn with_patch_size(mut self, patch_size: usize) -> Self {
        self.patch_size = patch_size;
        self
    }

    /// How many patches an epoch has of each training image.
    pub fn with_patches_per_image(mut self, patches_per_image: usize) -> Self {
        self.patches_per_image = patches_per_image;
        self
    }

    /// The shares of the images that are for validation and for testing.
    pub fn with_held_out(mut self, valid_fraction: f64, test_fraction: f64) -> Self {
        (self.valid_fraction, self.test_fraction) = (valid_fraction, test_fraction);
        self
    }

    /// The stains of the training and validation images.
    pub fn with_train_stains(
        mut self,
        stains: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.train_stains = Some(stains.into_iter().map(Into::into).collect());
        self
    }

    /// The stains of the test images.
    pub fn with_test_stains(mut self, stains: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.test_stains = Some(stains.into_iter().map(Into::into).collect());
        self
    }

    /// Another choice of the training images of a share.
    pub fn with_subset_seed(mut self, subset_seed: u64) -> Self {
        self.subset_seed = Some(subset_seed);
        self
    }

    /// Channels of the images.
    pub fn channels(&self) -> usize {
        if self.grey { 1 } else { 3 }
    }

    /// The names of the classes.
    pub fn class_names(&self) -> Vec<String> {
        match self.masks {
            MaskKind::Classes => self.classes.clone(),
            MaskKind::Instances => CLASS_NAMES.map(String::from).to_vec(),
        }
    }

    /// Whether the settings make sense. No data is looked for.
    ///
    /// # Errors
    /// The first setting that cannot work, with what is expected.
    pub fn validate(&self) -> Result<(), DatasetError> {
        self.check_classes()?;
        for (field, number, most) in [
            ("patch_size", self.patch_size, 4096),
            ("patches_per_image", self.patches_per_image, 1 << 20),
        ] {
            if !(1..=most).contains(&number) {
                let expected = format!("1 to {most}");
                return Err(DatasetError::setting(field, expected, number));
            }
        }
        deal::check_shares([self.valid_fraction, self.test_fraction])?;
        self.border.validate()?;
        part::check(self.train_fraction)
    }

    /// Whether the names of the classes fit the masks.
    fn check_classes(&self) -> Result<(), DatasetError> {
        let wrong =
            |expected: &str, found: String| Err(DatasetError::setting("classes", expected, found));
        if self.masks == MaskKind::Instances {
            return match self.classes.is_empty() || self.classes == CLASS_NAMES {
                true => Ok(()),
                false => wrong(
                    "none where `masks` are instances: their classes are background, interior and border",
                    self.classes.join(", "),
                ),
            };
        }
        if !(2..=256).contains(&self.classes.len()) {
            return wrong(
                "2 to 256 names, that of class 0 first, where `masks` are classes",
                format!("{} of them", self.classes.len()),
            );
        }
        for (place, name) in self.classes.iter().enumerate() {
            if name.trim().is_empty() || self.classes[..place].contains(name) {
                return wrong("different names", format!("{name:?} as number {place}"));
            }
        }
        Ok(())
    }

    /// [`SegmentationSource::Auto`] becomes the source that it means.
    ///
    /// # Errors
    /// Where there is nothing that it could mean.
    pub fn resolve(&mut self) -> Result<(), DatasetError> {
        if self.source == SegmentationSource::Auto {
            self.source = self.listing()?.source();
        }
        Ok(())
    }

    /// Whether the images cannot be found, or would be others, without being told where they lie.
    pub fn needs_a_place(&self) -> bool {
        self.source == SegmentationSource::Folder && self.path.is_some()
    }

    /// Turns to the same kind of data in another folder, all of it: without share, limits and stains.
    pub fn use_all_of(&mut self, path: &Path) {
        *self = self.whole().with_path(path);
        (self.train_stains, self.test_stains) = (None, None);
        self.source = SegmentationSource::Folder;
    }

    /// Where the images come from, in a sentence.
    pub fn origin(&self) -> String {
        let place = match (self.listing(), &self.path) {
            (Ok(listing), _) => listing.origin(),
            (Err(_), Some(path)) => format!("images and masks of {}", path.display()),
            (Err(_), None) => "images and masks of the data folder".into(),
        };
        self.origin_at(&place)
    }

    /// The same where the place is known.
    pub(super) fn origin_at(&self, place: &str) -> String {
        let border = match self.masks {
            MaskKind::Classes => String::new(),
            MaskKind::Instances => self.border.words(),
        };
        let subset = match self.subset_seed {
            Some(seed) => format!(", subset of seed {seed}"),
            None => String::new(),
        };
        let stains = self.stains().words();
        format!("{place}{border}{stains}, seed {}{subset}", self.seed)
    }

    /// What there is to read.
    pub(super) fn listing(&self) -> Result<Listing, DatasetError> {
        Listing::find(self.source, self.path.as_deref())
    }

    fn stains(&self) -> Stains<'_> {
        Stains {
            train: self.train_stains.as_deref(),
            test: self.test_stains.as_deref(),
        }
    }

    /// The images of each split that are used, sorted.
    pub(super) fn deal(&self, listing: &Listing) -> Result<[Vec<usize>; 3], DatasetError> {
        let (images, stains) = (&listing.images, self.stains());
        stains.check(images)?;
        let uses = |stain: &str| stains.uses(stain);
        let mut splits = match &listing.splits {
            Some(known) => {
                let places = |split: Split| {
                    let own = (0..images.len()).filter(|image| {
                        let [trains, tests] = uses(&images[*image].stain);
                        let is_used = if split == Split::Test { tests } else { trains };
                        known[*image] == split && is_used
                    });
                    deal::reordered(images, own.collect(), self.seed)
                };
                Split::THREE.map(places)
            }
            None => {
                let shares = [self.valid_fraction, self.test_fraction];
                let [train, valid, test] = deal::deal(images, shares, uses, self.seed);
                let [valid, test] = [valid, test].map(|dealt| deal::spread(images, &dealt));
                [train, valid, test]
            }
        };
        let train = &mut splits[0];
        if let Some(seed) = self.subset_seed {
            *train = deal::reordered(images, std::mem::take(train), seed);
        }
        train.truncate(part::share(train.len(), self.train_fraction));
        for (split, limit) in splits.iter_mut().zip(self.limits()) {
            split.truncate(limit.unwrap_or(usize::MAX));
            split.sort_unstable();
        }
        Ok(splits)
    }
}

shared_settings!(SegmentationConfig: path, seed, train_fraction, limits);
