//! Instance normalisation of steerable features: statistics of each graph by itself.
//!
//! ```text
//! 0e       out = γ · (x − μ) / √(mean((x − μ)²) + ε) + β
//! others   out = γ · x / √(mean(‖x‖² / (2l+1)) + ε)               a γ for each channel
//! ```
//!
//! with means over the nodes of the graph. The mean of squares over the components of an irrep doesn't change when it
//! turns; a shift would have to turn too, so only scalars have one. A graph of one node has scalars 0 before β.
//! Source: Brandstetter et al. 2022, section 4 (normalisation as in e3nn's batch normalisation, graph by graph).

use super::layout::{block, expect_features, join, placed};
use crate::graph::GraphTensors;
use crate::irreps::{Irrep, Irreps};
use crate::mark::Mark;
use crate::{LayerError, Parameters, expect};
use burn::module::{DisplaySettings, ModuleDisplay, Param};
use burn::prelude::*;

/// Configuration of a [`SteerableInstanceNorm`].
#[derive(Config, Debug)]
pub struct SteerableInstanceNormConfig {
    /// What is normalised.
    pub irreps: Irreps,
    /// Added to the mean of squares, against division by zero.
    #[config(default = 1e-5)]
    pub epsilon: f64,
}

impl SteerableInstanceNormConfig {
    /// Checks the settings.
    pub fn validate(&self) -> Result<(), LayerError> {
        check_epsilon(self.epsilon)
    }

    /// What the layer learns, by name and shape; nothing is made for it.
    pub fn parameters(&self) -> Parameters {
        Parameters::new()
            .with("scale", [self.irreps.count()])
            .with("shift", [self.irreps.multiplicity(Irrep::SCALAR)])
    }

    /// Builds the layer: scale 1, shift 0.
    ///
    /// # Panics
    /// Where [`validate`](Self::validate) returns an error.
    pub fn init(&self, device: &Device) -> SteerableInstanceNorm {
        self.try_init(device)
            .unwrap_or_else(|error| panic!("SteerableInstanceNorm: {error}"))
    }

    /// Builds the layer, or says what [`validate`](Self::validate) finds wrong.
    pub fn try_init(&self, device: &Device) -> Result<SteerableInstanceNorm, LayerError> {
        self.validate()?;
        let scalars = self.irreps.multiplicity(Irrep::SCALAR);
        Ok(SteerableInstanceNorm {
            scale: Param::from_tensor(Tensor::ones([self.irreps.count()], device)),
            shift: Param::from_tensor(Tensor::zeros([scalars], device)),
            mark: Mark::new(&self.irreps, device),
            irreps: self.irreps.clone(),
            epsilon: self.epsilon,
        })
    }
}

pub(super) fn check_epsilon(epsilon: f64) -> Result<(), LayerError> {
    if epsilon.is_finite() && epsilon > 0.0 {
        return Ok(());
    }
    Err(LayerError::OutOfRange {
        what: "the epsilon of a normalisation",
        value: epsilon,
        range: "positive and finite",
    })
}

/// Normalises the features of each graph by their own statistics.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::steerable::SteerableInstanceNormConfig;
/// use gcnn_layers::{Graph, GraphTensors};
///
/// let device = Device::flex();
/// let graph = GraphTensors::new(&Graph::fully_connected(5)?, &device);
/// let norm = SteerableInstanceNormConfig::new("4x0e+4x1o".parse()?).init(&device);
/// assert_eq!(norm.forward(Tensor::ones([5, 16], &device), &graph).dims(), [5, 16]);
/// # Ok::<(), gcnn_layers::LayerError>(())
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct SteerableInstanceNorm {
    /// γ, `[channels]`.
    pub scale: Param<Tensor<1>>,
    /// β of the scalars, `[scalars]`.
    pub shift: Param<Tensor<1>>,
    mark: Mark,
    #[module(skip)]
    irreps: Irreps,
    epsilon: f64,
}

impl ModuleDisplay for SteerableInstanceNorm {
    fn format(&self, _: DisplaySettings) -> String {
        format!("{0} → {0}", self.irreps)
    }
}

impl SteerableInstanceNorm {
    /// # Shapes
    /// - input: `[nodes, irreps]`
    /// - output: the same
    ///
    /// # Panics
    /// If the input has another width or another number of nodes than the graph, or numbers of another type than the
    /// layer.
    pub fn forward(&self, input: Tensor<2>, graph: &GraphTensors) -> Tensor<2> {
        expect_features("the input of a normalisation", &self.irreps, &input);
        let own = self.scale.val().dtype();
        expect::numbers("SteerableInstanceNorm", own, input.dtype());
        let rows = input.dims()[0];
        if rows == 0 || self.irreps.is_empty() {
            return input;
        }
        let centred = centre(&self.irreps, &input, |scalars| {
            graph.gather_graphs(graph.mean_to_graphs(scalars))
        });
        let squares = graph.mean_to_graphs(mean_squares(&centred));
        let factors = graph.gather_graphs((squares + self.epsilon).sqrt().recip());
        scale_and_shift(
            &self.irreps,
            centred,
            factors * self.scale.val().unsqueeze::<2>(),
            self.shift.val(),
        )
    }
}

/// The blocks of features, scalars less the mean that `mean` makes of them (`[rows, multiplicity]` to something that
/// broadcasts to the same).
pub(super) fn centre(
    irreps: &Irreps,
    features: &Tensor<2>,
    mut mean: impl FnMut(Tensor<2>) -> Tensor<2>,
) -> Vec<Tensor<3>> {
    placed(irreps)
        .map(|(of, range)| {
            let block = block(features, of, range);
            if !of.irrep.is_scalar() {
                return block;
            }
            let mean = mean(block.clone().squeeze_dim(1));
            block - mean.unsqueeze_dim::<3>(1)
        })
        .collect()
}

/// The mean of squares over the components of each channel, `[rows, channels]`.
pub(super) fn mean_squares(blocks: &[Tensor<3>]) -> Tensor<2> {
    let squares = blocks
        .iter()
        .map(|block| block.clone().square().mean_dim(1));
    join(squares.collect())
}

/// Multiplies each channel by its factor, `[rows or 1, channels]`, and shifts the scalars.
pub(super) fn scale_and_shift(
    irreps: &Irreps,
    blocks: Vec<Tensor<3>>,
    factors: Tensor<2>,
    shift: Tensor<1>,
) -> Tensor<2> {
    let (mut channel, mut scalar) = (0, 0);
    let scaled = irreps.blocks().iter().zip(blocks).map(|(of, block)| {
        let count = of.multiplicity;
        let factor: Tensor<3> = factors.clone().narrow(1, channel, count).unsqueeze_dim(1);
        channel += count;
        if !of.irrep.is_scalar() {
            return block * factor;
        }
        let shift = shift.clone().narrow(0, scalar, count);
        scalar += count;
        block * factor + shift.reshape([1, 1, count])
    });
    join(scaled.collect())
}
