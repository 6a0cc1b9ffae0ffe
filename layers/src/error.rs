//! What can be wrong with a layer's configuration.

use crate::group::GroupError;

/// Why a layer cannot be built from its configuration.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LayerError {
    /// A number that must be positive is zero.
    #[error("{what} must be at least 1")]
    Zero {
        /// The setting's name.
        what: &'static str,
    },
    /// The group cannot be made.
    #[error(transparent)]
    Group(#[from] GroupError),
}
