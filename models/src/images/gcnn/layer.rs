//! A group convolution of the network, whole or separated.

use burn::nn::conv::Conv2d;
use burn::prelude::*;
use gcnn_layers::convolution::Window;
use gcnn_layers::kernel::{AngleOffsets, Kernel};
use gcnn_layers::{
    GroupConv2d, GroupConv2dConfig, LayerError, Parameters, SeparableGroupConv2d,
    SeparableGroupConv2dConfig,
};

/// What a layer after the first is made of.
pub(super) enum LayerConfig {
    Whole(GroupConv2dConfig),
    Separable(SeparableGroupConv2dConfig),
}

macro_rules! each {
    ($self:ident, $config:ident => $value:expr) => {
        match $self {
            Self::Whole($config) => $value,
            Self::Separable($config) => $value,
        }
    };
}

impl LayerConfig {
    /// The network's list that the layer is in.
    pub(super) fn field(&self) -> &'static str {
        match self {
            Self::Whole(_) => "convolutions",
            Self::Separable(_) => "separable",
        }
    }

    pub(super) fn parameters(&self) -> Result<Parameters, LayerError> {
        each!(self, config => config.parameters())
    }

    pub(super) fn filter_numbers(&self) -> Result<usize, LayerError> {
        each!(self, config => config.filter_numbers())
    }

    pub(super) fn validate(&self) -> Result<(), LayerError> {
        each!(self, config => config.validate())
    }

    /// The layer, in one list or the other.
    pub(super) fn init(
        &self,
        whole: &mut Vec<GroupConv2d>,
        separable: &mut Vec<SeparableGroupConv2d>,
        device: &Device,
    ) {
        match self {
            Self::Whole(config) => whole.push(config.init(device)),
            Self::Separable(config) => separable.push(config.init(device)),
        }
    }
}

/// A layer after the first: of a network's layers all are whole, or all are separated.
pub(super) enum Layer<'a> {
    Whole(&'a GroupConv2d),
    Separable(&'a SeparableGroupConv2d),
}

impl Layer<'_> {
    pub(super) fn forward_at(&self, map: Tensor<5>, offsets: AngleOffsets) -> Tensor<5> {
        each!(self, layer => layer.forward_at(map, offsets))
    }

    pub(super) fn window(&self) -> Window {
        each!(self, layer => layer.window())
    }

    /// Ordinary convolutions, the last of which has the layer's window.
    pub(super) fn export(&self) -> Vec<Conv2d> {
        match self {
            Self::Whole(layer) => vec![layer.export()],
            Self::Separable(layer) => layer.export(),
        }
    }

    /// How the weights of the kernel on the plane become kernels.
    pub(super) fn basis(&self) -> &Kernel {
        each!(self, layer => layer.basis())
    }
}
