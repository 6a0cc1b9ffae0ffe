//! Normalisation and dropout over fields. A field is one channel with all its orientations and positions: what H
//! moves as a whole. Treating its values alike is what keeps these layers equivariant.

mod batch;
mod dropout;
mod group;
mod line;

pub use batch::{FieldBatchNorm, FieldBatchNormConfig};
pub use dropout::{DropoutUnit, FieldDropout, FieldDropoutConfig};
pub use group::{FieldNorm, FieldNormConfig, FieldNormKind};
pub use line::scale_and_shift;
