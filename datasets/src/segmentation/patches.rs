//! Patches of images at random places, moved with their classes: what a network is trained on.
//!
//! ```text
//! patch(u) = image(c + g⁻¹ (u − c'))      c the centre of a square of the image, c' that of the patch, g the motion
//! ```
//!
//! The squares lie in the image, every place equally likely, or around it where the image is smaller. A turned patch shows what
//! the image has there, beyond its edges the image reflected; nothing is black that has no class. The image is read between
//! pixels as the augmentation says, the class is that of the nearest pixel, so that both move together, and by right angles
//! exactly. Colours change in the image alone.
//!
//! What a batch holds is a function of (seed, epoch, number of the batch), as of a [`BatchLoader`](crate::BatchLoader).

use std::sync::Arc;

use super::batch::SegmentationBatch;
use super::dataset::{Scene, SegmentationDataset};
use crate::DatasetError;
use crate::augmentation::Augmentation;
use crate::images::ChannelNormalisation;
use crate::loader::{BatchOptions, Sampling, order};
use crate::random::{Purpose, Random};
use crate::rotate::{Fill, Reading, Window};

/// The most memory that a batch may take: 8 GiB.
const MOST_BYTES: usize = 1 << 33;

/// An iterator of [`SegmentationBatch`]es of patches, so many of each image in an epoch.
#[derive(Debug)]
pub struct PatchLoader {
    dataset: Arc<SegmentationDataset>,
    patch_size: usize,
    augmentation: Augmentation,
    normalisation: Option<ChannelNormalisation>,
    seed: u64,
    epoch: usize,
    /// Numbers of patches: the first of each image, then the second of each, in the order of the epoch.
    order: Vec<u32>,
    batch_size: usize,
    next: usize,
    total: usize,
}

impl PatchLoader {
    /// Starts an epoch of patches of `patch_size` rows and columns.
    ///
    /// # Errors
    /// Where a number is 0 or so large that a batch would not fit into memory, where the augmentation or the normalisation of the
    /// options don't fit the images, and where classes shall be balanced: a patch has many.
    pub fn new(
        dataset: Arc<SegmentationDataset>,
        patch_size: usize,
        patches_per_image: usize,
        options: &BatchOptions,
    ) -> Result<Self, DatasetError> {
        for (field, number) in [
            ("batch_size", options.batch_size),
            ("patch_size", patch_size),
            ("patches_per_image", patches_per_image),
        ] {
            if number == 0 {
                return Err(DatasetError::setting(field, "at least 1", number));
            }
        }
        if options.sampling != Sampling::All {
            let expected = "\"all\" for patches, which have pixels of several classes";
            return Err(DatasetError::setting("sampling", expected, "\"balanced\""));
        }
        let count = dataset.len().checked_mul(patches_per_image);
        let count = count.filter(|count| u32::try_from(*count).is_ok());
        let Some(count) = count else {
            let expected = format!("fewer than 2³² patches of {} images", dataset.len());
            return Err(DatasetError::setting(
                "patches_per_image",
                expected,
                patches_per_image,
            ));
        };
        let bytes = (patch_size.checked_mul(patch_size))
            .and_then(|plane| plane.checked_mul(4 * dataset.channels() + 1))
            .and_then(|patch| patch.checked_mul(options.batch_size.min(count.max(1))));
        if bytes.is_none_or(|bytes| bytes > MOST_BYTES) {
            let expected = format!("batches of at most {} MiB", MOST_BYTES >> 20);
            let found = format!("{} of {patch_size} × {patch_size}", options.batch_size);
            return Err(DatasetError::setting("patch_size", expected, found));
        }
        if let Some(normalisation) = &options.normalisation {
            normalisation.validate(dataset.channels())?;
        }
        let own = Self {
            order: order(count, options),
            total: options.batches(count),
            dataset,
            patch_size,
            augmentation: Augmentation::none(),
            normalisation: options.normalisation.clone(),
            seed: options.seed,
            epoch: options.epoch,
            batch_size: options.batch_size,
            next: options.start_batch,
        };
        own.with_augmentation(&options.augmentation)
    }

    /// Random motions of image and classes together, and changes of the colours of the image, in place of those of the options.
    /// Its `fill` is not looked at: images are reflected at their edges.
    ///
    /// # Errors
    /// Where it does not make sense, or changes colours of images that have none.
    pub fn with_augmentation(mut self, augmentation: &Augmentation) -> Result<Self, DatasetError> {
        let size = self.patch_size;
        augmentation.validate_for([self.dataset.channels(), size, size])?;
        self.augmentation = augmentation.clone();
        Ok(self)
    }

    /// The square of a scene that a patch is cut from.
    fn window(&self, scene: &Scene, patch: u32) -> Window {
        let epoch = self.epoch as u64;
        let mut random = Random::new(self.seed, Purpose::Place, epoch, u64::from(patch));
        // In a larger image the square lies inside, around a smaller one it has the image inside.
        let corner = [scene.height, scene.width].map(|extent| {
            let room = extent as isize - self.patch_size as isize;
            room.min(0) + random.below(room.unsigned_abs() + 1) as isize
        });
        Window {
            corner,
            size: [self.patch_size; 2],
        }
    }

    /// Cuts a patch.
    fn cut(&self, scene: &Scene, patch: u32, image: &mut [f32], classes: &mut [u8]) {
        let window = self.window(scene, patch);
        let (epoch, number) = (self.epoch, patch as usize);
        let motion = self.augmentation.motion(self.seed, epoch, number);
        let reading = Reading {
            interpolation: self.augmentation.interpolation,
            fill: Fill::Mirror,
        };
        // Bicubic values stay in the range of images.
        let ranges = vec![[0.0, 1.0]; scene.channels];
        window.read(
            &scene.pixels,
            scene.shape(),
            motion,
            reading,
            &ranges,
            image,
        );
        let size = [scene.height, scene.width];
        window.read_nearest(&scene.classes, size, motion, classes);
        if self.augmentation.changes_colour() {
            let change = self.augmentation.colour(self.seed, epoch, number);
            change.apply(image);
        }
        if let Some(normalisation) = &self.normalisation {
            normalisation.apply(image);
        }
    }
}

impl Iterator for PatchLoader {
    type Item = SegmentationBatch;

    fn next(&mut self) -> Option<SegmentationBatch> {
        if self.next >= self.total {
            return None;
        }
        let start = self.next * self.batch_size;
        let patches = &self.order[start..(start + self.batch_size).min(self.order.len())];
        self.next += 1;
        let (count, channels, size) = (patches.len(), self.dataset.channels(), self.patch_size);
        let plane = size * size;
        let mut images = vec![0.0; count * channels * plane];
        let mut classes = vec![0; count * plane];
        let scene = |patch: u32| patch % self.dataset.len() as u32;
        let room = images.chunks_exact_mut(channels * plane);
        for ((patch, image), classes) in
            (patches.iter().zip(room)).zip(classes.chunks_exact_mut(plane))
        {
            let scene = &self.dataset.scenes()[scene(*patch) as usize];
            self.cut(scene, *patch, image, classes);
        }
        Some(SegmentationBatch {
            images,
            classes,
            instances: None,
            count,
            channels,
            height: size,
            width: size,
            scenes: patches.iter().map(|patch| scene(*patch)).collect(),
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let remaining = self.total.saturating_sub(self.next);
        (remaining, Some(remaining))
    }
}

impl ExactSizeIterator for PatchLoader {}

#[cfg(test)]
mod tests;
