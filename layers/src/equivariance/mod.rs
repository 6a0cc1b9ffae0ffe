//! Equivariance measured: how far Φ is from commuting with the group.
//!
//! ```text
//! error(g) = ‖L_g Φ(f) − Φ(L_g f)‖ / ‖Φ(f)‖
//! ```
//!
//! with L_g as in [`plane_action`] and [`group_action`], and L_g v = v on a vector that should be invariant. Elements
//! that map the pixel grid to itself act exactly, so what is measured is the map's own error: for an exact layer,
//! rounding (1e-7 to 1e-6 in float32). Other elements act by interpolation, which adds an error of its own, stated at
//! [`plane_action`]; give smooth inputs that vanish towards the border, and compare on a disc ([`Region::Disc`]),
//! because the corners of an image turn out of it.
//!
//! Over scales L_g moves responses along an axis that ends. What would have to come from beyond its samples is left out of the
//! comparison; a layer whose kernels see several scales has cut-off neighbours beside, which are an error of its own.
//!
//! [`measure`] takes one map and the elements of a group; [`survey`] takes a network, all its layers at once, and any
//! rotations, reflections and scalings.

mod action;
mod report;
mod survey;
mod transformation;

pub use action::{disc_mask, group_action, plane_action};
pub use report::{ElementError, EquivarianceReport};
pub use survey::{Feature, OutputErrors, RoundImages, rim, survey};
pub use transformation::PlaneTransformation;

use burn::prelude::*;

use crate::group::Group;

/// The part of the plane on which outputs are compared.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Region {
    /// All positions.
    #[default]
    Everywhere,
    /// Positions in the disc around the centre that touches the nearest border, less a margin. Rotations map it to
    /// itself.
    Disc {
        /// How far the disc stays from the border, in pixels.
        margin: f64,
    },
}

/// What a group acts on: a map on the plane (`Tensor<4>`), a map on the group (`Tensor<5>`), or a vector of
/// invariants (`Tensor<2>`).
pub trait FeatureMap: Clone {
    /// L_g of the map.
    fn act(self, group: &Group, transformation: PlaneTransformation) -> Self;
    /// The map without those of its values that L_g would take from beyond the samples of H.
    fn known(self, _group: &Group, _transformation: PlaneTransformation) -> Self {
        self
    }
    /// The squares of the values that count, summed, in double precision.
    fn squares(self, region: Region) -> f64;
    /// What is left of the map when another is taken away.
    fn minus(self, other: Self) -> Self;
}

impl FeatureMap for Tensor<2> {
    fn act(self, _group: &Group, _transformation: PlaneTransformation) -> Self {
        self
    }

    fn squares(self, _region: Region) -> f64 {
        sum_of_squares(self)
    }

    fn minus(self, other: Self) -> Self {
        self - other
    }
}

impl FeatureMap for Tensor<4> {
    fn act(self, _group: &Group, transformation: PlaneTransformation) -> Self {
        transformation.on_plane(self)
    }

    fn squares(self, region: Region) -> f64 {
        sum_of_squares(restrict(self, region))
    }

    fn minus(self, other: Self) -> Self {
        self - other
    }
}

impl FeatureMap for Tensor<5> {
    fn act(self, group: &Group, transformation: PlaneTransformation) -> Self {
        transformation.on_group(group, self)
    }

    fn known(self, group: &Group, transformation: PlaneTransformation) -> Self {
        let group = &transformation::over(group, self.dims()[2]);
        if group.is_closed() {
            return self;
        }
        let known: Vec<f32> = group
            .elements()
            .map(|h| f32::from(transformation.is_sampled(group, h)))
            .collect();
        let known = Tensor::<1>::from_data(known.as_slice(), &self.device());
        self * known.reshape([1, 1, group.order(), 1, 1])
    }

    fn squares(self, region: Region) -> f64 {
        sum_of_squares(restrict(self, region))
    }

    fn minus(self, other: Self) -> Self {
        self - other
    }
}

fn restrict<const D: usize>(map: Tensor<D>, region: Region) -> Tensor<D> {
    let dims = map.dims();
    match region {
        Region::Everywhere => map,
        Region::Disc { margin } => {
            let mut mask_dims = [1; D];
            mask_dims[D - 2..].copy_from_slice(&dims[D - 2..]);
            let mask = disc_mask([dims[D - 2], dims[D - 1]], margin, &map.device());
            map * mask.reshape(mask_dims)
        }
    }
}

fn sum_of_squares<const D: usize>(map: Tensor<D>) -> f64 {
    map.into_data().iter::<f64>().map(|v| v * v).sum()
}

/// ‖difference‖ / ‖output‖ of sums of squares. A map that is zero everywhere is equivariant.
fn relative(difference: f64, output: f64) -> f64 {
    if difference == 0.0 {
        0.0
    } else {
        (difference / output).sqrt()
    }
}

/// Measures, for every element of the group, how far a map is from equivariance.
///
/// The types of `input` and of what `map` returns say how the group acts on them, see [`FeatureMap`].
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::{equivariance::measure, group::Group, SpatialMaxPool2dConfig};
///
/// let group = Group::cyclic(4).unwrap();
/// let ramp = Tensor::<1, Int>::arange(0..64, &Device::flex()).float().reshape([1, 1, 8, 8]);
/// let pool = SpatialMaxPool2dConfig::new(2).init();
/// let report = measure(&group, ramp, |x: Tensor<4>| pool.forward(x));
/// assert_eq!(report.max_error(), 0.0);
/// println!("{report}");
/// ```
///
/// # Panics
/// If a map on the group does not have as many orientations as the group has elements.
pub fn measure<I: FeatureMap, O: FeatureMap>(
    group: &Group,
    input: I,
    map: impl Fn(I) -> O,
) -> EquivarianceReport {
    measure_on(group, input, map, Region::Everywhere)
}

/// As [`measure`], comparing outputs on a part of the plane only.
pub fn measure_on<I: FeatureMap, O: FeatureMap>(
    group: &Group,
    input: I,
    map: impl Fn(I) -> O,
    region: Region,
) -> EquivarianceReport {
    let output = map(input.clone());
    let norm = output.clone().squares(region);
    let elements = group
        .elements()
        .map(|element| {
            let transformation = PlaneTransformation::of(group, element);
            let moved_output = output.clone().act(group, transformation);
            let output_of_moved = map(input.clone().act(group, transformation));
            let norm = match group.is_closed() {
                true => norm,
                false => moved_output
                    .clone()
                    .known(group, transformation)
                    .squares(region),
            };
            let difference = moved_output.minus(output_of_moved);
            let difference = difference.known(group, transformation).squares(region);
            ElementError {
                element,
                name: group.describe(element),
                exact: group.is_exact_element(element),
                error: relative(difference, norm),
            }
        })
        .collect();
    EquivarianceReport {
        group: group.name().to_string(),
        elements,
    }
}

#[cfg(test)]
mod tests;
