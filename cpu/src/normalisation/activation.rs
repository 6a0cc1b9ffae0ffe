//! What follows normalisation in the same pass.

use crate::Finish;
use burn::prelude::*;
use burn::tensor::Distribution;

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
pub(super) enum Unit {
    Field,
    Value,
}

/// A random mask for dropout, given by the seed of a counter-based generator: bit i depends on the seed and i alone, so
/// that threads need not agree on an order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mask {
    pub(super) unit: Unit,
    pub(super) probability: f64,
    pub(super) seed: [u32; 2],
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
