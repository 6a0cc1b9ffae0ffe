use burn::module::Param;

use super::*;
use crate::testing::noise;
use crate::{GlobalPool2dConfig, GroupConv2dConfig, LiftingConv2dConfig, ProjectionConfig};

/// Lifting, a group convolution, and scores that forget where and how things stand.
fn network(group: &Group, device: &Device) -> impl Fn(Tensor<4>) -> Vec<(String, Feature)> + use<> {
    let mut lift = LiftingConv2dConfig::new(group.clone(), [2, 4], 3).init(device);
    let mut conv = GroupConv2dConfig::new(group.clone(), [4, 5], 3).init(device);
    // The same weights in every run: the device's own seed is shared by all tests.
    lift.weight = Param::from_tensor(noise(lift.weight.dims(), 11, device));
    conv.weight = Param::from_tensor(noise(conv.weight.dims(), 12, device));
    let (project, pool) = (
        ProjectionConfig::new().init(),
        GlobalPool2dConfig::new().init(),
    );
    move |images| {
        let first = lift.forward(images);
        let second = conv.forward(first.clone().tanh());
        let plane = project.forward(second.clone());
        let scores = pool.forward(plane.clone());
        vec![
            ("first".into(), Feature::Group(first)),
            ("second".into(), Feature::Group(second)),
            ("plane".into(), Feature::Plane(plane)),
            ("scores".into(), Feature::Invariant(scores)),
        ]
    }
}

#[test]
fn a_network_commutes_with_its_group_and_with_nothing_else() {
    let device = Device::flex();
    let group = Group::cyclic(4).unwrap();
    // More images than one portion, and not a multiple of it.
    let images = noise([19, 2, 9, 9], 3, &device);
    let turns = [0.0, 90.0, 180.0, 270.0].map(PlaneTransformation::rotation);
    let transformations = [turns, turns.map(|turn| turn.after_mirror())].concat();
    let found = survey(&group, &transformations, images, network(&group, &device));
    let names: Vec<&str> = found.iter().map(|output| output.name.as_str()).collect();
    assert_eq!(names, ["first", "second", "plane", "scores"]);
    assert_eq!(found[1].shape, [5, 4, 5, 5]);
    for output in &found {
        let (own, others) = output.errors.split_at(4);
        assert!(own.iter().all(|error| *error < 1e-5), "{output:?}");
        assert!(others.iter().all(|error| *error > 1e-2), "{output:?}");
    }
    let same = found[3].same_largest.as_ref().unwrap();
    assert_eq!(same[..4], [1.0; 4]);
    assert!(same[4..].iter().any(|share| *share < 1.0), "{same:?}");
    assert!(found[0].same_largest.is_none());
}

#[test]
fn an_ordinary_network_is_found_out() {
    let device = Device::flex();
    let group = Group::trivial();
    let images = noise([4, 2, 9, 9], 4, &device);
    let turns = [90.0, 180.0, 45.0].map(PlaneTransformation::rotation);
    for output in survey(&group, &turns, images, network(&group, &device)) {
        assert!(
            output.errors.iter().all(|error| *error > 5e-2),
            "{output:?}"
        );
    }
}

/// A smooth blob that vanishes well inside the disc, as large as the image has pixels.
fn ellipse(size: usize, device: &Device) -> Tensor<4> {
    let (centre, unit) = ((size as f64 - 1.0) / 2.0, size as f64 / 40.0);
    let values: Vec<f32> = (0..size * size)
        .map(|pixel| {
            let x = ((pixel % size) as f64 - centre) / unit - 1.5;
            let y = (centre - (pixel / size) as f64) / unit + 1.0;
            (-(x * x / 16.0 + y * y / 9.0)).exp() as f32
        })
        .collect();
    Tensor::from_data(TensorData::new(values, [1, 1, size, size]), device)
}

/// Functions of the point alone commute with every rotation, but for what interpolation adds: an eighth where pixels are
/// half as wide, for cubic interpolation.
#[test]
fn between_pixels_only_interpolation_is_left() {
    let device = Device::flex();
    let group = Group::trivial();
    let turns = [10.0, 45.0, 200.0].map(PlaneTransformation::rotation);
    for (size, bound) in [(40, 5e-3), (80, 1e-3)] {
        let images = ellipse(size, &device) + 0.7;
        let found = survey(&group, &turns, images.clone(), |images| {
            vec![("point".into(), Feature::Plane(images.tanh()))]
        });
        assert!(
            found[0].errors.iter().all(|error| *error < bound),
            "{found:?}"
        );
        let round = RoundImages::new(images);
        for turn in turns {
            let error = round.there_and_back(turn);
            assert!(error > 1e-6 && error < bound, "{turn}: {error}");
        }
    }
}

/// Maps of any size have a middle that is compared: that of two by two pixels lies between them.
#[test]
fn small_maps_are_compared_too() {
    let device = Device::flex();
    let group = Group::trivial();
    let images = noise([2, 1, 8, 8], 6, &device);
    for size in 1..6 {
        let found = survey(
            &group,
            &[PlaneTransformation::rotation(45.0)],
            images.clone(),
            |images| {
                let corner = images.narrow(2, 0, size).narrow(3, 0, size);
                vec![("corner".into(), Feature::Plane(corner))]
            },
        );
        assert!(found[0].errors[0] > 0.1, "{size}: {found:?}");
    }
}

#[test]
fn round_images_keep_their_middle_and_a_plain_background() {
    let device = Device::flex();
    let images = ellipse(40, &device) - 0.4;
    let round = RoundImages::new(images.clone()).turned(PlaneTransformation::rotation(0.0));
    let difference = (round - images.clone()).abs().max().into_scalar::<f32>();
    assert!(difference < 1e-3, "{difference}");
    // Noise has no plain background: its corners become one colour, its middle stays.
    let images = noise([1, 1, 24, 24], 2, &device);
    let round = RoundImages::new(images.clone()).turned(PlaneTransformation::rotation(0.0));
    let corner = |row, column| {
        let pixel = round
            .clone()
            .slice([0..1, 0..1, row..row + 1, column..column + 1]);
        pixel.into_scalar::<f32>()
    };
    assert_eq!(corner(0, 0), corner(23, 23));
    let middle = (round.clone() - images).slice([0..1, 0..1, 8..16, 8..16]);
    assert!(middle.abs().max().into_scalar::<f32>() < 1e-6);
}
