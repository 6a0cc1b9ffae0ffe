//! Trained networks at work.
//!
//! | what | where |
//! | --- | --- |
//! | a picture gets a class | [`picture`] |
//! | a picture larger than the network's patches gets a map of classes, tile by tile | [`slide`] |
//! | a picture gets a class for each pixel, and its things numbers | [`masks`] |
//! | particles get a place to be | [`trajectories`] |

pub mod inputs;
pub mod masks;
pub mod picture;
pub mod slide;
pub mod trajectories;
pub mod truth;
