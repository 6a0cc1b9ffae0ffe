//! Contraction of features with attributes and mixing of channels, in one operation with its own backward; and gates.
//!
//! ```text
//! out(r, k, o) = Σ_c weight(c, o) Σ_ij C_ijk x(r, i, c) a(r, j)        r: rows, c and o: channels, i, j and k: components
//! ```
//!
//! Which components meet in which, with which numbers C, is given by a plan: plain tables made by whoever knows their
//! meaning. The backend's operations would write every intermediate to memory and read it again. Here a chunk of rows goes
//! through contraction and mixing while it is in the cache, gathered features are never stored, and the backward pass
//! computes the contraction again instead of keeping it.

mod extension;
mod gate;
mod gathered;
mod matrix;
mod plan;
mod product;
mod rows;
mod segments;

pub use plan::{GatePlan, GatheredPlan, Mixed, ProductPlan, Spread, Steps};
pub use rows::RowIndex;

use burn::backend::Dispatch;
use burn::prelude::*;
use std::sync::Arc;

use extension::TensorProducts;

/// Features, each row with a row of attributes: contraction, then mixing.
///
/// # Shapes
/// - features: `[rows, plan.input]`
/// - attributes: `[rows, plan.attributes]`
/// - weights and bias: as the plan's blocks say
/// - output: `[rows, plan.output]`
///
/// # Panics
/// If the tensors are not what the plan is for, or the kernels do not [support](crate::supports) them.
pub fn product(
    features: Tensor<2>,
    attributes: Tensor<2>,
    weights: Tensor<1>,
    bias: Option<Tensor<1>>,
    plan: Arc<ProductPlan>,
) -> Tensor<2> {
    let bias = match bias {
        Some(bias) => bias,
        None => Tensor::zeros([0], (&weights.device(), weights.dtype())),
    };
    Tensor::from_dispatch(Dispatch::product(
        features.into_dispatch(),
        attributes.into_dispatch(),
        weights.into_dispatch(),
        bias.into_dispatch(),
        plan,
    ))
}

/// Features of fewer rows than the attributes, of which each reads one: mixing, then contraction.
///
/// # Shapes
/// - features: `[rows.rows(), plan.input]`
/// - attributes: `[readers, plan.attributes]`
/// - weights: as the plan's blocks say
/// - output: `[readers, plan.output]`
///
/// # Panics
/// If the tensors are not what the plan and the rows are for, or the kernels do not [support](crate::supports) them.
pub fn gathered_product(
    features: Tensor<2>,
    attributes: Tensor<2>,
    weights: Tensor<1>,
    plan: Arc<GatheredPlan>,
    rows: Arc<RowIndex>,
) -> Tensor<2> {
    Tensor::from_dispatch(Dispatch::gathered_product(
        features.into_dispatch(),
        attributes.into_dispatch(),
        weights.into_dispatch(),
        plan,
        rows,
    ))
}

/// SiLU of scalars, and everything else times the sigmoid of a scalar of its own.
///
/// # Shapes
/// - features: `[rows, plan.input]`
/// - output: `[rows, plan.output]`
///
/// # Panics
/// If the features are not what the plan is for, or the kernels do not [support](crate::supports) them.
pub fn gate(features: Tensor<2>, plan: Arc<GatePlan>) -> Tensor<2> {
    Tensor::from_dispatch(Dispatch::gate(features.into_dispatch(), plan))
}
