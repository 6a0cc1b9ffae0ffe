//! Non-linearities of fields.
//!
//! What is done to single components turns with a field only where the group permutes them. Elsewhere a field keeps its direction and
//! changes its length ([`NormNonlinearity`], [`GatedNonlinearity`]), or is looked at as a function on the group
//! ([`FourierNonlinearity`]). Source: Weiler and Cesa 2019, section 2.6.

mod fourier;
mod gated;
mod norm;
mod pointwise;

pub use fourier::{FourierNonlinearity, FourierNonlinearityConfig};
pub use gated::{GatedNonlinearity, GatedNonlinearityConfig};
pub(super) use norm::norms;
pub use norm::{NormKind, NormNonlinearity, NormNonlinearityConfig};
pub(super) use pointwise::expect_permutations;
pub use pointwise::{Pointwise, PointwiseNonlinearity, PointwiseNonlinearityConfig};
