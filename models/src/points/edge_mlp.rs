//! The networks on edges and nodes that message passing models are made of.

use burn::nn::{Initializer, Linear, LinearConfig};
use burn::prelude::*;
use burn::tensor::activation::silu;
use gcnn_layers::{GraphTensors, Parameters};

/// φ(h_i, h_j, e_ij): two linear maps, each followed by SiLU.
///
/// ```text
/// φ = SiLU(W₂ SiLU(W_i h_i + W_j h_j + W_e e_ij + b₁) + b₂)
/// ```
///
/// The first map is one matrix on the concatenation h_i ⊕ h_j ⊕ e_ij, kept in three parts: those of h_i and h_j are
/// applied once a node instead of once an edge, and no concatenation is stored.
#[derive(Module, Debug)]
pub struct EdgeMlp {
    /// W_i with the bias: what the receiving node adds.
    pub target: Linear,
    /// W_j: what the sending node adds.
    pub source: Linear,
    /// W_e: what the edge adds.
    pub edge: Linear,
    /// The second map.
    pub second: Linear,
}

impl EdgeMlp {
    /// What the network learns, by name and shape.
    pub(super) fn parameters(nodes: usize, edges: usize, hidden: usize) -> Parameters {
        Parameters::new()
            .with_module("target", Parameters::linear(nodes, hidden, true))
            .with_module("source", Parameters::linear(nodes, hidden, false))
            .with_module("edge", Parameters::linear(edges, hidden, false))
            .with_module("second", Parameters::linear(hidden, hidden, true))
    }

    pub(super) fn new(nodes: usize, edges: usize, hidden: usize, device: &Device) -> Self {
        // The usual start of a linear map, for the concatenation that the three parts stand for.
        let bound = 1.0 / ((2 * nodes + edges) as f64).sqrt();
        let initializer = Initializer::Uniform {
            min: -bound,
            max: bound,
        };
        let part = |width, bias| {
            LinearConfig::new(width, hidden)
                .with_bias(bias)
                .with_initializer(initializer.clone())
                .init(device)
        };
        Self {
            target: part(nodes, true),
            source: part(nodes, false),
            edge: part(edges, false),
            second: LinearConfig::new(hidden, hidden).init(device),
        }
    }

    /// # Shapes
    /// - nodes: `[nodes, node features]`
    /// - edges: `[edges, edge features]`
    /// - output: `[edges, hidden]`
    pub fn forward(&self, graph: &GraphTensors, nodes: Tensor<2>, edges: Tensor<2>) -> Tensor<2> {
        let first = graph.gather_targets(self.target.forward(nodes.clone()))
            + graph.gather_sources(self.source.forward(nodes))
            + self.edge.forward(edges);
        silu(self.second.forward(silu(first)))
    }
}

/// Two linear maps with SiLU between.
#[derive(Module, Debug)]
pub struct Mlp {
    /// The first map.
    pub first: Linear,
    /// The second map.
    pub second: Linear,
}

impl Mlp {
    /// What the network learns, by name and shape; `bias` is the second map's.
    pub(super) fn parameters(input: usize, hidden: usize, output: usize, bias: bool) -> Parameters {
        Parameters::new()
            .with_module("first", Parameters::linear(input, hidden, true))
            .with_module("second", Parameters::linear(hidden, output, bias))
    }

    pub(super) fn new(input: usize, hidden: usize, output: usize, device: &Device) -> Self {
        Self {
            first: LinearConfig::new(input, hidden).init(device),
            second: LinearConfig::new(hidden, output).init(device),
        }
    }

    /// A network that starts near zero and has no constant term: Xavier's uniform start with gain 0.001. It scales
    /// vectors, and large ones at the start would throw the particles far away.
    pub(super) fn small(hidden: usize, device: &Device) -> Self {
        Self {
            second: small_head(hidden, device),
            ..Self::new(hidden, hidden, 1, device)
        }
    }

    /// # Shapes
    /// - input: `[rows, input]`
    /// - output: `[rows, output]`
    pub fn forward(&self, input: Tensor<2>) -> Tensor<2> {
        self.second.forward(silu(self.first.forward(input)))
    }
}

/// The last map of a network that scales vectors: one output, no bias, and a start near zero.
pub(super) fn small_head(hidden: usize, device: &Device) -> Linear {
    LinearConfig::new(hidden, 1)
        .with_bias(false)
        .with_initializer(Initializer::XavierUniform { gain: 1e-3 })
        .init(device)
}
