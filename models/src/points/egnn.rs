//! E(n)-equivariant graph network with velocities: messages are invariant, and only coordinates turn.
//!
//! ```text
//! m_ij = φ_e(h_i, h_j, ‖x_i − x_j‖², a_ij)                      h⁰ = W ‖v‖,  a_ij = (q_i q_j, ‖x_i⁰ − x_j⁰‖²)
//! x_i ← x_i + mean_j (x_i − x_j) φ_x(m_ij) + φ_v(h_i) v_i
//! h_i ← h_i + φ_h(h_i, Σ_j m_ij)
//! ```
//!
//! φ are networks of two linear maps with SiLU between, φ_e with another behind. Two options of the published code have
//! no weights of their own: `tanh` takes tanh φ_x for φ_x, `norm_diff` takes (x_i − x_j) / (‖x_i − x_j‖ + 1) for x_i − x_j
//! where it is pushed along. Source: Satorras, Hoogeboom & Welling 2021, equations 3 to 7, with the settings of the
//! published N-body experiment.

use burn::nn::{Linear, LinearConfig};
use burn::prelude::*;
use gcnn_layers::Parameters;
use serde::{Deserialize, Serialize};

use super::ParticleFeature;
use super::batch::squared_norm;
use super::edge_mlp::{EdgeMlp, Mlp};
use super::{Dynamics, ParticleBatch};
use crate::ModelError;
use crate::limits;

/// Configuration of an [`Egnn`]. The defaults are the published recipe, 134,020 parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct EgnnConfig {
    /// Features of a node and of a message.
    pub hidden: usize,
    /// Rounds of messages.
    pub layers: usize,
    /// Whether an edge pushes by no more than its length, tanh φ_x.
    pub tanh: bool,
    /// Whether edges push along differences of positions that are divided by their length plus one.
    pub norm_diff: bool,
}

impl Default for EgnnConfig {
    fn default() -> Self {
        Self {
            hidden: 64,
            layers: 4,
            tanh: false,
            norm_diff: false,
        }
    }
}

impl EgnnConfig {
    /// Checks that there are layers and features.
    pub fn validate(&self) -> Result<(), ModelError> {
        limits::check_all(&[
            ("hidden", self.hidden, limits::CHANNELS),
            ("layers", self.layers, limits::LAYERS),
        ])
    }

    /// What the model learns, by name and shape. Nothing is made for it.
    pub fn parameters(&self) -> Result<Parameters, ModelError> {
        self.validate()?;
        let hidden = self.hidden;
        let layer = Parameters::new()
            .with_module("edge", EdgeMlp::parameters(hidden, 3, hidden))
            .with_module("node", Mlp::parameters(2 * hidden, hidden, hidden, true))
            .with_module("push", Mlp::parameters(hidden, hidden, 1, false))
            .with_module("velocity", Mlp::parameters(hidden, hidden, 1, true));
        let embedding =
            Parameters::new().with_module("embedding", Parameters::linear(1, hidden, true));
        Ok(embedding.with_list("layers", self.layers, &layer))
    }

    /// Builds the model with fresh weights.
    pub fn init(&self, device: &Device) -> Result<Egnn, ModelError> {
        self.validate()?;
        Ok(Egnn {
            embedding: LinearConfig::new(1, self.hidden).init(device),
            layers: (0..self.layers)
                .map(|_| EgnnLayer::new(self, device))
                .collect(),
        })
    }
}

/// The largest coordinate that one edge may move a particle by.
const LARGEST_PUSH: f32 = 100.0;

/// E(n)-equivariant graph network. See the [module's page](self).
#[derive(Module, Debug)]
pub struct Egnn {
    /// Makes node features of the speed.
    pub embedding: Linear,
    /// Rounds of messages.
    pub layers: Vec<EgnnLayer>,
}

/// One round of messages of an [`Egnn`].
#[derive(Module, Debug)]
pub struct EgnnLayer {
    /// φ_e: the message of an edge.
    pub edge: EdgeMlp,
    /// φ_h: what the messages change of a node.
    pub node: Mlp,
    /// φ_x: how strongly an edge pushes.
    pub push: Mlp,
    /// φ_v: how far a particle moves along its velocity.
    pub velocity: Mlp,
    #[module(skip)]
    tanh: bool,
    #[module(skip)]
    norm_diff: bool,
}

impl EgnnLayer {
    fn new(config: &EgnnConfig, device: &Device) -> Self {
        let (hidden, distance_and_attributes) = (config.hidden, 3);
        Self {
            edge: EdgeMlp::new(hidden, distance_and_attributes, hidden, device),
            node: Mlp::new(2 * hidden, hidden, hidden, device),
            push: Mlp::small(hidden, device),
            velocity: Mlp::new(hidden, hidden, 1, device),
            tanh: config.tanh,
            norm_diff: config.norm_diff,
        }
    }

    fn forward(
        &self,
        particles: &ParticleBatch,
        attributes: Tensor<2>,
        features: Tensor<2>,
        positions: Tensor<2>,
    ) -> (Tensor<2>, Tensor<2>) {
        let graph = particles.graph();
        let from_source = graph.relative_positions(positions.clone()).neg();
        let squares = squared_norm(from_source.clone());
        let edges = Tensor::cat(vec![squares.clone(), attributes], 1);
        let messages = self.edge.forward(graph, features.clone(), edges);

        let strengths = self.push.forward(messages.clone());
        let strengths = if self.tanh {
            strengths.tanh()
        } else {
            strengths
        };
        let ways = if self.norm_diff {
            from_source / (squares.sqrt() + 1.0)
        } else {
            from_source
        };
        let pushes = ways * strengths;
        let moved = positions
            + graph.mean_to_targets(pushes.clamp(-LARGEST_PUSH, LARGEST_PUSH))
            + particles.velocities() * self.velocity.forward(features.clone());

        let heard = graph.sum_to_targets(messages);
        let change = self
            .node
            .forward(Tensor::cat(vec![features.clone(), heard], 1));
        (features + change, moved)
    }
}

impl Dynamics for Egnn {
    fn forward_through(
        &self,
        particles: &ParticleBatch,
        seen: &mut dyn FnMut(ParticleFeature<'_>),
    ) -> Tensor<2> {
        let attributes = Tensor::cat(
            vec![particles.charge_products(), particles.squared_distances()],
            1,
        );
        let features = self.embedding.forward(particles.speeds());
        let start = (features, particles.positions());
        let (_, positions) = self
            .layers
            .iter()
            .fold(start, |(features, positions), layer| {
                let (features, positions) =
                    layer.forward(particles, attributes.clone(), features, positions);
                seen(ParticleFeature::Scalars(features.clone()));
                seen(ParticleFeature::Positions(positions.clone()));
                (features, positions)
            });
        positions
    }
}
