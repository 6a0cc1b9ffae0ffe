//! Pictures as networks want them: larger ones patch by patch.

mod grid;
mod tiles;

pub use grid::{NO_CLASS, PatchGrid};
pub use tiles::{MapError, best_classes, check, scores};
