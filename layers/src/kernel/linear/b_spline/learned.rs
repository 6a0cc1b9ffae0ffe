//! Splines whose centres are trained: evaluated from the centres each time the weights are expanded.
//!
//! ```text
//! ∂Basis_h[z, j] / ∂x_j = −1/s (Bⁿ)'((x − x_j)/s) Bⁿ((y − y_j)/s)
//! ```
//!
//! and so on, which autodiff finds. The kernel of every h comes from the same centres, so that training them keeps the
//! layer equivariant. A centre that leaves the kernel by more than its spline's support is not seen by any pixel and
//! stays where it is.

use burn::module::Param;
use burn::prelude::*;

use super::along_group::{AxisSplines, GroupSplines};
use super::cardinal::cardinal_tensor;
use super::plane::PlaneSplines;
use crate::group::Coordinates;

/// Splines on the plane with trained centres.
#[derive(Module, Debug)]
pub(in crate::kernel) struct LearnedPlane {
    /// `[centres, 2]`, in pixels: x to the right, y upwards.
    pub(in crate::kernel) centres: Param<Tensor<2>>,
    /// The points h⁻¹z, `[order · taps, 2]`.
    points: Tensor<2>,
    /// |det h|, `[1, order · taps, 1]`; absent where all are 1.
    determinants: Option<Tensor<3>>,
    order: usize,
    scale: f64,
    /// Which of x and y a spline depends on: along an axis of one tap it doesn't.
    along: Vec<usize>,
}

impl LearnedPlane {
    /// `order` is that of the elements whose matrices are wanted.
    pub(in crate::kernel) fn new(splines: &PlaneSplines, order: &[usize], device: &Device) -> Self {
        let pairs = |points: &mut dyn Iterator<Item = [f64; 2]>| {
            let values: Vec<f64> = points.flatten().collect();
            let dims = [values.len() / 2, 2];
            TensorData::new(values, dims)
        };
        let in_order = order
            .iter()
            .map(|&h| (&splines.points[h], splines.determinants[h]));
        let points = pairs(
            &mut in_order
                .clone()
                .flat_map(|(points, _)| points.iter().copied()),
        );
        let centres = pairs(&mut splines.centres.iter().copied());
        let axes = splines.axes.iter().max_by_key(|axis| axis.order);
        let scaled = splines.determinants.iter().any(|&d| d != 1.0);
        let determinants: Vec<f64> = in_order
            .flat_map(|(points, determinant)| vec![determinant; points.len()])
            .collect();
        let dims = [1, determinants.len(), 1];
        let determinants = TensorData::new(determinants, dims);
        Self {
            centres: Param::from_tensor(Tensor::from_data(centres, device)),
            points: Tensor::from_data(points, device),
            determinants: scaled.then(|| Tensor::from_data(determinants, device)),
            order: axes.map_or(0, |axis| axis.order),
            scale: axes.map_or(1.0, |axis| axis.scale),
            along: (0..2).filter(|&a| splines.axes[a].order > 0).collect(),
        }
    }

    /// The matrices of all turned kernels, `[1, order · taps, centres]`.
    pub(in crate::kernel) fn matrices(&self) -> Tensor<3> {
        let centres = self.centres.val();
        let points = self.points.clone().cast(centres.dtype());
        let distances: Tensor<3> = points.unsqueeze_dim::<3>(1) - centres.unsqueeze_dim::<3>(0);
        let values = cardinal_tensor(self.order, distances / self.scale);
        let factors = self.along.iter().map(|&a| values.clone().narrow(2, a, 1));
        let product = factors.reduce(|product, factor| product * factor);
        let product = product.unwrap_or_else(|| values.narrow(2, 0, 1).ones_like());
        let matrices = product.squeeze_dim::<2>(2).unsqueeze_dim(0);
        match &self.determinants {
            Some(determinants) => matrices / determinants.clone().cast(self.centres.val().dtype()),
            None => matrices,
        }
    }
}

/// Splines on H with trained centres, one step of their axes wide.
#[derive(Module, Debug)]
pub(in crate::kernel) struct LearnedGroup {
    /// `[centres, axes]`, in steps of each axis: those on the rotations, then those on the reflections.
    pub(in crate::kernel) centres: Param<Tensor<2>>,
    /// The logarithms of the relative elements, `[relative, axes]`.
    elements: Tensor<2>,
    /// V where element and centre lie on the same component, 0 elsewhere: `[relative, centres]`.
    same_component: Tensor<2>,
    #[module(skip)]
    splines: Vec<AxisSplines>,
}

impl LearnedGroup {
    pub(in crate::kernel) fn new(splines: &GroupSplines, device: &Device) -> Self {
        let steps = |places: &[Coordinates]| {
            let steps: Vec<f64> = places
                .iter()
                .flat_map(|place| place.steps.clone())
                .collect();
            let dims = [places.len(), splines.axes.len()];
            Tensor::<2>::from_data(TensorData::new(steps, dims), device)
        };
        let (elements, centres) = (&splines.elements, &splines.centres);
        let same = |g: usize, m: usize| elements[g].component == centres[m].component;
        let (rows, columns) = (elements.len(), centres.len());
        let same: Vec<f64> = (0..rows * columns)
            .map(|pair| f64::from(same(pair / columns, pair % columns)) * splines.volume)
            .collect();
        Self {
            centres: Param::from_tensor(steps(centres)),
            elements: steps(elements),
            same_component: Tensor::from_data(TensorData::new(same, [rows, columns]), device),
            splines: splines.axes.clone(),
        }
    }

    /// AlongH, `[relative, centres]`.
    pub(in crate::kernel) fn matrix(&self) -> Tensor<2> {
        let centres = self.centres.val();
        let same = self.same_component.clone().cast(centres.dtype());
        let splines = self.splines.iter().enumerate();
        let along = splines.map(|(axis, splines)| self.along(axis, splines, centres.clone()));
        along.fold(same, |product, factor| product * factor)
    }

    /// The splines along one axis.
    fn along(&self, axis: usize, splines: &AxisSplines, centres: Tensor<2>) -> Tensor<2> {
        let elements = self.elements.clone().cast(centres.dtype());
        let distances = elements.narrow(1, axis, 1) - centres.narrow(1, axis, 1).transpose();
        let near = match splines.axis.period {
            // Whole turns are constants, whatever the angle's gradient.
            Some(period) => {
                let whole = (distances.clone().detach() / period).round() * period;
                distances - whole
            }
            None => distances,
        };
        let spline = |repeat: f64| cardinal_tensor(splines.order, near.clone() + repeat);
        let sum = splines.repeats().map(spline).reduce(|sum, term| sum + term);
        sum.unwrap_or_else(|| near.zeros_like())
    }
}
