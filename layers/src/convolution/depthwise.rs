//! Convolutions on the group that keep fields apart.
//!
//! ```text
//! depthwise    (k ⋆ f)_o(x, h) = Σ_h' Σ_y k_o(h⁻¹(y − x), h⁻¹h') f_o(y, h') + b_o
//! spatial      (k ⋆ f)_o(x, h) = Σ_y k_o(h⁻¹(y − x)) f_o(y, h) + b_o
//! ```
//!
//! A spatial one keeps the elements of H apart too. Both are factors of [separable](super::separable) convolutions. Source: Knigge,
//! Romero and Bekkers 2022, section 3.

use super::layer::private::Sealed;
use super::{Convolution, ConvolutionConfig, FromGroup, Map};
use crate::group::Group;
use crate::kernel::Spaces;

/// G → G, fields apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Depthwise;

impl Sealed for Depthwise {}

impl FromGroup for Depthwise {}

impl Map for Depthwise {
    const LAYER: &'static str = "DepthwiseConv2d";
    const FIELDS_APART: bool = true;

    #[expect(private_interfaces, reason = "only this crate has maps")]
    fn spaces<'a>(output: &'a Group, input: &'a Group, range: Option<usize>) -> Spaces<'a> {
        Spaces::Group {
            output,
            input,
            range,
        }
    }
}

/// G → G, fields and elements of H apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spatial;

impl Sealed for Spatial {}

impl FromGroup for Spatial {}

impl Map for Spatial {
    const LAYER: &'static str = "SpatialConv2d";
    const FIELDS_APART: bool = true;
    const ELEMENTS_APART: bool = true;

    #[expect(private_interfaces, reason = "only this crate has maps")]
    fn spaces<'a>(group: &'a Group, _input_group: &'a Group, _range: Option<usize>) -> Spaces<'a> {
        Spaces::Lifting(group)
    }
}

/// Configuration of a [`DepthwiseConv2d`]: as many fields go out as come in.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::{DepthwiseConv2dConfig, Group};
///
/// # #[cfg(feature = "flex")] {
/// let device = Device::flex();
/// let conv = DepthwiseConv2dConfig::new(Group::cyclic(4)?, [6, 6], 3).init(&device);
/// assert_eq!(conv.weight.dims(), [6, 1, 4, 9]);
/// let map = Tensor::<5>::ones([2, 6, 4, 12, 12], &device);
/// assert_eq!(conv.forward(map).dims(), [2, 6, 4, 10, 10]);
/// # }
/// # Ok::<(), gcnn_layers::LayerError>(())
/// ```
pub type DepthwiseConv2dConfig = ConvolutionConfig<Depthwise>;

/// Correlates each field of a map on the group with a kernel on the group. Made by
/// [`DepthwiseConv2dConfig::init`](ConvolutionConfig::init).
pub type DepthwiseConv2d = Convolution<Depthwise>;

/// Configuration of a [`SpatialConv2d`]: as many fields go out as come in.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::{Group, SpatialConv2dConfig};
///
/// # #[cfg(feature = "flex")] {
/// let device = Device::flex();
/// let conv = SpatialConv2dConfig::new(Group::cyclic(4)?, [6, 6], 3).init(&device);
/// assert_eq!(conv.weight.dims(), [6, 1, 1, 9]);
/// let map = Tensor::<5>::ones([2, 6, 4, 12, 12], &device);
/// assert_eq!(conv.forward(map).dims(), [2, 6, 4, 10, 10]);
/// # }
/// # Ok::<(), gcnn_layers::LayerError>(())
/// ```
pub type SpatialConv2dConfig = ConvolutionConfig<Spatial>;

/// Correlates each field of a map on the group with a kernel on the plane that turns with the element. Made by
/// [`SpatialConv2dConfig::init`](ConvolutionConfig::init).
pub type SpatialConv2d = Convolution<Spatial>;
