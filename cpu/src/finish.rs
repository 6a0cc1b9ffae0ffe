//! What follows a linear map at once.

use burn::prelude::*;
use burn::tensor::activation::relu;
use burn::tensor::module::max_pool2d;
use burn::tensor::ops::MaxPoolOptions;

/// What is applied to the values of a linear map before they are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Finish {
    /// Nothing.
    #[default]
    Nothing,
    /// max(·, 0).
    Relu,
    /// max(·, 0), then the maximum over windows of 2×2, side by side; what no window covers is left out.
    ReluMaxPool,
}

impl Finish {
    /// Applies it to a map that exists, with Burn's own operations.
    pub(crate) fn apply(self, map: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Nothing => map,
            Self::Relu => relu(map),
            Self::ReluMaxPool => {
                let windows = MaxPoolOptions::new([2, 2]).with_stride([2, 2]);
                max_pool2d(relu(map), windows)
            }
        }
    }

    /// Height and width after it.
    pub(crate) fn size(self, size: [usize; 2]) -> [usize; 2] {
        match self {
            Self::Nothing | Self::Relu => size,
            Self::ReluMaxPool => size.map(|n| n / 2),
        }
    }
}
