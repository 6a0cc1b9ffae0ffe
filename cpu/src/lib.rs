#![doc = include_str!("../README.md")]
#![deny(clippy::missing_safety_doc, clippy::undocumented_unsafe_blocks)]

mod bridge;
mod convolution;
mod finish;
pub mod memory;
pub mod normalisation;
mod number;
mod shared;
mod simd;
pub mod tensor_product;

pub use bridge::supports;
pub use convolution::{conv2d, conv2d_and_finish};
pub use finish::Finish;
