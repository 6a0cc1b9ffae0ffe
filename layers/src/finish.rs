//! What follows a linear map at once.
//!
//! At inference a convolution or a normalisation is hardly ever alone: ReLU follows, and after some layers pooling. Taken
//! together they write the map once.

use burn::prelude::*;
use burn::tensor::activation::relu;

use crate::SpatialMaxPool2dConfig;

/// What is applied to the values of a linear map.
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
    /// Applies it to a map that exists.
    ///
    /// # Shapes
    /// - map: `[batch, …, height, width]`
    /// - output: the same, where it pools with half the height and width
    pub fn apply<const D: usize>(self, map: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Nothing => map,
            Self::Relu => relu(map),
            Self::ReluMaxPool => SpatialMaxPool2dConfig::new(2).init().forward(relu(map)),
        }
    }
}

#[cfg(feature = "flex")]
impl From<Finish> for gcnn_cpu::Finish {
    fn from(finish: Finish) -> Self {
        match finish {
            Finish::Nothing => Self::Nothing,
            Finish::Relu => Self::Relu,
            Finish::ReluMaxPool => Self::ReluMaxPool,
        }
    }
}
