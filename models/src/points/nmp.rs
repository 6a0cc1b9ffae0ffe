//! Neural message passing: a graph network that takes coordinates as plain numbers.
//!
//! ```text
//! h_i⁰ = W (x_i, v_i)
//! m_ij = φ_e(h_i, h_j, q_i q_j)
//! h_i ← h_i + φ_h(h_i, Σ_j m_ij)
//! x_i' = φ(h_i)
//! ```
//!
//! It commutes with permutations of the particles and with nothing else: what it learns for one direction or place it has
//! to learn again for the next. Source: Gilmer et al. 2017, with the settings of the published N-body experiment
//! (Satorras, Hoogeboom & Welling 2021).

use burn::nn::{Linear, LinearConfig};
use burn::prelude::*;
use gcnn_layers::Parameters;
use serde::{Deserialize, Serialize};

use super::ParticleFeature;
use super::edge_mlp::{EdgeMlp, Mlp};
use super::{Dynamics, ParticleBatch};
use crate::ModelError;
use crate::limits;

/// Configuration of an [`Nmp`]. The defaults are the published recipe, 104,387 parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct NmpConfig {
    /// Features of a node and of a message.
    pub hidden: usize,
    /// Rounds of messages.
    pub layers: usize,
}

impl Default for NmpConfig {
    fn default() -> Self {
        Self {
            hidden: 64,
            layers: 4,
        }
    }
}

impl NmpConfig {
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
            .with_module("edge", EdgeMlp::parameters(hidden, 1, hidden))
            .with_module("node", Mlp::parameters(2 * hidden, hidden, hidden, true));
        let embedding = Parameters::linear(6, hidden, true);
        let all = Parameters::new()
            .with_module("embedding", embedding)
            .with_module("decoder", Mlp::parameters(hidden, hidden, 3, true));
        Ok(all.with_list("layers", self.layers, &layer))
    }

    /// Builds the model with fresh weights.
    pub fn init(&self, device: &Device) -> Result<Nmp, ModelError> {
        self.validate()?;
        let hidden = self.hidden;
        let layer = |_| NmpLayer {
            edge: EdgeMlp::new(hidden, 1, hidden, device),
            node: Mlp::new(2 * hidden, hidden, hidden, device),
        };
        Ok(Nmp {
            embedding: LinearConfig::new(6, hidden).init(device),
            layers: (0..self.layers).map(layer).collect(),
            decoder: Mlp::new(hidden, hidden, 3, device),
        })
    }
}

/// Neural message passing on coordinates. See the [module's page](self).
#[derive(Module, Debug)]
pub struct Nmp {
    /// Makes node features of position and velocity.
    pub embedding: Linear,
    /// Rounds of messages.
    pub layers: Vec<NmpLayer>,
    /// φ: reads the position off the node features.
    pub decoder: Mlp,
}

/// One round of messages of an [`Nmp`].
#[derive(Module, Debug)]
pub struct NmpLayer {
    /// φ_e: the message of an edge.
    pub edge: EdgeMlp,
    /// φ_h: what the messages change of a node.
    pub node: Mlp,
}

impl Dynamics for Nmp {
    fn forward_through(
        &self,
        particles: &ParticleBatch,
        seen: &mut dyn FnMut(ParticleFeature<'_>),
    ) -> Tensor<2> {
        let graph = particles.graph();
        let products = particles.charge_products();
        let input = Tensor::cat(vec![particles.positions(), particles.velocities()], 1);
        let start = self.embedding.forward(input);
        let features = self.layers.iter().fold(start, |features, layer| {
            let messages = layer
                .edge
                .forward(graph, features.clone(), products.clone());
            let heard = graph.sum_to_targets(messages);
            let change = layer
                .node
                .forward(Tensor::cat(vec![features.clone(), heard], 1));
            let features = features + change;
            seen(ParticleFeature::Scalars(features.clone()));
            features
        });
        self.decoder.forward(features)
    }

    fn is_equivariant(&self) -> bool {
        false
    }
}
