//! Segmentation: images with a class for each of their pixels, and perhaps a number for each thing in them.
//!
//! ```text
//! PATH/NAME.png  PATH/NAME_labels.png     an image and its mask, side by side, as of nuclei
//! PATH/images/NAME.*  PATH/masks/NAME.*   the same in two folders, in any kind of picture
//! PATH/index.csv                          optional: the columns `image` (NAME), `stain` and `split` (train, valid or test)
//! ```
//!
//! A mask has the size of its image; images may have sizes of their own. What its pixels mean the setting `masks` says:
//!
//! ```text
//! masks = "instances"   the number of the thing that a pixel belongs to, 16 or 8 bits, 0 for none: their classes are
//!                       background, interior and border, by the rule of nuclei
//! masks = "classes"     the class itself, from 0, as a grey picture or as the places of a PNG's palette
//! ```
//!
//! Where no list says it, images are dealt to training, validation and test as [nuclei](crate::nuclei) are, with every stain in each of them or, with
//! `train_stains` and `test_stains`, some stains in training and others in the test; without any setting the images of nuclei
//! that the crate carries are read. Training sees [patches](PatchLoader) at places that are drawn anew in every epoch, evaluation
//! [whole images](SceneLoader). From classes back to things go [`watershed`] and [`watershed_of_classes`]; [`match_instances`] and
//! [`ClassOverlap`] compare them with the truth.
//!
//! ```
//! use gcnn_datasets::{BatchOptions, PatchLoader, SegmentationConfig, SegmentationSource};
//!
//! let config = SegmentationConfig::new(SegmentationSource::BuiltIn).with_limits([Some(2), Some(1), Some(1)]);
//! let splits = config.load()?;
//! let options = BatchOptions::new(4).with_seed(1).with_shuffle(true);
//! for batch in PatchLoader::new(splits.train.clone(), 32, config.patches_per_image, &options)? {
//!     assert_eq!(batch.images.len(), batch.count * batch.channels * batch.height * batch.width);
//!     assert_eq!(batch.classes.len(), batch.count * batch.height * batch.width);
//! }
//! # Ok::<(), gcnn_datasets::DatasetError>(())
//! ```

mod batch;
mod config;
mod dataset;
pub mod instances;
mod listing;
pub mod matching;
mod notes;
pub mod overlap;
mod patches;
mod read;
mod scenes;
mod splits;

pub use batch::SegmentationBatch;
pub use config::{MaskKind, SegmentationConfig, SegmentationSource};
pub use dataset::{Scene, SegmentationDataset};
pub use instances::{watershed, watershed_of_classes};
pub use matching::{InstanceMatches, MatchedPair, match_instances};
pub use overlap::ClassOverlap;
pub use patches::PatchLoader;
pub use scenes::SceneLoader;
pub use splits::SegmentationSplits;

#[cfg(test)]
mod tests;
