//! What can be wrong with fields.

use std::fmt::Display;

use super::limits::{MAX_CHANNELS, MAX_COMPONENTS, MAX_ROTATIONS};

/// Why a group, a representation or fields of them cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldError {
    /// A name that no group of the plane has.
    #[error(
        "fields have no group named {name:?}: write `C` and a number (rotations by 360°/N, `C8`), `D` and a number (with reflections, \
         `D4`), `SO(2)` or `O(2)`; numbers go from 1 to {}",
        MAX_ROTATIONS
    )]
    Group {
        /// What was read.
        name: String,
    },
    /// A name that no representation has.
    #[error("{group} has no representation named {name:?}{}", hint(nearest))]
    Name {
        /// What was read.
        name: String,
        /// The group.
        group: String,
        /// The name that is most like it.
        nearest: String,
    },
    /// A text that doesn't name a group and fields.
    #[error(
        "{text:?} does not read as fields: write a group, a colon, and representations with how many there are of each, such as \
         `C8: 4 regular + 8 irrep(1)`"
    )]
    Text {
        /// What was read, shortened.
        text: String,
    },
    /// An irrep that the group doesn't have.
    #[error("{group} has no {irrep}: its irreps are {known}")]
    NoIrrep {
        /// The irrep asked for.
        irrep: String,
        /// The group.
        group: String,
        /// Those that it has.
        known: String,
    },
    /// A group that isn't inside of another one.
    #[error("{subgroup} is no subgroup of {group}")]
    NoSubgroup {
        /// The one that should be inside.
        subgroup: String,
        /// The other one.
        group: String,
    },
    /// A group with infinitely many elements, where all are listed.
    #[error(
        "{group} has infinitely many elements, and functions on it no samples of their own: fourier(3) are those up to a frequency"
    )]
    Infinite {
        /// The group.
        group: String,
    },
    /// An element of another group.
    #[error("{group} has no rotation by {degrees}°{}", if *reflects { " after the mirror" } else { "" })]
    NoElement {
        /// By how much it rotates.
        degrees: f64,
        /// Whether it reflects before.
        reflects: bool,
        /// The group.
        group: String,
    },
    /// Representations of different groups, together.
    #[error("{other} is no group of fields on {group}")]
    OtherGroup {
        /// The group that all should have.
        group: String,
        /// The one that a representation has.
        other: String,
    },
    /// A representation with more components than any network has.
    #[error("a representation has at most {} components", MAX_COMPONENTS)]
    LargeRepresentation,
    /// Fields with more components than any network has.
    #[error("fields have at most {} components together", MAX_CHANNELS)]
    LargeFields,
    /// No fields at all.
    #[error("there are no fields")]
    NoFields,
}

impl FieldError {
    /// Of a representation of another group than the others.
    pub(crate) fn other_group(group: impl Display, other: impl Display) -> Self {
        Self::OtherGroup {
            group: group.to_string(),
            other: other.to_string(),
        }
    }
}

fn hint(nearest: &str) -> String {
    format!(
        ": did you mean `{nearest}`? There are `trivial`, `sign` (with reflections), `irrep(…)`, `regular`, `quotient(C2)`, \
         `fourier(3)`, and sums in brackets, `(trivial + irrep(1))`"
    )
}
