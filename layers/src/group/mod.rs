//! Finite subgroups H of O(2) and their action on the plane.
//!
//! ```text
//! action      g · (x, y) = matrix(g) (x, y)          x to the right, y upwards
//! C_N         R(2πr/N)                               index r = 0 … N−1
//! D_N         R(2πr/N) M^m,  M (x, y) = (x, −y)      index r + N·m
//! products    R(α) M R(β) = R(α − β) M,  M² = 1
//! ```
//!
//! A [`Group`] is a list of matrices with its multiplication table. Layers read the tables and never ask which family a
//! group belongs to, so that a new family needs a constructor and a name here and nothing else.

mod name;
#[cfg(test)]
mod tests;

use std::f64::consts::TAU;
use std::sync::Arc;

/// A linear map of the plane, row by row.
pub type Matrix = [[f64; 2]; 2];

/// Why a group cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupError {
    /// The N of C_N or D_N is out of range.
    #[error(
        "{family}{n} is not available: N goes from 1 to {}",
        Group::MAX_ROTATIONS
    )]
    Rotations {
        /// `C` or `D`.
        family: char,
        /// The number of rotations asked for.
        n: usize,
    },
    /// A name that no group has.
    #[error(
        "there is no group named {name:?}: write `trivial`, `C` and a number (rotations by 360°/N, such as `C4`), or `D` \
         and a number (with reflections, such as `D4`); the number goes from 1 to {}",
        Group::MAX_ROTATIONS
    )]
    Name {
        /// What was read.
        name: String,
    },
}

/// A finite group of linear maps of the plane, whose elements are numbered from 0 (the identity) to `order() − 1`.
///
/// Copies share their tables.
///
/// ```
/// use gcnn_layers::group::Group;
///
/// let c4: Group = "C4".parse()?;
/// assert_eq!(c4.order(), 4);
/// assert_eq!(c4.product(1, 3), c4.identity());
/// assert_eq!(c4.describe(1), "rotation by 90°");
/// assert_eq!(Group::dihedral(4)?.to_string(), "D4");
/// # Ok::<(), gcnn_layers::group::GroupError>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Group {
    tables: Arc<Tables>,
}

#[derive(PartialEq)]
struct Tables {
    name: String,
    matrices: Vec<Matrix>,
    /// `products[a · order + b]` is the index of a·b.
    products: Vec<usize>,
    inverses: Vec<usize>,
}

impl Group {
    /// The largest N of [`cyclic`](Self::cyclic) and [`dihedral`](Self::dihedral): 128 rotations are 2.8° apart, finer
    /// than any pixel kernel resolves.
    pub const MAX_ROTATIONS: usize = 128;

    /// The group of the identity alone: an ordinary convolutional network.
    pub fn trivial() -> Self {
        Self::from_rotations(1, false, "trivial".into())
    }

    /// C_N, the rotations by multiples of 360°/N. C_1 is [`trivial`](Self::trivial).
    pub fn cyclic(n: usize) -> Result<Self, GroupError> {
        match n {
            1 => Ok(Self::trivial()),
            2..=Self::MAX_ROTATIONS => Ok(Self::from_rotations(n, false, format!("C{n}"))),
            _ => Err(GroupError::Rotations { family: 'C', n }),
        }
    }

    /// D_N, the rotations of C_N and their products with the mirror (x, y) → (x, −y).
    pub fn dihedral(n: usize) -> Result<Self, GroupError> {
        match n {
            1..=Self::MAX_ROTATIONS => Ok(Self::from_rotations(n, true, format!("D{n}"))),
            _ => Err(GroupError::Rotations { family: 'D', n }),
        }
    }

    /// R(2πr/N) M^m at index r + N·m, with m = 0 alone where there are no mirrors.
    fn from_rotations(n: usize, mirrors: bool, name: String) -> Self {
        let order = if mirrors { 2 * n } else { n };
        let split = |index: usize| (index % n, index / n);
        let matrices = (0..order)
            .map(|index| {
                let (r, m) = split(index);
                let (cos, sin) = cos_sin(r, n);
                let sign = if m == 0 { 1.0 } else { -1.0 };
                [[cos, -sin * sign], [sin, cos * sign]]
            })
            .collect();
        let multiply = |a: usize, b: usize| {
            let ((r, m), (s, l)) = (split(a), split(b));
            let turned = if m == 0 { s } else { n - s };
            (r + turned) % n + n * (m ^ l)
        };
        Self::tabulate(name, matrices, multiply)
    }

    /// The tables of a group whose element 0 is the identity.
    fn tabulate(
        name: String,
        matrices: Vec<Matrix>,
        multiply: impl Fn(usize, usize) -> usize,
    ) -> Self {
        let order = matrices.len();
        let products: Vec<usize> = (0..order * order)
            .map(|pair| multiply(pair / order, pair % order))
            .collect();
        let mut inverses = vec![0; order];
        for (pair, &product) in products.iter().enumerate() {
            if product == 0 {
                inverses[pair / order] = pair % order;
            }
        }
        let tables = Arc::new(Tables {
            name,
            matrices,
            products,
            inverses,
        });
        Self { tables }
    }

    /// |H|, the number of elements.
    pub fn order(&self) -> usize {
        self.tables.matrices.len()
    }

    /// The index of the identity, always 0.
    pub fn identity(&self) -> usize {
        0
    }

    /// The indices of all elements.
    pub fn elements(&self) -> impl Iterator<Item = usize> + Clone + use<> {
        0..self.order()
    }

    /// The index of a·b: first b acts, then a.
    ///
    /// # Panics
    /// If an index is not below [`order`](Self::order), as for all functions of elements.
    pub fn product(&self, a: usize, b: usize) -> usize {
        assert!(b < self.order(), "{self} has no element {b}");
        self.tables.products[a * self.order() + b]
    }

    /// The index of a⁻¹.
    pub fn inverse(&self, a: usize) -> usize {
        self.tables.inverses[a]
    }

    /// The matrix of `a`, acting on columns (x, y).
    pub fn matrix(&self, a: usize) -> Matrix {
        self.tables.matrices[a]
    }

    /// The point a·(x, y).
    pub fn act(&self, a: usize, [x, y]: [f64; 2]) -> [f64; 2] {
        let [[xx, xy], [yx, yy]] = self.matrix(a);
        [xx * x + xy * y, yx * x + yy * y]
    }

    /// N, the number of rotations among the elements.
    pub fn rotations(&self) -> usize {
        let rotations = self.elements().filter(|&a| !self.is_reflection(a));
        rotations.count()
    }

    /// r for a = R(2πr/N) or R(2πr/N) M: the logarithm of `a`, in steps of 2π/N, on its coset of rotations or reflections.
    pub fn rotation(&self, a: usize) -> usize {
        assert!(a < self.order(), "{self} has no element {a}");
        a % self.rotations()
    }

    /// Whether `a` is a reflection, R(2πr/N) M.
    pub fn is_reflection(&self, a: usize) -> bool {
        let [[xx, xy], [yx, yy]] = self.matrix(a);
        xx * yy - xy * yx < 0.0
    }

    /// Whether every element maps the pixel grid to itself, so that images and kernels turn without interpolation.
    pub fn is_exact(&self) -> bool {
        self.elements().all(|a| self.is_exact_element(a))
    }

    /// Whether `a` maps the pixel grid to itself: its matrix is a signed permutation.
    pub fn is_exact_element(&self, a: usize) -> bool {
        is_signed_permutation(self.matrix(a))
    }

    /// The name, which parses back to the same group: `trivial`, `C4`, `D4`.
    pub fn name(&self) -> &str {
        &self.tables.name
    }

    /// What an element does, in words.
    pub fn describe(&self, a: usize) -> String {
        describe(self.matrix(a))
    }
}

/// Whether a matrix maps the pixel grid to itself.
pub(crate) fn is_signed_permutation(matrix: Matrix) -> bool {
    let mut entries = matrix.as_flattened().iter();
    entries.all(|&e| e == 0.0 || e.abs() == 1.0)
}

/// What a rotation or reflection does, in words.
pub(crate) fn describe(matrix: Matrix) -> String {
    let [[xx, xy], [yx, yy]] = matrix;
    let degrees = |angle: f64| {
        let positive = angle.to_degrees().rem_euclid(360.0);
        let hundredths = (positive * 100.0).round() / 100.0;
        format!("{hundredths}°")
    };
    if matrix == [[1.0, 0.0], [0.0, 1.0]] {
        "identity".into()
    } else if xx * yy - xy * yx > 0.0 {
        format!("rotation by {}", degrees(yx.atan2(xx)))
    } else {
        // R(θ)M keeps the line at θ/2; taking θ from [0, 360°) keeps that line in [0, 180°).
        let theta = yx.atan2(xx).rem_euclid(TAU);
        format!("reflection in the line at {}", degrees(theta / 2.0))
    }
}

/// cos and sin of 2πr/N for r < N, without rounding at multiples of 90°: there the matrices must be signed permutations.
fn cos_sin(r: usize, n: usize) -> (f64, f64) {
    match (4 * r).checked_rem(n) {
        Some(0) => match 4 * r / n {
            0 => (1.0, 0.0),
            1 => (0.0, 1.0),
            2 => (-1.0, 0.0),
            _ => (0.0, -1.0),
        },
        _ => {
            let (sin, cos) = (TAU * r as f64 / n as f64).sin_cos();
            (cos, sin)
        }
    }
}
