//! The fully connected tensor product: every irrep of the input meets every irrep of the attributes.
//!
//! ```text
//! out_l = √(2l+1) · Σ_paths W · C(x, a) + bias (0e only)            C: Clebsch-Gordan, of unit norm
//! W, bias ~ U(±1/√fan_in),   fan_in = Σ over the paths into the block of multiplicity · multiplicity
//! ```
//!
//! The product of a and x with C costs little; the mixing of channels by W is where the work is. x is contracted with a
//! first and channels are mixed after, so that the weights are shared by all rows and none are made per row: for each
//! output block one matrix product `[rows · (2l+1), fan_in] × [fan_in, channels]`.
//!
//! Where features are gathered from nodes to (more) edges, mixing can also come first, at the nodes, and
//! [`TensorProduct::forward_gathered`] does that where it is cheaper: both orders are the same sum.
//! Source: Brandstetter et al. 2022, section 3; normalisation as in their published code.

use super::attributes::Attributes;
use super::gathered::GatheredInput;
use super::layout::{block, expect_features, join, mix, placed};
use super::paths::{Paths, ProductPath};
use crate::irreps::Irreps;
use crate::mark::Mark;
use crate::{LayerError, Parameters, expect};
use burn::module::{DisplaySettings, ModuleDisplay, Param};
use burn::prelude::*;
use burn::tensor::Distribution;
use std::sync::Arc;

/// Configuration of a [`TensorProduct`].
#[derive(Config, Debug)]
pub struct TensorProductConfig {
    /// What comes in.
    pub input: Irreps,
    /// What it is multiplied by.
    pub attributes: Irreps,
    /// What comes out.
    pub output: Irreps,
    /// Whether scalars (`0e`) of the output get a bias.
    #[config(default = true)]
    pub bias: bool,
}

impl TensorProductConfig {
    /// Checks that every block of the output can be reached.
    pub fn validate(&self) -> Result<(), LayerError> {
        self.paths().map(|_| ())
    }

    fn paths(&self) -> Result<Paths, LayerError> {
        Paths::new(&self.input, &self.attributes, &self.output)
    }

    /// What the layer learns, by name and shape; nothing is made for it.
    pub fn parameters(&self) -> Result<Parameters, LayerError> {
        let paths = self.paths()?;
        let own = Parameters::new().with("weight", [paths.weights()]);
        Ok(match self.bias && paths.biases() > 0 {
            true => own.with("bias", [paths.biases()]),
            false => own,
        })
    }

    /// Builds the layer, with weights drawn as the module's formula says.
    ///
    /// # Panics
    /// Where [`validate`](Self::validate) returns an error.
    pub fn init(&self, device: &Device) -> TensorProduct {
        self.try_init(device)
            .unwrap_or_else(|error| panic!("TensorProduct: {error}"))
    }

    /// Builds the layer, or says what [`validate`](Self::validate) finds wrong.
    pub fn try_init(&self, device: &Device) -> Result<TensorProduct, LayerError> {
        let paths = self.paths()?;
        let draw = |count: usize, fan_in: usize| {
            let bound = 1.0 / (fan_in as f64).sqrt();
            Tensor::<1>::random([count], Distribution::Uniform(-bound, bound), device)
        };
        let matrices = paths.matrices.iter().zip(&paths.fan_in);
        let weights = matrices
            .map(|(range, &fan_in)| draw(range.len(), fan_in))
            .collect();
        let ranges = paths.bias_ranges();
        let biases: Vec<_> = ranges
            .iter()
            .zip(&paths.fan_in)
            .filter_map(|(range, &fan_in)| Some(draw(range.clone()?.len(), fan_in)))
            .collect();
        let bias =
            (self.bias && paths.biases() > 0).then(|| Param::from_tensor(Tensor::cat(biases, 0)));
        let of = format!("{} ⊗ {} → {}", self.input, self.attributes, self.output);
        Ok(TensorProduct {
            weight: Param::from_tensor(concatenate(weights, device)),
            bias,
            mark: Mark::new(of, device),
            paths: Arc::new(paths),
            #[cfg(feature = "flex")]
            plans: Arc::default(),
        })
    }
}

fn concatenate(parts: Vec<Tensor<1>>, device: &Device) -> Tensor<1> {
    if parts.is_empty() {
        return Tensor::zeros([0], device);
    }
    Tensor::cat(parts, 0)
}

/// Multiplies steerable features by attributes and mixes the channels of what comes out.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::irreps::Irreps;
/// use gcnn_layers::steerable::{Attributes, SphericalHarmonicsConfig, TensorProductConfig};
///
/// let device = Device::flex();
/// let (input, output): (Irreps, Irreps) = ("8x0e+8x1o".parse()?, "16x0e+8x1o".parse()?);
/// let harmonics = SphericalHarmonicsConfig::new(1).init();
/// let product = TensorProductConfig::new(input, harmonics.irreps().clone(), output).init(&device);
/// assert_eq!(product.to_string(), "8x0e+8x1o ⊗ 1x0e+1x1o → 16x0e+8x1o");
///
/// let directions = Tensor::<2>::from_floats([[1., 0., 0.], [0., 3., 4.]], &device);
/// let attributes = Attributes::new(harmonics.irreps(), harmonics.forward(directions))?;
/// let features = Tensor::<2>::ones([2, 8 + 24], &device);
/// assert_eq!(product.forward(features, &attributes).dims(), [2, 16 + 24]);
/// # Ok::<(), gcnn_layers::LayerError>(())
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct TensorProduct {
    /// The weights of all [`paths`](Self::paths), `[weights]`.
    pub weight: Param<Tensor<1>>,
    /// The biases of the scalars among the output, `[scalars]`.
    pub bias: Option<Param<Tensor<1>>>,
    pub(super) mark: Mark,
    #[module(skip)]
    pub(super) paths: Arc<Paths>,
    #[cfg(feature = "flex")]
    #[module(skip)]
    pub(super) plans: Arc<super::fused::Plans>,
}

impl ModuleDisplay for TensorProduct {
    fn format(&self, _: DisplaySettings) -> String {
        let Paths {
            input,
            attributes,
            output,
            ..
        } = &*self.paths;
        format!("{input} ⊗ {attributes} → {output}")
    }
}

impl TensorProduct {
    /// What comes in.
    pub fn input_irreps(&self) -> &Irreps {
        &self.paths.input
    }

    /// What it is multiplied by.
    pub fn attribute_irreps(&self) -> &Irreps {
        &self.paths.attributes
    }

    /// What comes out.
    pub fn output_irreps(&self) -> &Irreps {
        &self.paths.output
    }

    /// All paths in the order of input, attribute and output blocks, with the place of their weights.
    pub fn paths(&self) -> &[ProductPath] {
        &self.paths.list
    }

    /// # Shapes
    /// - input: `[rows, input]`
    /// - attributes: `[rows, attributes]`
    /// - output: `[rows, output]`
    ///
    /// # Panics
    /// If input or attributes are of other irreps, have another number of rows, or numbers of another type than the weights.
    pub fn forward(&self, input: Tensor<2>, attributes: &Attributes) -> Tensor<2> {
        self.expect_attributes(attributes);
        expect_features("the input of a tensor product", &self.paths.input, &input);
        self.expect_numbers(&input);
        let rows = input.dims()[0];
        assert_eq!(
            rows,
            attributes.rows(),
            "a tensor product got {rows} rows of features and {} of attributes",
            attributes.rows()
        );
        if rows == 0 || self.paths.output.is_empty() {
            return Tensor::zeros(
                [rows, self.paths.output.dim()],
                (&input.device(), input.dtype()),
            );
        }
        #[cfg(feature = "flex")]
        if super::fused::supports(&[&input, attributes.tensor()], &self.parameters()) {
            let (weight, bias) = (self.weight.val(), self.bias.as_ref().map(Param::val));
            let bias = bias.as_ref();
            let product = super::fused::Product {
                paths: &self.paths,
                plans: &self.plans,
            };
            return product.forward(input, attributes, &weight, bias);
        }
        self.plain(input, attributes)
    }

    /// [`forward`](Self::forward) of the inputs side by side, each gathered to the edges first, without building that.
    ///
    /// # Shapes
    /// - inputs: `[edges or nodes, …]`, together the layer's input irreps, block by block
    /// - attributes: `[edges, attributes]`
    /// - output: `[edges, output]`
    ///
    /// # Panics
    /// As [`forward`](Self::forward).
    pub fn forward_gathered(
        &self,
        inputs: &[GatheredInput<'_>],
        attributes: &Attributes,
    ) -> Tensor<2> {
        let blocks = inputs.iter().flat_map(|input| input.irreps.blocks());
        assert!(
            blocks.eq(self.paths.input.blocks()),
            "a tensor product of {} got {}",
            self.paths.input,
            inputs
                .iter()
                .map(|input| input.irreps.to_string())
                .collect::<Vec<_>>()
                .join(" and ")
        );
        for input in inputs {
            expect_features(
                "an input of a tensor product",
                input.irreps,
                &input.features,
            );
            self.expect_numbers(&input.features);
        }
        #[cfg(feature = "flex")]
        {
            let rows = inputs.iter().all(|input| input.features.dims()[0] > 0);
            let mut tensors: Vec<_> = inputs.iter().map(|input| &input.features).collect();
            tensors.push(attributes.tensor());
            if rows
                && attributes.rows() > 0
                && !self.paths.output.is_empty()
                && super::fused::supports(&tensors, &self.parameters())
            {
                self.expect_attributes(attributes);
                for input in inputs {
                    let rows = match input.rows {
                        Some(rows) => rows.readers,
                        None => input.features.dims()[0],
                    };
                    assert_eq!(
                        rows,
                        attributes.rows(),
                        "a tensor product got {rows} rows of features and {} of attributes",
                        attributes.rows()
                    );
                    if let Some(rows) = input.rows {
                        rows.expect_rows(input.features.dims()[0]);
                    }
                }
                let (weight, bias) = (self.weight.val(), self.bias.as_ref().map(Param::val));
                let bias = bias.as_ref();
                let product = super::fused::Product {
                    paths: &self.paths,
                    plans: &self.plans,
                };
                return product.forward_gathered(inputs, attributes, &weight, bias);
            }
        }
        let gathered = inputs.iter().map(|input| match input.rows {
            None => input.features.clone(),
            Some(rows) => rows.gather(input.features.clone()),
        });
        let gathered: Vec<_> = gathered.collect();
        if gathered.is_empty() {
            let none = attributes.tensor().clone().narrow(1, 0, 0);
            return self.forward(none, attributes);
        }
        self.forward(Tensor::cat(gathered, 1), attributes)
    }

    #[cfg(feature = "flex")]
    fn parameters(&self) -> Vec<Tensor<1>> {
        let bias = self.bias.iter().map(Param::val);
        std::iter::once(self.weight.val()).chain(bias).collect()
    }

    fn expect_numbers(&self, input: &Tensor<2>) {
        let own = self.weight.val().dtype();
        expect::numbers("TensorProduct", own, input.dtype());
    }

    fn expect_attributes(&self, attributes: &Attributes) {
        let found = attributes.tensor().dtype();
        let own = self.weight.val().dtype();
        expect::numbers("TensorProduct (attributes)", own, found);
        assert!(
            *attributes.irreps() == self.paths.attributes,
            "a tensor product with {} got {} as attributes",
            self.paths.attributes,
            attributes.irreps()
        );
    }

    /// With the backend's own operations.
    pub(super) fn plain(&self, input: Tensor<2>, attributes: &Attributes) -> Tensor<2> {
        let paths = &*self.paths;
        let inputs: Vec<Tensor<3>> = placed(&paths.input)
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
                let contracted = into.flat_map(|path| {
                    let from = paths.input.blocks()[path.input].irrep.degree();
                    let channels = paths.attributes.blocks()[path.attribute].multiplicity;
                    let input = &inputs[path.input];
                    (0..channels).map(move |channel| {
                        let to = out.irrep.degree();
                        let matrix = attributes.contracted(from, path.attribute, channel, to);
                        contract(matrix, input.clone())
                    })
                });
                let contracted = Tensor::cat(contracted.collect(), 2);
                let matrix = weight
                    .clone()
                    .slice([paths.matrices[number].clone()])
                    .reshape([paths.fan_in[number], out.multiplicity]);
                let mixed = mix(contracted, matrix);
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

/// Σ_i M_ki x_i for each channel: `[rows, k, i]` and `[rows, i, channels]` to `[rows, k, channels]`. Small sums as
/// elementwise products: a batch of tiny matrix products costs more.
fn contract(matrix: Tensor<3>, input: Tensor<3>) -> Tensor<3> {
    let [_, to, from] = matrix.dims();
    if from == 1 {
        return matrix * input;
    }
    if to == 1 {
        return (matrix.swap_dims(1, 2) * input).sum_dim(1);
    }
    matrix.matmul(input)
}
