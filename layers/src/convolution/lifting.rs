//! Lifting convolution, ℝ² → G: every kernel meets the image in all of its turned copies.
//!
//! ```text
//! (k ⋆ f)(x, h) = Σ_y Σ_c k_c(h⁻¹(y − x)) f_c(y) + b
//! ```
//!
//! Turning the image turns the responses and shifts them along H: (k ⋆ L_g f)(x, h) = (k ⋆ f)(g⁻¹x, g⁻¹h).
//! The bias is one number per field, since one per element would single out elements. Source: Cohen & Welling 2016,
//! equation 10.

use burn::module::{Content, DisplaySettings, ModuleDisplay, Param};
use burn::prelude::*;

use super::{Padding2d, Window, describe, filter_bias, he_normal, validate_channels, zero_bias};
use crate::error::LayerError;
use crate::expect;
use crate::group::Group;
use crate::kernel::{FilterBasis, KernelConfig};
use crate::mark::Mark;
use crate::parameters::Parameters;

/// Configuration of a [`LiftingConv2d`].
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::{Group, LiftingConv2dConfig, Padding2d};
///
/// # #[cfg(feature = "flex")] {
/// let device = Device::flex();
/// let config = LiftingConv2dConfig::new(Group::cyclic(4)?, [3, 8], 5).with_padding(Padding2d::Same);
/// config.validate()?;
/// let lifting = config.init(&device);
/// let image = Tensor::<4>::ones([2, 3, 28, 28], &device);
/// assert_eq!(lifting.forward(image).dims(), [2, 8, 4, 28, 28]);
/// # }
/// # Ok::<(), gcnn_layers::LayerError>(())
/// ```
#[derive(Config, Debug)]
pub struct LiftingConv2dConfig {
    /// The group H of transformations beside translations.
    pub group: Group,
    /// The number of input channels and of output fields.
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

impl LiftingConv2dConfig {
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
        let weight = [c_out, c_in, 1, kernel.weights];
        let own = Parameters::new().with("weight", weight);
        let own = match self.bias {
            true => own.with("bias", [c_out]),
            false => own,
        };
        Ok(own.with_module("basis", kernel.on_plane()))
    }

    /// How many numbers the layer takes beside its parameters, for its kernels under every element of the group; the largest
    /// number there is where they are too many to count.
    pub fn filter_numbers(&self) -> Result<usize, LayerError> {
        let ([c_in, c_out], order) = (self.channels, self.group.order());
        let kernel = self.kernel.shape(&self.group, self.kernel_size)?;
        let responses = [order.saturating_mul(c_out), c_in];
        Ok(kernel.filter_numbers(&self.group, responses))
    }

    /// Builds the layer.
    ///
    /// # Panics
    /// Where [`validate`](Self::validate) returns an error.
    pub fn init(&self, device: &Device) -> LiftingConv2d {
        self.try_init(device)
            .unwrap_or_else(|error| panic!("LiftingConv2d: {error}"))
    }

    /// Builds the layer, or says what [`validate`](Self::validate) finds wrong.
    pub fn try_init(&self, device: &Device) -> Result<LiftingConv2d, LayerError> {
        self.validate()?;
        let [c_in, c_out] = self.channels;
        let kernel = self.kernel.sample(&self.group, self.kernel_size)?;
        let shape = [c_out, c_in, 1, kernel.weights()];
        Ok(LiftingConv2d {
            weight: he_normal(shape, kernel.fan_in_on_plane(), device),
            bias: self.bias.then(|| zero_bias(c_out, device)),
            basis: FilterBasis::on_plane(&kernel, device),
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

/// Lifts a feature map from the plane to the group.
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct LiftingConv2d {
    /// `[channels_out, channels_in, 1, weights]`
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

impl LiftingConv2d {
    /// # Shapes
    /// - input: `[batch, channels_in, height, width]`
    /// - output: `[batch, channels_out, group, height_out, width_out]`
    ///
    /// # Panics
    /// If the input has another number of channels or numbers of another type, or is smaller than the kernel.
    pub fn forward(&self, input: Tensor<4>) -> Tensor<5> {
        let [batch, ..] = input.dims();
        let [c_out, c_in, _, _] = self.weight.dims();
        expect::channels("LiftingConv2d", c_in, &input);
        expect::numbers("LiftingConv2d", self.weight.val().dtype(), input.dtype());

        let responses = self.window.correlate(
            "LiftingConv2d",
            &self.group,
            input,
            self.filter_bank(),
            self.filter_bias(),
        );
        let [_, _, height, width] = responses.dims();
        responses.reshape([batch, c_out, self.group.order(), height, width])
    }

    /// The turned kernels of an ordinary convolution: `[channels_out · group, channels_in, size, size]`.
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

impl ModuleDisplay for LiftingConv2d {
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
