//! Equivariant convolutions: lifting ℝ² → G, group G → G, isotropic ℝ² → ℝ², and those whose kernels are products.
//!
//! The first three are one [`Convolution`], named for what goes in and out. Those of [waveforms](waveform) are apart: scales that are
//! whole octaves need no banks.

mod config;
pub mod dense;
mod depthwise;
mod export;
mod group;
mod isotropic;
mod layer;
mod lifting;
pub mod separable;
mod transposed;
pub mod waveform;
mod window;

pub use config::ConvolutionConfig;
pub use depthwise::{
    Depthwise, DepthwiseConv2d, DepthwiseConv2dConfig, Spatial, SpatialConv2d, SpatialConv2dConfig,
};
pub use export::fold_normalisation;
pub(crate) use export::{fold_line, ordinary};
pub use group::{GroupConv2d, GroupConv2dConfig, OnGroup};
pub use isotropic::{Isotropic, IsotropicConv2d, IsotropicConv2dConfig};
pub use layer::{Convolution, FromGroup, Map};
pub use lifting::{Lifting, LiftingConv2d, LiftingConv2dConfig};
pub use separable::{SeparableGroupConv2d, SeparableGroupConv2dConfig, Separation};
pub use transposed::{TransposedGroupConv2d, TransposedGroupConv2dConfig};
pub use window::{Padding2d, Window, continue_periodically};

use burn::module::{Initializer, Param};
use burn::prelude::*;

use crate::error::LayerError;
use crate::kernel::Beginning;

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

impl Beginning {
    /// The weights of a layer with `[channels_in, channels_out]`.
    /// `draw` makes them from their shape and the fan-in of one input channel.
    fn weight(
        &self,
        [c_in, c_out]: [usize; 2],
        draw: impl FnOnce([usize; 4], f64, &Device) -> Param<Tensor<4>>,
        device: &Device,
    ) -> Param<Tensor<4>> {
        let [along_group, weights] = self.weights;
        if !self.constant {
            return draw([c_out, c_in, along_group, weights], self.fan_in, device);
        }
        let shape = [c_out, c_in, along_group, weights - 1];
        let of_features = draw(shape, self.fan_in, device);
        let of_constant = Tensor::zeros([c_out, c_in, along_group, 1], device);
        // What has been computed is no parameter where gradients are tracked.
        Param::from_tensor(Tensor::cat(vec![of_features.val(), of_constant], 3).detach())
    }
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
