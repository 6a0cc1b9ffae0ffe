//! Networks of nothing but ordinary layers: what a trained group-convolutional network is at inference.
//!
//! ```text
//! lifting and group convolution   → convolution with the expanded bank, C·|H| channels
//! normalisation behind it         → folded into that convolution
//! normalisation before it         → a scale and a shift per channel
//! attention                       → 1×1 convolutions of means and maxima, a convolution, sigmoids and products
//! projection                      → the maximum or the mean over each |H| channels
//! ```
//!
//! [`Gcnn::export`](crate::Gcnn::export) and [`GroupDenseNet::export`](crate::GroupDenseNet::export) make one; its
//! [`description`](PlainNetwork::describe) rebuilds it without the network that it was. It needs no group, no basis and no
//! kernel of this project, so that other programs can read it too: [`sequential`] has it as modules of PyTorch. [`official`] has
//! networks of particles under the names that they were published with.

mod build;
mod config;
mod cost;
mod file;
mod network;
pub mod official;
pub mod sequential;
mod windows;

pub use config::{PlainNetworkConfig, PlainStepConfig};
pub use file::{DESCRIPTION, PlainFileError};
pub use network::{
    Beside, ChannelScale, GroupPool, PlainNetwork, PlainStep, PlanePool, Wrap, zero_padding,
};
pub use windows::Windows;
