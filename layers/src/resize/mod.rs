//! Maps of other sizes: [`Upsample2d`] makes them larger, [`BlurPool2d`] smaller without aliases.

mod blur;
mod upsample;

pub use blur::{BlurPool2d, BlurPool2dConfig};
pub use upsample::{Upsample2d, Upsample2dConfig, UpsampleKind};

#[cfg(all(test, feature = "flex"))]
mod tests;
