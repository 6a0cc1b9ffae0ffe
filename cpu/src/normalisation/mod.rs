//! Normalisation, ReLU and dropout in one pass, on the CPU.
//!
//! ```text
//! forward    y = m · max(γ x̂ + β, 0) / (1 − p),   x̂ = (x − μ) / √(σ² + ε)
//! backward   g = [y > 0] · dy / (1 − p)
//!            dγ = Σ g x̂,   dβ = Σ g,   dx = γ / √(σ² + ε) · (g − Σ g / n − x̂ Σ g x̂ / n)
//! ```
//!
//! These layers compute little and move much: as tensor operations each of their terms is a pass over the whole map.
//! Here the map is read twice and written once forward, and read twice (with y and dy) and written once backward. The
//! dropout mask m is not stored: y is zero where a value was dropped or cut off, and both let no gradient through.
//! Max-pooling over 2×2 windows joins in the same way: the map at full size is then never written, and the backward
//! pass finds again which value of a window was the largest.

mod activation;
mod extension;
mod kernels;
mod loops;

use burn::backend::Dispatch;
use burn::prelude::*;

pub use self::activation::{Activation, Mask};

use self::extension::{FieldLine, FieldNorm};

/// Whether these kernels can take the tensor: as [`crate::supports`], and it is not empty.
pub fn supports<const D: usize>(tensor: &Tensor<D>) -> bool {
    crate::supports(tensor) && tensor.shape().num_elements() > 0
}

/// A line per channel, then the activation, on a device without gradients.
///
/// # Shapes
/// - input: `[batch, channels, …]`; to be pooled `[batch, channels, …, height, width]`
/// - slope and offset: `[channels]`
/// - output: the same as the input, where it pools with half the height and width
///
/// # Panics
/// If the kernels do not [support](supports) the input, gradients are tracked, or the line is for other channels.
pub fn line<const D: usize>(
    input: Tensor<D>,
    slope: Tensor<1>,
    offset: Tensor<1>,
    activation: Activation,
) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::line(
        input.into_dispatch(),
        slope.into_dispatch(),
        offset.into_dispatch(),
        activation,
    ))
}

/// Normalises by the statistics of the batch; also returns them, as rows `[mean, variance]` of `[2, channels]`.
///
/// # Shapes
/// - input: `[batch, channels, …]`; to be pooled `[batch, channels, …, height, width]`
/// - scale and shift: `[channels]`
/// - output: the same as the input, where it pools with half the height and width
///
/// # Panics
/// If the kernels do not [support](supports) the input, or scale and shift are for other channels.
pub fn normalise<const D: usize>(
    input: Tensor<D>,
    scale: Tensor<1>,
    shift: Tensor<1>,
    epsilon: f64,
    activation: Activation,
) -> (Tensor<D>, Tensor<2>) {
    let (output, statistics) = Dispatch::normalise(
        input.into_dispatch(),
        scale.into_dispatch(),
        shift.into_dispatch(),
        epsilon,
        activation,
    );
    (
        Tensor::from_dispatch(output),
        Tensor::from_dispatch(statistics),
    )
}
