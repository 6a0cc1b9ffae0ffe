//! Tasks whose examples are pictures, and whose networks say something of them that stays when they turn.
//!
//! ```text
//! classification   logits
//! segmentation     ln of the share of each class: what the softmax of all pixels is on average
//! ```

use std::ops::Range;

use burn::prelude::*;
use burn::tensor::activation::softmax;
use gcnn_datasets::ChannelNormalisation;
use gcnn_layers::Group;
use gcnn_layers::equivariance::Feature;
use gcnn_models::{ImageModel, SegmentationModel};
use gcnn_train::TrainError;
use gcnn_train::task::Task;
use gcnn_train::task::targets::TargetFormat;
use gcnn_train::tasks::classification::Classification;
use gcnn_train::tasks::segmentation::Segmentation;

/// A task whose examples are pictures.
pub(super) trait Pictured: Task {
    /// Some of the test pictures on a device, as the network sees them, `[range, channels, height, width]`.
    fn pictures(&self, range: Range<usize>, device: &Device) -> Result<Tensor<4>, TrainError>;

    /// What pictures are normalised by.
    fn pixels_by(&self) -> &ChannelNormalisation;

    /// What the last output's numbers are called.
    fn answer_names(&self) -> Vec<String>;

    /// What they are, where they don't stand for classes.
    fn answer_format(&self) -> Option<&TargetFormat>;

    /// Where the pictures come from, in a sentence.
    fn about_pictures(&self) -> &str;

    /// The group that a network is equivariant under.
    fn group(model: &Self::Model) -> &Group;

    /// What a network says layer by layer, by name; the last output has a number for each class.
    fn outputs(model: &Self::Model, images: Tensor<4>) -> Vec<(String, Feature)>;
}

impl Pictured for Classification {
    fn pictures(&self, range: Range<usize>, device: &Device) -> Result<Tensor<4>, TrainError> {
        self.test_images(range, device)
    }

    fn pixels_by(&self) -> &ChannelNormalisation {
        self.normalisation()
    }

    fn answer_names(&self) -> Vec<String> {
        self.class_names()
    }

    fn answer_format(&self) -> Option<&TargetFormat> {
        self.targets()
    }

    fn about_pictures(&self) -> &str {
        self.about_data()
    }

    fn group(model: &ImageModel) -> &Group {
        model.group()
    }

    fn outputs(model: &ImageModel, images: Tensor<4>) -> Vec<(String, Feature)> {
        model.outputs(images)
    }
}

impl Pictured for Segmentation {
    fn pictures(&self, range: Range<usize>, device: &Device) -> Result<Tensor<4>, TrainError> {
        self.test_middles(range, device)
    }

    fn pixels_by(&self) -> &ChannelNormalisation {
        &self.format().normalisation
    }

    fn answer_names(&self) -> Vec<String> {
        self.format().class_names.clone()
    }

    fn answer_format(&self) -> Option<&TargetFormat> {
        None
    }

    fn about_pictures(&self) -> &str {
        self.about_data()
    }

    fn group(model: &SegmentationModel) -> &Group {
        model.group()
    }

    fn outputs(model: &SegmentationModel, images: Tensor<4>) -> Vec<(String, Feature)> {
        let mut outputs = model.outputs(images);
        if let Some((_, Feature::Plane(scores))) = outputs.last() {
            let shares: Tensor<2> = softmax(scores.clone(), 1)
                .mean_dim(3)
                .mean_dim(2)
                .flatten(1, 3);
            outputs.push(("class shares".into(), Feature::Invariant(shares.log())));
        }
        outputs
    }
}
