//! One type for all networks for images.

use std::fmt;

use burn::module::{
    Content, Devices, ModuleDisplay, ModuleDisplayDefault, ModuleMapper, ModuleVisitor,
};
use burn::prelude::*;
use gcnn_layers::Group;
use gcnn_layers::equivariance::Feature;

use crate::{Gcnn, GroupDenseNet, PlainNetwork, Wavelet};

/// Any of the networks for images, as [`ImageModelConfig`](super::ImageModelConfig) builds them. As a module it is the
/// network itself: its parameters have the same names.
#[derive(Debug, Clone)]
#[allow(missing_docs, clippy::large_enum_variant)] // The variants are the networks of their names.
pub enum ImageModel {
    Gcnn(Gcnn),
    DenseNet(GroupDenseNet),
    Wavelet(Wavelet),
}

/// The same expression for each kind of network.
macro_rules! each {
    ($model:expr, $network:ident => $expression:expr) => {
        match $model {
            ImageModel::Gcnn($network) => $expression,
            ImageModel::DenseNet($network) => $expression,
            ImageModel::Wavelet($network) => $expression,
        }
    };
}

/// The same change of each kind of network.
macro_rules! change {
    ($model:expr, $network:ident => $expression:expr) => {
        match $model {
            ImageModel::Gcnn($network) => ImageModel::Gcnn($expression),
            ImageModel::DenseNet($network) => ImageModel::DenseNet($expression),
            ImageModel::Wavelet($network) => ImageModel::Wavelet($expression),
        }
    };
}

impl ImageModel {
    /// Class scores (logits).
    ///
    /// # Shapes
    /// - images: `[batch, channels, height, width]`
    /// - output: `[batch, classes]`
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        each!(self, network => network.forward(images))
    }

    /// The class scores of every patch of an image, [`stride`](Self::stride) pixels apart: at `[.., y, x]` what
    /// [`forward`](Self::forward) gives for the patch whose first pixel is `(stride · y, stride · x)`; see
    /// [`Gcnn::class_map`] and [`GroupDenseNet::class_map`].
    ///
    /// # Shapes
    /// - images: `[batch, channels, height, width]`, at least as large as a patch
    /// - output: `[batch, classes, (height − patch height) / stride + 1, (width − patch width) / stride + 1]`
    ///
    /// # Panics
    /// If the image is smaller than a patch.
    pub fn class_map(&self, images: Tensor<4>) -> Tensor<4> {
        each!(self, network => network.class_map(images))
    }

    /// Pixels between the patches of a [`class_map`](Self::class_map), along both axes.
    pub fn stride(&self) -> usize {
        each!(self, network => network.stride())
    }

    /// What every layer says, and the logits, for [`survey`](gcnn_layers::equivariance::survey); see [`Gcnn::outputs`] and
    /// [`GroupDenseNet::outputs`].
    ///
    /// # Shapes
    /// - images: `[batch, channels, height, width]`
    pub fn outputs(&self, images: Tensor<4>) -> Vec<(String, Feature)> {
        each!(self, network => network.outputs(images))
    }

    /// The network as it is at inference, of ordinary layers; see [`Gcnn::export`] and [`GroupDenseNet::export`].
    pub fn export(&self) -> PlainNetwork {
        each!(self, network => network.export())
    }

    /// What the loss adds for the network itself, whatever it says: see [`Wavelet::penalty`] and [`Gcnn::penalty`].
    pub fn penalty(&self) -> Option<Tensor<1>> {
        match self {
            Self::DenseNet(_) => None,
            Self::Gcnn(network) => network.penalty(),
            Self::Wavelet(network) => network.penalty(),
        }
    }

    /// Height and width in pixels of the kernels of layers, by number, where they are trained; see [`Gcnn::kernel_sizes`].
    pub fn kernel_sizes(&self) -> Vec<(usize, [f64; 2])> {
        match self {
            Self::Gcnn(network) => network.kernel_sizes(),
            Self::DenseNet(_) | Self::Wavelet(_) => Vec::new(),
        }
    }

    /// The group that the network is equivariant under.
    pub fn group(&self) -> &Group {
        each!(self, network => network.group())
    }

    /// Number of trained parameters. Burn's count (`Module::num_params`) adds the running statistics.
    pub fn num_params(&self) -> usize {
        each!(self, network => network.num_params())
    }
}

// The derived implementation would put the kind's name in front of every parameter's, and weights of a network would not
// be those of the same network by itself.
impl Module for ImageModel {
    fn collect_devices(&self, devices: Devices) -> Devices {
        each!(self, network => network.collect_devices(devices))
    }

    fn fork(self, device: &Device) -> Self {
        change!(self, network => network.fork(device))
    }

    fn to_device(self, device: &Device) -> Self {
        change!(self, network => network.to_device(device))
    }

    fn train(self) -> Self {
        change!(self, network => network.train())
    }

    fn valid(&self) -> Self {
        change!(self, network => network.valid())
    }

    fn materialize(self) -> Self {
        change!(self, network => network.materialize())
    }

    fn visit<Visitor: ModuleVisitor>(&self, visitor: &mut Visitor) {
        each!(self, network => network.visit(visitor))
    }

    fn map<Mapper: ModuleMapper>(self, mapper: &mut Mapper) -> Self {
        change!(self, network => network.map(mapper))
    }
}

impl ModuleDisplayDefault for ImageModel {
    fn content(&self, content: Content) -> Option<Content> {
        each!(self, network => network.content(content))
    }

    fn num_params(&self) -> usize {
        Module::num_params(self)
    }
}

impl ModuleDisplay for ImageModel {}

impl fmt::Display for ImageModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        each!(self, network => network.fmt(f))
    }
}
