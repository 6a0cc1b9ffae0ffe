//! What bounds a kernel that is a function everywhere.
//!
//! ```text
//! pixels      1 on the window where H maps squares to squares, otherwise on the disc that reaches the edge of its pixels
//! disc        |z| ≤ r
//! smooth      1/(1 + exp(−s (1 − |z|)))
//! Gaussian    Π_d exp(−½ ((z_d − m_d)/σ_d)²),  m and σ trained
//! ```
//!
//! z is counted in halves of the kernel's side. Of a Gaussian what lies beyond its tenth is cut off, so that the window grows and
//! shrinks with it:
//!
//! ```text
//! |z_d| < max(|m_d − a|, |m_d + a|),   a = σ_d √(−2 ln 0.1)
//! ```
//!
//! Sources: Knigge, Romero and Bekkers 2022 (discs); Romero et al. 2022 (FlexConv), sections 3.1 and 4.

use burn::module::Param;
use burn::prelude::*;
use serde::{Deserialize, Serialize};

use crate::Parameters;
use crate::error::LayerError;

/// What bounds a kernel that is a network. In a run file: `mask = "pixels"`, `{ disc = 1.0 }`, `{ smooth = 2.0 }` or
/// `{ gaussian = 0.075 }`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum KernelMask {
    /// The window, or the disc in it where the group doesn't map squares to squares: what pixel kernels fill.
    #[default]
    Pixels,
    /// A disc of this radius, where the outermost pixels lie at 1.
    Disc(f64),
    /// A disc of radius 1 that ends gradually: so steep, where 0 is no end at all.
    Smooth(f64),
    /// A Gaussian of this deviation, trained along each axis with its centre. The window is as large as it needs.
    Gaussian(f64),
}

/// Up to how many deviations from the middle of the mask Gabor functions have their centres at first.
pub(super) const CENTRES: f64 = 5.0 / 3.0;

/// √(−2 ln 0.1): where a Gaussian has fallen to a tenth, in deviations.
const TENTH: f64 = 2.145_966_026_289_347;

impl KernelMask {
    pub(super) fn validate(&self) -> Result<(), LayerError> {
        let (what, value) = match *self {
            Self::Pixels => return Ok(()),
            Self::Disc(radius) => ("the disc's radius", radius),
            Self::Smooth(steepness) => ("the smooth disc's steepness", steepness),
            Self::Gaussian(deviation) => ("the Gaussian's deviation", deviation),
        };
        if value > 0.0 && value <= 100.0 {
            return Ok(());
        }
        Err(LayerError::OutOfRange {
            what,
            value,
            range: "above 0 and at most 100",
        })
    }

    /// The value at a point of a mask that isn't trained. `squares`: whether the group maps squares to squares; `edge`: how far
    /// the edge of the outermost pixels is.
    pub(super) fn at(&self, radius: f64, squares: bool, edge: f64) -> f64 {
        /// A grid point at the radius is inside, whatever rounding says.
        const SAME: f64 = 1e-6;
        match *self {
            Self::Pixels if squares => 1.0,
            Self::Pixels => f64::from(radius <= edge + SAME),
            Self::Disc(of) => f64::from(radius <= of + SAME),
            Self::Smooth(steepness) => 1.0 / (1.0 + (-steepness * (1.0 - radius)).exp()),
            Self::Gaussian(_) => 1.0,
        }
    }

    pub(super) fn parameters(&self, axes: usize) -> Parameters {
        match self {
            Self::Gaussian(_) if axes > 0 => Parameters::new()
                .with("centre", [axes])
                .with("tenfold_deviation", [axes]),
            _ => Parameters::new(),
        }
    }

    pub(super) fn init(&self, axes: usize, device: &Device) -> Option<Gaussian> {
        match *self {
            Self::Gaussian(deviation) if axes > 0 => Some(Gaussian {
                centre: Param::from_tensor(Tensor::zeros([axes], device)),
                tenfold_deviation: Param::from_tensor(Tensor::full(
                    [axes],
                    10.0 * deviation,
                    device,
                )),
            }),
            _ => None,
        }
    }
}

/// A Gaussian that is trained.
#[derive(Module, Debug)]
pub(super) struct Gaussian {
    /// m, `[axes]`.
    pub(super) centre: Param<Tensor<1>>,
    /// 10 σ, `[axes]`: what Adam's steps change by a tenth as much as other parameters, as published.
    pub(super) tenfold_deviation: Param<Tensor<1>>,
}

impl Gaussian {
    /// The narrowest one: a kernel is no smaller than its middle pixel.
    const LEAST: f64 = 1e-3;

    /// σ, `[axes]`.
    pub(super) fn deviation(&self) -> Tensor<1> {
        (self.tenfold_deviation.val() / 10.0)
            .abs()
            .clamp_min(Self::LEAST)
    }

    /// `[points, axes]` to `[points, 1]`.
    pub(super) fn forward(&self, points: Tensor<2>) -> Tensor<2> {
        let distance = points - self.centre.val().unsqueeze_dim(0);
        let scaled = distance / self.deviation().unsqueeze_dim(0);
        ((scaled.clone() * scaled).sum_dim(1) * -0.5).exp()
    }

    /// How far it reaches along each axis. It is asked for where the device computes.
    pub(super) fn reach(&self) -> Vec<f64> {
        let read = |tensor: Tensor<1>| -> Vec<f64> { tensor.into_data().iter::<f64>().collect() };
        let (centre, deviation) = (read(self.centre.val()), read(self.deviation()));
        let both = centre.into_iter().zip(deviation);
        both.map(|(m, sigma)| m.abs() + TENTH * sigma).collect()
    }
}
