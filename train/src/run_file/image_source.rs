//! Where images come from: any data set that gives labelled images in three splits.

use std::path::Path;

use gcnn_datasets::{
    DatasetError, ImageFolderConfig, NucleiConfig, NucleiSource, PcamConfig, RotatedMnistConfig,
    RotatedMnistSource, Split, SplitImages, Splits,
};

use super::TaskName;

/// A data set of images, the `[dataset]` table of a run file.
#[derive(Debug, Clone, PartialEq)]
pub enum ImageSource {
    /// Randomly rotated digits.
    RotatedMnist(RotatedMnistConfig),
    /// Patches of tissue around a pixel.
    Nuclei(NucleiConfig),
    /// PatchCamelyon.
    Pcam(PcamConfig),
    /// Folders of images.
    ImageFolder(ImageFolderConfig),
}

impl ImageSource {
    /// The default data set of a task.
    pub(super) fn new(task: TaskName) -> Self {
        match task {
            TaskName::Nuclei => Self::Nuclei(Default::default()),
            TaskName::Pcam => Self::Pcam(Default::default()),
            TaskName::ImageFolder => Self::ImageFolder(Default::default()),
            TaskName::RotatedMnist | TaskName::NBody => Self::RotatedMnist(Default::default()),
        }
    }

    /// The task that the data set is for.
    pub fn task(&self) -> TaskName {
        match self {
            Self::RotatedMnist(_) => TaskName::RotatedMnist,
            Self::Nuclei(_) => TaskName::Nuclei,
            Self::Pcam(_) => TaskName::Pcam,
            Self::ImageFolder(_) => TaskName::ImageFolder,
        }
    }

    /// Whether the settings make sense.
    pub fn validate(&self) -> Result<(), DatasetError> {
        match self {
            Self::RotatedMnist(config) => config.validate(),
            Self::Nuclei(config) => config.validate(),
            Self::Pcam(config) => config.validate(),
            // A folder is looked for when it is read, and may still be named.
            Self::ImageFolder(config) if config.path.as_os_str().is_empty() => Ok(()),
            Self::ImageFolder(config) => config.validate(),
        }
    }

    /// Whether images are patches, so that a larger image is made of many.
    pub fn has_patches(&self) -> bool {
        match self {
            Self::Nuclei(_) | Self::Pcam(_) | Self::ImageFolder(_) => true,
            Self::RotatedMnist(_) => false,
        }
    }

    /// Whether images are light strokes on a dark ground, as digits are, so that a picture of dark ones on light paper is
    /// meant the other way round.
    pub fn is_light_on_dark(&self) -> bool {
        match self {
            Self::RotatedMnist(_) => true,
            Self::Nuclei(_) | Self::Pcam(_) | Self::ImageFolder(_) => false,
        }
    }

    /// The same with what `source = "auto"` means on this machine, now.
    pub fn resolved(&self) -> Result<Self, DatasetError> {
        Ok(match self {
            Self::RotatedMnist(config) => Self::RotatedMnist(config.resolved()?),
            Self::Nuclei(config) => Self::Nuclei(config.resolved()?),
            other => other.clone(),
        })
    }

    /// Reads or makes all three splits.
    pub fn load(&self) -> Result<Splits, DatasetError> {
        match self {
            Self::RotatedMnist(config) => config.load(),
            Self::Nuclei(config) => config.load(),
            Self::Pcam(config) => config.load(),
            Self::ImageFolder(config) => config.load(),
        }
    }

    /// Reads or makes one split alone.
    pub fn load_split(&self, split: Split) -> Result<SplitImages, DatasetError> {
        match self {
            Self::RotatedMnist(config) => config.load_split(split),
            Self::Nuclei(config) => config.load_split(split),
            Self::Pcam(config) => config.load_split(split),
            Self::ImageFolder(config) => config.load_split(split),
        }
    }

    /// The same kind of data in another place, all of it.
    pub fn at(&self, path: &Path) -> Self {
        let whole = [None; 3];
        match self.clone() {
            Self::RotatedMnist(config) => Self::RotatedMnist(RotatedMnistConfig {
                source: RotatedMnistSource::Auto,
                train_fraction: 1.0,
                ..config.with_limits(whole).with_path(path)
            }),
            Self::Nuclei(config) => Self::Nuclei(NucleiConfig {
                source: NucleiSource::Folder,
                train_fraction: 1.0,
                ..config.with_limits(whole).with_path(path)
            }),
            Self::Pcam(config) => Self::Pcam(PcamConfig {
                path: Some(path.into()),
                train_fraction: 1.0,
                ..config.with_limits(whole)
            }),
            Self::ImageFolder(config) => Self::ImageFolder(ImageFolderConfig {
                path: path.into(),
                train_fraction: 1.0,
                ..config
            }),
        }
    }
}
