//! Groups H of linear maps of the plane, as layers read them: samples with tables.
//!
//! ```text
//! action      h · (x, y) = matrix(h) (x, y)          x to the right, y upwards
//! relative    h⁻¹k, as the index of a sample, where it is one
//! logarithm   log h⁻¹k, as coordinates along the axes of the Lie algebra
//! ```
//!
//! What a layer may ask of a [`Group`]:
//!
//! | question | why |
//! | --- | --- |
//! | [`matrix`](Group::matrix), [`determinant`](Group::determinant) | the action, and 1/\|det h\| before a kernel that is scaled |
//! | [`relative`](Group::relative) | which weight a kernel with one per sample has at h⁻¹k; none where a sampling ends before |
//! | [`coordinates`](Group::coordinates), [`axes`](Group::axes) | kernels that are functions on H, also between two samplings |
//! | [`volume`](Group::volume) | sums over samples in place of the integral over H |
//! | [`is_closed`](Group::is_closed) | only then is a layer exactly equivariant |
//!
//! No layer asks which family a group belongs to. Rotations and reflections are in `families`, scalings in `scales`, products of
//! both in `product`, whatever else one has matrices of in `samples`, and what can be written in a file in `name`.

mod coordinates;
mod families;
pub(crate) mod matrix;
mod name;
mod product;
mod samples;
mod scales;
#[cfg(test)]
mod tests;

pub use coordinates::{Axis, AxisKind, Coordinates};
pub use matrix::Matrix;
pub use samples::Samples;

use std::sync::Arc;

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
    /// The N of R_N is out of range.
    #[error("R{n} is not available: scales go from 1 to {}", Group::MAX_SCALES)]
    Scales {
        /// The number of scales asked for.
        n: usize,
    },
    /// The factor from one scale to the next is out of range.
    #[error(
        "scales a factor of {base} apart are not available: it has to be at least {} and at most {}, as in `R3(1.5)`",
        Group::SCALE_BASES[0], Group::SCALE_BASES[1]
    )]
    Base {
        /// The factor asked for, as text: it needn't be a number.
        base: String,
    },
    /// The samples of two groups don't multiply to those of a product.
    #[error("{a} and {b} have no product here: {reason}")]
    Product {
        /// One group.
        a: String,
        /// The other.
        b: String,
        /// What is in the way.
        reason: &'static str,
    },
    /// Samples that are given don't make a group's.
    #[error("these are not the samples of a group: {reason}")]
    Samples {
        /// What is wrong.
        reason: String,
    },
    /// A name that no group has.
    #[error(
        "there is no group named {name:?}: write `trivial`, `flip` (left and right), `C` and a number (rotations by 360°/N, such \
         as `C4`), `D` and a number (with reflections, such as `D4`), `R` and a number (scales, `R3`; `R3(1.5)` for those a \
         factor of 1.5 apart), or a product such as `C8xR3`; rotations go from 1 to {}",
        Group::MAX_ROTATIONS
    )]
    Name {
        /// What was read.
        name: String,
    },
}

/// A sampling of a group of linear maps of the plane. Samples are numbered from 0 (the identity) to `order() − 1`; those of a
/// finite group are all of its elements.
///
/// Copies share their tables.
///
/// ```
/// use gcnn_layers::group::Group;
///
/// let c4: Group = "C4".parse()?;
/// assert_eq!(c4.order(), 4);
/// // From a turn by 90° to one by 270° it is a half turn.
/// assert_eq!(c4.relative(1, 3), Some(2));
/// assert_eq!(c4.describe(1), "rotation by 90°");
/// assert_eq!(Group::dihedral(4)?.to_string(), "D4");
/// # Ok::<(), gcnn_layers::group::GroupError>(())
/// ```
#[derive(Clone)]
pub struct Group {
    tables: Arc<Tables>,
}

struct Tables {
    name: String,
    matrices: Vec<Matrix>,
    inverse_matrices: Vec<Matrix>,
    determinants: Vec<f64>,
    /// `relatives[h · order + k]` is the index of h⁻¹k.
    relatives: Vec<Option<usize>>,
    axes: Vec<Axis>,
    components: usize,
    coordinates: Vec<Coordinates>,
    logarithm: Logarithm,
    volume: f64,
    /// Of a product.
    factors: Option<[Group; 2]>,
}

/// Component and logarithm of a matrix, in the units of the axes.
pub type Logarithm = Box<dyn Fn(Matrix) -> (usize, Vec<f64>) + Send + Sync>;

/// Two samplings are one where they have the same matrices in the same order.
impl PartialEq for Group {
    fn eq(&self, other: &Self) -> bool {
        let (own, others) = (&self.tables, &other.tables);
        Arc::ptr_eq(own, others) || (own.name == others.name && own.matrices == others.matrices)
    }
}

impl Group {
    /// |H|, the number of samples.
    pub fn order(&self) -> usize {
        self.tables.matrices.len()
    }

    /// The index of the identity, always 0.
    pub fn identity(&self) -> usize {
        0
    }

    /// The indices of all samples.
    pub fn elements(&self) -> impl Iterator<Item = usize> + Clone + use<> {
        0..self.order()
    }

    /// The index of h⁻¹k, the way from h to k; none where a sampling that ends doesn't hold it.
    ///
    /// # Panics
    /// If an index is not below [`order`](Self::order), as for all functions of elements.
    pub fn relative(&self, h: usize, k: usize) -> Option<usize> {
        assert!(k < self.order(), "{self} has no element {k}");
        self.tables.relatives[h * self.order() + k]
    }

    /// The index of h⁻¹.
    pub fn inverse(&self, h: usize) -> Option<usize> {
        self.relative(h, self.identity())
    }

    /// The index of a·b: first b acts, then a.
    pub fn product(&self, a: usize, b: usize) -> Option<usize> {
        self.elements().find(|&k| self.relative(a, k) == Some(b))
    }

    /// Whether products and inverses of samples are samples. Rotations close; a range of scales doesn't.
    pub fn is_closed(&self) -> bool {
        self.tables.relatives.iter().all(Option::is_some)
    }

    /// The matrix of `h`, acting on columns (x, y).
    pub fn matrix(&self, h: usize) -> Matrix {
        self.tables.matrices[h]
    }

    /// The matrix of h⁻¹.
    pub fn inverse_matrix(&self, h: usize) -> Matrix {
        self.tables.inverse_matrices[h]
    }

    /// det h, by which areas grow; negative where h reflects.
    pub fn determinant(&self, h: usize) -> f64 {
        self.tables.determinants[h]
    }

    /// The point h·(x, y).
    pub fn act(&self, h: usize, point: [f64; 2]) -> [f64; 2] {
        matrix::apply(self.matrix(h), point)
    }

    /// The point h⁻¹·(x, y).
    pub fn act_inverse(&self, h: usize, point: [f64; 2]) -> [f64; 2] {
        matrix::apply(self.inverse_matrix(h), point)
    }

    /// The directions of the Lie algebra along which the group is sampled.
    pub fn axes(&self) -> &[Axis] {
        &self.tables.axes
    }

    /// How many connected components the group has: 2 with reflections.
    pub fn components(&self) -> usize {
        self.tables.components
    }

    /// Where `h` lies: its component and its logarithm.
    pub fn place(&self, h: usize) -> &Coordinates {
        &self.tables.coordinates[h]
    }

    /// Where h⁻¹k lies, whether it is a sample or not.
    pub fn coordinates(&self, h: usize, k: usize) -> Coordinates {
        match self.relative(h, k) {
            Some(relative) => self.place(relative).clone(),
            None => self.coordinates_of(matrix::multiply(self.inverse_matrix(h), self.matrix(k))),
        }
    }

    /// Where a linear map lies in the Lie group, sample or not: of this group's axes, and of its components. What the group
    /// has no axis or component for isn't seen.
    pub fn coordinates_of(&self, map: Matrix) -> Coordinates {
        let (component, logarithm) = (self.tables.logarithm)(map);
        let axes = self.axes().iter().zip(logarithm);
        Coordinates {
            component: component % self.components(),
            steps: axes.map(|(axis, length)| axis.steps(length)).collect(),
        }
    }

    /// The sample that is this linear map, if there is one.
    pub fn element_of(&self, map: Matrix) -> Option<usize> {
        self.elements()
            .find(|&h| matrix::is_same(self.matrix(h), map))
    }

    /// The Haar measure of the part of the group that `h` stands for. Of a finite group all elements count 1; of scales, whose
    /// measure is ds/s, the logarithm of the factor from one to the next.
    pub fn volume(&self, h: usize) -> f64 {
        assert!(h < self.order(), "{self} has no element {h}");
        self.tables.volume
    }

    /// Whether every element maps the pixel grid to itself, so that images and kernels turn without interpolation.
    pub fn is_exact(&self) -> bool {
        self.elements().all(|h| self.is_exact_element(h))
    }

    /// Whether `h` maps the pixel grid to itself: its matrix is a signed permutation.
    pub fn is_exact_element(&self, h: usize) -> bool {
        matrix::is_signed_permutation(self.matrix(h))
    }

    /// Whether every element maps squares of pixels to squares of the same orientation, whatever their size: then kernels fill
    /// squares. Of other groups they fill discs.
    pub(crate) fn keeps_squares(&self) -> bool {
        let mut matrices = self.tables.matrices.iter();
        matrices.all(|&matrix| matrix::scaled_permutation(matrix).is_some())
    }

    /// The groups whose product this one is, the first of which runs faster: element a·b has the index a + |A|·b.
    pub fn factors(&self) -> Option<&[Self; 2]> {
        self.tables.factors.as_ref()
    }

    /// The name. Of groups that can be written in a file it parses back to the same group: `trivial`, `flip`, `C4`, `D4`,
    /// `R3`, `C8xR3`.
    pub fn name(&self) -> &str {
        &self.tables.name
    }

    /// What an element does, in words.
    pub fn describe(&self, h: usize) -> String {
        matrix::describe(self.matrix(h))
    }
}
