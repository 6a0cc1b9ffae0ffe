//! The network itself.

use burn::nn::Relu;
use burn::nn::pool::AvgPool2dConfig;
use burn::prelude::*;
use gcnn_layers::equivariance::Feature;
use gcnn_layers::{
    FieldBatchNorm, FieldBatchNormConfig, GlobalPoolKind, Group, GroupConv2d, GroupConv2dConfig,
    LiftingConv2d, Projection, ProjectionConfig, SpatialAvgPool2d, SpatialAvgPool2dConfig,
    repeat_over_group,
};

use super::config::GroupDenseNetConfig;
use crate::ModelError;
use crate::export::{Beside, ChannelScale, GroupPool, PlainNetwork, PlainStep, PlanePool};
use crate::images::class_map::pool_windows;
use crate::images::gcnn::{InputShape, POOL_SIZE, at_least};

impl GroupDenseNetConfig {
    /// Builds the network with fresh weights (He et al. 2015). They depend on nothing but the configuration and the
    /// device's random state: call `device.seed(n)` before.
    ///
    /// # Errors
    /// What [`validate`](Self::validate) refuses, and no classes.
    pub fn init(
        &self,
        input: InputShape,
        classes: usize,
        device: &Device,
    ) -> Result<GroupDenseNet, ModelError> {
        at_least("the number of classes", classes, 1)?;
        self.validate(input)?;
        self.check_size(input, classes)?;
        let sizes = self.map_sizes(input)?;
        let last = sizes.last().copied().unwrap_or([1, 1]);
        Ok(GroupDenseNet::new(self, input, last, classes, device))
    }
}

/// A densely connected group-convolutional classifier, see [`GroupDenseNetConfig`].
#[derive(Module, Debug)]
pub struct GroupDenseNet {
    stem: LiftingConv2d,
    blocks: Vec<Unit>,
    /// One between each two blocks.
    transitions: Vec<Unit>,
    head: Unit,
    pool: SpatialAvgPool2d,
    projection: Projection,
    #[module(skip)]
    group: Group,
    /// Height and width of the last map of a patch.
    #[module(skip)]
    patch_map: [usize; 2],
}

/// BN → ReLU → (average-pool →) group convolution.
#[derive(Module, Debug)]
struct Unit {
    norm: FieldBatchNorm,
    convolution: GroupConv2d,
}

impl Unit {
    fn new(
        (norm, convolution): (FieldBatchNormConfig, GroupConv2dConfig),
        device: &Device,
    ) -> Self {
        Self {
            norm: norm.init(device),
            convolution: convolution.init(device),
        }
    }

    fn forward(&self, map: Tensor<5>) -> Tensor<5> {
        self.convolution.forward(self.norm.forward_relu(map, None))
    }

    /// The response beside the part of the map that it has the size of.
    fn forward_dense(&self, map: Tensor<5>) -> Tensor<5> {
        let response = self.forward(map.clone());
        let [_, _, _, height, width] = response.dims();
        let border = self.border();
        let seen = map.narrow(3, border, height).narrow(4, border, width);
        Tensor::cat(vec![seen, response], 1)
    }

    /// Pixels at each side of a map that the response has no place for: scalings make kernels larger.
    fn border(&self) -> usize {
        self.convolution.window().kernel_size.height_and_width()[0] / 2
    }

    /// The same of ordinary layers. What comes before a convolution cannot be folded into it past ReLU: normalisation
    /// stays, as a scale and a shift per channel.
    fn export(&self, pool: Option<usize>) -> Vec<PlainStep> {
        let order = self.convolution.group().order();
        let of_channels = |of_fields| repeat_over_group(of_fields, order).detach();
        let [scale, shift] = self.norm.line().map(of_channels);
        let mut steps = vec![
            PlainStep::Scale(ChannelScale::new(scale, shift)),
            PlainStep::Relu(Relu::new()),
        ];
        let pool = pool.map(|size| AvgPool2dConfig::new([size; 2]).init());
        steps.extend(pool.map(PlainStep::AveragePool));
        steps.push(PlainStep::Convolution(self.convolution.export()));
        steps
    }

    fn forward_pooled(&self, map: Tensor<5>, pool: &SpatialAvgPool2d) -> Tensor<5> {
        let activated = self.norm.forward_relu(map, None);
        self.convolution.forward(pool.forward(activated))
    }
}

impl GroupDenseNet {
    /// The caller has validated the configuration for this input.
    pub(super) fn new(
        config: &GroupDenseNetConfig,
        input: InputShape,
        patch_map: [usize; 2],
        classes: usize,
        device: &Device,
    ) -> Self {
        let unit = |configs| Unit::new(configs, device);
        let network = Self {
            stem: config.stem(input).init(device),
            blocks: (0..config.blocks).map(|b| unit(config.block(b))).collect(),
            transitions: (1..config.blocks)
                .map(|b| unit(config.transition(b - 1)))
                .collect(),
            head: unit(config.head(classes)),
            pool: SpatialAvgPool2dConfig::new(POOL_SIZE).init(),
            projection: ProjectionConfig::new().with_kind(config.projection).init(),
            group: config.group.clone(),
            patch_map,
        };
        // Parameters draw their values when first used; drawing all of them here, in order, makes them depend on the
        // seed alone.
        network.materialize()
    }

    /// Class scores (logits).
    ///
    /// # Shapes
    /// - images: `[batch, channels, height, width]`
    /// - output: `[batch, classes]`
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let scores = self.positions(images);
        scores.mean_dim(3).mean_dim(2).flatten(1, 3)
    }

    /// The class scores of every patch of an image, [`stride`](Self::stride) pixels apart: at `[.., y, x]` what
    /// [`forward`](Self::forward) gives for the patch whose first pixel is `(stride · y, stride · x)`, without computing what
    /// patches share more than once. In evaluation, where normalisation uses its running statistics, the two agree to
    /// rounding.
    ///
    /// The map turns with the image where [`validate`](GroupDenseNetConfig::validate) accepts the image's size too.
    ///
    /// # Shapes
    /// - images: `[batch, channels, height, width]`, at least as large as a patch
    /// - output: `[batch, classes, (height − patch height) / stride + 1, (width − patch width) / stride + 1]`
    ///
    /// # Panics
    /// If the image is smaller than a patch.
    pub fn class_map(&self, images: Tensor<4>) -> Tensor<4> {
        pool_windows(self.positions(images), self.patch_map, GlobalPoolKind::Mean)
    }

    /// Pixels between the patches of a [`class_map`](Self::class_map), along both axes.
    pub fn stride(&self) -> usize {
        POOL_SIZE.pow(self.transitions.len() as u32)
    }

    /// The network as it is at inference, of ordinary layers, with its filters expanded. Its logits are the same to
    /// rounding.
    pub fn export(&self) -> PlainNetwork {
        let mut steps = vec![PlainStep::Convolution(self.stem.export())];
        for (index, block) in self.blocks.iter().enumerate() {
            steps.push(PlainStep::Beside(Beside {
                border: block.border(),
                steps: block.export(None),
            }));
            if let Some(transition) = self.transitions.get(index) {
                steps.extend(transition.export(Some(POOL_SIZE)));
            }
        }
        steps.extend(self.head.export(None));
        steps.push(PlainStep::PoolGroup(GroupPool {
            order: self.group.order(),
            kind: self.projection.kind(),
        }));
        steps.push(PlainStep::PoolPlane(PlanePool {
            kind: GlobalPoolKind::Mean,
        }));
        PlainNetwork::new(steps, self.patch_map)
    }

    /// The group that the network is equivariant under.
    pub fn group(&self) -> &Group {
        &self.group
    }

    /// Number of trained parameters. Burn's count (`Module::num_params`) adds the running statistics.
    pub fn num_params(&self) -> usize {
        let units = self.blocks.iter().chain(&self.transitions);
        let running: usize = units
            .chain([&self.head])
            .map(|unit| 2 * unit.norm.scale.dims()[0])
            .sum();
        Module::num_params(self) - running
    }

    /// The maps after the first layer, after every block with what follows it, and of the class scores, and the logits,
    /// for [`survey`](gcnn_layers::equivariance::survey).
    ///
    /// # Shapes
    /// - images: `[batch, channels, height, width]`
    pub fn outputs(&self, images: Tensor<4>) -> Vec<(String, Feature)> {
        let mut outputs = Vec::with_capacity(self.blocks.len() + 3);
        let scores = self.positions_through(images, |map| {
            let name = match outputs.len() {
                0 => "stem".into(),
                block => format!("block {block}"),
            };
            outputs.push((name, Feature::Group(map.clone())));
        });
        let logits = scores.clone().mean_dim(3).mean_dim(2).flatten(1, 3);
        outputs.push(("scores".into(), Feature::Plane(scores)));
        outputs.push(("logits".into(), Feature::Invariant(logits)));
        outputs
    }

    /// Class scores at every position of the last map, `[batch, classes, height, width]`.
    fn positions(&self, images: Tensor<4>) -> Tensor<4> {
        self.positions_through(images, |_| ())
    }

    /// The same; `seen` hears of the maps on the way.
    fn positions_through(&self, images: Tensor<4>, mut seen: impl FnMut(&Tensor<5>)) -> Tensor<4> {
        let mut map = self.stem.forward(images);
        seen(&map);
        for (index, block) in self.blocks.iter().enumerate() {
            map = block.forward_dense(map);
            if let Some(transition) = self.transitions.get(index) {
                map = transition.forward_pooled(map, &self.pool);
            }
            seen(&map);
        }
        self.projection.forward(self.head.forward(map))
    }
}
