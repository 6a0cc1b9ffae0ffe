//! What the examples share: randomly rotated digits as a data set of Burn.

use std::sync::Arc;

use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::{Dataset, DatasetError};
use burn::prelude::*;
use gcnn_datasets::{
    ChannelNormalisation, ImageDataset, ImageSource, RotatedMnistConfig, RotatedMnistSource,
};

/// A digit and what it is.
#[derive(Debug, Clone)]
pub struct Digit {
    /// 28 × 28 numbers, row by row.
    pub pixels: Vec<f32>,
    /// 0 to 9.
    pub class: u8,
}

/// Digits, normalised, as Burn's loaders want them.
pub struct Digits {
    images: Arc<ImageDataset>,
    normalisation: ChannelNormalisation,
}

impl Digits {
    /// The digits that come with `gcnn-datasets`, turned by random angles: those for training, for validation and for testing.
    pub fn splits() -> Result<[Self; 3], gcnn_datasets::DatasetError> {
        let splits = RotatedMnistConfig::new(RotatedMnistSource::BuiltIn).load()?;
        let normalisation = splits.normalisation;
        Ok(
            [splits.train, splits.valid, splits.test].map(|images| Self {
                images,
                normalisation: normalisation.clone(),
            }),
        )
    }
}

impl Dataset<Digit> for Digits {
    fn get(&self, index: usize) -> Result<Digit, DatasetError> {
        let mut pixels = self.images.image(index);
        self.normalisation.apply(&mut pixels);
        Ok(Digit {
            pixels,
            class: self.images.labels()[index],
        })
    }

    fn len(&self) -> usize {
        self.images.count()
    }
}

/// Some digits on a device.
#[derive(Debug, Clone)]
pub struct DigitBatch {
    /// `[batch, 1, 28, 28]`
    pub images: Tensor<4>,
    /// `[batch]`
    pub classes: Tensor<1, Int>,
}

/// Makes batches of digits.
#[derive(Debug, Clone, Default)]
pub struct DigitBatcher;

impl Batcher<Digit, DigitBatch> for DigitBatcher {
    fn batch(&self, digits: Vec<Digit>, device: &Device) -> DigitBatch {
        let count = digits.len();
        let classes: Vec<i64> = digits.iter().map(|digit| digit.class.into()).collect();
        let pixels: Vec<f32> = digits.into_iter().flat_map(|digit| digit.pixels).collect();
        DigitBatch {
            images: Tensor::from_data(TensorData::new(pixels, [count, 1, 28, 28]), device),
            classes: Tensor::from_data(TensorData::new(classes, [count]), device),
        }
    }
}
