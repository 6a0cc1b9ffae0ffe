//! Irreducible representations of O(3).
//!
//! ```text
//! (l, p):  R ↦ D^l(R),  −R ↦ p D^l(R)                             dimension 2l + 1
//! (l₁, p₁) ⊗ (l₂, p₂) = ⊕ (l, p₁p₂),  |l₁ − l₂| ≤ l ≤ l₁ + l₂
//! ```

use std::fmt;
use std::ops::Mul;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{IrrepsError, Matrix3, Representation, check_degree, wigner};

/// What the inversion x ↦ −x does to a representation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Parity {
    /// Nothing: `e`.
    Even,
    /// It changes the sign: `o`.
    Odd,
}

impl Parity {
    /// +1 or −1.
    pub fn sign(self) -> f64 {
        match self {
            Self::Even => 1.0,
            Self::Odd => -1.0,
        }
    }

    /// (−1)^l, the parity of the spherical harmonics of degree l.
    pub fn of_harmonics(degree: usize) -> Self {
        if degree.is_multiple_of(2) {
            Self::Even
        } else {
            Self::Odd
        }
    }
}

impl Mul for Parity {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        if self == other { Self::Even } else { Self::Odd }
    }
}

impl fmt::Display for Parity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Even => "e",
            Self::Odd => "o",
        })
    }
}

/// An irreducible representation of O(3): a degree l and a parity, written `0e` (scalar), `0o` (pseudoscalar), `1o` (vector),
/// `1e` (pseudovector), …
///
/// Irreps are ordered by degree, even before odd.
///
/// ```
/// use gcnn_layers::irreps::Irrep;
///
/// let vector: Irrep = "1o".parse()?;
/// let products: Vec<String> = vector.product(vector).map(|irrep| irrep.to_string()).collect();
/// assert_eq!(products, ["0e", "1e", "2e"]);
/// # Ok::<(), gcnn_layers::irreps::IrrepsError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Irrep {
    degree: u8,
    parity: Parity,
}

impl Irrep {
    /// The trivial representation, `0e`.
    pub const SCALAR: Self = Self {
        degree: 0,
        parity: Parity::Even,
    };

    /// The representation on ordinary vectors, `1o`.
    pub const VECTOR: Self = Self {
        degree: 1,
        parity: Parity::Odd,
    };

    /// The irrep of a degree from 0 to [`L_MAX`](super::L_MAX).
    pub fn new(degree: usize, parity: Parity) -> Result<Self, IrrepsError> {
        let degree = check_degree(degree)? as u8;
        Ok(Self { degree, parity })
    }

    /// The irrep of the spherical harmonics of a degree.
    pub fn harmonics(degree: usize) -> Result<Self, IrrepsError> {
        Self::new(degree, Parity::of_harmonics(degree))
    }

    /// The degree l.
    pub fn degree(self) -> usize {
        usize::from(self.degree)
    }

    /// The parity p.
    pub fn parity(self) -> Parity {
        self.parity
    }

    /// 2l + 1.
    pub fn dim(self) -> usize {
        2 * self.degree() + 1
    }

    /// Whether this is `0e`, the one irrep that a bias or any nonlinearity may act on.
    pub fn is_scalar(self) -> bool {
        self == Self::SCALAR
    }

    /// The irreps in the tensor product with another, by rising degree, as far as [`L_MAX`](super::L_MAX).
    pub fn product(self, other: Self) -> impl Iterator<Item = Self> {
        let parity = self.parity * other.parity;
        (self.degree().abs_diff(other.degree())..=self.degree() + other.degree())
            .map_while(move |degree| Self::new(degree, parity).ok())
    }

    /// Whether `output` is in the tensor product with another.
    pub fn couples(self, other: Self, output: Self) -> bool {
        self.parity * other.parity == output.parity
            && output.degree() >= self.degree().abs_diff(other.degree())
            && output.degree() <= self.degree() + other.degree()
    }

    /// The matrix of an element of O(3), `[2l+1, 2l+1]` row by row.
    pub fn matrix(self, element: &Matrix3) -> Result<Vec<f64>, IrrepsError> {
        let (rotation, inverts) = wigner::split(element)?;
        let mut all = wigner::recurrence(self.degree(), &rotation);
        let mut matrix = all.swap_remove(self.degree());
        if inverts {
            let sign = self.parity.sign();
            matrix.iter_mut().for_each(|entry| *entry *= sign);
        }
        Ok(matrix)
    }
}

impl Representation for Irrep {
    type Element = Matrix3;

    fn dim(self) -> usize {
        Irrep::dim(self)
    }

    fn product(self, other: Self) -> impl Iterator<Item = Self> {
        Irrep::product(self, other)
    }

    fn matrix(self, element: &Matrix3) -> Result<Vec<f64>, IrrepsError> {
        Irrep::matrix(self, element)
    }
}

impl fmt::Display for Irrep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.degree, self.parity)
    }
}

impl FromStr for Irrep {
    type Err = IrrepsError;

    fn from_str(text: &str) -> Result<Self, IrrepsError> {
        let trimmed = text.trim();
        let unreadable = || IrrepsError::Parse {
            part: shortened(trimmed),
            text: shortened(text),
        };
        let (digits, parity) = if let Some(digits) = trimmed.strip_suffix('e') {
            (digits, Parity::Even)
        } else if let Some(digits) = trimmed.strip_suffix('o') {
            (digits, Parity::Odd)
        } else {
            return Err(unreadable());
        };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(unreadable());
        }
        match digits.parse() {
            Ok(degree) => Self::new(degree, parity),
            // All digits, so the only way to fail is to be too large.
            Err(_) => Err(IrrepsError::DegreeTooHigh {
                degree: shortened(digits),
            }),
        }
    }
}

impl TryFrom<String> for Irrep {
    type Error = IrrepsError;

    fn try_from(text: String) -> Result<Self, IrrepsError> {
        text.parse()
    }
}

impl From<Irrep> for String {
    fn from(irrep: Irrep) -> Self {
        irrep.to_string()
    }
}

/// A text as it goes into an error: hostile input must not fill the terminal.
pub(crate) fn shortened(text: &str) -> String {
    const KEPT: usize = 60;
    match text.char_indices().nth(KEPT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
