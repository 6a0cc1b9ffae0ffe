//! How a kernel on ℝ² × H is parametrised and sampled.
//!
//! A kernel is linear in its weights. Element h moves the j-th tap of the kernel from z_j to h z_j; what that is on the
//! pixel grid is a matrix, sampled once in float64:
//!
//! ```text
//! k_h(z) = k(h⁻¹ z) = Σ_j Basis_h[z, j] w_j              z and z_j: taps about the kernel's centre
//! bank[(o, h), (i, h'), z] = Σ_j Basis_h[z, j] w[o, i, h⁻¹h', j]
//! ```
//!
//! [`SampledKernel`] holds the matrices (no tensors), [`FilterBasis`] the same on a device with the expansion of the
//! weights into a filter bank. A new kind of kernel is another way to fill the matrices.

mod basis;
mod interpolation;
mod pixel;
mod sampled;

pub use basis::FilterBasis;
pub use sampled::SampledKernel;

use serde::{Deserialize, Serialize};

use crate::error::LayerError;
use crate::group::Group;

/// The largest kernel side.
pub const MAX_KERNEL_SIZE: usize = 31;

/// How kernels are parametrised. In a run file: `kernel = { basis = "pixel" }`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "basis", rename_all = "kebab-case", deny_unknown_fields)]
pub enum KernelConfig {
    /// One weight per pixel. Groups that map the pixel grid to itself permute the weights, without any error; for the
    /// others the weights fill a disc and turn by interpolation.
    Pixel {},
}

impl Default for KernelConfig {
    fn default() -> Self {
        Self::pixel()
    }
}

impl KernelConfig {
    /// One weight per pixel.
    pub fn pixel() -> Self {
        Self::Pixel {}
    }

    /// Whether kernels of `size` × `size` pixels can be made.
    pub fn validate(&self, size: usize) -> Result<(), LayerError> {
        match size {
            0 => Err(LayerError::Zero {
                what: "kernel_size",
            }),
            1..=MAX_KERNEL_SIZE => Ok(()),
            _ => Err(LayerError::KernelSize { size }),
        }
    }

    /// Samples the kernel of `size` × `size` pixels under every element of `group`.
    pub fn sample(&self, group: &Group, size: usize) -> Result<SampledKernel, LayerError> {
        self.validate(size)?;
        Ok(match self {
            Self::Pixel {} => pixel::sample(group, size),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_as_its_basis() {
        let json = serde_json::to_string(&KernelConfig::default()).unwrap();
        assert_eq!(json, r#"{"basis":"pixel"}"#);
        let read: KernelConfig = serde_json::from_str(&json).unwrap();
        assert_eq!(read, KernelConfig::pixel());
    }

    #[test]
    fn unknown_bases_and_settings_are_refused() {
        let read = serde_json::from_str::<KernelConfig>;
        let unknown = read(r#"{"basis":"pixels"}"#).unwrap_err().to_string();
        assert!(unknown.contains("`pixel`"), "{unknown}");
        assert!(read(r#"{"basis":"pixel","order":3}"#).is_err());
        assert!(read("{}").is_err());
    }

    #[test]
    fn sizes_out_of_range_are_refused() {
        let sample = |size| KernelConfig::pixel().sample(&Group::trivial(), size);
        assert!(matches!(sample(0), Err(LayerError::Zero { .. })));
        assert!(matches!(
            sample(32),
            Err(LayerError::KernelSize { size: 32 })
        ));
        assert!(sample(31).is_ok());
    }
}
