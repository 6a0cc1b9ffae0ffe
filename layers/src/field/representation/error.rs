//! What can be wrong with fields.

use super::{FieldType, MAX_FREQUENCY, PointGroup, Representation};

/// Why a group, a representation or fields of them cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldError {
    /// A name that no group of the plane has.
    #[error(
        "fields have no group named {name:?}: write `C` and a number (rotations by 360°/N, `C8`), `D` and a number (with reflections, \
         `D4`), `SO(2)` or `O(2)`; numbers go from 1 to {}",
        PointGroup::MAX_ROTATIONS
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
        group: PointGroup,
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
    /// A frequency that the group doesn't have.
    #[error(
        "{group} has no {irrep}: {}",
        match (group.rotations(), group.reflects()) {
            (Some(n), false) => format!("its irreps are irrep(0) to irrep({})", n / 2),
            (None, false) => format!("irreps go from irrep(0) to irrep({MAX_FREQUENCY}) here"),
            (Some(n), true) if n % 2 == 1 => format!("its irreps are trivial, sign and irrep(1,k) with k from 1 to {}", n / 2),
            (Some(n), true) => format!(
                "its irreps are trivial, sign, irrep(1,k) with k below {0}, irrep(0,{0}) and irrep(1,{0})", n / 2
            ),
            (None, true) => format!("irreps are trivial, sign and irrep(1,1) to irrep(1,{MAX_FREQUENCY}) here"),
        }
    )]
    NoIrrep {
        /// The irrep asked for.
        irrep: String,
        /// The group.
        group: PointGroup,
    },
    /// A group that isn't inside of another one.
    #[error("{subgroup} is no subgroup of {group}")]
    NoSubgroup {
        /// The one that should be inside.
        subgroup: PointGroup,
        /// The other one.
        group: PointGroup,
    },
    /// A group with infinitely many elements, where all are listed.
    #[error(
        "{group} has infinitely many elements, and functions on it no samples of their own: fourier(3) are those up to a frequency"
    )]
    Infinite {
        /// The group.
        group: PointGroup,
    },
    /// An element of another group.
    #[error("{group} has no rotation by {degrees}°{}", if *reflects { " after the mirror" } else { "" })]
    NoElement {
        /// By how much it rotates.
        degrees: f64,
        /// Whether it reflects before.
        reflects: bool,
        /// The group.
        group: PointGroup,
    },
    /// Representations of different groups, together.
    #[error("{other} is no group of fields on {group}")]
    OtherGroup {
        /// The group that all should have.
        group: PointGroup,
        /// The one that a representation has.
        other: PointGroup,
    },
    /// A representation with more components than any network has.
    #[error(
        "a representation has at most {} components",
        Representation::MAX_DIMENSION
    )]
    LargeRepresentation,
    /// Fields with more components than any network has.
    #[error("fields have at most {} components together", FieldType::MAX_DIMENSION)]
    LargeFields,
    /// No fields at all.
    #[error("there are no fields")]
    NoFields,
}

fn hint(nearest: &str) -> String {
    format!(
        ": did you mean `{nearest}`? There are `trivial`, `sign` (with reflections), `irrep(…)`, `regular`, `quotient(C2)`, \
         `fourier(3)`, and sums in brackets, `(trivial + irrep(1))`"
    )
}
