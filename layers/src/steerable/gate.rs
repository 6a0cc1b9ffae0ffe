//! Gate: the nonlinearity of steerable features.
//!
//! ```text
//! scalars       s ↦ 1.6792 · SiLU(s)
//! others        x ↦ 1.8467 · sigmoid(g) · x            with a scalar g of its own for each channel
//! ```
//!
//! A nonlinearity on single components of a vector would not turn with it; scaling the whole vector by a scalar does.
//! The factors keep the second moment: E[(c·φ(z))²] = 1 for z ~ N(0, 1).
//! Source: Weiler et al. 2018 (3D steerable CNNs), section 2.3; factors as in e3nn.

use super::activation::{SIGMOID_SCALE, SILU_SCALE};
use super::layout::{block, expect_features, join, placed};
use crate::LayerError;
use crate::irreps::{Block, Irrep, Irreps};
use burn::module::{DisplaySettings, ModuleDisplay};
use burn::prelude::*;
use burn::tensor::activation::sigmoid;

/// Configuration of a [`Gate`].
#[derive(Config, Debug)]
pub struct GateConfig {
    /// What comes out.
    pub output: Irreps,
}

impl GateConfig {
    /// What has to come in: all scalars of the output and one more for each of its other channels, in one block, then
    /// the other blocks.
    pub fn input(&self) -> Result<Irreps, LayerError> {
        let others = self.output.filter(|irrep| !irrep.is_scalar());
        let scalars = Block {
            multiplicity: self.output.count(),
            irrep: Irrep::SCALAR,
        };
        let blocks = std::iter::once(scalars).chain(others.blocks().iter().copied());
        Ok(Irreps::new(blocks)?)
    }

    /// Checks that the input, which is larger than the output, isn't too large.
    pub fn validate(&self) -> Result<(), LayerError> {
        self.input().map(|_| ())
    }

    /// Builds the layer. It has no parameters and lives on no device.
    ///
    /// # Panics
    /// Where [`validate`](Self::validate) returns an error.
    pub fn init(&self) -> Gate {
        self.try_init()
            .unwrap_or_else(|error| panic!("Gate: {error}"))
    }

    /// Builds the layer, or says what [`validate`](Self::validate) finds wrong.
    pub fn try_init(&self) -> Result<Gate, LayerError> {
        let input = self.input()?;
        Ok(Gate {
            #[cfg(feature = "flex")]
            plan: std::sync::Arc::new(super::plan::gate(&input, &self.output)),
            input,
            output: self.output.clone(),
        })
    }
}

/// Applies SiLU to scalars and scales everything else by sigmoids of scalars.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::steerable::GateConfig;
///
/// let gate = GateConfig::new("8x0e+4x1o".parse()?).init();
/// assert_eq!(gate.to_string(), "12x0e+4x1o → 8x0e+4x1o");
/// let input = Tensor::<2>::ones([5, 24], &Device::flex());
/// assert_eq!(gate.forward(input).dims(), [5, 20]);
/// # Ok::<(), gcnn_layers::LayerError>(())
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct Gate {
    #[module(skip)]
    input: Irreps,
    #[module(skip)]
    output: Irreps,
    #[cfg(feature = "flex")]
    #[module(skip)]
    plan: std::sync::Arc<gcnn_cpu::tensor_product::GatePlan>,
}

impl ModuleDisplay for Gate {
    fn format(&self, _: DisplaySettings) -> String {
        format!("{} → {}", self.input, self.output)
    }
}

impl Gate {
    /// What comes in: scalars, the gates after them, then what is gated.
    pub fn input_irreps(&self) -> &Irreps {
        &self.input
    }

    /// What comes out.
    pub fn output_irreps(&self) -> &Irreps {
        &self.output
    }

    /// # Shapes
    /// - input: `[rows, input]`
    /// - output: `[rows, output]`
    ///
    /// # Panics
    /// If the input has another width.
    pub fn forward(&self, input: Tensor<2>) -> Tensor<2> {
        expect_features("the input of a gate", &self.input, &input);
        let rows = input.dims()[0];
        if self.output.is_empty() || rows == 0 {
            return input.narrow(1, 0, self.output.dim());
        }
        #[cfg(feature = "flex")]
        if gcnn_cpu::supports(&input) {
            return gcnn_cpu::tensor_product::gate(input, self.plan.clone());
        }
        self.plain(input)
    }

    /// With the backend's own operations. There are rows.
    pub(super) fn plain(&self, input: Tensor<2>) -> Tensor<2> {
        let rows = input.dims()[0];
        let mut scalar = 0;
        let mut gate = self.output.multiplicity(Irrep::SCALAR);
        let mut gated = placed(&self.input).skip(1);
        let outputs = self.output.blocks().iter().map(|out| {
            let take = |start: usize| {
                let scalars = input.clone().narrow(1, start, out.multiplicity);
                scalars.reshape([rows, 1, out.multiplicity])
            };
            if out.irrep.is_scalar() {
                scalar += out.multiplicity;
                let scalars = take(scalar - out.multiplicity);
                return scalars.clone() * sigmoid(scalars) * SILU_SCALE;
            }
            gate += out.multiplicity;
            let gates = sigmoid(take(gate - out.multiplicity)) * SIGMOID_SCALE;
            match gated.next() {
                Some((of, range)) => block(&input, of, range) * gates,
                None => gates,
            }
        });
        join(outputs.collect())
    }
}
