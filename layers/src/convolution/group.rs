//! Group convolution, G → G: a feature map on the group meets a kernel on the group.
//!
//! ```text
//! (k ⋆ f)(x, h) = Σ_h' Σ_y Σ_c k_c(h⁻¹(y − x), h⁻¹h') f_c(y, h') + b
//! ```
//!
//! The kernel of response h is the kernel of response e turned in the plane and moved along H. Turning the input turns
//! the output: (k ⋆ L_g f)(x, h) = (k ⋆ f)(g⁻¹x, g⁻¹h), with (L_g f)(x, h) = f(g⁻¹x, g⁻¹h). Source: Cohen & Welling
//! 2016, equation 11.

use burn::module::{Content, DisplaySettings, ModuleDisplay, Param};
use burn::prelude::*;

use super::{Padding2d, Window, describe, filter_bias, he_normal, validate_channels, zero_bias};
use crate::error::LayerError;
use crate::expect;
use crate::group::Group;
use crate::kernel::{FilterBasis, KernelConfig};
use crate::mark::Mark;
use crate::parameters::Parameters;

/// Configuration of a [`GroupConv2d`].
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::{Group, GroupConv2dConfig};
///
/// # #[cfg(feature = "flex")] {
/// let device = Device::flex();
/// let config = GroupConv2dConfig::new(Group::dihedral(4)?, [4, 6], 3);
/// config.validate()?;
/// let conv = config.init(&device);
/// let map = Tensor::<5>::ones([2, 4, 8, 12, 12], &device);
/// assert_eq!(conv.forward(map).dims(), [2, 6, 8, 10, 10]);
/// # }
/// # Ok::<(), gcnn_layers::LayerError>(())
/// ```
#[derive(Config, Debug)]
pub struct GroupConv2dConfig {
    /// The group H of transformations beside translations.
    pub group: Group,
    /// The number of input fields and of output fields.
    pub channels: [usize; 2],
    /// The side of the square kernel in pixels.
    pub kernel_size: usize,
    /// Pixels between output positions, along both axes.
    #[config(default = "1")]
    pub stride: usize,
    /// What lies beyond the border.
    #[config(default = "Padding2d::None")]
    pub padding: Padding2d,
    /// Pixels between neighbouring taps of the kernel.
    #[config(default = "1")]
    pub dilation: usize,
    /// Whether each output field has a bias.
    #[config(default = true)]
    pub bias: bool,
    /// How the kernel is parametrised.
    #[config(default = "KernelConfig::default()")]
    pub kernel: KernelConfig,
    /// Height and width of the input where they are known: then [`validate`](Self::validate) checks that the stride
    /// keeps the group's symmetry.
    pub input_size: Option<[usize; 2]>,
}

impl GroupConv2dConfig {
    /// Checks that the layer is consistent and equivariant, and says what would work where it is not.
    pub fn validate(&self) -> Result<(), LayerError> {
        validate_channels(self.channels)?;
        self.window()
            .validate(&self.group, &self.kernel, self.input_size)
    }

    /// What the layer learns, by name and shape; nothing is made for it.
    pub fn parameters(&self) -> Result<Parameters, LayerError> {
        validate_channels(self.channels)?;
        let [c_in, c_out] = self.channels;
        let kernel = self.kernel.shape(&self.group, self.kernel_size)?;
        let weight = [c_out, c_in, kernel.group_weights, kernel.weights];
        let own = Parameters::new().with("weight", weight);
        let own = match self.bias {
            true => own.with("bias", [c_out]),
            false => own,
        };
        Ok(own.with_module("basis", kernel.on_group()))
    }

    /// How many numbers the layer takes beside its parameters, for its kernels under every element of the group; the largest
    /// number there is where they are too many to count.
    pub fn filter_numbers(&self) -> Result<usize, LayerError> {
        let ([c_in, c_out], order) = (self.channels, self.group.order());
        let kernel = self.kernel.shape(&self.group, self.kernel_size)?;
        let responses = [order.saturating_mul(c_out), order.saturating_mul(c_in)];
        Ok(kernel.filter_numbers(&self.group, responses))
    }

    /// Builds the layer.
    ///
    /// # Panics
    /// Where [`validate`](Self::validate) returns an error.
    pub fn init(&self, device: &Device) -> GroupConv2d {
        self.try_init(device)
            .unwrap_or_else(|error| panic!("GroupConv2d: {error}"))
    }

    /// Builds the layer, or says what [`validate`](Self::validate) finds wrong.
    pub fn try_init(&self, device: &Device) -> Result<GroupConv2d, LayerError> {
        self.validate()?;
        let [c_in, c_out] = self.channels;
        let kernel = self.kernel.sample(&self.group, self.kernel_size)?;
        let shape = [c_out, c_in, kernel.group_weights(), kernel.weights()];
        Ok(GroupConv2d {
            weight: he_normal(shape, kernel.fan_in_on_group(), device),
            bias: self.bias.then(|| zero_bias(c_out, device)),
            basis: FilterBasis::on_group(&kernel, &self.group, device),
            window: self.window(),
            mark: Mark::new(format_args!("over {}", self.group), device),
            group: self.group.clone(),
            kernel: self.kernel,
        })
    }

    fn window(&self) -> Window {
        Window {
            kernel_size: self.kernel_size,
            stride: self.stride,
            padding: self.padding,
            dilation: self.dilation,
        }
    }
}

/// Correlates a feature map on the group with kernels on the group.
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct GroupConv2d {
    /// `[channels_out, channels_in, group_weights, weights]`; of pixel kernels the third axis is the relative element
    /// h⁻¹h', of others a basis of functions of it.
    pub weight: Param<Tensor<4>>,
    /// `[channels_out]`, one per field.
    pub bias: Option<Param<Tensor<1>>>,
    basis: FilterBasis,
    mark: Mark,
    #[module(skip)]
    window: Window,
    #[module(skip)]
    group: Group,
    #[module(skip)]
    kernel: KernelConfig,
}

impl GroupConv2d {
    /// # Shapes
    /// - input: `[batch, channels_in, group, height, width]`
    /// - output: `[batch, channels_out, group, height_out, width_out]`
    ///
    /// # Panics
    /// If the input has another number of channels or lives on another group, is smaller than the kernel, or has numbers of
    /// another type than the weights.
    pub fn forward(&self, input: Tensor<5>) -> Tensor<5> {
        let [batch, _, _, height, width] = input.dims();
        let [c_out, c_in, _, _] = self.weight.dims();
        let h = self.group.order();
        expect::on_group("GroupConv2d", c_in, &self.group, &input);
        expect::numbers("GroupConv2d", self.weight.val().dtype(), input.dtype());
        let planes = input.reshape([batch, c_in * h, height, width]);
        let responses = self.window.correlate(
            "GroupConv2d",
            &self.group,
            planes,
            self.filter_bank(),
            self.filter_bias(),
        );
        let [_, _, height, width] = responses.dims();
        responses.reshape([batch, c_out, h, height, width])
    }

    /// The kernels of an ordinary convolution: `[channels_out · group, channels_in · group, size, size]`.
    pub fn filter_bank(&self) -> Tensor<4> {
        self.basis.expand(self.weight.val())
    }

    /// The bias of that ordinary convolution: `[channels_out · group]`.
    pub fn filter_bias(&self) -> Option<Tensor<1>> {
        filter_bias(&self.bias, self.group.order())
    }

    /// How the weights become kernels, with the centres of splines that are trained.
    pub fn basis(&self) -> &FilterBasis {
        &self.basis
    }

    /// The group H.
    pub fn group(&self) -> &Group {
        &self.group
    }

    /// Where the kernel is put.
    pub fn window(&self) -> Window {
        self.window
    }
}

impl ModuleDisplay for GroupConv2d {
    fn custom_settings(&self) -> Option<DisplaySettings> {
        DisplaySettings::new()
            .with_new_line_after_attribute(false)
            .optional()
    }

    fn custom_content(&self, content: Content) -> Option<Content> {
        let bias = self.bias.is_some();
        describe(
            content,
            &self.weight,
            bias,
            &self.group,
            &self.window,
            &self.kernel,
        )
    }
}
