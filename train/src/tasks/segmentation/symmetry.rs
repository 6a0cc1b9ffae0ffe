//! How a map of classes turns with its image: under the elements of the network's own group, on parts of test images.

use std::ops::Range;

use burn::prelude::*;
use gcnn_models::SegmentationModel;

use super::Segmentation;
use crate::TrainError;
use crate::task::equivariance::images::{own_elements, survey_heard};
use crate::task::equivariance::{Survey, Symmetric};
use crate::task::{Split, Task};

/// Images of the report.
const REPORT_IMAGES: usize = 4;

/// Rows and columns of their middle that are turned.
const REPORT_SIDE: usize = 96;

impl Segmentation {
    /// The middle of some of the test images, as the network sees them, of as many pixels as the smallest of all has:
    /// `[range, channels, side, side]`.
    ///
    /// # Errors
    /// Where there is no image.
    pub fn test_middles(
        &self,
        range: Range<usize>,
        device: &Device,
    ) -> Result<Tensor<4>, TrainError> {
        let sides = self
            .test
            .scenes()
            .iter()
            .map(|scene| scene.height.min(scene.width));
        let side = sides.fold(REPORT_SIDE, usize::min);
        let mut middles: Vec<Tensor<4>> = Vec::new();
        for batch in self
            .batches(Split::Test)?
            .skip(range.start)
            .take(range.len())
        {
            let images = super::images(&batch?, device);
            let [_, _, height, width] = images.dims();
            let corner = [(height - side) / 2, (width - side) / 2];
            middles.push(images.narrow(2, corner[0], side).narrow(3, corner[1], side));
        }
        match middles.is_empty() {
            true => Err(TrainError::Mismatch(
                "there are no examples in this data".into(),
            )),
            false => Ok(Tensor::cat(middles, 0)),
        }
    }
}

/// Under the elements of the network's own group.
impl Symmetric for Segmentation {
    fn survey(
        &self,
        model: &SegmentationModel,
        device: &Device,
        seen: &mut dyn FnMut(usize, usize),
    ) -> Result<Survey, TrainError> {
        let group = model.group();
        let elements = own_elements(group);
        let images = self.test_middles(0..REPORT_IMAGES, device)?;
        let outputs = |images| model.outputs(images);
        Ok(survey_heard(group, elements, images, outputs, seen))
    }
}
