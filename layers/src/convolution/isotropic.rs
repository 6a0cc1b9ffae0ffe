//! Isotropic convolution, ℝ² → ℝ²: the kernel does not change under H, so that the output turns with its input and
//! carries no group axis.
//!
//! ```text
//! (k ⋆ f)(x) = Σ_y Σ_c k_c(y − x) f_c(y) + b,   k(h⁻¹z) = k(z) for every h
//! ```
//!
//! It is the linear equivariant map between feature maps on the plane (their stabiliser H constrains the kernel), and
//! it is cheap and weak: a kernel has one weight per orbit of taps and cannot see orientation.

use burn::module::{Content, DisplaySettings, ModuleDisplay, Param};
use burn::prelude::*;

use super::{Padding2d, Window, describe, filter_bias, he_normal, validate_channels, zero_bias};
use crate::error::LayerError;
use crate::expect;
use crate::group::Group;
use crate::kernel::{FilterBasis, KernelConfig};
use crate::mark::Mark;

/// Configuration of an [`IsotropicConv2d`].
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::{Group, IsotropicConv2dConfig};
///
/// # #[cfg(feature = "flex")] {
/// let device = Device::flex();
/// let config = IsotropicConv2dConfig::new(Group::cyclic(4)?, [3, 8], 3);
/// config.validate()?;
/// let conv = config.init(&device);
/// // Centre, edges and corners of the 3×3 square.
/// assert_eq!(conv.weight.dims(), [8, 3, 1, 3]);
/// let image = Tensor::<4>::ones([2, 3, 28, 28], &device);
/// assert_eq!(conv.forward(image).dims(), [2, 8, 26, 26]);
/// # }
/// # Ok::<(), gcnn_layers::LayerError>(())
/// ```
#[derive(Config, Debug)]
pub struct IsotropicConv2dConfig {
    /// The group H under which the kernel is constant.
    pub group: Group,
    /// The number of input channels and of output channels.
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
    /// Whether each output channel has a bias.
    #[config(default = true)]
    pub bias: bool,
    /// How the kernel is parametrised before the mean over H.
    #[config(default = "KernelConfig::default()")]
    pub kernel: KernelConfig,
    /// Height and width of the input where they are known: then [`validate`](Self::validate) checks that the stride
    /// keeps the group's symmetry.
    pub input_size: Option<[usize; 2]>,
}

impl IsotropicConv2dConfig {
    /// Checks that the layer is consistent and equivariant, and says what would work where it is not.
    pub fn validate(&self) -> Result<(), LayerError> {
        validate_channels(self.channels)?;
        if self.kernel.is_deformable() {
            return Err(LayerError::IsotropicDeformable);
        }
        self.window()
            .validate(&self.group, &self.kernel, self.input_size)
    }

    /// Builds the layer.
    ///
    /// # Panics
    /// Where [`validate`](Self::validate) returns an error.
    pub fn init(&self, device: &Device) -> IsotropicConv2d {
        self.try_init(device)
            .unwrap_or_else(|error| panic!("IsotropicConv2d: {error}"))
    }

    /// Builds the layer, or says what [`validate`](Self::validate) finds wrong.
    pub fn try_init(&self, device: &Device) -> Result<IsotropicConv2d, LayerError> {
        self.validate()?;
        let [c_in, c_out] = self.channels;
        let kernel = self
            .kernel
            .sample(&self.group, self.kernel_size)?
            .invariant();
        let shape = [c_out, c_in, 1, kernel.weights()];
        Ok(IsotropicConv2d {
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

/// Correlates a feature map on the plane with kernels that are constant under H.
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct IsotropicConv2d {
    /// `[channels_out, channels_in, 1, weights]`, a weight per invariant kernel.
    pub weight: Param<Tensor<4>>,
    /// `[channels_out]`
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

impl IsotropicConv2d {
    /// # Shapes
    /// - input: `[batch, channels_in, height, width]`
    /// - output: `[batch, channels_out, height_out, width_out]`
    ///
    /// # Panics
    /// If the input has another number of channels or numbers of another type, or is smaller than the kernel.
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let [_, c_in, _, _] = self.weight.dims();
        expect::channels("IsotropicConv2d", c_in, &input);
        expect::numbers("IsotropicConv2d", self.weight.val().dtype(), input.dtype());
        self.window.correlate(
            "IsotropicConv2d",
            &self.group,
            input,
            self.filter_bank(),
            self.filter_bias(),
        )
    }

    /// The kernels of an ordinary convolution: `[channels_out, channels_in, size, size]`.
    pub fn filter_bank(&self) -> Tensor<4> {
        self.basis.expand(self.weight.val())
    }

    /// The bias of that ordinary convolution: `[channels_out]`.
    pub fn filter_bias(&self) -> Option<Tensor<1>> {
        filter_bias(&self.bias, 1)
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

impl ModuleDisplay for IsotropicConv2d {
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
