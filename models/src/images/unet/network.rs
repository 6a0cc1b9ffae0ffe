//! The network itself.

use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::prelude::*;
use gcnn_layers::equivariance::Feature;
use gcnn_layers::{
    BlurPool2d, BlurPool2dConfig, FieldBatchNorm, Group, GroupConv2d, LiftingConv2d, Projection,
    ProjectionConfig, Upsample2d, Upsample2dConfig,
};

use super::config::{GroupUnetConfig, UnitConfig};
use crate::ModelError;

impl GroupUnetConfig {
    /// Builds the network with fresh weights (He et al. 2015), for images of so many channels. They depend on nothing but the
    /// configuration and the device's random state: call `device.seed(n)` before.
    ///
    /// # Errors
    /// What [`validate`](Self::validate) refuses, no channels and no classes.
    pub fn init(
        &self,
        channels: usize,
        classes: usize,
        device: &Device,
    ) -> Result<GroupUnet, ModelError> {
        self.validate()?;
        self.parameters(channels, classes)?;
        let level = |units: Vec<UnitConfig>| {
            let units = units.into_iter().map(|unit| Unit::new(&unit, device));
            units.collect::<Vec<_>>()
        };
        let network = GroupUnet {
            lifting: self.lifting(channels).init(device),
            norm: self.norm(0).init(device),
            encoder: self.encoder().into_iter().map(level).collect(),
            decoder: self.decoder().into_iter().map(level).collect(),
            smaller: BlurPool2dConfig::new().init(),
            larger: Upsample2dConfig::new(2).with_kind(self.upsampling).init(),
            projection: ProjectionConfig::new().with_kind(self.projection).init(),
            head: Conv2dConfig::new([self.channels[0], classes], [1, 1]).init(device),
            group: self.group.clone(),
            channels,
        };
        // Parameters draw their values when first used; drawing all of them here, in order, makes them depend on the
        // seed alone.
        Ok(network.materialize())
    }
}

/// A U-Net of group convolutions, see [`GroupUnetConfig`].
#[derive(Module, Debug)]
pub struct GroupUnet {
    lifting: LiftingConv2d,
    norm: FieldBatchNorm,
    /// The units of each level on the way down.
    encoder: Vec<Vec<Unit>>,
    /// And on the way up, from the smallest map but one to the largest.
    decoder: Vec<Vec<Unit>>,
    smaller: BlurPool2d,
    larger: Upsample2d,
    projection: Projection,
    head: Conv2d,
    #[module(skip)]
    group: Group,
    channels: usize,
}

/// Group convolution → BN → ReLU.
#[derive(Module, Debug)]
struct Unit {
    convolution: GroupConv2d,
    norm: FieldBatchNorm,
}

impl Unit {
    fn new(config: &UnitConfig, device: &Device) -> Self {
        Self {
            convolution: config.convolution.init(device),
            norm: config.norm.init(device),
        }
    }

    fn forward(&self, map: Tensor<5>) -> Tensor<5> {
        self.norm.forward_relu(self.convolution.forward(map), None)
    }

    /// Pixels that the kernel reaches to each side.
    fn reach(&self) -> usize {
        let sides = self.convolution.window().kernel_size.height_and_width();
        sides[0].max(sides[1]) / 2
    }
}

impl GroupUnet {
    /// Class scores (logits) of every pixel.
    ///
    /// # Shapes
    /// - images: `[batch, channels, height, width]`, of any height and width
    /// - output: `[batch, classes, height, width]`
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        self.forward_through(images, |_, _| ())
    }

    /// The same; `seen` hears on the way of the map after each level, `down 1`, `down 2`, …, `up 1`.
    fn forward_through(
        &self,
        images: Tensor<4>,
        mut seen: impl FnMut(String, &Tensor<5>),
    ) -> Tensor<4> {
        let mut map = self.norm.forward_relu(self.lifting.forward(images), None);
        let mut beside = Vec::with_capacity(self.decoder.len());
        for (level, units) in self.encoder.iter().enumerate() {
            if level > 0 {
                beside.push(map.clone());
                map = self.smaller.forward(map);
            }
            map = through(units, map);
            seen(format!("down {}", level + 1), &map);
        }
        for units in &self.decoder {
            let Some(skipped) = beside.pop() else { break };
            let [.., height, width] = skipped.dims();
            let larger = self.larger.forward_to(map, [height, width]);
            map = through(units, Tensor::cat(vec![skipped, larger], 1));
            seen(format!("up {}", beside.len() + 1), &map);
        }
        self.head.forward(self.projection.forward(map))
    }

    /// What every level says, and the class scores, for [`survey`](gcnn_layers::equivariance::survey).
    ///
    /// # Shapes
    /// - images: `[batch, channels, height, width]`
    pub fn outputs(&self, images: Tensor<4>) -> Vec<(String, Feature)> {
        let mut outputs = Vec::new();
        let scores = self.forward_through(images, |name, map| {
            outputs.push((name, Feature::Group(map.clone())));
        });
        outputs.push(("scores".into(), Feature::Plane(scores)));
        outputs
    }

    /// Sides that are multiples of so many pixels are halved without a remainder all the way down.
    pub fn stride(&self) -> usize {
        1 << self.decoder.len()
    }

    /// How far, in pixels, scores reach: a window whose sides and place are multiples of [`stride`](Self::stride) has at this distance
    /// from its border the scores that the whole image has there, whose sides are such multiples too. A multiple of the stride.
    pub fn margin(&self) -> usize {
        let first = self.lifting.window().kernel_size.height_and_width();
        let mut reach = first[0].max(first[1]) / 2;
        for (level, units) in self.encoder.iter().enumerate() {
            let up = self.decoder.iter().rev().nth(level);
            let units = units.iter().chain(up.into_iter().flatten());
            reach += units.map(Unit::reach).sum::<usize>() << level;
            if level > 0 {
                // A blur reaches a pixel and a half of the finer map, upsampling one of the coarser.
                reach += (3 << (level - 1)) / 2 + (1 << level) + 1;
            }
        }
        reach.next_multiple_of(self.stride())
    }

    /// Number of channels of an image.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.head.weight.dims()[0]
    }

    /// The group that the network is equivariant under.
    pub fn group(&self) -> &Group {
        &self.group
    }

    /// Number of trained parameters. Burn's count (`Module::num_params`) adds the running statistics.
    pub fn num_params(&self) -> usize {
        let units = self.encoder.iter().chain(&self.decoder).flatten();
        let norms = units.map(|unit| &unit.norm).chain([&self.norm]);
        let running: usize = norms.map(|norm| 2 * norm.scale.dims()[0]).sum();
        Module::num_params(self) - running
    }
}

fn through(units: &[Unit], map: Tensor<5>) -> Tensor<5> {
    units.iter().fold(map, |map, unit| unit.forward(map))
}
