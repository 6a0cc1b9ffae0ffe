//! Radial field: particles push each other along the line between them, by a learned function of the distance.
//!
//! ```text
//! x_i ← x_i + mean_j (x_i − x_j) tanh φ(‖x_i − x_j‖, q_i q_j, ‖x_i⁰ − x_j⁰‖²) + v_i φ_v(‖v_i‖)
//! ```
//!
//! φ and φ_v are networks of two linear maps with SiLU between. There are no node features, so a particle hears of others
//! only through where they are. Source: Köhler, Klein & Noé 2020, with the settings of the published N-body experiment
//! (Satorras, Hoogeboom & Welling 2021).

use burn::prelude::*;
use gcnn_layers::Parameters;
use serde::{Deserialize, Serialize};

use super::ParticleFeature;
use super::batch::norm;
use super::edge_mlp::{Mlp, small_head};
use super::{Dynamics, ParticleBatch};
use crate::ModelError;
use crate::limits;

/// Configuration of a [`RadialField`]. The defaults are the published recipe, 2,052 parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct RadialFieldConfig {
    /// Features inside φ and φ_v.
    pub hidden: usize,
    /// Rounds of pushes.
    pub layers: usize,
}

impl Default for RadialFieldConfig {
    fn default() -> Self {
        Self {
            hidden: 64,
            layers: 4,
        }
    }
}

impl RadialFieldConfig {
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
        let layer = Parameters::new()
            .with_module("push", Mlp::parameters(3, self.hidden, 1, false))
            .with_module("velocity", Mlp::parameters(1, self.hidden, 1, true));
        Ok(Parameters::new().with_list("layers", self.layers, &layer))
    }

    /// Builds the model with fresh weights.
    pub fn init(&self, device: &Device) -> Result<RadialField, ModelError> {
        self.validate()?;
        let layer = |_| RadialFieldLayer {
            push: Mlp {
                second: small_head(self.hidden, device),
                ..Mlp::new(3, self.hidden, 1, device)
            },
            velocity: Mlp::new(1, self.hidden, 1, device),
        };
        Ok(RadialField {
            layers: (0..self.layers).map(layer).collect(),
        })
    }
}

/// Pushes by distance. See the [module's page](self).
#[derive(Module, Debug)]
pub struct RadialField {
    /// Rounds of pushes.
    pub layers: Vec<RadialFieldLayer>,
}

/// One round of pushes of a [`RadialField`].
#[derive(Module, Debug)]
pub struct RadialFieldLayer {
    /// φ: how strongly an edge pushes, before tanh.
    pub push: Mlp,
    /// φ_v: how far a particle moves along its velocity.
    pub velocity: Mlp,
}

impl Dynamics for RadialField {
    fn forward_through(
        &self,
        particles: &ParticleBatch,
        seen: &mut dyn FnMut(ParticleFeature<'_>),
    ) -> Tensor<2> {
        let graph = particles.graph();
        let attributes = Tensor::cat(
            vec![particles.charge_products(), particles.squared_distances()],
            1,
        );
        let speeds = particles.speeds();
        let start = particles.positions();
        self.layers.iter().fold(start, |positions, layer| {
            let from_source = graph.relative_positions(positions.clone()).neg();
            let edges = Tensor::cat(vec![norm(from_source.clone()), attributes.clone()], 1);
            let pushes = from_source * layer.push.forward(edges).tanh();
            let positions = positions
                + graph.mean_to_targets(pushes)
                + particles.velocities() * layer.velocity.forward(speeds.clone());
            seen(ParticleFeature::Positions(positions.clone()));
            positions
        })
    }
}
