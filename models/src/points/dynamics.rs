//! What a dynamics model is, and what it tells of its particles on the way.

use burn::prelude::*;
use gcnn_layers::irreps::Irreps;

use super::ParticleBatch;

/// Something that a model knows of each particle, a row for each.
#[derive(Debug, Clone)]
pub enum ParticleFeature<'a> {
    /// Where it is, `[nodes, 3]`.
    Positions(Tensor<2>),
    /// Features that turn as irreps say, `[nodes, dim]`.
    Steerable(&'a Irreps, Tensor<2>),
    /// Numbers without a direction, `[nodes, features]`.
    Scalars(Tensor<2>),
}

/// A map from particles now to their positions later.
pub trait Dynamics {
    /// The predicted positions, `[nodes, 3]`.
    fn forward(&self, particles: &ParticleBatch) -> Tensor<2> {
        self.forward_through(particles, &mut |_| ())
    }

    /// The predicted positions, `[nodes, 3]`; `seen` hears on the way what the model knows of the particles after each
    /// of its rounds.
    fn forward_through(
        &self,
        particles: &ParticleBatch,
        seen: &mut dyn FnMut(ParticleFeature<'_>),
    ) -> Tensor<2>;

    /// Whether the prediction turns, reflects and shifts with the particles.
    fn is_equivariant(&self) -> bool {
        true
    }
}
