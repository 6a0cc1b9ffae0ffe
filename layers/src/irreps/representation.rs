//! What a group's irreducible representations are to a sum of them.

use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::str::FromStr;

use super::IrrepsError;

/// The irreducible representations of a group: values of this type are irreps, ordered as sums of them are sorted, and written
/// and read as run files have them.
///
/// [`Irrep`](super::Irrep) is that of O(3). Sums of irreps, their layout and their action on features ask no more than this.
pub trait Representation:
    Copy + Debug + Display + FromStr<Err = IrrepsError> + Ord + Hash + Send + Sync + 'static
{
    /// An element of the group.
    type Element;

    /// The number of components.
    fn dim(self) -> usize;

    /// The irreps in the tensor product with another, each as often as it is in it.
    fn product(self, other: Self) -> impl Iterator<Item = Self>;

    /// The matrix of an element, `[dim, dim]` row by row.
    fn matrix(self, element: &Self::Element) -> Result<Vec<f64>, IrrepsError>;
}
