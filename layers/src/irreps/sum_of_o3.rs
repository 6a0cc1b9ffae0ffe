//! What sums of irreps of O(3) have beside what all sums of irreps have: degrees.

use super::{Block, Irrep, Irreps, IrrepsError, check_degree};

impl Irreps {
    /// The representation of the spherical harmonics of degrees 0 to `l_max`: `1x0e+1x1o+1x2e+…`.
    pub fn spherical_harmonics(l_max: usize) -> Result<Self, IrrepsError> {
        check_degree(l_max)?;
        let irreps = (0..=l_max)
            .map(Irrep::harmonics)
            .collect::<Result<Vec<_>, _>>()?;
        Self::new(irreps.into_iter().map(|irrep| Block {
            multiplicity: 1,
            irrep,
        }))
    }

    /// The highest degree; 0 where there are no blocks.
    pub fn l_max(&self) -> usize {
        self.blocks()
            .iter()
            .map(|block| block.irrep.degree())
            .max()
            .unwrap_or(0)
    }

    /// All irreps of the tensor product, regrouped.
    pub fn tensor_product(&self, other: &Self) -> Result<Self, IrrepsError> {
        for (left, right) in self.pairs(other) {
            if check_degree(left.irrep.degree() + right.irrep.degree()).is_err() {
                return Err(IrrepsError::ProductTooHigh {
                    left: left.irrep.to_string(),
                    right: right.irrep.to_string(),
                    degree: left.irrep.degree() + right.irrep.degree(),
                });
            }
        }
        self.product_where(other, |_| true)
    }

    /// The irreps of the tensor product up to a degree, regrouped.
    pub fn tensor_product_up_to(&self, other: &Self, l_max: usize) -> Result<Self, IrrepsError> {
        check_degree(l_max)?;
        self.product_where(other, |irrep| irrep.degree() <= l_max)
    }
}
