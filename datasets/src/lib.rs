#![doc = include_str!("../README.md")]
//!
//! # What is inside
//!
//! | what | where |
//! | --- | --- |
//! | labelled images in memory or in files, splits, normalisation | [`images`] |
//! | what every data set of images answers, and one of your own | [`ImageSource`] |
//! | rotated MNIST: the community's files, re-made from MNIST, or the digits that the crate carries | [`rotated_mnist`] |
//! | scaled MNIST, with other factors for training than for testing | [`scaled_mnist`] |
//! | patches of stained tissue around nuclei, from a folder or carried | [`nuclei`] |
//! | whole images with a class for each pixel, their patches, instances and overlaps | [`segmentation`] |
//! | PatchCamelyon, read from its HDF5 files as batches need it | [`pcam`] |
//! | people's own images, by folders or by a table, and what is in such a folder | [`image_folder`] |
//! | people's own clips of sound, by folders or by their names, and a few spoken digits | [`audio_folder`] |
//! | one clip of sound at another rate, longer or shorter | [`clip`] |
//! | one picture of any kind, whole or row by row, in another size or range | [`picture`] |
//! | particles in motion: simulated, the community's set made again, or its files | [`nbody`] |
//! | readers of files that others wrote | [`idx`], [`amat`], [`npy`], all but the last one perhaps packed: [`gunzip`] |
//! | rotating images; random motions and colours of a training set | [`rotate`], [`augmentation`], [`colour`] |
//! | batches prepared on another thread | [`loader`] |
//! | whether data are the same | [`identity`] |
//! | files that are whole or absent | [`atomic`] |
//! | where data lies, and how to download it | [`folders`], [`fetch`] |
//!
//! # An example
//!
//! ```
//! use gcnn_datasets::{BatchLoader, BatchOptions, ImageSource, RotatedMnistConfig, RotatedMnistSource};
//!
//! let splits = RotatedMnistConfig::new(RotatedMnistSource::BuiltIn).load()?;
//! let options = BatchOptions::new(64).with_seed(1).with_normalisation(Some(splits.normalisation.clone()));
//! for batch in BatchLoader::new(splits.valid.clone(), options)? {
//!     assert_eq!(batch.pixels.len(), batch.shape.iter().product::<usize>());
//! }
//! # Ok::<(), gcnn_datasets::DatasetError>(())
//! ```

#![forbid(unsafe_code)]

pub mod amat;
pub mod atomic;
pub mod audio_folder;
pub mod augmentation;
pub mod clip;
pub mod colour;
mod deal;
mod digits;
mod entries;
pub mod error;
pub mod fetch;
mod files;
pub mod folders;
pub mod gunzip;
pub mod identity;
pub mod idx;
pub mod image_folder;
pub mod images;
pub mod loader;
pub mod nbody;
pub mod npy;
pub mod nuclei;
mod numpy_random;
pub mod pcam;
pub mod picture;
mod random;
pub mod rotate;
pub mod rotated_mnist;
pub mod scaled_mnist;
pub mod segmentation;
mod shield;
mod tables;
#[cfg(test)]
mod testing;

pub use atomic::Unfinished;
pub use audio_folder::{AudioFolderConfig, AudioSource};
pub use augmentation::{Augmentation, RotationAugmentation};
pub use clip::Clip;
pub use error::DatasetError;
pub use image_folder::ImageFolderConfig;
pub use images::{
    ChannelNormalisation, Description, ImageDataset, ImageSource, Places, ReadImages, Split,
    SplitImages, Splits, TargetKind, Targets,
};
pub use loader::{BatchLoader, BatchOptions, ImageBatch, Sampling};
pub use nbody::{
    NBodyAugmentation, NBodyBatch, NBodyConfig, NBodyDataset, NBodyLoader, NBodySource,
    NBodySplits, NBodySystem, Trajectories,
};
pub use nuclei::{NucleiConfig, NucleiSource};
pub use pcam::PcamConfig;
pub use picture::{
    Fit, Picture, PictureHeader, PictureLimits, PictureRows, Preparation, Samples, Stretch,
};
pub use rotate::{Fill, Interpolation};
pub use rotated_mnist::{RotatedMnistConfig, RotatedMnistSource};
pub use scaled_mnist::{ScaledMnistConfig, ScaledMnistSource};
pub use segmentation::{
    ClassOverlap, InstanceMatches, MaskKind, MatchedPair, PatchLoader, Scene, SceneLoader,
    SegmentationBatch, SegmentationConfig, SegmentationDataset, SegmentationSource,
    SegmentationSplits, match_instances, watershed, watershed_of_classes,
};
pub use shield::silence_decoders;
