//! Lifting convolution with attention within: ℝ² → G.
//!
//! ```text
//! y_oi(x, h) = (k_oi ⋆ f_i)(x, h)                                            the response of field o to channel i
//! α_C        = σ(W₂ₒ (ReLU(W₁ₒ mean_x y) + ReLU(W₁ₒ max_x y)))               [o, h, i]
//! α_S        = σ(κ_o(h⁻¹ ·) ∗ [mean_i α_C y, max_i α_C y])                   [o, h, x]
//! out_o      = Σ_i (1 − α_S α_C) y_oi + b_o
//! ```
//!
//! Every output field looks at the channels with weights of its own, W₁ₒ and W₂ₒ, which are the same for all h, and at the plane
//! with a kernel of its own, κ_o, which h turns. Turning the image turns y and moves it along H, so it does the same to both
//! attentions and to the output. Source: Romero et al. 2020, section 4.
//!
//! There is a map for every pair of an input channel and an output field: with few channels, as images have, that is no more
//! than the convolution gives anyway. On the group there are too many of them.

use burn::config::Config;
use burn::module::Param;
use burn::prelude::*;
use burn::tensor::activation::{relu, sigmoid};
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use serde::{Deserialize, Serialize};

use super::config::{one, seven, uniform, uniform_kernels};
use crate::convolution::{LiftingConv2d, LiftingConv2dConfig, Padding2d};
use crate::error::LayerError;
use crate::expect;
use crate::group::Group;
use crate::kernel::KernelSize;
use crate::parameters::Parameters;

const LAYER: &str = "AttentiveLiftingConv2d";

/// Configuration of an [`AttentiveLiftingConv2d`].
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::{AttentiveLiftingConv2dConfig, Group, LiftingConv2dConfig};
///
/// # #[cfg(feature = "flex")] {
/// let device = Device::flex();
/// let convolution = LiftingConv2dConfig::new(Group::cyclic(4)?, [3, 8], 5);
/// let config = AttentiveLiftingConv2dConfig::new(convolution);
/// config.validate()?;
/// let lifting = config.init(&device);
/// let image = Tensor::<4>::ones([2, 3, 28, 28], &device);
/// assert_eq!(lifting.forward(image).dims(), [2, 8, 4, 24, 24]);
/// # }
/// # Ok::<(), gcnn_layers::LayerError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttentiveLiftingConv2dConfig {
    /// The convolution that attention is within.
    pub convolution: LiftingConv2dConfig,
    /// How many times fewer hidden channels the attention to channels has; there is one at least.
    #[serde(default = "one")]
    pub ratio: usize,
    /// The kernel of the attention to places in pixels, as the identity leaves it: odd, or under an even dilation. What lies
    /// beyond the border counts as zero. It is parametrised as the convolution's is.
    #[serde(default = "seven")]
    pub kernel_size: KernelSize,
    /// Pixels between neighbouring taps of that kernel.
    #[serde(default = "one")]
    pub dilation: usize,
}

impl Config for AttentiveLiftingConv2dConfig {}

impl AttentiveLiftingConv2dConfig {
    /// With as many hidden channels as there are channels, and a kernel of 7×7.
    pub fn new(convolution: LiftingConv2dConfig) -> Self {
        Self {
            convolution,
            ratio: one(),
            kernel_size: seven(),
            dilation: one(),
        }
    }

    /// Sets how many times fewer hidden channels there are.
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

    /// Checks that the layer is consistent and equivariant, and says what would work where it is not.
    pub fn validate(&self) -> Result<(), LayerError> {
        self.validate_ratio()?;
        self.convolution.validate()?;
        self.spatial().validate()
    }

    fn validate_ratio(&self) -> Result<(), LayerError> {
        match self.ratio {
            0 => Err(LayerError::Zero { what: "the ratio" }),
            _ => Ok(()),
        }
    }

    /// What the layer learns, by name and shape; no tensor is made for it.
    pub fn parameters(&self) -> Result<Parameters, LayerError> {
        self.validate_ratio()?;
        let [squeeze, excite] = self.mixing();
        Ok(Parameters::new()
            .with_module("convolution", self.convolution.parameters()?)
            .with("squeeze", squeeze)
            .with("excite", excite)
            .with_module("spatial", self.spatial().parameters()?))
    }

    /// How many numbers the layer takes beside its parameters, for its kernels under every element of the group; the largest
    /// number there is where they are too many to count.
    pub fn filter_numbers(&self) -> Result<usize, LayerError> {
        let numbers = self.convolution.filter_numbers()?;
        Ok(numbers.saturating_add(self.spatial().filter_numbers()?))
    }

    /// Builds the layer.
    ///
    /// # Panics
    /// Where [`validate`](Self::validate) returns an error.
    pub fn init(&self, device: &Device) -> AttentiveLiftingConv2d {
        self.try_init(device)
            .unwrap_or_else(|error| panic!("{LAYER}: {error}"))
    }

    /// Builds the layer, or says what [`validate`](Self::validate) finds wrong.
    pub fn try_init(&self, device: &Device) -> Result<AttentiveLiftingConv2d, LayerError> {
        self.validate()?;
        let [squeeze, excite] = self.mixing();
        Ok(AttentiveLiftingConv2d {
            convolution: self.convolution.try_init(device)?,
            squeeze: uniform(squeeze, squeeze[1] as f64, device),
            excite: uniform(excite, excite[1] as f64, device),
            spatial: self.spatial().try_init_with(uniform_kernels, device)?,
        })
    }

    /// The shapes of all W₁ and W₂; the ratio is positive.
    fn mixing(&self) -> [[usize; 3]; 2] {
        let [c_in, c_out] = self.convolution.channels;
        let hidden = (c_in / self.ratio).max(1);
        [[c_out, c_in, hidden], [c_out, hidden, c_in]]
    }

    /// All κ: the bank of a lifting convolution, of which each output field meets statistics of its own.
    fn spatial(&self) -> LiftingConv2dConfig {
        let ([_, c_out], group) = (self.convolution.channels, self.convolution.group.clone());
        LiftingConv2dConfig::new(group, [2, c_out], self.kernel_size)
            .with_padding(Padding2d::Same)
            .with_dilation(self.dilation)
            .with_kernel(self.convolution.kernel)
            .with_bias(false)
    }
}

/// Lifts a feature map from the plane to the group, and lets each field leave out some of what it sees. Made by
/// [`AttentiveLiftingConv2dConfig::init`].
#[derive(Module, Debug)]
pub struct AttentiveLiftingConv2d {
    /// k.
    pub convolution: LiftingConv2d,
    /// W₁, `[channels_out, channels_in, hidden]`.
    pub squeeze: Param<Tensor<3>>,
    /// W₂, `[channels_out, hidden, channels_in]`.
    pub excite: Param<Tensor<3>>,
    /// κ, a kernel for each output field and both statistics.
    pub spatial: LiftingConv2d,
}

/// The responses to each channel, and what is attended to of them.
struct Attended {
    /// y, `[batch, channels_in, channels_out · group, height, width]`.
    responses: Tensor<5>,
    /// α_C, `[batch, channels_in, channels_out · group, 1, 1]`.
    channel: Tensor<5>,
    /// α_S, `[batch, channels_out · group, height, width]`.
    spatial: Tensor<4>,
}

impl AttentiveLiftingConv2d {
    /// # Shapes
    /// - input: `[batch, channels_in, height, width]`
    /// - output: `[batch, channels_out, group, height_out, width_out]`
    ///
    /// # Panics
    /// If the input has another number of channels or numbers of another type, or is smaller than the kernel.
    pub fn forward(&self, input: Tensor<4>) -> Tensor<5> {
        let Attended {
            responses,
            channel,
            spatial,
        } = self.attend(input);
        let attended = (channel * responses.clone()).sum_dim(1).squeeze_dim(1);
        let output: Tensor<4> = responses.sum_dim(1).squeeze_dim(1) - spatial * attended;
        let output = match self.convolution.filter_bias() {
            Some(bias) => {
                let [planes] = bias.dims();
                output + bias.reshape([1, planes, 1, 1])
            }
            None => output,
        };
        self.on_group(output)
    }

    /// The attention to channels, α_C, and the one to places, α_S, of every output field at every element.
    ///
    /// # Shapes
    /// - input: `[batch, channels_in, height, width]`
    /// - output: `[batch, channels_out, group, channels_in]` and `[batch, channels_out, group, height_out, width_out]`, between
    ///   0 and 1
    ///
    /// # Panics
    /// As [`forward`](Self::forward).
    pub fn attention(&self, input: Tensor<4>) -> (Tensor<4>, Tensor<5>) {
        let Attended {
            channel, spatial, ..
        } = self.attend(input);
        let [batch, c_in, planes, _, _] = channel.dims();
        let order = self.group().order();
        let channel = channel.reshape([batch, c_in, planes / order, order]);
        (channel.permute([0, 2, 3, 1]), self.on_group(spatial))
    }

    /// The group H.
    pub fn group(&self) -> &Group {
        self.convolution.group()
    }

    fn attend(&self, input: Tensor<4>) -> Attended {
        let [_, c_in, _] = self.squeeze.dims();
        expect::channels(LAYER, c_in, &input);
        expect::numbers(LAYER, self.squeeze.val().dtype(), input.dtype());
        let responses = self.convolution.to_each_channel(input);
        let channel = self.channel(&responses);
        Attended {
            spatial: self.spatial(channel.clone() * responses.clone()),
            channel,
            responses,
        }
    }

    fn channel(&self, responses: &Tensor<5>) -> Tensor<5> {
        let ([batch, c_in, _, height, width], [c_out, _, hidden]) =
            (responses.dims(), self.squeeze.dims());
        let order = self.group().order();
        let places: Tensor<5> =
            responses
                .clone()
                .reshape([batch, c_in, c_out, order, height * width]);
        let statistics = Tensor::cat(vec![places.clone().mean_dim(4), places.max_dim(4)], 0);
        // A row for each statistic, image and element, and a matrix for each output field.
        let rows = statistics.squeeze_dim::<4>(4).permute([2, 0, 3, 1]);
        let rows: Tensor<3> = rows.reshape([c_out, 2 * batch * order, c_in]);
        let of_both: Tensor<4> =
            relu(rows.matmul(self.squeeze.val())).reshape([c_out, 2, batch * order, hidden]);
        let sum = of_both.sum_dim(1).squeeze_dim(1);
        let attention = sigmoid(sum.matmul(self.excite.val()));
        let attention: Tensor<4> = attention.reshape([c_out, batch, order, c_in]);
        let attention = attention.permute([1, 3, 0, 2]);
        attention.reshape([batch, c_in, c_out * order, 1, 1])
    }

    /// α_S for α_C y.
    fn spatial(&self, attended: Tensor<5>) -> Tensor<4> {
        let [batch, _, planes, height, width] = attended.dims();
        let statistics = Tensor::cat(vec![attended.clone().mean_dim(1), attended.max_dim(1)], 1);
        let statistics = statistics.swap_dims(1, 2);
        let statistics: Tensor<4> = statistics.reshape([batch, 2 * planes, height, width]);
        let window = self.spatial.window();
        // Each plane has its own pair of statistics.
        let (stride, dilation) = ([1, 1], [window.dilation; 2]);
        let options = ConvOptions::new(stride, window.padding_pixels(), dilation, planes);
        sigmoid(conv2d(
            statistics,
            self.spatial.filter_bank(),
            None,
            options,
        ))
    }

    fn on_group(&self, planes: Tensor<4>) -> Tensor<5> {
        let ([batch, count, height, width], order) = (planes.dims(), self.group().order());
        planes.reshape([batch, count / order, order, height, width])
    }
}
