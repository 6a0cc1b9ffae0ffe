//! What is learned from which data, by which network.

use std::path::Path;

use gcnn_datasets::{Augmentation, NBodyAugmentation, NBodyConfig, SegmentationConfig};
use gcnn_models::points::{DynamicsConfig, NeighbourhoodConfig};
use gcnn_models::{ImageModelConfig, SegmentationModelConfig};

use super::image_datasets::{ImageDatasetConfig, TaskName};

/// Data and network of a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Experiment {
    /// Classification of images.
    Images(ImageExperiment),
    /// Classes of pixels.
    Segmentation(SegmentationExperiment),
    /// Motion of particles.
    NBody(ParticleExperiment),
}

/// Classification of images.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageExperiment {
    /// Where the data comes from.
    pub dataset: ImageDatasetConfig,
    /// The network.
    pub model: ImageModelConfig,
    /// Random changes of training images.
    pub augmentation: Augmentation,
}

/// Classes of pixels.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SegmentationExperiment {
    /// Where the data comes from.
    pub dataset: SegmentationConfig,
    /// The network.
    pub model: SegmentationModelConfig,
    /// Random changes of training patches.
    pub augmentation: Augmentation,
}

/// Motion of particles.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ParticleExperiment {
    /// Where the data comes from.
    pub dataset: NBodyConfig,
    /// Which particles hear each other.
    pub graph: NeighbourhoodConfig,
    /// The network.
    pub model: DynamicsConfig,
    /// Random symmetries of training simulations.
    pub augmentation: NBodyAugmentation,
}

impl ParticleExperiment {
    /// The same kind of data in another place: whatever is there, not as many simulations as the run takes.
    pub fn data_at(&self, path: &Path) -> NBodyConfig {
        NBodyConfig {
            particles: None,
            ..(self.dataset.clone().with_path(path)).with_sizes([usize::MAX; 3])
        }
    }
}

impl Experiment {
    /// The default experiment of a task.
    pub fn new(task: TaskName) -> Self {
        match ImageDatasetConfig::of(task) {
            Some(dataset) => Self::Images(ImageExperiment {
                dataset,
                model: Default::default(),
                augmentation: Default::default(),
            }),
            None if task == TaskName::Segmentation => Self::Segmentation(Default::default()),
            None => Self::NBody(Default::default()),
        }
    }

    /// The network in a few words.
    pub fn network(&self) -> String {
        match self {
            Self::Images(own) => {
                let (group, kind) = (own.model.group(), own.model.kind());
                match (group.order(), kind) {
                    (1, "densenet") => "plain DenseNet".into(),
                    (_, "densenet") => format!("DenseNet over {group}"),
                    (1, "wavelet") => "plain CNN of waveforms".into(),
                    (_, "wavelet") => format!("wavelet network over {group}"),
                    (1, _) => "plain CNN".into(),
                    _ => format!("G-CNN over {group}"),
                }
            }
            Self::Segmentation(own) => match own.model.group().order() {
                1 => "plain U-Net".into(),
                _ => format!("U-Net over {}", own.model.group()),
            },
            Self::NBody(own) => own.model.kind().into(),
        }
    }

    /// What is learned.
    pub fn task(&self) -> TaskName {
        match self {
            Self::Images(own) => own.dataset.task(),
            Self::Segmentation(_) => TaskName::Segmentation,
            Self::NBody(_) => TaskName::NBody,
        }
    }
}
