//! Steerable kernels: the linear maps along an edge that commute with O(3).
//!
//! ```text
//! k(h_j)  = σ(s_ij) ∘ TP(ρ(s_ij) ∘ h_j | Y(x_j − x_i))            s_ij = (‖x_j − x_i‖, q_i q_j)
//! ```
//!
//! Such a map is made of tensor products with spherical harmonics of the direction, with weights W(s) that depend on
//! invariants of the edge alone. Here W(s) = diag(σ(s)) W diag(ρ(s)): a network of s scales every channel before and
//! after one product whose weights all edges share, so that no weight matrix is made for any edge. The scales start near 1.
//! Source of the form: Thomas et al. 2018 (tensor field networks), equation 10.

use burn::nn::{Linear, LinearConfig};
use burn::prelude::*;
use burn::tensor::activation::silu;
use gcnn_layers::irreps::{Block, Irreps};
use gcnn_layers::steerable::{
    Attributes, SteerableLinear, SteerableLinearConfig, TensorProduct, TensorProductConfig,
};
use gcnn_layers::{GraphTensors, Parameters};

use super::steering::{EDGE_SCALARS, displacement_irreps};
use crate::ModelError;
use crate::error::steerable;

/// The product of a kernel between these features.
fn product(
    input: &Irreps,
    harmonics: &Irreps,
    output: &Irreps,
) -> Result<TensorProductConfig, ModelError> {
    let product = TensorProductConfig::new(input.clone(), harmonics.clone(), output.clone());
    product.validate().map_err(steerable("a kernel"))?;
    Ok(product.with_bias(false))
}

/// A linear map along edges. See the module's page.
#[derive(Module, Debug)]
pub struct SteerableKernel {
    hidden: Linear,
    scales: Linear,
    product: TensorProduct,
}

impl SteerableKernel {
    /// Checks that the kernel reaches all of its output.
    pub(super) fn validate(
        input: &Irreps,
        harmonics: &Irreps,
        output: &Irreps,
    ) -> Result<(), ModelError> {
        product(input, harmonics, output).map(|_| ())
    }

    /// What the kernel learns, by name and shape.
    pub(super) fn parameters(
        input: &Irreps,
        harmonics: &Irreps,
        output: &Irreps,
        radial_hidden: usize,
    ) -> Result<Parameters, ModelError> {
        let scales = input.count() + output.count();
        let product = product(input, harmonics, output)?.parameters();
        Ok(Parameters::new()
            .with_module(
                "hidden",
                Parameters::linear(EDGE_SCALARS, radial_hidden, true),
            )
            .with_module("scales", Parameters::linear(radial_hidden, scales, true))
            .with_module("product", product.map_err(steerable("a kernel"))?))
    }

    pub(super) fn new(
        input: &Irreps,
        harmonics: &Irreps,
        output: &Irreps,
        radial_hidden: usize,
        device: &Device,
    ) -> Result<Self, ModelError> {
        let scales = input.count() + output.count();
        Ok(Self {
            hidden: LinearConfig::new(EDGE_SCALARS, radial_hidden).init(device),
            scales: LinearConfig::new(radial_hidden, scales).init(device),
            product: product(input, harmonics, output)?.init(device),
        })
    }

    /// What a node sends along each edge.
    ///
    /// # Shapes
    /// - features: `[nodes, input]`
    /// - scalars: `[edges, 2]`
    /// - output: `[edges, output]`
    pub(super) fn forward(
        &self,
        graph: &GraphTensors,
        features: Tensor<2>,
        scalars: Tensor<2>,
        directions: &Attributes,
    ) -> Tensor<2> {
        let (input, output) = (self.product.input_irreps(), self.product.output_irreps());
        let scales = self.scales.forward(silu(self.hidden.forward(scalars))) + 1.0;
        let before = scales.clone().narrow(1, 0, input.count());
        let after = scales.narrow(1, input.count(), output.count());
        let sent = scale_channels(input, graph.gather_sources(features), before);
        scale_channels(output, self.product.forward(sent, directions), after)
    }
}

/// Multiplies every channel by a factor of its own: `[rows, dim]` by `[rows, channels]`.
pub(super) fn scale_channels(
    irreps: &Irreps,
    features: Tensor<2>,
    factors: Tensor<2>,
) -> Tensor<2> {
    let rows = features.dims()[0];
    let mut channel = 0;
    let scaled = irreps
        .blocks()
        .iter()
        .zip(irreps.slices())
        .map(|(of, range)| {
            let (components, count) = (of.irrep.dim(), of.multiplicity);
            let factor = factors.clone().narrow(1, channel, count);
            channel += count;
            let block = features
                .clone()
                .slice([0..rows, range])
                .reshape([rows, components, count]);
            (block * factor.unsqueeze_dim(1)).reshape([rows, components * count])
        });
    join(scaled.collect(), &features)
}

/// For every channel the inner product of two features, `[rows, dim]` twice to `[rows, channels]`.
pub(super) fn channel_products(irreps: &Irreps, left: Tensor<2>, right: Tensor<2>) -> Tensor<2> {
    let rows = left.dims()[0];
    let products = left * right;
    let sums = irreps
        .blocks()
        .iter()
        .zip(irreps.slices())
        .map(|(of, range)| {
            let (components, count) = (of.irrep.dim(), of.multiplicity);
            let block = products.clone().slice([0..rows, range]);
            block
                .reshape([rows, components, count])
                .sum_dim(1)
                .reshape([rows, count])
        });
    join(sums.collect(), &products)
}

fn join(parts: Vec<Tensor<2>>, like: &Tensor<2>) -> Tensor<2> {
    match parts.is_empty() {
        true => like.clone().narrow(1, 0, 0),
        false => Tensor::cat(parts, 1),
    }
}

/// Mixes channels of the same irrep, and leaves those of the output that the input doesn't have at zero: what a node keeps
/// of itself, beside what others send.
#[derive(Module, Debug)]
pub struct SelfInteraction {
    linear: SteerableLinear,
    #[module(skip)]
    output: Irreps,
}

impl SelfInteraction {
    fn linear(input: &Irreps, output: &Irreps) -> Result<SteerableLinearConfig, ModelError> {
        let known = output.filter(|irrep| input.contains(irrep));
        let linear = SteerableLinearConfig::new(input.clone(), known);
        linear.validate().map_err(steerable("self-interaction"))?;
        Ok(linear)
    }

    /// Checks that the irreps can be made.
    pub(super) fn validate(input: &Irreps, output: &Irreps) -> Result<(), ModelError> {
        Self::linear(input, output).map(|_| ())
    }

    /// What the layer learns, by name and shape.
    pub(super) fn parameters(input: &Irreps, output: &Irreps) -> Result<Parameters, ModelError> {
        let linear = Self::linear(input, output)?.parameters();
        let linear = linear.map_err(steerable("self-interaction"))?;
        Ok(Parameters::new().with_module("linear", linear))
    }

    pub(super) fn new(
        input: &Irreps,
        output: &Irreps,
        device: &Device,
    ) -> Result<Self, ModelError> {
        Ok(Self {
            linear: Self::linear(input, output)?.init(device),
            output: output.clone(),
        })
    }

    /// # Shapes
    /// - features: `[nodes, input]`
    /// - output: `[nodes, output]`
    pub(super) fn forward(&self, features: Tensor<2>) -> Tensor<2> {
        let known = self.linear.output_irreps();
        let mixed = self.linear.forward(features);
        if *known == self.output {
            return mixed;
        }
        let rows = mixed.dims()[0];
        let mut next = known.slices().into_iter();
        let parts = self.output.blocks().iter().map(|block| {
            let range = known.contains(block.irrep).then(|| next.next()).flatten();
            match range {
                Some(range) => mixed.clone().slice([0..rows, range]),
                None => Tensor::zeros([rows, block.dim()], (&mixed.device(), mixed.dtype())),
            }
        });
        join(parts.collect(), &mixed)
    }
}

/// The linear map of a node's own features to `1x1o`, the displacement.
pub(super) fn displacement_head(hidden: &Irreps) -> Result<SteerableLinearConfig, ModelError> {
    let head = SteerableLinearConfig::new(hidden.clone(), displacement_irreps()?);
    head.validate().map_err(steerable("the output"))?;
    Ok(head)
}

/// `<n>x0e+<n>x1o+<n>x2e+…`: equally many of the irreps of all harmonics up to a degree.
pub(super) fn all_degrees(channels: usize, l_max: usize) -> Result<Irreps, ModelError> {
    let named = || steerable("the hidden features");
    let one = Irreps::spherical_harmonics(l_max).map_err(|error| named()(error.into()))?;
    let blocks = one.blocks().iter().map(|block| Block {
        multiplicity: channels,
        ..*block
    });
    Irreps::new(blocks).map_err(|error| named()(error.into()))
}
