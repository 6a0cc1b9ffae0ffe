//! Group-equivariant layers as Burn modules.

pub mod conv;
pub mod equivariance;
pub mod error;
pub mod group;
pub mod kernel;
pub mod norm;
pub mod pool;
pub mod so3;

pub use error::LayerError;
pub use group::Group;
