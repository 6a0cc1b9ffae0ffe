//! Gated non-linearity: each field is multiplied by a function of a number beside it.
//!
//! ```text
//! (g, v) ↦ sigmoid(g − b) v               a number g that nothing changes for each field v, and a b
//! ```
//!
//! Source: Weiler et al. 2018 (3D steerable CNNs), section 2.3; Weiler and Cesa 2019, section 2.6.

use burn::module::{DisplaySettings, Initializer, ModuleDisplay, Param};
use burn::prelude::*;
use burn::tensor::activation::sigmoid;

use super::super::layout::{blocks, expect_fields, joined};
use super::super::representation::FieldType;
use crate::{LayerError, Parameters, expect};

/// Configuration of a [`GatedNonlinearity`].
#[derive(Config, Debug)]
pub struct GatedNonlinearityConfig {
    /// What comes out.
    pub output: FieldType,
}

impl GatedNonlinearityConfig {
    /// What has to come in: a gate for each field, then the fields.
    pub fn input(&self) -> Result<FieldType, LayerError> {
        let gates = FieldType::trivial(self.output.group(), self.output.count())?;
        Ok(gates.direct_sum(&self.output)?)
    }

    /// Checks that the input, which is larger than the output, isn't too large.
    pub fn validate(&self) -> Result<(), LayerError> {
        self.input().map(|_| ())
    }

    /// What the layer learns, by name and shape; nothing is made for it.
    pub fn parameters(&self) -> Parameters {
        Parameters::new().with("bias", [self.output.count()])
    }

    /// Builds the layer: b is 0.
    ///
    /// # Panics
    /// Where [`validate`](Self::validate) returns an error.
    pub fn init(&self, device: &Device) -> GatedNonlinearity {
        self.try_init(device)
            .unwrap_or_else(|error| panic!("GatedNonlinearity: {error}"))
    }

    /// Builds the layer, or says what [`validate`](Self::validate) finds wrong.
    pub fn try_init(&self, device: &Device) -> Result<GatedNonlinearity, LayerError> {
        Ok(GatedNonlinearity {
            bias: Initializer::Zeros.init([self.output.count()], device),
            input: self.input()?,
            output: self.output.clone(),
        })
    }
}

/// Scales fields by sigmoids of their gates.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::field::GatedNonlinearityConfig;
///
/// # #[cfg(feature = "flex")] {
/// let device = Device::flex();
/// let config = GatedNonlinearityConfig::new("SO(2): 8 trivial + 4 irrep(1)".parse()?);
/// assert_eq!(config.input()?.to_string(), "SO(2): 12 trivial + 8 trivial + 4 irrep(1)");
/// let gated = config.init(&device).forward(Tensor::ones([1, 28, 5, 5], &device));
/// assert_eq!(gated.dims(), [1, 16, 5, 5]);
/// # }
/// # Ok::<(), gcnn_layers::LayerError>(())
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct GatedNonlinearity {
    /// b, `[fields]`, in the order of the fields.
    pub bias: Param<Tensor<1>>,
    #[module(skip)]
    input: FieldType,
    #[module(skip)]
    output: FieldType,
}

impl ModuleDisplay for GatedNonlinearity {
    fn format(&self, _: DisplaySettings) -> String {
        format!("{} → {}", self.input, self.output)
    }
}

impl GatedNonlinearity {
    /// What comes in: gates, then what is gated.
    pub fn input_fields(&self) -> &FieldType {
        &self.input
    }

    /// # Shapes
    /// - input: `[batch, input, height, width]`
    /// - output: `[batch, output, height, width]`
    ///
    /// # Panics
    /// If the input has another number of channels, or numbers of another type than the layer.
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        expect_fields("GatedNonlinearity", &self.input, &input);
        let bias = self.bias.val();
        expect::numbers("GatedNonlinearity", bias.dtype(), input.dtype());
        let [batch, channels, height, width] = input.dims();
        let [count] = bias.dims();
        let gates = input.clone().narrow(1, 0, count) - bias.reshape([1, count, 1, 1]);
        let gates: Tensor<5> = sigmoid(gates).reshape([batch, count, 1, height, width]);
        let gated = blocks(&self.output, input.narrow(1, count, channels - count));
        let mut start = 0;
        let scaled = gated.into_iter().map(|values| {
            let [_, own, _, _, _] = values.dims();
            start += own;
            values * gates.clone().narrow(1, start - own, own)
        });
        joined(scaled.collect())
    }
}
