//! From fields to numbers that nothing changes: pooling over the components of each field.
//!
//! ```text
//! norm      (P f)(x) = |f(x)|                      any field: ρ(g) is orthogonal
//! maximum   (P f)(x) = max_i f_i(x)                fields whose components are permuted
//! mean      (P f)(x) = 1/d Σ_i f_i(x)              the same
//! ```
//!
//! Of regular fields the maximum is the group pooling of the regular half. Source: Weiler and Cesa 2019, section 2.6; Cohen and Welling
//! 2016, section 6.3.

use burn::module::{DisplaySettings, ModuleDisplay};
use burn::prelude::*;

use super::layout::{blocks, expect_fields, joined};
use super::nonlinearity::{expect_permutations, norms};
use super::representation::FieldType;
use crate::LayerError;

/// How [`InvariantPool`] pools over the components of a field.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum InvariantPoolKind {
    /// The length of a field's vector.
    Norm,
    /// The largest component.
    Max,
    /// The mean of the components.
    Mean,
}

/// Configuration of an [`InvariantPool`].
#[derive(Config, Debug)]
pub struct InvariantPoolConfig {
    /// The fields that come in.
    pub fields: FieldType,
    /// What to keep of a field.
    #[config(default = "InvariantPoolKind::Norm")]
    pub kind: InvariantPoolKind,
}

impl InvariantPoolConfig {
    /// What comes out: a number for each field.
    pub fn output(&self) -> Result<FieldType, LayerError> {
        Ok(FieldType::trivial(
            self.fields.group(),
            self.fields.count(),
        )?)
    }

    /// Checks that what is kept of a field doesn't change.
    pub fn validate(&self) -> Result<(), LayerError> {
        match self.kind {
            InvariantPoolKind::Norm => Ok(()),
            InvariantPoolKind::Max | InvariantPoolKind::Mean => {
                expect_permutations("InvariantPool", &self.fields)
            }
        }
    }

    /// Builds the layer. It has no parameters and lives on no device.
    ///
    /// # Panics
    /// Where [`validate`](Self::validate) returns an error.
    pub fn init(&self) -> InvariantPool {
        self.try_init()
            .unwrap_or_else(|error| panic!("InvariantPool: {error}"))
    }

    /// Builds the layer, or says what [`validate`](Self::validate) finds wrong.
    pub fn try_init(&self) -> Result<InvariantPool, LayerError> {
        self.validate()?;
        Ok(InvariantPool {
            output: self.output()?,
            fields: self.fields.clone(),
            kind: self.kind,
        })
    }
}

/// Makes a number of each field that the group doesn't change.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::field::InvariantPoolConfig;
///
/// # #[cfg(feature = "flex")] {
/// let pool = InvariantPoolConfig::new("O(2): 4 trivial + 8 irrep(1,1)".parse()?).init();
/// assert_eq!(pool.to_string(), "O(2): 4 trivial + 8 irrep(1,1) → O(2): 12 trivial");
/// let features = Tensor::<4>::ones([1, 20, 5, 5], &Device::flex());
/// assert_eq!(pool.forward(features).dims(), [1, 12, 5, 5]);
/// # }
/// # Ok::<(), gcnn_layers::LayerError>(())
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct InvariantPool {
    #[module(skip)]
    fields: FieldType,
    #[module(skip)]
    output: FieldType,
    #[module(skip)]
    kind: InvariantPoolKind,
}

impl ModuleDisplay for InvariantPool {
    fn format(&self, _: DisplaySettings) -> String {
        format!("{} → {}", self.fields, self.output)
    }
}

impl InvariantPool {
    /// # Shapes
    /// - input: `[batch, fields, height, width]`, all channels of the fields
    /// - output: `[batch, count, height, width]`, one channel for each field
    ///
    /// # Panics
    /// If the input has another number of channels.
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        expect_fields("InvariantPool", &self.fields, &input);
        let pooled = blocks(&self.fields, input).into_iter();
        let pooled = pooled.map(|values| match self.kind {
            InvariantPoolKind::Norm => norms(values),
            InvariantPoolKind::Max => values.max_dim(2),
            InvariantPoolKind::Mean => values.mean_dim(2),
        });
        joined(pooled.collect())
    }
}
