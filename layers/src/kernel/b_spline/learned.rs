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

use super::cardinal::cardinal_tensor;
use super::plane::PlaneSplines;
use super::rotations::RotationSplines;

/// Splines on the plane with trained centres.
#[derive(Module, Debug)]
pub(in crate::kernel) struct LearnedPlane {
    /// `[centres, 2]`, in pixels: x to the right, y upwards.
    pub(in crate::kernel) centres: Param<Tensor<2>>,
    /// The points h⁻¹z, `[order · size², 2]`.
    points: Tensor<2>,
    order: usize,
    scale: f64,
}

impl LearnedPlane {
    pub(in crate::kernel) fn new(splines: &PlaneSplines, device: &Device) -> Self {
        let pairs = |points: &mut dyn Iterator<Item = [f64; 2]>| {
            let values: Vec<f64> = points.flatten().collect();
            let dims = [values.len() / 2, 2];
            TensorData::new(values, dims)
        };
        let points = pairs(&mut splines.points.iter().flatten().copied());
        let centres = pairs(&mut splines.centres.iter().copied());
        Self {
            centres: Param::from_tensor(Tensor::from_data(centres, device)),
            points: Tensor::from_data(points, device),
            order: splines.order,
            scale: splines.scale,
        }
    }

    /// The matrices of all turned kernels, `[1, order · size², centres]`.
    pub(in crate::kernel) fn matrices(&self) -> Tensor<3> {
        let centres = self.centres.val();
        let points = self.points.clone().cast(centres.dtype());
        let distances: Tensor<3> = points.unsqueeze_dim::<3>(1) - centres.unsqueeze_dim::<3>(0);
        let values = cardinal_tensor(self.order, distances / self.scale);
        let (x, y) = (values.clone().narrow(2, 0, 1), values.narrow(2, 1, 1));
        (x * y).squeeze_dim::<2>(2).unsqueeze_dim(0)
    }
}

/// Splines on H with trained centres, one step of 2π/N wide.
#[derive(Module, Debug)]
pub(in crate::kernel) struct LearnedRotations {
    /// `[centres]`, in steps of 2π/N: those on the rotations, then those on the reflections.
    pub(in crate::kernel) angles: Param<Tensor<1>>,
    /// The angles of the group's elements, `[order]`.
    elements: Tensor<1>,
    /// Whether element and centre lie on the same coset, `[order, centres]` of ones and zeros.
    same_coset: Tensor<2>,
    order: usize,
    period: usize,
    turns: i32,
}

impl LearnedRotations {
    pub(in crate::kernel) fn new(splines: &RotationSplines, device: &Device) -> Self {
        let angles = |places: &[(f64, usize)]| {
            let angles: Vec<f64> = places.iter().map(|&(r, _)| r).collect();
            Tensor::<1>::from_data(angles.as_slice(), device)
        };
        let same = |g: usize, m: usize| splines.elements[g].1 == splines.centres[m].1;
        let (rows, columns) = (splines.elements.len(), splines.centres.len());
        let same_coset: Vec<f64> = (0..rows * columns)
            .map(|pair| f64::from(same(pair / columns, pair % columns)))
            .collect();
        Self {
            angles: Param::from_tensor(angles(&splines.centres)),
            elements: angles(&splines.elements),
            same_coset: Tensor::from_data(TensorData::new(same_coset, [rows, columns]), device),
            order: splines.order,
            period: splines.period,
            turns: splines.turns(),
        }
    }

    /// AlongH, `[order, centres]`.
    pub(in crate::kernel) fn matrix(&self) -> Tensor<2> {
        let (angles, period) = (self.angles.val(), self.period as f64);
        let dtype = angles.dtype();
        let elements = self.elements.clone().cast(dtype);
        let distances: Tensor<2> = elements.unsqueeze_dim::<2>(1) - angles.unsqueeze_dim::<2>(0);
        // Whole turns are constants, whatever the angle's gradient.
        let whole = (distances.clone().detach() / period).round() * period;
        let near = distances - whole;
        let spline = |p: i32| cardinal_tensor(self.order, near.clone() + f64::from(p) * period);
        let periodic = (-self.turns..=self.turns).map(spline);
        let sum = periodic.reduce(|sum, term| sum + term);
        sum.unwrap_or_else(|| near.zeros_like()) * self.same_coset.clone().cast(dtype)
    }
}
