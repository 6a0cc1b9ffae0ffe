//! What a network for images is built for.

use burn::prelude::*;
use gcnn_datasets::image_folder::is_same_class;
use gcnn_datasets::{ChannelNormalisation, ImageDataset, Splits};
use gcnn_models::{ImageModel, ImageModelConfig, InputShape};
use serde::{Deserialize, Serialize};

use crate::TrainError;
use crate::task::targets::TargetFormat;

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
    /// Number of classes, or of numbers or labels in their place: of the network's outputs.
    pub classes: usize,
    /// What the classes are called, where they have names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_names: Option<Vec<String>>,
    /// What stands in place of classes, where something does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub targets: Option<TargetFormat>,
    /// What is subtracted and divided by, per channel.
    pub normalisation: ChannelNormalisation,
}

impl ImageFormat {
    /// The format of a data set.
    ///
    /// # Errors
    /// Where a number that is to be learned is the same for all training images.
    pub fn of(splits: &Splits) -> Result<Self, TrainError> {
        let targets = splits.train.targets().map(TargetFormat::of).transpose()?;
        let outputs = targets.as_ref().map(|targets| targets.names.len());
        Ok(Self {
            channels: splits.train.channels(),
            height: splits.train.height(),
            width: splits.train.width(),
            classes: outputs.unwrap_or(splits.train.classes()),
            class_names: splits.train.class_names().map(<[String]>::to_vec),
            targets,
            normalisation: splits.normalisation.clone(),
        })
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
        if let Some(targets) = &self.targets {
            targets.validate(self.classes)?;
        }
        Ok(self.normalisation.validate(self.channels)?)
    }

    /// What the outputs are called: classes, or what stands in their place.
    pub fn output_names(&self) -> Vec<String> {
        match &self.targets {
            Some(targets) => targets.names.clone(),
            None => self.class_names(),
        }
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
        if self.targets.is_some() || images.targets().is_some() {
            return self.accepts_targets(images);
        }
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

    /// The same where the network or the images have something in place of classes.
    fn accepts_targets(&self, images: &ImageDataset) -> Result<(), TrainError> {
        let own = match &self.targets {
            Some(targets) => targets.words(),
            None => format!("classes {}", self.class_names().join(", ")),
        };
        let (is_same, others) = match (&self.targets, images.targets()) {
            (Some(own), Some(others)) => {
                let is_same = (own.kind, &own.names[..]) == (others.kind(), others.names());
                let words = format!("{:?} {}", others.kind(), others.names().join(", "));
                (is_same, words.to_lowercase())
            }
            (_, None) => (false, "classes".into()),
            (None, Some(others)) => (false, others.names().join(", ")),
        };
        if !is_same {
            return Err(TrainError::Mismatch(format!(
                "the network is for the {own}; the data has {others}"
            )));
        }
        let expected = [self.channels, self.height, self.width];
        match images.shape() == expected {
            true => Ok(()),
            false => Err(TrainError::Mismatch(format!(
                "the network is for images of {expected:?} (channels, height, width); the data has {:?}",
                images.shape()
            ))),
        }
    }
}
