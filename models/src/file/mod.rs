//! Weights files: safetensors whose header says what the arrays are of.
//!
//! | part | where |
//! | --- | --- |
//! | what a file says beside its arrays | [`Header`], by the names in [`keys`] |
//! | what its scores are divided by | [`Header::temperature`] |
//! | reading: what a network needs is compared with what is there before an array is copied | [`WeightsFile`] |
//! | writing: the same content is the same bytes | [`to_bytes`] |
//! | names, shapes and values that do not fit | [`compare`], [`check_finite`] |
//!
//! A file is hostile until proven otherwise. The format's own reader compares every array with the bytes that there are; what a
//! file's configuration would make is computed by arithmetic
//! ([`ImageModelConfig::parameters`](crate::ImageModelConfig::parameters) and others), and a file that holds anything else is
//! refused before a network is made.

mod compare;
mod error;
mod finite;
mod header;
mod read;
mod temperature;
mod write;

pub use compare::compare;
pub use error::WeightsError;
pub use finite::check_finite;
pub use header::{Header, keys};
pub use read::{WeightsFile, from_bytes};
pub use temperature::TEMPERATURES;
pub use write::to_bytes;
