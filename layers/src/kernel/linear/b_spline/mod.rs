//! Kernels that are sums of shifted B-splines, on the plane and on H.
//!
//! ```text
//! k(z, g) = Σ_m Σ_j w[m, j] Bⁿ(log g − r_m) Bⁿ(x − x_j) Bⁿ(y − y_j)      z = (x, y)
//! ```
//!
//! Where a pixel kernel knows its values at pixels alone and has to be interpolated when it is turned, this one is a
//! function on the whole plane that is evaluated at h⁻¹z. What is left of the equivariance error is that the sum over
//! pixels isn't the integral; it falls with the order n, as the splines become smoother. The largest relative error over
//! C8 of a lifting convolution with random weights, on sums of Gaussians of width two pixels:
//!
//! | kernel | order 0 | 1 | 2 | 3 | pixels |
//! | --- | --- | --- | --- | --- | --- |
//! | 5×5 | 59 % | 15 % | 1.4 % | 1.2 % | 2.5 % |
//! | 7×7 | 51 % | 12 % | 2.3 % | 0.6 % | 1.9 % |
//! | 9×9 | 55 % | 14 % | 2.2 % | 0.5 % | |
//!
//! `tests/conv/b_spline.rs` holds it to bounds, and to another: under rotations half a step of H apart, the mean over H
//! of ReLU of 7×7 kernels at order 3 changes by 43, 9, 0.9 and 0.2 % for C2, C4, C8 and C16. The price are weights: 12
//! and 9 on the disc of a 5×5 kernel at orders 2 and 3, in place of 21. The group's exact elements are exact at every
//! order.
//!
//! The centres (x_j, y_j) and r_m are those of a [`Support`]. Source: Bekkers 2020 (B-Spline CNNs on Lie
//! groups).

mod along_group;
mod cardinal;
mod learned;
mod plane;

#[cfg(test)]
mod tests;

pub(in crate::kernel) use along_group::GroupSplines;
pub(in crate::kernel) use learned::{LearnedGroup, LearnedPlane};
pub(in crate::kernel) use plane::PlaneSplines;

use serde::{Deserialize, Serialize};

use super::{KernelShape, SampledKernel};
use crate::Parameters;
use crate::error::LayerError;
use crate::group::Group;
use crate::kernel::{KernelSize, Spaces};

/// Where the splines of a kernel have their centres. Written `dense`, `localized`, `atrous` and `deformable` in files.
///
/// | | on the plane | along H: its rotations, its scales |
/// | --- | --- | --- |
/// | `dense` | all that fit, `scale` apart | all N, or `rotations` and `scales` of them, each as wide as they are apart |
/// | `localized` | `side` × `side` about the centre, `scale` apart | `rotations` and `scales` about the identity, a step apart |
/// | `atrous` | `side` × `side` spread over the kernel | `rotations` and `scales` spread over all, each a step wide |
/// | `deformable` | as `atrous` to begin with, then trained | as `atrous` to begin with, then trained |
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Support {
    /// A uniform grid.
    #[default]
    Dense,
    /// A small neighbourhood of the identity: short translations and small rotations.
    Localized,
    /// A sparse grid with gaps between the splines.
    Atrous,
    /// Positions that are learned.
    Deformable,
}

/// A sum of B-splines. In a run file: `kernel = { basis = "b-spline", order = 2, support = "localized" }`.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::kernel::{BSplineConfig, Support};
/// use gcnn_layers::{Group, GroupConv2dConfig, KernelConfig};
///
/// # #[cfg(feature = "flex")] {
/// let c8 = Group::cyclic(8)?;
/// let splines = BSplineConfig { support: Support::Localized, ..BSplineConfig::default() };
/// let conv = GroupConv2dConfig::new(c8, [4, 6], 5).with_kernel(KernelConfig::b_spline(splines));
/// conv.validate()?;
/// // Three rotations about the identity in place of eight, nine splines on the plane.
/// assert_eq!(conv.init(&Device::flex()).weight.dims(), [6, 4, 3, 9]);
/// # }
/// # Ok::<(), gcnn_layers::LayerError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct BSplineConfig {
    /// n, the degree of the polynomial pieces: 0 to 5. 0 and 1 on the pixel grid are pixel kernels where the group is
    /// exact. On 1×1 kernels it applies along H alone.
    pub order: usize,
    /// Where the centres are.
    pub support: Support,
    /// Pixels between the knots of the splines on the plane, and with that their width: 1 or more.
    pub scale: f64,
    /// Centres along a side of the grid on the plane, 3 if left out, and never more than fit. `dense` has no use for it.
    /// Groups that turn squares leave the grid's corners out where these would turn out of the kernel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub side: Option<usize>,
    /// Centres on the rotations of H (and as many on its reflections), never more than N. If left out: N for `dense`, 3 for
    /// `localized`, every other rotation for the rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotations: Option<usize>,
    /// The same along the scales of H, where it has some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scales: Option<usize>,
}

impl Default for BSplineConfig {
    fn default() -> Self {
        Self {
            order: 2,
            support: Support::Dense,
            scale: 1.0,
            side: None,
            rotations: None,
            scales: None,
        }
    }
}

/// Where the centres of a kernel begin that are to be trained.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::kernel) struct Learned {
    /// Absent where the kernel has a single tap.
    pub(in crate::kernel) plane: Option<PlaneSplines>,
    /// Absent on the plane, and where H has a single sample on each component.
    pub(in crate::kernel) group: Option<GroupSplines>,
}

impl BSplineConfig {
    /// The largest [`order`](Self::order).
    pub const MAX_ORDER: usize = 5;

    /// Centres along a side, and about the identity, unless the configuration says otherwise.
    const SIDE: usize = 3;

    /// Whether kernels of this size can be made.
    pub(in crate::kernel) fn validate(&self, size: KernelSize) -> Result<(), LayerError> {
        let out_of_range = |what, value, range| Err(LayerError::OutOfRange { what, value, range });
        let learned = self.is_learned();
        match self.order {
            0 if learned => {
                let (what, range) = ("the order of deformable splines", "1 to 5");
                return out_of_range(what, 0.0, range);
            }
            0..=Self::MAX_ORDER => {}
            order => return out_of_range("the order of splines", order as f64, "0 to 5"),
        }
        if !(self.scale >= 1.0 && self.scale.is_finite()) {
            return out_of_range("the scale of splines", self.scale, "finite and at least 1");
        }
        for (value, what) in [
            (self.side, "side"),
            (self.rotations, "rotations"),
            (self.scales, "scales"),
        ] {
            if value == Some(0) {
                return Err(LayerError::Zero { what });
            }
        }
        if self.support == Support::Dense && self.side.is_some() {
            return Err(LayerError::DenseSide);
        }
        for side in size.height_and_width() {
            if plane::fitting(self, side) == 0 {
                return Err(LayerError::SplineTooWide {
                    order: self.order,
                    scale: self.scale,
                    size: side,
                    smallest: plane::smallest_size(self),
                });
            }
        }
        Ok(())
    }

    pub(in crate::kernel) fn shape(&self, spaces: &Spaces, size: KernelSize) -> KernelShape {
        let relative = spaces.relative();
        let weights = PlaneSplines::centres(self, spaces.turning(), size).len();
        let group_weights = relative.map_or(1, |group| GroupSplines::count(self, group));
        let mut learned = Parameters::new();
        if self.is_learned() && size.taps() > 1 {
            learned = learned.with("learned_plane.centres", [weights, 2]);
        }
        if let Some(group) = relative.filter(|group| self.is_learned() && has_places(group)) {
            learned = learned.with("learned_group.centres", [group_weights, group.axes().len()]);
        }
        KernelShape {
            learned,
            ..KernelShape::linear(size, [group_weights, weights])
        }
    }

    pub(in crate::kernel) fn sample(&self, spaces: &Spaces, size: KernelSize) -> SampledKernel {
        let plane = PlaneSplines::new(self, spaces.turning(), size);
        let relatives = spaces.differences();
        let along = spaces
            .relative()
            .map(|group| GroupSplines::new(self, group, relatives.places.clone()));
        let elements = plane.windows.iter().copied().zip(plane.matrices());
        let elements = elements.collect();
        let mut kernel =
            SampledKernel::new(size, plane.centres.len(), elements, relatives).with_overlap();
        if let Some(along) = &along {
            kernel = kernel.with_along_group(along.matrix());
        }
        kernel
    }

    /// Where centres that are trained begin.
    pub(in crate::kernel) fn learned(&self, spaces: &Spaces, size: KernelSize) -> Learned {
        let plane = PlaneSplines::new(self, spaces.turning(), size);
        let relative = spaces.relative().filter(|group| has_places(group));
        Learned {
            plane: (size.taps() > 1).then_some(plane),
            group: relative
                .map(|group| GroupSplines::new(self, group, spaces.differences().places)),
        }
    }

    /// Whether the centres are trained.
    pub(in crate::kernel) fn is_learned(&self) -> bool {
        self.support == Support::Deformable
    }
}

/// Whether a centre could be anywhere else on the group than where it is.
fn has_places(group: &Group) -> bool {
    group.axes().iter().any(|axis| axis.samples > 1)
}
