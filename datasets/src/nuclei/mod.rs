//! Nuclei: patches of stained tissue around a pixel, which is background, the inside of a nucleus or its border.
//!
//! ```text
//! NAME.png          the tissue, 8-bit colour
//! NAME_labels.png   for each pixel the number of its nucleus, 16 bits, 0 for none
//! index.csv         optional: the columns `image` (NAME) and `stain`, between commas, semicolons or tabs
//! ```
//!
//! Tissue has no up: a turned patch has the same class. Each image gives equally many patches of each class, drawn without
//! replacement among the pixels that the patch fits around, and so as many as its rarest class has: images that give fewer
//! than asked are told in the data's description. [`Tissue::classes`] has the exact rule of the classes. A patch of
//! an even size, whose centre lies between four pixels, has a class where all four have it. Images,
//! not patches, are dealt to training, validation and test, with every stain in each of them, and each patch knows the
//! [image that it was cut from](ImageDataset::sources), for intervals over images.
//!
//! The crate carries 24 images, for trying things out. Any folder in this layout will do, for example one made from the
//! 2018 Data Science Bowl, whose images the carried ones are (BBBC038, CC0). Source: Caicedo et al. 2019, "Nucleus
//! segmentation across imaging experiments: the 2018 Data Science Bowl".

mod built_in;
mod deal;
mod folder;
mod index;
mod losses;
mod tissue;

use std::path::PathBuf;
use std::sync::Arc;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::DatasetError;
use crate::images::{ImageDataset, Split, SplitImages, Splits, part};
use crate::random::{Purpose, Random};
pub use built_in::BUILT_IN_NAMES;
use folder::Folder;
pub use folder::TissueName;
use losses::Losses;
pub use tissue::{BORDER, Tissue};

/// The name that reports use.
const NAME: &str = "nuclei";

/// Background, interior and border.
pub const CLASSES: usize = 3;

/// What the classes are called.
pub const CLASS_NAMES: [&str; CLASSES] = ["background", "interior", "border"];

/// The most memory that the patches of a split may take: 8 GiB.
const MOST_BYTES: usize = 1 << 33;

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
    /// The share of the images that are for validation.
    pub valid_fraction: f64,
    /// The share of the images that are for testing.
    pub test_fraction: f64,
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
            valid_fraction: 0.15,
            test_fraction: 0.25,
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
    /// The split that its patches are in. None: a training image that `train_fraction` leaves out.
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

    /// The folder.
    pub fn with_path(mut self, path: impl Into<PathBuf>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// The seed of the split and of the choice of pixels.
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
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

    /// The share of the training images that are used.
    pub fn with_train_fraction(mut self, train_fraction: f64) -> Self {
        self.train_fraction = train_fraction;
        self
    }

    /// Use only so many training, validation and test patches.
    pub fn with_limits(mut self, [train, valid, test]: [Option<usize>; 3]) -> Self {
        (self.train_limit, self.valid_limit, self.test_limit) = (train, valid, test);
        self
    }

    /// Whether the settings make sense.
    pub fn validate(&self) -> Result<(), DatasetError> {
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
        for (field, fraction) in [
            ("valid_fraction", self.valid_fraction),
            ("test_fraction", self.test_fraction),
        ] {
            if !(0.0..1.0).contains(&fraction) {
                let expected = "a share from 0 to below 1";
                return Err(DatasetError::setting(field, expected, fraction));
            }
        }
        if self.valid_fraction + self.test_fraction >= 1.0 {
            return Err(DatasetError::setting(
                "test_fraction",
                "less than 1 together with valid_fraction, so that training images are left",
                self.test_fraction,
            ));
        }
        part::check(self.train_fraction)
    }

    /// The same with the source that [`NucleiSource::Auto`] means on this machine, now: elsewhere or later it may mean other
    /// images.
    pub fn resolved(&self) -> Result<Self, DatasetError> {
        let mut resolved = self.clone();
        if self.source == NucleiSource::Auto {
            resolved.source = Folder::find(self)?.source();
        }
        Ok(resolved)
    }

    /// Every image with its split. The number of an image in [`ImageDataset::sources`] is its place in this list.
    pub fn images(&self) -> Result<Vec<DealtImage>, DatasetError> {
        self.validate()?;
        let folder = Folder::find(self)?;
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
            .zip(self.deal(&folder))
        {
            for image in chosen {
                dealt[image].split = Some(split);
            }
        }
        Ok(dealt)
    }

    /// Reads one whole image by its name.
    pub fn tissue(&self, name: &str) -> Result<Tissue, DatasetError> {
        let folder = Folder::find(self)?;
        let image = folder.images.iter().position(|image| image.name == name);
        folder.read(image.ok_or_else(|| {
            let expected = format!("the name of one of {}", folder.origin());
            DatasetError::setting("name", expected, name)
        })?)
    }

    /// Cuts the patches of all three splits.
    pub fn load(&self) -> Result<Splits, DatasetError> {
        self.validate()?;
        let folder = Folder::find(self)?;
        let limits = [self.train_limit, self.valid_limit, self.test_limit];
        let [train, valid, test] = self.deal(&folder);
        let mut losses = Losses::default();
        let mut cut = |chosen: &[usize], split: usize| {
            let (images, lost) = self.cut(&folder, chosen, limits[split])?;
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

    /// Cuts the patches of one split alone. [`Split::All`] has the patches of every image, whatever `train_fraction` and
    /// the limits say: what a folder is evaluated on that nothing was trained on.
    pub fn load_split(&self, split: Split) -> Result<SplitImages, DatasetError> {
        self.validate()?;
        let folder = Folder::find(self)?;
        let [train, valid, test] = self.deal(&folder);
        let (chosen, limit) = match split {
            Split::Train => (train, self.train_limit),
            Split::Valid => (valid, self.valid_limit),
            Split::Test => (test, self.test_limit),
            Split::All => ((0..folder.images.len()).collect(), None),
        };
        let (images, losses) = self.cut(&folder, &chosen, limit)?;
        Ok(SplitImages {
            images: Arc::new(images),
            origin: format!("{}{losses}", self.origin(&folder)),
        })
    }

    fn origin(&self, folder: &Folder) -> String {
        let Self {
            patch_size, seed, ..
        } = self;
        format!(
            "patches of {patch_size} × {patch_size} from {}, seed {seed}",
            folder.origin()
        )
    }

    /// The images of each split, sorted.
    fn deal(&self, folder: &Folder) -> [Vec<usize>; 3] {
        let (valid, test) = (self.valid_fraction, self.test_fraction);
        let shares = [1.0 - valid - test, valid, test];
        let mut splits = deal::deal(&folder.images, shares, self.seed);
        let used = part::share(splits[0].len(), self.train_fraction);
        splits[0].truncate(used);
        splits.iter_mut().for_each(|split| split.sort_unstable());
        splits
    }

    /// Cuts the patches of some images: the first of each image, then the second of each, and so on. All patches of a turn are
    /// of one class, unless there is a limit: then images take turns at the classes too, so that any limit has about as many
    /// patches of each.
    fn cut(
        &self,
        folder: &Folder,
        images: &[usize],
        limit: Option<usize>,
    ) -> Result<(ImageDataset, Losses), DatasetError> {
        let patch_len = 3 * self.patch_size * self.patch_size;
        // A limit takes patches in turn, so that no image gives more than its part of it, rounded up.
        let share = limit.map_or(usize::MAX, |limit| limit.div_ceil(images.len().max(1)));
        let most = self.patches_per_image.min(share);
        if (patch_len * most).saturating_mul(images.len()) > MOST_BYTES {
            let expected = format!(
                "patches of at most {MOST_BYTES} bytes in {} images",
                images.len()
            );
            let found = format!("{most} of {patch_len} bytes each");
            return Err(DatasetError::setting("patches_per_image", expected, found));
        }
        let cut: Vec<Result<Patches, DatasetError>> = images
            .par_iter()
            .enumerate()
            .map(|(place, image)| {
                let first_class = limit.map_or(0, |_| place % CLASSES);
                self.cut_image(folder, *image, most, first_class)
            })
            .collect();
        // Of several faulty images the first in order is named, not the first that a thread came upon.
        let cut: Vec<Patches> = cut.into_iter().collect::<Result<_, _>>()?;
        let count: usize = cut.iter().map(|patches| patches.labels.len()).sum();
        let wanted = limit.unwrap_or(usize::MAX);
        let wanted = wanted.min(most / CLASSES * CLASSES * images.len());
        let mut losses = Losses::new(wanted, count.min(wanted));
        for (patches, image) in cut.iter().zip(images) {
            losses.look_at(&folder.images[*image].name, patches);
        }
        let mut pixels = Vec::with_capacity(count * patch_len);
        let mut labels = Vec::with_capacity(count);
        let mut sources = Vec::with_capacity(count);
        for turn in 0..most {
            for (patches, image) in cut.iter().zip(images) {
                if let Some(label) = patches.labels.get(turn) {
                    pixels.extend_from_slice(
                        &patches.pixels[turn * patch_len..(turn + 1) * patch_len],
                    );
                    labels.push(*label);
                    sources.push(*image as u32);
                }
            }
        }
        let shape = [3, self.patch_size, self.patch_size];
        let all = ImageDataset::from_bytes(pixels, labels, shape, CLASSES)?
            .with_sources(sources)?
            .with_class_names(CLASS_NAMES)?;
        let images = match limit {
            Some(limit) if limit < count => all.slice(0..limit),
            _ => all,
        };
        Ok((images, losses))
    }

    /// At most `most` patches of an image, one of each class in turn, beginning with `first_class`.
    fn cut_image(
        &self,
        folder: &Folder,
        image: usize,
        most: usize,
        first_class: usize,
    ) -> Result<Patches, DatasetError> {
        let tissue = folder.read(image)?;
        let size = self.patch_size;
        if tissue.size.iter().any(|extent| *extent < size) {
            let [height, width] = tissue.size;
            return Err(DatasetError::malformed(
                &folder.file(image),
                format!("an image of at least {size} × {size}, the size of a patch"),
                format!("{height} × {width}"),
            ));
        }
        let mut centres = tissue.centres(size);
        let places = centres.each_ref().map(Vec::len);
        let fewest = places.iter().copied().min().unwrap_or(0);
        let per_class = fewest.min(self.patches_per_image / CLASSES);
        let key = deal::key(&folder.images[image].name);
        for (class, centres) in centres.iter_mut().enumerate() {
            let mut random = Random::new(self.seed, Purpose::Patches, key, class as u64);
            // The beginning of a shuffle: more patches keep the first ones.
            for place in 0..per_class {
                let other = place + random.below(centres.len() - place);
                centres.swap(place, other);
            }
        }
        let count = most.min(per_class * CLASSES);
        let mut pixels = vec![0; count * 3 * size * size];
        let mut labels = Vec::with_capacity(count);
        for (number, patch) in pixels.chunks_exact_mut(3 * size * size).enumerate() {
            let class = (first_class + number) % CLASSES;
            let centre = centres[class][number / CLASSES] as usize;
            let centre = [centre / tissue.size[1], centre % tissue.size[1]];
            tissue.copy_patch(centre, size, patch);
            labels.push(class as u8);
        }
        Ok(Patches {
            pixels,
            labels,
            places,
            is_mask: tissue.is_mask(),
        })
    }
}

/// The patches of one image.
struct Patches {
    pixels: Vec<u8>,
    labels: Vec<u8>,
    /// How many pixels of each class a patch fits around.
    places: [usize; CLASSES],
    /// Whether its labels don't tell nuclei apart.
    is_mask: bool,
}

#[cfg(test)]
mod tests;
