//! Group-equivariant layers as Burn modules.

#![forbid(unsafe_code)]

pub mod conv;
pub mod equivariance;
pub mod error;
mod exactness;
mod expect;
mod finish;
pub mod graph;
pub mod group;
pub mod kernel;
mod mark;
pub mod norm;
pub mod pool;
pub mod so3;
pub mod steerable;

#[cfg(test)]
mod testing;

pub use conv::{
    GroupConv2d, GroupConv2dConfig, IsotropicConv2d, IsotropicConv2dConfig, LiftingConv2d,
    LiftingConv2dConfig, Padding2d, repeat_over_group,
};
pub use equivariance::{EquivarianceReport, group_action, plane_action};
pub use error::LayerError;
pub use finish::Finish;
pub use graph::{Graph, GraphError, GraphTensors};
pub use group::Group;
pub use kernel::KernelConfig;
pub use norm::{
    DropoutUnit, FieldBatchNorm, FieldBatchNormConfig, FieldDropout, FieldDropoutConfig,
    scale_and_shift,
};
pub use pool::{
    GlobalPool2d, GlobalPool2dConfig, Projection, ProjectionConfig, ProjectionKind,
    SpatialAvgPool2d, SpatialAvgPool2dConfig, SpatialMaxPool2d, SpatialMaxPool2dConfig,
};
pub use so3::{Irrep, Irreps, So3Error};
