//! Representations by name: irreps, functions on the group or on its cosets, functions up to a frequency, and sums.
//!
//! ```text
//! quotient(K)    (ρ(g) f)(hK) = f(g⁻¹hK)                f_i(hK) = √(d / |G/K|) Σ_j ρ_ij(h) v_j,  v fixed by K: irrep ρ
//! fourier(L)     ⊕ copies of irreps with k ≤ L          the coefficients of functions on H: f(h) = Σ x_ρij √d ρ_ij(h)
//! ```

use super::limits::MAX_COMPONENTS;
use super::{FieldError, Isometry, PlaneIrrep, PointGroup};

/// A representation of C_N, D_N, SO(2) or O(2), which is what one field has at a place.
///
/// ```
/// use gcnn_layers::field::{PointGroup, Representation};
///
/// let regular = Representation::regular(PointGroup::cyclic(8)?)?;
/// assert_eq!(regular.dim(), 8);
/// let names: Vec<String> = regular.irreps().iter().map(|irrep| irrep.to_string()).collect();
/// assert_eq!(names, ["trivial", "irrep(1)", "irrep(2)", "irrep(3)", "irrep(4)"]);
/// # Ok::<(), gcnn_layers::field::FieldError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Representation {
    /// What acts.
    pub(super) group: PointGroup,
    /// What acted before it was restricted.
    pub(super) origin: PointGroup,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Irrep(PlaneIrrep),
    /// Functions on cosets; regular where the subgroup is C1.
    Quotient(PointGroup),
    Fourier(usize),
    /// None of which is a sum.
    Sum(Vec<Representation>),
}

/// ρ(g) = Q (⊕ irreps) Qᵀ.
#[derive(Debug, Clone, PartialEq)]
pub struct Decomposition {
    /// The irreps, one after the other.
    pub irreps: Vec<PlaneIrrep>,
    /// Q, orthogonal, `[dim, dim]` row by row: its columns are the components of the irreps.
    pub change: Vec<f64>,
}

impl Representation {
    /// The most components.
    pub const MAX_DIMENSION: usize = MAX_COMPONENTS;

    /// The representation that nothing changes.
    pub fn trivial(group: PointGroup) -> Self {
        Self::of_irrep(PlaneIrrep::trivial(group))
    }

    /// An irrep.
    pub fn of_irrep(irrep: PlaneIrrep) -> Self {
        Self::unrestricted(irrep.group(), Kind::Irrep(irrep))
    }

    /// Functions on a finite group.
    pub fn regular(group: PointGroup) -> Result<Self, FieldError> {
        Self::quotient(group, PointGroup::cyclic(1)?)
    }

    /// Functions on the cosets hK of a finite group.
    pub fn quotient(group: PointGroup, subgroup: PointGroup) -> Result<Self, FieldError> {
        if group.order().is_none() {
            let group = group.to_string();
            return Err(FieldError::Infinite { group });
        }
        let kind = Kind::Quotient(subgroup.within(group)?);
        Ok(Self::unrestricted(group, kind))
    }

    /// Functions on the group up to a frequency, as Fourier coefficients: each irrep as often as it has components.
    pub fn fourier(group: PointGroup, highest: usize) -> Result<Self, FieldError> {
        // That there are irreps of this frequency.
        PlaneIrrep::new(group, group.reflects(), highest)?;
        let fourier = Self::unrestricted(group, Kind::Fourier(highest));
        fourier.bounded()
    }

    /// The sum of representations, whose components are one after the other.
    pub fn sum(parts: impl IntoIterator<Item = Self>) -> Result<Self, FieldError> {
        let mut flat = Vec::new();
        for part in parts {
            match part.kind {
                Kind::Sum(parts) => flat.extend(parts),
                _ => flat.push(part),
            }
            if flat.len() > Self::MAX_DIMENSION {
                return Err(FieldError::LargeRepresentation);
            }
        }
        let Some(group) = flat.first().map(|part| part.group) else {
            return Err(FieldError::NoFields);
        };
        if let Some(part) = flat.iter().find(|part| part.group != group) {
            return Err(FieldError::other_group(group, part.group));
        }
        match <[Self; 1]>::try_from(flat) {
            Ok([one]) => Ok(one),
            Err(flat) => Self::unrestricted(group, Kind::Sum(flat)).bounded(),
        }
    }

    fn unrestricted(group: PointGroup, kind: Kind) -> Self {
        Self {
            group,
            origin: group,
            kind,
        }
    }

    fn bounded(self) -> Result<Self, FieldError> {
        match self.dim() <= Self::MAX_DIMENSION {
            true => Ok(self),
            false => Err(FieldError::LargeRepresentation),
        }
    }

    /// The group that acts.
    pub fn group(&self) -> PointGroup {
        self.group
    }

    /// The group whose representation it is, of which [`group`](Self::group) is what acts since it was restricted.
    pub fn origin(&self) -> PointGroup {
        self.origin
    }

    /// The number of components.
    pub fn dim(&self) -> usize {
        match &self.kind {
            Kind::Irrep(irrep) => irrep.dim(),
            Kind::Quotient(subgroup) => self.cosets(*subgroup),
            Kind::Fourier(highest) => {
                let irreps = PlaneIrrep::all(self.origin, *highest).into_iter();
                irreps.map(|irrep| irrep.copies() * irrep.dim()).sum()
            }
            Kind::Sum(parts) => parts.iter().map(Self::dim).sum(),
        }
    }

    /// Whether it permutes its components, so that the same may be done to each of them.
    pub fn is_permutation(&self) -> bool {
        match &self.kind {
            Kind::Irrep(irrep) => irrep.is_trivial(),
            Kind::Quotient(_) => true,
            Kind::Fourier(highest) => *highest == 0 && !self.origin.reflects(),
            Kind::Sum(parts) => parts.iter().all(Self::is_permutation),
        }
    }

    /// Whether nothing changes any component.
    pub fn is_trivial(&self) -> bool {
        self.irreps().into_iter().all(PlaneIrrep::is_trivial)
    }

    /// Whether it is functions on all of the group, in the order of [`Group`](crate::Group).
    pub fn is_regular(&self) -> bool {
        let of_all = matches!(self.kind, Kind::Quotient(subgroup) if subgroup.order() == Some(1));
        of_all && self.origin == self.group
    }

    /// The highest frequency of functions given by Fourier coefficients, if it is such.
    pub fn bandlimit(&self) -> Option<usize> {
        match self.kind {
            Kind::Fourier(highest) => Some(highest),
            _ => None,
        }
    }

    /// The matrix of an element, `[dim, dim]` row by row.
    pub fn matrix(&self, element: Isometry) -> Result<Vec<f64>, FieldError> {
        self.group.step(element)?;
        match &self.kind {
            Kind::Irrep(irrep) => irrep.matrix(element),
            Kind::Quotient(subgroup) => self.permutation(*subgroup, element),
            Kind::Fourier(highest) => {
                let irreps = copies(self.origin, *highest).into_iter();
                Ok(diagonal(irreps.map(|irrep| irrep.value(element)).collect()))
            }
            Kind::Sum(parts) => {
                let blocks: Result<_, _> = parts.iter().map(|part| part.matrix(element)).collect();
                Ok(diagonal(blocks?))
            }
        }
    }

    /// The irreps that it is made of, one after the other.
    pub fn irreps(&self) -> Vec<PlaneIrrep> {
        let restricted = |irreps: Vec<PlaneIrrep>| {
            let parts = irreps.into_iter();
            parts
                .flat_map(|irrep| irrep.restricted(self.group).0)
                .collect()
        };
        match &self.kind {
            Kind::Irrep(irrep) => restricted(vec![*irrep]),
            Kind::Quotient(subgroup) => {
                let of_functions = self.functions(*subgroup).into_iter();
                restricted(of_functions.map(|(irrep, _)| irrep).collect())
            }
            Kind::Fourier(highest) => restricted(copies(self.origin, *highest)),
            Kind::Sum(parts) => parts.iter().flat_map(Self::irreps).collect(),
        }
    }

    /// How it falls into irreps.
    pub fn decomposition(&self) -> Decomposition {
        let (irreps, change) = match &self.kind {
            Kind::Irrep(irrep) => (vec![*irrep], identity(irrep.dim())),
            Kind::Quotient(subgroup) => self.decomposed_functions(*subgroup),
            Kind::Fourier(highest) => (copies(self.origin, *highest), identity(self.dim())),
            Kind::Sum(parts) => {
                let parts: Vec<_> = parts.iter().map(Self::decomposition).collect();
                let blocks = parts.iter().map(|part| part.change.clone()).collect();
                let irreps = parts.into_iter().flat_map(|part| part.irreps).collect();
                // The parts are restricted already.
                return Decomposition {
                    irreps,
                    change: diagonal(blocks),
                };
            }
        };
        self.restricted_decomposition(irreps, change)
    }

    /// The vectors that nothing changes, orthonormal.
    pub fn invariants(&self) -> Vec<Vec<f64>> {
        let Decomposition { irreps, change } = self.decomposition();
        let (dim, mut column, mut found) = (self.dim(), 0, Vec::new());
        for irrep in irreps {
            if irrep.is_trivial() {
                found.push((0..dim).map(|row| change[row * dim + column]).collect());
            }
            column += irrep.dim();
        }
        found
    }

    /// What functions on H are at its elements: the rows are those of elements, the columns √d ρ_ij(h), the coefficients of
    /// [`fourier`](Self::fourier).
    pub(crate) fn fourier_rows(&self, elements: &[Isometry]) -> Vec<Vec<f64>> {
        let highest = self.bandlimit().unwrap_or_default();
        let irreps = PlaneIrrep::all(self.origin, highest);
        let row = |&element: &Isometry| {
            let columns = irreps.iter().flat_map(|irrep| {
                let (dim, matrix) = (irrep.dim(), irrep.value(element));
                let scale = (dim as f64).sqrt();
                let entries = (0..irrep.copies() * dim).map(move |n| (n % dim) * dim + n / dim);
                entries
                    .map(|entry| scale * matrix[entry])
                    .collect::<Vec<_>>()
            });
            columns.collect()
        };
        elements.iter().map(row).collect()
    }

    /// The number of cosets.
    fn cosets(&self, subgroup: PointGroup) -> usize {
        match (self.origin.order(), subgroup.order()) {
            (Some(order), Some(inner)) => order / inner,
            _ => 0,
        }
    }

    /// Rotations of the group between those of the subgroup.
    fn turns(&self, subgroup: PointGroup) -> usize {
        match (self.origin.rotations(), subgroup.rotations()) {
            (Some(all), Some(inner)) => all / inner,
            _ => 1,
        }
    }

    /// R(2πr/N) Mᵐ K has the index r mod N/M, and where K has no reflections N/M more for m = 1.
    fn permutation(&self, subgroup: PointGroup, element: Isometry) -> Result<Vec<f64>, FieldError> {
        let (step, turns) = (self.origin.step(element)?, self.turns(subgroup));
        let dim = self.cosets(subgroup);
        let mut matrix = vec![0.0; dim * dim];
        for coset in 0..dim {
            let (r, side) = (coset % turns, coset / turns);
            let (r, side) = match element.reflects {
                false => (r + step, side),
                true => (step + turns - r, (side + 1) % (dim / turns)),
            };
            matrix[(r % turns + turns * side) * dim + coset] = 1.0;
        }
        Ok(matrix)
    }

    /// The irreps of functions on cosets, each with a vector that the subgroup leaves alone.
    fn functions(&self, subgroup: PointGroup) -> Vec<(PlaneIrrep, usize)> {
        let n = self.origin.rotations().unwrap_or_default();
        let inside = subgroup.elements().unwrap_or_default();
        let irreps = PlaneIrrep::all(self.origin, n / 2).into_iter();
        irreps
            .flat_map(|irrep| (0..irrep.copies()).map(move |j| (irrep, j)))
            .filter(|(irrep, j)| {
                // Elements of K are diagonal on what they fix: rotations as a whole, the mirror as diag(1, −1).
                let fixed = |&k: &Isometry| irrep.value(k)[j * irrep.dim() + j] > 1.0 - 1e-9;
                inside.iter().all(fixed)
            })
            .collect()
    }

    fn decomposed_functions(&self, subgroup: PointGroup) -> (Vec<PlaneIrrep>, Vec<f64>) {
        let (dim, turns) = (self.cosets(subgroup), self.turns(subgroup));
        let n = self.origin.rotations().unwrap_or(1);
        let elements = self.origin.sampled_at(n);
        let functions = self.functions(subgroup);
        let mut change = vec![0.0; dim * dim];
        let mut column = 0;
        for (irrep, j) in &functions {
            let size = irrep.dim();
            let scale = (size as f64 / dim as f64).sqrt();
            for coset in 0..dim {
                let of_coset = elements[coset % turns + n * (coset / turns)];
                let matrix = irrep.value(of_coset);
                for i in 0..size {
                    change[coset * dim + column + i] = scale * matrix[i * size + j];
                }
            }
            column += size;
        }
        let irreps = functions.into_iter().map(|(irrep, _)| irrep).collect();
        (irreps, change)
    }
}

/// The irreps up to a frequency, each as often as functions on the group hold it.
fn copies(group: PointGroup, highest: usize) -> Vec<PlaneIrrep> {
    let irreps = PlaneIrrep::all(group, highest).into_iter();
    irreps
        .flat_map(|irrep| vec![irrep; irrep.copies()])
        .collect()
}

pub(super) fn identity(dim: usize) -> Vec<f64> {
    let entry = |n| f64::from(u8::from(n / dim == n % dim));
    (0..dim * dim).map(entry).collect()
}

/// Square matrices along the diagonal of one.
fn diagonal(blocks: Vec<Vec<f64>>) -> Vec<f64> {
    let side = |block: &Vec<f64>| block.len().isqrt();
    let dim: usize = blocks.iter().map(side).sum();
    let (mut whole, mut start) = (vec![0.0; dim * dim], 0);
    for block in &blocks {
        let side = side(block);
        for (n, value) in block.iter().enumerate() {
            whole[(start + n / side) * dim + start + n % side] = *value;
        }
        start += side;
    }
    whole
}
