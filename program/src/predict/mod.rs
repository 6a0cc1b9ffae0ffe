//! Trained networks at work.
//!
//! | what | where |
//! | --- | --- |
//! | a picture gets a class | [`picture`] |
//! | a picture larger than the network's patches gets a map of classes, tile by tile | [`slide`] |
//! | particles get a place to be | [`trajectories`] |

pub mod inputs;
pub mod picture;
pub mod slide;
pub mod trajectories;
pub mod truth;
