//! Networks for images: the elements of their group, the right angles and reflections that it may lack, and all angles.

use burn::prelude::*;
use burn::tensor::activation::softmax;
use gcnn_datasets::{ChannelNormalisation, TargetKind};
use gcnn_layers::Group;
use gcnn_layers::equivariance::{
    Feature, OutputErrors, PlaneTransformation, RoundImages, disc_mask, rim, survey as measure,
};
use gcnn_layers::group::AxisKind;
use gcnn_models::argmax;
use gcnn_train::task::equivariance::images::{own_elements, survey};
use gcnn_train::task::equivariance::{Standing, Survey};
use gcnn_train::task::targets::TargetFormat;

use super::picture::{Scene, Strips};
use super::svg::{difference_colour, response_colour};
use super::{
    Answers, Choice, Curve, Growth, PORTION, SWEPT, Sweep, angles, answer_angles, growing,
};
use crate::ProgramError;
use crate::report::bitmap::Tile;

/// The angles at which maps are shown: a quarter turn and beyond it.
const SHOWN: [f64; 8] = [0.0, 15.0, 30.0, 45.0, 60.0, 75.0, 90.0, 180.0];
/// The colour of what lies beyond the disc: the paper's.
const BEYOND: [u8; 3] = [255; 3];

/// A network, as what it says of images layer by layer, the class scores last.
pub struct Probe<'a> {
    /// The group that it is built for.
    pub group: &'a Group,
    /// Its outputs, by name.
    pub outputs: &'a dyn Fn(Tensor<4>) -> Vec<(String, Feature)>,
    /// What the last of them are, where they are no class scores.
    pub targets: Option<&'a TargetFormat>,
}

/// The rotations by right angles and reflections that are not in a group.
fn foreign_elements(group: &Group) -> Vec<(PlaneTransformation, Standing)> {
    let turns = [0.0, 90.0, 180.0, 270.0].map(PlaneTransformation::rotation);
    let square = [turns, turns.map(|turn| turn.after_mirror())].concat();
    let foreign = square
        .into_iter()
        .filter(|transformation| transformation.element_of(group).is_none())
        .map(|transformation| (transformation, Standing::Foreign));
    foreign.collect()
}

/// How many rotations a group has.
fn orientations(group: &Group) -> usize {
    along(group, AxisKind::Angle).unwrap_or(1)
}

/// How many samples a group has along an axis, if it has one.
fn along(group: &Group, kind: AxisKind) -> Option<usize> {
    let mut axes = group.axes().iter();
    axes.find(|axis| axis.kind == kind).map(|axis| axis.samples)
}

/// Whether images are signals, which nothing turns.
fn are_signals(images: &Tensor<4>) -> bool {
    images.dims()[2] == 1
}

impl Probe<'_> {
    /// Every output under the elements of the network's group, and under the right angles and reflections that the group lacks;
    /// `images` of `[batch, channels, height, width]`.
    pub fn survey(&self, images: Tensor<4>) -> Survey {
        let foreign = match are_signals(&images) {
            true => Vec::new(),
            false => foreign_elements(self.group),
        };
        let elements = [own_elements(self.group), foreign];
        let mut found = survey(self.group, elements.concat(), images, self.outputs);
        self.forget_choices(&mut found.outputs);
        found
    }

    /// Every output as the first images grow; nothing where nothing is built for it.
    pub fn growth(&self, images: Tensor<4>) -> Option<Growth> {
        if along(self.group, AxisKind::Scale).is_none() && !are_signals(&images) {
            return None;
        }
        let count = images.dims()[0].min(SWEPT);
        let images = images.narrow(0, 0, count);
        let factors = growing();
        let scalings = factors.iter().copied();
        let scalings: Vec<PlaneTransformation> =
            scalings.map(PlaneTransformation::scaling).collect();
        let round = RoundImages::new(images.clone());
        let mut outputs = measure(self.group, &scalings, images, self.outputs);
        self.forget_choices(&mut outputs);
        let alone = scalings
            .iter()
            .map(|scaling| round.there_and_back(*scaling));
        Some(Growth {
            examples: count,
            outputs,
            interpolation: alone.collect(),
            factors,
        })
    }

    /// Every output under rotations all around, of the first images alone. Signals don't turn.
    pub fn sweep(&self, images: Tensor<4>) -> Sweep {
        let count = images.dims()[0].min(SWEPT);
        let images = images.narrow(0, 0, count);
        let orientations = orientations(self.group);
        let step = 360.0 / orientations as f64;
        let degrees = match are_signals(&images) {
            true => vec![0.0],
            false => angles((0..orientations).map(|turn| turn as f64 * step)),
        };
        let transformations: Vec<PlaneTransformation> = degrees
            .iter()
            .copied()
            .map(PlaneTransformation::rotation)
            .collect();
        let round = RoundImages::new(images.clone());
        let mut outputs = measure(self.group, &transformations, images, self.outputs);
        self.forget_choices(&mut outputs);
        Sweep {
            examples: count,
            outputs,
            interpolation: Some(
                transformations
                    .iter()
                    .map(|transformation| round.there_and_back(*transformation))
                    .collect(),
            ),
            degrees,
        }
    }

    /// Numbers and labels are no choice between outputs, whichever is largest.
    fn forget_choices(&self, outputs: &mut [OutputErrors]) {
        if self.targets.is_some() {
            let outputs = outputs.iter_mut();
            outputs.for_each(|output| output.same_largest = None);
        }
    }

    /// What outputs say: probabilities of classes or labels, or numbers.
    fn said(&self, outputs: Tensor<2>) -> Tensor<2> {
        match self.targets {
            Some(targets) => targets.answers(outputs),
            None => softmax(outputs, 1),
        }
    }

    /// What is said of one image, `[1, channels, height, width]`, all around.
    pub fn answers(&self, image: Tensor<4>, example: usize, classes: &[String]) -> Answers {
        let degrees = match are_signals(&image) {
            true => vec![0.0],
            false => answer_angles(),
        };
        let round = RoundImages::new(image);
        let mut curves: Vec<Curve> = Vec::new();
        for angle in &degrees {
            let outputs = (self.outputs)(round.turned(PlaneTransformation::rotation(*angle)));
            let Some((_, Feature::Invariant(logits))) = outputs.last() else {
                continue;
            };
            let probabilities: Vec<f64> = self.said(logits.clone()).into_data().iter().collect();
            for (class, probability) in probabilities.into_iter().enumerate() {
                if curves.len() <= class {
                    curves.push(Curve {
                        name: classes.get(class).cloned().unwrap_or(class.to_string()),
                        values: Vec::with_capacity(degrees.len()),
                    });
                }
                curves[class].values.push(probability);
            }
        }
        let kind = self.targets.map(|targets| targets.kind);
        let what = match kind {
            None => "class probabilities",
            Some(TargetKind::Numbers) => "numbers",
            Some(TargetKind::Labels) => "probabilities of labels",
        };
        Answers {
            about: format!("{what} of image {example}"),
            are_shares: kind != Some(TargetKind::Numbers),
            example,
            degrees,
            curves,
        }
    }

    /// The image that the network is least sure of: whose largest class probability is smallest, or with a label that is nearest to
    /// ½. Of numbers it is the first one.
    pub fn least_sure(&self, images: Tensor<4>) -> usize {
        let mut sure: Vec<f32> = Vec::new();
        for portion in images.split(PORTION, 0) {
            if let Some((_, Feature::Invariant(logits))) = (self.outputs)(portion).last() {
                let said = self.said(logits.clone());
                let sureness = match self.targets.map(|targets| targets.kind) {
                    None => said.max_dim(1),
                    Some(TargetKind::Labels) => (said - 0.5).abs().min_dim(1),
                    Some(TargetKind::Numbers) => said.zeros_like().max_dim(1),
                };
                sure.extend(sureness.into_data().iter::<f32>().map(|most| -most));
            }
        }
        argmax(&sure)
    }

    /// The maps of a layer turning with one image, `[1, channels, height, width]`, and turned back.
    pub fn scene(
        &self,
        image: Tensor<4>,
        choice: &Choice,
        normalisation: &ChannelNormalisation,
    ) -> Result<Scene, ProgramError> {
        let round = RoundImages::new(image);
        let outputs = |transformation| (self.outputs)(round.turned(transformation));
        let upright = outputs(PlaneTransformation::rotation(0.0));
        let layer = choose(
            &upright,
            choice.layer.as_deref(),
            round.turned(PlaneTransformation::rotation(0.0)).dims()[2],
        )?;
        let reference = map_of(&upright[layer].1);
        let field = strongest_field(reference.clone());
        let one = |map: Tensor<5>| map.narrow(1, field, 1);
        let reference = one(reference);
        let mut strips = Strips {
            layer: upright[layer].0.clone(),
            field,
            degrees: SHOWN.to_vec(),
            // Of a map on the plane there is one, whatever the group.
            orientations: match reference.dims()[2] {
                1 => 1,
                _ => orientations(self.group),
            },
            ..Strips::default()
        };
        let strength = |map: &Tensor<5>| {
            map.clone()
                .clamp_min(0.0)
                .sum_dim(2)
                .max()
                .into_scalar::<f32>()
        };
        let scale = strength(&reference).max(f32::MIN_POSITIVE);
        for angle in SHOWN {
            let transformation = PlaneTransformation::rotation(angle);
            let image = round.turned(transformation);
            let turned = outputs(transformation);
            let map = one(map_of(&turned[layer].1));
            let back = transformation
                .inverse()
                .on_group(&self.oriented(&map), map.clone());
            strips.images.push(picture_of(image, normalisation));
            strips.maps.push(self.tile(map, scale));
            let (difference, error) = difference_of(back.clone(), reference.clone(), scale);
            strips.turned_back.push(self.tile(back, scale));
            strips.differences.push(difference);
            strips.errors.push(error);
        }
        for eighth in 0..=8 {
            let image = round.turned(PlaneTransformation::rotation(45.0 * f64::from(eighth)));
            strips.thumbnails.push(picture_of(image, normalisation));
        }
        Ok(Scene::Strips(strips))
    }

    /// The group that a map has its orientations from: none where it has one.
    fn oriented(&self, map: &Tensor<5>) -> Group {
        match map.dims()[2] {
            1 => Group::trivial(),
            _ => self.group.clone(),
        }
    }

    /// One field as colours: how strongly it responds, and in which direction.
    fn tile(&self, map: Tensor<5>, scale: f32) -> Tile {
        let [_, _, orientations, height, width] = map.dims();
        let values: Vec<f32> = map.into_data().iter::<f32>().collect();
        let pixels = height * width;
        let direction = |h: usize| {
            let [[cos, _], [sin, _]] = self.group.matrix(h);
            let size = f64::hypot(cos, sin);
            let [cos, sin] = [cos / size, sin / size];
            match orientations {
                1 => [0.0, 0.0],
                _ => [cos, sin],
            }
        };
        let directions: Vec<[f64; 2]> = (0..orientations).map(direction).collect();
        let inside = inside([height, width]);
        let rgb = (0..pixels).flat_map(|pixel| {
            let response = |h: usize| f64::from(values[h * pixels + pixel].max(0.0));
            // What all orientations share says nothing about the direction.
            let shared = (0..orientations)
                .map(response)
                .fold(f64::INFINITY, f64::min);
            let (mut sum, mut own, mut x, mut y) = (0.0, 0.0, 0.0, 0.0);
            for (h, [cos, sin]) in directions.iter().enumerate() {
                let value = response(h);
                sum += value;
                own += value - shared;
                x += value * cos;
                y += value * sin;
            }
            let coherence = (x.hypot(y) / own.max(1e-12)) * (own / sum.max(1e-12)).sqrt();
            match inside[pixel] {
                true => response_colour(sum / f64::from(scale), coherence, y.atan2(x)),
                false => BEYOND,
            }
        });
        Tile {
            width,
            height,
            rgb: rgb.collect(),
        }
    }
}

/// A feature as a map with orientations, one of them where it has none.
fn map_of(feature: &Feature) -> Tensor<5> {
    match feature {
        Feature::Group(map) => map.clone(),
        Feature::Plane(map) => map.clone().unsqueeze_dim(2),
        Feature::Invariant(values) => {
            let [batch, width] = values.dims();
            values.clone().reshape([batch, width, 1, 1, 1])
        }
    }
}

/// Which pixels are in the disc, where every rotation knows them.
fn inside([height, width]: [usize; 2]) -> Vec<bool> {
    let radius = height.min(width) as f64 / 2.0;
    let squared =
        |place: usize, extent: usize| (place as f64 - (extent as f64 - 1.0) / 2.0).powi(2);
    (0..height * width)
        .map(|pixel| {
            squared(pixel / width, height) + squared(pixel % width, width) <= radius * radius
        })
        .collect()
}

/// The index of the layer that is asked for, or of the deepest whose maps are at least half as large as the image.
fn choose(
    outputs: &[(String, Feature)],
    asked: Option<&str>,
    image: usize,
) -> Result<usize, ProgramError> {
    let maps: Vec<(usize, &str, usize)> = outputs
        .iter()
        .enumerate()
        .filter(|(_, (_, feature))| !matches!(feature, Feature::Invariant(_)))
        .map(|(index, (name, feature))| (index, name.as_str(), map_of(feature).dims()[3]))
        .collect();
    let Some(asked) = asked else {
        let large = maps.iter().rev().find(|(_, _, height)| 2 * height >= image);
        return Ok(large.or(maps.first()).map_or(0, |(index, ..)| *index));
    };
    // `3` is short for `layer 3`.
    let named = |name: &str| name == asked || name.strip_prefix("layer ") == Some(asked);
    match maps.iter().find(|(_, name, _)| named(name)) {
        Some((index, ..)) => Ok(*index),
        None => {
            let names: Vec<String> = maps
                .iter()
                .map(|(_, name, _)| format!("`{name}`"))
                .collect();
            Err(ProgramError::Refused(format!(
                "this network has no layer `{asked}` with a map to show; it has {}",
                names.join(", ")
            )))
        }
    }
}

/// The field that varies most over the orientations, or over the plane where there is one orientation.
fn strongest_field(map: Tensor<5>) -> usize {
    let [_, fields, orientations, height, width] = map.dims();
    let map = map.clamp_min(0.0);
    let spread = match orientations {
        1 => {
            let flat = map.reshape([fields, height * width]);
            (flat.clone() - flat.mean_dim(1)).square().sum_dim(1)
        }
        _ => {
            let spread = (map.clone() - map.mean_dim(2)).square();
            spread
                .reshape([fields, orientations * height * width])
                .sum_dim(1)
        }
    };
    argmax(&spread.into_data().iter::<f32>().collect::<Vec<_>>())
}

/// How far a field is from another inside the disc, as a picture and as a number.
fn difference_of(found: Tensor<5>, expected: Tensor<5>, scale: f32) -> (Tile, f64) {
    let [_, _, _, height, width] = found.dims();
    let mask = disc_mask([height, width], rim([height, width]), &found.device());
    let mask = mask.reshape([1, 1, 1, height, width]);
    let squares = |map: Tensor<5>| (map * mask.clone()).square().sum_dim(2);
    let norm = |map: Tensor<5>| map.sum().into_data().iter::<f64>().sum::<f64>().sqrt();
    let (difference, size) = (squares(found - expected.clone()), norm(squares(expected)));
    let error = norm(difference.clone()) / size.max(f64::MIN_POSITIVE);
    let pixels = difference.sqrt().into_data();
    let rgb = pixels
        .iter::<f64>()
        .zip(inside([height, width]))
        .flat_map(|(pixel, inside)| match inside {
            true => difference_colour(pixel / f64::from(scale)),
            false => BEYOND,
        })
        .collect();
    (Tile { width, height, rgb }, error)
}

/// An image as it was before it was normalised.
fn picture_of(image: Tensor<4>, normalisation: &ChannelNormalisation) -> Tile {
    let [_, channels, height, width] = image.dims();
    let mut values: Vec<f32> = image.into_data().iter::<f32>().collect();
    let statistics = normalisation.mean.iter().zip(&normalisation.std);
    for (channel, (mean, std)) in values.chunks_mut(height * width).zip(statistics) {
        channel
            .iter_mut()
            .for_each(|value| *value = *value * std + mean);
    }
    Tile::of_values(&values, [channels, height, width])
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;

    #[test]
    fn a_map_on_the_plane_has_one_orientation() {
        let device = Device::flex();
        let group = Group::dihedral(4).expect("a group");
        // What stands for a network: the image itself, once on the plane and once for each element of the group.
        let outputs = |images: Tensor<4>| {
            let on_group = images.clone().unsqueeze_dim::<5>(2).repeat_dim(2, 8);
            vec![
                ("layer 1".to_string(), Feature::Group(on_group)),
                ("layer 2".to_string(), Feature::Plane(images)),
            ]
        };
        let probe = Probe {
            group: &group,
            outputs: &outputs,
            targets: None,
        };
        let image = Tensor::<1, Int>::arange(0..81, &device).float();
        let image = image.reshape([1, 1, 9, 9]) / 81.0;
        let normalisation = ChannelNormalisation {
            mean: vec![0.0],
            std: vec![1.0],
        };
        for (layer, expected) in [("1", 4), ("2", 1)] {
            let choice = Choice {
                examples: 1,
                example: None,
                layer: Some(layer.into()),
                picture: true,
            };
            let scene = probe.scene(image.clone(), &choice, &normalisation);
            let Ok(Scene::Strips(strips)) = scene else {
                panic!("maps of an image");
            };
            assert_eq!(strips.orientations, expected, "{layer}");
        }
    }
}
