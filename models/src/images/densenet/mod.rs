//! The densely connected group-convolutional classifier for tissue.
//!
//! ```text
//! image → lifting convolution 3×3
//!       → [BN → ReLU → group convolution 3×3, beside its own input less a border of one pixel]        a block
//!       → [BN → ReLU → average-pool 2×2 → group convolution 1×1] → block → …
//!       → BN → ReLU → group convolution 1×1 to class scores → pool over H → mean over the plane
//! ```
//!
//! Nothing is padded: what a position sees is image, so that the same weights slide over an image of any size and give
//! the scores of all its patches at once. Over D4 it is P4M-DenseNet; C4 and the trivial group give its companions with
//! about as many parameters. The published transition averages after its 1×1 convolution; the two are linear, commute, and
//! cost a quarter in this order. Source: Veeling et al. 2018.

mod config;
mod network;

pub use config::GroupDenseNetConfig;
pub use network::GroupDenseNet;
