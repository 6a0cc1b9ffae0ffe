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
//! ([`SampledKernel`], plain numbers) times weights; of those that are [networks](network) the matrix is trained too.

mod bank;
mod layout;
mod linear;
pub mod network;
mod offsets;
mod part;
mod size;
mod spaces;
mod taps;
mod windows;

pub use bank::Kernel;
pub(crate) use linear::KernelShape;
pub use linear::{BSplineConfig, HermiteConfig, SampledKernel, Support};
pub use network::{KernelMask, MagnetConfig, SirenConfig};
pub use offsets::AngleOffsets;
pub(crate) use part::in_window;
pub use size::{KernelSize, MAX_KERNEL_SIZE};
pub(crate) use spaces::Spaces;

use burn::prelude::Device;
use serde::{Deserialize, Serialize};

use crate::error::LayerError;
use crate::group::Group;
use layout::Layout;
use network::NetworkConfig;

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
    /// A network of sines: a function of the place and of the relative element, as fine as its frequency.
    Siren(SirenConfig),
    /// A product of Gabor functions whose size is trained, and whose frequencies are known.
    Magnet(MagnetConfig),
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

    /// A network of sines.
    pub fn siren(network: SirenConfig) -> Self {
        Self::Siren(network)
    }

    /// A multiplicative anisotropic Gabor network.
    pub fn magnet(network: MagnetConfig) -> Self {
        Self::Magnet(network)
    }

    /// The network that the kernel is, between spaces that give it a coordinate.
    fn network(&self, spaces: &Spaces, size: KernelSize) -> Option<NetworkConfig> {
        let network = match self {
            Self::Pixel {} | Self::BSpline(_) | Self::Hermite(_) => return None,
            Self::Siren(config) => NetworkConfig::Siren(*config),
            Self::Magnet(config) => NetworkConfig::Magnet(*config),
        };
        (NetworkConfig::coordinates(spaces, size) > 0).then_some(network)
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
            Self::Siren(config) => NetworkConfig::Siren(*config).validate(),
            Self::Magnet(config) => NetworkConfig::Magnet(*config).validate(),
        }
    }

    /// Whether the kernel is a network, which is a function of the angle as it is of the place.
    pub fn is_network(&self) -> bool {
        matches!(self, Self::Siren(_) | Self::Magnet(_))
    }

    /// Whether the kernel has parameters beside its weights, so that it isn't linear in all of them.
    pub fn is_deformable(&self) -> bool {
        match self {
            Self::Pixel {} | Self::Hermite(_) => false,
            Self::BSpline(splines) => splines.is_learned(),
            Self::Siren(_) | Self::Magnet(_) => true,
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
            Self::BSpline(_) | Self::Hermite(_) | Self::Siren(_) | Self::Magnet(_) => {}
        }
        windows::validate(group, size)
    }

    /// The windows of a kernel under every element of a group.
    fn windows(&self, group: &Group, size: KernelSize) -> Vec<KernelSize> {
        match self {
            Self::Pixel {} | Self::Hermite(_) | Self::Siren(_) | Self::Magnet(_) => {
                windows::of_taps(group, size)
            }
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
        if let Some(network) = self.network(spaces, size) {
            return Ok(network.shape(spaces, size));
        }
        let shape = match self {
            // Of no coordinate a network is a number.
            Self::Pixel {} | Self::Siren(_) | Self::Magnet(_) => {
                linear::shape_of_pixels(spaces, size)
            }
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

    /// Samples the kernel of a [group convolution](crate::GroupConv2d) under every element of `group`. A kernel that is a network
    /// has no matrix before it has weights, and is refused.
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
        if self.network(spaces, size).is_some() {
            return Err(LayerError::NotLinear);
        }
        let kernel = match self {
            Self::Pixel {} | Self::Siren(_) | Self::Magnet(_) => {
                linear::sample_pixels(spaces, size)
            }
            Self::BSpline(splines) => splines.sample(spaces, size),
            Self::Hermite(functions) => functions.sample(spaces, size),
        };
        Ok(match spaces {
            Spaces::Isotropic(_) => kernel.invariant(),
            Spaces::Lifting(_) | Spaces::Group { .. } => kernel,
        })
    }

    /// The kernel on a device, and how its weights begin.
    pub(crate) fn init(
        &self,
        spaces: &Spaces,
        size: KernelSize,
        device: &Device,
    ) -> Result<(Kernel, Beginning), LayerError> {
        self.validate_between(spaces, size)?;
        if let Some(network) = self.network(spaces, size) {
            let windows = self.windows(spaces.turning(), size);
            let layout = Layout::new(windows, spaces.differences());
            let kernel = Kernel::of_network(&network, size, &layout, spaces, device);
            let beginning = Beginning {
                weights: [1, network.shape(spaces, size).weights],
                fan_in: kernel.energy().unwrap_or(1.0),
                constant: true,
            };
            return Ok((kernel, beginning));
        }
        let kernel = self.sampled(spaces, size)?;
        let beginning = Beginning {
            weights: [kernel.group_weights(), kernel.weights()],
            fan_in: kernel.fan_in(),
            constant: false,
        };
        let basis = match self {
            Self::BSpline(splines) if splines.is_learned() => {
                let centres = splines.learned(spaces, size);
                Kernel::with_learned(&kernel, &centres, spaces, device)
            }
            _ => Kernel::linear(&kernel, spaces, device),
        };
        Ok((basis, beginning))
    }
}

/// How the weights of a kernel begin.
pub(crate) struct Beginning {
    /// Weights along H and on the plane.
    pub(crate) weights: [usize; 2],
    /// The fan-in of one input channel.
    pub(crate) fan_in: f64,
    /// Whether the last weight on the plane is that of a constant, and begins as zero.
    pub(crate) constant: bool,
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
            sample(34),
            Err(LayerError::KernelSize { size: 34 })
        ));
        assert!(sample(33).is_ok());
    }
}
