//! Irreducible representations over the real numbers.
//!
//! ```text
//! rotations      k:       R(kθ);                     cos(kθ) for k = 0 and k = N/2
//! reflections    (1, k):  R(kθ) diag(1, −1)ᵐ;        (j, k): cos(kθ) (−1)ʲᵐ for k = 0 and k = N/2
//! ```
//!
//! Of two components without reflections are those of complex type: what commutes with them are the rotations of both components, and
//! functions on H hold such an irrep once. Of the others they hold as many copies as an irrep has components.

use std::fmt;

use super::limits::MAX_FREQUENCY;
use super::{FieldError, Isometry, PointGroup};

/// An irrep of C_N, D_N, SO(2) or O(2): its frequency k, and with reflections its j.
///
/// ```
/// use gcnn_layers::field::{PlaneIrrep, PointGroup};
///
/// let vector = PlaneIrrep::new(PointGroup::O2, true, 1)?;
/// assert_eq!((vector.to_string().as_str(), vector.dim()), ("irrep(1,1)", 2));
/// let all = PlaneIrrep::all(PointGroup::dihedral(4)?, 2);
/// let names: Vec<String> = all.iter().map(PlaneIrrep::to_string).collect();
/// assert_eq!(names, ["trivial", "sign", "irrep(1,1)", "irrep(0,2)", "irrep(1,2)"]);
/// # Ok::<(), gcnn_layers::field::FieldError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlaneIrrep {
    group: PointGroup,
    frequency: usize,
    /// j = 1.
    flips: bool,
}

impl PlaneIrrep {
    /// The irrep (j, k), where `flips` is j = 1; without reflections j is 0.
    pub fn new(group: PointGroup, flips: bool, frequency: usize) -> Result<Self, FieldError> {
        let irrep = Self {
            group,
            frequency,
            flips,
        };
        let exists = match (group.reflects(), irrep.is_number()) {
            (false, _) => !flips,
            (true, true) => true,
            (true, false) => flips,
        };
        match frequency <= highest(group) && exists {
            true => Ok(irrep),
            false => Err(FieldError::NoIrrep {
                irrep: match group.reflects() || flips {
                    true => format!("irrep({},{frequency})", u8::from(flips)),
                    false => format!("irrep({frequency})"),
                },
                group: group.to_string(),
                known: known(group),
            }),
        }
    }

    /// The irrep that nothing changes.
    pub fn trivial(group: PointGroup) -> Self {
        Self {
            group,
            frequency: 0,
            flips: false,
        }
    }

    /// The irreps up to a frequency, by frequency and j.
    pub fn all(group: PointGroup, highest: usize) -> Vec<Self> {
        let pairs = (0..=highest.min(MAX_FREQUENCY)).flat_map(|k| [(false, k), (true, k)]);
        pairs
            .filter_map(|(flips, k)| Self::new(group, flips, k).ok())
            .collect()
    }

    /// The group.
    pub fn group(self) -> PointGroup {
        self.group
    }

    /// The frequency k.
    pub fn frequency(self) -> usize {
        self.frequency
    }

    /// Whether j = 1.
    pub fn flips(self) -> bool {
        self.flips
    }

    /// Whether nothing changes it.
    pub fn is_trivial(self) -> bool {
        self.frequency == 0 && !self.flips
    }

    /// The number of components, 1 or 2.
    pub fn dim(self) -> usize {
        if self.is_number() { 1 } else { 2 }
    }

    fn is_number(self) -> bool {
        self.frequency == 0 || self.group.rotations() == Some(2 * self.frequency)
    }

    /// How many copies of it functions on H hold.
    pub(super) fn copies(self) -> usize {
        match self.group.reflects() {
            true => self.dim(),
            false => 1,
        }
    }

    /// The matrix of an element, `[dim, dim]` row by row.
    pub fn matrix(self, element: Isometry) -> Result<Vec<f64>, FieldError> {
        self.group.step(element)?;
        Ok(self.value(element))
    }

    /// The matrix of an element of the group.
    pub(crate) fn value(self, element: Isometry) -> Vec<f64> {
        let (sin, cos) = (self.frequency as f64 * element.angle).sin_cos();
        match self.dim() {
            1 => vec![match self.flips && element.reflects {
                true => -cos.round(),
                false => cos.round(),
            }],
            _ => match element.reflects {
                true => vec![cos, sin, sin, -cos],
                false => vec![cos, -sin, sin, cos],
            },
        }
    }
}

/// The highest frequency that there are irreps of.
fn highest(group: PointGroup) -> usize {
    group.rotations().map_or(MAX_FREQUENCY, |n| n / 2)
}

/// The irreps of a group, in words.
fn known(group: PointGroup) -> String {
    let highest = highest(group);
    let numbers = group.rotations() == Some(2 * highest);
    match (group.reflects(), numbers) {
        (false, _) => format!("irrep(0) to irrep({highest})"),
        (true, false) => format!("trivial, sign, and irrep(1,k) with k from 1 to {highest}"),
        (true, true) => {
            format!("trivial, sign, irrep(1,k) with k from 1 to {highest}, and irrep(0,{highest})")
        }
    }
}

impl fmt::Display for PlaneIrrep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.frequency, self.flips, self.group.reflects()) {
            (0, false, _) => f.pad("trivial"),
            (0, true, _) => f.pad("sign"),
            (k, _, false) => f.pad(&format!("irrep({k})")),
            (k, flips, true) => f.pad(&format!("irrep({},{k})", u8::from(flips))),
        }
    }
}
