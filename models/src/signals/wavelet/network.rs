//! The network itself.

use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Linear, LinearConfig, Relu};
use burn::prelude::*;
use gcnn_layers::equivariance::Feature;
use gcnn_layers::{
    FieldBatchNorm, FieldBatchNormConfig, FieldDropout, GlobalPoolKind, Group, GroupConv1d,
    LiftingConv1d, Projection, ProjectionConfig,
};

use super::WaveletConfig;
use crate::ModelError;
use crate::export::{GroupPool, PlainNetwork, PlainStep, PlanePool};
use crate::images::class_map::pool_windows;
use crate::images::gcnn::{InputShape, at_least};

impl WaveletConfig {
    /// Builds the network with fresh weights. They depend on nothing but the configuration and the device's random
    /// state: call `device.seed(n)` before.
    ///
    /// # Errors
    /// What [`validate`](Self::validate) refuses, and no classes.
    pub fn init(
        &self,
        input: InputShape,
        classes: usize,
        device: &Device,
    ) -> Result<Wavelet, ModelError> {
        at_least("the number of classes", classes, 1)?;
        self.validate(input)?;
        let lengths = self.lengths(input)?;
        let pooled = |layer: usize| self.pool_after.contains(&layer);
        let block = |layer: usize| Block {
            norm: FieldBatchNormConfig::new(self.channels[layer - 1]).init(device),
            pool: pooled(layer).then(|| windows(self.pool)),
            dropout: (!pooled(layer) && self.dropout > 0.0).then(|| self.dropout_config().init()),
        };
        let last = self.channels.last().copied().unwrap_or(1);
        let layers = self.layers()?;
        let network = Wavelet {
            lifting: self.first_layer(input).init(device),
            convolutions: layers.iter().map(|layer| layer.init(device)).collect(),
            blocks: (1..=self.channels.len()).map(block).collect(),
            projection: ProjectionConfig::new().with_kind(self.projection).init(),
            linear: LinearConfig::new(last, classes).init(device),
            group: self.group.clone(),
            last_scales: self.last_group()?.order(),
            last_length: lengths.last().copied().unwrap_or(1),
            pool: self.pool,
            admissibility: self.admissibility,
        };
        // Drawn here, in order, the parameters depend on the seed alone.
        Ok(network.materialize())
    }
}

fn windows(samples: usize) -> MaxPool2d {
    MaxPool2dConfig::new([1, samples])
        .with_strides([1, samples])
        .init()
}

/// A classifier of waveforms, see [`WaveletConfig`].
#[derive(Module, Debug)]
pub struct Wavelet {
    lifting: LiftingConv1d,
    convolutions: Vec<GroupConv1d>,
    /// One block per layer.
    blocks: Vec<Block>,
    projection: Projection,
    linear: Linear,
    #[module(skip)]
    group: Group,
    /// Scales of the last map.
    #[module(skip)]
    last_scales: usize,
    /// Length of the last map of a signal of the length that the network is built for.
    #[module(skip)]
    last_length: usize,
    #[module(skip)]
    pool: usize,
    #[module(skip)]
    admissibility: f64,
}

/// What follows a convolution.
#[derive(Module, Debug)]
struct Block {
    norm: FieldBatchNorm,
    dropout: Option<FieldDropout>,
    pool: Option<MaxPool2d>,
}

impl Block {
    fn forward(&self, map: Tensor<5>) -> Tensor<5> {
        let map = self.norm.forward_relu(map, self.dropout.as_ref());
        match &self.pool {
            None => map,
            Some(pool) => {
                let [batch, channels, scales, height, time] = map.dims();
                let planes = map.reshape([batch, channels * scales, height, time]);
                let pooled = pool.forward(planes);
                let [_, _, height, time] = pooled.dims();
                pooled.reshape([batch, channels, scales, height, time])
            }
        }
    }
}

impl Wavelet {
    /// Class scores (logits).
    ///
    /// # Shapes
    /// - signals: `[batch, channels, 1, time]`
    /// - output: `[batch, classes]`
    pub fn forward(&self, signals: Tensor<4>) -> Tensor<2> {
        self.head(self.last_map(signals))
    }

    /// The class scores of every window of a signal, [`stride`](Self::stride) samples apart, where a window is as long as the
    /// signals that the network is built for. Inside a signal a window sees its surroundings in place of silence.
    ///
    /// # Shapes
    /// - signals: `[batch, channels, 1, time]`, at least as long as a window
    /// - output: `[batch, classes, 1, (time − window) / stride + 1]`
    ///
    /// # Panics
    /// If the signal is shorter than a window.
    pub fn class_map(&self, signals: Tensor<4>) -> Tensor<4> {
        let map = self.projection_of_means(self.last_map(signals), Some(self.last_length));
        let scores = self.linear.forward(map.permute([0, 2, 3, 1]));
        scores.permute([0, 3, 1, 2])
    }

    /// Samples between the windows of a [`class_map`](Self::class_map).
    pub fn stride(&self) -> usize {
        let pools = self.blocks.iter().filter(|block| block.pool.is_some());
        self.pool.pow(pools.count() as u32)
    }

    fn last_map(&self, signals: Tensor<4>) -> Tensor<5> {
        self.run(signals, |_| {})
    }

    /// The last map; `seen` hears of the map after every layer, with its normalisation, activation and pooling.
    fn run(&self, signals: Tensor<4>, mut seen: impl FnMut(&Tensor<5>)) -> Tensor<5> {
        let mut map = self.lifting.forward(signals);
        for (index, block) in self.blocks.iter().enumerate() {
            map = block.forward(map);
            seen(&map);
            if let Some(convolution) = self.convolutions.get(index) {
                map = convolution.forward(map);
            }
        }
        map
    }

    /// Means over time, all of it or windows of it, and then the projection over scales: `[batch, channels, 1, windows]`.
    fn projection_of_means(&self, map: Tensor<5>, window: Option<usize>) -> Tensor<4> {
        let [batch, channels, scales, height, time] = map.dims();
        let planes = map.reshape([batch, channels * scales, height, time]);
        let means = match window {
            None => planes.mean_dim(3),
            Some(window) => pool_windows(planes, [1, window], GlobalPoolKind::Mean),
        };
        let [_, _, height, windows] = means.dims();
        let means = means.reshape([batch, channels, scales, height, windows]);
        self.projection.forward(means)
    }

    fn head(&self, map: Tensor<5>) -> Tensor<2> {
        let means = self.projection_of_means(map, None);
        self.linear.forward(means.flatten(1, 3))
    }

    /// What every layer says, and the logits, for [`survey`](gcnn_layers::equivariance::survey).
    ///
    /// # Shapes
    /// - signals: `[batch, channels, 1, time]`
    pub fn outputs(&self, signals: Tensor<4>) -> Vec<(String, Feature)> {
        let mut outputs: Vec<(String, Feature)> = Vec::with_capacity(self.blocks.len() + 1);
        let last = self.run(signals, |map| {
            let name = format!("layer {}", outputs.len() + 1);
            outputs.push((name, Feature::Group(map.clone())));
        });
        outputs.push(("logits".into(), Feature::Invariant(self.head(last))));
        outputs
    }

    /// What the loss adds for kernels that have a mean; nothing where that is not asked for.
    pub fn penalty(&self) -> Option<Tensor<1>> {
        if self.admissibility == 0.0 {
            return None;
        }
        let several = |taps: usize| taps > 1;
        let lifting = several(self.lifting.weight.dims()[3]).then(|| self.lifting.admissibility());
        let others = self.convolutions.iter();
        let others = others.filter(|layer| several(layer.weight.dims()[3]));
        let all = lifting
            .into_iter()
            .chain(others.map(GroupConv1d::admissibility));
        let sum = all.reduce(|sum, own| sum + own)?;
        Some(sum * self.admissibility)
    }

    /// The network as it is at inference: normalisation folded into the convolutions, no dropout.
    pub fn export(&self) -> PlainNetwork {
        let mut steps = Vec::new();
        for (index, block) in self.blocks.iter().enumerate() {
            steps.push(match index {
                0 => PlainStep::LiftWaveform(self.lifting.folded(&block.norm)),
                _ => PlainStep::Waveform(self.convolutions[index - 1].folded(&block.norm)),
            });
            steps.push(PlainStep::Relu(Relu::new()));
            steps.extend(
                block
                    .pool
                    .as_ref()
                    .map(|_| PlainStep::MaxPool(windows(self.pool))),
            );
        }
        // Means come before the maximum over scales: the mean of a maximum is another number.
        steps.push(PlainStep::PoolPlane(PlanePool {
            kind: GlobalPoolKind::Mean,
        }));
        steps.push(PlainStep::PoolGroup(GroupPool {
            order: self.last_scales,
            kind: self.projection.kind(),
        }));
        steps.push(PlainStep::Linear(self.linear.clone()));
        PlainNetwork::new(steps, [1, self.last_length])
    }

    /// The scales that the network is equivariant under.
    pub fn group(&self) -> &Group {
        &self.group
    }

    /// Number of trained parameters. Burn's count (`Module::num_params`) adds the running statistics.
    pub fn num_params(&self) -> usize {
        let fields = self.blocks.iter().map(|block| block.norm.scale.dims()[0]);
        Module::num_params(self) - 2 * fields.sum::<usize>()
    }
}
