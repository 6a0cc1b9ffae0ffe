//! Networks as they are used: built from a configuration, on images, saved and read back.

mod common;

use burn::prelude::*;
use burn::store::ModuleRecord;
use burn::tensor::Tolerance;
use gcnn_layers::equivariance::{Feature, PlaneTransformation, measure, survey};
use gcnn_layers::{DropoutUnit, GlobalPoolKind, Group, ProjectionKind, group_action, plane_action};
use gcnn_models::{AttentionConfig, Gcnn, GcnnConfig, Head, InputShape, ModelError, Normalisation};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use rstest::rstest;

use common::reseeded;

const DIGITS: InputShape = InputShape {
    channels: 1,
    height: 28,
    width: 28,
};

fn network(config: &GcnnConfig, input: InputShape, classes: usize, device: &Device) -> Gcnn {
    let network = config.init(input, classes, device).unwrap();
    reseeded(network, 7)
}

fn noise(dims: [usize; 4], seed: u64, device: &Device) -> Tensor<4> {
    let mut random = StdRng::seed_from_u64(seed);
    let values: Vec<f32> = (0..dims.iter().product())
        .map(|_| random.random_range(-1.0..1.0))
        .collect();
    Tensor::from_data(TensorData::new(values, dims), device)
}

/// Two Gaussian blobs per image that vanish towards the border.
fn blobs(dims: [usize; 4], deviation: f64, device: &Device) -> Tensor<4> {
    let [batch, channels, height, width] = dims;
    let mut random = StdRng::seed_from_u64(3);
    let mut values = Vec::new();
    for _ in 0..batch * channels {
        let centres: Vec<[f64; 2]> = (0..2)
            .map(|_| [(); 2].map(|()| random.random_range(-4.0..4.0)))
            .collect();
        for pixel in 0..height * width {
            let x = (pixel % width) as f64 - (width as f64 - 1.0) / 2.0;
            let y = (height as f64 - 1.0) / 2.0 - (pixel / width) as f64;
            let value: f64 = centres
                .iter()
                .map(|[cx, cy]| {
                    let squared = (x - cx).powi(2) + (y - cy).powi(2);
                    (-squared / (2.0 * deviation * deviation)).exp()
                })
                .sum();
            values.push(value as f32);
        }
    }
    Tensor::from_data(TensorData::new(values, dims), device)
}

fn d4cnn() -> GcnnConfig {
    GcnnConfig {
        group: Group::dihedral(4).unwrap(),
        channels: vec![7; 6],
        ..GcnnConfig::p4cnn()
    }
}

fn rotations(n: usize, channels: usize) -> GcnnConfig {
    GcnnConfig {
        group: Group::cyclic(n).unwrap(),
        channels: vec![channels; 4],
        kernel_sizes: vec![5, 5, 5, 5, 1],
        pool_after: vec![2],
        ..GcnnConfig::p4cnn()
    }
}

/// With attention before every convolution.
fn attentive(config: GcnnConfig) -> GcnnConfig {
    GcnnConfig {
        attention: Some(AttentionConfig {
            image_dilation: Some(4),
            ..AttentionConfig::default()
        }),
        ..config
    }
}

#[rstest]
#[case::z2cnn(GcnnConfig::z2cnn(), 21_750)]
#[case::p4cnn(GcnnConfig::p4cnn(), 24_680)]
#[case::attentive_p4cnn(attentive(GcnnConfig { bias: false, ..GcnnConfig::p4cnn() }), 29_462)]
fn parameter_counts_are_the_published_ones(#[case] config: GcnnConfig, #[case] count: usize) {
    let network = config.init(DIGITS, 10, &Device::flex()).unwrap();
    assert_eq!(network.num_params(), count);
    assert_eq!(
        network
            .forward(noise([3, 1, 28, 28], 0, &Device::flex()))
            .dims(),
        [3, 10]
    );
}

#[rstest]
#[case::without_bias(GcnnConfig { bias: false, ..GcnnConfig::p4cnn() }, 24_680 - 70)]
#[case::without_normalisation(
    GcnnConfig { normalisation: Normalisation::None, ..GcnnConfig::p4cnn() }, 24_680 - 120
)]
fn what_the_published_count_consists_of(#[case] config: GcnnConfig, #[case] count: usize) {
    let network = config.init(DIGITS, 10, &Device::flex()).unwrap();
    assert_eq!(network.num_params(), count);
}

#[rstest]
#[case::c4(GcnnConfig::p4cnn())]
#[case::d4(d4cnn())]
#[case::c2(GcnnConfig { group: Group::cyclic(2).unwrap(), ..GcnnConfig::p4cnn() })]
#[case::mean(GcnnConfig { projection: ProjectionKind::Mean, ..GcnnConfig::p4cnn() })]
#[case::linear(GcnnConfig {
    head: Head::Linear, kernel_sizes: vec![3; 6], global_pool: GlobalPoolKind::Max, ..GcnnConfig::p4cnn()
})]
#[case::centre(GcnnConfig {
    head: Head::Linear, kernel_sizes: vec![3; 6], global_pool: GlobalPoolKind::Centre, ..GcnnConfig::p4cnn()
})]
#[case::unnormalised(GcnnConfig { normalisation: Normalisation::None, ..GcnnConfig::p4cnn() })]
#[case::eight_rotations(rotations(8, 4))]
#[case::sixteen_rotations(rotations(16, 2))]
#[case::attentive(attentive(GcnnConfig::p4cnn()))]
#[case::attentive_to_reflections(attentive(d4cnn()))]
#[case::attentive_to_eight_rotations(attentive(rotations(8, 3)))]
fn logits_are_invariant_under_the_elements_that_permute_pixels(#[case] config: GcnnConfig) {
    let device = Device::flex();
    let network = network(&config, DIGITS, 10, &device);
    let report = measure(
        &config.group,
        noise([2, 1, 28, 28], 1, &device),
        |images: Tensor<4>| network.forward(images),
    );
    assert!(report.max_exact_error() < 1e-5, "{report}");
    assert!(
        report
            .elements
            .iter()
            .filter(|element| element.exact)
            .count()
            > 1
    );
}

#[test]
fn every_layer_is_equivariant_and_the_report_names_it() {
    let device = Device::flex();
    let network = network(&d4cnn(), DIGITS, 10, &device);
    let images = noise([1, 1, 28, 28], 2, &device);
    let group = network.group();
    let transformations: Vec<PlaneTransformation> = group
        .elements()
        .map(|element| PlaneTransformation::of(group, element))
        .collect();
    let outputs = survey(group, &transformations, images.clone(), |images| {
        network.outputs(images)
    });
    let names: Vec<&str> = outputs.iter().map(|output| output.name.as_str()).collect();
    let layers = [
        "layer 1", "layer 2", "layer 3", "layer 4", "layer 5", "layer 6", "layer 7",
    ];
    assert_eq!(names[..7], layers);
    assert_eq!(names[7..], ["logits"]);
    for output in &outputs {
        assert!(
            output.errors.iter().all(|error| *error < 1e-5),
            "{output:?}"
        );
    }
    // The last output is what the network says.
    let Some((_, Feature::Invariant(logits))) = network.outputs(images.clone()).pop() else {
        panic!("the logits come last");
    };
    let (found, expected) = (logits.into_data(), network.forward(images).into_data());
    found.assert_approx_eq::<f32>(&expected, Tolerance::absolute(1e-5));
}

/// Without rotations nothing makes the logits invariant: what the other tests measure is not there by itself.
#[test]
fn an_ordinary_network_is_not_invariant() {
    let device = Device::flex();
    let network = network(&GcnnConfig::z2cnn(), DIGITS, 10, &device);
    let turns = Group::cyclic(4).unwrap();
    let report = measure(
        &turns,
        noise([2, 1, 28, 28], 1, &device),
        |images: Tensor<4>| network.forward(images),
    );
    assert!(report.max_error() > 1e-2, "{report}");
}

/// Between the pixels a rotation is interpolated, by the kernels too, and max-pooling feels where the grid lies: the
/// bound is what such a network keeps on smooth images, far below an ordinary network's error.
#[test]
fn rotations_by_45_degrees_nearly_keep_the_logits_of_smooth_images() {
    let device = Device::flex();
    let config = rotations(8, 4);
    let images = blobs([4, 1, 28, 28], 2.5, &device);
    let invariant = network(&config, DIGITS, 10, &device);
    let report = measure(&config.group, images.clone(), |images: Tensor<4>| {
        invariant.forward(images)
    });
    assert!(report.max_exact_error() < 1e-5, "{report}");
    assert!(report.max_error() < 0.1, "{report}");
    let ordinary = GcnnConfig {
        group: Group::trivial(),
        channels: vec![11; 4],
        ..config.clone()
    };
    let ordinary = network(&ordinary, DIGITS, 10, &device);
    let other = measure(&config.group, images, |images: Tensor<4>| {
        ordinary.forward(images)
    });
    assert!(
        report.max_error() < 0.5 * other.max_error(),
        "{report}\n{other}"
    );
}

#[test]
fn a_record_gives_the_same_outputs() {
    let device = Device::flex();
    let original = network(&GcnnConfig::p4cnn(), DIGITS, 10, &device);
    let images = noise([2, 1, 28, 28], 4, &device);
    let expected = original.forward(images.clone()).into_data();
    let bytes = original.into_record().into_bytes().unwrap();
    let fresh = GcnnConfig::p4cnn().init(DIGITS, 10, &device).unwrap();
    assert_ne!(fresh.forward(images.clone()).into_data(), expected);
    let loaded = fresh.load_record(ModuleRecord::from_bytes(bytes).unwrap());
    loaded
        .forward(images)
        .into_data()
        .assert_eq(&expected, true);
}

/// Running statistics of the last batch are in the record too.
#[test]
fn a_record_made_after_a_training_step_is_complete() {
    let device = Device::flex().autodiff();
    let network = network(&GcnnConfig::p4cnn(), DIGITS, 10, &device);
    network.forward(noise([4, 1, 28, 28], 5, &device));
    let images = noise([2, 1, 28, 28], 4, &Device::flex());
    let expected = network.valid().forward(images.clone()).into_data();
    let bytes = network.into_record().into_bytes().unwrap();
    let fresh = GcnnConfig::p4cnn()
        .init(DIGITS, 10, &Device::flex())
        .unwrap();
    let loaded = fresh.load_record(ModuleRecord::from_bytes(bytes).unwrap());
    loaded
        .forward(images)
        .into_data()
        .assert_eq(&expected, true);
}

#[rstest]
#[case::p4cnn(GcnnConfig::p4cnn())]
#[case::field_dropout(GcnnConfig { dropout_unit: DropoutUnit::Field, ..GcnnConfig::p4cnn() })]
#[case::linear(GcnnConfig { head: Head::Linear, kernel_sizes: vec![3; 6], ..GcnnConfig::p4cnn() })]
#[case::unnormalised(GcnnConfig { normalisation: Normalisation::None, ..GcnnConfig::p4cnn() })]
#[case::eight_rotations(rotations(8, 3))]
// Of few hidden fields ReLU may leave none.
#[case::attentive(attentive(rotations(4, 12)))]
fn every_parameter_gets_a_gradient(#[case] config: GcnnConfig) {
    let device = Device::flex().autodiff();
    let network = network(&config, DIGITS, 10, &device);
    let logits = network.forward(noise([8, 1, 28, 28], 6, &device));
    let weights = noise([8, 10, 1, 1], 7, &device).reshape([8, 10]);
    let gradients = (logits * weights).sum().backward();

    struct Check<'a>(&'a burn::tensor::Gradients, usize);
    impl burn::module::ModuleVisitor for Check<'_> {
        fn visit_float<const D: usize>(&mut self, parameter: &burn::module::Param<Tensor<D>>) {
            if !parameter.is_require_grad() {
                return;
            }
            let gradient = parameter.val().grad(self.0).expect("a gradient");
            let largest: f32 = gradient.abs().max().into_scalar();
            assert!(largest.is_finite() && largest > 0.0, "{D}: {largest}");
            self.1 += parameter.lazy_shape().num_elements();
        }
    }
    let mut check = Check(&gradients, 0);
    network.visit(&mut check);
    assert_eq!(check.1, network.num_params());
}

/// A P4CNN with attention.
fn looking(ratio: usize, kernel_size: usize, image_dilation: Option<usize>) -> GcnnConfig {
    GcnnConfig {
        attention: Some(AttentionConfig {
            ratio,
            kernel_size,
            image_dilation,
        }),
        ..GcnnConfig::p4cnn()
    }
}

#[test]
fn attention_turns_with_the_images() {
    let device = Device::flex();
    let group = Group::dihedral(4).unwrap();
    let network = network(&attentive(d4cnn()), DIGITS, 10, &device);
    let images = noise([2, 1, 28, 28], 1, &device);
    let attention = network.attention(images.clone());
    let names: Vec<&str> = attention.iter().map(|layer| layer.name.as_str()).collect();
    assert_eq!(names[0], "layer 2");
    assert_eq!((names.len(), names[5]), (6, "layer 7"));
    assert_eq!(attention[0].channels.dims(), [2, 7, 8, 1, 1]);
    assert_eq!(attention[0].places.dims(), [2, 1, 8, 26, 26]);
    for element in group.elements() {
        let turned = network.attention(plane_action(&group, element, images.clone()));
        for (turned, layer) in turned.iter().zip(&attention) {
            for (found, expected) in [
                (&turned.channels, &layer.channels),
                (&turned.places, &layer.places),
            ] {
                let expected = group_action(&group, element, expected.clone());
                let difference = (found.clone() - expected).abs().max();
                assert!(difference.into_scalar::<f32>() < 1e-5);
            }
        }
    }
    let without = GcnnConfig::p4cnn().init(DIGITS, 10, &device).unwrap();
    assert!(without.attention(images).is_empty());
}

#[test]
fn attention_is_a_table_of_a_run_file() {
    let read = |text: &str| serde_json::from_str::<GcnnConfig>(text);
    let config = read(r#"{"attention": {}}"#).unwrap();
    assert_eq!(config, looking(2, 7, None));
    let config = read(r#"{"attention": {"ratio": 5, "image_dilation": 4}}"#).unwrap();
    assert_eq!(config, looking(5, 7, Some(4)));
    let written = serde_json::to_string(&config).unwrap();
    assert_eq!(read(&written).unwrap(), config);
    let none = serde_json::to_string(&GcnnConfig::p4cnn()).unwrap();
    assert!(!none.contains("attention"), "{none}");
    assert!(read(r#"{"attention": {"kernel": 3}}"#).is_err());
}

/// The same device state gives the same weights, whatever is done in between.
#[test]
fn weights_depend_on_the_seed_alone() {
    // No other test of this file looks at values drawn from the device, so none is disturbed by these seeds; the loop
    // repeats if another thread drew in between.
    let device = Device::flex();
    let weights = || {
        device.seed(11);
        let network = GcnnConfig::p4cnn().init(DIGITS, 10, &device).unwrap();
        network
            .forward(Tensor::ones([1, 1, 28, 28], &device))
            .into_data()
    };
    let repeats = (0..20).any(|_| weights() == weights());
    assert!(repeats);
}

#[test]
fn training_and_evaluation_differ_by_dropout_and_statistics_alone() {
    let config = GcnnConfig {
        dropout: 0.0,
        normalisation: Normalisation::None,
        ..GcnnConfig::p4cnn()
    };
    let device = Device::flex();
    let network = network(&config, DIGITS, 10, &device);
    let images = noise([2, 1, 28, 28], 8, &device);
    let evaluated = network.forward(images.clone()).into_data();
    let trained = network.train().forward(images.autodiff()).into_data();
    trained.assert_approx_eq::<f32>(&evaluated, Tolerance::rel_abs(1e-5, 1e-6));
}

#[test]
fn map_sizes_of_p4cnn() {
    let sizes = GcnnConfig::p4cnn().map_sizes(DIGITS).unwrap();
    assert_eq!(sizes, [26, 12, 10, 8, 6, 4, 1].map(|n| [n, n]));
}

#[test]
fn images_too_small_are_refused_with_a_size_that_works() {
    let input = InputShape {
        height: 20,
        width: 20,
        ..DIGITS
    };
    let error = GcnnConfig::p4cnn().validate(input).unwrap_err();
    let ModelError::ImageTooSmall {
        layer: 6,
        larger: Some(larger),
        ..
    } = error
    else {
        panic!("{error:?}");
    };
    assert!(
        error.to_string().contains("20×20 images are too small"),
        "{error}"
    );
    let input = InputShape {
        height: larger,
        width: larger,
        ..DIGITS
    };
    GcnnConfig::p4cnn().validate(input).unwrap();
}

#[test]
fn inexact_pooling_is_refused_with_sizes_that_work() {
    let input = InputShape {
        height: 29,
        width: 29,
        ..DIGITS
    };
    let error = GcnnConfig::p4cnn().validate(input).unwrap_err();
    let ModelError::InexactPooling {
        layer: 2, nearby, ..
    } = &error
    else {
        panic!("{error:?}");
    };
    assert_eq!(nearby, &[28, 30]);
    assert!(
        error.to_string().contains("images of 28×28 or 30×30 work"),
        "{error}"
    );
    // Without rotations there is nothing to break.
    GcnnConfig::z2cnn().validate(input).unwrap();
}

#[rstest]
#[case(GcnnConfig { channels: vec![], ..GcnnConfig::p4cnn() }, "`channels` has 0 entries, expected 1 to 1000")]
#[case(GcnnConfig { channels: vec![10, 0, 10, 10, 10, 10], ..GcnnConfig::p4cnn() }, "`channels` holds 0, expected 1 to 65536")]
#[case(GcnnConfig { channels: vec![10; 5], ..GcnnConfig::p4cnn() }, "6 kernel sizes are needed")]
#[case(GcnnConfig { head: Head::Linear, ..GcnnConfig::p4cnn() }, "6 kernel sizes are needed")]
#[case(GcnnConfig { kernel_sizes: vec![3, 3, 0, 3, 3, 3, 4], ..GcnnConfig::p4cnn() }, "`kernel_sizes` holds 0, expected 1 to 33")]
#[case(GcnnConfig { pool_after: vec![7], ..GcnnConfig::p4cnn() }, "layers 1 to 6")]
#[case(GcnnConfig { pool_after: vec![2, 2], ..GcnnConfig::p4cnn() }, "at most once")]
#[case(GcnnConfig { dropout: 1.0, ..GcnnConfig::p4cnn() }, "dropout probability")]
#[case(looking(0, 7, None), "`attention.ratio` is 0, expected 1 to 65536")]
#[case(
    looking(2, 35, None),
    "`attention.kernel_size` is 35, expected 1 to 33"
)]
#[case(looking(2, 4, None), "half a pixel")]
#[case(
    looking(2, 7, Some(0)),
    "`attention.image_dilation` is 0, expected 1 to 33"
)]
fn impossible_configurations_are_refused(#[case] config: GcnnConfig, #[case] says: &str) {
    let error = config.validate(DIGITS).unwrap_err().to_string();
    assert!(error.contains(says), "{error}");
    assert!(config.init(DIGITS, 10, &Device::flex()).is_err());
}

#[rstest]
#[case(InputShape { channels: 0, ..DIGITS }, 10)]
#[case(InputShape { height: 0, ..DIGITS }, 10)]
#[case(DIGITS, 0)]
fn impossible_inputs_are_refused(#[case] input: InputShape, #[case] classes: usize) {
    assert!(
        GcnnConfig::p4cnn()
            .init(input, classes, &Device::flex())
            .is_err()
    );
}

#[test]
fn files_may_leave_out_what_p4cnn_has_and_nothing_else_may_be_in_them() {
    let read = serde_json::from_str::<GcnnConfig>;
    assert_eq!(read("{}").unwrap(), GcnnConfig::p4cnn());
    let text =
        r#"{"group": "D4", "channels": [7, 7], "projection": "mean", "dropout_unit": "field"}"#;
    let config = read(text).unwrap();
    assert_eq!(config.group.order(), 8);
    assert_eq!(config.projection, ProjectionKind::Mean);
    let error = read(r#"{"chanels": [7]}"#).unwrap_err().to_string();
    assert!(
        error.contains("chanels") && error.contains("channels"),
        "{error}"
    );
    let written = serde_json::to_string(&GcnnConfig::z2cnn()).unwrap();
    assert_eq!(read(&written).unwrap(), GcnnConfig::z2cnn());
}

/// Every patch of a larger image by itself, and all at once.
#[rstest]
#[case::p4cnn(GcnnConfig::p4cnn(), 2)]
#[case::several_positions(
    GcnnConfig { kernel_sizes: vec![3, 3, 3, 3, 3, 3, 2], pool_after: vec![2], ..GcnnConfig::p4cnn() }, 2
)]
#[case::linear(GcnnConfig {
    head: Head::Linear, kernel_sizes: vec![3; 6], global_pool: GlobalPoolKind::Max, ..GcnnConfig::p4cnn()
}, 2)]
#[case::centre(GcnnConfig {
    head: Head::Linear, kernel_sizes: vec![3; 6], global_pool: GlobalPoolKind::Centre, ..GcnnConfig::p4cnn()
}, 2)]
#[case::central_pixel(GcnnConfig {
    head: Head::Linear, channels: vec![4; 5], kernel_sizes: vec![3, 3, 3, 3, 4], global_pool: GlobalPoolKind::Centre, ..GcnnConfig::p4cnn()
}, 2)]
#[case::unpooled(GcnnConfig {
    group: Group::trivial(), channels: vec![4; 2], kernel_sizes: vec![5, 5, 3], pool_after: vec![], ..GcnnConfig::p4cnn()
}, 1)]
fn a_class_map_holds_the_logits_of_every_patch(#[case] config: GcnnConfig, #[case] stride: usize) {
    let device = Device::flex();
    let network = network(&config, DIGITS, 10, &device);
    assert_eq!(network.stride(), stride);
    let image = noise([1, 1, 32, 36], 2, &device);
    let map = network.class_map(image.clone());
    let [_, _, rows, columns] = map.dims();
    assert_eq!([rows, columns], [4 / stride + 1, 8 / stride + 1]);
    for (row, column) in (0..rows * columns).map(|n| (n / columns, n % columns)) {
        let patch = image.clone().narrow(2, row * stride, 28);
        let logits = network.forward(patch.narrow(3, column * stride, 28));
        let scores = map.clone().narrow(2, row, 1).narrow(3, column, 1);
        // Relative to the largest: a small logit is the difference of large sums.
        let largest: f32 = logits.clone().abs().max().into_scalar();
        let error: f32 = (scores.reshape([1, 10]) - logits).abs().max().into_scalar();
        assert!(error < 2e-6 * largest, "{error} of {largest}");
    }
}

/// The image turns, and the map with it.
#[test]
fn a_class_map_turns_with_its_image() {
    let device = Device::flex();
    let network = network(&d4cnn(), DIGITS, 10, &device);
    let image = noise([1, 1, 36, 36], 2, &device);
    let report = measure(network.group(), image, |x: Tensor<4>| network.class_map(x));
    assert!(report.max_error() < 1e-5, "{report}");
}
