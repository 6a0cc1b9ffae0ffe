//! How a classifier turns with its images: under the elements of its own group, on as many images as take about ten seconds.

use std::cell::RefCell;

use burn::prelude::*;
use gcnn_models::ImageModel;

use super::Classification;
use crate::TrainError;
use crate::task::equivariance::images::{affordable, own_elements, passes, survey};
use crate::task::equivariance::{Survey, Symmetric};

/// Images of the equivariance report: enough to see every class many times. Of large ones there are fewer.
const REPORT_IMAGES: usize = 128;

/// Under the elements of the network's own group.
impl Symmetric for Classification {
    fn survey(
        &self,
        model: &ImageModel,
        device: &Device,
        seen: &mut dyn FnMut(usize, usize),
    ) -> Result<Survey, TrainError> {
        let group = model.group();
        let elements = own_elements(group);
        let one = model.outputs(self.test_images(0..1, device)?);
        let most = self.test.count().min(REPORT_IMAGES);
        let plain = model.export().describe(self.format.input());
        let count = affordable(&elements, &one, plain.multiplications()?).min(most);
        let images = self.test_images(0..count, device)?;
        let all = count * passes(&elements);
        let heard = RefCell::new((0, seen));
        let outputs = |images: Tensor<4>| {
            let [batch, ..] = images.dims();
            let outputs = model.outputs(images);
            let (done, seen) = &mut *heard.borrow_mut();
            *done += batch;
            seen(*done, all);
            outputs
        };
        let mut found = survey(group, elements, images, &outputs);
        if self.targets().is_some() {
            // Numbers and labels are no choice between outputs.
            let outputs = found.outputs.iter_mut();
            outputs.for_each(|output| output.same_largest = None);
        }
        Ok(found)
    }
}
