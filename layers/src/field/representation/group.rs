//! Groups of rotations and reflections of the plane about a point, finite or not.
//!
//! ```text
//! g = R(θ) Mᵐ,   M (x, y) = (x, −y)          SO(2), O(2): every θ;  C_N, D_N: θ = 2πr/N
//! ```

use std::f64::consts::TAU;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::FieldError;
use super::limits::MAX_ROTATIONS;
use crate::group::{Group, Matrix};
use crate::irreps::shortened;

/// How far an angle may be from one that it means, in radians.
const SAME: f64 = 1e-9;

/// A rotation after the mirror (x, y) → (x, −y), or without it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Isometry {
    /// Counter-clockwise, in radians.
    pub angle: f64,
    /// Whether the mirror acts before.
    pub reflects: bool,
}

impl Isometry {
    /// The matrix, acting on columns (x, y). Multiples of 90° have no rounding.
    pub fn matrix(self) -> Matrix {
        let quarters = self.angle / (TAU / 4.0);
        let (sin, cos) = match (quarters - quarters.round()).abs() < SAME {
            true => match quarters.round().rem_euclid(4.0) as u8 {
                0 => (0.0, 1.0),
                1 => (1.0, 0.0),
                2 => (0.0, -1.0),
                _ => (-1.0, 0.0),
            },
            false => self.angle.sin_cos(),
        };
        match self.reflects {
            false => [[cos, -sin], [sin, cos]],
            true => [[cos, sin], [sin, -cos]],
        }
    }
}

/// C_N, D_N, SO(2) or O(2): what turns fields. D_N and O(2) have the mirror (x, y) → (x, −y).
///
/// ```
/// use gcnn_layers::field::PointGroup;
///
/// let rotations: PointGroup = "SO(2)".parse()?;
/// assert!(PointGroup::cyclic(8)?.is_subgroup_of(rotations));
/// assert!(!PointGroup::dihedral(4)?.is_subgroup_of(rotations));
/// # Ok::<(), gcnn_layers::field::FieldError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PointGroup {
    /// None of all rotations.
    rotations: Option<usize>,
    reflects: bool,
}

impl PointGroup {
    /// The largest N of C_N and D_N.
    pub const MAX_ROTATIONS: usize = MAX_ROTATIONS;

    /// All rotations.
    pub const SO2: Self = Self {
        rotations: None,
        reflects: false,
    };

    /// All rotations and reflections.
    pub const O2: Self = Self {
        rotations: None,
        reflects: true,
    };

    /// C_N, the rotations by multiples of 360°/N.
    pub fn cyclic(n: usize) -> Result<Self, FieldError> {
        Self::finite('C', n, false)
    }

    /// D_N, with reflections.
    pub fn dihedral(n: usize) -> Result<Self, FieldError> {
        Self::finite('D', n, true)
    }

    fn finite(family: char, n: usize, reflects: bool) -> Result<Self, FieldError> {
        match n {
            1..=Self::MAX_ROTATIONS => Ok(Self {
                rotations: Some(n),
                reflects,
            }),
            _ => Err(FieldError::Group {
                name: format!("{family}{n}"),
            }),
        }
    }

    /// N, where there are finitely many rotations.
    pub fn rotations(self) -> Option<usize> {
        self.rotations
    }

    /// Whether there are reflections.
    pub fn reflects(self) -> bool {
        self.reflects
    }

    /// The number of elements, where it is finite.
    pub fn order(self) -> Option<usize> {
        let components = if self.reflects { 2 } else { 1 };
        self.rotations.map(|n| components * n)
    }

    /// The elements in the order of [`Group`], where they are finitely many.
    pub fn elements(self) -> Option<Vec<Isometry>> {
        self.rotations.map(|n| self.sampled_at(n))
    }

    /// The elements whose angle is a multiple of 360°/N, in the order of [`Group`]: N or 2N of them.
    pub(crate) fn sampled_at(self, n: usize) -> Vec<Isometry> {
        let components = if self.reflects { 2 } else { 1 };
        let element = |index: usize| Isometry {
            angle: TAU * (index % n) as f64 / n as f64,
            reflects: index / n == 1,
        };
        (0..components * n).map(element).collect()
    }

    /// The r of an angle 2πr/N, 0 ≤ r < N, where the group has it; of all rotations 0.
    pub(super) fn step(self, element: Isometry) -> Result<usize, FieldError> {
        let missing = || FieldError::NoElement {
            degrees: element.angle.to_degrees(),
            reflects: element.reflects,
            group: self.to_string(),
        };
        if (element.reflects && !self.reflects) || !element.angle.is_finite() {
            return Err(missing());
        }
        let Some(n) = self.rotations else {
            return Ok(0);
        };
        let steps = (element.angle / TAU).rem_euclid(1.0) * n as f64;
        match (steps - steps.round()).abs() < SAME * n as f64 {
            true => Ok(steps.round() as usize % n),
            false => Err(missing()),
        }
    }

    /// Whether all elements are also elements of another group.
    pub fn is_subgroup_of(self, other: Self) -> bool {
        let rotations = match (self.rotations, other.rotations) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(own), Some(others)) => others.is_multiple_of(own),
        };
        rotations && self.reflects <= other.reflects
    }

    /// This, if it is a subgroup.
    pub(super) fn within(self, group: Self) -> Result<Self, FieldError> {
        match self.is_subgroup_of(group) {
            true => Ok(self),
            false => Err(FieldError::NoSubgroup {
                subgroup: self.to_string(),
                group: group.to_string(),
            }),
        }
    }

    /// As [`Group`]: itself where it is finite, otherwise its elements that map the pixel grid to itself, C4 or D4.
    pub fn sampled(self) -> Group {
        let n = self.rotations.unwrap_or(4);
        let group = match self.reflects {
            false => Group::cyclic(n),
            true => Group::dihedral(n),
        };
        // N is in range, as it was when this was made.
        group.unwrap_or_else(|_| Group::trivial())
    }
}

impl TryFrom<&Group> for PointGroup {
    type Error = FieldError;

    /// Of the groups of the regular half those of rotations, and of rotations and reflections.
    fn try_from(group: &Group) -> Result<Self, FieldError> {
        let unknown = || FieldError::Group {
            name: group.name().into(),
        };
        let found: Self = group.name().parse()?;
        match found.sampled() == *group {
            true => Ok(found),
            false => Err(unknown()),
        }
    }
}

impl fmt::Display for PointGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.rotations, self.reflects) {
            (Some(n), false) => f.pad(&format!("C{n}")),
            (Some(n), true) => f.pad(&format!("D{n}")),
            (None, false) => f.pad("SO(2)"),
            (None, true) => f.pad("O(2)"),
        }
    }
}

impl FromStr for PointGroup {
    type Err = FieldError;

    /// Reads `C8`, `D4`, `SO(2)`, `O(2)`, and `trivial` for C1.
    fn from_str(text: &str) -> Result<Self, FieldError> {
        let unknown = || FieldError::Group {
            name: shortened(text),
        };
        let name = text.trim().to_ascii_lowercase();
        match name.as_str() {
            "so(2)" => return Ok(Self::SO2),
            "o(2)" => return Ok(Self::O2),
            "trivial" => return Self::cyclic(1),
            _ => {}
        }
        let number = |digits: &str| match digits.bytes().all(|byte| byte.is_ascii_digit()) {
            true => digits.parse().map_err(|_| unknown()),
            false => Err(unknown()),
        };
        match (name.strip_prefix('c'), name.strip_prefix('d')) {
            (Some(digits), _) => Self::cyclic(number(digits)?),
            (_, Some(digits)) => Self::dihedral(number(digits)?),
            _ => Err(unknown()),
        }
    }
}

impl TryFrom<String> for PointGroup {
    type Error = FieldError;

    fn try_from(text: String) -> Result<Self, FieldError> {
        text.parse()
    }
}

impl From<PointGroup> for String {
    fn from(group: PointGroup) -> Self {
        group.to_string()
    }
}
