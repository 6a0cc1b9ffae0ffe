//! How a kernel on ℝ² × H is parametrised and sampled.
//!
//! A kernel is linear in its weights. Element h moves the j-th tap of the kernel from z_j to h z_j; what that is on the
//! pixel grid is a matrix, sampled once in float64:
//!
//! ```text
//! k_h(z) = k(h⁻¹ z) = Σ_j Basis_h[z, j] w_j              z and z_j: taps about the kernel's centre
//! bank[(o, h), (i, h'), z] = Σ_m Σ_j Basis_h[z, j] AlongH[h⁻¹h', m] w[o, i, m, j]
//! ```
//!
//! Pixel kernels have a weight per relative element, AlongH = 1; splines may have fewer.
//!
//! [`SampledKernel`] holds the matrices (no tensors), [`FilterBasis`] the same on a device with the expansion of the
//! weights into a filter bank. A new kind of kernel is another way to fill the matrices.

mod b_spline;
mod basis;
mod interpolation;
mod pixel;
mod sampled;
mod shape;

pub use b_spline::{BSplineConfig, Support};
pub use basis::FilterBasis;
pub use sampled::SampledKernel;
pub use shape::KernelShape;

use serde::{Deserialize, Serialize};

use crate::error::LayerError;
use crate::group::Group;

/// The largest kernel side.
pub const MAX_KERNEL_SIZE: usize = 31;

/// How kernels are parametrised. In a run file: `kernel = { basis = "pixel" }`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "basis", rename_all = "kebab-case", deny_unknown_fields)]
pub enum KernelConfig {
    /// One weight per pixel. Groups that map the pixel grid to itself permute the weights, without any error; for the
    /// others the weights fill a disc and turn by interpolation.
    Pixel {},
    /// A sum of B-splines on the plane and on H, which is a function of its own between the pixels.
    BSpline(BSplineConfig),
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

    /// A sum of B-splines.
    pub fn b_spline(splines: BSplineConfig) -> Self {
        Self::BSpline(splines)
    }

    /// Whether kernels of `size` × `size` pixels can be made.
    pub fn validate(&self, size: usize) -> Result<(), LayerError> {
        match size {
            0 => {
                return Err(LayerError::Zero {
                    what: "kernel_size",
                });
            }
            1..=MAX_KERNEL_SIZE => {}
            _ => return Err(LayerError::KernelSize { size }),
        }
        match self {
            Self::Pixel {} => Ok(()),
            Self::BSpline(splines) => splines.validate(size),
        }
    }

    /// Whether the kernel has parameters beside its weights, so that it isn't linear in all of them.
    pub fn is_deformable(&self) -> bool {
        match self {
            Self::Pixel {} => false,
            Self::BSpline(splines) => splines.support == Support::Deformable,
        }
    }

    /// How many weights a kernel of `size` × `size` pixels has, without sampling it.
    pub fn shape(&self, group: &Group, size: usize) -> Result<KernelShape, LayerError> {
        self.validate(size)?;
        Ok(match self {
            Self::Pixel {} => pixel::shape(group, size),
            Self::BSpline(splines) => splines.shape(group, size),
        })
    }

    /// Samples the kernel of `size` × `size` pixels under every element of `group`.
    pub fn sample(&self, group: &Group, size: usize) -> Result<SampledKernel, LayerError> {
        self.validate(size)?;
        Ok(match self {
            Self::Pixel {} => pixel::sample(group, size),
            Self::BSpline(splines) => splines.sample(group, size),
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
        let setting = read(r#"{"basis":"b-spline","orders":3}"#)
            .unwrap_err()
            .to_string();
        assert!(
            setting.contains("`orders`") && setting.contains("`order`"),
            "{setting}"
        );
        let support = read(r#"{"basis":"b-spline","support":"local"}"#)
            .unwrap_err()
            .to_string();
        assert!(
            support.contains("`local`") && support.contains("`localized`"),
            "{support}"
        );
    }

    #[test]
    fn splines_are_written_with_their_settings_and_read_with_defaults() {
        let splines = BSplineConfig {
            order: 3,
            support: Support::Atrous,
            rotations: Some(4),
            ..BSplineConfig::default()
        };
        let json = serde_json::to_string(&KernelConfig::b_spline(splines)).unwrap();
        let expected =
            r#"{"basis":"b-spline","order":3,"support":"atrous","scale":1.0,"rotations":4}"#;
        assert_eq!(json, expected);
        let read: KernelConfig = serde_json::from_str(&json).unwrap();
        assert_eq!(read, KernelConfig::b_spline(splines));
        let read: KernelConfig = serde_json::from_str(r#"{"basis":"b-spline"}"#).unwrap();
        assert_eq!(read, KernelConfig::b_spline(BSplineConfig::default()));
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
