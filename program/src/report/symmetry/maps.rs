//! The maps of a layer, as an image turns or grows: what a picture shows of a network for images.

use burn::prelude::*;
use gcnn_datasets::ChannelNormalisation;
use gcnn_layers::Group;
use gcnn_layers::equivariance::{
    Feature, PlaneTransformation, RoundImages, disc_mask, rim, survey as measure,
};
use gcnn_layers::group::AxisKind;
use gcnn_models::argmax;

use super::images::{Probe, along, orientations};
use super::picture::{Scene, Strip, Strips};
use super::svg::{difference_colour, response_colour};
use super::{Choice, growing};
use crate::ProgramError;
use crate::report::bitmap::Tile;

/// The angles at which maps are shown: a quarter turn and beyond it.
const SHOWN: [f64; 8] = [0.0, 15.0, 30.0, 45.0, 60.0, 75.0, 90.0, 180.0];
/// The colour of what lies beyond the disc: the paper's.
const BEYOND: [u8; 3] = [255; 3];

impl Probe<'_> {
    /// The maps of a layer as one image, `[1, channels, height, width]`, turns, or grows where the network is built for that.
    pub fn scene(
        &self,
        image: Tensor<4>,
        choice: &Choice,
        normalisation: &ChannelNormalisation,
    ) -> Result<Scene, ProgramError> {
        let round = RoundImages::new(image.clone());
        let upright = round.turned(PlaneTransformation::rotation(0.0));
        let outputs = (self.outputs)(upright.clone());
        let layer = choose(&outputs, choice.layer.as_deref(), upright.dims()[2])?;
        let reference = map_of(&outputs[layer].1);
        let field = strongest_field(reference.clone());
        let mut strips = match along(self.group, AxisKind::Scale) {
            Some(_) => self.growing(image, &round, layer, field, normalisation),
            None => self.turning(&round, layer, field, normalisation),
        };
        strips.layer = outputs[layer].0.clone();
        for eighth in 0..=8 {
            let image = round.turned(PlaneTransformation::rotation(45.0 * f64::from(eighth)));
            strips.thumbnails.push(picture_of(image, normalisation));
        }
        Ok(Scene::Strips(strips))
    }

    /// One field of a layer of the turned image.
    fn map_under(
        &self,
        round: &RoundImages,
        transformation: PlaneTransformation,
        layer: usize,
        field: usize,
    ) -> Tensor<5> {
        let outputs = (self.outputs)(round.turned(transformation));
        map_of(&outputs[layer].1).narrow(1, field, 1)
    }

    fn turning(
        &self,
        round: &RoundImages,
        layer: usize,
        field: usize,
        normalisation: &ChannelNormalisation,
    ) -> Strips {
        let upright = PlaneTransformation::rotation(0.0);
        let reference = self.map_under(round, upright, layer, field);
        // Of a map on the plane there is one, whatever the group.
        let orientations = match reference.dims()[2] {
            1 => 1,
            _ => orientations(self.group),
        };
        let explanation = match orientations {
            1 => format!("field {field}, lighter where it responds more"),
            n => format!(
                "field {field}: lighter where it responds more, the hue says in which of its {n} orientations"
            ),
        };
        let scale = strength(&reference);
        let (mut images, mut maps, mut back, mut differences) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut errors = Vec::new();
        for angle in SHOWN {
            let transformation = PlaneTransformation::rotation(angle);
            images.push(picture_of(round.turned(transformation), normalisation));
            let map = self.map_under(round, transformation, layer, field);
            let turned_back = transformation
                .inverse()
                .on_group(&self.oriented(&map), map.clone());
            maps.push(self.tile(map, scale));
            let (difference, error) = difference_of(turned_back.clone(), reference.clone(), scale);
            back.push(self.tile(turned_back, scale));
            differences.push(difference);
            errors.push(error);
        }
        let rows = [
            ("the image", "turned", images),
            ("the map", "of the turned image", maps),
            ("the map", "turned back", back),
            ("difference", "to the map at 0°", differences),
        ];
        Strips {
            change: "turning",
            explanation,
            columns: SHOWN.map(|degrees| format!("{degrees}°")).into(),
            rows: rows.into_iter().map(Strip::of).collect(),
            errors,
            ..Strips::default()
        }
    }

    /// A row of maps for each scale: what responds at one scale responds at the next as the image has grown by the step between
    /// the two.
    fn growing(
        &self,
        image: Tensor<4>,
        round: &RoundImages,
        layer: usize,
        field: usize,
        normalisation: &ChannelNormalisation,
    ) -> Strips {
        let factors = growing();
        let scalings = factors.iter().copied();
        let scalings: Vec<_> = scalings.map(PlaneTransformation::scaling).collect();
        let mut measured = measure(self.group, &scalings, image, self.outputs);
        let errors = match layer < measured.len() {
            true => measured.swap_remove(layer).errors,
            false => Vec::new(),
        };
        let maps: Vec<Tensor<5>> = scalings
            .iter()
            .map(|scaling| self.map_under(round, *scaling, layer, field))
            .collect();
        let largest = maps.iter().map(strength).fold(0.0, f32::max);
        let images = scalings
            .iter()
            .map(|scaling| picture_of(round.turned(*scaling), normalisation));
        let mut rows = vec![Strip::of(("the image", "growing", images.collect()))];
        // Of a map over C8xR3 the orientations of one scale lie side by side.
        let turns = orientations(self.group);
        let samples = maps.first().map_or(1, |map| map.dims()[2]);
        for scale in 0..samples.div_ceil(turns) {
            let tiles = maps.iter().map(|map| {
                let first = scale * turns;
                let own = map.clone().narrow(2, first, turns.min(samples - first));
                self.tile(own, largest)
            });
            let name = match samples {
                1 => "the map".to_string(),
                _ => format!("scale {}", scale + 1),
            };
            rows.push(Strip {
                name,
                detail: "of the map".into(),
                tiles: tiles.collect(),
            });
        }
        Strips {
            change: "growing",
            explanation: format!("field {field}, lighter where it responds more"),
            columns: factors
                .iter()
                .map(|factor| format!("× {factor:.2}"))
                .collect(),
            rows,
            errors,
            ..Strips::default()
        }
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

/// The strongest response of a map, over all of its group.
fn strength(map: &Tensor<5>) -> f32 {
    let sum = map.clone().clamp_min(0.0).sum_dim(2).max();
    sum.into_scalar::<f32>().max(f32::MIN_POSITIVE)
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
            let hues = strips
                .explanation
                .contains(&format!("{expected} orientations"));
            assert_eq!(hues, expected > 1, "{layer}: {}", strips.explanation);
        }
    }
}
