//! Equivariant convolutions: lifting ℝ² → G, group G → G, isotropic ℝ² → ℝ².
//!
//! Each expands its weights into a filter bank (see [`kernel`](crate::kernel)) and calls one [dense](dense::conv2d)
//! convolution, with the channels and the group axis flattened.

pub mod dense;
mod export;
mod group;
mod isotropic;
mod lifting;
mod window;

pub use export::fold_normalisation;
pub use group::{GroupConv2d, GroupConv2dConfig};
pub use isotropic::{IsotropicConv2d, IsotropicConv2dConfig};
pub use lifting::{LiftingConv2d, LiftingConv2dConfig};
pub use window::{Padding2d, Window, continue_periodically};

use burn::module::{Content, Initializer, Param};
use burn::prelude::*;

use crate::error::LayerError;
use crate::group::Group;
use crate::kernel::KernelConfig;

/// Both channel counts must be positive.
fn validate_channels([c_in, c_out]: [usize; 2]) -> Result<(), LayerError> {
    let zero = |what| Err(LayerError::Zero { what });
    match (c_in, c_out) {
        (0, _) => zero("the number of input channels"),
        (_, 0) => zero("the number of output channels"),
        _ => Ok(()),
    }
}

/// Weights that keep the second moment of ReLU activations: normal with variance 2 / fan_in (He et al. 2015), where
/// fan_in is that of one input channel times their number.
fn he_normal(shape: [usize; 4], fan_in: f64, device: &Device) -> Param<Tensor<4>> {
    let fan_in = shape[1] as f64 * fan_in;
    let std = (2.0 / fan_in).sqrt();
    Initializer::Normal { mean: 0.0, std }.init(shape, device)
}

/// One bias per output field, zero at first.
fn zero_bias(fields: usize, device: &Device) -> Param<Tensor<1>> {
    Initializer::Zeros.init([fields], device)
}

/// Numbers of fields, `[fields]`, as numbers of the channels that the fields have over a group, `[fields · order]`.
pub fn repeat_over_group(of_fields: Tensor<1>, order: usize) -> Tensor<1> {
    let repeated = of_fields.unsqueeze_dim::<2>(1).repeat_dim(1, order);
    repeated.flatten(0, 1)
}

/// The bias of a filter bank: a field's bias for each of its responses over H.
fn filter_bias(bias: &Option<Param<Tensor<1>>>, order: usize) -> Option<Tensor<1>> {
    bias.as_ref().map(|b| repeat_over_group(b.val(), order))
}

/// The settings that a convolution prints.
fn describe(
    content: Content,
    weight: &Param<Tensor<4>>,
    bias: bool,
    group: &Group,
    window: &Window,
    kernel: &KernelConfig,
) -> Option<Content> {
    let [c_out, c_in, _, _] = weight.dims();
    content
        .add_debug_attribute("group", group)
        .add("ch_in", &c_in)
        .add("ch_out", &c_out)
        .add("kernel_size", &window.kernel_size)
        .add("stride", &window.stride)
        .add("dilation", &window.dilation)
        .add_debug_attribute("padding", &window.padding)
        .add_debug_attribute("kernel", kernel)
        .add("bias", &bias)
        .optional()
}
