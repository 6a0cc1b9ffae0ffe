//! Isotropic convolution, ℝ² → ℝ²: the kernel does not change under H, so that the output turns with its input and
//! carries no group axis.
//!
//! ```text
//! (k ⋆ f)(x) = Σ_y Σ_c k_c(y − x) f_c(y) + b,   k(h⁻¹z) = k(z) for every h
//! ```
//!
//! It is the linear equivariant map between feature maps on the plane (their stabiliser H constrains the kernel), and
//! it is cheap and weak: a kernel has one weight per orbit of taps and cannot see orientation.

use burn::prelude::*;

use super::layer::private::Sealed;
use super::{Convolution, ConvolutionConfig, Map};
use crate::expect;
use crate::group::Group;
use crate::kernel::{AngleOffsets, Spaces};

/// ℝ² → ℝ².
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Isotropic;

impl Sealed for Isotropic {}

impl Map for Isotropic {
    const LAYER: &'static str = "IsotropicConv2d";

    #[expect(private_interfaces, reason = "only this crate has maps")]
    fn spaces<'a>(group: &'a Group, _input_group: &'a Group, _range: Option<usize>) -> Spaces<'a> {
        Spaces::Isotropic(group)
    }
}

/// Configuration of an [`IsotropicConv2d`]. Its kernel is parametrised as others are before the mean over H.
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
pub type IsotropicConv2dConfig = ConvolutionConfig<Isotropic>;

/// Correlates a feature map on the plane with kernels that are constant under H. Made by
/// [`IsotropicConv2dConfig::init`](ConvolutionConfig::init).
pub type IsotropicConv2d = Convolution<Isotropic>;

impl IsotropicConv2d {
    /// # Shapes
    /// - input: `[batch, channels_in, height, width]`
    /// - output: `[batch, channels_out, height_out, width_out]`
    ///
    /// # Panics
    /// If the input has another number of channels or numbers of another type, or is smaller than the kernel.
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let [c_in, _] = self.channels();
        expect::channels(Isotropic::LAYER, c_in, &input);
        self.correlate(input, AngleOffsets::default())
    }
}
