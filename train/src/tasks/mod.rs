//! The tasks of run files.
//!
//! | what | where |
//! | --- | --- |
//! | images have classes | [`classification`] |
//! | particles move | [`dynamics`] |

pub mod classification;
pub mod dynamics;
