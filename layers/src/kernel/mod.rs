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
//! Pixel kernels have a weight per relative element, AlongH = 1; splines may have fewer. An element that scales makes the
//! kernel's window larger (`windows`), and a function that stands for a density smaller by |det h|.
//!
//! A [`Kernel`] has one duty, [`bank`](Kernel::bank): the filters of an ordinary convolution. Linear kernels are matrices
//! ([`SampledKernel`], plain numbers) times weights.

mod bank;
mod linear;
mod part;
mod size;
mod spaces;
mod taps;
mod windows;

pub use bank::Kernel;
pub(crate) use linear::KernelShape;
pub use linear::{BSplineConfig, HermiteConfig, SampledKernel, Support};
pub use size::{KernelSize, MAX_KERNEL_SIZE};
pub(crate) use spaces::Spaces;

use burn::prelude::Device;
use serde::{Deserialize, Serialize};

use crate::error::LayerError;
use crate::group::Group;

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
    /// A sum of Hermite functions, the derivatives of a Gaussian: smooth, and few.
    Hermite(HermiteConfig),
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

    /// A sum of Hermite functions.
    pub fn hermite(functions: HermiteConfig) -> Self {
        Self::Hermite(functions)
    }

    /// Whether kernels of this size can be made.
    pub fn validate(&self, size: KernelSize) -> Result<(), LayerError> {
        for side in size.height_and_width() {
            match side {
                0 => {
                    return Err(LayerError::Zero {
                        what: "kernel_size",
                    });
                }
                1..=MAX_KERNEL_SIZE => {}
                size => return Err(LayerError::KernelSize { size }),
            }
        }
        match self {
            Self::Pixel {} => Ok(()),
            Self::BSpline(splines) => splines.validate(size),
            Self::Hermite(functions) => functions.validate(size),
        }
    }

    /// Whether the kernel has parameters beside its weights, so that it isn't linear in all of them.
    pub fn is_deformable(&self) -> bool {
        match self {
            Self::Pixel {} | Self::Hermite(_) => false,
            Self::BSpline(splines) => splines.is_learned(),
        }
    }

    /// Whether kernels of this size can be made between these spaces.
    pub(crate) fn validate_between(
        &self,
        spaces: &Spaces,
        size: KernelSize,
    ) -> Result<(), LayerError> {
        self.validate(size)?;
        spaces.validate()?;
        let group = spaces.turning();
        match self {
            Self::Pixel {} => linear::validate_pixels(group, size)?,
            Self::BSpline(_) | Self::Hermite(_) => {}
        }
        windows::validate(group, size)
    }

    /// The windows of a kernel under every element of a group.
    fn windows(&self, group: &Group, size: KernelSize) -> Vec<KernelSize> {
        match self {
            Self::Pixel {} | Self::Hermite(_) => windows::of_taps(group, size),
            Self::BSpline(_) => windows::of_functions(group, size),
        }
    }

    /// The largest window of a kernel under a group: its size, where nothing is scaled.
    pub(crate) fn largest_window(&self, group: &Group, size: KernelSize) -> KernelSize {
        let windows = self.windows(group, size).into_iter();
        let larger = |a: KernelSize, b: KernelSize| {
            let ([h, w], [y, x]) = (a.height_and_width(), b.height_and_width());
            [h.max(y), w.max(x)].into()
        };
        windows.reduce(larger).unwrap_or(size)
    }

    /// Numbers that a layer with `[channels_in, channels_out]` takes beside its parameters.
    pub(crate) fn numbers(
        &self,
        spaces: &Spaces,
        size: KernelSize,
        channels: [usize; 2],
    ) -> Result<usize, LayerError> {
        let shape = self.shape(spaces, size)?;
        let windows = self.windows(spaces.turning(), size);
        Ok(shape.numbers(spaces, channels, &windows))
    }

    /// How many weights a kernel has, without sampling it.
    pub(crate) fn shape(
        &self,
        spaces: &Spaces,
        size: KernelSize,
    ) -> Result<KernelShape, LayerError> {
        self.validate_between(spaces, size)?;
        let shape = match self {
            Self::Pixel {} => linear::shape_of_pixels(spaces, size),
            Self::BSpline(splines) => splines.shape(spaces, size),
            Self::Hermite(functions) => functions.shape(spaces, size),
        };
        Ok(match spaces {
            // How many kernels are constant under the group is known when they have been averaged.
            Spaces::Isotropic(_) => KernelShape {
                weights: self.sampled(spaces, size)?.weights(),
                ..shape
            },
            Spaces::Lifting(_) | Spaces::Group { .. } => shape,
        })
    }

    /// Samples the kernel of a [group convolution](crate::GroupConv2d) under every element of `group`.
    pub fn sample(&self, group: &Group, size: KernelSize) -> Result<SampledKernel, LayerError> {
        let spaces = Spaces::Group {
            output: group,
            input: group,
            range: None,
        };
        self.sampled(&spaces, size)
    }

    fn sampled(&self, spaces: &Spaces, size: KernelSize) -> Result<SampledKernel, LayerError> {
        self.validate_between(spaces, size)?;
        let kernel = match self {
            Self::Pixel {} => linear::sample_pixels(spaces, size),
            Self::BSpline(splines) => splines.sample(spaces, size),
            Self::Hermite(functions) => functions.sample(spaces, size),
        };
        Ok(match spaces {
            Spaces::Isotropic(_) => kernel.invariant(),
            Spaces::Lifting(_) | Spaces::Group { .. } => kernel,
        })
    }

    /// The kernel on a device, with its numbers of weights along H and on the plane, and its fan-in per input channel.
    pub(crate) fn init(
        &self,
        spaces: &Spaces,
        size: KernelSize,
        device: &Device,
    ) -> Result<(Kernel, [usize; 2], f64), LayerError> {
        let kernel = self.sampled(spaces, size)?;
        let weights = [kernel.group_weights(), kernel.weights()];
        let fan_in = kernel.fan_in();
        let basis = match self {
            Self::BSpline(splines) if splines.is_learned() => {
                let centres = splines.learned(spaces, size);
                Kernel::with_learned(&kernel, &centres, spaces, device)
            }
            Self::Pixel {} | Self::BSpline(_) | Self::Hermite(_) => {
                Kernel::linear(&kernel, spaces, device)
            }
        };
        Ok((basis, weights, fan_in))
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
        let sample = |size: usize| KernelConfig::pixel().sample(&Group::trivial(), size.into());
        assert!(matches!(sample(0), Err(LayerError::Zero { .. })));
        assert!(matches!(
            sample(32),
            Err(LayerError::KernelSize { size: 32 })
        ));
        assert!(sample(31).is_ok());
    }
}
