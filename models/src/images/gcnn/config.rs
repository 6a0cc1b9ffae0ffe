//! The configuration of a [`Gcnn`](super::Gcnn), and what it means for images of a given size.

use gcnn_layers::group::AxisKind;
use gcnn_layers::{
    AttentiveGateConfig, AttentivePlaneGateConfig, DropoutUnit, FieldBatchNormConfig,
    FieldDropoutConfig, GlobalPoolKind, Group, GroupConv2dConfig, KernelConfig, LayerError,
    LiftingConv2dConfig, Padding2d, Parameters, ProjectionKind, SeparableGroupConv2dConfig,
    Separation,
};
use serde::{Deserialize, Serialize};

use super::layer::LayerConfig;
use super::{AttentionConfig, InputShape, NetworkSize};
use crate::ModelError;
use crate::limits;

/// What every hidden convolution is followed by. Written `batch` and `none` in files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Normalisation {
    /// Batch normalisation with statistics per field.
    #[default]
    Batch,
    /// Nothing.
    None,
}

/// How class scores are made of the last feature map. Written `convolution` and `linear` in files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Head {
    /// One more group convolution, with a field per class, then pooling over H and the plane: the published P4CNN.
    #[default]
    Convolution,
    /// Pooling over H and the plane, then a linear map.
    Linear,
}

/// The values that make one network of the family. The defaults are P4CNN's.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_models::{GcnnConfig, InputShape};
///
/// let digits = InputShape { channels: 1, height: 28, width: 28 };
/// let device = Device::flex();
/// let network = GcnnConfig::p4cnn().init(digits, 10, &device)?;
/// assert_eq!(network.num_params(), 24_680);
/// assert_eq!(network.forward(Tensor::zeros([2, 1, 28, 28], &device)).dims(), [2, 10]);
/// # Ok::<(), gcnn_models::ModelError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct GcnnConfig {
    /// H: rotations, reflections and scalings that the network is to be equivariant under.
    pub group: Group,
    /// How many scales a kernel sees, where the group has scales: 1 where they don't meet before the head; all where left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_range: Option<usize>,
    /// Number of fields of each hidden layer.
    pub channels: Vec<usize>,
    /// Side of each layer's kernel: one per hidden layer, and with the `convolution` head one more.
    pub kernel_sizes: Vec<usize>,
    /// Layers, counted from 1, after which the map is halved by max-pooling over windows of 2×2.
    pub pool_after: Vec<usize>,
    /// What follows the hidden convolutions.
    pub normalisation: Normalisation,
    /// Probability of dropout after the hidden layers that are not pooled (the published recipe pools instead).
    pub dropout: f64,
    /// What dropout drops at once.
    pub dropout_unit: DropoutUnit,
    /// How the kernels are parametrised.
    pub kernel: KernelConfig,
    /// Whether the kernels of group convolutions are products of kernels on H and on the plane: `separable`, `gsep`, `dsep` or,
    /// where H is a product of rotations and scales, `separable+2d`. Left out, they are whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub separable: Option<Separation>,
    /// Whether every batch of a training turns the angles at which each layer's responses are sampled, by chance and by less than
    /// from one rotation to the next. Then kernels are trained at all angles; for kernels that are networks, over rotations.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub random_angles: bool,
    /// What the convolutions see beyond the border.
    pub padding: Padding2d,
    /// A gate before each group convolution, which damps what matters less. Left out: there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attention: Option<AttentionConfig>,
    /// Whether convolutions add a bias per field. Before batch normalisation it has no effect; the published
    /// parameter counts include it.
    pub bias: bool,
    /// How class scores are made of the last feature map.
    pub head: Head,
    /// Pooling over H in the head.
    pub projection: ProjectionKind,
    /// Pooling over the plane in the head, where the last map is larger than one pixel; `centre` where an image is asked about the
    /// pixel in its middle, as patches of nuclei are.
    pub global_pool: GlobalPoolKind,
    /// Layers and fields by a number of parameters, the same for every group: `small`, `medium` or `large`, about 25,000,
    /// 100,000 and 400,000. It stands in place of `channels`, `kernel_sizes`, `pool_after`, `padding`, `bias` and `head`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<NetworkSize>,
}

impl Default for GcnnConfig {
    fn default() -> Self {
        Self::p4cnn()
    }
}

impl GcnnConfig {
    /// P4CNN: ten fields over the rotations by 90°. On 28×28 grey images and ten classes it has the published 24,680
    /// parameters: kernels, a bias per field in all seven convolutions, scale and shift in six normalisations.
    pub fn p4cnn() -> Self {
        Self {
            group: c4(),
            scale_range: None,
            channels: vec![10; 6],
            kernel_sizes: vec![3, 3, 3, 3, 3, 3, 4],
            pool_after: vec![2],
            normalisation: Normalisation::Batch,
            dropout: 0.3,
            dropout_unit: DropoutUnit::Value,
            kernel: KernelConfig::default(),
            separable: None,
            random_angles: false,
            padding: Padding2d::None,
            attention: None,
            bias: true,
            head: Head::Convolution,
            projection: ProjectionKind::Max,
            global_pool: GlobalPoolKind::Mean,
            size: None,
        }
    }

    /// Z2CNN: the same network without rotations, twenty channels wide. On 28×28 grey images and ten classes it has
    /// the published 21,750 parameters.
    pub fn z2cnn() -> Self {
        Self {
            group: Group::trivial(),
            channels: vec![20; 6],
            ..Self::p4cnn()
        }
    }

    /// Checks every count against its limit, and the network's size, as far as that can be told without the images.
    pub fn check_counts(&self) -> Result<(), ModelError> {
        self.check_limits()?;
        // Layers that depend on the images are within their budget.
        if self.size.is_some() {
            return Ok(());
        }
        // Lists that don't belong together are refused where the network is built: a file may say one of them, and take the
        // other from the network that it starts from.
        if self.check_lists().is_err() {
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
        let lifting = self.first_layer(input);
        numbers = numbers.saturating_add(lifting.filter_numbers().map_err(layer(1))?);
        if let Some(gate) = self.image_gate(input) {
            numbers = numbers.saturating_add(gate.filter_numbers().map_err(layer(1))?);
        }
        for number in 2..=self.kernel_sizes.len() {
            let bank = self.layer(number, classes).filter_numbers();
            numbers = numbers.saturating_add(bank.map_err(layer(number))?);
            if let Some(gate) = self.gate(number) {
                numbers = numbers.saturating_add(gate.filter_numbers().map_err(layer(number))?);
            }
        }
        limits::check_numbers(numbers)
    }

    /// What the network learns, by name and shape. Nothing is made for it, and its size is not bounded.
    pub fn parameters(&self, input: InputShape, classes: usize) -> Result<Parameters, ModelError> {
        if self.size.is_some() {
            return self.sized(input)?.parameters(input, classes);
        }
        self.check_lists()?;
        let lifting = self.first_layer(input).parameters().map_err(layer(1))?;
        let mut all = Parameters::new().with_module("lifting", lifting);
        for number in 2..=self.kernel_sizes.len() {
            let own = self.layer(number, classes);
            let field = format!("{}.{}", own.field(), number - 2);
            let own = own.parameters().map_err(layer(number))?;
            all = all.with_module(field, own);
            if let Some(gate) = self.gate(number) {
                let field = format_args!("gates.{}", number - 2);
                all = all.with_module(field, gate.parameters().map_err(layer(number))?);
            }
        }
        if let Some(gate) = self.image_gate(input) {
            all = all.with_module("image_gate", gate.parameters().map_err(layer(1))?);
        }
        if self.normalisation == Normalisation::Batch {
            for number in 1..=self.channels.len() {
                let field = format_args!("blocks.{}.norm", number - 1);
                all = all.with_module(field, self.norm_config(number).parameters());
            }
        }
        Ok(match (self.head, self.channels.last()) {
            (Head::Linear, Some(&last)) => {
                all.with_module("linear", Parameters::linear(last, classes, true))
            }
            _ => all,
        })
    }

    /// Checks that the network can be built for such images, and with a group larger than the identity also that
    /// rotations by 90° are exact.
    pub fn validate(&self, input: InputShape) -> Result<(), ModelError> {
        if self.size.is_some() {
            return self.sized(input)?.validate(input);
        }
        self.check_lists()?;
        self.check_counts()?;
        for (what, value) in [
            ("the number of image channels", input.channels),
            ("the image height", input.height),
            ("the image width", input.width),
        ] {
            at_least(what, value, 1)?;
        }
        let turns = self.kernel.is_network() && self.rotation_step().is_some();
        if self.random_angles && (!turns || self.attention.is_some()) {
            return Err(ModelError::RandomAngles {
                group: self.group.name().into(),
            });
        }
        self.trace(input)?;
        let classes_do_not_matter = 1;
        self.first_layer(input).validate().map_err(layer(1))?;
        if let Some(gate) = self.image_gate(input) {
            gate.validate().map_err(layer(1))?;
        }
        for number in 2..=self.kernel_sizes.len() {
            let checked = self.layer(number, classes_do_not_matter).validate();
            checked.map_err(layer(number))?;
            if let Some(gate) = self.gate(number) {
                gate.validate().map_err(layer(number))?;
            }
        }
        self.dropout_config().validate().map_err(layer(1))
    }

    /// Height and width of the map after each layer (and its pooling).
    pub fn map_sizes(&self, input: InputShape) -> Result<Vec<[usize; 2]>, ModelError> {
        if self.size.is_some() {
            return self.sized(input)?.map_sizes(input);
        }
        self.check_lists()?;
        self.trace(input)
    }

    /// From one rotation of H to the next, in radians; none where there is one or reflections turn the other way.
    pub(super) fn rotation_step(&self) -> Option<f64> {
        let mut axes = self.group.axes().iter();
        let angle = axes.find(|axis| axis.kind == AxisKind::Angle && axis.samples > 1)?;
        (self.group.components() == 1).then_some(angle.step)
    }

    fn check_limits(&self) -> Result<(), ModelError> {
        let layers = [1, limits::LAYERS];
        limits::check_list("channels", &self.channels, layers, [1, limits::CHANNELS])?;
        let (layers, sides) = ([0, limits::LAYERS + 1], [1, limits::KERNEL_SIZE]);
        limits::check_list("kernel_sizes", &self.kernel_sizes, layers, sides)?;
        self.attention.map_or(Ok(()), |attention| attention.check())
    }

    pub(super) fn check_lists(&self) -> Result<(), ModelError> {
        self.check_limits()?;
        let hidden = self.channels.len();
        let (expected, rule) = match self.head {
            Head::Convolution => (hidden + 1, "the head's convolution has a kernel of its own"),
            Head::Linear => (hidden, "the linear head has no kernel"),
        };
        if self.kernel_sizes.len() != expected {
            return Err(ModelError::LayerCount {
                kernel_sizes: self.kernel_sizes.len(),
                channels: hidden,
                rule,
                expected,
            });
        }
        for (index, &layer) in self.pool_after.iter().enumerate() {
            if !(1..=hidden).contains(&layer) || self.pool_after[..index].contains(&layer) {
                return Err(ModelError::PoolPosition {
                    layer,
                    last: hidden,
                });
            }
        }
        Ok(())
    }

    pub(super) fn first_layer(&self, input: InputShape) -> LiftingConv2dConfig {
        let channels = [input.channels, self.channels[0]];
        LiftingConv2dConfig::new(self.group.clone(), channels, self.kernel_sizes[0])
            .with_padding(self.padding)
            .with_bias(self.bias)
            .with_kernel(self.kernel)
    }

    /// The group convolution of a layer after the first, counted from 1.
    pub(super) fn layer(&self, layer: usize, classes: usize) -> LayerConfig {
        let fields = |layer: usize| self.channels.get(layer - 1).copied().unwrap_or(classes);
        let channels = [fields(layer - 1), fields(layer)];
        let kernel_size = self.kernel_sizes[layer - 1];
        if let Some(separation) = self.separable {
            let config =
                SeparableGroupConv2dConfig::new(self.group.clone(), channels, kernel_size.into());
            return LayerConfig::Separable(
                config
                    .with_separation(separation)
                    .with_range(self.scale_range)
                    .with_padding(self.padding)
                    .with_bias(self.bias)
                    .with_kernel(self.kernel),
            );
        }
        LayerConfig::Whole(
            GroupConv2dConfig::new(self.group.clone(), channels, kernel_size)
                .with_range(self.scale_range)
                .with_padding(self.padding)
                .with_bias(self.bias)
                .with_kernel(self.kernel),
        )
    }

    /// The gate before the group convolution of a layer after the first, counted from 1, if there is one.
    pub(super) fn gate(&self, layer: usize) -> Option<AttentiveGateConfig> {
        let channels = *self.channels.get(layer - 2)?;
        let gate = AttentiveGateConfig::new(self.group.clone(), channels).with_kernel(self.kernel);
        self.attention.map(|attention| attention.of(gate))
    }

    /// The gate before the first convolution, if there is one.
    pub(super) fn image_gate(&self, input: InputShape) -> Option<AttentivePlaneGateConfig> {
        self.attention?.of_image(&self.first_layer(input))
    }

    pub(super) fn norm_config(&self, layer: usize) -> FieldBatchNormConfig {
        FieldBatchNormConfig::new(self.channels[layer - 1])
    }

    pub(super) fn dropout_config(&self) -> FieldDropoutConfig {
        FieldDropoutConfig::new(self.dropout).with_unit(self.dropout_unit)
    }
}

/// Side of the pooling windows and step between them.
pub(crate) const POOL_SIZE: usize = 2;

/// Names the layer, counted from 1, that an error is about.
pub(crate) fn layer(layer: usize) -> impl FnOnce(LayerError) -> ModelError {
    move |source| ModelError::Layer { layer, source }
}

pub(crate) fn at_least(what: &'static str, value: usize, least: usize) -> Result<(), ModelError> {
    if value < least {
        return Err(ModelError::TooFew { what, value, least });
    }
    Ok(())
}

fn c4() -> Group {
    // Four rotations are within every bound; the fallback only keeps this function free of panics.
    Group::cyclic(4).unwrap_or_else(|_| Group::trivial())
}
