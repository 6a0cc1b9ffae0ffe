//! Networks that read images.
//!
//! | what | where |
//! | --- | --- |
//! | G-CNN, over any group, with any kernel | [`gcnn`] |
//! | densely connected G-CNN | [`densenet`] |
//! | either, by configuration | [`image_model`] |
//! | U-Net of group convolutions: scores of every pixel | [`unet`] |
//! | any that segments, by configuration | [`segmentation`] |

pub(crate) mod class_map;
pub mod densenet;
pub mod gcnn;
pub mod image_model;
pub mod segmentation;
pub mod unet;
