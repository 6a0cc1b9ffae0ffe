//! The steerable graph network, and particles steered by it.

mod dynamics;
mod network;

pub(super) use dynamics::scalars_and_vectors;
pub use dynamics::{SegnnDynamics, SegnnDynamicsConfig};
pub use network::{Segnn, SegnnConfig, SegnnGraphHead, SegnnLayer, SegnnOutput, SteerableGraph};
