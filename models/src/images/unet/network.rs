//! The network itself.

use burn::prelude::*;
use burn::tensor::activation::relu;
use gcnn_layers::equivariance::Feature;
use gcnn_layers::{
    BlurPool2d, BlurPool2dConfig, FieldBatchNorm, FieldDropout, Group, GroupConv2d,
    GroupConv2dConfig, IsotropicConv2d, LiftingConv2d, Projection, ProjectionConfig, Upsample2d,
    Upsample2dConfig,
};

use super::config::{GroupUnetConfig, padded_side};
use super::reach::Reach;
use crate::ModelError;
use crate::images::gcnn::{InputShape, POOL_SIZE, at_least};

impl GroupUnetConfig {
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
    ) -> Result<GroupUnet, ModelError> {
        at_least("the number of classes", classes, 1)?;
        if self.size.is_some() {
            return self.sized(input)?.init(input, classes, device);
        }
        self.validate(input)?;
        self.check_size(input, classes)?;
        Ok(GroupUnet::new(self, input, classes, device))
    }
}

/// A U-Net of group convolutions, see [`GroupUnetConfig`].
#[derive(Module, Debug)]
pub struct GroupUnet {
    lifting: LiftingConv2d,
    lifting_norm: Option<FieldBatchNorm>,
    /// One for each level, the first after the lifting convolution.
    encoder: Vec<Stage>,
    /// One for each level but the deepest, which comes first.
    decoder: Vec<Stage>,
    projection: Projection,
    head: IsotropicConv2d,
    dropout: Option<FieldDropout>,
    halve: BlurPool2d,
    double: Upsample2d,
    #[module(skip)]
    group: Group,
    #[module(skip)]
    margin: usize,
}

/// The convolutions of a level, on the way down or up.
#[derive(Module, Debug)]
struct Stage {
    units: Vec<Unit>,
}

/// Group convolution → normalisation → ReLU → dropout.
#[derive(Module, Debug)]
struct Unit {
    convolution: GroupConv2d,
    norm: Option<FieldBatchNorm>,
}

impl Stage {
    fn new(config: &GroupUnetConfig, units: &[GroupConv2dConfig], device: &Device) -> Self {
        let unit = |convolution: &GroupConv2dConfig| Unit {
            convolution: convolution.init(device),
            norm: config
                .norm(convolution.channels[1])
                .map(|norm| norm.init(device)),
        };
        Self {
            units: units.iter().map(unit).collect(),
        }
    }

    fn forward(&self, map: Tensor<5>, dropout: Option<&FieldDropout>) -> Tensor<5> {
        self.units.iter().fold(map, |map, unit| {
            finish(unit.convolution.forward(map), &unit.norm, dropout)
        })
    }

    fn norms(&self) -> impl Iterator<Item = &FieldBatchNorm> {
        self.units.iter().filter_map(|unit| unit.norm.as_ref())
    }
}

/// What follows a convolution.
fn finish(
    map: Tensor<5>,
    norm: &Option<FieldBatchNorm>,
    dropout: Option<&FieldDropout>,
) -> Tensor<5> {
    match (norm, dropout) {
        (Some(norm), dropout) => norm.forward_relu(map, dropout),
        (None, Some(dropout)) => dropout.forward(relu(map)),
        (None, None) => relu(map),
    }
}

impl GroupUnet {
    /// The caller has validated the configuration for this input.
    fn new(config: &GroupUnetConfig, input: InputShape, classes: usize, device: &Device) -> Self {
        let stages = config.stages();
        let stage = |units: &Vec<GroupConv2dConfig>| Stage::new(config, units, device);
        let network = Self {
            lifting: config.lifting(input).init(device),
            lifting_norm: config
                .norm(config.channels[0])
                .map(|norm| norm.init(device)),
            encoder: stages.encoder.iter().map(stage).collect(),
            decoder: stages.decoder.iter().map(stage).collect(),
            projection: ProjectionConfig::new().with_kind(config.projection).init(),
            head: config.head(classes).init(device),
            dropout: (config.dropout > 0.0).then(|| config.dropout_config().init()),
            halve: BlurPool2dConfig::new().init(),
            double: Upsample2dConfig::new(POOL_SIZE)
                .with_kind(config.upsampling.kind())
                .init(),
            group: config.group.clone(),
            margin: Reach::of(config).margin,
        };
        // Parameters draw their values when first used; drawing all of them here, in order, makes them depend on the
        // seed alone.
        network.materialize()
    }

    /// Class scores (logits) of every pixel. They turn with the image; rotations by 90° and reflections are exact for every height
    /// and width. Sides that are no multiples of the [`stride`](Self::stride) are padded and cost what the
    /// [padded ones](GroupUnetConfig::padded) cost.
    ///
    /// # Shapes
    /// - images: `[batch, channels, height, width]`
    /// - output: `[batch, classes, height, width]`
    ///
    /// # Panics
    /// If the images have no pixels, or another number of channels.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        self.forward_through(images, |_, _| ())
    }

    /// The same; `seen` hears of the map of every level.
    fn forward_through(
        &self,
        images: Tensor<4>,
        mut seen: impl FnMut(String, &Tensor<5>),
    ) -> Tensor<4> {
        let dims @ [_, _, height, width] = images.dims();
        assert!(
            height > 0 && width > 0,
            "GroupUnet takes images of one pixel and more, [batch, channels, height, width]; found {dims:?}"
        );
        let dropout = self.dropout.as_ref();
        let size = [height, width];
        let lifted = self.lifting.forward(pad(images, self.padding(size)));
        let mut map = finish(lifted, &self.lifting_norm, dropout);
        let mut skips = Vec::with_capacity(self.decoder.len());
        for (level, stage) in self.encoder.iter().enumerate() {
            if level > 0 {
                skips.push(map.clone());
                map = self.halve.forward(map);
            }
            map = stage.forward(map, dropout);
            seen(format!("down {}", level + 1), &map);
        }
        for stage in &self.decoder {
            let Some(skip) = skips.pop() else { break };
            let [_, _, _, height, width] = skip.dims();
            let larger = self.double.forward_to(map, [height, width]);
            map = stage.forward(Tensor::cat(vec![skip, larger], 1), dropout);
            seen(format!("up {}", skips.len() + 1), &map);
        }
        let scores = self.head.forward(self.projection.forward(map));
        crop(scores, size)
    }

    /// Pixels that are put before and after rows and columns.
    pub(super) fn padding(&self, size: [usize; 2]) -> [usize; 2] {
        size.map(|side| (padded_side(side, self.stride()) - side) / 2)
    }

    /// Pixels of an image between neighbours in the deepest map: sides that are multiples of it are not padded.
    pub fn stride(&self) -> usize {
        POOL_SIZE.pow(self.decoder.len() as u32)
    }

    /// How many pixels from the border of a tile scores may differ from those of the whole image. In evaluation, where normalisation
    /// uses its running statistics, scores further inside are the same to rounding if the sides of the tile and of the image, and the
    /// tile's offset in it, are multiples of the [`stride`](Self::stride). So a large image is predicted tile by tile: extend
    /// it to such multiples, give each tile so much of its surroundings, rounded up to a multiple of the stride, and keep what lies
    /// inside.
    pub fn margin(&self) -> usize {
        self.margin
    }

    /// The group that the network is equivariant under.
    pub fn group(&self) -> &Group {
        &self.group
    }

    /// Number of trained parameters. Burn's count (`Module::num_params`) adds the running statistics.
    pub fn num_params(&self) -> usize {
        let stages = self.encoder.iter().chain(&self.decoder);
        let norms = stages.flat_map(Stage::norms).chain(&self.lifting_norm);
        let running: usize = norms.map(|norm| 2 * norm.scale.dims()[0]).sum();
        Module::num_params(self) - running
    }

    /// The map of every level on the way down and up, and the class scores, for
    /// [`survey`](gcnn_layers::equivariance::survey).
    ///
    /// # Shapes
    /// - images: `[batch, channels, height, width]`
    pub fn outputs(&self, images: Tensor<4>) -> Vec<(String, Feature)> {
        let mut outputs = Vec::with_capacity(self.encoder.len() + self.decoder.len() + 1);
        let scores = self.forward_through(images, |name, map| {
            outputs.push((name, Feature::Group(map.clone())));
        });
        outputs.push(("scores".into(), Feature::Plane(scores)));
        outputs
    }
}

/// Zeros around the images, as many at either end.
pub(super) fn pad(images: Tensor<4>, [above, beside]: [usize; 2]) -> Tensor<4> {
    match [above, beside] {
        [0, 0] => images,
        _ => images.pad([(above, above), (beside, beside)], 0.0),
    }
}

/// What lies around the centre.
pub(super) fn crop(scores: Tensor<4>, size: [usize; 2]) -> Tensor<4> {
    let [_, _, height, width] = scores.dims();
    match [height, width] == size {
        true => scores,
        false => scores.narrow(2, (height - size[0]) / 2, size[0]).narrow(
            3,
            (width - size[1]) / 2,
            size[1],
        ),
    }
}
