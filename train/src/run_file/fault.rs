//! What is wrong in a run, before anyone knows where it was written.

use gcnn_models::ModelError;

/// A key that cannot be read, or whose value cannot work.
#[derive(Debug)]
pub(crate) struct Fault {
    /// Its full name, `section.key`.
    pub(super) key: String,
    /// What of it is to be looked at.
    pub(super) part: Part,
    /// What is wrong and what would be right.
    pub(super) reason: String,
}

/// A part of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// What stands in front of the `=`.
    Key,
    /// What stands behind it.
    Value,
}

impl Fault {
    /// A value that is not what is expected.
    pub(super) fn new(key: &str, found: &str, expected: &str) -> Self {
        Self::of_key(key, format!("`{key}` is {found}, expected {expected}"))
    }

    /// A key at fault, in words.
    pub(super) fn of_key(key: &str, reason: String) -> Self {
        Self {
            key: key.into(),
            part: Part::Key,
            reason,
        }
    }

    /// What a whole table is refused for.
    pub(super) fn table(key: &str, error: &dyn std::error::Error) -> Self {
        let reasons = crate::error::chain(error).replace("\n  because", "");
        Self::of_key(key, format!("[{key}]: {reasons}"))
    }

    /// The same for the tables of the network: a count outside of its limits is one of their keys.
    pub(super) fn network(table: &str, error: &ModelError) -> Self {
        let ModelError::Count {
            key,
            counted,
            found,
            least,
            most,
        } = error
        else {
            return Self::table(table, error);
        };
        let (key, found) = (format!("{table}.{key}"), counted.words(*found));
        let reason = format!("`{key}` {found}, expected {least} to {most}");
        Self::of_key(&key, reason)
    }
}
