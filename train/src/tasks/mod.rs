//! The tasks of run files.
//!
//! | what | where |
//! | --- | --- |
//! | images have classes | [`classification`] |
//! | pixels of images have classes | [`segmentation`] |
//! | particles move | [`dynamics`] |

pub mod classification;
pub mod dynamics;
pub mod segmentation;
