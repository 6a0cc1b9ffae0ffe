//! Reference group-equivariant networks, each one definition that its configuration turns into a family.

pub mod error;
pub mod gcnn;
pub mod nbody;

pub use error::ModelError;
pub use gcnn::{Gcnn, GcnnConfig, Head, InputShape, LayerFeatures, Normalisation};
