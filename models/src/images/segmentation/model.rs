//! One type for all networks that segment images.

use burn::prelude::*;
use gcnn_layers::Group;
use gcnn_layers::equivariance::Feature;

use crate::GroupUnet;

/// Any of the networks that segment images, as [`SegmentationModelConfig`](super::SegmentationModelConfig) builds them.
#[derive(Module, Debug)]
#[allow(missing_docs)] // The variants are the networks of their names.
pub enum SegmentationModel {
    Unet(GroupUnet),
}

impl SegmentationModel {
    /// Class scores (logits) of every pixel; see [`GroupUnet::forward`].
    ///
    /// # Shapes
    /// - images: `[batch, channels, height, width]`
    /// - output: `[batch, classes, height, width]`
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Unet(network) => network.forward(images),
        }
    }

    /// The same for large images, tile by tile; see [`GroupUnet::forward_in_tiles`].
    ///
    /// # Shapes
    /// - images: `[batch, channels, height, width]`
    /// - output: `[batch, classes, height, width]`
    pub fn forward_in_tiles(&self, images: Tensor<4>, tile: usize) -> Tensor<4> {
        match self {
            Self::Unet(network) => network.forward_in_tiles(images, tile),
        }
    }

    /// What sides and offsets of tiles are multiples of; see [`GroupUnet::stride`].
    pub fn stride(&self) -> usize {
        match self {
            Self::Unet(network) => network.stride(),
        }
    }

    /// How many pixels from the border of a tile scores may differ from those of the whole image; see [`GroupUnet::margin`].
    pub fn margin(&self) -> usize {
        match self {
            Self::Unet(network) => network.margin(),
        }
    }

    /// What every level says, and the class scores, for [`survey`](gcnn_layers::equivariance::survey); see
    /// [`GroupUnet::outputs`].
    ///
    /// # Shapes
    /// - images: `[batch, channels, height, width]`
    pub fn outputs(&self, images: Tensor<4>) -> Vec<(String, Feature)> {
        match self {
            Self::Unet(network) => network.outputs(images),
        }
    }

    /// The group that the network is equivariant under.
    pub fn group(&self) -> &Group {
        match self {
            Self::Unet(network) => network.group(),
        }
    }

    /// Number of trained parameters. Burn's count (`Module::num_params`) adds the running statistics.
    pub fn num_params(&self) -> usize {
        match self {
            Self::Unet(network) => network.num_params(),
        }
    }
}
