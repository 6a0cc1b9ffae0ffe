//! Particles steered by a [`Segnn`]: the published N-body experiment.

use burn::prelude::*;
use gcnn_layers::Parameters;
use gcnn_layers::irreps::{Block, Irrep, Irreps};
use gcnn_layers::steerable::SphericalHarmonics;
use serde::{Deserialize, Serialize};

use super::{Segnn, SegnnConfig, SteerableGraph};
use crate::ModelError;
use crate::limits;
use crate::points::ParticleFeature;
use crate::points::normalisation::SteerableNormalisation;
use crate::points::{Dynamics, ParticleBatch, steering};

/// Configuration of a [`SegnnDynamics`]. The defaults are the published recipe, 147,424 parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct SegnnDynamicsConfig {
    /// Features of a node between layers, and of a message.
    pub hidden: Irreps,
    /// Rounds of messages.
    pub layers: usize,
    /// The highest degree of the harmonics that steer.
    pub attribute_degree: usize,
    /// Whether velocities steer nodes, beside the directions of their edges: SEGNN_G+P with, SEGNN_G without.
    pub velocity_attributes: bool,
    /// What node features are normalised by.
    pub normalisation: SteerableNormalisation,
}

impl Default for SegnnDynamicsConfig {
    fn default() -> Self {
        Self {
            hidden: scalars_and_vectors(32),
            layers: 4,
            attribute_degree: 1,
            velocity_attributes: true,
            normalisation: SteerableNormalisation::None,
        }
    }
}

/// `<n>x0e+<n>x1o`.
pub(in crate::points) fn scalars_and_vectors(multiplicity: usize) -> Irreps {
    let blocks = [Irrep::SCALAR, Irrep::VECTOR].map(|irrep| Block {
        multiplicity,
        irrep,
    });
    // Never taken: there are few of both.
    Irreps::new(blocks).unwrap_or_default()
}

impl SegnnDynamicsConfig {
    fn network(&self) -> Result<SegnnConfig, ModelError> {
        limits::check_all(&[("layers", self.layers, limits::LAYERS)])?;
        limits::check_degree("attribute_degree", self.attribute_degree)?;
        limits::check_irreps("hidden", &self.hidden)?;
        let harmonics = steering::harmonics(self.attribute_degree)?;
        let network = SegnnConfig::new(
            steering::feature_irreps()?,
            harmonics.irreps().clone(),
            self.hidden.clone(),
            steering::displacement_irreps()?,
        );
        Ok(network
            .with_layers(self.layers)
            .with_message_scalars(steering::EDGE_SCALARS)
            .with_normalisation(self.normalisation))
    }

    /// Checks that every part's irreps connect.
    pub fn validate(&self) -> Result<(), ModelError> {
        self.network()?.validate()
    }

    /// What the model learns, by name and shape. Nothing is made for it.
    pub fn parameters(&self) -> Result<Parameters, ModelError> {
        let network = self.network()?.parameters()?;
        Ok(Parameters::new().with_module("network", network))
    }

    /// Builds the model with fresh weights.
    pub fn init(&self, device: &Device) -> Result<SegnnDynamics, ModelError> {
        Ok(SegnnDynamics {
            network: self.network()?.init(device)?,
            harmonics: steering::harmonics(self.attribute_degree)?,
            velocity_attributes: self.velocity_attributes,
        })
    }
}

/// Predicts displacements with a [`Segnn`].
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::Graph;
/// use gcnn_models::points::{Dynamics, ParticleBatch, Particles, SegnnDynamicsConfig};
///
/// let device = Device::flex();
/// let two = Particles {
///     positions: &[0., 0., 0., 1., 0., 0.],
///     velocities: &[0., 1., 0., 0., -1., 0.],
///     charges: &[1., -1.],
/// };
/// let particles = ParticleBatch::new(two, &Graph::fully_connected(2)?, &device)?;
/// let model = SegnnDynamicsConfig::default().init(&device)?;
/// assert_eq!(model.num_params(), 147_424);
/// assert_eq!(model.forward(&particles).dims(), [2, 3]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Module, Debug)]
pub struct SegnnDynamics {
    /// From `2x1o+1x0e` to `1x1o`.
    pub network: Segnn,
    harmonics: SphericalHarmonics,
    velocity_attributes: bool,
}

impl Dynamics for SegnnDynamics {
    fn forward_through(
        &self,
        particles: &ParticleBatch,
        seen: &mut dyn FnMut(ParticleFeature<'_>),
    ) -> Tensor<2> {
        let harmonics = &self.harmonics;
        let edges = steering::edge_attributes(harmonics, particles);
        let nodes = steering::node_attributes(
            harmonics,
            particles,
            edges.clone(),
            self.velocity_attributes,
        );
        let steering_graph = SteerableGraph {
            graph: particles.graph(),
            edge_attributes: steering::attributes(harmonics, edges),
            node_attributes: steering::attributes(harmonics, nodes),
            message_scalars: Some(steering::edge_scalars(particles)),
        };
        let features = steering::features(particles);
        particles.positions() + self.network.run(features, &steering_graph, seen)
    }
}
