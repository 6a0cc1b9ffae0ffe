//! Other components of the same fields: functions on the group become Fourier coefficients, and coefficients functions.
//!
//! ```text
//! v ↦ Q_out Q_inᵀ v,     ρ_in = Q_in (⊕ irreps) Q_inᵀ,   ρ_out = Q_out (⊕ irreps) Q_outᵀ
//! ```
//!
//! Both sides fall into the same irreps in the same order, so that the map commutes with the group; being orthogonal it forgets nothing.

use burn::module::{DisplaySettings, ModuleDisplay};
use burn::prelude::*;

use super::kind::mixed_by;
use super::layout::{blocks, expect_fields, joined};
use super::representation::{FieldBlock, FieldType};
use crate::LayerError;

/// Configuration of a [`BasisChange`].
#[derive(Config, Debug)]
pub struct BasisChangeConfig {
    /// The fields that come in.
    pub input: FieldType,
    /// The same fields in other components.
    pub output: FieldType,
}

impl BasisChangeConfig {
    /// Checks that both sides are the same but for their components.
    pub fn validate(&self) -> Result<(), LayerError> {
        let same = |(a, b): (&FieldBlock, &FieldBlock)| {
            a.multiplicity == b.multiplicity
                && a.representation.irreps() == b.representation.irreps()
        };
        let (input, output) = (self.input.blocks(), self.output.blocks());
        match input.len() == output.len() && input.iter().zip(output).all(same) {
            true => Ok(()),
            false => Err(LayerError::OtherIrreps {
                input: self.input.clone(),
                output: self.output.clone(),
            }),
        }
    }

    /// Builds the layer. It has no parameters.
    ///
    /// # Panics
    /// Where [`validate`](Self::validate) returns an error.
    pub fn init(&self, device: &Device) -> BasisChange {
        self.try_init(device)
            .unwrap_or_else(|error| panic!("BasisChange: {error}"))
    }

    /// Builds the layer, or says what [`validate`](Self::validate) finds wrong.
    pub fn try_init(&self, device: &Device) -> Result<BasisChange, LayerError> {
        self.validate()?;
        let pairs = self.input.blocks().iter().zip(self.output.blocks());
        let matrices = pairs.map(|(input, output)| {
            let dim = input.representation.dim();
            let from = input.representation.decomposition().change;
            let to = output.representation.decomposition().change;
            let entry = |at: usize| {
                let (row, column) = (at / dim, at % dim);
                let products = (0..dim).map(|k| to[row * dim + k] * from[column * dim + k]);
                products.sum()
            };
            let matrix: Vec<f64> = (0..dim * dim).map(entry).collect();
            Tensor::from_data(TensorData::new(matrix, [dim, dim]), device)
        });
        Ok(BasisChange {
            matrices: matrices.collect(),
            input: self.input.clone(),
            output: self.output.clone(),
        })
    }
}

/// Gives fields other components.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::field::BasisChangeConfig;
///
/// # #[cfg(feature = "flex")] {
/// let device = Device::flex();
/// let change = BasisChangeConfig::new("C8: 4 regular".parse()?, "C8: 4 fourier(4)".parse()?);
/// let coefficients = change.init(&device).forward(Tensor::ones([1, 32, 5, 5], &device));
/// // A function that is 1 everywhere has but one coefficient.
/// let own: Vec<f32> = coefficients.slice([0..1, 0..8, 0..1, 0..1]).into_data().iter().collect();
/// assert!((own[0] - 8_f32.sqrt()).abs() < 1e-5 && own[1..].iter().all(|value| value.abs() < 1e-5));
/// # }
/// # Ok::<(), gcnn_layers::LayerError>(())
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct BasisChange {
    /// For each block.
    matrices: Vec<Tensor<2>>,
    #[module(skip)]
    input: FieldType,
    #[module(skip)]
    output: FieldType,
}

impl ModuleDisplay for BasisChange {
    fn format(&self, _: DisplaySettings) -> String {
        format!("{} → {}", self.input, self.output)
    }
}

impl BasisChange {
    /// # Shapes
    /// - input: `[batch, input, height, width]`
    /// - output: `[batch, output, height, width]`, as many channels
    ///
    /// # Panics
    /// If the input has another number of channels.
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        expect_fields("BasisChange", &self.input, &input);
        let own = self.matrices.iter().zip(blocks(&self.input, input));
        let changed = own.map(|(matrix, values)| {
            let matrix = matrix.clone().cast(values.dtype());
            mixed_by(matrix, values)
        });
        joined(changed.collect())
    }
}
