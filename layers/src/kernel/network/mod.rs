//! Kernels that are networks of coordinates, and linear in nothing but their last layer.
//!
//! ```text
//! k_oi(z, g)              = m(z) (Σ_j w[o, i, j] φ_j(z, g) + w[o, i, 0]) V / |det h|
//! bank[(o, h), (i, h'), z] = k_oi(h⁻¹z, h⁻¹h')
//! ```
//!
//! z is counted in halves of the kernel's side, so that the outermost pixels lie at ±1, and g in coordinates of the Lie algebra: an
//! axis that comes back to where it began goes from −1 (the identity) to 1, another is the logarithm itself, and where H has
//! several components one more coordinate says which. What one sees are the features φ of the layer before the last, shared by
//! all pairs of fields: a kernel is sampled once a step, and its last layer is the weight of the convolution.
//!
//! ```text
//! SIREN      φ of sines of sines                              Sitzmann et al. 2020; Knigge, Romero, Bekkers 2022
//! MAGNet     φ of products of Gabor functions                 Romero et al. 2022 (FlexConv), after Fathony et al. 2021
//! ```
//!
//! The mask m bounds a kernel on the plane. V is the Haar measure that a sample of H stands for.

mod gabor;
mod magnet;
mod mask;
mod sampled;
mod siren;
#[cfg(all(test, feature = "flex"))]
mod tests;

pub use magnet::MagnetConfig;
pub use mask::KernelMask;
pub(in crate::kernel) use sampled::NetworkKernel;
pub use siren::SirenConfig;

use burn::prelude::*;

use crate::Parameters;
use crate::error::LayerError;
use crate::group::{Axis, Coordinates};
use crate::kernel::linear::KernelShape;
use crate::kernel::{KernelSize, Spaces};
use magnet::Magnet;
use siren::Siren;

/// Which network a kernel is.
#[derive(Debug, Clone, Copy)]
pub(in crate::kernel) enum NetworkConfig {
    Siren(SirenConfig),
    Magnet(MagnetConfig),
}

/// The features of a kernel: all of its network but the last layer.
#[derive(Module, Debug)]
enum Features {
    Siren(Siren),
    Magnet(Magnet),
}

impl Features {
    /// `[points, coordinates]` to `[points, features]`.
    fn forward(&self, points: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Siren(network) => network.forward(points),
            Self::Magnet(network) => network.forward(points),
        }
    }
}

impl NetworkConfig {
    pub(in crate::kernel) fn validate(&self) -> Result<(), LayerError> {
        match self {
            Self::Siren(config) => config.validate(),
            Self::Magnet(config) => config.validate(),
        }
    }

    fn mask(&self) -> KernelMask {
        match self {
            Self::Siren(config) => config.mask,
            Self::Magnet(config) => config.mask,
        }
    }

    fn features(&self) -> usize {
        match self {
            Self::Siren(config) => config.hidden,
            Self::Magnet(config) => config.hidden,
        }
    }

    /// Of how many coordinates a kernel between these spaces is a function. Where there is none, all it can be is a number.
    pub(in crate::kernel) fn coordinates(spaces: &Spaces, size: KernelSize) -> usize {
        plane_axes(size).len() + group_coordinates(spaces)
    }

    /// The shape of a kernel of at least one coordinate.
    pub(in crate::kernel) fn shape(&self, spaces: &Spaces, size: KernelSize) -> KernelShape {
        let coordinates = Self::coordinates(spaces, size);
        let (network, layers) = match self {
            Self::Siren(config) => (config.parameters(coordinates), config.layers + 1),
            Self::Magnet(config) => (config.parameters(coordinates), config.layers + 1),
        };
        // An enum's fields are called by its variant.
        let field = match self {
            Self::Siren(_) => "network.features.Siren",
            Self::Magnet(_) => "network.features.Magnet",
        };
        let mask = match self.mask() {
            KernelMask::Gaussian(_) => self.mask().parameters(plane_axes(size).len()),
            _ => Parameters::new(),
        };
        KernelShape {
            learned: Parameters::new()
                .with_module(field, network)
                .with_module("network.gaussian", mask),
            // A layer keeps what goes into its function and what comes out.
            numbers_per_value: (2 * layers + 2) * spaces.differences().count(),
            ..KernelShape::linear(size, [1, self.features() + 1])
        }
    }

    fn init(&self, coordinates: usize, plane: usize, device: &Device) -> Features {
        match self {
            Self::Siren(config) => Features::Siren(config.init(coordinates, device)),
            Self::Magnet(config) => Features::Magnet(config.init(coordinates, plane, device)),
        }
    }
}

/// The axes of the plane along which a kernel has more than one tap: 0 goes to the right, 1 upwards.
fn plane_axes(size: KernelSize) -> Vec<usize> {
    let [height, width] = size.height_and_width();
    let taps = [width, height];
    (0..2).filter(|&axis| taps[axis] > 1).collect()
}

fn group_coordinates(spaces: &Spaces) -> usize {
    spaces.relative().map_or(0, |group| {
        let moving = group.axes().iter().filter(|axis| axis.samples > 1).count();
        moving + usize::from(group.components() > 1)
    })
}

/// Where an element lies, as a network sees it.
fn coordinates_of(axes: &[Axis], components: usize, place: &Coordinates) -> Vec<f64> {
    let along = axes.iter().zip(&place.steps);
    let along = along.filter(|(axis, _)| axis.samples > 1);
    let along = along.map(|(axis, steps)| match axis.period {
        Some(period) => 2.0 * steps / period - 1.0,
        None => steps * axis.step,
    });
    let component = (components > 1)
        .then(|| 1.0 - 2.0 * place.component as f64 / (components.max(2) - 1) as f64);
    along.chain(component).collect()
}
