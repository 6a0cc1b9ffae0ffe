//! Spherical harmonics of vectors, with gradients.
//!
//! ```text
//! Y_0 = 1,   Y_1(n) = n,   Y_(l+1)(n) = κ_l · C^{l 1 l+1}(Y_l(n), n),      n = x/‖x‖, scaled by the normalisation at the end
//! ```
//!
//! Each degree is the product of the last one and the vector, contracted to the highest degree it contains: one small
//! matrix product a degree, which every backend can differentiate. The origin has no direction: there Y_0 keeps its
//! constant, the others are 0, and all gradients are 0.

use crate::irreps::{self, HarmonicsNormalisation, Irreps, MIN_RADIUS};
use crate::{LayerError, expect};
use burn::module::{DisplaySettings, ModuleDisplay};
use burn::prelude::*;

use super::attributes::couplings;
use super::layout::constant;

/// Configuration of [`SphericalHarmonics`].
#[derive(Config, Debug)]
pub struct SphericalHarmonicsConfig {
    /// The highest degree.
    pub l_max: usize,
    /// How large the harmonics are.
    #[config(default = "HarmonicsNormalisation::Integral")]
    pub normalisation: HarmonicsNormalisation,
    /// Whether vectors are taken to the unit sphere first. Otherwise the result is r^l Y_l.
    #[config(default = true)]
    pub on_sphere: bool,
}

impl SphericalHarmonicsConfig {
    /// Checks the degree.
    pub fn validate(&self) -> Result<(), LayerError> {
        Ok(Irreps::spherical_harmonics(self.l_max).map(|_| ())?)
    }

    /// Builds the layer. It has no parameters and lives on no device.
    ///
    /// # Panics
    /// Where [`validate`](Self::validate) returns an error.
    pub fn init(&self) -> SphericalHarmonics {
        self.try_init()
            .unwrap_or_else(|error| panic!("SphericalHarmonics: {error}"))
    }

    /// Builds the layer, or says what [`validate`](Self::validate) finds wrong.
    pub fn try_init(&self) -> Result<SphericalHarmonics, LayerError> {
        let irreps = Irreps::spherical_harmonics(self.l_max)?;
        Ok(SphericalHarmonics {
            irreps,
            steps: (1..self.l_max).map(step).collect(),
            normalisation: self.normalisation,
            on_sphere: self.on_sphere,
        })
    }
}

/// The matrix `[(2l+1) · 3, 2l+3]` from Y_l ⊗ n to Y_(l+1), both of unit norm.
fn step(degree: usize) -> Vec<f64> {
    let [inner, outer] = [2 * degree + 1, 2 * degree + 3];
    let mut matrix = vec![0.0; inner * 3 * outer];
    for (left, right, output, value) in couplings(degree, 1, degree + 1) {
        matrix[(left * 3 + right) * outer + output] = value;
    }
    // κ from the harmonics at any point where they don't vanish. Degrees were checked before.
    let point = [0.6, 0.48, 0.64];
    let all = irreps::spherical_harmonics(degree + 1, point, HarmonicsNormalisation::Norm)
        .unwrap_or_default();
    let of = |degree: usize| all.get(degree * degree..).unwrap_or_default();
    let expected = &of(degree + 1);
    let product = |output: usize| -> f64 {
        let terms =
            (0..inner * 3).map(|k| of(degree)[k / 3] * point[k % 3] * matrix[k * outer + output]);
        terms.sum()
    };
    let (mut along, mut squared) = (0.0, 0.0);
    for output in 0..outer {
        along += product(output) * expected[output];
        squared += product(output).powi(2);
    }
    matrix.iter().map(|entry| entry * along / squared).collect()
}

/// The spherical harmonics of degrees 0 to l_max of vectors.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::irreps::HarmonicsNormalisation;
/// use gcnn_layers::steerable::SphericalHarmonicsConfig;
///
/// let harmonics = SphericalHarmonicsConfig::new(1).with_normalisation(HarmonicsNormalisation::Norm).init();
/// let vectors = Tensor::<2>::from_floats([[3., 0., 4.], [0., 0., 0.]], &Device::flex());
/// let values = harmonics.forward(vectors).into_data();
/// assert_eq!(values, TensorData::from([[1., 0.6, 0., 0.8], [1f32, 0., 0., 0.]]));
/// assert_eq!(harmonics.to_string(), "1x1o → 1x0e+1x1o");
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct SphericalHarmonics {
    #[module(skip)]
    irreps: Irreps,
    /// From degree 1 to 2, from 2 to 3, and so on.
    #[module(skip)]
    steps: Vec<Vec<f64>>,
    #[module(skip)]
    normalisation: HarmonicsNormalisation,
    on_sphere: bool,
}

impl ModuleDisplay for SphericalHarmonics {
    fn format(&self, _: DisplaySettings) -> String {
        format!("1x1o → {}", self.irreps)
    }
}

impl SphericalHarmonics {
    /// What comes out: one irrep of each degree.
    pub fn irreps(&self) -> &Irreps {
        &self.irreps
    }

    /// # Shapes
    /// - input: `[rows, 3]`
    /// - output: `[rows, (l_max+1)²]`
    ///
    /// # Panics
    /// If the vectors haven't three components.
    pub fn forward(&self, vectors: Tensor<2>) -> Tensor<2> {
        expect::vectors("SphericalHarmonics", &vectors);
        let [rows, _] = vectors.dims();
        let width = self.irreps.dim();
        if rows == 0 {
            return Tensor::zeros([0, width], (&vectors.device(), vectors.dtype()));
        }
        let vectors = if self.on_sphere {
            directions(vectors)
        } else {
            vectors
        };
        let scale = |degree: usize| self.normalisation.factor(degree);
        let ones = Tensor::ones([rows, 1], (&vectors.device(), vectors.dtype()));
        let mut degrees = vec![ones * scale(0)];
        if width > 1 {
            degrees.push(vectors.clone() * scale(1));
        }
        let mut last = vectors.clone();
        for (step, degree) in self.steps.iter().zip(1..) {
            let [inner, outer] = [2 * degree + 1, 2 * degree + 3];
            let product = last.reshape([rows, inner, 1]) * vectors.clone().reshape([rows, 1, 3]);
            let matrix = constant(step.clone(), [inner * 3, outer], &vectors);
            last = product.reshape([rows, inner * 3]).matmul(matrix);
            degrees.push(last.clone() * scale(degree + 1));
        }
        Tensor::cat(degrees, 1)
    }
}

/// x/‖x‖, and 0 with gradient 0 where x is 0.
fn directions(vectors: Tensor<2>) -> Tensor<2> {
    // The square of the smallest radius must be a normal number of the type.
    let smallest = match vectors.dtype() {
        burn::tensor::DType::F64 => MIN_RADIUS * MIN_RADIUS,
        _ => 1e-36,
    };
    let shape = vectors.dims();
    let squared = vectors.clone().square().sum_dim(1);
    let origin = squared.clone().lower_elem(smallest);
    let radius = squared.mask_fill(origin.clone(), 1.0).sqrt();
    vectors.mask_fill(origin.expand(shape), 0.0) / radius
}
