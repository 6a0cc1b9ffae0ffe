//! The network itself.

use burn::nn::{Linear, LinearConfig};
use burn::prelude::*;
use burn::tensor::Distribution;
use burn::tensor::activation::relu;
use gcnn_layers::equivariance::Feature;
use gcnn_layers::kernel::AngleOffsets;
use gcnn_layers::{
    AttentiveGate, AttentivePlaneGate, FieldBatchNorm, FieldDropout, GlobalPool2d,
    GlobalPool2dConfig, GlobalPoolKind, Group, GroupConv2d, LiftingConv2d, Projection,
    ProjectionConfig, SeparableGroupConv2d, SpatialMaxPool2d, SpatialMaxPool2dConfig,
};

use super::InputShape;
use super::config::{GcnnConfig, Head, Normalisation, POOL_SIZE, at_least};
use super::layer::Layer;
use crate::ModelError;
use crate::images::class_map::pool_windows;

impl GcnnConfig {
    /// Builds the network with fresh weights. They depend on nothing but the configuration and the device's random
    /// state: call `device.seed(n)` before.
    pub fn init(
        &self,
        input: InputShape,
        classes: usize,
        device: &Device,
    ) -> Result<Gcnn, ModelError> {
        at_least("the number of classes", classes, 1)?;
        if self.size.is_some() {
            return self.sized(input)?.init(input, classes, device);
        }
        self.validate(input)?;
        self.check_size(input, classes)?;
        let sizes = self.map_sizes(input)?;
        let last = sizes.last().copied().unwrap_or([1, 1]);
        Ok(Gcnn::new(self, input, last, classes, device))
    }
}

/// A group-convolutional classifier, see [`GcnnConfig`].
#[derive(Module, Debug)]
pub struct Gcnn {
    pub(super) lifting: LiftingConv2d,
    pub(super) convolutions: Vec<GroupConv2d>,
    /// What stands in their place where kernels are separated.
    pub(super) separable: Vec<SeparableGroupConv2d>,
    /// One block per hidden layer.
    pub(super) blocks: Vec<Block>,
    pub(super) projection: Projection,
    global_pool: GlobalPool2d,
    pub(super) linear: Option<Linear>,
    /// One before each of the convolutions, where there is attention.
    pub(super) gates: Vec<AttentiveGate>,
    /// One before the lifting convolution.
    pub(super) image_gate: Option<AttentivePlaneGate>,
    #[module(skip)]
    pub(super) group: Group,
    #[module(skip)]
    pub(super) global_pool_kind: GlobalPoolKind,
    /// The largest offset of a grid of angles, where training turns them.
    #[module(skip)]
    random_angle: Option<f64>,
    /// Height and width of the last map of an image of the size that the network is built for.
    #[module(skip)]
    pub(super) patch_map: [usize; 2],
}

/// What follows a hidden convolution.
#[derive(Module, Debug)]
pub(super) struct Block {
    pub(super) norm: Option<FieldBatchNorm>,
    /// Where there is none, the map may be pooled instead: a block has one of the two or neither.
    dropout: Option<FieldDropout>,
    pub(super) pool: Option<SpatialMaxPool2d>,
}

impl Block {
    fn forward(&self, map: Tensor<5>) -> Tensor<5> {
        match (&self.norm, &self.pool) {
            (Some(norm), Some(pool)) => norm.forward_relu_pool(map, pool),
            (Some(norm), None) => norm.forward_relu(map, self.dropout.as_ref()),
            (None, Some(pool)) => pool.forward(relu(map)),
            (None, None) => match &self.dropout {
                Some(dropout) => dropout.forward(relu(map)),
                None => relu(map),
            },
        }
    }
}

/// What a network attends to before a convolution on the group.
#[derive(Debug, Clone)]
pub struct LayerAttention {
    /// `layer 2`, `layer 3`, …, for the convolution that follows.
    pub name: String,
    /// How much is taken off each channel at each element: α_C, `[batch, channels, group, 1, 1]`, between 0 and 1.
    pub channels: Tensor<5>,
    /// How much is taken off at each place and element: α_S, `[batch, 1, group, height, width]`, between 0 and 1.
    pub places: Tensor<5>,
}

/// The feature map after one layer.
#[derive(Debug, Clone)]
pub struct LayerFeatures {
    /// `layer 1`, `layer 2`, …
    pub name: String,
    /// `[batch, channels, group, height, width]`.
    pub map: Tensor<5>,
}

impl Gcnn {
    /// The caller has validated the configuration for this input.
    pub(super) fn new(
        config: &GcnnConfig,
        input: InputShape,
        patch_map: [usize; 2],
        classes: usize,
        device: &Device,
    ) -> Self {
        let hidden = config.channels.len();
        let block = |layer| {
            let pooled = config.pool_after.contains(&layer);
            Block {
                norm: match config.normalisation {
                    Normalisation::Batch => Some(config.norm_config(layer).init(device)),
                    Normalisation::None => None,
                },
                pool: pooled.then(|| SpatialMaxPool2dConfig::new(POOL_SIZE).init()),
                dropout: (!pooled && config.dropout > 0.0).then(|| config.dropout_config().init()),
            }
        };
        let linear = match config.head {
            Head::Convolution => None,
            Head::Linear => {
                Some(LinearConfig::new(config.channels[hidden - 1], classes).init(device))
            }
        };
        let lifting = config.first_layer(input).init(device);
        let (mut convolutions, mut separable) = (Vec::new(), Vec::new());
        for layer in 2..=config.kernel_sizes.len() {
            let layer = config.layer(layer, classes);
            layer.init(&mut convolutions, &mut separable, device);
        }
        let network = Self {
            lifting,
            convolutions,
            separable,
            blocks: (1..=hidden).map(block).collect(),
            projection: ProjectionConfig::new().with_kind(config.projection).init(),
            global_pool: GlobalPool2dConfig::new()
                .with_kind(config.global_pool)
                .init(),
            linear,
            gates: (2..=config.kernel_sizes.len())
                .filter_map(|layer| config.gate(layer))
                .map(|gate| gate.init(device))
                .collect(),
            image_gate: config.image_gate(input).map(|gate| gate.init(device)),
            group: config.group.clone(),
            global_pool_kind: config.global_pool,
            random_angle: config.rotation_step().filter(|_| config.random_angles),
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
        self.head(self.last_map(images))
    }

    /// The class scores of every patch of an image, [`stride`](Self::stride) pixels apart, where a patch is of the size
    /// that the network is built for: at `[.., y, x]` what [`forward`](Self::forward) gives for the patch whose first pixel
    /// is `(stride · y, stride · x)`, without computing what patches share more than once. In evaluation, where normalisation
    /// uses its running statistics, the two agree to rounding, provided that the convolutions have no padding: with
    /// padding, a patch inside an image sees its surroundings in place of a border. With attention they don't agree either: it
    /// weighs a patch by all of the image.
    ///
    /// The map turns with the image where [`validate`](GcnnConfig::validate) accepts the image's size too.
    ///
    /// # Shapes
    /// - images: `[batch, channels, height, width]`, at least as large as a patch
    /// - output: `[batch, classes, (height − patch height) / stride + 1, (width − patch width) / stride + 1]`
    ///
    /// # Panics
    /// If the image is smaller than a patch.
    pub fn class_map(&self, images: Tensor<4>) -> Tensor<4> {
        let map = self.projection.forward(self.last_map(images));
        let scores = pool_windows(map, self.patch_map, self.global_pool_kind);
        match &self.linear {
            Some(linear) => {
                let scores = linear.forward(scores.permute([0, 2, 3, 1]));
                scores.permute([0, 3, 1, 2])
            }
            None => scores,
        }
    }

    /// Pixels between the patches of a [`class_map`](Self::class_map), along both axes.
    pub fn stride(&self) -> usize {
        let pools = self.blocks.iter().filter(|block| block.pool.is_some());
        POOL_SIZE.pow(pools.count() as u32)
    }

    /// What the head pools: the last map before it, or with the `convolution` head its class scores.
    fn last_map(&self, images: Tensor<4>) -> Tensor<5> {
        let offsets = self.angle_offsets(&images.device());
        let mut offsets = offsets.into_iter();
        let mut next = || offsets.next().unwrap_or_default();
        let mut map = self.lift(images, next());
        for (index, block) in self.blocks.iter().enumerate() {
            map = self.convolve(index, block.forward(map), next());
        }
        map
    }

    /// The offsets of each layer's grids of angles in a batch of training; nothing elsewhere.
    fn angle_offsets(&self, device: &Device) -> Vec<AngleOffsets> {
        let Some(step) = self.random_angle.filter(|_| device.is_autodiff()) else {
            return Vec::new();
        };
        let layers = [self.layers().count() + 1];
        let chance = Tensor::<1>::random(layers, Distribution::Uniform(0.0, step), device);
        let mut input = 0.0;
        let outputs = chance.into_data();
        let offsets = outputs.iter::<f64>().map(|output| AngleOffsets {
            input: std::mem::replace(&mut input, output),
            output,
        });
        offsets.collect()
    }

    /// The layers after the first, in order.
    pub(super) fn layers(&self) -> impl Iterator<Item = Layer<'_>> {
        let whole = self.convolutions.iter().map(Layer::Whole);
        whole.chain(self.separable.iter().map(Layer::Separable))
    }

    fn layer(&self, index: usize) -> Option<Layer<'_>> {
        self.layers().nth(index)
    }

    /// What the loss adds for kernels that are finer than the pixels; nothing for those whose frequencies aren't known.
    pub fn penalty(&self) -> Option<Tensor<1>> {
        let lifting = self.lifting.basis().penalty();
        let others = self.layers().filter_map(|layer| layer.basis().penalty());
        lifting
            .into_iter()
            .chain(others)
            .reduce(|sum, own| sum + own)
    }

    /// Height and width in pixels of every layer's kernels, by its number, where they are trained.
    pub fn kernel_sizes(&self) -> Vec<(usize, [f64; 2])> {
        let lifting = self.lifting.basis().trained_size();
        let others = self.layers().map(|layer| layer.basis().trained_size());
        let all = std::iter::once(lifting).chain(others).enumerate();
        all.filter_map(|(index, size)| Some((index + 1, size?)))
            .collect()
    }

    fn lift(&self, images: Tensor<4>, offsets: AngleOffsets) -> Tensor<5> {
        let images = match &self.image_gate {
            Some(gate) => gate.forward(images),
            None => images,
        };
        self.lifting.forward_at(images, offsets)
    }

    /// The map after the convolution of that number, with its gate; the map itself where there is none any more.
    fn convolve(&self, index: usize, map: Tensor<5>, offsets: AngleOffsets) -> Tensor<5> {
        let map = match self.gates.get(index) {
            Some(gate) => gate.forward(map),
            None => map,
        };
        match self.layer(index) {
            Some(layer) => layer.forward_at(map, offsets),
            None => map,
        }
    }

    /// The feature maps after every layer, with its normalisation, activation and pooling; with the `convolution` head
    /// the last one holds the class scores of every position and group element.
    ///
    /// # Shapes
    /// - images: `[batch, channels, height, width]`
    pub fn features(&self, images: Tensor<4>) -> Vec<LayerFeatures> {
        let layers = self.blocks.len().max(self.layers().count() + 1);
        let mut features = Vec::with_capacity(layers);
        let mut map = self.lift(images, AngleOffsets::default());
        for index in 0..layers {
            if let Some(block) = self.blocks.get(index) {
                map = block.forward(map);
            }
            features.push(LayerFeatures {
                name: format!("layer {}", index + 1),
                map: map.clone(),
            });
            map = self.convolve(index, map, AngleOffsets::default());
        }
        features
    }

    /// What every gate on the group makes of its map; nothing where the network has no attention. It turns with the images.
    ///
    /// # Shapes
    /// - images: `[batch, channels, height, width]`
    pub fn attention(&self, images: Tensor<4>) -> Vec<LayerAttention> {
        let features = self.features(images).into_iter();
        let gates = self.gates.iter().zip(features).enumerate();
        let attention = gates.map(|(index, (gate, before))| {
            let (channels, places) = gate.attention(before.map);
            LayerAttention {
                name: format!("layer {}", index + 2),
                channels,
                places,
            }
        });
        attention.collect()
    }

    /// The [`features`](Self::features) and the logits, for [`survey`](gcnn_layers::equivariance::survey).
    ///
    /// # Shapes
    /// - images: `[batch, channels, height, width]`
    pub fn outputs(&self, images: Tensor<4>) -> Vec<(String, Feature)> {
        let features = self.features(images);
        let last = features.last().map(|last| self.head(last.map.clone()));
        let mut outputs: Vec<_> = features
            .into_iter()
            .map(|layer| (layer.name, Feature::Group(layer.map)))
            .collect();
        outputs.extend(last.map(|logits| ("logits".into(), Feature::Invariant(logits))));
        outputs
    }

    /// The group that the network is equivariant under.
    pub fn group(&self) -> &Group {
        &self.group
    }

    /// Number of trained parameters. Burn's count (`Module::num_params`) adds the running statistics.
    pub fn num_params(&self) -> usize {
        let running: usize = self
            .blocks
            .iter()
            .filter_map(|block| block.norm.as_ref())
            .map(|norm| 2 * norm.scale.dims()[0])
            .sum();
        Module::num_params(self) - running
    }

    fn head(&self, map: Tensor<5>) -> Tensor<2> {
        let scores = self.global_pool.forward(self.projection.forward(map));
        match &self.linear {
            Some(linear) => linear.forward(scores),
            None => scores,
        }
    }
}
