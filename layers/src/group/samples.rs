//! Any subgroup of GL(2), from matrices and coordinates of its Lie algebra.
//!
//! ```text
//! relative    h⁻¹k is the sample with the same matrix, where there is one
//! volume      the product of the axes' steps that have no period
//! ```

use std::sync::Arc;

use super::matrix::{IDENTITY, determinant, inverse, is_same, multiply};
use super::{Axis, Coordinates, Group, GroupError, Matrix, Tables};

/// Samples of a group of linear maps of the plane, and where they lie in its Lie algebra.
///
/// ```
/// use gcnn_layers::group::{Axis, AxisKind, Coordinates, Group, Samples};
///
/// // Shears (x, y) → (x + t y, y), t = 0, ½ and 1.
/// let shears: Vec<f64> = vec![0.0, 0.5, 1.0];
/// let group = Group::from_samples(Samples {
///     name: "shears".into(),
///     matrices: shears.iter().map(|&t| [[1.0, t], [0.0, 1.0]]).collect(),
///     axes: vec![Axis { kind: AxisKind::Other("shear"), step: 0.5, samples: 3, period: None }],
///     components: 1,
///     coordinates: (0..3).map(|i| Coordinates { component: 0, steps: vec![f64::from(i)] }).collect(),
///     logarithm: Box::new(|[[_, t], _]| (0, vec![t])),
/// })?;
/// assert_eq!((group.relative(0, 2), group.relative(1, 2), group.relative(2, 0)), (Some(2), Some(1), None));
/// assert_eq!(group.coordinates(2, 0).steps, [-2.0]);
/// # Ok::<(), gcnn_layers::group::GroupError>(())
/// ```
pub struct Samples {
    /// What the group is called where it is printed. It cannot be read from a file by this name.
    pub name: String,
    /// The linear maps, acting on columns (x, y), the identity first.
    pub matrices: Vec<Matrix>,
    /// The directions of the Lie algebra along which there are samples.
    pub axes: Vec<Axis>,
    /// How many connected components the group has.
    pub components: usize,
    /// Where each sample lies: its component, and steps along each axis.
    pub coordinates: Vec<Coordinates>,
    /// The component of a linear map of the group, and its logarithm there, in the units of the axes.
    pub logarithm: super::Logarithm,
}

impl Group {
    /// A group from samples.
    ///
    /// # Errors
    /// Where there are none or more than [`MAX_ORDER`](Self::MAX_ORDER), the first isn't the identity, two are the same, one
    /// cannot be undone, or coordinates don't agree with the axes or with the logarithm.
    pub fn from_samples(samples: Samples) -> Result<Self, GroupError> {
        let Samples {
            name,
            matrices,
            axes,
            components,
            coordinates,
            logarithm,
        } = samples;
        let wrong = |reason: String| Err(GroupError::Samples { reason });
        let order = matrices.len();
        if !(1..=Self::MAX_ORDER).contains(&order) {
            return wrong(format!(
                "there are {order}; 1 to {} can be",
                Self::MAX_ORDER
            ));
        }
        if matrices[0] != IDENTITY {
            return wrong("the first has to be the identity".into());
        }
        if coordinates.len() != order || components == 0 {
            let found = coordinates.len();
            return wrong(format!(
                "{found} coordinates of {order} samples on {components} components"
            ));
        }
        for (h, &matrix) in matrices.iter().enumerate() {
            let size = determinant(matrix).abs();
            if !matrix.as_flattened().iter().all(|entry| entry.is_finite())
                || !(1e-6..1e6).contains(&size)
            {
                return wrong(format!("sample {h} has the determinant {size}"));
            }
            if let Some(k) = matrices[..h]
                .iter()
                .position(|&other| is_same(other, matrix))
            {
                return wrong(format!("samples {k} and {h} are the same map"));
            }
        }
        let is_axis = |axis: &Axis| axis.step > 0.0 && axis.step.is_finite() && axis.samples > 0;
        if !axes.iter().all(is_axis) {
            return wrong("an axis has no samples, or a step that isn't positive".into());
        }
        let inverses: Vec<Matrix> = matrices.iter().map(|&matrix| inverse(matrix)).collect();
        let find = |map: Matrix| matrices.iter().position(|&other| is_same(other, map));
        let relatives = inverses
            .iter()
            .flat_map(|&back| matrices.iter().map(move |&k| find(multiply(back, k))))
            .collect();
        let volume = axes.iter().filter(|axis| axis.period.is_none());
        let volume = volume.map(|axis| axis.step).product();
        let group = Self::of_tables(Tables {
            name,
            determinants: matrices.iter().map(|&matrix| determinant(matrix)).collect(),
            inverse_matrices: inverses,
            relatives,
            axes,
            components,
            coordinates,
            logarithm,
            volume,
            factors: None,
            matrices,
        });
        for h in group.elements() {
            let (place, found) = (group.place(h), group.coordinates_of(group.matrix(h)));
            let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-6;
            let agree = place.component == found.component
                && place.steps.len() == group.axes().len()
                && found.steps.len() == group.axes().len()
                && place.steps.iter().zip(&found.steps).all(near);
            if !agree {
                return wrong(format!(
                    "sample {h} is said to lie at {:?}, its logarithm at {:?}",
                    place.steps, found.steps
                ));
            }
        }
        Ok(group)
    }

    pub(super) fn of_tables(tables: Tables) -> Self {
        let tables = Arc::new(tables);
        Self { tables }
    }
}
