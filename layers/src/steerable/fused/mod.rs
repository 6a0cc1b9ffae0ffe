//! Tensor products and gates on the CPU, each as one operation with its own backward.
//!
//! The backend's operations would write every intermediate to memory and read it again. Here a chunk of rows goes through
//! contraction and mixing while it is in the cache, gathered features are never stored, and the backward pass computes the
//! contraction again instead of keeping it.

mod extension;
mod gate;
mod gathered;
mod matrix;
mod plan;
mod product;
mod run;

pub(super) use plan::GatePlan;
pub(super) use run::{Plans, forward, forward_gate, forward_gathered};

use burn::backend::DispatchDevice;
use burn::prelude::*;
use burn::tensor::DType;

/// Whether the kernels here can take these tensors.
pub(super) fn supports(tensors: &[&Tensor<2>], vectors: &[Tensor<1>]) -> bool {
    let mut kinds = tensors
        .iter()
        .map(|tensor| (tensor.device(), tensor.dtype()))
        .chain(
            vectors
                .iter()
                .map(|tensor| (tensor.device(), tensor.dtype())),
        );
    let Some((_, dtype)) = kinds.next() else {
        return false;
    };
    let on_flex = |device: Device| matches!(device.inner().as_dispatch(), DispatchDevice::Flex(_));
    matches!(dtype, DType::F32 | DType::F64)
        && tensors.iter().all(|tensor| on_flex(tensor.device()))
        && kinds.all(|(device, other)| other == dtype && on_flex(device))
}

/// How rows are divided: the same for any number of threads, so that sums come out the same.
const SEGMENTS: usize = 8;

/// Rows of a segment.
fn segment(rows: usize) -> usize {
    rows.div_ceil(SEGMENTS).max(1)
}

/// Adds up what the segments found, in their order.
fn total<T: matrix::Number>(parts: Vec<Vec<T>>) -> Vec<T> {
    let mut parts = parts.into_iter();
    let mut sum = parts.next().unwrap_or_default();
    for part in parts {
        for (sum, value) in sum.iter_mut().zip(part) {
            *sum += value;
        }
    }
    sum
}
