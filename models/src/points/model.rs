//! One type for all dynamics models, so that a program has one path for them.

use burn::prelude::*;

use super::{
    Dynamics, Egnn, LinearDynamics, Nmp, ParticleBatch, ParticleFeature, RadialField,
    Se3Transformer, SeConv, SegnnDynamics, TensorFieldNetwork,
};

/// Any of the dynamics models, as [`DynamicsConfig`](super::DynamicsConfig) builds them.
#[derive(Module, Debug)]
#[allow(missing_docs, clippy::large_enum_variant)] // The variants are the models of their names.
pub enum DynamicsModel {
    Linear(LinearDynamics),
    Nmp(Nmp),
    RadialField(RadialField),
    Egnn(Egnn),
    TensorField(TensorFieldNetwork),
    Se3Transformer(Se3Transformer),
    SeConv(SeConv),
    Segnn(SegnnDynamics),
}

impl DynamicsModel {
    fn as_dynamics(&self) -> &dyn Dynamics {
        match self {
            Self::Linear(model) => model,
            Self::Nmp(model) => model,
            Self::RadialField(model) => model,
            Self::Egnn(model) => model,
            Self::TensorField(model) => model,
            Self::Se3Transformer(model) => model,
            Self::SeConv(model) => model,
            Self::Segnn(model) => model,
        }
    }
}

impl Dynamics for DynamicsModel {
    fn forward_through(
        &self,
        particles: &ParticleBatch,
        seen: &mut dyn FnMut(ParticleFeature<'_>),
    ) -> Tensor<2> {
        self.as_dynamics().forward_through(particles, seen)
    }

    fn is_equivariant(&self) -> bool {
        self.as_dynamics().is_equivariant()
    }
}
