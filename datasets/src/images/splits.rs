//! The splits of a data set.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::split::Split;
use super::{ChannelNormalisation, ImageDataset, duplicates};
use crate::DatasetError;

/// What a report says about where its numbers come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// The data set's name.
    pub name: String,
    /// Where it comes from and how it was made, in a sentence.
    pub origin: String,
    /// What is counted: images, simulations.
    pub items: String,
    /// Items in the training split.
    pub train: usize,
    /// Items in the validation split.
    pub valid: usize,
    /// Items in the test split.
    pub test: usize,
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            origin,
            items,
            train,
            valid,
            test,
        } = self;
        write!(
            f,
            "{name} ({origin}): {train} training, {valid} validation, {test} test {items}"
        )
    }
}

/// The images of one split, for evaluation.
#[derive(Debug, Clone)]
pub struct SplitImages {
    /// The images.
    pub images: Arc<ImageDataset>,
    /// Where they come from, in a sentence.
    pub origin: String,
}

/// A data set in its three splits.
#[derive(Debug, Clone)]
pub struct Splits {
    /// What the weights are fitted to.
    pub train: Arc<ImageDataset>,
    /// What choices are made on.
    pub valid: Arc<ImageDataset>,
    /// What is measured once, at the end.
    pub test: Arc<ImageDataset>,
    /// Statistics of the training split.
    pub normalisation: ChannelNormalisation,
    /// Name, origin and sizes.
    pub description: Description,
}

impl Splits {
    /// Puts three splits together, which must agree in shape and classes, and measures the training split.
    pub fn new(
        name: &str,
        origin: &str,
        train: ImageDataset,
        valid: ImageDataset,
        test: ImageDataset,
    ) -> Result<Self, DatasetError> {
        for (other, field) in [(&valid, "valid"), (&test, "test")] {
            if (other.shape(), other.classes()) != (train.shape(), train.classes()) {
                let describe = |set: &ImageDataset| {
                    format!("images of {:?} in {} classes", set.shape(), set.classes())
                };
                return Err(DatasetError::setting(
                    field,
                    describe(&train),
                    describe(other),
                ));
            }
        }
        for other in [&valid, &test] {
            if !other.has_targets_like(&train) {
                let expected = "the same targets in all splits";
                return Err(DatasetError::setting("targets", expected, "others"));
            }
        }
        if train.is_empty() {
            return Err(DatasetError::setting("train", "at least one image", "none"));
        }
        Ok(Self {
            normalisation: ChannelNormalisation::measure(&train)?,
            description: Description {
                name: name.to_string(),
                origin: origin.to_string(),
                items: "images".into(),
                train: train.count(),
                valid: valid.count(),
                test: test.count(),
            },
            train: Arc::new(train),
            valid: Arc::new(valid),
            test: Arc::new(test),
        })
    }

    /// Images that are in two splits: the same values as a network sees them, whatever their classes. Each such image is named
    /// beside the first one like it in the splits before its own. An image without a name is called by its number in its split.
    /// Of images that are read when they are asked for, none is looked at.
    pub fn duplicates(&self) -> Vec<[(Split, String); 2]> {
        duplicates::across([&self.train, &self.valid, &self.test].map(|images| &**images))
    }

    /// One split, or all of them put together (a copy).
    pub fn get(&self, split: Split) -> Result<Arc<ImageDataset>, DatasetError> {
        let splits = [&self.train, &self.valid, &self.test];
        split.of(splits, ImageDataset::concatenate)
    }
}
