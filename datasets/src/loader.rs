//! Batches of images, prepared on another thread while the training thread computes.
//!
//! What a batch holds is a function of (seed, epoch, number of the batch): a run that stops in the middle of an epoch
//! starts again at the next batch and sees the same images, turned by the same angles.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};

use crate::DatasetError;
use crate::augmentation::Augmentation;
use crate::images::{ImageDataset, Normalisation};
use crate::random::{Purpose, Random};

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
    /// Whether to leave out a last batch that isn't full.
    pub drop_last: bool,
    /// How many batches to prepare ahead, at least 1.
    pub prefetch: usize,
    /// Random motions of the images and changes of their colours.
    pub augmentation: Augmentation,
    /// What to subtract and divide by, after the motion.
    pub normalisation: Option<Normalisation>,
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
    pub fn with_normalisation(mut self, normalisation: Option<Normalisation>) -> Self {
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
        self.augmentation.validate_for(images.channels())?;
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
    /// Where each image stands in its set.
    pub indices: Vec<u32>,
}

/// An iterator of [`ImageBatch`]es that are prepared on another thread.
#[derive(Debug)]
pub struct BatchLoader {
    batches: Option<Receiver<ImageBatch>>,
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
                let order = order(images.count(), &options);
                for number in options.start_batch..total {
                    let end = ((number + 1) * options.batch_size).min(order.len());
                    let batch = batch(&images, &options, &order[number * options.batch_size..end]);
                    // Nobody waits for more: the loader was dropped.
                    if sender.send(batch).is_err() {
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

impl Iterator for BatchLoader {
    type Item = ImageBatch;

    fn next(&mut self) -> Option<ImageBatch> {
        let batch = self.batches.as_ref()?.recv().ok()?;
        self.remaining = self.remaining.saturating_sub(1);
        Some(batch)
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

/// The order of the items in an epoch.
pub(crate) fn order(count: usize, options: &BatchOptions) -> Vec<u32> {
    let mut order: Vec<u32> = (0..count as u32).collect();
    if options.shuffle {
        Random::new(options.seed, Purpose::Order, options.epoch as u64, 0).shuffle(&mut order);
    }
    order
}

fn batch(images: &ImageDataset, options: &BatchOptions, indices: &[u32]) -> ImageBatch {
    let mut pixels = vec![0.0; indices.len() * images.image_len()];
    let mut scratch = Vec::new();
    for (index, image) in indices
        .iter()
        .zip(pixels.chunks_exact_mut(images.image_len()))
    {
        let index = *index as usize;
        images.copy_image(index, image);
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
    ImageBatch {
        pixels,
        shape: [indices.len(), channels, height, width],
        labels: indices
            .iter()
            .map(|index| i64::from(images.labels()[*index as usize]))
            .collect(),
        indices: indices.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::augmentation::RotationAugmentation;

    fn images(count: usize) -> Arc<ImageDataset> {
        let pixels = (0..count * 16).map(|value| value as f32 / 1000.0).collect();
        let labels = (0..count).map(|index| (index % 10) as u8).collect();
        Arc::new(ImageDataset::from_floats(pixels, labels, [1, 4, 4], 10).unwrap())
    }

    fn shuffled() -> BatchOptions {
        let rotation = RotationAugmentation::Continuous;
        BatchOptions::new(8)
            .with_seed(5)
            .with_shuffle(true)
            .with_augmentation(Augmentation {
                rotation,
                flip: true,
                translation: 1.0,
                ..Augmentation::none()
            })
    }

    fn all(options: BatchOptions) -> Vec<ImageBatch> {
        BatchLoader::new(images(30), options).unwrap().collect()
    }

    #[test]
    fn every_image_comes_once_in_its_order() {
        let batches = all(BatchOptions::new(8));
        assert_eq!(
            batches
                .iter()
                .map(|batch| batch.shape[0])
                .collect::<Vec<_>>(),
            [8, 8, 8, 6]
        );
        let indices: Vec<u32> = batches
            .iter()
            .flat_map(|batch| batch.indices.clone())
            .collect();
        assert_eq!(indices, (0..30).collect::<Vec<u32>>());
        assert_eq!(batches[1].labels[3], 1);
        assert_eq!(batches[1].pixels[3 * 16..4 * 16], images(30).image(11));
        assert_eq!(all(BatchOptions::new(8).with_drop_last(true)).len(), 3);
    }

    #[test]
    fn an_epoch_is_a_permutation_that_depends_on_seed_and_epoch() {
        let indices = |options: BatchOptions| -> Vec<u32> {
            all(options)
                .iter()
                .flat_map(|batch| batch.indices.clone())
                .collect()
        };
        let first = indices(shuffled());
        assert_eq!(first, indices(shuffled()));
        assert_ne!(first, indices(shuffled().with_epoch(1)));
        assert_ne!(first, indices(shuffled().with_seed(6)));
        let mut sorted = first;
        sorted.sort_unstable();
        assert_eq!(sorted, (0..30).collect::<Vec<u32>>());
    }

    #[test]
    fn going_on_in_the_middle_gives_the_remaining_batches() {
        let whole = all(shuffled().with_epoch(7));
        for start in 0..=5 {
            let rest = all(shuffled()
                .with_epoch(7)
                .with_start_batch(start)
                .with_prefetch(1));
            assert_eq!(rest, whole[start.min(4)..]);
        }
    }

    #[test]
    fn images_move_and_are_normalised_after_that() {
        let normalisation = Normalisation {
            mean: vec![0.5],
            std: vec![2.0],
        };
        let raw = all(shuffled());
        let normal = all(shuffled().with_normalisation(Some(normalisation)));
        assert!(raw.iter().zip(&normal).all(|(raw, normal)| {
            raw.pixels
                .iter()
                .zip(&normal.pixels)
                .all(|(raw, normal)| ((raw - 0.5) / 2.0 - normal).abs() < 1e-6)
        }));
        let first = raw[0].indices[0] as usize;
        assert_ne!(raw[0].pixels[..16], images(30).image(first));
    }

    #[test]
    fn colours_change_before_the_motion_and_alike_in_every_order() {
        let pixels = (0..20 * 48)
            .map(|value| (value % 97) as f32 / 97.0)
            .collect();
        let images =
            Arc::new(ImageDataset::from_floats(pixels, vec![0; 20], [3, 4, 4], 1).unwrap());
        let augmentation = Augmentation {
            rotation: RotationAugmentation::RightAngles,
            brightness: 0.3,
            stain: 0.4,
            hue: 0.1,
            ..Augmentation::none()
        };
        let options = BatchOptions::new(7)
            .with_seed(3)
            .with_epoch(2)
            .with_augmentation(augmentation.clone());
        let load = |options: BatchOptions| -> Vec<ImageBatch> {
            BatchLoader::new(images.clone(), options).unwrap().collect()
        };
        for batch in load(options.clone().with_shuffle(true)) {
            for (index, found) in batch.indices.iter().zip(batch.pixels.chunks_exact(48)) {
                let index = *index as usize;
                let mut expected = images.image(index);
                augmentation.colour(3, 2, index).apply(&mut expected);
                assert_ne!(expected, images.image(index));
                let motion = augmentation.motion(3, 2, index);
                augmentation.apply(&mut expected, [3, 4, 4], motion, &mut Vec::new());
                assert_eq!(found, expected);
            }
        }
        // One channel has no colours.
        let grey = Augmentation {
            hue: 0.1,
            ..Augmentation::none()
        };
        assert!(
            BatchLoader::new(super::tests::images(3), options.with_augmentation(grey)).is_err()
        );
    }

    #[test]
    fn the_length_is_known_and_dropping_early_ends_the_worker() {
        let mut loader =
            BatchLoader::new(images(1000), BatchOptions::new(1).with_prefetch(2)).unwrap();
        assert_eq!(loader.len(), 1000);
        assert!(loader.next().is_some());
        assert_eq!(loader.len(), 999);
        // Returns only when the worker, which is waiting for room, has ended.
        drop(loader);
    }

    #[test]
    fn impossible_options_are_refused() {
        assert!(BatchLoader::new(images(3), BatchOptions::new(0)).is_err());
        let normalisation = Normalisation {
            mean: vec![0.0; 3],
            std: vec![1.0; 3],
        };
        assert!(
            BatchLoader::new(
                images(3),
                BatchOptions::new(1).with_normalisation(Some(normalisation))
            )
            .is_err()
        );
        let augmentation = Augmentation {
            translation: f64::NAN,
            ..Augmentation::none()
        };
        assert!(
            BatchLoader::new(
                images(3),
                BatchOptions::new(1).with_augmentation(augmentation)
            )
            .is_err()
        );
        assert_eq!(all(BatchOptions::new(1000)).len(), 1);
        assert_eq!(
            BatchLoader::new(images(0), BatchOptions::new(2))
                .unwrap()
                .count(),
            0
        );
    }
}
