//! The configuration of a [`GroupUnet`](super::GroupUnet).

use gcnn_layers::{
    DropoutUnit, FieldBatchNormConfig, FieldDropoutConfig, Group, GroupConv2dConfig,
    IsotropicConv2dConfig, KernelConfig, LiftingConv2dConfig, Padding2d, Parameters,
    ProjectionKind, UpsampleKind,
};
use serde::{Deserialize, Serialize};

use crate::ModelError;
use crate::images::gcnn::{InputShape, NetworkSize, Normalisation, POOL_SIZE, layer};
use crate::limits;

/// How maps are doubled. Written `nearest` and `bilinear` in files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Upsampling {
    /// A new pixel is what the old one that it lies in was; between two it is their mean.
    Nearest,
    /// A new pixel lies between the old ones.
    #[default]
    Bilinear,
}

impl Upsampling {
    pub(super) fn kind(self) -> UpsampleKind {
        match self {
            Self::Nearest => UpsampleKind::Nearest,
            Self::Bilinear => UpsampleKind::Bilinear,
        }
    }
}

/// The values that make one network of the family.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_models::{GroupUnetConfig, InputShape};
///
/// let tissue = InputShape { channels: 3, height: 32, width: 32 };
/// let config = GroupUnetConfig { channels: vec![4, 8], blocks: 1, ..GroupUnetConfig::default() };
/// let device = Device::flex();
/// let network = config.init(tissue, 2, &device)?;
/// // Scores of each pixel, for images of any size.
/// let scores = network.forward(Tensor::zeros([1, 3, 33, 20], &device));
/// assert_eq!(scores.dims(), [1, 2, 33, 20]);
/// # Ok::<(), gcnn_models::ModelError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct GroupUnetConfig {
    /// H: rotations and reflections that the network is to be equivariant under.
    pub group: Group,
    /// Number of fields of each level, from that of whole images down: from one to the next the map is halved.
    pub channels: Vec<usize>,
    /// Convolutions of each level, on the way down and again on the way up.
    pub blocks: usize,
    /// Side of the kernels: odd, so that they have a pixel at their centre.
    pub kernel_size: usize,
    /// How the kernels are parametrised.
    pub kernel: KernelConfig,
    /// What follows the convolutions.
    pub normalisation: Normalisation,
    /// How maps are doubled on the way up.
    pub upsampling: Upsampling,
    /// Probability of dropout after every convolution but the last.
    pub dropout: f64,
    /// What dropout drops at once.
    pub dropout_unit: DropoutUnit,
    /// Pooling over H at the end.
    pub projection: ProjectionKind,
    /// Fields by a number of parameters, the same for every group: `small`, `medium` or `large`, about 25,000, 100,000 and
    /// 400,000. It stands in place of the numbers in `channels`, whose count remains that of the levels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<NetworkSize>,
}

impl Default for GroupUnetConfig {
    /// Three levels over C4.
    fn default() -> Self {
        Self {
            // Four rotations are within every bound; the fallback only keeps this function free of panics.
            group: Group::cyclic(4).unwrap_or_else(|_| Group::trivial()),
            channels: vec![16, 32, 64],
            blocks: 2,
            kernel_size: 3,
            kernel: KernelConfig::default(),
            normalisation: Normalisation::Batch,
            upsampling: Upsampling::Bilinear,
            dropout: 0.0,
            dropout_unit: DropoutUnit::Value,
            projection: ProjectionKind::Max,
            size: None,
        }
    }
}

/// The most levels. Each halves the map: more take images of more than a hundred thousand pixels a side.
const MOST_LEVELS: usize = 16;

/// The convolutions on the group, as they follow each other.
pub(super) struct Stages {
    /// Those of each level on the way down, at the first without the lifting convolution.
    pub encoder: Vec<Vec<GroupConv2dConfig>>,
    /// Those of each level on the way up, the deepest first: there is one level less.
    pub decoder: Vec<Vec<GroupConv2dConfig>>,
}

impl Stages {
    /// Each convolution with the path of its module.
    fn iter(&self) -> impl Iterator<Item = (String, &GroupConv2dConfig)> {
        let named = |list: &'static str, stages| {
            let stages: &Vec<Vec<GroupConv2dConfig>> = stages;
            stages.iter().enumerate().flat_map(move |(stage, units)| {
                let path = move |unit| format!("{list}.{stage}.units.{unit}");
                let units = units.iter().enumerate();
                units.map(move |(unit, convolution)| (path(unit), convolution))
            })
        };
        named("encoder", &self.encoder).chain(named("decoder", &self.decoder))
    }
}

impl GroupUnetConfig {
    /// Checks that the network can be built, and that images of such a size have pixels at its deepest level. It takes images of
    /// other sizes too, and rotations by 90° are exact for all of them.
    pub fn validate(&self, input: InputShape) -> Result<(), ModelError> {
        if self.size.is_some() {
            return self.sized(input)?.validate(input);
        }
        self.check_counts()?;
        input.check_limits(1)?;
        self.lifting(input).validate().map_err(layer(1))?;
        let stages = self.stages();
        for (index, (_, convolution)) in stages.iter().enumerate() {
            convolution.validate().map_err(layer(index + 2))?;
        }
        let last = stages.iter().count() + 2;
        self.head(1).validate().map_err(layer(last))?;
        self.dropout_config().validate().map_err(layer(1))?;
        self.check_depth(input)
    }

    /// Checks every count against its limit, and the network's size, as far as that can be told without the images.
    pub fn check_counts(&self) -> Result<(), ModelError> {
        self.check()?;
        // Fields that depend on the images are within their budget.
        if self.size.is_some() {
            return Ok(());
        }
        let smallest = InputShape {
            channels: 1,
            height: 1,
            width: 1,
        };
        self.check_size(smallest, 1)
    }

    /// Refuses networks of more numbers than there is memory for.
    pub(super) fn check_size(&self, input: InputShape, classes: usize) -> Result<(), ModelError> {
        let mut numbers = self.parameters(input, classes)?.numbers();
        let stages = self.stages();
        let banks = stages.iter().map(|(_, own)| own.filter_numbers());
        let (first, last) = (self.lifting(input), self.head(classes));
        let all = std::iter::once(first.filter_numbers())
            .chain(banks)
            .chain([last.filter_numbers()]);
        for (index, bank) in all.enumerate() {
            numbers = numbers.saturating_add(bank.map_err(layer(index + 1))?);
        }
        limits::check_numbers(numbers)
    }

    /// What the network learns, by name and shape. Nothing is made for it, and its size is not bounded.
    pub fn parameters(&self, input: InputShape, classes: usize) -> Result<Parameters, ModelError> {
        if self.size.is_some() {
            return self.sized(input)?.parameters(input, classes);
        }
        self.check()?;
        let lifting = self.lifting(input).parameters().map_err(layer(1))?;
        let mut all = Parameters::new().with_module("lifting", lifting);
        if let Some(norm) = self.norm(self.channels[0]) {
            all = all.with_module("lifting_norm", norm.parameters());
        }
        let stages = self.stages();
        for (index, (path, convolution)) in stages.iter().enumerate() {
            let own = convolution.parameters().map_err(layer(index + 2))?;
            all = all.with_module(format_args!("{path}.convolution"), own);
            if let Some(norm) = self.norm(convolution.channels[1]) {
                all = all.with_module(format_args!("{path}.norm"), norm.parameters());
            }
        }
        let last = stages.iter().count() + 2;
        let head = self.head(classes).parameters().map_err(layer(last))?;
        Ok(all.with_module("head", head))
    }

    /// Pixels of an image between neighbours in the deepest map. Sides that are multiples of it are used as they are; others are
    /// padded, see [`padded`](Self::padded).
    ///
    /// # Errors
    /// Where counts are out of their limits.
    pub fn stride(&self) -> Result<usize, ModelError> {
        self.check()?;
        Ok(POOL_SIZE.pow(self.halvings()))
    }

    /// Height and width that the network works on for images of `[height, width]`: with s the [`stride`](Self::stride), even sides
    /// become the next multiple of s, and odd ones the next multiple of s and one more. Padding is zeros, as many at either end, and
    /// scores of what is padded are cut off.
    ///
    /// # Errors
    /// Where counts are out of their limits.
    pub fn padded(&self, size: [usize; 2]) -> Result<[usize; 2], ModelError> {
        let stride = self.stride()?;
        Ok(size.map(|side| padded_side(side, stride)))
    }

    pub(super) fn check(&self) -> Result<(), ModelError> {
        let (levels, fields) = ([1, MOST_LEVELS], [1, limits::CHANNELS]);
        limits::check_list("channels", &self.channels, levels, fields)?;
        limits::check_all(&[
            ("blocks", self.blocks, limits::LAYERS),
            ("kernel_size", self.kernel_size, limits::KERNEL_SIZE),
        ])
    }

    fn check_depth(&self, input: InputShape) -> Result<(), ModelError> {
        let [mut height, mut width] = [input.height, input.width];
        for level in 1..self.channels.len() {
            if height.min(width) < POOL_SIZE {
                return Err(ModelError::ImageTooSmall {
                    height: input.height,
                    width: input.width,
                    what: "the halving",
                    layer: level * self.blocks,
                    kernel_size: POOL_SIZE,
                    before_height: height,
                    before_width: width,
                    larger: Some(POOL_SIZE.pow(self.halvings())),
                });
            }
            [height, width] = [height, width].map(|side| side.div_ceil(POOL_SIZE));
        }
        Ok(())
    }

    /// How often maps are halved.
    pub(super) fn halvings(&self) -> u32 {
        self.channels.len().saturating_sub(1) as u32
    }

    pub(super) fn lifting(&self, input: InputShape) -> LiftingConv2dConfig {
        let channels = [input.channels, self.channels[0]];
        LiftingConv2dConfig::new(self.group.clone(), channels, self.kernel_size)
            .with_padding(Padding2d::Same)
            .with_bias(self.has_bias())
            .with_kernel(self.kernel)
    }

    pub(super) fn stages(&self) -> Stages {
        let stage = |inputs: usize, fields: usize, blocks: usize| {
            let first = std::iter::once(inputs).chain(std::iter::repeat(fields));
            let channels = first.map(|inputs| [inputs, fields]).take(blocks);
            channels
                .map(|channels| self.convolution(channels))
                .collect()
        };
        let levels = self.channels.windows(2);
        let first = stage(self.channels[0], self.channels[0], self.blocks - 1);
        let deeper = levels.clone().map(|own| stage(own[0], own[1], self.blocks));
        let up = levels.rev();
        Stages {
            encoder: std::iter::once(first).chain(deeper).collect(),
            decoder: up
                .map(|own| stage(own[0] + own[1], own[0], self.blocks))
                .collect(),
        }
    }

    fn convolution(&self, channels: [usize; 2]) -> GroupConv2dConfig {
        GroupConv2dConfig::new(self.group.clone(), channels, self.kernel_size)
            .with_padding(Padding2d::Same)
            .with_bias(self.has_bias())
            .with_kernel(self.kernel)
    }

    /// The 1×1 convolution on the plane.
    pub(super) fn head(&self, classes: usize) -> IsotropicConv2dConfig {
        IsotropicConv2dConfig::new(self.group.clone(), [self.channels[0], classes], 1)
    }

    /// Normalisation would undo a bias.
    fn has_bias(&self) -> bool {
        self.normalisation == Normalisation::None
    }

    pub(super) fn norm(&self, fields: usize) -> Option<FieldBatchNormConfig> {
        match self.normalisation {
            Normalisation::Batch => Some(FieldBatchNormConfig::new(fields)),
            Normalisation::None => None,
        }
    }

    pub(super) fn dropout_config(&self) -> FieldDropoutConfig {
        FieldDropoutConfig::new(self.dropout).with_unit(self.dropout_unit)
    }

    /// Pixels that kernels reach beyond their centre; scalings make them larger.
    pub(super) fn kernel_reach(&self) -> usize {
        let [height, width] = self
            .convolution([1, 1])
            .window()
            .kernel_size
            .height_and_width();
        height.max(width) / 2
    }
}

/// The side that one is padded to: of the same parity, so that there is as much at either end.
pub(super) fn padded_side(side: usize, stride: usize) -> usize {
    match side % POOL_SIZE {
        0 => side.next_multiple_of(stride),
        _ => (side - 1).next_multiple_of(stride) + 1,
    }
}
