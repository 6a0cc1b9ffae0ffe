//! The configuration of a [`GroupDenseNet`](super::GroupDenseNet).

use gcnn_layers::{
    FieldBatchNormConfig, Group, GroupConv2dConfig, KernelConfig, LiftingConv2dConfig, Parameters,
    ProjectionKind,
};
use serde::{Deserialize, Serialize};

use crate::ModelError;
use crate::images::gcnn::{GcnnConfig, Head, InputShape, layer};
use crate::limits;

/// The values that make one network of the family. The defaults are P4M-DenseNet's, for patches of 96×96 pixels.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_models::{GroupDenseNetConfig, InputShape};
///
/// let tissue = InputShape { channels: 3, height: 32, width: 32 };
/// let config = GroupDenseNetConfig { blocks: 3, growth: 4, ..GroupDenseNetConfig::d4() };
/// let device = Device::flex();
/// let network = config.init(tissue, 3, &device)?;
/// assert_eq!(network.forward(Tensor::zeros([2, 3, 32, 32], &device)).dims(), [2, 3]);
/// // Every fourth patch of a larger image, along both axes.
/// let map = network.class_map(Tensor::zeros([1, 3, 40, 48], &device));
/// assert_eq!(map.dims(), [1, 3, 3, 5]);
/// # Ok::<(), gcnn_models::ModelError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct GroupDenseNetConfig {
    /// H: rotations and reflections that the network is to be equivariant under.
    pub group: Group,
    /// Fields of the first layer, and those that every block adds.
    pub growth: usize,
    /// Blocks, with a pooling between each two: 5 for patches of 96×96, 3 for 32×32.
    pub blocks: usize,
    /// How the kernels are parametrised.
    pub kernel: KernelConfig,
    /// Pooling over H at the end.
    pub projection: ProjectionKind,
}

impl Default for GroupDenseNetConfig {
    fn default() -> Self {
        Self::d4()
    }
}

/// Side of the kernels of the first layer and the blocks.
pub(super) const KERNEL_SIZE: usize = 3;

/// The most blocks. Each halves the map: more take images of more than a hundred thousand pixels a side.
const MOST_BLOCKS: usize = 16;

impl GroupDenseNetConfig {
    /// P4M-DenseNet: nine fields a block over rotations by 90° and reflections.
    pub fn d4() -> Self {
        // D4 is within every bound; the fallback only keeps this function free of panics.
        let group = Group::dihedral(4).unwrap_or_else(|_| Group::trivial());
        Self {
            group,
            growth: 9,
            blocks: 5,
            kernel: KernelConfig::default(),
            projection: ProjectionKind::Max,
        }
    }

    /// P4-DenseNet: thirteen fields a block over rotations by 90°.
    pub fn c4() -> Self {
        Self {
            group: Group::cyclic(4).unwrap_or_else(|_| Group::trivial()),
            growth: 13,
            ..Self::d4()
        }
    }

    /// DenseNet: 26 channels a block, no group.
    pub fn plain() -> Self {
        Self {
            group: Group::trivial(),
            growth: 26,
            ..Self::d4()
        }
    }

    /// Checks that the network can be built for such images, and with a group larger than the identity also that
    /// rotations by 90° are exact. Layers are counted from the first, so that block b is layer b + 1.
    pub fn validate(&self, input: InputShape) -> Result<(), ModelError> {
        self.check_counts()?;
        self.skeleton().validate(input)
    }

    /// Checks every count against its limit, and the network's size, as far as that can be told without the images.
    pub fn check_counts(&self) -> Result<(), ModelError> {
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
        let stem = self.stem(input).filter_numbers().map_err(layer(1))?;
        numbers = numbers.saturating_add(stem);
        for (_, (_, convolution), number) in self.units(classes) {
            let bank = convolution.filter_numbers().map_err(layer(number))?;
            numbers = numbers.saturating_add(bank);
        }
        limits::check_numbers(numbers)
    }

    /// What the network learns, by name and shape. Nothing is made for it, and its size is not bounded.
    pub fn parameters(&self, input: InputShape, classes: usize) -> Result<Parameters, ModelError> {
        self.check()?;
        let stem = self.stem(input).parameters().map_err(layer(1))?;
        let mut all = Parameters::new().with_module("stem", stem);
        for (field, (norm, convolution), number) in self.units(classes) {
            let convolution = convolution.parameters().map_err(layer(number))?;
            let unit = Parameters::new()
                .with_module("norm", norm.parameters())
                .with_module("convolution", convolution);
            all = all.with_module(field, unit);
        }
        Ok(all)
    }

    /// All that follows the first layer, by the name of its field and the layer that errors speak of.
    fn units(
        &self,
        classes: usize,
    ) -> Vec<(String, (FieldBatchNormConfig, GroupConv2dConfig), usize)> {
        let blocks = (0..self.blocks).map(|b| (format!("blocks.{b}"), self.block(b), b + 2));
        let transitions = (1..self.blocks).map(|b| {
            let field = format!("transitions.{}", b - 1);
            (field, self.transition(b - 1), b + 1)
        });
        let head = ("head".to_string(), self.head(classes), self.blocks + 2);
        blocks.chain(transitions).chain([head]).collect()
    }

    /// Height and width of the map after the first layer and after each block (and its pooling).
    pub fn map_sizes(&self, input: InputShape) -> Result<Vec<[usize; 2]>, ModelError> {
        self.check()?;
        self.skeleton().map_sizes(input)
    }

    /// How many pixels of an image, along a side, the last block sees at once.
    ///
    /// # Errors
    /// Where counts are out of their limits.
    pub fn receptive_field(&self, input: InputShape) -> Result<usize, ModelError> {
        self.check()?;
        self.skeleton().receptive_field(input)
    }

    fn check(&self) -> Result<(), ModelError> {
        limits::check_all(&[
            ("growth", self.growth, limits::CHANNELS),
            ("blocks", self.blocks, MOST_BLOCKS),
        ])
    }

    /// The plain network with kernels and poolings in the same places, whose maps have the same sizes.
    fn skeleton(&self) -> GcnnConfig {
        let layers = self.blocks + 1;
        GcnnConfig {
            group: self.group.clone(),
            channels: vec![self.growth; layers],
            kernel_sizes: vec![KERNEL_SIZE; layers],
            pool_after: (2..=self.blocks).collect(),
            dropout: 0.0,
            kernel: self.kernel,
            head: Head::Linear,
            ..GcnnConfig::p4cnn()
        }
    }

    /// Fields before block `b`, counted from 0; before the head for `b = blocks`.
    fn fields(&self, block: usize) -> usize {
        self.growth * (block + 1)
    }

    pub(super) fn stem(&self, input: InputShape) -> LiftingConv2dConfig {
        let channels = [input.channels, self.growth];
        LiftingConv2dConfig::new(self.group.clone(), channels, KERNEL_SIZE)
            .with_bias(false)
            .with_kernel(self.kernel)
    }

    /// The normalisation and the convolution of a block. Normalisation follows every hidden convolution and would undo
    /// a bias.
    pub(super) fn block(&self, block: usize) -> (FieldBatchNormConfig, GroupConv2dConfig) {
        let fields = self.fields(block);
        (
            FieldBatchNormConfig::new(fields),
            self.convolution([fields, self.growth], KERNEL_SIZE)
                .with_bias(false),
        )
    }

    /// What follows block `block` and is followed by another.
    pub(super) fn transition(&self, block: usize) -> (FieldBatchNormConfig, GroupConv2dConfig) {
        let fields = self.fields(block + 1);
        (
            FieldBatchNormConfig::new(fields),
            self.convolution([fields, fields], 1).with_bias(false),
        )
    }

    pub(super) fn head(&self, classes: usize) -> (FieldBatchNormConfig, GroupConv2dConfig) {
        let fields = self.fields(self.blocks);
        (
            FieldBatchNormConfig::new(fields),
            self.convolution([fields, classes], 1),
        )
    }

    fn convolution(&self, channels: [usize; 2], kernel_size: usize) -> GroupConv2dConfig {
        GroupConv2dConfig::new(self.group.clone(), channels, kernel_size).with_kernel(self.kernel)
    }
}
