//! Gabor functions with a width along every axis: the factors of a MAGNet.
//!
//! ```text
//! g(x) = exp(−½ Σ_d (γ_d (x_d − μ_d))²) sin(W x + b)
//! ```
//!
//! Source: Romero et al. 2022 (FlexConv), equation 5.

use burn::module::Param;
use burn::nn::Linear;
use burn::prelude::*;

use crate::Parameters;

/// A layer of Gabor functions.
#[derive(Module, Debug)]
pub(super) struct Gabor {
    /// W and b.
    pub(super) wave: Linear,
    /// γ, `[features, coordinates]`: one over the width.
    pub(super) gamma: Param<Tensor<2>>,
    /// μ, `[features, coordinates]`.
    pub(super) centre: Param<Tensor<2>>,
}

impl Gabor {
    pub(super) fn parameters(coordinates: usize, features: usize) -> Parameters {
        Parameters::new()
            .with_module("wave", Parameters::linear(coordinates, features, true))
            .with("gamma", [features, coordinates])
            .with("centre", [features, coordinates])
    }

    /// `[points, coordinates]` to `[points, features]`.
    pub(super) fn forward(&self, points: Tensor<2>) -> Tensor<2> {
        let distance = points.clone().unsqueeze_dim::<3>(1) - self.centre.val().unsqueeze_dim(0);
        let scaled = distance * self.gamma.val().unsqueeze_dim(0);
        let squares: Tensor<2> = (scaled.clone() * scaled).sum_dim(2).squeeze_dim(2);
        (squares * -0.5).exp() * self.wave.forward(points).sin()
    }

    /// The highest frequency in it that matters along the first `axes` coordinates, in periods per unit: the wave's, and so many
    /// deviations of the envelope's Gaussian spectrum, of which γ/2π is one. `[1]`.
    ///
    /// ```text
    /// f⁺ = max over features and axes of (|W| + deviations · |γ|) / 2π
    /// ```
    pub(super) fn highest_frequency(&self, axes: usize, deviations: f64) -> Tensor<1> {
        let wave = self.wave.weight.val().transpose().abs();
        let sum = wave + self.gamma.val().abs() * deviations;
        sum.narrow(1, 0, axes).max() / std::f64::consts::TAU
    }
}
