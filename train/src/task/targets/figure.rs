//! A measure of one target with its interval.

use serde::{Deserialize, Serialize};

/// A measure of one target with its 95 % interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// What is measured, such as `mae`.
    pub name: String,
    /// The number; none where there is none, as the R² of a number that is the same everywhere.
    #[serde(with = "crate::task::numbers")]
    pub value: f64,
    /// The interval; no numbers where there is none.
    #[serde(with = "crate::task::numbers::pair")]
    pub interval: [f64; 2],
}
