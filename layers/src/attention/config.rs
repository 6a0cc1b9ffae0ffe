//! The configuration of a gate, wherever it stands.

use std::marker::PhantomData;

use burn::config::Config;
use burn::module::{Initializer, Param};
use burn::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Gated, InputAttention};
use crate::convolution::{
    Convolution, ConvolutionConfig, GroupConv2dConfig, Lifting, OnGroup, Padding2d,
};
use crate::error::LayerError;
use crate::group::Group;
use crate::kernel::{KernelConfig, KernelSize};
use crate::parameters::Parameters;

/// Configuration of an [`AttentiveGate`](super::AttentiveGate).
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::{AttentiveGateConfig, Group};
///
/// # #[cfg(feature = "flex")] {
/// let device = Device::flex();
/// let config = AttentiveGateConfig::new(Group::cyclic(4)?, 10);
/// config.validate()?;
/// let gate = config.init(&device);
/// // Two 1×1 group convolutions between 10 and 5 fields, and one of 7×7 from 2 to 1.
/// assert_eq!(gate.num_params(), 2 * 10 * 5 * 4 + 2 * 4 * 49);
/// let map = Tensor::<5>::ones([2, 10, 4, 12, 12], &device);
/// assert_eq!(gate.forward(map.clone()).dims(), [2, 10, 4, 12, 12]);
/// let (channels, places) = gate.attention(map);
/// assert_eq!(channels.dims(), [2, 10, 4, 1, 1]);
/// assert_eq!(places.dims(), [2, 1, 4, 12, 12]);
/// # }
/// # Ok::<(), gcnn_layers::LayerError>(())
/// ```
pub type AttentiveGateConfig = InputAttentionConfig<OnGroup>;

/// Configuration of an [`AttentivePlaneGate`](super::AttentivePlaneGate).
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::{AttentivePlaneGateConfig, Group};
///
/// # #[cfg(feature = "flex")] {
/// let device = Device::flex();
/// // It turns under the group that the image is lifted to after it.
/// let config = AttentivePlaneGateConfig::new(Group::cyclic(4)?, 3).with_ratio(1);
/// let image = Tensor::<4>::ones([2, 3, 28, 28], &device);
/// assert_eq!(config.init(&device).forward(image).dims(), [2, 3, 28, 28]);
/// # }
/// # Ok::<(), gcnn_layers::LayerError>(())
/// ```
pub type AttentivePlaneGateConfig = InputAttentionConfig<Lifting>;

/// Configuration of an [`InputAttention`]; `M` says before which convolution it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct InputAttentionConfig<M: Gated> {
    /// The group H of transformations beside translations.
    pub group: Group,
    /// The number of fields.
    pub channels: usize,
    /// How many times fewer hidden fields the attention to channels has; there is one at least.
    #[serde(default = "two")]
    pub ratio: usize,
    /// The kernel of the attention to places in pixels, as the identity leaves it: odd, or under an even dilation. What lies
    /// beyond the border counts as zero.
    #[serde(default = "seven")]
    pub kernel_size: KernelSize,
    /// Pixels between neighbouring taps of that kernel.
    #[serde(default = "one")]
    pub dilation: usize,
    /// How that kernel is parametrised.
    #[serde(default)]
    pub kernel: KernelConfig,
    #[serde(skip)]
    map: PhantomData<M>,
}

pub(super) fn one() -> usize {
    1
}

fn two() -> usize {
    2
}

pub(super) fn seven() -> KernelSize {
    7.into()
}

impl<M: Gated> Config for InputAttentionConfig<M> {}

impl<M: Gated> InputAttentionConfig<M> {
    /// With half as many hidden fields, and a weight per pixel of a kernel of 7×7.
    pub fn new(group: Group, channels: usize) -> Self {
        Self {
            group,
            channels,
            ratio: two(),
            kernel_size: seven(),
            dilation: one(),
            kernel: KernelConfig::default(),
            map: PhantomData,
        }
    }

    /// Sets how many times fewer hidden fields there are.
    pub fn with_ratio(mut self, ratio: usize) -> Self {
        self.ratio = ratio;
        self
    }

    /// Sets the kernel of the attention to places in pixels.
    pub fn with_kernel_size(mut self, kernel_size: impl Into<KernelSize>) -> Self {
        self.kernel_size = kernel_size.into();
        self
    }

    /// Sets the pixels between neighbouring taps of that kernel.
    pub fn with_dilation(mut self, dilation: usize) -> Self {
        self.dilation = dilation;
        self
    }

    /// Sets how that kernel is parametrised.
    pub fn with_kernel(mut self, kernel: KernelConfig) -> Self {
        self.kernel = kernel;
        self
    }

    /// Checks that the gate is consistent, and says what would work where it is not.
    pub fn validate(&self) -> Result<(), LayerError> {
        self.validate_ratio()?;
        let (squeeze, excite, spatial) = self.convolutions();
        squeeze.validate()?;
        excite.validate()?;
        spatial.validate()
    }

    fn validate_ratio(&self) -> Result<(), LayerError> {
        match self.ratio {
            0 => Err(LayerError::Zero { what: "the ratio" }),
            _ => Ok(()),
        }
    }

    /// What the gate learns, by name and shape; no tensor is made for it.
    pub fn parameters(&self) -> Result<Parameters, LayerError> {
        self.validate_ratio()?;
        let (squeeze, excite, spatial) = self.convolutions();
        Ok(Parameters::new()
            .with_module("squeeze", squeeze.parameters()?)
            .with_module("excite", excite.parameters()?)
            .with_module("spatial", spatial.parameters()?))
    }

    /// How many numbers the gate takes beside its parameters, for its kernels under every element of the group; the largest
    /// number there is where they are too many to count.
    pub fn filter_numbers(&self) -> Result<usize, LayerError> {
        self.validate_ratio()?;
        let (squeeze, excite, spatial) = self.convolutions();
        let numbers = squeeze
            .filter_numbers()?
            .saturating_add(excite.filter_numbers()?);
        Ok(numbers.saturating_add(spatial.filter_numbers()?))
    }

    /// Builds the gate.
    ///
    /// # Panics
    /// Where [`validate`](Self::validate) returns an error.
    pub fn init(&self, device: &Device) -> InputAttention<Convolution<M>> {
        self.try_init(device)
            .unwrap_or_else(|error| panic!("{}: {error}", M::GATE))
    }

    /// Builds the gate, or says what [`validate`](Self::validate) finds wrong.
    pub fn try_init(&self, device: &Device) -> Result<InputAttention<Convolution<M>>, LayerError> {
        self.validate()?;
        let (squeeze, excite, spatial) = self.convolutions();
        Ok(InputAttention {
            squeeze: squeeze.try_init_with(uniform_kernels, device)?,
            excite: excite.try_init_with(uniform_kernels, device)?,
            spatial: spatial.try_init_with(uniform_kernels, device)?,
        })
    }

    /// W₁, W₂ and k; the ratio is positive.
    fn convolutions(&self) -> (GroupConv2dConfig, GroupConv2dConfig, ConvolutionConfig<M>) {
        let (of_input, channels) = (M::of_input(&self.group), self.channels);
        let hidden = (channels / self.ratio).max(1);
        let mixing = |channels| GroupConv2dConfig::new(of_input.clone(), channels, 1);
        let spatial = ConvolutionConfig::new(self.group.clone(), [2, 1], self.kernel_size)
            .with_padding(Padding2d::Same)
            .with_dilation(self.dilation)
            .with_kernel(self.kernel)
            .with_bias(false);
        (
            mixing([channels, hidden]).with_bias(false),
            mixing([hidden, channels]).with_bias(false),
            spatial,
        )
    }
}

/// Uniform within ±1/√fan_in, as published: a maximum over places is larger than what weights are commonly drawn for, and a
/// gate that begins at 0 or 1 hardly learns.
pub(super) fn uniform<const D: usize>(
    shape: [usize; D],
    fan_in: f64,
    device: &Device,
) -> Param<Tensor<D>> {
    let bound = 1.0 / fan_in.sqrt();
    let (min, max) = (-bound, bound);
    Initializer::Uniform { min, max }.init(shape, device)
}

/// The same of a convolution, whose fan-in is that of one input channel.
pub(super) fn uniform_kernels(shape: [usize; 4], fan_in: f64, device: &Device) -> Param<Tensor<4>> {
    uniform(shape, shape[1] as f64 * fan_in, device)
}
