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

mod extension;
mod kernels;
mod loops;

use burn::backend::Dispatch;
use burn::prelude::*;
use burn::tensor::Distribution;

use self::extension::{FieldLine, FieldNorm};
use crate::Finish;

/// What is applied after normalisation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Activation {
    /// Nothing.
    None,
    /// max(·, 0).
    Relu,
    /// max(·, 0), then dropout.
    ReluDropout(Mask),
    /// max(·, 0), then the maximum over windows of 2×2.
    ReluMaxPool,
}

impl From<Finish> for Activation {
    fn from(finish: Finish) -> Self {
        match finish {
            Finish::Nothing => Self::None,
            Finish::Relu => Self::Relu,
            Finish::ReluMaxPool => Self::ReluMaxPool,
        }
    }
}

/// What a [`Mask`] drops at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Field,
    Value,
}

/// A random mask for dropout, given by the seed of a counter-based generator: bit i depends on the seed and i alone, so
/// that threads need not agree on an order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mask {
    unit: Unit,
    probability: f64,
    seed: [u32; 2],
}

impl Mask {
    /// Drops channels of a sample with all their values. The seed is drawn from the device's random state.
    pub fn of_fields(probability: f64, device: &Device) -> Self {
        Self::draw(Unit::Field, probability, device)
    }

    /// Drops single values. The seed is drawn from the device's random state.
    pub fn of_values(probability: f64, device: &Device) -> Self {
        Self::draw(Unit::Value, probability, device)
    }

    fn draw(unit: Unit, probability: f64, device: &Device) -> Self {
        let plain = device.clone().inner();
        let parts = Tensor::<1>::random([4], Distribution::Uniform(0.0, 65536.0), &plain);
        let parts = parts.into_data();
        let mut parts = parts.iter::<f32>().map(|part| part as u32 & 0xFFFF);
        let mut word = || parts.next().unwrap_or(0) << 16 | parts.next().unwrap_or(0);
        Self {
            unit,
            probability,
            seed: [word(), word()],
        }
    }
}

/// Whether these kernels can take the tensor: as [`crate::supports`], and it is not empty.
pub fn supports<const D: usize>(tensor: &Tensor<D>) -> bool {
    crate::supports(tensor) && tensor.shape().num_elements() > 0
}

/// A line per channel, then the activation, on a device without gradients.
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
