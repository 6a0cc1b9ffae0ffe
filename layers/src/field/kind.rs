//! What a field has at a place, and how that turns.

use burn::prelude::*;

use crate::group::{Group, Matrix};
use crate::plane_action;

/// What a field has at a place.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// A vector: its components to the right and upwards.
    Vector,
    /// A symmetric tensor: its components xx, xy and yy.
    SymmetricTensor,
}

impl FieldKind {
    /// How many components there are.
    pub fn components(self) -> usize {
        match self {
            Self::Vector => 2,
            Self::SymmetricTensor => 3,
        }
    }

    /// The action of an element on a field, of one that maps the pixel grid to itself.
    ///
    /// # Shapes
    /// - field: `[batch, channels, components, height, width]`
    /// - output: the same, with height and width exchanged where the element exchanges the axes
    ///
    /// # Panics
    /// If the element doesn't map the pixel grid to itself, or the field has another number of components.
    pub fn action(self, group: &Group, element: usize, field: Tensor<5>) -> Tensor<5> {
        let [batch, channels, components, height, width] = field.dims();
        let planes = field.reshape([batch, channels * components, height, width]);
        let moved = plane_action(group, element, planes);
        let [_, _, height, width] = moved.dims();
        let moved = moved.reshape([batch, channels, components, height, width]);
        mixed(&self.representation(group.matrix(element)), moved)
    }

    /// ρ of a linear map, row by row.
    pub(super) fn representation(self, [[a, b], [c, d]]: Matrix) -> Vec<f64> {
        match self {
            Self::Vector => vec![a, b, c, d],
            Self::SymmetricTensor => {
                let xx = [a * a, 2.0 * a * b, b * b];
                let xy = [a * c, a * d + b * c, b * d];
                let yy = [c * c, 2.0 * c * d, d * d];
                [xx, xy, yy].concat()
            }
        }
    }
}

/// Components mixed by a matrix, row by row: `[batch, channels, columns, height, width]` to
/// `[batch, channels, rows, height, width]`.
pub(super) fn mixed(matrix: &[f64], components: Tensor<5>) -> Tensor<5> {
    let [_, _, columns, _, _] = components.dims();
    let data = TensorData::new(matrix.to_vec(), [matrix.len() / columns, columns]);
    let like = (&components.device(), components.dtype());
    mixed_by(Tensor::from_data(data, like), components)
}

/// The same by a matrix `[rows, columns]` that is a tensor.
pub(super) fn mixed_by(matrix: Tensor<2>, components: Tensor<5>) -> Tensor<5> {
    let [batch, channels, columns, height, width] = components.dims();
    let [rows, _] = matrix.dims();
    let values = components.reshape([batch * channels, columns, height * width]);
    matrix
        .unsqueeze::<3>()
        .matmul(values)
        .reshape([batch, channels, rows, height, width])
}
