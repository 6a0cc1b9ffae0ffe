//! Representations as sums of irreps, and the layout of features that transform under them.
//!
//! ```text
//! 32x0e+32x1o        32 scalars, then 32 vectors
//! layout             block by block, [2l+1, multiplicity] inside a block
//! element g          x[i, c] ↦ Σ_j D(g)_ij x[j, c]   in every block: channels c mix freely, components i do not
//! ```

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{Irrep, IrrepsError, Representation};

/// Several copies of one irrep, stored together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Block<R = Irrep> {
    /// How many copies; at least 1 inside [`Irreps`].
    pub multiplicity: usize,
    /// Of what.
    pub irrep: R,
}

impl<R: Representation> Block<R> {
    /// Components of the block: multiplicity times the irrep's.
    ///
    /// Blocks of [`Irreps`] never overflow; others saturate.
    pub fn dim(self) -> usize {
        self.multiplicity.saturating_mul(self.irrep.dim())
    }
}

/// A representation, of O(3) unless another group's irreps are named: blocks of irreps, in the order in which features store
/// them.
///
/// ```
/// use gcnn_layers::irreps::Irreps;
///
/// let hidden: Irreps = "32x0e+32x1o".parse()?;
/// assert_eq!(hidden.dim(), 128);
/// assert_eq!(hidden.slices(), [0..32, 32..128]);
///
/// let attributes = Irreps::spherical_harmonics(1)?;
/// assert_eq!(attributes.to_string(), "1x0e+1x1o");
/// let product = hidden.tensor_product(&attributes)?;
/// assert_eq!(product.to_string(), "64x0e+32x1e+64x1o+32x2e");
/// # Ok::<(), gcnn_layers::irreps::IrrepsError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String", bound = "R: Representation")]
pub struct Irreps<R = Irrep> {
    blocks: Vec<Block<R>>,
}

impl<R> Default for Irreps<R> {
    fn default() -> Self {
        Self { blocks: vec![] }
    }
}

/// [`Irreps`] in sorted order, and how the blocks moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortedIrreps<R = Irrep> {
    /// The blocks by irrep. Not simplified.
    pub irreps: Irreps<R>,
    /// `order[new]` is the former index of the block that is now at `new`.
    pub order: Vec<usize>,
}

impl Irreps {
    /// The largest dimension: more than any network has, and small enough that sizes computed from it do not overflow.
    pub const MAX_DIMENSION: usize = super::limits::MAX_DIMENSION;
}

impl<R: Representation> Irreps<R> {
    /// Joins blocks. Those of multiplicity 0 are left out.
    pub fn new(blocks: impl IntoIterator<Item = Block<R>>) -> Result<Self, IrrepsError> {
        let mut kept = Vec::new();
        let mut dim = 0usize;
        for block in blocks {
            dim = dim.saturating_add(block.dim());
            if dim > Irreps::MAX_DIMENSION {
                return Err(IrrepsError::TooLarge {
                    part: block.to_string(),
                });
            }
            if block.multiplicity > 0 {
                kept.push(block);
            }
        }
        Ok(Self { blocks: kept })
    }

    /// Copies of one irrep.
    pub fn repeat(multiplicity: usize, irrep: R) -> Result<Self, IrrepsError> {
        Self::new([Block {
            multiplicity,
            irrep,
        }])
    }

    /// The blocks, in the order of storage.
    pub fn blocks(&self) -> &[Block<R>] {
        &self.blocks
    }

    /// Whether there are no components at all.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// The number of components.
    pub fn dim(&self) -> usize {
        self.blocks.iter().map(|block| block.dim()).sum()
    }

    /// The number of irreps, multiplicities counted.
    pub fn count(&self) -> usize {
        self.blocks.iter().map(|block| block.multiplicity).sum()
    }

    /// How often an irrep occurs.
    pub fn multiplicity(&self, irrep: R) -> usize {
        self.blocks
            .iter()
            .filter(|block| block.irrep == irrep)
            .map(|block| block.multiplicity)
            .sum()
    }

    /// Whether an irrep occurs.
    pub fn contains(&self, irrep: R) -> bool {
        self.blocks.iter().any(|block| block.irrep == irrep)
    }

    /// Where each block lies in a feature.
    pub fn slices(&self) -> Vec<Range<usize>> {
        let mut start = 0;
        let mut slices = Vec::with_capacity(self.blocks.len());
        for block in &self.blocks {
            slices.push(start..start + block.dim());
            start += block.dim();
        }
        slices
    }

    /// The blocks by irrep; equal ones keep their order.
    pub fn sorted(&self) -> SortedIrreps<R> {
        let mut order: Vec<usize> = (0..self.blocks.len()).collect();
        order.sort_by_key(|&index| self.blocks[index].irrep);
        let blocks = order.iter().map(|&index| self.blocks[index]).collect();
        SortedIrreps {
            irreps: Self { blocks },
            order,
        }
    }

    /// Joins neighbouring blocks of the same irrep.
    ///
    /// Joining changes the layout: `[2l+1, a]` after `[2l+1, b]` is not `[2l+1, a + b]`.
    pub fn simplified(&self) -> Self {
        let mut blocks: Vec<Block<R>> = Vec::with_capacity(self.blocks.len());
        for block in &self.blocks {
            match blocks.last_mut() {
                Some(last) if last.irrep == block.irrep => last.multiplicity += block.multiplicity,
                _ => blocks.push(*block),
            }
        }
        Self { blocks }
    }

    /// One block for each irrep, in order.
    pub fn regrouped(&self) -> Self {
        self.sorted().irreps.simplified()
    }

    /// The blocks whose irrep passes.
    pub fn filter(&self, mut keep: impl FnMut(R) -> bool) -> Self {
        let blocks = self.blocks.iter().copied();
        Self {
            blocks: blocks.filter(|block| keep(block.irrep)).collect(),
        }
    }

    /// The blocks of both, one after the other.
    pub fn direct_sum(&self, other: &Self) -> Result<Self, IrrepsError> {
        Self::new(self.blocks.iter().chain(&other.blocks).copied())
    }

    pub(super) fn pairs<'a>(
        &'a self,
        other: &'a Self,
    ) -> impl Iterator<Item = (Block<R>, Block<R>)> + 'a {
        self.blocks
            .iter()
            .flat_map(move |left| other.blocks.iter().map(move |right| (*left, *right)))
    }

    /// All irreps of the tensor product that pass, regrouped.
    pub(super) fn product_where(
        &self,
        other: &Self,
        keep: impl Fn(R) -> bool,
    ) -> Result<Self, IrrepsError> {
        // Counted by irrep first, so that long sums with many small blocks do not make a quadratic list.
        let mut counts: BTreeMap<R, usize> = BTreeMap::new();
        let (left, right) = (self.regrouped(), other.regrouped());
        for (left, right) in left.pairs(&right) {
            let copies = left.multiplicity.saturating_mul(right.multiplicity);
            for irrep in left.irrep.product(right.irrep).filter(|irrep| keep(*irrep)) {
                let count = counts.entry(irrep).or_default();
                *count = count.saturating_add(copies);
            }
        }
        Self::new(counts.into_iter().map(|(irrep, multiplicity)| Block {
            multiplicity,
            irrep,
        }))
    }

    /// The matrix of an element of the group on one copy of each block's irrep, `[dim, dim]` row by row.
    pub fn matrices(&self, element: &R::Element) -> Result<Vec<Vec<f64>>, IrrepsError> {
        let blocks = self.blocks.iter();
        blocks.map(|block| block.irrep.matrix(element)).collect()
    }

    /// Acts with an element of the group on features `[n, dim]`.
    pub fn transform(
        &self,
        element: &R::Element,
        features: &[f64],
    ) -> Result<Vec<f64>, IrrepsError> {
        let matrices = self.matrices(element)?;
        let dim = self.check_length(features.len())?;
        let mut moved = vec![0.0; features.len()];
        for start in (0..features.len()).step_by(dim) {
            for ((block, slice), matrix) in self.blocks.iter().zip(self.slices()).zip(&matrices) {
                let (size, copies) = (block.irrep.dim(), block.multiplicity);
                let start = start + slice.start;
                for (row, column) in (0..size * size).map(|entry| (entry / size, entry % size)) {
                    for copy in 0..copies {
                        moved[start + row * copies + copy] +=
                            matrix[row * size + column] * features[start + column * copies + copy];
                    }
                }
            }
        }
        Ok(moved)
    }

    /// For each component of a feature here, its index where blocks are `[multiplicity, 2l+1]`, as e3nn has them.
    pub fn multiplicity_first_order(&self) -> Vec<usize> {
        let mut order = Vec::with_capacity(self.dim());
        for (block, slice) in self.blocks.iter().zip(self.slices()) {
            let size = block.irrep.dim();
            for component in 0..size {
                let copies = 0..block.multiplicity;
                order.extend(copies.map(|copy| slice.start + copy * size + component));
            }
        }
        order
    }

    /// Features `[n, dim]` from blocks `[multiplicity, 2l+1]`, as e3nn has them, to this layout.
    pub fn from_multiplicity_first<T: Copy>(&self, features: &[T]) -> Result<Vec<T>, IrrepsError> {
        let dim = self.check_length(features.len())?;
        let order = self.multiplicity_first_order();
        let rows = features.chunks_exact(dim);
        Ok(rows
            .flat_map(|row| order.iter().map(move |&index| row[index]))
            .collect())
    }

    /// Features `[n, dim]` from this layout to blocks `[multiplicity, 2l+1]`, as e3nn has them.
    pub fn to_multiplicity_first<T: Copy>(&self, features: &[T]) -> Result<Vec<T>, IrrepsError> {
        let dim = self.check_length(features.len())?;
        let order = self.multiplicity_first_order();
        let mut moved = features.to_vec();
        for (to, from) in moved.chunks_exact_mut(dim).zip(features.chunks_exact(dim)) {
            for (&index, &value) in order.iter().zip(from) {
                to[index] = value;
            }
        }
        Ok(moved)
    }

    /// The dimension, if it divides the number of values. At least 1, so that it can be stepped by.
    fn check_length(&self, length: usize) -> Result<usize, IrrepsError> {
        let dim = self.dim().max(1);
        if !length.is_multiple_of(dim) || (self.is_empty() && length > 0) {
            return Err(IrrepsError::FeatureLength {
                length,
                irreps: self.to_string(),
                dim: self.dim(),
            });
        }
        Ok(dim)
    }
}
