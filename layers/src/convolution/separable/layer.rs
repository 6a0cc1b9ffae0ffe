//! The layer: its factors one after the other.

use burn::prelude::*;

use crate::convolution::{
    DepthwiseConv2d, GroupConv2d, IsotropicConv2d, LiftingConv2d, SpatialConv2d, Window,
};
use crate::expect;
use crate::group::Group;
use crate::kernel::{AngleOffsets, Kernel};

/// Correlates a feature map on the group with kernels that are products. Made by
/// [`SeparableGroupConv2dConfig::init`](super::SeparableGroupConv2dConfig::init).
#[derive(Module, Debug)]
pub struct SeparableGroupConv2d {
    pub(super) factors: FactorLayers,
    #[module(skip)]
    pub(super) group: Group,
    #[module(skip)]
    pub(super) channels: [usize; 2],
}

#[derive(Module, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a layer is one of them for good, and modules have no boxes"
)]
pub(super) enum FactorLayers {
    Separable(Separable),
    Gsep(Gsep),
    Dsep(Dsep),
    Separable2d(Separable2d),
}

#[derive(Module, Debug)]
pub(super) struct Separable {
    pub(super) over_group: GroupConv2d,
    pub(super) spatial: SpatialConv2d,
}

#[derive(Module, Debug)]
pub(super) struct Gsep {
    pub(super) over_group: GroupConv2d,
    pub(super) plane: LiftingConv2d,
}

#[derive(Module, Debug)]
pub(super) struct Dsep {
    pub(super) mixing: IsotropicConv2d,
    pub(super) depthwise: DepthwiseConv2d,
}

#[derive(Module, Debug)]
pub(super) struct Separable2d {
    pub(super) over_rotations: GroupConv2d,
    pub(super) along_scales: DepthwiseConv2d,
    pub(super) spatial: SpatialConv2d,
}

impl Gsep {
    /// k_oi(h⁻¹h') k_oi(h⁻¹x) as one bank.
    pub(super) fn filter_bank(&self, offsets: AngleOffsets) -> Tensor<4> {
        let over_group = self.over_group.filter_bank_at(offsets);
        let plane = self.plane.filter_bank_at(offsets);
        let ([responses, seen, ..], [_, fields, height, width]) = (over_group.dims(), plane.dims());
        let order = seen / fields;
        let over_group = over_group.reshape([responses, fields, order, 1, 1]);
        let plane = plane.reshape([responses, fields, 1, height, width]);
        (over_group * plane).reshape([responses, seen, height, width])
    }
}

impl Dsep {
    fn forward(&self, input: Tensor<5>, offsets: AngleOffsets) -> Tensor<5> {
        let [batch, fields, order, height, width] = input.dims();
        // The elements side by side are one image.
        let mixed = self
            .mixing
            .forward(input.reshape([batch, fields, order * height, width]));
        let [_, fields, ..] = mixed.dims();
        let maps = mixed.reshape([batch, fields, order, height, width]);
        self.depthwise.forward_at(maps, offsets)
    }
}

impl Separable2d {
    fn forward(&self, input: Tensor<5>, offsets: AngleOffsets) -> Tensor<5> {
        let [batch, fields, _, height, width] = input.dims();
        let rotations = self.over_rotations.group().order();
        let scales = self.along_scales.group().order();
        let maps: Tensor<6> = input.reshape([batch, fields, scales, rotations, height, width]);
        let maps = maps.swap_dims(1, 2);
        let maps = maps.reshape([batch * scales, fields, rotations, height, width]);
        let maps = self.over_rotations.forward_at(maps, offsets);
        let [_, fields, ..] = maps.dims();
        let maps: Tensor<6> = maps.reshape([batch, scales, fields, rotations, height, width]);
        let maps = maps.swap_dims(1, 2);
        let maps = maps.reshape([batch, fields, scales, rotations * height, width]);
        let maps = self.along_scales.forward(maps);
        let maps = maps.reshape([batch, fields, scales * rotations, height, width]);
        self.spatial.forward_at(maps, offsets)
    }
}

impl SeparableGroupConv2d {
    const LAYER: &'static str = "SeparableGroupConv2d";

    /// # Shapes
    /// - input: `[batch, channels_in, group, height, width]`
    /// - output: `[batch, channels_out, group, height_out, width_out]`
    ///
    /// # Panics
    /// If the input has another number of channels or lives on another group, is smaller than the kernel, or has numbers of
    /// another type than the weights.
    pub fn forward(&self, input: Tensor<5>) -> Tensor<5> {
        self.forward_at(input, AngleOffsets::default())
    }

    /// The same with grids of angles that are turned, for the batches of a training.
    ///
    /// # Panics
    /// As [`forward`](Self::forward), and if something is turned although the kernel is not a network or the group has
    /// reflections.
    pub fn forward_at(&self, input: Tensor<5>, offsets: AngleOffsets) -> Tensor<5> {
        expect::on_group(Self::LAYER, self.channels[0], &self.group, &input);
        match &self.factors {
            FactorLayers::Separable(layers) => layers
                .spatial
                .forward_at(layers.over_group.forward_at(input, offsets), offsets),
            FactorLayers::Gsep(layers) => {
                let [batch, fields, order, height, width] = input.dims();
                let planes = input.reshape([batch, fields * order, height, width]);
                let bias = layers.plane.filter_bias();
                let (window, bank) = layers.plane.window().around(layers.filter_bank(offsets));
                let out = window.correlate(Self::LAYER, &self.group, planes, bank, bias);
                let [_, _, height, width] = out.dims();
                out.reshape([batch, self.channels[1], order, height, width])
            }
            FactorLayers::Dsep(layers) => layers.forward(input, offsets),
            FactorLayers::Separable2d(layers) => layers.forward(input, offsets),
        }
    }

    /// Where the kernel is put on the plane, in the largest of its windows.
    pub fn window(&self) -> Window {
        match &self.factors {
            FactorLayers::Separable(layers) => layers.spatial.window(),
            FactorLayers::Gsep(layers) => layers.plane.window(),
            FactorLayers::Dsep(layers) => layers.depthwise.window(),
            FactorLayers::Separable2d(layers) => layers.spatial.window(),
        }
    }

    /// How the weights of the kernel on the plane become kernels.
    pub fn basis(&self) -> &Kernel {
        match &self.factors {
            FactorLayers::Separable(layers) => layers.spatial.basis(),
            FactorLayers::Gsep(layers) => layers.plane.basis(),
            FactorLayers::Dsep(layers) => layers.depthwise.basis(),
            FactorLayers::Separable2d(layers) => layers.spatial.basis(),
        }
    }

    /// The group H.
    pub fn group(&self) -> &Group {
        &self.group
    }
}
