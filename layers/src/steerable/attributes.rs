//! Attributes: the second factor of tensor products, with what all layers on the same edges share.
//!
//! ```text
//! M^{l₁ a l}(row)_{k i} = √(2l+1) Σ_j C_ijk a_j(row)          so that (x ⊗ a)_k = Σ_i M_ki x_i, for all channels alike
//! ```

use super::layout::{check_features, constant};
use crate::LayerError;
use crate::irreps::{Irreps, clebsch_gordan};
use burn::prelude::*;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Steerable attributes of nodes or edges, such as the spherical harmonics of the edges' directions.
///
/// What the Clebsch-Gordan tensors make of them is computed at first use and kept: copies share it, so that layers that
/// get the same attributes do it once.
#[derive(Clone, Debug)]
pub struct Attributes {
    irreps: Irreps,
    tensor: Tensor<2>,
    contracted: Arc<Mutex<BTreeMap<Key, Tensor<3>>>>,
}

/// Degree of the input, block of the attributes, channel in it, degree of the output.
type Key = (usize, usize, usize, usize);

impl Attributes {
    /// Names the irreps of a tensor `[rows, dim]`.
    pub fn new(irreps: &Irreps, tensor: Tensor<2>) -> Result<Self, LayerError> {
        check_features("the attributes", irreps, &tensor)?;
        Ok(Self {
            irreps: irreps.clone(),
            tensor,
            contracted: Arc::default(),
        })
    }

    /// What the attributes are.
    pub fn irreps(&self) -> &Irreps {
        &self.irreps
    }

    /// The attributes, `[rows, dim]`.
    pub fn tensor(&self) -> &Tensor<2> {
        &self.tensor
    }

    /// Number of nodes or edges.
    pub fn rows(&self) -> usize {
        self.tensor.dims()[0]
    }

    /// M of the module's formula for one channel of an attribute block, `[rows, 2l+1, 2l₁+1]`.
    pub(super) fn contracted(
        &self,
        from: usize,
        block: usize,
        channel: usize,
        to: usize,
    ) -> Tensor<3> {
        let mut kept = self
            .contracted
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let contract = || self.contract(from, block, channel, to);
        kept.entry((from, block, channel, to))
            .or_insert_with(contract)
            .clone()
    }

    fn contract(&self, from: usize, block: usize, channel: usize, to: usize) -> Tensor<3> {
        let range = self.irreps.slices()[block].clone();
        let block = self.irreps.blocks()[block];
        let [size, columns] = [block.irrep.dim(), (2 * to + 1) * (2 * from + 1)];
        let mut table = vec![0.0; size * columns];
        for (left, right, output, value) in couplings(from, block.irrep.degree(), to) {
            table[right * columns + output * (2 * from + 1) + left] = value;
        }
        let rows = self.rows();
        let components =
            self.tensor
                .clone()
                .slice([0..rows, range])
                .reshape([rows, size, block.multiplicity]);
        components
            .narrow(2, channel, 1)
            .reshape([rows, size])
            .matmul(constant(table, [size, columns], &self.tensor))
            .reshape([rows, 2 * to + 1, 2 * from + 1])
    }
}

/// √(2l+1) C, entry by entry: component of the input, of the attribute, of the output, value. Nothing where the degrees
/// don't couple.
pub(super) fn couplings(
    from: usize,
    by: usize,
    to: usize,
) -> impl Iterator<Item = (usize, usize, usize, f64)> {
    let scale = ((2 * to + 1) as f64).sqrt();
    let entries = clebsch_gordan(from, by, to).map_or(&[][..], |tensor| tensor.couplings());
    entries
        .iter()
        .map(move |c| (c.left, c.right, c.output, scale * c.value))
}
