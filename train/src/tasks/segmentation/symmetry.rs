//! How a map of classes turns with its image: under the elements of the network's own group, on parts of test images.

use std::cell::RefCell;

use burn::prelude::*;
use gcnn_models::SegmentationModel;

use super::Segmentation;
use crate::TrainError;
use crate::task::equivariance::images::{own_elements, passes, survey};
use crate::task::equivariance::{Survey, Symmetric};
use crate::task::{Split, Task};

/// Images of the report.
const REPORT_IMAGES: usize = 4;

/// Rows and columns of their middle that are turned.
const REPORT_SIDE: usize = 96;

impl Segmentation {
    /// The middle of the first test images, as the network sees them: of as many as are as large as the first.
    ///
    /// # Errors
    /// Where there is no image.
    pub fn test_middles(&self, count: usize, device: &Device) -> Result<Tensor<4>, TrainError> {
        let mut middles: Vec<Tensor<4>> = Vec::new();
        for batch in self.batches(Split::Test)?.take(count) {
            let images = super::images(&batch?, device);
            let [_, _, height, width] = images.dims();
            let side = height.min(width).min(REPORT_SIDE);
            if middles.first().is_some_and(|first| first.dims()[2] != side) {
                continue;
            }
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
        let images = self.test_middles(REPORT_IMAGES, device)?;
        let all = images.dims()[0] * passes(&elements);
        let heard = RefCell::new((0, seen));
        let outputs = |images: Tensor<4>| {
            let [batch, ..] = images.dims();
            let outputs = model.outputs(images);
            let (done, seen) = &mut *heard.borrow_mut();
            *done += batch;
            seen(*done, all);
            outputs
        };
        Ok(survey(group, elements, images, &outputs))
    }
}
