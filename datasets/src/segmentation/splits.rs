//! The splits of images with masks.

use std::sync::Arc;

use super::SegmentationConfig;
use super::dataset::SegmentationDataset;
use super::notes::Notes;
use super::read::{Reader, check_classes};
use crate::DatasetError;
use crate::images::{ChannelNormalisation, Description, Split};

/// The name that reports use.
const NAME: &str = "segmentation";

/// Images with masks in their three splits.
#[derive(Debug, Clone)]
pub struct SegmentationSplits {
    /// What the weights are fitted to.
    pub train: Arc<SegmentationDataset>,
    /// What choices are made on.
    pub valid: Arc<SegmentationDataset>,
    /// What is measured once, at the end.
    pub test: Arc<SegmentationDataset>,
    /// Statistics of the training split.
    pub normalisation: ChannelNormalisation,
    /// Name, origin and sizes.
    pub description: Description,
}

impl SegmentationSplits {
    /// One split, or all of them put together (a copy).
    pub fn get(&self, split: Split) -> Result<Arc<SegmentationDataset>, DatasetError> {
        let splits = [&self.train, &self.valid, &self.test];
        split.of(splits, SegmentationDataset::concatenate)
    }
}

impl SegmentationConfig {
    /// Reads all three splits.
    ///
    /// # Errors
    /// Where settings cannot work, files are missing or damaged, a mask does not fit its image or the classes, or no training
    /// image has pixels of some class.
    pub fn load(&self) -> Result<SegmentationSplits, DatasetError> {
        self.validate()?;
        let listing = self.listing()?;
        let reader = Reader {
            config: self,
            listing: &listing,
        };
        let [train, valid, test] = self.deal(&listing)?;
        let mut notes = Notes::default();
        let mut read = |chosen: &[usize]| {
            let (dataset, found) = reader.read(chosen)?;
            notes.add(found);
            Ok::<_, DatasetError>(dataset)
        };
        let (train, valid, test) = (read(&train)?, read(&valid)?, read(&test)?);
        if train.is_empty() {
            return Err(DatasetError::setting("train", "at least one image", "none"));
        }
        check_classes(&train, listing.place())?;
        Ok(SegmentationSplits {
            normalisation: train.mean_and_deviation(),
            description: Description {
                name: NAME.into(),
                origin: format!("{}{notes}", self.origin_at(&listing.origin())),
                items: "images".into(),
                train: train.len(),
                valid: valid.len(),
                test: test.len(),
            },
            train: Arc::new(train),
            valid: Arc::new(valid),
            test: Arc::new(test),
        })
    }

    /// Reads one split alone. [`Split::All`] has every image, of every stain, whatever share or limits the settings name.
    ///
    /// # Errors
    /// As [`Self::load`], but for classes that are missing.
    pub fn load_split(&self, split: Split) -> Result<SegmentationDataset, DatasetError> {
        self.validate()?;
        let listing = self.listing()?;
        let [train, valid, test] = self.deal(&listing)?;
        let chosen = match split {
            Split::Train => train,
            Split::Valid => valid,
            Split::Test => test,
            Split::All => (0..listing.images.len()).collect(),
        };
        let reader = Reader {
            config: self,
            listing: &listing,
        };
        Ok(reader.read(&chosen)?.0)
    }
}
