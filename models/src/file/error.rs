//! What can be wrong with a weights file.

/// What is wrong with weights.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// The bytes are not of the format.
    #[error("not a safetensors file: {0}")]
    Format(String),
    /// Numbers of another type than float32.
    #[error("`{name}` holds {found} numbers, F32 was expected")]
    Numbers {
        /// The array.
        name: String,
        /// What it holds.
        found: String,
    },
    /// The format has no place for the arrays.
    #[error("the weights cannot be stored: {0}")]
    Unstorable(String),
    /// Arrays are missing, of another shape, or too many: one sentence each.
    #[error(
        "the weights do not fit the network: {}{}", shown.join("; "),
        if *more > 0 { format!("; and {more} more") } else { String::new() }
    )]
    Differences {
        /// The first few faults.
        shown: Vec<String>,
        /// How many more there are.
        more: usize,
    },
    /// A value is infinite or no number.
    #[error(
        "`{name}` holds {value} at place {place}: weights must be finite numbers, and those of a training that diverged are not"
    )]
    NotFinite {
        /// The array.
        name: String,
        /// The value in words.
        value: String,
        /// Where, counted from 0.
        place: usize,
    },
    /// The file says nothing about its network.
    #[error("not a weights file of gcnn: `{key}` is missing in its metadata")]
    NoMetadata {
        /// What is missing.
        key: &'static str,
    },
    /// What the file says about its network cannot be read.
    #[error("`{key}` in its metadata: {reason}")]
    Metadata {
        /// The part at fault.
        key: &'static str,
        /// What was expected and what was found.
        reason: String,
    },
    /// The weights are an export for other programs.
    #[error("it is {what} (`{key}` in its metadata), not the trained one; {advice}")]
    Exported {
        /// What it is instead.
        what: &'static str,
        /// What gave it away.
        key: &'static str,
        /// What reads it.
        advice: &'static str,
    },
}
