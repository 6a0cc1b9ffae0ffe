//! Batches of N-body simulations.

use std::sync::Arc;

use super::augmentation::{NBodyAugmentation, turn};
use super::dataset::{NBodyBatch, NBodyDataset};
use crate::DatasetError;
use crate::loader::{BatchOptions, order};

/// An iterator of [`NBodyBatch`]es, a function of (seed, epoch, number of the batch). A batch is gathered in
/// microseconds, so no thread prepares it.
#[derive(Debug)]
pub struct NBodyLoader {
    dataset: Arc<NBodyDataset>,
    augmentation: NBodyAugmentation,
    seed: u64,
    epoch: usize,
    order: Vec<u32>,
    batch_size: usize,
    next: usize,
    total: usize,
}

impl NBodyLoader {
    /// Starts an epoch. Of the options, those of images (augmentation, normalisation) must be left
    /// alone: particles have [an augmentation of their own](Self::with_augmentation).
    pub fn new(dataset: Arc<NBodyDataset>, options: &BatchOptions) -> Result<Self, DatasetError> {
        if options.batch_size == 0 {
            return Err(DatasetError::setting("batch_size", "at least 1", 0));
        }
        if !options.augmentation.is_none() || options.normalisation.is_some() {
            return Err(DatasetError::setting(
                "augmentation",
                "none for simulations",
                "options of images",
            ));
        }
        Ok(Self {
            order: order(dataset.count(), options),
            batch_size: options.batch_size,
            next: options.start_batch,
            total: options.batches(dataset.count()),
            augmentation: NBodyAugmentation::default(),
            seed: options.seed,
            epoch: options.epoch,
            dataset,
        })
    }

    /// Random symmetries of the simulations.
    pub fn with_augmentation(mut self, augmentation: NBodyAugmentation) -> Self {
        self.augmentation = augmentation;
        self
    }
}

impl Iterator for NBodyLoader {
    type Item = NBodyBatch;

    fn next(&mut self) -> Option<NBodyBatch> {
        if self.next >= self.total {
            return None;
        }
        let start = self.next * self.batch_size;
        let end = (start + self.batch_size).min(self.order.len());
        self.next += 1;
        let indices = &self.order[start..end];
        let draw = |index| self.augmentation.draw(self.seed, self.epoch, index);
        let mut batch = self.dataset.batch_with(indices, |index| draw(index).0);
        for (place, &index) in indices.iter().enumerate() {
            if let (_, Some(matrix)) = draw(index) {
                turn(&mut batch, place, &matrix);
            }
        }
        Some(batch)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let remaining = self.total.saturating_sub(self.next);
        (remaining, Some(remaining))
    }
}

impl ExactSizeIterator for NBodyLoader {}
