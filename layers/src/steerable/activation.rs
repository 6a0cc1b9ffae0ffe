//! Factors that keep the second moment of what passes an activation.

/// 1/√E[SiLU(z)²] for z ~ N(0, 1).
pub(super) const SILU_SCALE: f64 = 1.679_176_792_398_941_8;
/// 1/√E[sigmoid(z)²] for z ~ N(0, 1).
pub(super) const SIGMOID_SCALE: f64 = 1.846_705_534_215_476_3;
