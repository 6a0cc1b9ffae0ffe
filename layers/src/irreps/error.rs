//! What can be wrong with a representation of O(3).

use super::limits::{L_MAX, MAX_DIMENSION, MAX_RESOLUTION};

/// Why a representation, or a table for one, cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum IrrepsError {
    /// A part of the text is not a multiplicity and an irrep.
    #[error(
        "`{part}` in the irreps `{text}` does not read as an irrep: write a degree and a parity, with a multiplicity in \
         front if it is not 1, joined by `+`, such as `32x0e+32x1o`"
    )]
    Parse {
        /// The part that does not parse.
        part: String,
        /// The whole text, shortened.
        text: String,
    },
    /// A degree above [`L_MAX`].
    #[error("degree {degree} is too high: degrees go from 0 to {L_MAX}")]
    DegreeTooHigh {
        /// The degree asked for.
        degree: String,
    },
    /// A multiplicity, or the sum of all of them, is larger than any network needs.
    #[error(
        "the irreps have more than {} components, from `{part}` on",
        MAX_DIMENSION
    )]
    TooLarge {
        /// The block with which the bound was passed.
        part: String,
    },
    /// Three degrees that do not couple.
    #[error(
        "degrees {left} and {right} do not couple to {output}: only {} to {} can come out",
        left.abs_diff(*right), left + right
    )]
    NoCoupling {
        /// Degree of the first factor.
        left: usize,
        /// Degree of the second factor.
        right: usize,
        /// Degree asked for.
        output: usize,
    },
    /// A product of irreps goes beyond [`L_MAX`].
    #[error(
        "the product of {left} and {right} reaches degree {degree}, above {L_MAX}: keep a lower highest degree"
    )]
    ProductTooHigh {
        /// First factor.
        left: String,
        /// Second factor.
        right: String,
        /// How far it reaches.
        degree: usize,
    },
    /// A matrix is not in O(3).
    #[error("the matrix is not orthogonal: M Mᵀ differs from the identity by {deviation:e}")]
    NotOrthogonal {
        /// The largest deviation of an entry of M Mᵀ.
        deviation: f64,
    },
    /// A rotation was expected, and a matrix with determinant −1 came.
    #[error(
        "the matrix has determinant −1: it is a rotation with a reflection, which needs a parity"
    )]
    NotARotation,
    /// An axis without a direction.
    #[error("the rotation axis {axis:?} has no direction")]
    NoAxis {
        /// The axis.
        axis: [f64; 3],
    },
    /// Features do not have the dimension of the irreps.
    #[error("{length} values are not a whole number of features {irreps}, of {dim} components")]
    FeatureLength {
        /// How many values there are.
        length: usize,
        /// What they should be.
        irreps: String,
        /// How many components one has.
        dim: usize,
    },
    /// A spherical grid is too coarse for its degree, or too large.
    #[error(
        "a spherical grid of {polar} × {azimuth} points does not serve degree {l_max}: it needs at least {} × {} and at \
         most {} each way", l_max + 1, 2 * l_max + 1, MAX_RESOLUTION
    )]
    GridResolution {
        /// Circles of latitude.
        polar: usize,
        /// Points on each.
        azimuth: usize,
        /// The highest degree.
        l_max: usize,
    },
}
