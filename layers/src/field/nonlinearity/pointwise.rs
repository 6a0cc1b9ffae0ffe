//! The same function of every component, where the group permutes them.
//!
//! ```text
//! relu    φ(x) = max(x, 0)          elu    φ(x) = x for x > 0, e^x − 1 otherwise
//! ```

use burn::module::{DisplaySettings, ModuleDisplay};
use burn::prelude::*;
use burn::tensor::activation::relu;

use super::super::layout::expect_fields;
use super::super::representation::FieldType;
use crate::LayerError;

/// A function of numbers.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum Pointwise {
    /// max(x, 0).
    Relu,
    /// x for x > 0, e^x − 1 otherwise.
    Elu,
}

impl Pointwise {
    /// The function of every number.
    pub fn apply<const D: usize>(self, values: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Relu => relu(values),
            Self::Elu => relu(values.clone()) + values.clamp_max(0.0).exp() - 1.0,
        }
    }
}

/// Configuration of a [`PointwiseNonlinearity`].
#[derive(Config, Debug)]
pub struct PointwiseNonlinearityConfig {
    /// The fields.
    pub fields: FieldType,
    /// The function.
    #[config(default = "Pointwise::Relu")]
    pub function: Pointwise,
}

impl PointwiseNonlinearityConfig {
    /// Checks that the group permutes the components of all fields.
    pub fn validate(&self) -> Result<(), LayerError> {
        expect_permutations("PointwiseNonlinearity", &self.fields)
    }

    /// Builds the layer. It has no parameters and lives on no device.
    ///
    /// # Panics
    /// Where [`validate`](Self::validate) returns an error.
    pub fn init(&self) -> PointwiseNonlinearity {
        self.try_init()
            .unwrap_or_else(|error| panic!("PointwiseNonlinearity: {error}"))
    }

    /// Builds the layer, or says what [`validate`](Self::validate) finds wrong.
    pub fn try_init(&self) -> Result<PointwiseNonlinearity, LayerError> {
        self.validate()?;
        Ok(PointwiseNonlinearity {
            fields: self.fields.clone(),
            function: self.function,
        })
    }
}

/// Applies a function to every component.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::field::PointwiseNonlinearityConfig;
///
/// # #[cfg(feature = "flex")] {
/// let relu = PointwiseNonlinearityConfig::new("D4: 2 regular + 3 quotient(C4)".parse()?).init();
/// let features = Tensor::<4>::ones([1, 22, 5, 5], &Device::flex());
/// assert_eq!(relu.forward(features).dims(), [1, 22, 5, 5]);
/// // The mirror negates a component of a vector, which ReLU would notice.
/// assert!(PointwiseNonlinearityConfig::new("D4: irrep(1,1)".parse()?).validate().is_err());
/// # }
/// # Ok::<(), gcnn_layers::LayerError>(())
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct PointwiseNonlinearity {
    #[module(skip)]
    fields: FieldType,
    #[module(skip)]
    function: Pointwise,
}

impl ModuleDisplay for PointwiseNonlinearity {
    fn format(&self, _: DisplaySettings) -> String {
        format!("{:?}: {}", self.function, self.fields)
    }
}

impl PointwiseNonlinearity {
    /// # Shapes
    /// - input: `[batch, fields, height, width]`, all channels of the fields
    /// - output: the same
    ///
    /// # Panics
    /// If the input has another number of channels.
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        expect_fields("PointwiseNonlinearity", &self.fields, &input);
        self.function.apply(input)
    }
}

/// Refuses fields whose components the group doesn't permute.
pub(in crate::field) fn expect_permutations(
    layer: &'static str,
    fields: &FieldType,
) -> Result<(), LayerError> {
    let mut others = fields.fields().filter(|field| !field.is_permutation());
    match others.next() {
        None => Ok(()),
        Some(field) => Err(LayerError::NotPermuted {
            layer,
            field: field.to_string(),
            group: fields.group().to_string(),
        }),
    }
}
