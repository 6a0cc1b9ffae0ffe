//! All layers of a network at once, under any rotations and reflections of its images.
//!
//! ```text
//! error_l(g) = ‖L_g Φ_l(f) − Φ_l(L_g f)‖ / ‖Φ_l(f)‖            Φ_l: the network up to output l
//! ```
//!
//! Motions that move pixels to pixels act on the images as they are, and outputs are compared everywhere. The others
//! need what lies beyond the corners of an image, which nobody has: they act on [`RoundImages`], and outputs are compared
//! inside the disc. What is left beside the network's own error is that of interpolating, in images and in outputs. A scaling
//! takes more out of the picture, or in from beyond it: outputs are compared in a disc that both know.
//!
//! ```text
//! s > 1    half the disc: further out, kernels see the border of an image that goes on
//! s < 1    s times the disc: further out there was no image
//! ```

use burn::prelude::*;
use serde::{Deserialize, Serialize};

use super::action::across;
use super::{FeatureMap, PlaneTransformation, Region, disc_mask, relative};
use crate::group::Group;

/// Images that a network sees at once: what is kept of its layers is bounded by them, not by how many images there are.
const PORTION: usize = 16;

/// How far a factor may be from 1 that means it.
const SAME: f64 = 1e-9;

/// How far inside the border of a map, in pixels, comparisons stay where pixels move between pixels: three, which is how far
/// interpolation reaches, since it finds nothing beyond the border. Of small maps that would leave nothing: they lose an eighth
/// of their size, at least one pixel, and maps of three pixels and less are compared to their border.
pub fn rim(size: [usize; 2]) -> f64 {
    match across(size) {
        0..4 => 0.0,
        size => (size as f64 / 8.0).clamp(1.0, 3.0),
    }
}

/// An output of a network, and with it how transformations act on it.
#[derive(Debug, Clone)]
pub enum Feature {
    /// A map on the plane, `[batch, channels, height, width]`.
    Plane(Tensor<4>),
    /// A map on the group, `[batch, channels, group, height, width]`.
    Group(Tensor<5>),
    /// What should not change, as class scores, `[batch, values]`.
    Invariant(Tensor<2>),
}

impl Feature {
    /// Extents of the feature of one image.
    pub fn shape(&self) -> Vec<usize> {
        match self {
            Self::Plane(map) => map.dims()[1..].to_vec(),
            Self::Group(map) => map.dims()[1..].to_vec(),
            Self::Invariant(values) => values.dims()[1..].to_vec(),
        }
    }

    /// Where it is compared under a transformation.
    fn region(&self, transformation: PlaneTransformation) -> Region {
        let size = match self {
            Self::Plane(map) => [map.dims()[2], map.dims()[3]],
            Self::Group(map) => [map.dims()[3], map.dims()[4]],
            Self::Invariant(_) => return Region::Everywhere,
        };
        if transformation.is_exact() {
            return Region::Everywhere;
        }
        let (radius, rim) = (across(size) as f64 / 2.0, rim(size));
        let margin = match transformation.factor() {
            factor if factor > 1.0 + SAME => radius / 2.0,
            factor if factor < 1.0 - SAME => radius - factor * (radius - rim),
            _ => rim,
        };
        Region::Disc { margin }
    }

    /// Of vectors, the place of each row's largest value.
    fn largest(&self) -> Option<Vec<i64>> {
        let Self::Invariant(values) = self else {
            return None;
        };
        let places = values.clone().argmax(1).into_data();
        Some(places.iter::<i64>().collect())
    }
}

impl FeatureMap for Feature {
    fn act(self, group: &Group, transformation: PlaneTransformation) -> Self {
        match self {
            Self::Plane(map) => Self::Plane(map.act(group, transformation)),
            Self::Group(map) => Self::Group(map.act(group, transformation)),
            Self::Invariant(values) => Self::Invariant(values),
        }
    }

    fn known(self, group: &Group, transformation: PlaneTransformation) -> Self {
        match self {
            Self::Group(map) => Self::Group(map.known(group, transformation)),
            Self::Plane(_) | Self::Invariant(_) => self,
        }
    }

    fn squares(self, region: Region) -> f64 {
        match self {
            Self::Plane(map) => map.squares(region),
            Self::Group(map) => map.squares(region),
            Self::Invariant(values) => values.squares(region),
        }
    }

    /// # Panics
    /// If the other is of another kind.
    fn minus(self, other: Self) -> Self {
        match (self, other) {
            (Self::Plane(a), Self::Plane(b)) => Self::Plane(a - b),
            (Self::Group(a), Self::Group(b)) => Self::Group(a - b),
            (Self::Invariant(a), Self::Invariant(b)) => Self::Invariant(a - b),
            (a, b) => panic!("outputs of two kinds: {:?} and {:?}", a.shape(), b.shape()),
        }
    }
}

/// The errors of one output of a network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutputErrors {
    /// The output.
    pub name: String,
    /// Its extents, for one image.
    pub shape: Vec<usize>,
    /// ‖L_g Φ(f) − Φ(L_g f)‖ / ‖Φ(f)‖ of each transformation, norms over all images together.
    pub errors: Vec<f64>,
    /// Where the output is a vector of scores: for each transformation, the share of images whose largest score stays the largest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_largest: Option<Vec<f64>>,
}

/// Images that are something inside of a disc and one colour outside of it, so that any rotation is known everywhere.
///
/// Beyond the disc stands the mean of what was there, image by image and channel by channel: the background of digits
/// stays as it is.
#[derive(Debug, Clone)]
pub struct RoundImages {
    /// What is left of the images when the background is taken away; 0 beyond the disc.
    inside: Tensor<4>,
    /// `[batch, channels, 1, 1]`.
    background: Tensor<4>,
}

impl RoundImages {
    /// # Shapes
    /// - images: `[batch, channels, height, width]`
    pub fn new(images: Tensor<4>) -> Self {
        let [_, _, height, width] = images.dims();
        let disc = |margin| disc_mask([height, width], margin, &images.device());
        // Five discs, half a pixel apart: the rim falls smoothly, and a rotation does not see its steps.
        let rims = [0.0, 0.5, 1.0, 1.5, 2.0].map(disc);
        let mask: Tensor<2> = Tensor::stack::<3>(rims.to_vec(), 0)
            .mean_dim(0)
            .squeeze_dim(0);
        let outside = mask.clone().neg().add_scalar(1.0);
        let area = outside.clone().sum().into_data().iter::<f64>().sum::<f64>();
        let outside = outside.reshape([1, 1, height, width]);
        let mask = mask.reshape([1, 1, height, width]);
        let background = (images.clone() * outside).sum_dim(3).sum_dim(2) / area.max(1.0);
        Self {
            inside: (images - background.clone()) * mask,
            background,
        }
    }

    /// The images, turned.
    pub fn turned(&self, transformation: PlaneTransformation) -> Tensor<4> {
        transformation.on_plane(self.inside.clone()) + self.background.clone()
    }

    /// ‖L_g⁻¹ L_g f − f‖ / ‖f‖ of what is inside: what interpolation alone does to the images, both ways. Of images that grow, in
    /// the half of the disc that stays in the picture up to a factor of two.
    pub fn there_and_back(&self, transformation: PlaneTransformation) -> f64 {
        let [_, _, height, width] = self.inside.dims();
        let region = match transformation.factor() {
            factor if factor > 1.0 + SAME => Region::Disc {
                margin: across([height, width]) as f64 / 4.0,
            },
            _ => Region::Everywhere,
        };
        let back = transformation
            .inverse()
            .on_plane(transformation.on_plane(self.inside.clone()));
        let difference = (back - self.inside.clone()).squares(region);
        relative(difference, self.inside.clone().squares(region))
    }
}

/// Measures every output of a network under every transformation.
///
/// `network` gives its outputs by name, the same ones for all images, and must treat each image by itself: run it on a
/// device without gradients, where dropout is off and normalisation uses its running statistics. `group` is the one that
/// its maps have their orientations from; transformations outside of it act as [`PlaneTransformation::on_group`] says.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::equivariance::{Feature, PlaneTransformation, survey};
/// use gcnn_layers::{Group, LiftingConv2dConfig};
///
/// let (group, device) = (Group::cyclic(4)?, Device::flex());
/// let lift = LiftingConv2dConfig::new(group.clone(), [1, 4], 3).init(&device);
/// let images = Tensor::<1, Int>::arange(0..64, &device).float().reshape([1, 1, 8, 8]);
/// let transformations = [PlaneTransformation::rotation(90.0), PlaneTransformation::rotation(0.0).after_mirror()];
/// let found = survey(&group, &transformations, images, |images| {
///     vec![("lifting".into(), Feature::Group(lift.forward(images)))]
/// });
/// assert!(found[0].errors[0] < 1e-5);
/// // Nothing makes free kernels symmetric under the mirror.
/// assert!(found[0].errors[1] > 1e-2);
/// # Ok::<(), gcnn_layers::group::GroupError>(())
/// ```
///
/// # Panics
/// If a map on the group does not have as many orientations as the group has elements.
pub fn survey(
    group: &Group,
    transformations: &[PlaneTransformation],
    images: Tensor<4>,
    network: impl Fn(Tensor<4>) -> Vec<(String, Feature)>,
) -> Vec<OutputErrors> {
    let count = images.dims()[0];
    let mut tallies: Vec<Tally> = Vec::new();
    for portion in images.split(PORTION, 0) {
        let round = RoundImages::new(portion.clone());
        let needs = |exact: bool| {
            transformations
                .iter()
                .any(|transformation| transformation.is_exact() == exact)
        };
        let outputs_of = |needed: bool, images: Tensor<4>| match needed {
            true => network(images),
            false => Vec::new(),
        };
        let whole = outputs_of(needs(true), portion.clone());
        let disc = outputs_of(
            needs(false),
            round.turned(PlaneTransformation::rotation(0.0)),
        );
        for (index, transformation) in transformations.iter().enumerate() {
            let (outputs, moved) = match transformation.is_exact() {
                true => (&whole, transformation.on_plane(portion.clone())),
                false => (&disc, round.turned(*transformation)),
            };
            let of_moved = network(moved);
            if tallies.is_empty() {
                tallies = outputs
                    .iter()
                    .map(|(name, feature)| Tally::new(name, feature, transformations.len()))
                    .collect();
            }
            for ((tally, (_, output)), (_, of_moved)) in
                tallies.iter_mut().zip(outputs).zip(of_moved)
            {
                tally.add((index, *transformation), group, output, of_moved);
            }
        }
    }
    tallies
        .into_iter()
        .map(|tally| tally.finish(count))
        .collect()
}

/// Sums over images of what an [`OutputErrors`] is made of.
struct Tally {
    name: String,
    shape: Vec<usize>,
    differences: Vec<f64>,
    norms: Vec<f64>,
    same: Option<Vec<usize>>,
}

impl Tally {
    fn new(name: &str, feature: &Feature, transformations: usize) -> Self {
        Self {
            name: name.to_string(),
            shape: feature.shape(),
            differences: vec![0.0; transformations],
            norms: vec![0.0; transformations],
            same: matches!(feature, Feature::Invariant(_)).then(|| vec![0; transformations]),
        }
    }

    fn add(
        &mut self,
        (index, transformation): (usize, PlaneTransformation),
        group: &Group,
        output: &Feature,
        of_moved: Feature,
    ) {
        if let (Some(same), Some(before), Some(after)) =
            (&mut self.same, output.largest(), of_moved.largest())
        {
            same[index] += before.iter().zip(&after).filter(|(a, b)| a == b).count();
        }
        let region = output.region(transformation);
        let moved = output.clone().act(group, transformation);
        // Scaling leaves some of a map out of the comparison, and that is no part of what it is compared with either.
        let keeps_lengths = (transformation.factor() - 1.0).abs() < SAME;
        let compared = match group.is_closed() && keeps_lengths {
            true => output.clone(),
            false => moved.clone().known(group, transformation),
        };
        let difference = moved.minus(of_moved).known(group, transformation);
        self.norms[index] += compared.squares(region);
        self.differences[index] += difference.squares(region);
    }

    fn finish(self, images: usize) -> OutputErrors {
        let sums = self.differences.into_iter().zip(self.norms);
        let share = |same: usize| same as f64 / images.max(1) as f64;
        OutputErrors {
            name: self.name,
            shape: self.shape,
            errors: sums
                .map(|(difference, norm)| relative(difference, norm))
                .collect(),
            same_largest: self.same.map(|same| same.into_iter().map(share).collect()),
        }
    }
}

#[cfg(test)]
mod tests;
