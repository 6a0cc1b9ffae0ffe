//! Normalisation and dropout over fields. A field is one channel with all its orientations and positions: what H
//! moves as a whole. Treating its values alike is what keeps these layers equivariant.

mod batch;
mod dropout;
mod line;
mod within_example;

pub use batch::{FieldBatchNorm, FieldBatchNormConfig};
pub use dropout::{DropoutUnit, FieldDropout, FieldDropoutConfig};
pub use line::scale_and_shift;
pub use within_example::{FieldNorm, FieldNormConfig, FieldNormKind};
