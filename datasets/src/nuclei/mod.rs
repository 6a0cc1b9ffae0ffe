//! Nuclei: patches of stained tissue around a pixel, which is background, the inside of a nucleus or its border.
//!
//! ```text
//! NAME.png          the tissue, 8-bit colour; with `grey`, 8-bit grey
//! NAME_labels.png   for each pixel the number of its nucleus, 16 bits, 0 for none
//! index.csv         optional: the columns `image` (NAME) and `stain`, between commas, semicolons or tabs
//! ```
//!
//! Tissue has no up: a turned patch has the same class. Each image gives equally many patches of each class, drawn without
//! replacement among the pixels that the patch fits around, and so as many as its rarest class has: images that give fewer
//! than asked are told in the data's description. [`Tissue::classes`] has the exact rule of the classes. A patch of
//! an even size, whose centre lies between four pixels, has a class where all four have it. Images,
//! not patches, are dealt to training, validation and test, with every stain in each of them or, with `train_stains` and
//! `test_stains`, some stains in training and others in the test; and each patch knows the
//! [image that it was cut from](crate::ImageDataset::sources), for intervals over images.
//!
//! The crate carries 24 images, for trying things out. Any folder in this layout will do, for example one made from the
//! 2018 Data Science Bowl, whose images the carried ones are (BBBC038, CC0). Source: Caicedo et al. 2019, "Nucleus
//! segmentation across imaging experiments: the 2018 Data Science Bowl".

mod border;
pub(crate) mod built_in;
mod classes;
pub(crate) mod deal;
pub(crate) mod folder;
pub(crate) mod index;
mod labels;
pub(crate) mod losses;
pub(crate) mod names;
mod patches;
pub(crate) mod stains;
mod tissue;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::DatasetError;
use crate::images::settings::shared_settings;
use crate::images::{ImageSource, Places, Split, SplitImages, Splits, part};
pub use border::{BORDER, Border};
pub use built_in::BUILT_IN_NAMES;
use folder::Folder;
pub(crate) use labels::Labels;
use losses::Losses;
pub use names::TissueName;
use patches::Cut;
use stains::Stains;
pub use tissue::Tissue;

/// The name that reports use.
const NAME: &str = "nuclei";

/// Background, interior and border.
pub const CLASSES: usize = 3;

/// What the classes are called.
pub const CLASS_NAMES: [&str; CLASSES] = ["background", "interior", "border"];

/// Where tissue images come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum NucleiSource {
    /// The folder, if there is one in the data folder or `path` says so, otherwise the images that the crate carries.
    #[default]
    Auto,
    /// The images that the crate carries.
    BuiltIn,
    /// The folder.
    Folder,
}

/// Configuration of patches of nuclei.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct NucleiConfig {
    /// Where the images come from: "auto", "built-in" or "folder".
    pub source: NucleiSource,
    /// The folder. Left out: `nuclei` in the [data folder](crate::folders::data_folder).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// The seed of the split and of the choice of pixels.
    pub seed: u64,
    /// Rows and columns of a patch.
    pub patch_size: usize,
    /// How many patches an image gives at most, a third of them of each class.
    pub patches_per_image: usize,
    /// Whether images are grey, as fluorescence is: patches have one channel then. Colour images are refused then, and grey ones
    /// otherwise.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub grey: bool,
    /// How far the border of a nucleus reaches: { pixels = 2 }, or { relative = 0.1 }, a tenth of the median diameter of the image's
    /// nuclei, at least a pixel. Where that is narrow, an odd `patch_size` finds more patches: of an even one four pixels have to
    /// be border. Left out: 2 pixels.
    #[serde(skip_serializing_if = "Border::is_default")]
    pub border: Border,
    /// The share of the images that are for validation.
    pub valid_fraction: f64,
    /// The share of the images that are for testing, of those that may be trained on and tested on.
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
    /// Use only so many training patches, taken from all images and of all classes in turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_limit: Option<usize>,
    /// Use only so many validation patches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_limit: Option<usize>,
    /// Use only so many test patches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_limit: Option<usize>,
}

impl Default for NucleiConfig {
    fn default() -> Self {
        Self {
            source: NucleiSource::Auto,
            path: None,
            seed: 0,
            patch_size: 32,
            patches_per_image: 216,
            grey: false,
            border: Border::default(),
            valid_fraction: 0.15,
            test_fraction: 0.25,
            train_stains: None,
            test_stains: None,
            train_fraction: 1.0,
            train_limit: None,
            valid_limit: None,
            test_limit: None,
        }
    }
}

/// A tissue image and what it is used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DealtImage {
    /// Its name and stain.
    pub image: TissueName,
    /// The split that its patches are in. None: a training image that `train_fraction` leaves out, or an image of a stain that is
    /// not used.
    pub split: Option<Split>,
}

impl NucleiConfig {
    /// A source with its defaults.
    pub fn new(source: NucleiSource) -> Self {
        Self {
            source,
            ..Self::default()
        }
    }

    /// Rows and columns of a patch.
    pub fn with_patch_size(mut self, patch_size: usize) -> Self {
        self.patch_size = patch_size;
        self
    }

    /// How many patches an image gives at most.
    pub fn with_patches_per_image(mut self, patches_per_image: usize) -> Self {
        self.patches_per_image = patches_per_image;
        self
    }

    /// The shares of the images that are for validation and for testing.
    pub fn with_held_out(mut self, valid_fraction: f64, test_fraction: f64) -> Self {
        (self.valid_fraction, self.test_fraction) = (valid_fraction, test_fraction);
        self
    }

    /// Whether images are grey.
    pub fn with_grey(mut self, grey: bool) -> Self {
        self.grey = grey;
        self
    }

    /// How far the border of a nucleus reaches.
    pub fn with_border(mut self, border: Border) -> Self {
        self.border = border;
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

    fn stains(&self) -> Stains<'_> {
        Stains {
            train: self.train_stains.as_deref(),
            test: self.test_stains.as_deref(),
        }
    }

    /// Every image with its split. The number of an image in [`ImageDataset::sources`](crate::ImageDataset::sources) is its place in this list.
    pub fn images(&self) -> Result<Vec<DealtImage>, DatasetError> {
        self.validate()?;
        let folder = Folder::find(self.source, self.path.as_deref())?;
        let mut dealt: Vec<DealtImage> = folder
            .images
            .iter()
            .map(|image| DealtImage {
                image: image.clone(),
                split: None,
            })
            .collect();
        for (split, chosen) in [Split::Train, Split::Valid, Split::Test]
            .into_iter()
            .zip(self.deal(&folder)?)
        {
            for image in chosen {
                dealt[image].split = Some(split);
            }
        }
        Ok(dealt)
    }

    /// Reads one whole image by its name.
    pub fn tissue(&self, name: &str) -> Result<Tissue, DatasetError> {
        let folder = Folder::find(self.source, self.path.as_deref())?;
        let image = folder.images.iter().position(|image| image.name == name);
        let image = image.ok_or_else(|| {
            let expected = format!("the name of one of {}", folder.origin());
            DatasetError::setting("name", expected, name)
        })?;
        folder.read(image, self.grey)
    }

    fn origin(&self, folder: &Folder) -> String {
        let Self {
            patch_size, seed, ..
        } = self;
        format!(
            "patches of {patch_size} × {patch_size} from {}{}{}, seed {seed}",
            folder.origin(),
            self.border.words(),
            self.stains().words(),
        )
    }

    fn cut<'a>(&self, folder: &'a Folder) -> Cut<'a> {
        Cut {
            folder,
            size: self.patch_size,
            per_image: self.patches_per_image,
            grey: self.grey,
            border: self.border,
            seed: self.seed,
        }
    }

    /// The images of each split, sorted.
    fn deal(&self, folder: &Folder) -> Result<[Vec<usize>; 3], DatasetError> {
        let stains = self.stains();
        stains.check(&folder.images)?;
        let shares = [self.valid_fraction, self.test_fraction];
        let uses = |stain: &str| stains.uses(stain);
        let mut splits = deal::deal(&folder.images, shares, uses, self.seed);
        let used = part::share(splits[0].len(), self.train_fraction);
        splits[0].truncate(used);
        splits.iter_mut().for_each(|split| split.sort_unstable());
        Ok(splits)
    }
}

shared_settings!(NucleiConfig: path, seed, train_fraction, limits);

impl ImageSource for NucleiConfig {
    fn validate(&self) -> Result<(), DatasetError> {
        if !(1..=4096).contains(&self.patch_size) {
            let expected = "1 to 4096 pixels";
            return Err(DatasetError::setting(
                "patch_size",
                expected,
                self.patch_size,
            ));
        }
        if !(CLASSES..=1 << 20).contains(&self.patches_per_image) {
            let expected = format!("{CLASSES} to {}", 1 << 20);
            return Err(DatasetError::setting(
                "patches_per_image",
                expected,
                self.patches_per_image,
            ));
        }
        deal::check_shares([self.valid_fraction, self.test_fraction])?;
        self.border.validate()?;
        part::check(self.train_fraction)
    }

    /// [`NucleiSource::Auto`] becomes the source that it means.
    fn resolve(&mut self) -> Result<(), DatasetError> {
        if self.source == NucleiSource::Auto {
            self.source = Folder::find(self.source, self.path.as_deref())?.source();
        }
        Ok(())
    }

    fn load(&self) -> Result<Splits, DatasetError> {
        self.validate()?;
        let folder = Folder::find(self.source, self.path.as_deref())?;
        let limits = self.limits();
        let [train, valid, test] = self.deal(&folder)?;
        let mut losses = Losses::default();
        let mut cut = |chosen: &[usize], split: usize| {
            let (images, lost) = self.cut(&folder).patches(chosen, limits[split])?;
            losses.add(lost);
            Ok::<_, DatasetError>(images)
        };
        let (train, valid, test) = (cut(&train, 0)?, cut(&valid, 1)?, cut(&test, 2)?);
        Splits::new(
            NAME,
            &format!("{}{losses}", self.origin(&folder)),
            train,
            valid,
            test,
        )
    }

    /// [`Split::All`] has the patches of every image: what a folder is evaluated on that nothing was trained on.
    fn load_split(&self, split: Split) -> Result<SplitImages, DatasetError> {
        self.validate()?;
        let folder = Folder::find(self.source, self.path.as_deref())?;
        let [train, valid, test] = self.deal(&folder)?;
        let (chosen, limit) = match split {
            Split::Train => (train, self.train_limit),
            Split::Valid => (valid, self.valid_limit),
            Split::Test => (test, self.test_limit),
            Split::All => ((0..folder.images.len()).collect(), None),
        };
        let (images, losses) = self.cut(&folder).patches(&chosen, limit)?;
        Ok(SplitImages {
            images: Arc::new(images),
            origin: format!("{}{losses}", self.origin(&folder)),
        })
    }

    fn use_all_of(&mut self, path: &Path) -> Result<(), DatasetError> {
        *self = self.whole().with_path(path);
        // Stains of another folder may be called otherwise.
        (self.train_stains, self.test_stains) = (None, None);
        self.source = NucleiSource::Folder;
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
        let channels = if self.grey { 1 } else { 3 };
        Some([channels, self.patch_size, self.patch_size])
    }

    fn has_patches(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests;
