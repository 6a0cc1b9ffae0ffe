//! Steerable multilayer perceptron: tensor products with the same attributes, gates between them.
//!
//! ```text
//! x ↦ TP_a(gate(TP_a( … gate(TP_a(x)))))            TP_a: tensor product with the attributes a
//! ```
//!
//! Source: Brandstetter et al. 2022, section 3.

use super::attributes::Attributes;
use super::gate::{Gate, GateConfig};
use super::gathered::GatheredInput;
use super::tensor_product::{TensorProduct, TensorProductConfig};
use crate::irreps::Irreps;
use crate::{LayerError, Parameters};
use burn::prelude::*;

/// Configuration of a [`SteerableMlp`].
#[derive(Config, Debug)]
pub struct SteerableMlpConfig {
    /// What comes in.
    pub input: Irreps,
    /// What steers.
    pub attributes: Irreps,
    /// What is between the layers, after the gate.
    pub hidden: Irreps,
    /// What comes out.
    pub output: Irreps,
    /// Number of layers before the last one, each with a gate.
    #[config(default = 1)]
    pub hidden_layers: usize,
    /// Whether the last layer has a gate too.
    #[config(default = false)]
    pub gated_output: bool,
}

impl SteerableMlpConfig {
    fn layers(&self) -> Result<Vec<(TensorProductConfig, Option<GateConfig>)>, LayerError> {
        let mut input = &self.input;
        let mut layers = Vec::with_capacity(self.hidden_layers + 1);
        for number in 0..=self.hidden_layers {
            let last = number == self.hidden_layers;
            let output = if last { &self.output } else { &self.hidden };
            let gate = (!last || self.gated_output).then(|| GateConfig::new(output.clone()));
            let before_gate = match &gate {
                Some(gate) => gate.input()?,
                None => output.clone(),
            };
            let product =
                TensorProductConfig::new(input.clone(), self.attributes.clone(), before_gate);
            product.validate()?;
            layers.push((product, gate));
            input = output;
        }
        Ok(layers)
    }

    /// Checks that every layer's output can be reached.
    pub fn validate(&self) -> Result<(), LayerError> {
        self.layers().map(|_| ())
    }

    /// What the layers learn, by name and shape; nothing is made for it.
    pub fn parameters(&self) -> Result<Parameters, LayerError> {
        let mut all = Parameters::new();
        for (number, (product, _)) in self.layers()?.into_iter().enumerate() {
            let field = format_args!("layers.{number}.product");
            all = all.with_module(field, product.parameters()?);
        }
        Ok(all)
    }

    /// Builds the layers.
    ///
    /// # Panics
    /// Where [`validate`](Self::validate) returns an error.
    pub fn init(&self, device: &Device) -> SteerableMlp {
        self.try_init(device)
            .unwrap_or_else(|error| panic!("SteerableMlp: {error}"))
    }

    /// Builds the layers, or says what [`validate`](Self::validate) finds wrong.
    pub fn try_init(&self, device: &Device) -> Result<SteerableMlp, LayerError> {
        let layers = self.layers()?.into_iter().map(|(product, gate)| {
            Ok(GatedProduct {
                product: product.try_init(device)?,
                gate: gate.map(|gate| gate.try_init()).transpose()?,
            })
        });
        let layers = layers.collect::<Result<_, LayerError>>()?;
        Ok(SteerableMlp { layers })
    }
}

/// Tensor products with gates between them, all steered by the same attributes.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::irreps::Irreps;
/// use gcnn_layers::steerable::{Attributes, SphericalHarmonicsConfig, SteerableMlpConfig};
///
/// let device = Device::flex();
/// let harmonics = SphericalHarmonicsConfig::new(2).init();
/// let (input, hidden): (Irreps, Irreps) = ("1x0e+2x1o".parse()?, "16x0e+8x1o+4x2e".parse()?);
/// let mlp = SteerableMlpConfig::new(input, harmonics.irreps().clone(), hidden, "1x1o".parse()?)
///     .with_hidden_layers(2)
///     .init(&device);
///
/// let directions = Tensor::<2>::from_floats([[1., 0., 0.], [0., 3., 4.]], &device);
/// let attributes = Attributes::new(harmonics.irreps(), harmonics.forward(directions))?;
/// assert_eq!(mlp.forward(Tensor::ones([2, 7], &device), &attributes).dims(), [2, 3]);
/// # Ok::<(), gcnn_layers::LayerError>(())
/// ```
#[derive(Module, Debug)]
pub struct SteerableMlp {
    /// The layers, first to last.
    pub layers: Vec<GatedProduct>,
}

/// A layer of a [`SteerableMlp`].
#[derive(Module, Debug)]
pub struct GatedProduct {
    /// The product with the attributes.
    pub product: TensorProduct,
    /// The nonlinearity, if the layer has one.
    pub gate: Option<Gate>,
}

impl GatedProduct {
    /// [`TensorProduct::forward`], then the gate.
    pub fn forward(&self, input: Tensor<2>, attributes: &Attributes) -> Tensor<2> {
        self.finish(self.product.forward(input, attributes))
    }

    /// [`TensorProduct::forward_gathered`], then the gate.
    pub fn forward_gathered(
        &self,
        inputs: &[GatheredInput<'_>],
        attributes: &Attributes,
    ) -> Tensor<2> {
        self.finish(self.product.forward_gathered(inputs, attributes))
    }

    fn finish(&self, product: Tensor<2>) -> Tensor<2> {
        match &self.gate {
            Some(gate) => gate.forward(product),
            None => product,
        }
    }
}

impl SteerableMlp {
    /// # Shapes
    /// - input: `[rows, input]`
    /// - attributes: `[rows, attributes]`
    /// - output: `[rows, output]`
    pub fn forward(&self, input: Tensor<2>, attributes: &Attributes) -> Tensor<2> {
        let layers = self.layers.iter();
        layers.fold(input, |features, layer| layer.forward(features, attributes))
    }

    /// [`forward`](Self::forward) of several inputs side by side, gathered to the edges: see
    /// [`TensorProduct::forward_gathered`].
    pub fn forward_gathered(
        &self,
        inputs: &[GatheredInput<'_>],
        attributes: &Attributes,
    ) -> Tensor<2> {
        // A network has a layer at least: the configuration counts those before the last.
        let first = self.layers[0].forward_gathered(inputs, attributes);
        let rest = self.layers[1..].iter();
        rest.fold(first, |features, layer| layer.forward(features, attributes))
    }
}
