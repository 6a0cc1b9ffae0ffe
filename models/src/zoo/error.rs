//! What can be wrong with a network of the zoo, or with a weights file.

use crate::ModelError;
use crate::file::WeightsError;

/// Why a trained network cannot be had.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ZooError {
    /// No network of this name is carried.
    #[error(
        "there is no `{name}` in the zoo{}; it holds {}",
        nearest.map(|n| format!("; did you mean `{n}`?")).unwrap_or_default(),
        if carried.is_empty() { "nothing: this is a build without the feature `zoo`".to_string() } else { carried.join(", ") }
    )]
    Unknown {
        /// The name asked for.
        name: String,
        /// The name most like it, if any is near enough to be a slip of the pen.
        nearest: Option<&'static str>,
        /// All names.
        carried: Vec<&'static str>,
    },
    /// The network is of the other kind.
    #[error("`{name}` {found}, where a network was asked for that {expected}")]
    Kind {
        /// The name asked for.
        name: String,
        /// What the network does.
        found: &'static str,
        /// What was asked for.
        expected: &'static str,
    },
    /// The weights file is damaged, says too little, or holds the arrays of another network.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The network cannot be built from its configuration.
    #[error("its network cannot be built")]
    Model(#[from] ModelError),
}
