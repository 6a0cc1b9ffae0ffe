//! SIREN: sines of sines.
//!
//! ```text
//! φ⁰ = sin(ω (W⁰ x + b⁰)),    φˡ = sin(ω (Wˡ φˡ⁻¹ + bˡ))
//! W⁰ ~ U(±1/n),  b⁰ ~ U(±1/√n)          n coordinates
//! Wˡ ~ U(±√(6/m)/ω),  bˡ = 0             m features: every layer then has the same distribution
//! ```
//!
//! Sources: Sitzmann et al. 2020, section 3.2 and theorem 1.8; Knigge, Romero and Bekkers 2022, whose first bias is that of an
//! ordinary linear layer.

use burn::module::{Initializer, Param};
use burn::nn::Linear;
use burn::prelude::*;
use serde::{Deserialize, Serialize};

use super::KernelMask;
use crate::Parameters;
use crate::error::LayerError;

/// A network of sines. In a run file: `kernel = { basis = "siren", hidden = 64 }`.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::kernel::SirenConfig;
/// use gcnn_layers::{Group, GroupConv2dConfig, KernelConfig};
///
/// # #[cfg(feature = "flex")] {
/// let kernel = KernelConfig::siren(SirenConfig { hidden: 32, ..SirenConfig::default() });
/// let conv = GroupConv2dConfig::new(Group::cyclic(8)?, [4, 6], 5).with_kernel(kernel);
/// conv.validate()?;
/// // 32 features and a constant, whatever the number of rotations.
/// assert_eq!(conv.init(&Device::flex()).weight.dims(), [6, 4, 1, 33]);
/// # }
/// # Ok::<(), gcnn_layers::LayerError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct SirenConfig {
    /// Features of every layer, 1 to 512.
    pub hidden: usize,
    /// Layers of sines after the first, 0 to 8.
    pub layers: usize,
    /// ω, how fast the sines are, above 0: in the first layer, how fine a kernel may be.
    pub frequency: f64,
    /// What bounds the kernel.
    pub mask: KernelMask,
}

impl Default for SirenConfig {
    fn default() -> Self {
        Self {
            hidden: 64,
            layers: 1,
            frequency: 10.0,
            mask: KernelMask::Pixels,
        }
    }
}

/// The most features of a layer.
pub(super) const MAX_HIDDEN: usize = 512;

/// The most layers after the first.
pub(super) const MAX_LAYERS: usize = 8;

/// Whether a network has layers that can be made.
pub(super) fn validate(hidden: usize, layers: usize, frequency: f64) -> Result<(), LayerError> {
    let out_of_range = |what, value, range| Err(LayerError::OutOfRange { what, value, range });
    if !(1..=MAX_HIDDEN).contains(&hidden) {
        return out_of_range("the kernel network's hidden", hidden as f64, "1 to 512");
    }
    if layers > MAX_LAYERS {
        return out_of_range("the kernel network's layers", layers as f64, "0 to 8");
    }
    if !(frequency > 0.0 && frequency.is_finite()) {
        return out_of_range(
            "the kernel network's frequency",
            frequency,
            "finite and above 0",
        );
    }
    Ok(())
}

/// A linear layer with weights within ±`weight` and biases within ±`bias`.
pub(super) fn linear(
    [inputs, outputs]: [usize; 2],
    [weight, bias]: [f64; 2],
    device: &Device,
) -> Linear {
    let uniform = |bound: f64| match bound {
        0.0 => Initializer::Zeros,
        _ => Initializer::Uniform {
            min: -bound,
            max: bound,
        },
    };
    let weight: Param<Tensor<2>> = uniform(weight).init([inputs, outputs], device);
    let bias: Param<Tensor<1>> = uniform(bias).init([outputs], device);
    Linear {
        weight,
        bias: Some(bias),
    }
}

impl SirenConfig {
    pub(super) fn validate(&self) -> Result<(), LayerError> {
        validate(self.hidden, self.layers, self.frequency)?;
        self.mask.validate()
    }

    pub(super) fn parameters(&self, coordinates: usize) -> Parameters {
        let inner = Parameters::linear(self.hidden, self.hidden, true);
        Parameters::new()
            .with_module("first", Parameters::linear(coordinates, self.hidden, true))
            .with_list("inner", self.layers, &inner)
    }

    pub(super) fn init(&self, coordinates: usize, device: &Device) -> Siren {
        let n = coordinates as f64;
        let bound = (6.0 / self.hidden as f64).sqrt() / self.frequency;
        let inner = |_| linear([self.hidden; 2], [bound, 0.0], device);
        Siren {
            first: linear(
                [coordinates, self.hidden],
                [1.0 / n, 1.0 / n.sqrt()],
                device,
            ),
            inner: (0..self.layers).map(inner).collect(),
            frequency: self.frequency,
        }
    }
}

/// Sines of sines.
#[derive(Module, Debug)]
pub(super) struct Siren {
    pub(super) first: Linear,
    pub(super) inner: Vec<Linear>,
    #[module(skip)]
    frequency: f64,
}

impl Siren {
    /// `[points, coordinates]` to `[points, hidden]`.
    pub(super) fn forward(&self, points: Tensor<2>) -> Tensor<2> {
        let sine = |layer: &Linear, x| (layer.forward(x) * self.frequency).sin();
        let first = sine(&self.first, points);
        self.inner.iter().fold(first, |x, layer| sine(layer, x))
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;

    /// Sines of a normal argument of variance v have the mean square (1 − exp(−2v))/2, and twice that is the variance of the next
    /// argument: .5, .43, .41 and so on to .398, neither vanishing nor growing.
    #[test]
    fn features_keep_their_variance_through_depth() {
        let device = Device::flex();
        device.seed(5);
        let points = Tensor::random(
            [400, 3],
            burn::tensor::Distribution::Uniform(-1.0, 1.0),
            &device,
        );
        let mut expected = 0.5_f64;
        for layers in 0..=8 {
            let config = SirenConfig {
                hidden: 256,
                layers,
                frequency: 30.0,
                ..SirenConfig::default()
            };
            let features = config.init(3, &device).forward(points.clone());
            let square: f64 = features.powf_scalar(2.0).mean().into_scalar();
            assert!(
                (square - expected).abs() < 0.02,
                "{layers} layers: {square}"
            );
            expected = (1.0 - (-4.0 * expected).exp()) / 2.0;
        }
    }

    #[test]
    fn at_the_origin_without_biases_it_is_nothing() {
        let device = Device::flex();
        let mut network = SirenConfig::default().init(2, &device);
        let zero = Param::from_tensor(Tensor::zeros([64], &device));
        network.first.bias = Some(zero);
        let features = network.forward(Tensor::zeros([1, 2], &device));
        assert_eq!(features.abs().max().into_scalar::<f32>(), 0.0);
    }
}
