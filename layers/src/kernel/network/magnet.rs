//! MAGNet: products of Gabor functions.
//!
//! ```text
//! φ⁰ = g⁰(x),    φˡ = gˡ(x) ⊙ (Wˡ φˡ⁻¹ + bˡ),    l = 1, …, L
//!
//! γ  ~ Gamma(6/(l + 1), 1),   μ ~ U(±1) · min(1, 5/3 σ)          σ that of the mask
//! W of gˡ ~ U(±1/√n) · γ · frequency/√(L + 1),   b ~ U(±π)
//! Wˡ, bˡ  ~ U(±1/√m)                                              m features
//! ```
//!
//! A product of Gabor functions is a sum of such, whose frequencies and widths add up. So the highest frequency of a kernel is known
//! without sampling it, and a penalty on what lies above the grid's keeps the kernel free of aliases:
//!
//! ```text
//! f⁺    = Σ_l f⁺(gˡ) + deviations/(2π min σ)             of the kernel with its mask
//! f_N   = (k − 1)/4                                       of k pixels from −1 to 1
//! loss  = λ Σ_l max(0, f⁺_l − f_N/(L + 1))²               f⁺_l: that of gˡ, and its share of the mask's
//! ```
//!
//! Source: Romero et al. 2022 (FlexConv), section 3.2 and appendix A.

use burn::module::{Initializer, Param};
use burn::nn::Linear;
use burn::prelude::*;
use burn::tensor::Distribution;
use serde::{Deserialize, Serialize};

use super::gabor::Gabor;
use super::siren::{linear, validate};
use super::{KernelMask, mask};
use crate::Parameters;
use crate::error::LayerError;

/// A multiplicative anisotropic Gabor network. In a run file: `kernel = { basis = "magnet", hidden = 32 }`.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::kernel::{KernelMask, MagnetConfig};
/// use gcnn_layers::{Group, KernelConfig, LiftingConv2dConfig, Padding2d};
///
/// # #[cfg(feature = "flex")] {
/// let kernel = MagnetConfig { mask: KernelMask::Gaussian(0.2), ..MagnetConfig::default() };
/// let conv = LiftingConv2dConfig::new(Group::trivial(), [1, 8], 29)
///     .with_kernel(KernelConfig::magnet(kernel))
///     .with_padding(Padding2d::Same);
/// conv.validate()?;
/// // As far as the mask reaches to begin with: 0.2 · 2.15 of 14 pixels on each side.
/// assert_eq!(conv.init(&Device::flex()).filter_bank().dims(), [8, 1, 13, 13]);
/// # }
/// # Ok::<(), gcnn_layers::LayerError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct MagnetConfig {
    /// Features of every layer, 1 to 512.
    pub hidden: usize,
    /// L, products after the first Gabor functions, 0 to 8.
    pub layers: usize,
    /// How fast the waves are to begin with, above 0: the larger, the finer a kernel may be.
    pub frequency: f64,
    /// What bounds the kernel. Published is a Gaussian whose widths are trained.
    pub mask: KernelMask,
    /// λ, how much the loss weighs frequencies above those of the pixel grid; 0 leaves them alone.
    pub antialiasing: f64,
}

impl Default for MagnetConfig {
    fn default() -> Self {
        Self {
            hidden: 32,
            layers: 3,
            frequency: 25.6,
            mask: KernelMask::Gaussian(0.075),
            antialiasing: 0.1,
        }
    }
}

impl MagnetConfig {
    /// How many deviations of a Gaussian spectrum count as its end.
    pub(super) const DEVIATIONS: f64 = 2.0;

    pub(super) fn validate(&self) -> Result<(), LayerError> {
        validate(self.hidden, self.layers, self.frequency)?;
        if !(self.antialiasing >= 0.0 && self.antialiasing.is_finite()) {
            return Err(LayerError::OutOfRange {
                what: "antialiasing",
                value: self.antialiasing,
                range: "finite and at least 0",
            });
        }
        self.mask.validate()
    }

    pub(super) fn parameters(&self, coordinates: usize) -> Parameters {
        let inner = Parameters::linear(self.hidden, self.hidden, true);
        let gabor = Gabor::parameters(coordinates, self.hidden);
        Parameters::new()
            .with_list("gabor", self.layers + 1, &gabor)
            .with_list("inner", self.layers, &inner)
    }

    /// `plane` of the coordinates are those of the plane, and lie where the mask is.
    pub(super) fn init(&self, coordinates: usize, plane: usize, device: &Device) -> Magnet {
        let bound = 1.0 / (self.hidden as f64).sqrt();
        let inner = |_| linear([self.hidden; 2], [bound; 2], device);
        Magnet {
            gabor: (0..=self.layers)
                .map(|layer| self.gabor(layer, [coordinates, plane], device))
                .collect(),
            inner: (0..self.layers).map(inner).collect(),
        }
    }

    fn gabor(&self, layer: usize, [coordinates, plane]: [usize; 2], device: &Device) -> Gabor {
        let uniform = |dims: [usize; 2], bound: f64| {
            Tensor::<2>::random(dims, Distribution::Uniform(-bound, bound), device)
        };
        let dims = [self.hidden, coordinates];
        let gamma = gamma_numbers(6.0 / (layer + 1) as f64, dims, device);
        let frequency = self.frequency / ((self.layers + 1) as f64).sqrt();
        let wave = uniform(dims, 1.0 / (coordinates as f64).sqrt()) * gamma.clone() * frequency;
        let reach = match self.mask {
            KernelMask::Gaussian(deviation) => (mask::CENTRES * deviation).min(1.0),
            _ => 1.0,
        };
        let on_plane = uniform([self.hidden, plane], reach);
        let centre = match coordinates - plane {
            0 => on_plane,
            others => Tensor::cat(vec![on_plane, uniform([self.hidden, others], 1.0)], 1),
        };
        let pi = std::f64::consts::PI;
        let bias: Param<Tensor<1>> =
            Initializer::Uniform { min: -pi, max: pi }.init([self.hidden], device);
        Gabor {
            wave: Linear {
                weight: Param::from_tensor(wave.transpose().detach()),
                bias: Some(bias),
            },
            gamma: Param::from_tensor(gamma.detach()),
            centre: Param::from_tensor(centre.detach()),
        }
    }
}

/// Numbers of the distribution Gamma(shape, 1), from the device's random numbers: its sum of exponentials where the shape is
/// whole, and what is left of it by the cube of a normal number, after Wilson and Hilferty 1931, which is within a hundredth.
///
/// ```text
/// Gamma(n, 1)       = −Σ ln U
/// Gamma(a, 1)       ≈ a (1 − 1/9a + N/(3√a))³
/// ```
fn gamma_numbers(shape: f64, dims: [usize; 2], device: &Device) -> Tensor<2> {
    if shape.fract() == 0.0 {
        let exponential = |_| {
            let uniform = Distribution::Uniform(f64::from(f32::EPSILON), 1.0);
            Tensor::<2>::random(dims, uniform, device).log().neg()
        };
        let sum = (0..shape as usize).map(exponential).reduce(|a, b| a + b);
        return sum.unwrap_or_else(|| Tensor::zeros(dims, device));
    }
    let normal = Tensor::<2>::random(dims, Distribution::Normal(0.0, 1.0), device);
    let root = normal / (3.0 * shape.sqrt()) + (1.0 - 1.0 / (9.0 * shape));
    (root.clone() * root.clone() * root * shape).clamp_min(0.0)
}

/// Products of Gabor functions.
#[derive(Module, Debug)]
pub(super) struct Magnet {
    pub(super) gabor: Vec<Gabor>,
    pub(super) inner: Vec<Linear>,
}

impl Magnet {
    /// `[points, coordinates]` to `[points, hidden]`.
    pub(super) fn forward(&self, points: Tensor<2>) -> Tensor<2> {
        let mut gabor = self.gabor.iter().map(|gabor| gabor.forward(points.clone()));
        let first = gabor.next();
        let first = first.unwrap_or_else(|| points.clone());
        let products = self.inner.iter().zip(gabor);
        products.fold(first, |x, (inner, gabor)| gabor * inner.forward(x))
    }

    pub(super) fn dtype(&self) -> burn::tensor::DType {
        self.gabor[0].gamma.val().dtype()
    }

    /// The highest frequency of each layer along the first `axes` coordinates, in periods per unit.
    pub(super) fn highest_frequencies(&self, axes: usize, deviations: f64) -> Vec<Tensor<1>> {
        let of = |gabor: &Gabor| gabor.highest_frequency(axes, deviations);
        self.gabor.iter().map(of).collect()
    }
}
