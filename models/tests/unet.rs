//! The U-Net: symmetry at every size, tiles, parameters, training.

mod common;

use burn::module::{ModuleVisitor, Param};
use burn::optim::{AdamConfig, GradientsParams};
use burn::prelude::*;
use burn::store::ModuleRecord;
use gcnn_layers::equivariance::{PlaneTransformation, disc_mask, measure, survey};
use gcnn_layers::kernel::BSplineConfig;
use gcnn_layers::{Group, KernelConfig, LayerError, ProjectionKind, plane_action};
use gcnn_models::weights::{collect, parameters_in, parameters_of};
use gcnn_models::{
    GroupUnet, GroupUnetConfig, InputShape, ModelError, NetworkSize, Normalisation,
    SegmentationModelConfig, Upsampling,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use rstest::rstest;

use common::reseeded;

const IMAGES: InputShape = InputShape {
    channels: 2,
    height: 32,
    width: 32,
};

fn small(group: &str) -> GroupUnetConfig {
    GroupUnetConfig {
        group: group.parse().unwrap(),
        channels: vec![3, 4, 5],
        ..GroupUnetConfig::default()
    }
}

fn network(config: &GroupUnetConfig, device: &Device) -> GroupUnet {
    reseeded(config.init(IMAGES, 3, device).unwrap(), 3)
}

fn noise([batch, height, width]: [usize; 3], device: &Device) -> Tensor<4> {
    let mut random = StdRng::seed_from_u64(1);
    let dims = [batch, 2, height, width];
    let values: Vec<f32> = (0..dims.iter().product())
        .map(|_| random.random_range(-1.0..1.0))
        .collect();
    Tensor::from_data(TensorData::new(values, dims), device)
}

fn largest(difference: Tensor<4>) -> f64 {
    difference.abs().max().into_scalar()
}

/// The largest difference that an element which moves pixels makes, as a share of the largest score.
fn error(network: &GroupUnet, group: &Group, images: &Tensor<4>) -> f64 {
    let scores = network.forward(images.clone());
    let scale = largest(scores.clone());
    let exact = group
        .elements()
        .filter(|g| PlaneTransformation::of(group, *g).is_exact());
    let errors = exact.map(|g| {
        let expected = plane_action(group, g, scores.clone());
        let found = network.forward(plane_action(group, g, images.clone()));
        assert_eq!(found.dims(), expected.dims());
        largest(found - expected) / scale
    });
    errors.fold(0.0, f64::max)
}

/// Sides that halve, odd ones, even ones that are padded, single rows.
#[rstest]
fn scores_turn_with_images_of_every_size(
    #[values("trivial", "C4", "D4", "C8")] name: &str,
    #[values((32, 32), (33, 47), (30, 20), (17, 12), (1, 7))] (height, width): (usize, usize),
    #[values(Upsampling::Nearest, Upsampling::Bilinear)] upsampling: Upsampling,
) {
    let device = Device::flex();
    let config = GroupUnetConfig {
        upsampling,
        ..small(name)
    };
    let network = network(&config, &device);
    let images = noise([1, height, width], &device);
    let scores = network.forward(images.clone());
    assert_eq!(scores.dims(), [1, 3, height, width]);
    let found = error(&network, network.group(), &images);
    assert!(found < 1e-5, "{found:.2e}");
}

#[rstest]
fn settings_keep_the_symmetry(
    #[values(
        GroupUnetConfig { kernel: KernelConfig::b_spline(BSplineConfig::default()), kernel_size: 5, ..small("C4") },
        GroupUnetConfig { normalisation: Normalisation::None, ..small("D4") },
        GroupUnetConfig { projection: ProjectionKind::Mean, blocks: 1, ..small("D4") },
        GroupUnetConfig { channels: vec![2; 5], blocks: 1, ..small("C4") },
        GroupUnetConfig { channels: vec![4], ..small("C4") }
    )]
    config: GroupUnetConfig,
) {
    let device = Device::flex();
    let network = network(&config, &device);
    for size in [[32, 32], [33, 23], [26, 19]] {
        let images = noise([1, size[0], size[1]], &device);
        let found = error(&network, network.group(), &images);
        assert!(found < 1e-5, "{config:?} {size:?}: {found:.2e}");
    }
}

#[test]
fn an_ordinary_network_does_not_turn() {
    let device = Device::flex();
    let network = network(&small("trivial"), &device);
    let c4 = Group::cyclic(4).unwrap();
    let found = error(&network, &c4, &noise([1, 32, 32], &device));
    assert!(found > 1e-2, "{found:.2e}");
}

#[test]
fn every_level_is_equivariant() {
    let device = Device::flex();
    let network = network(&small("D4"), &device);
    let group = network.group();
    let transformations: Vec<PlaneTransformation> = group
        .elements()
        .map(|element| PlaneTransformation::of(group, element))
        .collect();
    let images = noise([1, 29, 29], &device);
    let found = survey(group, &transformations, images, |images| {
        network.outputs(images)
    });
    let names: Vec<&str> = found.iter().map(|output| output.name.as_str()).collect();
    let expected = ["down 1", "down 2", "down 3", "up 2", "up 1", "scores"];
    assert_eq!(names, expected);
    for output in &found {
        assert!(
            output.errors.iter().all(|error| *error < 1e-5),
            "{output:?}"
        );
    }
}

/// Blobs a few pixels wide, which fade towards the border.
fn smooth(side: usize, device: &Device) -> Tensor<4> {
    let blobs = [[0.0, 8.0], [-6.0, -5.0], [7.0, -4.0], [3.0, 2.0]];
    let values: Vec<f32> = (0..2 * side * side)
        .map(|n| {
            let (channel, pixel) = (n / (side * side), n % (side * side));
            let centre = (side as f64 - 1.0) / 2.0;
            let [row, column] = [pixel / side, pixel % side].map(|n| n as f64 - centre);
            let own = blobs.iter().skip(2 * channel).take(2);
            let blob =
                |[y, x]: &[f64; 2]| (-((row - y).powi(2) + (column - x).powi(2)) / 50.0).exp();
            own.map(blob).sum::<f64>() as f32
        })
        .collect();
    Tensor::from_data(TensorData::new(values, [1, 2, side, side]), device)
}

/// Rotations by 45° are not exact: pixels and kernels fall between each other. An ordinary network is far further off.
#[test]
fn rotations_by_45_degrees_are_close_on_smooth_images() {
    let device = Device::flex();
    let c8 = Group::cyclic(8).unwrap();
    let images = smooth(64, &device);
    let disc = disc_mask([64, 64], 8.0, &device).reshape([1, 1, 64, 64]);
    let of = |config: &GroupUnetConfig| {
        let network = network(config, &device);
        let report = measure(&c8, images.clone(), |x: Tensor<4>| {
            network.forward(x) * disc.clone()
        });
        report.max_error()
    };
    let splines = KernelConfig::b_spline(BSplineConfig::default());
    let settings = |group: &str| GroupUnetConfig {
        kernel: splines,
        kernel_size: 5,
        ..small(group)
    };
    let (turning, ordinary) = (of(&settings("C8")), of(&settings("trivial")));
    println!("45°: {turning:.2e}, without a group {ordinary:.2e}");
    assert!(
        turning < 0.12 && turning < ordinary / 3.0,
        "{turning:.2e}, {ordinary:.2e}"
    );
}

/// From the margin on a tile says what the whole image says, and one pixel nearer it doesn't: the margin is no larger than it must
/// be.
#[rstest]
fn tiles_agree_with_the_whole_inside_of_the_margin(
    #[values(Upsampling::Nearest, Upsampling::Bilinear)] upsampling: Upsampling,
    #[values((1, 3), (2, 2))] (blocks, levels): (usize, usize),
) {
    let device = Device::flex();
    let config = GroupUnetConfig {
        channels: vec![6; levels],
        blocks,
        upsampling,
        ..small("C4")
    };
    let network = network(&config, &device);
    let (margin, stride) = (network.margin(), network.stride());
    assert_eq!(
        [margin, stride],
        [config.margin().unwrap(), config.stride().unwrap()]
    );
    let whole = noise([1, 80, 96], &device);
    let scores = network.forward(whole.clone());
    let (height, width) = (2 * margin.next_multiple_of(stride) + 2 * stride, 64);
    let [mut inside, mut nearer] = [0.0f64; 2];
    for (row, column) in [(0, 0), (2 * stride, 4 * stride), (3 * stride, stride)] {
        let tile = whole
            .clone()
            .narrow(2, row, height)
            .narrow(3, column, width);
        let found = network.forward(tile);
        let expected = scores
            .clone()
            .narrow(2, row, height)
            .narrow(3, column, width);
        let off = |margin: usize| {
            let within = |map: Tensor<4>| {
                let map = map.narrow(2, margin, height - 2 * margin);
                map.narrow(3, margin, width - 2 * margin)
            };
            largest(within(found.clone()) - within(expected.clone()))
        };
        inside = inside.max(off(margin));
        nearer = nearer.max(off(margin - 1));
    }
    assert!(inside < 1e-5, "{inside:.2e}");
    assert!(nearer > 1e-6, "{margin} is more than needed: {nearer:.2e}");
}

/// Sides that halve, odd ones, ones that are padded, and more than one row of tiles.
#[rstest]
fn an_image_in_tiles_has_the_scores_of_the_whole(
    #[values((96, 120), (97, 131), (90, 75), (31, 150))] (height, width): (usize, usize),
    #[values(Upsampling::Nearest, Upsampling::Bilinear)] upsampling: Upsampling,
) {
    let device = Device::flex();
    let config = GroupUnetConfig {
        upsampling,
        blocks: 1,
        ..small("C4")
    };
    let network = network(&config, &device);
    let images = noise([1, height, width], &device);
    let whole = network.forward(images.clone());
    for tile in [1, 48, 64, 128, 1000] {
        let tiled = network.forward_in_tiles(images.clone(), tile);
        assert_eq!(tiled.dims(), whole.dims());
        let error = largest(tiled - whole.clone()) / largest(whole.clone());
        assert!(error < 1e-5, "tiles of {tile}: {error}");
    }
}

/// For fields a, b, h elements and K taps: lifting 2 a K; of a level c² h K for each further convolution; b a h K downwards;
/// (a + b) a h K and further ones upwards; the head 3 a + 3; two for each normalised field.
#[rstest]
fn parameters_are_what_the_configuration_says(
    #[values("trivial", "C4", "D4")] group: &str,
    #[values(Normalisation::Batch, Normalisation::None)] normalisation: Normalisation,
) {
    let config = GroupUnetConfig {
        channels: vec![3, 5],
        normalisation,
        ..small(group)
    };
    let network = config.init(IMAGES, 3, &Device::flex()).unwrap();
    let (h, taps) = (config.group.order(), 9);
    let kernels = 2 * 3 * taps + (9 + 15 + 25 + 24 + 9) * h * taps + 3 * 3 + 3;
    let fields = 2 * 3 + 2 * 5 + 2 * 3;
    let each = if normalisation == Normalisation::Batch {
        2
    } else {
        1
    };
    assert_eq!(network.num_params(), kernels + each * fields);
    let said = config.parameters(IMAGES, 3).unwrap();
    assert_eq!(said, parameters_of(&network));
    assert_eq!(said, parameters_in(&collect(&network)));
}

/// As one of the networks that segment, in a file and as a module.
#[test]
fn the_family_holds_what_its_configurations_say() {
    for config in SegmentationModelConfig::all() {
        let network = config.init(IMAGES, 3, &Device::flex()).unwrap();
        let said = config.parameters(IMAGES, 3).unwrap();
        assert_eq!(said, parameters_of(&network));
        let text = serde_json::to_string(&config).unwrap();
        assert_eq!(
            serde_json::from_str::<SegmentationModelConfig>(&text).unwrap(),
            config
        );
        assert_eq!(config.check_counts(), Ok(()));
    }
    let default: SegmentationModelConfig = serde_json::from_str("{}").unwrap();
    assert_eq!(default, SegmentationModelConfig::default());
    for wrong in [r#"{ "kind": "gcnn" }"#, r#"{ "growth": 3 }"#] {
        assert!(serde_json::from_str::<SegmentationModelConfig>(wrong).is_err());
    }
}

#[rstest]
fn every_group_keeps_to_the_budget_and_uses_it(
    #[values("trivial", "C4", "D4", "C8")] group: &str,
    #[values(NetworkSize::Small, NetworkSize::Medium, NetworkSize::Large)] size: NetworkSize,
    #[values(2, 4)] levels: usize,
) {
    let config = GroupUnetConfig {
        channels: vec![1; levels],
        size: Some(size),
        ..small(group)
    };
    let network = config.sized(IMAGES).unwrap();
    assert_eq!((network.channels.len(), network.size), (levels, None));
    network.validate(IMAGES).unwrap();
    let numbers = config.parameters(IMAGES, 1).unwrap().numbers();
    let share = numbers as f64 / size.parameters() as f64;
    assert!((0.7..=1.02).contains(&share), "{network:?}: {numbers}");
}

#[test]
fn sizes_are_padded_evenly() {
    let config = small("C4");
    assert_eq!(config.stride().unwrap(), 4);
    let padded = |size| config.padded(size).unwrap();
    assert_eq!(padded([32, 48]), [32, 48]);
    assert_eq!(padded([30, 20]), [32, 20]);
    assert_eq!(padded([33, 47]), [33, 49]);
    assert_eq!(padded([1, 2]), [1, 4]);
}

#[test]
fn settings_that_do_not_fit_are_refused() {
    let refused = |config: GroupUnetConfig| config.init(IMAGES, 3, &Device::flex()).unwrap_err();
    let count = |config, expected| {
        let error = refused(config);
        assert!(
            matches!(error, ModelError::Count { key, .. } if key == expected),
            "{error}"
        );
    };
    let base = || small("C4");
    count(
        GroupUnetConfig {
            channels: vec![],
            ..base()
        },
        "channels",
    );
    count(
        GroupUnetConfig {
            channels: vec![3, 0],
            ..base()
        },
        "channels",
    );
    count(
        GroupUnetConfig {
            channels: vec![1; 17],
            ..base()
        },
        "channels",
    );
    count(
        GroupUnetConfig {
            blocks: 0,
            ..base()
        },
        "blocks",
    );
    count(
        GroupUnetConfig {
            blocks: usize::MAX,
            ..base()
        },
        "blocks",
    );
    count(
        GroupUnetConfig {
            kernel_size: 0,
            ..base()
        },
        "kernel_size",
    );
    let even = refused(GroupUnetConfig {
        kernel_size: 4,
        ..base()
    });
    assert!(
        matches!(
            even,
            ModelError::Layer {
                layer: 1,
                source: LayerError::HalfPixel { .. }
            }
        ),
        "{even}"
    );
    let deep = refused(GroupUnetConfig {
        channels: vec![2; 7],
        ..base()
    });
    assert!(
        matches!(
            deep,
            ModelError::ImageTooSmall {
                larger: Some(64),
                ..
            }
        ),
        "{deep}"
    );
    let large = refused(GroupUnetConfig {
        channels: vec![65_536; 3],
        ..base()
    });
    assert!(matches!(large, ModelError::TooLarge { .. }), "{large}");
    let dropout = refused(GroupUnetConfig {
        dropout: 1.5,
        ..base()
    });
    assert!(matches!(dropout, ModelError::Layer { .. }), "{dropout}");
    let none = base().init(IMAGES, 0, &Device::flex()).unwrap_err();
    assert!(matches!(none, ModelError::TooFew { .. }), "{none}");
    let unknown = serde_json::from_str::<GroupUnetConfig>(r#"{ "chanels": [4] }"#);
    assert!(unknown.unwrap_err().to_string().contains("`chanels`"));
}

#[test]
#[should_panic(expected = "LiftingConv2d takes 2 channels")]
fn other_channels_are_refused() {
    let network = network(&small("C4"), &Device::flex());
    let _ = network.forward(Tensor::zeros([1, 3, 32, 32], &Device::flex()));
}

#[test]
fn a_record_gives_the_same_scores() {
    let device = Device::flex();
    let config = small("C4");
    let original = network(&config, &device);
    let images = noise([1, 16, 16], &device);
    let expected = original.forward(images.clone()).into_data();
    let bytes = original.into_record().into_bytes().unwrap();
    let fresh = config.init(IMAGES, 3, &device).unwrap();
    assert_ne!(fresh.forward(images.clone()).into_data(), expected);
    let loaded = fresh.load_record(ModuleRecord::from_bytes(bytes).unwrap());
    assert_eq!(loaded.forward(images).into_data(), expected);
}

#[test]
fn every_parameter_has_a_gradient() {
    struct Reached<'a>(&'a burn::tensor::Gradients, usize);
    impl ModuleVisitor for Reached<'_> {
        fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
            if parameter.is_require_grad() {
                let gradient = parameter.val().grad(self.0).expect("a gradient");
                let largest: f32 = gradient.abs().max().into_scalar();
                assert!(largest.is_finite() && largest > 0.0);
                self.1 += 1;
            }
        }
    }
    let device = Device::flex().autodiff();
    let network = network(&small("C4"), &device);
    let scores = network.forward(noise([2, 15, 16], &device));
    let gradients = scores.powi_scalar(2).sum().backward();
    let mut reached = Reached(&gradients, 0);
    network.visit(&mut reached);
    // Ten convolutions with scale and shift; the head with its bias.
    assert_eq!(reached.1, 10 * 3 + 2);
}

/// Bright discs on noise, and which pixels are theirs.
fn discs(count: usize, side: usize, seed: u64, device: &Device) -> (Tensor<4>, Tensor<4>) {
    let mut random = StdRng::seed_from_u64(seed);
    let (mut images, mut masks) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let radius: f32 = random.random_range(3.0..6.0);
        let [y, x] = [0, 1].map(|_| random.random_range(radius..side as f32 - radius));
        for pixel in 0..side * side {
            let [row, column] = [pixel / side, pixel % side].map(|n| n as f32);
            let inside = (row - y).powi(2) + (column - x).powi(2) < radius * radius;
            masks.push(f32::from(inside));
            let value = f32::from(inside) + random.random_range(-0.8..0.8);
            images.extend([value, random.random_range(-0.8..0.8)]);
        }
    }
    let (shape, last) = ([count, side, side, 2], [count, 1, side, side]);
    let images = Tensor::<4>::from_data(TensorData::new(images, shape), device);
    let masks = Tensor::from_data(TensorData::new(masks, last), device);
    (images.permute([0, 3, 1, 2]), masks)
}

/// Binary cross-entropy: ln(1 + eˢ) − s m.
fn loss(scores: Tensor<4>, masks: Tensor<4>) -> Tensor<1> {
    let softplus = (scores.clone().abs().neg().exp() + 1.0).log() + scores.clone().clamp_min(0.0);
    (softplus - scores * masks).mean()
}

#[test]
fn discs_are_learned_in_few_steps() {
    let device = Device::flex().autodiff();
    let config = GroupUnetConfig {
        channels: vec![4, 8],
        blocks: 1,
        ..small("C4")
    };
    let mut network = reseeded(config.init(IMAGES, 1, &device).unwrap(), 3);
    let mut optimizer = AdamConfig::new().init();
    let mut first = None;
    let mut last = f64::NAN;
    for step in 0..40 {
        let (images, masks) = discs(8, 24, step, &device);
        let own = loss(network.forward(images), masks);
        last = own.clone().into_scalar();
        first.get_or_insert(last);
        let gradients = GradientsParams::from_grads(own.backward(), &network);
        network = optimizer.step(0.02, network, gradients);
    }
    let (images, masks) = discs(8, 24, 1000, &Device::flex());
    let unseen: f64 = loss(network.valid().forward(images), masks).into_scalar();
    println!("loss {first:?} → {last}, {unseen} on other discs");
    assert!(first > Some(1.0) && last < 0.2, "{first:?} → {last}");
    assert!(unseen < 0.2, "{unseen}");
}
