//! The digits of MNIST, upright: those of its four files or those that the crate carries. What data sets are made of.

pub(crate) mod files;

use std::ops::Range;
use std::path::Path;

use rayon::prelude::*;

use crate::idx::LabelledBytes;
use crate::{DatasetError, ImageDataset};

/// The digits 0 to 9.
pub const CLASSES: usize = 10;

/// `[channels, height, width]` of a digit.
pub const SHAPE: [usize; 3] = [1, 28, 28];

/// Training, validation and test images that are made of MNIST.
pub const SIZES: [usize; 3] = [10_000, 2_000, 50_000];

/// Training, validation and test images that are made of the digits that the crate carries.
pub const BUILT_IN_SIZES: [usize; 3] = [4_000, 1_000, 3_000];

/// Digits in MNIST's training file.
pub(crate) const TRAIN_FILE_DIGITS: usize = 60_000;

/// Digits in MNIST's test file.
pub(crate) const TEST_FILE_DIGITS: usize = 10_000;

/// Digits, numbered through their files: MNIST's training file and then its test file, or the carried ones. What is made of
/// a digit depends on its number, not on the split that it is drawn into.
pub(crate) struct Digits {
    parts: Vec<LabelledBytes>,
}

impl Digits {
    /// The digits that the crate carries.
    pub(crate) fn built_in() -> Result<Self, DatasetError> {
        Ok(Self {
            parts: vec![files::built_in()?],
        })
    }

    /// All 70,000 of a folder.
    pub(crate) fn mnist(folder: &Path) -> Result<Self, DatasetError> {
        let pairs = [
            (files::TRAIN_FILES, TRAIN_FILE_DIGITS),
            (files::TEST_FILES, TEST_FILE_DIGITS),
        ];
        let read = |(names, count)| files::read_pair(folder, names, Some(count));
        Ok(Self {
            parts: pairs.into_iter().map(read).collect::<Result<_, _>>()?,
        })
    }

    /// What all of them are.
    pub(crate) fn labels(&self) -> Vec<u8> {
        let parts = self.parts.iter().flat_map(|part| &part.labels);
        parts.copied().collect()
    }

    /// Makes an image of each chosen digit: `make` gets the digit's number, its pixels from 0 to 1 and the image to fill. Each
    /// number must be one of a digit.
    pub(crate) fn made(
        &self,
        chosen: &[u32],
        make: impl Fn(u32, &[f32], &mut [f32]) + Sync,
    ) -> Result<ImageDataset, DatasetError> {
        let image_len = SHAPE.iter().product();
        let mut pixels = vec![0.0f32; chosen.len() * image_len];
        pixels
            .par_chunks_exact_mut(image_len)
            .zip(chosen)
            .for_each(|(made, digit)| {
                let (part, index) = self.locate(*digit as usize);
                let bytes = part.image(index).iter();
                let upright: Vec<f32> = bytes.map(|byte| f32::from(*byte) / 255.0).collect();
                make(*digit, &upright, made);
            });
        let label = |digit: &u32| {
            let (part, index) = self.locate(*digit as usize);
            part.labels[index]
        };
        ImageDataset::from_floats(pixels, chosen.iter().map(label).collect(), SHAPE, CLASSES)
    }

    /// The part that a digit is in and its place there.
    fn locate(&self, mut index: usize) -> (&LabelledBytes, usize) {
        let last = self.parts.len() - 1;
        for part in &self.parts[..last] {
            if index < part.count() {
                return (part, index);
            }
            index -= part.count();
        }
        (&self.parts[last], index)
    }
}

/// The carried digits of each split, one split after the other.
pub(crate) fn built_in_splits() -> [Vec<u32>; 3] {
    let mut start = 0;
    BUILT_IN_SIZES.map(|size| {
        let own: Range<u32> = start..start + size as u32;
        start = own.end;
        own.collect()
    })
}
