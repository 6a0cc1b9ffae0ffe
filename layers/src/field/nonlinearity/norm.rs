//! Norm non-linearity: a field keeps its direction, its length passes through a function.
//!
//! ```text
//! relu, sigmoid, softplus     v ↦ φ(|v| − e^β) v / |v|,   0 where |v| ≤ 10⁻¹⁰       a β for each field
//! squash                      v ↦ v / (1 + |v|)
//! ```
//!
//! Source: Worrall et al. 2017 (harmonic networks), section 4; Weiler and Cesa 2019, section 2.6; Sabour et al. 2017 for squashing.

use burn::module::{DisplaySettings, Initializer, ModuleDisplay, Param};
use burn::prelude::*;
use burn::tensor::activation::{relu, sigmoid, softplus};

use super::super::layout::{blocks, expect_fields, joined};
use super::super::representation::FieldType;
use crate::{LayerError, Parameters, expect};

/// Lengths up to this one have no direction.
const SHORTEST: f64 = 1e-10;

/// What a [`NormNonlinearity`] makes of a length.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum NormKind {
    /// What is above the threshold.
    Relu,
    /// A length between 0 and 1.
    Sigmoid,
    /// What is above the threshold, smoothly.
    Softplus,
    /// A length below 1, without threshold.
    Squash,
}

/// Configuration of a [`NormNonlinearity`].
#[derive(Config, Debug)]
pub struct NormNonlinearityConfig {
    /// The fields.
    pub fields: FieldType,
    /// What is made of a length.
    #[config(default = "NormKind::Relu")]
    pub kind: NormKind,
    /// The threshold e^β of all fields at first.
    #[config(default = 1.0)]
    pub threshold: f64,
}

impl NormNonlinearityConfig {
    /// Checks the settings.
    pub fn validate(&self) -> Result<(), LayerError> {
        match self.threshold.is_finite() && self.threshold > 0.0 {
            true => Ok(()),
            false => Err(LayerError::OutOfRange {
                what: "the threshold of a norm non-linearity",
                value: self.threshold,
                range: "positive and finite",
            }),
        }
    }

    /// What the layer learns, by name and shape; nothing is made for it.
    pub fn parameters(&self) -> Parameters {
        match self.kind {
            NormKind::Squash => Parameters::new(),
            _ => Parameters::new().with("log_threshold", [self.fields.count()]),
        }
    }

    /// Builds the layer.
    ///
    /// # Panics
    /// Where [`validate`](Self::validate) returns an error.
    pub fn init(&self, device: &Device) -> NormNonlinearity {
        self.try_init(device)
            .unwrap_or_else(|error| panic!("NormNonlinearity: {error}"))
    }

    /// Builds the layer, or says what [`validate`](Self::validate) finds wrong.
    pub fn try_init(&self, device: &Device) -> Result<NormNonlinearity, LayerError> {
        self.validate()?;
        let value = self.threshold.ln();
        let log_threshold = Initializer::Constant { value };
        Ok(NormNonlinearity {
            log_threshold: (self.kind != NormKind::Squash)
                .then(|| log_threshold.init([self.fields.count()], device)),
            fields: self.fields.clone(),
            kind: self.kind,
        })
    }
}

/// Changes the lengths of fields, and not their directions.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::field::{NormKind, NormNonlinearityConfig};
///
/// # #[cfg(feature = "flex")] {
/// let device = Device::flex();
/// let config = NormNonlinearityConfig::new("SO(2): trivial + irrep(1)".parse()?);
/// let squash = config.with_kind(NormKind::Squash).init(&device);
/// let features = Tensor::<1>::from_floats([1., 3., 4.], &device).reshape([1, 3, 1, 1]);
/// let squashed: Vec<f32> = squash.forward(features).into_data().iter().collect();
/// assert_eq!(squashed, [1. / 2., 3. / 6., 4. / 6.]);
/// # }
/// # Ok::<(), gcnn_layers::LayerError>(())
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct NormNonlinearity {
    /// β, `[fields]`, in the order of the fields.
    pub log_threshold: Option<Param<Tensor<1>>>,
    #[module(skip)]
    fields: FieldType,
    #[module(skip)]
    kind: NormKind,
}

impl ModuleDisplay for NormNonlinearity {
    fn format(&self, _: DisplaySettings) -> String {
        format!("{:?} of norms: {}", self.kind, self.fields)
    }
}

impl NormNonlinearity {
    /// # Shapes
    /// - input: `[batch, fields, height, width]`, all channels of the fields
    /// - output: the same
    ///
    /// # Panics
    /// If the input has another number of channels, or numbers of another type than the layer.
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        expect_fields("NormNonlinearity", &self.fields, &input);
        let thresholds = self.log_threshold.as_ref().map(|log| log.val().exp());
        if let Some(thresholds) = &thresholds {
            expect::numbers("NormNonlinearity", thresholds.dtype(), input.dtype());
        }
        let mut start = 0;
        let scaled = blocks(&self.fields, input).into_iter().map(|values| {
            let [_, count, _, _, _] = values.dims();
            start += count;
            let lengths = norms(values.clone());
            let factors = match &thresholds {
                None => (lengths + 1.0).recip(),
                Some(thresholds) => {
                    let own = thresholds.clone().narrow(0, start - count, count);
                    let above = lengths.clone() - own.reshape([1, count, 1, 1, 1]);
                    let new = match self.kind {
                        NormKind::Sigmoid => sigmoid(above),
                        NormKind::Softplus => softplus(above, 1.0),
                        NormKind::Relu | NormKind::Squash => relu(above),
                    };
                    let short = lengths.clone().lower_equal_elem(SHORTEST);
                    (new / lengths).mask_fill(short, 0.0)
                }
            };
            values * factors
        });
        joined(scaled.collect())
    }
}

/// The lengths of fields, `[batch, multiplicity, dim, height, width]` to `[batch, multiplicity, 1, height, width]`, at least
/// [`SHORTEST`]: at zero a length has no gradient.
pub(in crate::field) fn norms(values: Tensor<5>) -> Tensor<5> {
    let squares = (values.clone() * values).sum_dim(2);
    squares.clamp_min(SHORTEST * SHORTEST).sqrt()
}
