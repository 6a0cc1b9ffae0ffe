//! Sizes of networks, in parameters.

use serde::{Deserialize, Serialize};

/// How many parameters a network may have, whatever its group. Written `small`, `medium` and `large` in files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum NetworkSize {
    /// About 25,000: a few hundred images, or little time.
    Small,
    /// About 100,000.
    Medium,
    /// About 400,000: many thousands of images.
    Large,
}

impl NetworkSize {
    /// The most parameters of all layers but the last, which depends on the classes.
    pub fn parameters(self) -> usize {
        match self {
            Self::Small => 25_000,
            Self::Medium => 100_000,
            Self::Large => 400_000,
        }
    }
}
