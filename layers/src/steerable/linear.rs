//! Steerable linear layer: channels of the same irrep mix.
//!
//! ```text
//! out_l = W_l x_l + bias (0e only),     W, bias ~ U(±1/√fan_in)
//! ```
//!
//! By Schur's lemma there is no other linear equivariant map. It is the tensor product with the attribute 1.

use super::layout::{block, expect_features, join, mix, placed};
use super::paths::{Paths, ProductPath};
use super::tensor_product::{TensorProduct, TensorProductConfig};
use crate::irreps::{Irrep, Irreps};
use crate::mark::Mark;
use crate::{LayerError, Parameters, expect};
use burn::module::{DisplaySettings, ModuleDisplay, Param};
use burn::prelude::*;

/// Configuration of a [`SteerableLinear`].
#[derive(Config, Debug)]
pub struct SteerableLinearConfig {
    /// What comes in.
    pub input: Irreps,
    /// What comes out.
    pub output: Irreps,
    /// Whether scalars (`0e`) of the output get a bias.
    #[config(default = true)]
    pub bias: bool,
}

impl SteerableLinearConfig {
    fn product(&self) -> Result<TensorProductConfig, LayerError> {
        let one = Irreps::repeat(1, Irrep::SCALAR)?;
        let config = TensorProductConfig::new(self.input.clone(), one, self.output.clone());
        Ok(config.with_bias(self.bias))
    }

    /// Checks that the input has every irrep of the output.
    pub fn validate(&self) -> Result<(), LayerError> {
        match self.product()?.validate() {
            Err(LayerError::Unreachable {
                block,
                output,
                input,
                ..
            }) => Err(LayerError::NotInInput {
                block,
                output,
                input,
            }),
            result => result,
        }
    }

    /// What the layer learns, by name and shape; nothing is made for it.
    pub fn parameters(&self) -> Result<Parameters, LayerError> {
        self.validate()?;
        self.product()?.parameters()
    }

    /// Builds the layer, with weights drawn as the module's formula says.
    ///
    /// # Panics
    /// Where [`validate`](Self::validate) returns an error.
    pub fn init(&self, device: &Device) -> SteerableLinear {
        self.try_init(device)
            .unwrap_or_else(|error| panic!("SteerableLinear: {error}"))
    }

    /// Builds the layer, or says what [`validate`](Self::validate) finds wrong.
    pub fn try_init(&self, device: &Device) -> Result<SteerableLinear, LayerError> {
        self.validate()?;
        let TensorProduct {
            weight,
            bias,
            paths,
            ..
        } = self.product()?.try_init(device)?;
        let of = format!("{} → {}", self.input, self.output);
        Ok(SteerableLinear {
            weight,
            bias,
            mark: Mark::new(of, device),
            paths,
        })
    }
}

/// Mixes channels of the same irrep.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::steerable::SteerableLinearConfig;
///
/// let device = Device::flex();
/// let linear = SteerableLinearConfig::new("8x0e+8x1o".parse()?, "1x1o".parse()?).init(&device);
/// assert_eq!(linear.to_string(), "8x0e+8x1o → 1x1o");
/// assert_eq!(linear.forward(Tensor::ones([5, 32], &device)).dims(), [5, 3]);
/// # Ok::<(), gcnn_layers::LayerError>(())
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct SteerableLinear {
    /// The weights of all [`paths`](Self::paths), `[weights]`.
    pub weight: Param<Tensor<1>>,
    /// The biases of the scalars among the output, `[scalars]`.
    pub bias: Option<Param<Tensor<1>>>,
    mark: Mark,
    #[module(skip)]
    paths: std::sync::Arc<Paths>,
}

impl ModuleDisplay for SteerableLinear {
    fn format(&self, _: DisplaySettings) -> String {
        format!("{} → {}", self.paths.input, self.paths.output)
    }
}

impl SteerableLinear {
    /// What comes in.
    pub fn input_irreps(&self) -> &Irreps {
        &self.paths.input
    }

    /// What comes out.
    pub fn output_irreps(&self) -> &Irreps {
        &self.paths.output
    }

    /// Which blocks are connected, with the place of their weights (the attribute is always 0).
    pub fn paths(&self) -> &[ProductPath] {
        &self.paths.list
    }

    /// # Shapes
    /// - input: `[rows, input]`
    /// - output: `[rows, output]`
    ///
    /// # Panics
    /// If the input has another width, or numbers of another type than the weights.
    pub fn forward(&self, input: Tensor<2>) -> Tensor<2> {
        let paths = &*self.paths;
        expect_features(
            "the input of a steerable linear layer",
            &paths.input,
            &input,
        );
        let own = self.weight.val().dtype();
        expect::numbers("SteerableLinear", own, input.dtype());
        let rows = input.dims()[0];
        if rows == 0 || paths.output.is_empty() {
            return Tensor::zeros([rows, paths.output.dim()], (&input.device(), input.dtype()));
        }
        let inputs: Vec<_> = placed(&paths.input)
            .map(|(of, range)| block(&input, of, range))
            .collect();
        let weight = self.weight.val();
        let biases = paths.bias_ranges();
        let outputs = paths
            .output
            .blocks()
            .iter()
            .enumerate()
            .map(|(number, out)| {
                let into = paths.list.iter().filter(|path| path.output == number);
                let blocks: Vec<_> = into.map(|path| inputs[path.input].clone()).collect();
                let matrix = weight
                    .clone()
                    .slice([paths.matrices[number].clone()])
                    .reshape([paths.fan_in[number], out.multiplicity]);
                let mixed = mix(Tensor::cat(blocks, 2), matrix);
                match (&self.bias, &biases[number]) {
                    (Some(bias), Some(range)) => {
                        let bias = bias.val().slice([range.clone()]);
                        mixed + bias.reshape([1, 1, out.multiplicity])
                    }
                    _ => mixed,
                }
            });
        join(outputs.collect())
    }
}
