//! Whole images, one after the other: what a network is measured on.

use std::sync::Arc;

use super::batch::SegmentationBatch;
use super::dataset::SegmentationDataset;
use crate::DatasetError;
use crate::images::ChannelNormalisation;

/// An iterator over every image once, in order, each a batch of its own: their sizes differ.
#[derive(Debug)]
pub struct SceneLoader {
    dataset: Arc<SegmentationDataset>,
    normalisation: Option<ChannelNormalisation>,
    next: usize,
}

impl SceneLoader {
    /// All images as they are.
    pub fn new(dataset: Arc<SegmentationDataset>) -> Self {
        Self {
            dataset,
            normalisation: None,
            next: 0,
        }
    }

    /// What to subtract and divide by.
    ///
    /// # Errors
    /// Where it is for another number of channels, or divides by nothing.
    pub fn with_normalisation(
        mut self,
        normalisation: Option<ChannelNormalisation>,
    ) -> Result<Self, DatasetError> {
        if let Some(normalisation) = &normalisation {
            normalisation.validate(self.dataset.channels())?;
        }
        self.normalisation = normalisation;
        Ok(self)
    }
}

impl Iterator for SceneLoader {
    type Item = SegmentationBatch;

    fn next(&mut self) -> Option<SegmentationBatch> {
        let scene = self.dataset.scenes().get(self.next)?;
        let number = self.next as u32;
        self.next += 1;
        let mut images = scene.pixels.clone();
        if let Some(normalisation) = &self.normalisation {
            normalisation.apply(&mut images);
        }
        let [channels, height, width] = scene.shape();
        Some(SegmentationBatch {
            images,
            classes: scene.classes.clone(),
            instances: scene.instances.clone(),
            count: 1,
            channels,
            height,
            width,
            scenes: vec![number],
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let remaining = self.dataset.len().saturating_sub(self.next);
        (remaining, Some(remaining))
    }
}

impl ExactSizeIterator for SceneLoader {}
