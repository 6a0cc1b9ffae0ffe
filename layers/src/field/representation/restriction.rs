//! Representations of a group as representations of a subgroup.
//!
//! ```text
//! R(kθ), θ = 2πr/M, is that of k mod M:   l = k mod M ≤ M/2: irrep l;   otherwise irrep M − l, with the second component negated
//! two numbers where l = 0 or M/2          with reflections (0, l) and (1, l); without two of l
//! ```
//!
//! The components of a field stay as they are; only what is known of how they turn becomes less.

use super::named::{Decomposition, Kind};
use super::{FieldError, PlaneIrrep, PointGroup, Representation};

impl PlaneIrrep {
    /// The irreps of a subgroup that this one falls into, and by what its second component is multiplied.
    pub(super) fn restricted(self, subgroup: PointGroup) -> (Vec<Self>, f64) {
        let (k, flips) = (self.frequency(), self.flips());
        let (frequency, sign) = match subgroup.rotations() {
            None => (k, 1.0),
            Some(n) => match k % n {
                rest if 2 * rest <= n => (rest, 1.0),
                rest => (n - rest, -1.0),
            },
        };
        let irrep = |flips| Self::new(subgroup, flips && subgroup.reflects(), frequency);
        let parts = match self.dim() {
            1 => vec![irrep(flips)],
            // With reflections irreps of two components have j = 1.
            _ => match irrep(true) {
                Ok(whole) if whole.dim() == 2 => vec![Ok(whole)],
                _ => vec![irrep(false), irrep(true)],
            },
        };
        (parts.into_iter().flatten().collect(), sign)
    }
}

impl Representation {
    /// The same components under a subgroup alone.
    pub fn restrict(&self, subgroup: PointGroup) -> Result<Self, FieldError> {
        subgroup.within(self.group)?;
        let kind = match &self.kind {
            Kind::Sum(parts) => {
                let parts: Result<Vec<_>, _> =
                    parts.iter().map(|part| part.restrict(subgroup)).collect();
                return Self::sum(parts?);
            }
            Kind::Irrep(irrep) => match irrep.restricted(subgroup) {
                (parts, sign) if parts.len() == 1 && (sign > 0.0 || irrep.dim() == 1) => {
                    return Ok(Self::of_irrep(parts[0]));
                }
                _ => self.kind.clone(),
            },
            Kind::Quotient(_) | Kind::Fourier(_) => self.kind.clone(),
        };
        Ok(Self {
            group: subgroup,
            origin: self.origin,
            kind,
        })
    }

    /// A decomposition into irreps of the origin as one into irreps of what acts.
    pub(super) fn restricted_decomposition(
        &self,
        irreps: Vec<PlaneIrrep>,
        mut change: Vec<f64>,
    ) -> Decomposition {
        if self.group == self.origin {
            return Decomposition { irreps, change };
        }
        let (dim, mut column, mut parts) = (self.dim(), 0, Vec::new());
        for irrep in irreps {
            let (own, sign) = irrep.restricted(self.group);
            if irrep.dim() == 2 {
                let second = (0..dim).map(|row| row * dim + column + 1);
                second.for_each(|entry| change[entry] *= sign);
            }
            column += irrep.dim();
            parts.extend(own);
        }
        Decomposition {
            irreps: parts,
            change,
        }
    }
}
