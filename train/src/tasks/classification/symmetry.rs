//! How a classifier turns with its images: under the elements of its own group, on as many images as take about ten seconds.

use burn::prelude::*;
use gcnn_models::ImageModel;

use super::Classification;
use crate::TrainError;
use crate::task::equivariance::images::{affordable, own_elements, survey_heard};
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
        let outputs = |images| model.outputs(images);
        let mut found = survey_heard(group, elements, images, outputs, seen);
        if self.targets().is_some() {
            // Numbers and labels are no choice between outputs.
            let outputs = found.outputs.iter_mut();
            outputs.for_each(|output| output.same_largest = None);
        }
        Ok(found)
    }
}
