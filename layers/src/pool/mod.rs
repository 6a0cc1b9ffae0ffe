//! Pooling: over H ([`Projection`], [`AttentionProjection`]), over windows of the plane ([`SpatialMaxPool2d`], [`SpatialAvgPool2d`]) and over
//! the whole plane ([`GlobalPool2d`]).

mod attention;
mod global;
mod projection;
mod spatial;

pub use attention::{AttentionProjection, AttentionProjectionConfig};
pub use global::{GlobalPool2d, GlobalPool2dConfig, GlobalPoolKind};
pub use projection::{Projection, ProjectionConfig, ProjectionKind};
pub use spatial::{
    SpatialAvgPool2d, SpatialAvgPool2dConfig, SpatialMaxPool2d, SpatialMaxPool2dConfig,
};

#[cfg(test)]
mod tests;
