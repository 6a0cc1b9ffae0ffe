//! The configuration of a [`GroupUnet`](super::GroupUnet).

use gcnn_layers::{
    FieldBatchNormConfig, Group, GroupConv2dConfig, KernelConfig, LiftingConv2dConfig, Padding2d,
    Parameters, ProjectionKind, UpsampleKind,
};
use serde::{Deserialize, Serialize};

use crate::ModelError;
use crate::images::gcnn::{at_least, layer};
use crate::limits;

/// The most levels. Each halves the map: more take images of more than a thousand pixels a side.
const MOST_LEVELS: usize = 10;

/// The most units of a level on either way.
const MOST_UNITS: usize = 16;

/// The values that make one network of the family.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_models::GroupUnetConfig;
///
/// # #[cfg(feature = "flex")] {
/// let config = GroupUnetConfig { channels: vec![4, 8], ..GroupUnetConfig::default() };
/// let device = Device::flex();
/// let network = config.init(3, 2, &device)?;
/// let images = Tensor::<4>::zeros([1, 3, 45, 32], &device);
/// assert_eq!(network.forward(images).dims(), [1, 2, 45, 32]);
/// # }
/// # Ok::<(), gcnn_models::ModelError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct GroupUnetConfig {
    /// H: rotations and reflections that the network is to be equivariant under.
    pub group: Group,
    /// Number of fields of each level, from that of the image's size to the smallest; each level has half of the pixels of the one
    /// before along a side.
    pub channels: Vec<usize>,
    /// Convolutions of a level on the way down, and on the way up.
    pub units: usize,
    /// Side of the kernels.
    pub kernel_size: usize,
    /// How the kernels are parametrised.
    pub kernel: KernelConfig,
    /// How maps are made larger: `nearest` or `bilinear`.
    pub upsampling: UpsampleKind,
    /// Pooling over H at the end.
    pub projection: ProjectionKind,
}

impl Default for GroupUnetConfig {
    fn default() -> Self {
        Self {
            // Four rotations are within every bound; the fallback only keeps this function free of panics.
            group: Group::cyclic(4).unwrap_or_else(|_| Group::trivial()),
            channels: vec![8, 16, 32],
            units: 2,
            kernel_size: 3,
            kernel: KernelConfig::default(),
            upsampling: UpsampleKind::default(),
            projection: ProjectionKind::Max,
        }
    }
}

/// A group convolution and what follows it; its place in the module tree, and the number that errors speak of.
pub(super) struct UnitConfig {
    pub(super) convolution: GroupConv2dConfig,
    pub(super) norm: FieldBatchNormConfig,
    field: String,
    number: usize,
}

impl GroupUnetConfig {
    /// Checks every setting.
    pub fn validate(&self) -> Result<(), ModelError> {
        self.check_counts()?;
        self.lifting(1).validate().map_err(layer(1))?;
        self.all_units().try_for_each(|unit| {
            let checked = unit.convolution.validate();
            checked.map_err(layer(unit.number))
        })
    }

    /// Checks every count against its limit, and the network's size.
    pub fn check_counts(&self) -> Result<(), ModelError> {
        self.check_size(1, 1)
    }

    /// Refuses networks of more numbers than there is memory for.
    fn check_size(&self, channels: usize, classes: usize) -> Result<(), ModelError> {
        let mut numbers = self.parameters(channels, classes)?.numbers();
        let lifting = self.lifting(channels).filter_numbers().map_err(layer(1))?;
        numbers = numbers.saturating_add(lifting);
        for unit in self.all_units() {
            let bank = unit.convolution.filter_numbers();
            numbers = numbers.saturating_add(bank.map_err(layer(unit.number))?);
        }
        limits::check_numbers(numbers)
    }

    /// What the network learns from images of so many channels, by name and shape. Nothing is made for it, and its size is not bounded.
    pub fn parameters(&self, channels: usize, classes: usize) -> Result<Parameters, ModelError> {
        limits::check_list(
            "channels",
            &self.channels,
            [1, MOST_LEVELS],
            [1, limits::CHANNELS],
        )?;
        limits::check_all(&[
            ("units", self.units, MOST_UNITS),
            ("kernel_size", self.kernel_size, limits::KERNEL_SIZE),
        ])?;
        at_least("the number of image channels", channels, 1)?;
        at_least("the number of classes", classes, 1)?;
        let lifting = self.lifting(channels).parameters().map_err(layer(1))?;
        let mut all = Parameters::new()
            .with_module("lifting", lifting)
            .with_module("norm", self.norm(0).parameters());
        for unit in self.all_units() {
            let convolution = unit.convolution.parameters().map_err(layer(unit.number))?;
            let own = Parameters::new()
                .with_module("convolution", convolution)
                .with_module("norm", unit.norm.parameters());
            all = all.with_module(unit.field, own);
        }
        let head = Parameters::new()
            .with("weight", vec![classes, self.fields(0), 1, 1])
            .with("bias", vec![classes]);
        Ok(all.with_module("head", head))
    }

    /// Number of trained parameters.
    pub fn num_params(&self, channels: usize, classes: usize) -> Result<usize, ModelError> {
        let running = 2 * self
            .all_units()
            .map(|unit| unit.norm.channels)
            .sum::<usize>();
        let all = self.parameters(channels, classes)?.numbers();
        Ok(all - running - 2 * self.fields(0))
    }

    /// Fields of a level, counted from 0.
    fn fields(&self, level: usize) -> usize {
        self.channels.get(level).copied().unwrap_or(1)
    }

    pub(super) fn lifting(&self, channels: usize) -> LiftingConv2dConfig {
        let channels = [channels, self.fields(0)];
        LiftingConv2dConfig::new(self.group.clone(), channels, self.kernel_size)
            .with_padding(Padding2d::Same)
            .with_bias(false)
            .with_kernel(self.kernel)
    }

    pub(super) fn norm(&self, level: usize) -> FieldBatchNormConfig {
        FieldBatchNormConfig::new(self.fields(level))
    }

    /// The units of each level on the way down. Those of the first come after the lifting convolution.
    pub(super) fn encoder(&self) -> Vec<Vec<UnitConfig>> {
        let level = |level: usize| {
            let first = usize::from(level == 0);
            let from = level.saturating_sub(1);
            let way = format!("encoder.{level}");
            let before = level * self.units + 1;
            let unit = |n: usize| {
                let from = if n == 0 { from } else { level };
                self.unit(
                    self.fields(from),
                    level,
                    format!("{way}.{}", n - first),
                    before + n,
                )
            };
            (first..self.units).map(unit).collect()
        };
        (0..self.channels.len()).map(level).collect()
    }

    /// The units of each level on the way up, from the smallest map but one to the largest.
    pub(super) fn decoder(&self) -> Vec<Vec<UnitConfig>> {
        let levels = self.channels.len();
        let level = |(step, level): (usize, usize)| {
            let before = (levels + step) * self.units + 1;
            let unit = |n: usize| {
                let below = if n == 0 { self.fields(level + 1) } else { 0 };
                let fields = self.fields(level) + below;
                self.unit(fields, level, format!("decoder.{step}.{n}"), before + n)
            };
            (0..self.units).map(unit).collect()
        };
        (0..levels.saturating_sub(1))
            .rev()
            .enumerate()
            .map(level)
            .collect()
    }

    fn all_units(&self) -> impl Iterator<Item = UnitConfig> {
        let ways = self.encoder().into_iter().chain(self.decoder());
        ways.flatten()
    }

    fn unit(&self, from: usize, level: usize, field: String, number: usize) -> UnitConfig {
        let channels = [from, self.fields(level)];
        UnitConfig {
            convolution: GroupConv2dConfig::new(self.group.clone(), channels, self.kernel_size)
                .with_padding(Padding2d::Same)
                .with_bias(false)
                .with_kernel(self.kernel),
            norm: self.norm(level),
            field,
            number,
        }
    }
}
