//! Equivariant convolutions: lifting ℝ² → G, group G → G, isotropic ℝ² → ℝ².

pub mod dense;
