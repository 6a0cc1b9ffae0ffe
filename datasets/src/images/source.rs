//! What every data set of labelled images answers, wherever its images come from.
//!
//! A new one is a configuration with `impl ImageSource`: networks, training and reports ask nothing else of it.

use std::fmt;
use std::path::{Path, PathBuf};

use super::{Split, SplitImages, Splits, TargetKind};
use crate::DatasetError;
use crate::image_folder::is_picture;
use crate::picture::Preparation;

/// A source of labelled images in three splits: the settings of a data set, which know how to read or make it.
///
/// ```
/// use gcnn_datasets::{DatasetError, ImageDataset, ImageSource, Split, Splits};
///
/// /// One light pixel, on the left or on the right.
/// #[derive(Debug)]
/// struct Sides;
///
/// impl ImageSource for Sides {
///     fn validate(&self) -> Result<(), DatasetError> {
///         Ok(())
///     }
///
///     fn load(&self) -> Result<Splits, DatasetError> {
///         let images = ImageDataset::from_bytes(vec![255, 0, 0, 255], vec![0, 1], [1, 1, 2], 2)?;
///         Splits::new("sides", "made here", images.clone(), images.clone(), images)
///     }
/// }
///
/// let source: &dyn ImageSource = &Sides;
/// assert_eq!(source.load_split(Split::All)?.images.count(), 6);
/// # Ok::<(), DatasetError>(())
/// ```
pub trait ImageSource: fmt::Debug {
    /// Whether the settings make sense. No data is looked for: what lies where is seen when it is read.
    ///
    /// # Errors
    /// The first setting that cannot work, with what is expected.
    fn validate(&self) -> Result<(), DatasetError>;

    /// Settles what depends on this machine and moment (`source = "auto"`): what is written down afterwards means the same
    /// images elsewhere and later, or none.
    ///
    /// # Errors
    /// Where there is nothing that the settings could mean.
    fn resolve(&mut self) -> Result<(), DatasetError> {
        Ok(())
    }

    /// The same with that settled.
    ///
    /// # Errors
    /// As of [`Self::resolve`].
    fn resolved(&self) -> Result<Self, DatasetError>
    where
        Self: Sized + Clone,
    {
        let mut resolved = self.clone();
        resolved.resolve()?;
        Ok(resolved)
    }

    /// Reads or makes all three splits.
    ///
    /// # Errors
    /// Where settings cannot work or files are missing or damaged.
    fn load(&self) -> Result<Splits, DatasetError>;

    /// Reads or makes one split alone. [`Split::All`] is for networks that were not trained on any of it: it has every image,
    /// whatever share or limits the settings name. A source that has such settings, or can read less than everything,
    /// says how.
    ///
    /// # Errors
    /// Where settings cannot work or files are missing or damaged.
    fn load_split(&self, split: Split) -> Result<SplitImages, DatasetError> {
        let splits = self.load()?;
        Ok(SplitImages {
            images: splits.get(split)?,
            origin: splits.description.origin,
        })
    }

    /// Turns to the same kind of data in another place, all of it: without share and limits.
    ///
    /// # Errors
    /// Where the images don't come from files.
    fn use_all_of(&mut self, path: &Path) -> Result<(), DatasetError> {
        let expected = "none: these images are not read from files";
        Err(DatasetError::setting(
            "dataset.path",
            expected,
            path.display(),
        ))
    }

    /// The places on this machine that the settings name.
    fn places(&self) -> Places {
        Places::default()
    }

    /// Replaces all of them.
    fn set_places(&mut self, _places: Places) {}

    /// Whether the data cannot be found, or would be other data, without being told where they lie.
    fn needs_a_place(&self) -> bool {
        false
    }

    /// `[channels, height, width]` of its images, as far as the settings alone tell.
    fn shape(&self) -> Option<[usize; 3]> {
        None
    }

    /// What its images have in place of a class, where they have something.
    fn targets(&self) -> Option<TargetKind> {
        None
    }

    /// Settles what the settings leave to the files, for a network that reads images of `[channels, height, width]`: those of
    /// another shape are brought to it, where the source can.
    fn bring_to(&mut self, _shape: [usize; 3]) {}

    /// Whether images are patches, so that a larger image is made of many.
    fn has_patches(&self) -> bool {
        false
    }

    /// Whether images are light strokes on a dark ground, as digits are, so that a picture of dark ones on light paper is
    /// meant the other way round.
    fn is_light_on_dark(&self) -> bool {
        false
    }

    /// Whether a file is named like one of its examples.
    fn is_example(&self, file: &Path) -> bool {
        is_picture(file)
    }

    /// A file as a network gets it, before it is normalised, where the source's examples are something else than pictures.
    fn read_example(&self, _file: &Path) -> Option<Result<Vec<f32>, DatasetError>> {
        None
    }

    /// What is done to a picture of another size on its way to a network, in training and wherever else the network is used.
    fn preparation(&self) -> Preparation {
        Preparation::default()
    }
}

/// Places on a machine. They are taken out of files that go to other people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// Where the data lies. None: where it is looked for by default.
    pub path: Option<PathBuf>,
    /// Where files that are made of it are kept. None: by default.
    pub cache: Option<PathBuf>,
}
