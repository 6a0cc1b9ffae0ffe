//! Functions on the sphere: from steerable vectors to samples and back.
//!
//! ```text
//! to the grid      f(p_i) = Σ_lm Y_lm(p_i) c_lm                          matrix [points, (l_max+1)²]
//! from the grid    c_lm   = 1/N_l² Σ_i w_i Y_lm(p_i) f(p_i)              N_l² the mean of Y_lm² over the sphere
//! quadrature       Gauss-Legendre in y × uniform in the azimuth; Σ w_i = 1
//! ```
//!
//! n circles with k points each integrate all polynomials up to degree min(2n − 1, k − 1) exactly, so that from the smallest grid
//! on, l_max + 1 circles with 2 l_max + 1 points, coming back is exact. A nonlinearity on the samples raises the degree of f;
//! what exceeds the grid's degree aliases, and equivariance holds up to that: use a finer grid there.
//! Source: Cohen et al. 2018 (spherical CNNs), with the quadrature of Press et al., section 4.6.

use std::f64::consts::{PI, TAU};

use super::harmonics::{HarmonicsNormalisation, solid_harmonics};
use super::{IrrepsError, check_degree};

/// Points on the sphere with weights, and the harmonics on them.
///
/// ```
/// use gcnn_layers::irreps::{HarmonicsNormalisation, SphericalGrid};
///
/// let grid = SphericalGrid::new(2, HarmonicsNormalisation::Component)?;
/// let (to_grid, from_grid) = (grid.to_grid(), grid.from_grid());
/// // from · to = 1: row 4 of the one, column 4 of the other.
/// let n = grid.points().len();
/// let product: f64 = (0..n).map(|i| from_grid[4 * n + i] * to_grid[i * 9 + 4]).sum();
/// assert!((product - 1.0).abs() < 1e-13);
/// # Ok::<(), gcnn_layers::irreps::IrrepsError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SphericalGrid {
    l_max: usize,
    normalisation: HarmonicsNormalisation,
    points: Vec<[f64; 3]>,
    weights: Vec<f64>,
    /// `[points, (l_max+1)²]`.
    harmonics: Vec<f64>,
}

impl SphericalGrid {
    /// The largest number of points along either direction.
    pub const MAX_RESOLUTION: usize = super::limits::MAX_RESOLUTION;

    /// The smallest grid that determines all functions up to a degree.
    pub fn new(l_max: usize, normalisation: HarmonicsNormalisation) -> Result<Self, IrrepsError> {
        check_degree(l_max)?;
        Self::with_resolution(l_max, l_max + 1, 2 * l_max + 1, normalisation)
    }

    /// A grid of `polar` circles around y with `azimuth` points each.
    pub fn with_resolution(
        l_max: usize,
        polar: usize,
        azimuth: usize,
        normalisation: HarmonicsNormalisation,
    ) -> Result<Self, IrrepsError> {
        check_degree(l_max)?;
        if polar <= l_max || azimuth <= 2 * l_max || polar.max(azimuth) > Self::MAX_RESOLUTION {
            return Err(IrrepsError::GridResolution {
                polar,
                azimuth,
                l_max,
            });
        }
        let mut points = Vec::with_capacity(polar * azimuth);
        let mut weights = Vec::with_capacity(polar * azimuth);
        for (y, weight) in gauss_legendre(polar) {
            let radius = (1.0 - y * y).sqrt();
            for step in 0..azimuth {
                let (sin, cos) = (TAU * step as f64 / azimuth as f64).sin_cos();
                points.push([radius * sin, y, radius * cos]);
                weights.push(weight / (2.0 * azimuth as f64));
            }
        }
        let mut harmonics = Vec::with_capacity(points.len() * (l_max + 1) * (l_max + 1));
        for point in &points {
            harmonics.extend(solid_harmonics(l_max, *point, normalisation)?);
        }
        Ok(Self {
            l_max,
            normalisation,
            points,
            weights,
            harmonics,
        })
    }

    /// The highest degree.
    pub fn l_max(&self) -> usize {
        self.l_max
    }

    /// (l_max + 1)², the number of coefficients.
    pub fn coefficients(&self) -> usize {
        (self.l_max + 1) * (self.l_max + 1)
    }

    /// The points, on the unit sphere.
    pub fn points(&self) -> &[[f64; 3]] {
        &self.points
    }

    /// The share of the sphere that each point stands for; their sum is 1.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The matrix `[points, (l_max+1)²]` from coefficients to samples.
    pub fn to_grid(&self) -> Vec<f64> {
        self.harmonics.clone()
    }

    /// The matrix `[(l_max+1)², points]` from samples to coefficients.
    pub fn from_grid(&self) -> Vec<f64> {
        let (points, coefficients) = (self.points.len(), self.coefficients());
        let mut matrix = vec![0.0; coefficients * points];
        for l in 0..=self.l_max {
            let mean_square = self.normalisation.factor(l).powi(2) / (2.0 * l as f64 + 1.0);
            for coefficient in l * l..(l + 1) * (l + 1) {
                for (point, weight) in self.weights.iter().enumerate() {
                    let value = self.harmonics[point * coefficients + coefficient];
                    matrix[coefficient * points + point] = weight * value / mean_square;
                }
            }
        }
        matrix
    }
}

/// Nodes in (−1, 1), falling, and weights, of sum 2.
fn gauss_legendre(n: usize) -> Vec<(f64, f64)> {
    let count = n as f64;
    (0..n)
        .map(|index| {
            // Newton's method on P_n, from the usual cosine; it converges quadratically, in four or five steps.
            let mut node = (PI * (index as f64 + 0.75) / (count + 0.5)).cos();
            let mut slope = 1.0;
            for _ in 0..8 {
                let (mut value, mut before) = (1.0, 0.0);
                for k in 0..n {
                    let k = k as f64;
                    let next = ((2.0 * k + 1.0) * node * value - k * before) / (k + 1.0);
                    (before, value) = (value, next);
                }
                slope = count * (before - node * value) / (1.0 - node * node);
                node -= value / slope;
            }
            (node, 2.0 / ((1.0 - node * node) * slope * slope))
        })
        .collect()
}
