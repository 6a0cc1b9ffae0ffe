//! Batches of images, prepared on another thread while the training thread computes.
//!
//! What a batch holds is a function of (seed, epoch, number of the batch): a run that stops in the middle of an epoch
//! starts again at the next batch and sees the same images, turned by the same angles.

mod order;

use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};

use serde::{Deserialize, Serialize};

use self::order::{Drawn, epoch_order};
use crate::DatasetError;
use crate::augmentation::Augmentation;
use crate::images::{ChannelNormalisation, ImageDataset};

pub(crate) use self::order::order;

/// Which images an epoch has. Written `all` and `balanced` in files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Sampling {
    /// Every image once.
    #[default]
    All,
    /// Of every class equally many, as many as there are images in all: those of small classes come again and again.
    Balanced,
}

/// How a [`BatchLoader`] goes through a set of images.
#[derive(Debug, Clone)]
pub struct BatchOptions {
    /// Images in a batch.
    pub batch_size: usize,
    /// The seed of order and augmentation.
    pub seed: u64,
    /// The number of the epoch, which changes order and augmentation.
    pub epoch: usize,
    /// Whether to change the order.
    pub shuffle: bool,
    /// The batch to start with, for going on in the middle of an epoch.
    pub start_batch: usize,
    /// Which images an epoch has, where the order is changed.
    pub sampling: Sampling,
    /// Whether to leave out a last batch that isn't full.
    pub drop_last: bool,
    /// How many batches to prepare ahead, at least 1.
    pub prefetch: usize,
    /// Random motions of the images and changes of their colours.
    pub augmentation: Augmentation,
    /// What to subtract and divide by, after the motion.
    pub normalisation: Option<ChannelNormalisation>,
}

impl BatchOptions {
    /// All images in their order, once, as they are.
    pub fn new(batch_size: usize) -> Self {
        Self {
            batch_size,
            seed: 0,
            epoch: 0,
            shuffle: false,
            start_batch: 0,
            sampling: Sampling::All,
            drop_last: false,
            prefetch: 3,
            augmentation: Augmentation::none(),
            normalisation: None,
        }
    }

    /// The seed of order and augmentation.
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The number of the epoch.
    pub fn with_epoch(mut self, epoch: usize) -> Self {
        self.epoch = epoch;
        self
    }

    /// Whether to change the order.
    pub fn with_shuffle(mut self, shuffle: bool) -> Self {
        self.shuffle = shuffle;
        self
    }

    /// The batch to start with.
    pub fn with_start_batch(mut self, start_batch: usize) -> Self {
        self.start_batch = start_batch;
        self
    }

    /// Which images an epoch has.
    pub fn with_sampling(mut self, sampling: Sampling) -> Self {
        self.sampling = sampling;
        self
    }

    /// Whether to leave out a last batch that isn't full.
    pub fn with_drop_last(mut self, drop_last: bool) -> Self {
        self.drop_last = drop_last;
        self
    }

    /// How many batches to prepare ahead.
    pub fn with_prefetch(mut self, prefetch: usize) -> Self {
        self.prefetch = prefetch;
        self
    }

    /// Random motions of the images and changes of their colours.
    pub fn with_augmentation(mut self, augmentation: Augmentation) -> Self {
        self.augmentation = augmentation;
        self
    }

    /// What to subtract and divide by.
    pub fn with_normalisation(mut self, normalisation: Option<ChannelNormalisation>) -> Self {
        self.normalisation = normalisation;
        self
    }

    /// How many batches an epoch over `count` images has.
    pub fn batches(&self, count: usize) -> usize {
        if self.drop_last {
            count / self.batch_size.max(1)
        } else {
            count.div_ceil(self.batch_size.max(1))
        }
    }

    /// Whether the options fit the images.
    pub fn validate(&self, images: &ImageDataset) -> Result<(), DatasetError> {
        if self.batch_size == 0 {
            return Err(DatasetError::setting("batch_size", "at least 1", 0));
        }
        if u32::try_from(images.count()).is_err() {
            return Err(DatasetError::setting(
                "images",
                "fewer than 2³² images",
                images.count(),
            ));
        }
        self.augmentation.validate_for(images.shape())?;
        self.normalisation.as_ref().map_or(Ok(()), |normalisation| {
            normalisation.validate(images.channels())
        })
    }
}

/// Some images with their labels.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageBatch {
    /// The images, `shape` long.
    pub pixels: Vec<f32>,
    /// `[images, channels, height, width]`.
    pub shape: [usize; 4],
    /// The class of each image.
    pub labels: Vec<i64>,
    /// What each image has in place of a class, row by row, NaN where it is not known; empty where images have classes.
    pub targets: Vec<f32>,
    /// Where each image stands in its set.
    pub indices: Vec<u32>,
}

impl ImageBatch {
    /// A batch of some of these images.
    pub fn part(&self, images: Range<usize>) -> Self {
        let [_, channels, height, width] = self.shape;
        let size = channels * height * width;
        let names = self.targets.len() / self.labels.len().max(1);
        Self {
            pixels: self.pixels[images.start * size..images.end * size].to_vec(),
            shape: [images.len(), channels, height, width],
            labels: self.labels[images.clone()].to_vec(),
            targets: self.targets[images.start * names..images.end * names].to_vec(),
            indices: self.indices[images].to_vec(),
        }
    }
}

/// An iterator of [`ImageBatch`]es that are prepared on another thread.
///
/// Images that are read when they are asked for may turn out to be damaged: [`Self::next_batch`] says so, the iterator
/// panics. Neither can happen with images in memory.
#[derive(Debug)]
pub struct BatchLoader {
    batches: Option<Receiver<Result<ImageBatch, DatasetError>>>,
    worker: Option<JoinHandle<()>>,
    remaining: usize,
}

impl BatchLoader {
    /// Starts to prepare the batches of an epoch.
    pub fn new(images: Arc<ImageDataset>, options: BatchOptions) -> Result<Self, DatasetError> {
        options.validate(&images)?;
        let total = options.batches(images.count());
        let remaining = total.saturating_sub(options.start_batch);
        let (sender, batches) = mpsc::sync_channel(options.prefetch.max(1));
        let worker = thread::Builder::new()
            .name("batches".into())
            .spawn(move || {
                let order = epoch_order(&images, &options);
                for number in options.start_batch..total {
                    let end = ((number + 1) * options.batch_size).min(order.len());
                    let batch = batch(&images, &options, &order[number * options.batch_size..end]);
                    let failed = batch.is_err();
                    // Nobody waits for more: the loader was dropped.
                    if sender.send(batch).is_err() || failed {
                        return;
                    }
                }
            })
            .map_err(|source| {
                DatasetError::io(std::path::Path::new("thread for batches"), source)
            })?;
        Ok(Self {
            batches: Some(batches),
            worker: Some(worker),
            remaining,
        })
    }
}

impl BatchLoader {
    /// The next batch, none at the end of the epoch, or why there is no next one; nothing comes after that.
    pub fn next_batch(&mut self) -> Result<Option<ImageBatch>, DatasetError> {
        let received = self.batches.as_ref().map(Receiver::recv);
        match received {
            Some(Ok(Ok(batch))) => {
                self.remaining = self.remaining.saturating_sub(1);
                Ok(Some(batch))
            }
            Some(Ok(Err(error))) => {
                self.remaining = 0;
                Err(error)
            }
            // The worker is gone. Where it was not done it panicked: to end here would look as if the set were smaller.
            _ => match std::mem::take(&mut self.remaining) {
                0 => Ok(None),
                remaining => Err(DatasetError::Worker { remaining }),
            },
        }
    }
}

impl Iterator for BatchLoader {
    type Item = ImageBatch;

    fn next(&mut self) -> Option<ImageBatch> {
        match self.next_batch() {
            Ok(batch) => batch,
            Err(error) => panic!("a batch could not be read: {error}"),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining, Some(self.remaining))
    }
}

impl ExactSizeIterator for BatchLoader {}

impl Drop for BatchLoader {
    fn drop(&mut self) {
        // The receiver goes first: it wakes a worker that waits for room.
        self.batches = None;
        if let Some(worker) = self.worker.take() {
            // A panic over there has been printed there; there is nothing to add here.
            let _ = worker.join();
        }
    }
}

fn batch(
    images: &ImageDataset,
    options: &BatchOptions,
    drawn: &[Drawn],
) -> Result<ImageBatch, DatasetError> {
    let indices: Vec<u32> = drawn.iter().map(|drawn| drawn.index).collect();
    let mut pixels = vec![0.0; indices.len() * images.image_len()];
    let mut scratch = Vec::new();
    for (drawn, image) in drawn
        .iter()
        .zip(pixels.chunks_exact_mut(images.image_len()))
    {
        images.try_copy_image(drawn.index as usize, image)?;
        // Sets have fewer than 2³² images.
        let index = ((u64::from(drawn.copy) << 32) | u64::from(drawn.index)) as usize;
        if options.augmentation.changes_colour() {
            options
                .augmentation
                .colour(options.seed, options.epoch, index)
                .apply(image);
        }
        if !options.augmentation.is_none() {
            let motion = options
                .augmentation
                .motion(options.seed, options.epoch, index);
            options
                .augmentation
                .apply(image, images.shape(), motion, &mut scratch);
        }
        if let Some(normalisation) = &options.normalisation {
            normalisation.apply(image);
        }
    }
    let [channels, height, width] = images.shape();
    Ok(ImageBatch {
        pixels,
        shape: [indices.len(), channels, height, width],
        labels: indices
            .iter()
            .map(|index| i64::from(images.labels()[*index as usize]))
            .collect(),
        targets: images.targets().map_or(Vec::new(), |targets| {
            let rows = indices.iter().map(|index| targets.row(*index as usize));
            rows.flatten().copied().collect()
        }),
        indices,
    })
}

#[cfg(test)]
mod tests;
