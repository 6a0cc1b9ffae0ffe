//! What a network for images is built for.

use burn::prelude::*;
use gcnn_datasets::image_folder::is_same_class;
use gcnn_datasets::{ChannelNormalisation, ImageDataset, Splits};
use gcnn_models::{ImageModel, ImageModelConfig, InputShape};
use serde::{Deserialize, Serialize};

use crate::TrainError;

/// What a network for images is built for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageFormat {
    /// Channels, 1 for grey.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Number of classes.
    pub classes: usize,
    /// What the classes are called, where they have names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_names: Option<Vec<String>>,
    /// What is subtracted and divided by, per channel.
    pub normalisation: ChannelNormalisation,
}

impl ImageFormat {
    /// The format of a data set.
    pub fn of(splits: &Splits) -> Self {
        Self {
            channels: splits.train.channels(),
            height: splits.train.height(),
            width: splits.train.width(),
            classes: splits.train.classes(),
            class_names: splits.train.class_names().map(<[String]>::to_vec),
            normalisation: splits.normalisation.clone(),
        }
    }

    /// A network of a run's `[model]` table for such images.
    pub fn network(
        &self,
        model: &ImageModelConfig,
        device: &Device,
    ) -> Result<ImageModel, TrainError> {
        Ok(model.init(self.input(), self.classes, device)?)
    }

    /// The images, as networks are told of them.
    pub fn input(&self) -> InputShape {
        InputShape {
            channels: self.channels,
            height: self.height,
            width: self.width,
        }
    }

    /// Whether the numbers make sense.
    pub fn validate(&self) -> Result<(), TrainError> {
        self.input().check_limits(self.classes)?;
        if let Some(names) = &self.class_names
            && names.len() != self.classes
        {
            return Err(TrainError::Mismatch(format!(
                "there are {} names for {} classes",
                names.len(),
                self.classes
            )));
        }
        Ok(self.normalisation.validate(self.channels)?)
    }

    /// What the classes are called, or their numbers.
    pub fn class_names(&self) -> Vec<String> {
        match &self.class_names {
            Some(names) => names.clone(),
            None => (0..self.classes).map(|class| class.to_string()).collect(),
        }
    }

    /// Whether images of a data set fit the network.
    pub fn accepts(&self, images: &ImageDataset) -> Result<(), TrainError> {
        let found = (images.shape(), images.classes());
        let expected = ([self.channels, self.height, self.width], self.classes);
        if found != expected {
            let words = |([c, h, w], classes): ([usize; 3], usize)| {
                format!("{c}×{h}×{w} images (channels×height×width) in {classes} classes")
            };
            return Err(TrainError::Mismatch(format!(
                "the network is for {}; the data has {}",
                words(expected),
                words(found)
            )));
        }
        // Classes go by number: under other names, or in another order, they are other classes.
        if let (Some(own), Some(others)) = (&self.class_names, images.class_names())
            && (own.len() != others.len()
                || !own.iter().zip(others).all(|(a, b)| is_same_class(a, b)))
        {
            return Err(TrainError::Mismatch(format!(
                "the network is for the classes {}; the data has {}",
                own.join(", "),
                others.join(", ")
            )));
        }
        Ok(())
    }
}
