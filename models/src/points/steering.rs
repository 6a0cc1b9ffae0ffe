//! Particles as steerable features: what the steerable models take.
//!
//! ```text
//! f_i  = (x_i − x̄, v_i) ⊕ ‖v_i‖                          2x1o+1x0e, x̄ the mean position of the graph
//! a_ij = Y(x_j − x_i)                                      on the unit sphere, integral normalisation
//! a_i  = mean_j a_ij + Y(v_i),   its first component 1     geometry and physics; or without Y(v_i), geometry alone
//! s_ij = (‖x_j − x_i‖, q_i q_j)
//! ```
//!
//! Source: Brandstetter et al. 2022, the N-body experiment, with positions centred over the particles of each graph:
//! the published code centres them over the coordinates of one particle, which is not equivariant.

use burn::prelude::*;
use gcnn_layers::irreps::{Block, Irrep, Irreps};
use gcnn_layers::steerable::{Attributes, SphericalHarmonics, SphericalHarmonicsConfig};

use super::ParticleBatch;
use super::batch::norm;
use crate::ModelError;
use crate::error::steerable;

/// Scalars that an edge says: distance and product of charges.
pub(super) const EDGE_SCALARS: usize = 2;

/// What [`features`] are: `2x1o+1x0e`.
pub(super) fn feature_irreps() -> Result<Irreps, ModelError> {
    let blocks = [(2, Irrep::VECTOR), (1, Irrep::SCALAR)];
    let blocks = blocks.map(|(multiplicity, irrep)| Block {
        multiplicity,
        irrep,
    });
    Irreps::new(blocks).map_err(|error| steerable("the features of particles")(error.into()))
}

/// What is predicted: `1x1o`, the displacement.
pub(super) fn displacement_irreps() -> Result<Irreps, ModelError> {
    Irreps::repeat(1, Irrep::VECTOR).map_err(|e| steerable("the displacement")(e.into()))
}

/// The harmonics up to a degree.
pub(super) fn harmonics(l_max: usize) -> Result<SphericalHarmonics, ModelError> {
    let config = SphericalHarmonicsConfig::new(l_max);
    config.validate().map_err(steerable("the attributes"))?;
    Ok(config.init())
}

/// f of the module's formula, `[nodes, 7]`.
pub(super) fn features(particles: &ParticleBatch) -> Tensor<2> {
    let (positions, velocities) = (particles.centred_positions(), particles.velocities());
    let nodes = positions.dims()[0];
    // Components before multiplicity: [3, 2] inside the block of vectors.
    let vectors: Tensor<3> = Tensor::stack(vec![positions, velocities], 2);
    Tensor::cat(vec![vectors.reshape([nodes, 6]), particles.speeds()], 1)
}

/// a of the module's formula for edges.
pub(super) fn edge_attributes(
    harmonics: &SphericalHarmonics,
    particles: &ParticleBatch,
) -> Tensor<2> {
    let graph = particles.graph();
    harmonics.forward(graph.relative_positions(particles.positions()))
}

/// a of the module's formula for nodes.
pub(super) fn node_attributes(
    harmonics: &SphericalHarmonics,
    particles: &ParticleBatch,
    edges: Tensor<2>,
    with_velocity: bool,
) -> Tensor<2> {
    let mut nodes = particles.graph().mean_to_targets(edges);
    if with_velocity {
        nodes = nodes + harmonics.forward(particles.velocities());
    }
    let ones = Tensor::ones_like(&nodes.clone().narrow(1, 0, 1));
    let width = nodes.dims()[1];
    match width {
        1 => ones,
        _ => Tensor::cat(vec![ones, nodes.narrow(1, 1, width - 1)], 1),
    }
}

/// s of the module's formula, `[edges, 2]`.
pub(super) fn edge_scalars(particles: &ParticleBatch) -> Tensor<2> {
    let graph = particles.graph();
    let distances = norm(graph.relative_positions(particles.positions()));
    Tensor::cat(vec![distances, particles.charge_products()], 1)
}

/// Names the irreps of attributes that come from `harmonics`.
pub(super) fn attributes(harmonics: &SphericalHarmonics, tensor: Tensor<2>) -> Attributes {
    // Never taken: harmonics have the width of their irreps.
    Attributes::new(harmonics.irreps(), tensor).unwrap_or_else(|error| panic!("{error}"))
}
