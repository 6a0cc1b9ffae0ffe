//! Kernels that are sums of Hermite functions: derivatives of a Gaussian.
//!
//! ```text
//! ψ_nm(x, y)    = He_n(x/σ) He_m(y/σ) exp(−(x² + y²)/2σ²) / N_nm       0 ≤ n + m ≤ order,  σ, σ/1.5, σ/1.5², …
//! Basis_h[z, j] = ψ_j(h⁻¹z) / |det h|,    N_j:  Σ_z ψ_j(z)² = 1 over the window of the identity
//! He_0 = 1,  He_1(t) = t,  He_{n+1}(t) = t He_n(t) − n He_{n−1}(t)
//! ```
//!
//! A turned function is a sum of functions of its own degree n + m, so that turning a kernel leads out of their space nowhere
//! but where the window ends and where pixels are too coarse. There are (order + 1)(order + 2)/2 of them, fewer than pixels. The
//! largest relative error over C8 of a lifting convolution with random weights, on sums of Gaussians of width two pixels:
//!
//! | kernel | order 1 | 2 | 3 | 4 |
//! | --- | --- | --- | --- | --- |
//! | 5×5 | .1 % | .3 % | 1.3 % | 2.6 % |
//! | 7×7 | .4 % | .7 % | 1.1 % | 1.2 % |
//! | 9×9 | .1 % | .1 % | .1 % | .1 % |
//!
//! `tests/conv/hermite.rs` holds it to bounds. Under scalings a window cuts off something else at every scale, unless nothing is
//! left there: with σ = 1.5 in 5 pixels, the published choice, two layers over R3 err by 81 % when an image grows by √2; with
//! σ = 0.7 in 7 and order 2 by 1.3 %, splines of order 2 in 5 pixels by 2.1 % (`tests/conv/scale.rs`).
//!
//! Sources: Jacobsen et al. 2016 (structured receptive fields); Sosnovik, Szmaja and Smeulders 2020 (SESN), section 5.

use serde::{Deserialize, Serialize};

use super::{KernelShape, SampledKernel};
use crate::error::LayerError;
use crate::group::Group;
use crate::group::matrix::SAME;
use crate::kernel::taps::taps;
use crate::kernel::{KernelSize, Spaces, windows};

/// A sum of Hermite functions. In a run file: `kernel = { basis = "hermite", order = 4 }`.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::kernel::HermiteConfig;
/// use gcnn_layers::{Group, KernelConfig, LiftingConv2dConfig};
///
/// # #[cfg(feature = "flex")] {
/// let kernel = KernelConfig::hermite(HermiteConfig { order: 3, ..HermiteConfig::default() });
/// let conv = LiftingConv2dConfig::new(Group::cyclic(8)?, [3, 6], 7).with_kernel(kernel);
/// conv.validate()?;
/// // Ten functions in place of the 37 pixels of a disc.
/// assert_eq!(conv.init(&Device::flex()).weight.dims(), [6, 3, 1, 10]);
/// # }
/// # Ok::<(), gcnn_layers::LayerError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct HermiteConfig {
    /// The highest degree n + m, 0 to 8. A kernel of one pixel takes degree 0 alone.
    pub order: usize,
    /// σ in pixels, at least 0.5. Left out, the functions fall to nothing towards the border, size / (4 + 2 √order), as long
    /// as pixels resolve them: at least 0.6 + 0.05 order. Under a group that scales, where every scale would cut off something
    /// else, they fall sooner: size / 10, at least 0.65.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<f64>,
    /// How many Gaussians: σ, σ/1.5, σ/1.5² and so on, each with all its functions. 1 to 4; under scalings 4 are the published
    /// choice.
    #[serde(skip_serializing_if = "is_one")]
    pub widths: usize,
    /// Keeps the first so many functions, of the widest Gaussian first, by their degrees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub functions: Option<usize>,
}

fn is_one(widths: &usize) -> bool {
    *widths == 1
}

impl Default for HermiteConfig {
    fn default() -> Self {
        Self {
            order: 3,
            scale: None,
            widths: 1,
            functions: None,
        }
    }
}

impl HermiteConfig {
    /// The largest [`order`](Self::order).
    pub const MAX_ORDER: usize = 8;

    /// The smallest σ: of a narrower Gaussian a pixel sees nothing but its peak.
    const LEAST_SCALE: f64 = 0.5;

    /// The most [`widths`](Self::widths).
    pub const MAX_WIDTHS: usize = 4;

    /// From one Gaussian to the next.
    const RATIO: f64 = 1.5;

    /// Whether kernels of this size can be made.
    pub(in crate::kernel) fn validate(&self, size: KernelSize) -> Result<(), LayerError> {
        if self.order > Self::MAX_ORDER {
            return Err(LayerError::OutOfRange {
                what: "the order of Hermite functions",
                value: self.order as f64,
                range: "0 to 8",
            });
        }
        if !(1..=Self::MAX_WIDTHS).contains(&self.widths) {
            return Err(LayerError::OutOfRange {
                what: "the widths of Hermite functions",
                value: self.widths as f64,
                range: "1 to 4",
            });
        }
        if self.functions == Some(0) {
            return Err(LayerError::Zero { what: "functions" });
        }
        let scale = self.scale.unwrap_or(1.0);
        if size.taps() == 1 || (scale >= Self::LEAST_SCALE && scale.is_finite()) {
            return Ok(());
        }
        Err(LayerError::OutOfRange {
            what: "the scale of Hermite functions",
            value: scale,
            range: "finite and at least 0.5",
        })
    }

    pub(in crate::kernel) fn shape(&self, spaces: &Spaces, size: KernelSize) -> KernelShape {
        let functions = self.functions(spaces.turning(), size).len();
        KernelShape::linear(size, [spaces.samples().count(), functions])
    }

    pub(in crate::kernel) fn sample(&self, spaces: &Spaces, size: KernelSize) -> SampledKernel {
        let (group, window) = (spaces.turning(), taps(size));
        let functions = self.functions(spaces.turning(), size);
        let (square, radius) = (group.keeps_squares(), size.longest() as f64 / 2.0 + SAME);
        let inside = |[x, y]: [f64; 2]| square || x.hypot(y) <= radius;
        let norm = |function: &Function| {
            let support = window.iter().filter(|place| inside(**place));
            let values = support.map(|&place| function.at(place));
            values.map(|v| v * v).sum::<f64>().sqrt()
        };
        // A function that vanishes at every tap has no direction to be scaled in.
        let norms = functions.iter().map(norm);
        let norms: Vec<f64> = norms
            .map(|norm| if norm > 0.0 { norm } else { 1.0 })
            .collect();
        let of_element = |(h, size): (usize, KernelSize)| {
            let window = taps(size);
            let mut matrix = vec![0.0; window.len() * functions.len()];
            let scale = 1.0 / windows::measure(group, h, size);
            for (tap, &place) in window.iter().enumerate() {
                let point = group.act_inverse(h, place);
                if !inside(point) {
                    continue;
                }
                for (j, (function, norm)) in functions.iter().zip(&norms).enumerate() {
                    matrix[tap * functions.len() + j] = scale * function.at(point) / norm;
                }
            }
            (size, matrix)
        };
        let windows = windows::of_taps(group, size).into_iter().enumerate();
        let elements = windows.map(of_element).collect();
        SampledKernel::new(size, functions.len(), elements, spaces.samples()).with_overlap()
    }

    /// σ of the widest Gaussian in windows of this size.
    fn sigma(&self, group: &Group, size: KernelSize) -> f64 {
        let (order, side) = (self.order as f64, size.longest() as f64);
        let fitting = match windows::enlarges(group, size) {
            true => (side / 10.0).max(0.65),
            false => (side / (4.0 + 2.0 * order.sqrt())).max(0.6 + 0.05 * order),
        };
        self.scale.unwrap_or(fitting)
    }

    /// The functions, of each Gaussian by their degree.
    fn functions(&self, group: &Group, size: KernelSize) -> Vec<Function> {
        let (order, widths) = match size.taps() {
            1 => (0, 1),
            _ => (self.order, self.widths),
        };
        let widest = self.sigma(group, size);
        let sigmas = (0..widths).map(|w| widest / Self::RATIO.powi(w as i32));
        let of_sigma = |sigma: f64| {
            let degrees = (0..=order).flat_map(|degree| (0..=degree).map(move |m| [degree - m, m]));
            degrees.map(move |degrees| Function { degrees, sigma })
        };
        let all = sigmas.flat_map(of_sigma);
        all.take(self.functions.unwrap_or(usize::MAX)).collect()
    }
}

/// He_n(x/σ) He_m(y/σ) exp(−(x² + y²)/2σ²).
struct Function {
    degrees: [usize; 2],
    sigma: f64,
}

impl Function {
    fn at(&self, [x, y]: [f64; 2]) -> f64 {
        let ([n, m], sigma) = (self.degrees, self.sigma);
        let gaussian = (-(x * x + y * y) / (2.0 * sigma * sigma)).exp();
        hermite(n, x / sigma) * hermite(m, y / sigma) * gaussian
    }
}

/// He_n(t), the polynomial that is orthogonal under the Gaussian of deviation 1.
fn hermite(n: usize, t: f64) -> f64 {
    let (mut previous, mut current) = (0.0, 1.0);
    for k in 0..n {
        (previous, current) = (current, t * current - k as f64 * previous);
    }
    current
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_are_those_of_the_tables() {
        let t = 1.7f64;
        let by_hand = [
            1.0,
            t,
            t * t - 1.0,
            t.powi(3) - 3.0 * t,
            t.powi(4) - 6.0 * t * t + 3.0,
        ];
        for (n, expected) in by_hand.into_iter().enumerate() {
            assert!((hermite(n, t) - expected).abs() < 1e-12, "He_{n}");
        }
    }

    #[test]
    fn a_turned_function_is_a_sum_of_those_of_its_degree() {
        // On a window that holds all of them: turned by 45°, He_1(x) is (He_1(x) + He_1(y)) / √2.
        let kernel = HermiteConfig {
            order: 2,
            scale: Some(1.0),
            ..HermiteConfig::default()
        };
        let c8 = Group::cyclic(8).unwrap();
        let sampled = kernel.sample(&Spaces::Lifting(&c8), 13.into());
        let weights = sampled.weights();
        assert_eq!(weights, 6);
        let half = std::f64::consts::FRAC_1_SQRT_2;
        let (own, turned) = (sampled.values(0), sampled.values(1));
        for tap in 0..13 * 13 {
            let at = |values: &[f64], j: usize| values[tap * weights + j];
            let expected = half * (at(own, 1) + at(own, 2));
            assert!((at(turned, 1) - expected).abs() < 1e-6);
        }
    }

    #[test]
    fn orders_and_scales_out_of_range_are_refused() {
        let check = |order, scale, size: usize| {
            let config = HermiteConfig {
                order,
                scale,
                ..HermiteConfig::default()
            };
            config.validate(size.into())
        };
        assert!(check(8, Some(1.0), 9).is_ok() && check(3, None, 5).is_ok());
        assert!(check(9, Some(1.0), 9).is_err());
        assert!(check(2, None, 1).is_ok(), "a pixel is its own basis");
        for scale in [0.1, -1.0, f64::NAN, f64::INFINITY] {
            assert!(check(2, Some(scale), 5).is_err(), "{scale}");
        }
    }
}
