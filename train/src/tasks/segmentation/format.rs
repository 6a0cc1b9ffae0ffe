//! What a network for pixels is built for.

use gcnn_datasets::{
    ChannelNormalisation, MaskKind, SegmentationConfig, SegmentationDataset, SegmentationSplits,
};
use gcnn_models::{InputShape, limits};
use serde::{Deserialize, Serialize};

use crate::TrainError;

/// What a network for pixels is built for; in the metadata of its weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentationFormat {
    /// Channels, 1 for grey.
    pub channels: usize,
    /// Rows and columns of the patches that it learned from; images may have any size.
    pub patch_size: usize,
    /// What the classes are called.
    pub class_names: Vec<String>,
    /// Whether the classes are background, interior and border of things, which can be told from each other.
    pub instances: bool,
    /// What is subtracted and divided by, per channel.
    pub normalisation: ChannelNormalisation,
}

impl SegmentationFormat {
    /// The format of a data set.
    pub fn of(splits: &SegmentationSplits, dataset: &SegmentationConfig) -> Self {
        Self {
            channels: splits.train.channels(),
            patch_size: dataset.patch_size,
            class_names: splits.train.class_names().to_vec(),
            instances: dataset.masks == MaskKind::Instances,
            normalisation: splits.normalisation.clone(),
        }
    }

    /// The patches, as networks are told of them.
    pub fn input(&self) -> InputShape {
        InputShape {
            channels: self.channels,
            height: self.patch_size,
            width: self.patch_size,
        }
    }

    /// Whether the numbers make sense.
    pub fn validate(&self) -> Result<(), TrainError> {
        let classes = self.class_names.len();
        self.input().check_limits(classes)?;
        if !(1..=limits::IMAGE_SIDE).contains(&self.channels) || !(2..=256).contains(&classes) {
            return Err(TrainError::Mismatch(format!(
                "a network for pixels has 1 to {} channels and 2 to 256 classes, not {} and {classes}",
                limits::IMAGE_SIDE,
                self.channels
            )));
        }
        if self.instances && classes != 3 {
            return Err(TrainError::Mismatch(format!(
                "instances have three classes, background, interior and border; there are {classes}"
            )));
        }
        Ok(self.normalisation.validate(self.channels)?)
    }

    /// Whether images of a data set fit the network.
    pub fn accepts(&self, images: &SegmentationDataset) -> Result<(), TrainError> {
        let found = (images.channels(), images.class_names());
        if found == (self.channels, &self.class_names[..]) {
            return Ok(());
        }
        let words = |channels: usize, names: &[String]| {
            format!("{channels} channels and the classes {}", names.join(", "))
        };
        Err(TrainError::Mismatch(format!(
            "the network is for images of {}; the data has {}",
            words(self.channels, &self.class_names),
            words(found.0, found.1)
        )))
    }
}
