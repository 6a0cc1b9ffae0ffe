//! The densely connected networks: sizes, parameters, equivariance, class maps, saving and loading.

mod common;

use burn::module::Param;
use burn::prelude::*;
use burn::store::ModuleRecord;
use burn::tensor::Tolerance;
use gcnn_layers::equivariance::{Feature, PlaneTransformation, measure, survey};
use gcnn_layers::kernel::{BSplineConfig, Support};
use gcnn_layers::{Group, KernelConfig, ProjectionKind};
use gcnn_models::{GroupDenseNet, GroupDenseNetConfig, InputShape, ModelError};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use rstest::rstest;

use common::reseeded;

fn tissue(size: usize) -> InputShape {
    InputShape {
        channels: 3,
        height: size,
        width: size,
    }
}

fn small(config: GroupDenseNetConfig) -> GroupDenseNetConfig {
    GroupDenseNetConfig {
        blocks: 3,
        growth: 4,
        ..config
    }
}

fn network(config: &GroupDenseNetConfig, size: usize, seed: u64, device: &Device) -> GroupDenseNet {
    let network = config.init(tissue(size), 3, device).unwrap();
    reseeded(network, seed)
}

fn noise(dims: [usize; 4], device: &Device) -> Tensor<4> {
    let mut random = StdRng::seed_from_u64(1);
    let values: Vec<f32> = (0..dims.iter().product())
        .map(|_| random.random_range(-1.0..1.0))
        .collect();
    Tensor::from_data(TensorData::new(values, dims), device)
}

/// For growth k, order h and blocks 1 … B, the kernels are 27 k in the first layer, 9 k² h b in block b, h (k (b + 1))² in
/// the transition after it and 2 h k (B + 1) in the head, with two biases; each normalisation has two parameters per field.
#[rstest]
#[case::d4(GroupDenseNetConfig::d4(), 124_211)]
#[case::c4(GroupDenseNetConfig::c4(), 129_651)]
#[case::plain(GroupDenseNetConfig::plain(), 130_600)]
fn the_variants_have_as_many_parameters(#[case] config: GroupDenseNetConfig, #[case] count: usize) {
    let network = config.init(tissue(96), 2, &Device::flex()).unwrap();
    let (k, h, blocks) = (config.growth, config.group.order(), config.blocks);
    let fields = |b: usize| k * (b + 1);
    let kernels: usize = 27 * k
        + (1..=blocks).map(|b| 9 * k * k * h * b).sum::<usize>()
        + (1..blocks).map(|b| h * fields(b).pow(2)).sum::<usize>()
        + 2 * h * fields(blocks)
        + 2;
    let norms: usize = (0..blocks).map(|b| 2 * fields(b)).sum::<usize>()
        + (1..=blocks).map(|b| 2 * fields(b)).sum::<usize>();
    assert_eq!(network.num_params(), kernels + norms);
    assert_eq!(network.num_params(), count);
}

#[test]
fn maps_shrink_to_two_by_two() {
    let sizes = GroupDenseNetConfig::d4().map_sizes(tissue(96)).unwrap();
    assert_eq!(sizes, [94, 46, 22, 10, 4, 2].map(|n| [n, n]));
    let sizes = small(GroupDenseNetConfig::c4())
        .map_sizes(tissue(32))
        .unwrap();
    assert_eq!(sizes, [30, 14, 6, 4].map(|n| [n, n]));
}

#[rstest]
#[case::d4(GroupDenseNetConfig::d4())]
#[case::c4(GroupDenseNetConfig::c4())]
#[case::plain(GroupDenseNetConfig::plain())]
fn scores_of_patches(#[case] config: GroupDenseNetConfig) {
    let device = Device::flex();
    let config = GroupDenseNetConfig {
        growth: 2,
        ..config
    };
    let network = config.init(tissue(96), 2, &device).unwrap();
    let scores = network.forward(noise([2, 3, 96, 96], &device));
    assert_eq!(scores.dims(), [2, 2]);
    assert_eq!(network.stride(), 16);
}

#[rstest]
fn scores_are_invariant_and_maps_equivariant(
    #[values("C4", "D4", "C2")] name: &str,
    #[values(ProjectionKind::Max, ProjectionKind::Mean)] projection: ProjectionKind,
    #[values((32, 3), (40, 2))] (size, blocks): (usize, usize),
) {
    let device = Device::flex();
    let config = GroupDenseNetConfig {
        group: name.parse().unwrap(),
        projection,
        blocks,
        ..small(GroupDenseNetConfig::d4())
    };
    let network = network(&config, size, 3, &device);
    let patches = noise([2, 3, size, size], &device);
    let report = measure(network.group(), patches, |x: Tensor<4>| network.forward(x));
    assert!(report.max_error() < 1e-5, "{report}");
    let image = noise([1, 3, size + 8, size + 16], &device);
    let half_turns: Group = "C2".parse().unwrap();
    let report = measure(&half_turns, image, |x: Tensor<4>| network.class_map(x));
    assert!(report.max_error() < 1e-5, "{report}");
    let image = noise([1, 3, size + 8, size + 8], &device);
    let report = measure(network.group(), image, |x: Tensor<4>| network.class_map(x));
    assert!(report.max_error() < 1e-5, "{report}");
}

#[test]
fn every_block_is_equivariant_and_the_report_names_it() {
    let device = Device::flex();
    let config = small(GroupDenseNetConfig::d4());
    let network = network(&config, 32, 7, &device);
    let group = network.group();
    let transformations: Vec<PlaneTransformation> = group
        .elements()
        .map(|element| PlaneTransformation::of(group, element))
        .collect();
    let images = noise([2, 3, 32, 32], &device);
    let found = survey(group, &transformations, images.clone(), |images| {
        network.outputs(images)
    });
    let names: Vec<&str> = found.iter().map(|output| output.name.as_str()).collect();
    let expected = ["stem", "block 1", "block 2", "block 3", "scores", "logits"];
    assert_eq!(names, expected);
    for output in &found {
        assert!(
            output.errors.iter().all(|error| *error < 1e-5),
            "{output:?}"
        );
    }
    let Some((_, Feature::Invariant(logits))) = network.outputs(images.clone()).pop() else {
        panic!("the logits come last");
    };
    let (found, expected) = (logits.into_data(), network.forward(images).into_data());
    found.assert_approx_eq::<f32>(&expected, Tolerance::absolute(1e-5));
}

#[test]
fn the_published_size_is_invariant() {
    let device = Device::flex();
    let config = GroupDenseNetConfig {
        growth: 3,
        ..GroupDenseNetConfig::d4()
    };
    let network = network(&config, 96, 3, &device);
    let patches = noise([1, 3, 96, 96], &device);
    let report = measure(network.group(), patches, |x: Tensor<4>| network.forward(x));
    assert!(report.max_error() < 1e-5, "{report}");
}

#[test]
fn an_ordinary_network_is_not_invariant() {
    let device = Device::flex();
    let network = network(&small(GroupDenseNetConfig::plain()), 32, 3, &device);
    let c4 = Group::cyclic(4).unwrap();
    let report = measure(&c4, noise([2, 3, 32, 32], &device), |x: Tensor<4>| {
        network.forward(x)
    });
    assert!(report.max_error() > 1e-2, "{report}");
}

#[test]
fn splines_serve_as_kernels() {
    let device = Device::flex();
    let config = GroupDenseNetConfig {
        kernel: KernelConfig::b_spline(BSplineConfig {
            support: Support::Localized,
            ..BSplineConfig::default()
        }),
        ..small(GroupDenseNetConfig::c4())
    };
    let network = network(&config, 32, 3, &device);
    let patches = noise([1, 3, 32, 32], &device);
    let report = measure(network.group(), patches, |x: Tensor<4>| network.forward(x));
    assert!(report.max_error() < 1e-5, "{report}");
}

/// Every patch of a larger image by itself, and all at once.
#[test]
fn a_class_map_holds_the_scores_of_every_patch() {
    let device = Device::flex();
    let network = network(&small(GroupDenseNetConfig::d4()), 32, 3, &device);
    assert_eq!(network.stride(), 4);
    let image = noise([1, 3, 40, 48], &device);
    let map = network.class_map(image.clone());
    assert_eq!(map.dims(), [1, 3, 3, 5]);
    for (row, column) in (0..15).map(|n| (n / 5, n % 5)) {
        let patch = image.clone().narrow(2, 4 * row, 32);
        let scores = network.forward(patch.narrow(3, 4 * column, 32));
        let there = map.clone().narrow(2, row, 1).narrow(3, column, 1);
        there
            .reshape([1, 3])
            .to_data()
            .assert_approx_eq::<f32>(&scores.to_data(), Tolerance::rel_abs(1e-4, 1e-5));
    }
}

#[test]
#[should_panic(expected = "the image is smaller than the patches")]
fn a_class_map_needs_a_whole_patch() {
    let device = Device::flex();
    let network = network(&small(GroupDenseNetConfig::d4()), 32, 3, &device);
    let _ = network.class_map(noise([1, 3, 28, 28], &device));
}

#[test]
fn a_record_gives_the_same_outputs() {
    let device = Device::flex();
    let config = small(GroupDenseNetConfig::d4());
    let original = network(&config, 32, 3, &device);
    let patches = noise([2, 3, 32, 32], &device);
    let expected = original.forward(patches.clone()).into_data();
    let bytes = original.into_record().into_bytes().unwrap();
    let fresh = network(&config, 32, 4, &device);
    assert_ne!(fresh.forward(patches.clone()).into_data(), expected);
    let loaded = fresh.load_record(ModuleRecord::from_bytes(bytes).unwrap());
    assert_eq!(loaded.forward(patches).into_data(), expected);
}

#[test]
fn a_training_step_reaches_the_first_layer() {
    let device = Device::flex().autodiff();
    let network = network(&small(GroupDenseNetConfig::c4()), 32, 3, &device);
    let gradients = network
        .forward(noise([2, 3, 32, 32], &device))
        .powi_scalar(2)
        .sum()
        .backward();
    struct Reached<'a>(&'a burn::tensor::Gradients, usize);
    impl burn::module::ModuleVisitor for Reached<'_> {
        fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
            if parameter.is_require_grad() {
                let gradient = parameter.val().grad(self.0).expect("a gradient");
                let largest: f32 = gradient.abs().max().into_scalar();
                assert!(largest.is_finite() && largest > 0.0);
                self.1 += 1;
            }
        }
    }
    let mut reached = Reached(&gradients, 0);
    network.visit(&mut reached);
    // The first layer; three blocks, two transitions and the head with scale, shift and kernels; the head's bias.
    assert_eq!(reached.1, 1 + 3 * 6 + 1);
}

#[test]
fn sizes_that_do_not_fit_are_refused_with_some_that_do() {
    let device = Device::flex();
    let inexact = GroupDenseNetConfig::d4().validate(tissue(100)).unwrap_err();
    assert!(
        matches!(inexact, ModelError::InexactPooling { layer: 4, .. }),
        "{inexact}"
    );
    assert!(
        inexact
            .to_string()
            .contains("images of 96×96 or 112×112 work"),
        "{inexact}"
    );
    let plain = GroupDenseNetConfig::plain();
    assert!(plain.validate(tissue(100)).is_ok());
    let small_image = GroupDenseNetConfig::d4().validate(tissue(32)).unwrap_err();
    assert!(
        matches!(small_image, ModelError::ImageTooSmall { .. }),
        "{small_image}"
    );
    for config in [
        GroupDenseNetConfig {
            growth: 0,
            ..GroupDenseNetConfig::d4()
        },
        GroupDenseNetConfig {
            blocks: 0,
            ..GroupDenseNetConfig::d4()
        },
    ] {
        let error = config.init(tissue(96), 2, &device).unwrap_err();
        assert!(
            matches!(error, ModelError::Count { found: 0, .. }),
            "{error}"
        );
    }
    assert!(
        GroupDenseNetConfig::d4()
            .init(tissue(96), 0, &device)
            .is_err()
    );
}

#[test]
fn files_may_leave_out_what_the_published_network_has() {
    let read = serde_json::from_str::<GroupDenseNetConfig>;
    assert_eq!(read("{}").unwrap(), GroupDenseNetConfig::d4());
    assert_eq!(
        read(r#"{"group":"C4","growth":13}"#).unwrap(),
        GroupDenseNetConfig::c4()
    );
    let unknown = read(r#"{"groth":13}"#).unwrap_err().to_string();
    assert!(
        unknown.contains("`groth`") && unknown.contains("`growth`"),
        "{unknown}"
    );
    let config = small(GroupDenseNetConfig::plain());
    let json = serde_json::to_string(&config).unwrap();
    assert_eq!(read(&json).unwrap(), config);
}
