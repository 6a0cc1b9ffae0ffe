//! A class for every pixel.

mod common;

use burn::module::AutodiffModule;
use burn::optim::{AdamConfig, GradientsParams};
use burn::prelude::*;
use burn::tensor::Distribution;
use burn::tensor::activation::log_softmax;
use gcnn_layers::{Group, UpsampleKind};
use gcnn_models::weights::parameters_of;
use gcnn_models::{GroupUnet, GroupUnetConfig, ModelError};
use rstest::rstest;

use common::reseeded;

fn small(group: &str) -> GroupUnetConfig {
    GroupUnetConfig {
        group: group.parse().unwrap(),
        channels: vec![3, 4, 5],
        ..GroupUnetConfig::default()
    }
}

fn network(config: &GroupUnetConfig, device: &Device) -> GroupUnet {
    reseeded(config.init(2, 3, device).unwrap(), 5)
}

fn noise(dims: [usize; 4], device: &Device) -> Tensor<4> {
    device.seed(9);
    Tensor::random(dims, Distribution::Uniform(-1.0, 1.0), device)
}

fn largest(map: Tensor<4>) -> f64 {
    map.abs().max().into_scalar()
}

/// By 90°, on images of any height and width.
fn turned(images: Tensor<4>) -> Tensor<4> {
    images.swap_dims(2, 3).flip([2])
}

#[rstest]
fn classes_turn_and_reflect_with_images_of_every_size(
    #[values("C4", "D4", "C8")] group: &str,
    #[values([32, 32], [33, 47], [30, 20], [1, 9])] size: [usize; 2],
    #[values(UpsampleKind::Nearest, UpsampleKind::Bilinear)] upsampling: UpsampleKind,
) {
    let device = Device::flex();
    let config = GroupUnetConfig {
        upsampling,
        ..small(group)
    };
    let network = network(&config, &device);
    let images = noise([2, 2, size[0], size[1]], &device);
    let scores = network.forward(images.clone());
    assert_eq!(scores.dims(), [2, 3, size[0], size[1]]);
    let scale = largest(scores.clone());
    let error = largest(network.forward(turned(images.clone())) - turned(scores.clone()));
    assert!(error < 1e-5 * scale, "turned: {error} of {scale}");
    let mirrored = largest(network.forward(images.flip([3])) - scores.flip([3]));
    assert_eq!(
        mirrored < 1e-5 * scale,
        group == "D4",
        "{mirrored} of {scale}"
    );
}

/// The plain network of the same make does not turn.
#[test]
fn without_a_group_classes_do_not_turn() {
    let device = Device::flex();
    let network = network(&small("trivial"), &device);
    let images = noise([1, 2, 16, 16], &device);
    let scores = network.forward(images.clone());
    let error = largest(network.forward(turned(images)) - turned(scores.clone()));
    assert!(error > 0.1 * largest(scores), "{error}");
}

/// A window has the scores of the whole image, but for its margin.
#[rstest]
#[case("C4", UpsampleKind::Bilinear)]
#[case("trivial", UpsampleKind::Nearest)]
fn windows_agree_with_the_whole_image(#[case] group: &str, #[case] upsampling: UpsampleKind) {
    let device = Device::flex();
    let config = GroupUnetConfig {
        upsampling,
        channels: vec![3, 4],
        ..small(group)
    };
    let network = network(&config, &device);
    let (stride, margin) = (network.stride(), network.margin());
    assert_eq!((stride, margin % stride), (2, 0));
    let [height, width] = [2 * margin + 12, 2 * margin + 8];
    let images = noise([1, 2, height + 6, width + 10], &device);
    let whole = network.forward(images.clone());
    let window = images.narrow(2, 4, height).narrow(3, 8, width);
    let inside = |map: Tensor<4>, [y, x]: [usize; 2]| map.narrow(2, y, 12).narrow(3, x, 8);
    let found = inside(network.forward(window), [margin; 2]);
    let expected = inside(whole.clone(), [margin + 4, margin + 8]);
    assert!(largest(found - expected) < 1e-5 * largest(whole));
}

#[rstest]
fn parameters_are_what_the_configuration_says(#[values("trivial", "C4", "D4")] group: &str) {
    let device = Device::flex();
    let config = small(group);
    let network = network(&config, &device);
    let told = config.parameters(2, 3).unwrap();
    assert_eq!(parameters_of(&network), told);
    assert_eq!(network.num_params(), config.num_params(2, 3).unwrap());
    assert_eq!((network.channels(), network.classes()), (2, 3));
}

#[test]
fn counts_out_of_bounds_are_refused() {
    let refused = |config: GroupUnetConfig| config.init(1, 2, &Device::flex()).err();
    let cases = [
        (
            GroupUnetConfig {
                channels: vec![],
                ..small("C4")
            },
            "`channels` has 0 entries",
        ),
        (
            GroupUnetConfig {
                channels: vec![2; 11],
                ..small("C4")
            },
            "`channels` has 11 entries",
        ),
        (
            GroupUnetConfig {
                channels: vec![2, 0],
                ..small("C4")
            },
            "`channels` holds 0",
        ),
        (
            GroupUnetConfig {
                units: 0,
                ..small("C4")
            },
            "`units` is 0",
        ),
        (
            GroupUnetConfig {
                kernel_size: 99,
                ..small("C4")
            },
            "`kernel_size` is 99",
        ),
        (
            GroupUnetConfig {
                channels: vec![60_000; 3],
                ..small("D4")
            },
            "numbers",
        ),
    ];
    for (config, part) in cases {
        let error: ModelError = refused(config).expect(part);
        assert!(error.to_string().contains(part), "{error}");
    }
    assert!(small("C4").init(0, 2, &Device::flex()).is_err());
    assert!(small("C4").init(1, 0, &Device::flex()).is_err());
    let even = GroupUnetConfig {
        kernel_size: 4,
        ..small("C4")
    };
    assert!(refused(even).is_some());
}

/// Bright discs on a dark ground, with noise.
fn discs(device: &Device) -> (Tensor<4>, Tensor<4, Int>) {
    let (side, count) = (24, 4);
    let inside = |n: usize, y: usize, x: usize| {
        let centre = [6 + 3 * n, 15 - 2 * n];
        let square = |a: usize, b: usize| a.abs_diff(b).pow(2);
        square(y, centre[0]) + square(x, centre[1]) < 20
    };
    let classes: Vec<i64> = (0..count * side * side)
        .map(|i| i64::from(inside(i / (side * side), i / side % side, i % side)))
        .collect();
    let classes =
        Tensor::<4, Int>::from_data(TensorData::new(classes, [count, 1, side, side]), device);
    let images = classes.clone().float()
        + noise([count, 1, side, side], &device.clone().inner()).to_device(device) * 0.8;
    (images, classes)
}

#[test]
fn discs_are_learnt_and_every_parameter_has_a_gradient() {
    let device = Device::flex().autodiff();
    let config = small("C4");
    let mut network = reseeded(config.init(1, 2, &device).unwrap(), 5);
    let (images, classes) = discs(&device);
    let mut optimizer = AdamConfig::new().init();
    let mut losses = Vec::new();
    for step in 0..40 {
        let scores = log_softmax(network.forward(images.clone()), 1);
        let loss = scores.gather(1, classes.clone()).mean().neg();
        losses.push(loss.clone().into_scalar::<f64>());
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        if step == 0 {
            let running = 2 * config
                .parameters(1, 2)
                .unwrap()
                .iter()
                .filter(|(name, _)| name.contains("running_mean"))
                .count();
            assert_eq!(
                gradients.len() + running,
                config.parameters(1, 2).unwrap().iter().count()
            );
        }
        network = optimizer.step(0.02, network, gradients);
    }
    assert!(losses[39] < 0.05 && losses[0] > 0.3, "{losses:?}");
    // What was learnt holds for the turned image.
    let network = network.valid();
    let images = images.inner();
    let scores = network.forward(images.clone());
    let error = largest(network.forward(turned(images)) - turned(scores.clone()));
    assert!(error < 1e-5 * largest(scores));
}

/// 45° are not exact: pixels and zeros beyond the border are not round.
#[test]
fn eight_rotations_are_close_between_pixels() {
    let device = Device::flex();
    let group: Group = "C8".parse().unwrap();
    let config = GroupUnetConfig {
        kernel: toml::from_str("basis = \"hermite\"").unwrap(),
        kernel_size: 5,
        ..small("C8")
    };
    let network = network(&config, &device);
    let blob = |i: usize| {
        let (y, x) = ((i / 41) as f64 - 23.0, (i % 41) as f64 - 18.0);
        (-(y * y / 50.0 + x * x / 20.0)).exp() as f32
    };
    let values: Vec<f32> = (0..2).flat_map(|_| (0..41 * 41).map(blob)).collect();
    let images = Tensor::<4>::from_data(TensorData::new(values, [1, 2, 41, 41]), &device);
    let report =
        gcnn_layers::equivariance::measure(&group, images, |x: Tensor<4>| network.forward(x));
    println!("{report}");
    assert!(report.max_exact_error() < 1e-5, "{report}");
    assert!(report.max_error() < 0.1, "{report}");
}
