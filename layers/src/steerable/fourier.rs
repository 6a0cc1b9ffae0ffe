//! Steerable vectors as functions on the sphere, and back.
//!
//! ```text
//! samples        f_c(p_i) = Σ_lm Y_lm(p_i) x_c,lm             x: channels of 0e, 1o, 2e, … up to l_max
//! coefficients   x_c,lm   = Σ_i q_i Y_lm(p_i) f_c(p_i)        q: quadrature; exact for samples of functions up to l_max
//! ```
//!
//! On samples any pointwise nonlinearity may act: φ(f)(p) = φ(f(p)) turns with f. What a nonlinearity adds above the
//! grid's degree aliases, and that part doesn't turn exactly; a finer grid pushes it down (see
//! [`SphericalFourierConfig::oversampling`]). Source: Cohen et al. 2018 (spherical CNNs), de Haan et al. 2021, section 5.

use super::layout::expect_features;
use crate::LayerError;
use crate::irreps::{Block, HarmonicsNormalisation, Irreps, SphericalGrid};
use burn::module::{DisplaySettings, ModuleDisplay};
use burn::prelude::*;
use std::sync::Arc;

/// Configuration of a [`SphericalFourier`].
#[derive(Config, Debug)]
pub struct SphericalFourierConfig {
    /// Number of functions.
    pub channels: usize,
    /// Their highest degree.
    pub l_max: usize,
    /// How many times finer than necessary the grid is, along each direction. With 1 the transform is exact but a
    /// nonlinearity on the samples is not equivariant.
    #[config(default = 4)]
    pub oversampling: usize,
}

impl SphericalFourierConfig {
    fn grid(&self) -> Result<SphericalGrid, LayerError> {
        for (what, number) in [
            ("the number of functions", self.channels),
            ("the oversampling of a spherical grid", self.oversampling),
        ] {
            if number == 0 {
                return Err(LayerError::Zero { what });
            }
        }
        let times = |points: usize| points.saturating_mul(self.oversampling);
        let (polar, azimuth) = (times(self.l_max + 1), times(2 * self.l_max + 1));
        let norm = HarmonicsNormalisation::Norm;
        Ok(SphericalGrid::with_resolution(
            self.l_max, polar, azimuth, norm,
        )?)
    }

    fn irreps(&self) -> Result<Irreps, LayerError> {
        let harmonics = Irreps::spherical_harmonics(self.l_max)?;
        let blocks = harmonics.blocks().iter().map(|block| Block {
            multiplicity: self.channels,
            ..*block
        });
        Ok(Irreps::new(blocks)?)
    }

    /// Checks the settings.
    pub fn validate(&self) -> Result<(), LayerError> {
        self.irreps()?;
        self.grid().map(|_| ())
    }

    /// Builds the tables. There are no parameters.
    ///
    /// # Panics
    /// Where [`validate`](Self::validate) returns an error.
    pub fn init(&self) -> SphericalFourier {
        self.try_init()
            .unwrap_or_else(|error| panic!("SphericalFourier: {error}"))
    }

    /// Builds the tables, or says what [`validate`](Self::validate) finds wrong.
    pub fn try_init(&self) -> Result<SphericalFourier, LayerError> {
        Ok(SphericalFourier {
            channels: self.channels,
            irreps: self.irreps()?,
            grid: Arc::new(self.grid()?),
        })
    }
}

/// The Fourier transform between steerable vectors and samples on the sphere.
///
/// ```
/// use burn::prelude::*;
/// use burn::tensor::activation::silu;
/// use gcnn_layers::steerable::SphericalFourierConfig;
///
/// let fourier = SphericalFourierConfig::new(8, 2).init();
/// assert_eq!(fourier.irreps().to_string(), "8x0e+8x1o+8x2e");
/// let features = Tensor::<2>::ones([5, 8 * 9], &Device::flex());
/// let samples = fourier.to_samples(features);
/// assert_eq!(samples.dims(), [5, fourier.grid().points().len(), 8]);
/// assert_eq!(fourier.from_samples(silu(samples)).dims(), [5, 8 * 9]);
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct SphericalFourier {
    channels: usize,
    #[module(skip)]
    irreps: Irreps,
    #[module(skip)]
    grid: Arc<SphericalGrid>,
}

impl ModuleDisplay for SphericalFourier {
    fn format(&self, _: DisplaySettings) -> String {
        let points = self.grid.points().len();
        format!("{} ⇄ {} points × {}", self.irreps, points, self.channels)
    }
}

impl SphericalFourier {
    /// The irreps of the steerable side.
    pub fn irreps(&self) -> &Irreps {
        &self.irreps
    }

    /// The points of the other side.
    pub fn grid(&self) -> &SphericalGrid {
        &self.grid
    }

    /// # Shapes
    /// - features: `[rows, irreps]`
    /// - output: `[rows, points, channels]`
    ///
    /// # Panics
    /// If the features have another width.
    pub fn to_samples(&self, features: Tensor<2>) -> Tensor<3> {
        expect_features("the input of a Fourier transform", &self.irreps, &features);
        let [rows, _] = features.dims();
        let (points, coefficients) = (self.grid.points().len(), self.grid.coefficients());
        // Blocks [2l+1, channels] one after the other are one block [(l_max+1)², channels].
        let blocks = features.reshape([rows, coefficients, self.channels]);
        self.apply(self.grid.to_grid(), [points, coefficients], blocks)
    }

    /// # Shapes
    /// - samples: `[rows, points, channels]`
    /// - output: `[rows, irreps]`
    ///
    /// # Panics
    /// If there are other points or channels.
    pub fn from_samples(&self, samples: Tensor<3>) -> Tensor<2> {
        let [rows, found, channels] = samples.dims();
        let (points, coefficients) = (self.grid.points().len(), self.grid.coefficients());
        assert!(
            found == points && channels == self.channels,
            "a Fourier transform of {points} samples of {} functions got {found} of {channels}",
            self.channels
        );
        self.apply(self.grid.from_grid(), [coefficients, points], samples)
            .reshape([rows, coefficients * channels])
    }

    fn apply(&self, matrix: Vec<f64>, shape: [usize; 2], input: Tensor<3>) -> Tensor<3> {
        let [rows, _, channels] = input.dims();
        let like = (&input.device(), input.dtype());
        if rows == 0 {
            return Tensor::zeros([0, shape[0], channels], like);
        }
        let matrix: Tensor<2> = Tensor::from_data(TensorData::new(matrix, shape), like);
        matrix.unsqueeze::<3>().matmul(input)
    }
}
