//! Transposed group convolution, G → G: maps are made larger by a kernel that is learned.
//!
//! ```text
//! spread   z(f·x, h) = in(x, h), zero elsewhere                     f (n − 1) + 1 pixels of n
//! output   k ⋆ z                                                    a group convolution, zeros beyond the border
//! ```
//!
//! For kernels of k pixels, where k and f are both even or both odd a side of n pixels becomes one of f·n; where k alone is odd, one of
//! f (n − 1) + 1. Either lies symmetrically about the centre of the old one, and both steps commute with H: right angles and reflections
//! are exact at every size. Over the trivial group it is the transposed convolution with stride f. Pixels see ⌈k/f⌉ or ⌊k/f⌋ taps a side;
//! where f divides k all see as many, which leaves no checkerboard. Source: Odena et al. 2016, "Deconvolution and checkerboard artifacts".

use burn::config::Config;
use burn::prelude::*;
use serde::{Deserialize, Serialize};

use super::{GroupConv2d, GroupConv2dConfig, he_normal};
use crate::error::LayerError;
use crate::expect;
use crate::group::Group;
use crate::kernel::KernelConfig;
use crate::parameters::Parameters;

/// Configuration of a [`TransposedGroupConv2d`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TransposedGroupConv2dConfig {
    /// The group H.
    pub group: Group,
    /// The number of input fields and of output fields.
    pub channels: [usize; 2],
    /// Side of the kernel, in pixels of the larger map.
    pub kernel_size: usize,
    /// Into how many pixels, along each side, one is divided: 1 to 16.
    pub factor: usize,
    /// Whether each output field has a bias.
    pub bias: bool,
    /// How the kernel is parametrised.
    #[serde(default)]
    pub kernel: KernelConfig,
}

impl Config for TransposedGroupConv2dConfig {}

impl TransposedGroupConv2dConfig {
    /// The largest [`factor`](Self::factor).
    pub const MAX_FACTOR: usize = 16;

    /// With a bias, and a weight per pixel of the kernel.
    pub fn new(group: Group, channels: [usize; 2], kernel_size: usize, factor: usize) -> Self {
        Self {
            group,
            channels,
            kernel_size,
            factor,
            bias: true,
            kernel: KernelConfig::default(),
        }
    }

    /// Sets whether each output field has a bias.
    pub fn with_bias(mut self, bias: bool) -> Self {
        self.bias = bias;
        self
    }

    /// Sets how the kernel is parametrised.
    pub fn with_kernel(mut self, kernel: KernelConfig) -> Self {
        self.kernel = kernel;
        self
    }

    /// Checks that the layer is consistent and equivariant.
    pub fn validate(&self) -> Result<(), LayerError> {
        self.border().map(|_| ())
    }

    /// What the layer learns, by name and shape; no tensor is made for it.
    pub fn parameters(&self) -> Result<Parameters, LayerError> {
        let own = self.convolution().parameters()?;
        Ok(Parameters::new().with_module("convolution", own))
    }

    /// How many numbers the layer takes beside its parameters, for its kernels under every element of the group.
    pub fn filter_numbers(&self) -> Result<usize, LayerError> {
        self.convolution().filter_numbers()
    }

    /// Builds the layer.
    ///
    /// # Panics
    /// Where [`validate`](Self::validate) returns an error.
    pub fn init(&self, device: &Device) -> TransposedGroupConv2d {
        self.try_init(device)
            .unwrap_or_else(|error| panic!("TransposedGroupConv2d: {error}"))
    }

    /// Builds the layer, or says what [`validate`](Self::validate) finds wrong.
    pub fn try_init(&self, device: &Device) -> Result<TransposedGroupConv2d, LayerError> {
        let border = self.border()?;
        // Of the pixels that a kernel covers, one in f² is not zero.
        let seen = 1.0 / (self.factor * self.factor) as f64;
        let draw = |shape, fan_in: f64, device: &Device| he_normal(shape, fan_in * seen, device);
        Ok(TransposedGroupConv2d {
            convolution: self.convolution().try_init_with(draw, device)?,
            factor: self.factor,
            border,
        })
    }

    fn convolution(&self) -> GroupConv2dConfig {
        GroupConv2dConfig::new(self.group.clone(), self.channels, self.kernel_size)
            .with_bias(self.bias)
            .with_kernel(self.kernel)
    }

    /// Zeros at each side of the map that is spread, with which the output is as large as it should be.
    fn border(&self) -> Result<usize, LayerError> {
        if !(1..=Self::MAX_FACTOR).contains(&self.factor) {
            return Err(LayerError::OutOfRange {
                what: "the factor of a transposed convolution",
                value: self.factor as f64,
                range: "1 to 16",
            });
        }
        let convolution = self.convolution();
        convolution.validate()?;
        let [kernel_size, _] = convolution.window().kernel_size.height_and_width();
        match (kernel_size % 2, self.factor % 2) {
            (kernel, factor) if kernel == factor => Ok((kernel_size + self.factor) / 2 - 1),
            (1, _) => Ok(kernel_size / 2),
            _ => Err(LayerError::HalfPixel {
                kernel_size,
                dilation: 1,
            }),
        }
    }
}

/// Makes maps larger by kernels on the group.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::{Group, TransposedGroupConv2dConfig};
///
/// # #[cfg(feature = "flex")] {
/// let device = Device::flex();
/// let map = Tensor::<5>::ones([2, 6, 4, 7, 8], &device);
/// let of = |kernel_size| TransposedGroupConv2dConfig::new(Group::cyclic(4).unwrap(), [6, 3], kernel_size, 2);
/// assert_eq!(of(4).init(&device).forward(map.clone()).dims(), [2, 3, 4, 14, 16]);
/// assert_eq!(of(3).init(&device).forward(map).dims(), [2, 3, 4, 13, 15]);
/// # }
/// ```
#[derive(Module, Debug)]
pub struct TransposedGroupConv2d {
    /// What the map that is spread meets.
    pub convolution: GroupConv2d,
    #[module(skip)]
    factor: usize,
    #[module(skip)]
    border: usize,
}

impl TransposedGroupConv2d {
    /// # Shapes
    /// - input: `[batch, channels_in, group, height, width]`
    /// - output: `[batch, channels_out, group, …]` with `factor · side`, or where the kernel's side alone is odd
    ///   `factor · (side − 1) + 1`
    ///
    /// # Panics
    /// If the input has no pixels, another number of channels, lives on another group, or has numbers of another type than the weights.
    pub fn forward(&self, input: Tensor<5>) -> Tensor<5> {
        expect::positions("TransposedGroupConv2d", &input);
        let spread = self.spread(self.spread(input, 3), 4);
        let border = (self.border, self.border);
        self.convolution.forward(spread.pad([border, border], 0.0))
    }

    /// Zeros between the pixels along an axis.
    fn spread(&self, map: Tensor<5>, axis: usize) -> Tensor<5> {
        let mut dims = map.dims();
        let side = dims[axis];
        if self.factor == 1 || side == 1 {
            return map;
        }
        let mut zeros = dims.to_vec();
        zeros.insert(axis + 1, self.factor - 1);
        let zeros = Tensor::<6>::zeros(zeros, &map.device()).cast(map.dtype());
        let each = Tensor::cat(vec![map.unsqueeze_dim(axis + 1), zeros], axis + 1);
        dims[axis] = self.factor * side;
        let each: Tensor<5> = each.reshape(dims);
        each.narrow(axis, 0, self.factor * (side - 1) + 1)
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::tensor::Distribution;
    use burn::tensor::module::conv_transpose2d;
    use burn::tensor::ops::ConvTransposeOptions;
    use rstest::rstest;

    use super::*;
    use crate::equivariance::PlaneTransformation;
    use crate::group_action;

    fn random(dims: [usize; 5], device: &Device) -> Tensor<5> {
        Tensor::random(dims, Distribution::Default, device)
    }

    fn largest<const D: usize>(difference: Tensor<D>) -> f64 {
        difference.abs().max().into_scalar()
    }

    #[rstest]
    fn commutes_with_what_moves_pixels(
        #[values("trivial", "C4", "D4", "C8")] name: &str,
        #[values((2, 2), (4, 2), (3, 2), (3, 3), (5, 1))] (kernel_size, factor): (usize, usize),
        #[values((6, 6), (5, 8), (1, 3))] (height, width): (usize, usize),
    ) {
        let (device, group) = (Device::flex(), name.parse::<Group>().unwrap());
        let config = TransposedGroupConv2dConfig::new(group.clone(), [3, 4], kernel_size, factor);
        let layer = config.init(&device);
        let map = random([2, 3, group.order(), height, width], &device);
        let output = layer.forward(map.clone());
        let side = |side: usize| match kernel_size % 2 == factor % 2 {
            true => factor * side,
            false => factor * (side - 1) + 1,
        };
        assert_eq!(
            output.dims()[1..],
            [4, group.order(), side(height), side(width)]
        );
        let scale = largest(output.clone());
        let exact = group
            .elements()
            .filter(|g| PlaneTransformation::of(&group, *g).is_exact());
        for g in exact {
            let found = layer.forward(group_action(&group, g, map.clone()));
            let error = largest(found - group_action(&group, g, output.clone())) / scale;
            assert!(error < 1e-5, "{error:.2e}");
        }
    }

    /// Burn's transposes a correlation: its kernels are mirrored, and begin with the input channels.
    #[rstest]
    fn over_the_trivial_group_it_is_burns(
        #[values((2, 2, 0), (4, 2, 1), (3, 2, 1), (5, 3, 1))] (kernel_size, factor, padding): (
            usize,
            usize,
            usize,
        ),
    ) {
        let device = Device::flex();
        let config =
            TransposedGroupConv2dConfig::new(Group::trivial(), [3, 4], kernel_size, factor);
        let layer = config.init(&device);
        let map = random([2, 3, 1, 5, 6], &device);
        let bank = layer.convolution.filter_bank().flip([2, 3]).swap_dims(0, 1);
        let options = ConvTransposeOptions::new([factor; 2], [padding; 2], [0, 0], [1, 1], 1);
        let burns = conv_transpose2d(map.clone().squeeze_dim::<4>(2), bank, None, options);
        let found: Tensor<4> = layer.forward(map).squeeze_dim(2);
        assert_eq!(found.dims(), burns.dims());
        assert!(largest(found - burns) < 1e-5);
    }

    #[test]
    fn gradients_flow() {
        let device = Device::flex().autodiff();
        let config = TransposedGroupConv2dConfig::new("C4".parse().unwrap(), [3, 4], 4, 2);
        let layer = config.init(&device);
        let map = random([1, 3, 4, 5, 5], &device).require_grad();
        let gradients = layer.forward(map.clone()).powi_scalar(2).sum().backward();
        let of_map = map.grad(&gradients).unwrap();
        assert!(of_map.abs().min().into_scalar::<f64>() > 0.0);
        let of_weight = layer.convolution.weight.val().grad(&gradients).unwrap();
        assert!(of_weight.abs().min().into_scalar::<f64>() > 0.0);
        let said = config.parameters().unwrap();
        assert_eq!(said.get("convolution.weight"), Some(&[4, 3, 4, 16][..]));
    }

    #[test]
    fn settings_that_do_not_fit_are_refused() {
        let of = |kernel_size, factor| {
            let config =
                TransposedGroupConv2dConfig::new(Group::trivial(), [3, 4], kernel_size, factor);
            config.validate()
        };
        assert!(matches!(of(4, 3), Err(LayerError::HalfPixel { .. })));
        assert!(matches!(of(3, 0), Err(LayerError::OutOfRange { .. })));
        assert!(matches!(of(3, 17), Err(LayerError::OutOfRange { .. })));
        assert!(of(0, 2).is_err());
        assert_eq!(of(4, 2), Ok(()));
    }
}
