//! Dynamics of particles: from positions, velocities and charges now, the positions a while later.
//!
//! ```text
//! (x, v, q)_i  ↦  x_i(t + Δt)      for each particle i of each graph of a batch
//! ```
//!
//! The laws of motion know no preferred origin, direction or handedness, so the map is equivariant under E(3): rotations,
//! reflections and translations. The models differ in how they use that:
//!
//! | model | what an edge says | equivariant by |
//! | --- | --- | --- |
//! | [`LinearDynamics`] | nothing | linearity |
//! | [`Nmp`] | any function of both particles | not at all |
//! | [`RadialField`] | a push along the edge, by distance | pushes along edges |
//! | [`Egnn`] | an invariant message, and such a push | invariant messages |
//! | [`TensorFieldNetwork`] | a linear map of the sender, by direction and distance | steerable kernels |
//! | [`Se3Transformer`] | the same, weighed by attention | steerable kernels, invariant weights |
//! | [`SeConv`] | the same linear map, or a network of both ends | steerable kernels or messages |
//! | [`SegnnDynamics`] | a network of both ends, and nodes are steered by their velocity too | steerable messages and updates |
//!
//! All of them take a [`ParticleBatch`] and are built from a [`DynamicsConfig`], the `[model]` table of a run file.

mod batch;
mod config;
mod dynamics;
pub mod edge_mlp;
pub mod egnn;
pub mod kernel;
pub mod linear;
mod model;
mod neighbourhood;
pub mod nmp;
pub mod normalisation;
pub mod radial_field;
pub mod se3_transformer;
pub mod se_conv;
pub mod segnn;
pub mod steering;
pub mod survey;
pub mod symmetry;
pub mod tensor_field;

pub use batch::{ParticleBatch, Particles};
pub use config::DynamicsConfig;
pub use dynamics::{Dynamics, ParticleFeature};
pub use edge_mlp::{EdgeMlp, Mlp};
pub use egnn::{Egnn, EgnnConfig, EgnnLayer};
pub use linear::{LinearDynamics, LinearDynamicsConfig};
pub use model::DynamicsModel;
pub use neighbourhood::{NearestEdges, NeighbourhoodConfig, RadiusEdges};
pub use nmp::{Nmp, NmpConfig, NmpLayer};
pub use normalisation::SteerableNormalisation;
pub use radial_field::{RadialField, RadialFieldConfig, RadialFieldLayer};
pub use se_conv::{SeConv, SeConvConfig, SeConvMessage};
pub use se3_transformer::{Se3Transformer, Se3TransformerConfig};
pub use segnn::{
    Segnn, SegnnConfig, SegnnDynamics, SegnnDynamicsConfig, SegnnGraphHead, SegnnLayer,
    SegnnOutput, SteerableGraph,
};
pub use survey::{Symmetry, survey, survey_portions};
pub use symmetry::{EuclideanMotion, motion_error};
pub use tensor_field::{TensorFieldNetwork, TensorFieldNetworkConfig};
