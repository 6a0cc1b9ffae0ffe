//! Normalisation and dropout over fields. A field is one channel with all its orientations and positions: what H
//! moves as a whole. Treating its values alike is what keeps these layers equivariant.

mod batch;
mod dropout;
mod line;
mod running;
mod within_example;

pub use batch::{FieldBatchNorm, FieldBatchNormConfig};
pub use dropout::{DropoutUnit, FieldDropout, FieldDropoutConfig};
pub use line::scale_and_shift;
pub(crate) use running::{check_settings, follow};
pub use within_example::{FieldNorm, FieldNormConfig, FieldNormKind};
