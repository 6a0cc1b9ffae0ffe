//! What configurations say of their networks without making them: exactly what is made, and no more than there is memory for.

use burn::module::Module;
use burn::prelude::*;
use gcnn_layers::kernel::{BSplineConfig, MagnetConfig, SirenConfig, Support};
use gcnn_layers::{Group, KernelConfig, Separation};
use gcnn_models::error::Counted;
use gcnn_models::file::{self, Header, WeightsError};
use gcnn_models::limits;
use gcnn_models::points::{
    DynamicsConfig, SeConvConfig, SegnnConfig, SegnnOutput, SteerableNormalisation,
};
use gcnn_models::weights::{collect, parameters_in, parameters_of};
use gcnn_models::zoo::{self, ZooError};
use gcnn_models::{
    AttentionConfig, GcnnConfig, GroupDenseNetConfig, Head, ImageModelConfig, InputShape,
    ModelError, Normalisation, Parameters,
};
use rstest::rstest;
use serde_json::json;

/// What a module holds: as it is visited, and as it is written.
fn made<M: Module>(module: &M) -> Parameters {
    let (seen, written) = (parameters_of(module), parameters_in(&collect(module)));
    assert_eq!(seen, written);
    seen
}

const IMAGES: InputShape = InputShape {
    channels: 2,
    height: 28,
    width: 28,
};

fn splines(support: Support) -> KernelConfig {
    let order = if support == Support::Deformable { 1 } else { 2 };
    KernelConfig::b_spline(BSplineConfig {
        support,
        order,
        ..BSplineConfig::default()
    })
}

/// Kernels of every kind, over groups that permute pixels and groups that don't, with and without reflections.
#[rstest]
fn networks_for_images_hold_what_their_configurations_say(
    #[values("trivial", "C2", "C4", "C6", "D1", "D4", "D6")] group: &str,
    #[values(
        KernelConfig::pixel(),
        splines(Support::Dense),
        splines(Support::Localized),
        splines(Support::Atrous),
        splines(Support::Deformable),
        KernelConfig::siren(SirenConfig { hidden: 5, ..SirenConfig::default() }),
        KernelConfig::magnet(MagnetConfig { hidden: 5, layers: 2, ..MagnetConfig::default() })
    )]
    kernel: KernelConfig,
) {
    let device = Device::flex();
    let group: Group = group.parse().unwrap();
    let gcnn = GcnnConfig {
        group: group.clone(),
        kernel,
        channels: vec![2, 3],
        kernel_sizes: vec![5, 4, 1],
        pool_after: vec![],
        ..GcnnConfig::p4cnn()
    };
    let attentive = GcnnConfig {
        attention: Some(AttentionConfig {
            image_dilation: Some(1),
            kernel_size: 5,
            ..AttentionConfig::default()
        }),
        ..gcnn.clone()
    };
    // A single pixel is a kernel of its own; splines want more.
    let linear = GcnnConfig {
        head: Head::Linear,
        normalisation: Normalisation::None,
        bias: false,
        kernel_sizes: vec![3, 3],
        ..gcnn.clone()
    };
    let dense = GroupDenseNetConfig {
        group,
        kernel,
        growth: 2,
        blocks: 2,
        ..GroupDenseNetConfig::d4()
    };
    let separations = [Separation::Separable, Separation::Gsep, Separation::Dsep];
    let separable = separations.map(|separation| {
        let network = GcnnConfig {
            separable: Some(separation),
            ..gcnn.clone()
        };
        (ImageModelConfig::from(network), IMAGES)
    });
    let rows = [
        (ImageModelConfig::from(gcnn), IMAGES),
        (attentive.into(), IMAGES),
        (linear.into(), IMAGES),
        (
            dense.into(),
            InputShape {
                height: 16,
                width: 16,
                ..IMAGES
            },
        ),
    ];
    for (config, input) in rows.into_iter().chain(separable) {
        let network = config.init(input, 5, &device).unwrap();
        assert_eq!(
            config.parameters(input, 5).unwrap(),
            made(&network),
            "{config:?}"
        );
        assert_eq!(config.check_counts(), Ok(()));
        // So does the network that it is exported to.
        let plain = network.export();
        let described = plain.describe(input).parameters();
        assert_eq!(described, made(&plain), "{config:?}");
    }
}

#[test]
fn published_networks_hold_what_their_configurations_say() {
    let device = Device::flex();
    for config in ImageModelConfig::all() {
        let [height, width] = match config.kind() {
            "densenet" => [96, 96],
            "wavelet" => [1, 4096],
            _ => [28, 28],
        };
        let input = InputShape {
            height,
            width,
            ..IMAGES
        };
        let network = config.init(input, 10, &device).unwrap();
        assert_eq!(config.parameters(input, 10).unwrap(), made(&network));
    }
    for config in DynamicsConfig::all() {
        let network = config.init(&device).unwrap();
        assert_eq!(config.parameters().unwrap(), made(&network), "{config:?}");
    }
}

#[rstest]
#[case(json!({ "kind": "linear", "time": 2.0 }))]
#[case(json!({ "kind": "nmp", "hidden": 3, "layers": 1 }))]
#[case(json!({ "kind": "nmp", "hidden": 1, "layers": 12 }))]
#[case(json!({ "kind": "radial-field", "hidden": 5, "layers": 2 }))]
#[case(json!({ "kind": "egnn", "hidden": 6, "layers": 3, "tanh": true, "norm_diff": true }))]
#[case(json!({ "kind": "tfn", "channels": 3, "degree": 2, "kernel_degree": 1, "radial_hidden": 4, "layers": 2 }))]
#[case(json!({ "kind": "tfn", "channels": 2, "degree": 1, "kernel_degree": 3, "radial_hidden": 7, "layers": 1 }))]
#[case(json!({ "kind": "se3-transformer", "channels": 4, "degree": 1, "kernel_degree": 2, "heads": 2, "radial_hidden": 3, "layers": 3 }))]
#[case(json!({ "kind": "se3-transformer", "channels": 3, "degree": 3, "kernel_degree": 3, "heads": 3, "radial_hidden": 3, "layers": 1 }))]
#[case(json!({ "kind": "seconv", "hidden": "4x0e+3x1o", "layers": 2, "attribute_degree": 2, "normalisation": "batch" }))]
#[case(json!({ "kind": "seconv", "hidden": "4x0e+3x1o+2x2e", "layers": 1, "attribute_degree": 2, "normalisation": "none" }))]
#[case(json!({ "kind": "seconv", "message": "linear", "hidden": "4x0e+3x1o", "layers": 3, "radial_hidden": 5, "normalisation": "instance" }))]
#[case(json!({ "kind": "segnn", "hidden": "4x0e+3x1o", "layers": 2, "normalisation": "instance" }))]
#[case(json!({ "kind": "segnn", "hidden": "4x0e+3x1o+2x1e+1x2e", "layers": 1, "attribute_degree": 3, "normalisation": "batch" }))]
#[case(json!({ "kind": "segnn", "hidden": "2x1o+4x0e+1x1o", "layers": 3, "velocity_attributes": false }))]
fn networks_for_particles_hold_what_their_configurations_say(#[case] settings: serde_json::Value) {
    let config: DynamicsConfig = serde_json::from_value(settings).unwrap();
    let network = config.init(&Device::flex()).unwrap();
    assert_eq!(config.parameters().unwrap(), made(&network));
}

#[rstest]
fn a_segnn_of_any_irreps_holds_what_its_configuration_says(
    #[values(SegnnOutput::Nodes, SegnnOutput::GraphSum)] task: SegnnOutput,
    #[values(0, 2)] scalars: usize,
    #[values(SteerableNormalisation::None, SteerableNormalisation::Batch)]
    normalisation: SteerableNormalisation,
) {
    let irreps = |text: &str| text.parse().unwrap();
    let config = SegnnConfig::new(
        irreps("2x0e+1x1o"),
        irreps("1x0e+1x1o"),
        irreps("3x0e+2x1o"),
        irreps("1x0e"),
    )
    .with_layers(2)
    .with_message_scalars(scalars)
    .with_normalisation(normalisation)
    .with_task(task);
    let network = config.init(&Device::flex()).unwrap();
    assert_eq!(config.parameters().unwrap(), made(&network));
}

#[test]
fn networks_of_the_zoo_are_what_their_files_hold() {
    for entry in zoo::entries() {
        let file = file::WeightsFile::parse(entry.bytes).unwrap();
        let network = zoo::load(entry.name, &Device::flex()).unwrap().network;
        let made = match &network {
            zoo::Network::Images(own) => made(&own.model),
            zoo::Network::Segmentation(own) => made(&own.model),
            zoo::Network::Particles(own) => made(&own.model),
        };
        assert_eq!(file.parameters(), made, "{}", entry.name);
    }
}

/// Each count by itself, and what no count alone gives away. None of it takes memory or time.
#[test]
fn counts_that_no_network_has_are_refused_by_name() {
    let refused = |settings: serde_json::Value| {
        let text = settings.to_string();
        let config: DynamicsConfig = serde_json::from_value(settings).unwrap();
        let error = config.validate().expect_err(&text);
        let error_of_init = config.init(&Device::flex()).expect_err(&text);
        assert_eq!(error, error_of_init);
        error
    };
    // TOML has no larger whole number.
    let (most, blocks) = (i64::MAX as usize, ["1x0e+1x1o"; 300].join("+"));
    for (settings, key) in [
        (json!({ "kind": "egnn", "layers": i64::MAX }), "layers"),
        (json!({ "kind": "egnn", "hidden": most }), "hidden"),
        (json!({ "kind": "nmp", "layers": most }), "layers"),
        (json!({ "kind": "nmp", "hidden": most }), "hidden"),
        (json!({ "kind": "radial-field", "hidden": most }), "hidden"),
        (json!({ "kind": "radial-field", "layers": most }), "layers"),
        (json!({ "kind": "tfn", "channels": most }), "channels"),
        (json!({ "kind": "tfn", "layers": most }), "layers"),
        (json!({ "kind": "tfn", "degree": most }), "degree"),
        (
            json!({ "kind": "tfn", "kernel_degree": most }),
            "kernel_degree",
        ),
        (
            json!({ "kind": "tfn", "radial_hidden": most }),
            "radial_hidden",
        ),
        (
            json!({ "kind": "se3-transformer", "layers": most }),
            "layers",
        ),
        (json!({ "kind": "se3-transformer", "heads": most }), "heads"),
        (json!({ "kind": "se3-transformer", "degree": 12 }), "degree"),
        (json!({ "kind": "seconv", "layers": most }), "layers"),
        (
            json!({ "kind": "seconv", "attribute_degree": 12 }),
            "attribute_degree",
        ),
        (json!({ "kind": "segnn", "layers": most }), "layers"),
        (
            json!({ "kind": "segnn", "attribute_degree": most }),
            "attribute_degree",
        ),
        (json!({ "kind": "segnn", "hidden": blocks }), "hidden"),
    ] {
        let error = refused(settings);
        let ModelError::Count {
            key: found, most, ..
        } = &error
        else {
            panic!("{error}");
        };
        assert_eq!(*found, key);
        let words = error.to_string();
        assert!(
            words.contains(&most.to_string()) && words.contains(key),
            "{words}"
        );
    }
    // Each count is within its limits.
    for settings in [
        json!({ "kind": "egnn", "hidden": 65_536, "layers": 1_000 }),
        json!({ "kind": "nmp", "hidden": 65_536 }),
        json!({ "kind": "tfn", "channels": 65_536 }),
        json!({ "kind": "seconv", "hidden": "60000x0e+60000x1o" }),
        json!({ "kind": "segnn", "hidden": "60000x0e+60000x1o", "layers": 1_000 }),
    ] {
        let error = refused(settings);
        let of_a_layer = matches!(&error, ModelError::Steerable { source, .. } if source.to_string().contains("weights"));
        assert!(
            of_a_layer || matches!(error, ModelError::TooLarge { .. }),
            "{error}"
        );
    }

    let images = |config: ImageModelConfig| {
        let error = config.check_counts().expect_err("too much");
        let refused = config.init(IMAGES, 2, &Device::flex());
        assert_eq!(refused.expect_err("too much"), error);
        error
    };
    let base = GcnnConfig::p4cnn;
    for (config, key) in [
        (
            GcnnConfig {
                channels: vec![2; 5_000],
                kernel_sizes: vec![1; 5_001],
                ..base()
            },
            "channels",
        ),
        (
            GcnnConfig {
                channels: vec![2, 2, 2, 2, 2, most],
                ..base()
            },
            "channels",
        ),
        (
            GcnnConfig {
                kernel_sizes: vec![3, 3, 3, 3, 3, 3, most],
                ..base()
            },
            "kernel_sizes",
        ),
    ] {
        let error = images(config.into());
        assert!(
            matches!(error, ModelError::Count { key: found, .. } if found == key),
            "{error}"
        );
    }
    for (growth, blocks, key, number) in [(most, 2, "growth", most), (2, most, "blocks", most)] {
        let config = GroupDenseNetConfig {
            growth,
            blocks,
            ..GroupDenseNetConfig::d4()
        };
        let error = images(config.into());
        let expected = ModelError::Count {
            key,
            counted: Counted::Number,
            found: number,
            least: 1,
            most: if key == "blocks" {
                16
            } else {
                limits::CHANNELS
            },
        };
        assert_eq!(error, expected);
    }
    // |H| · taps: the kernel is small, what is made of it under 256 elements isn't.
    let turned = GcnnConfig {
        group: Group::dihedral(128).unwrap(),
        channels: vec![100, 100],
        kernel_sizes: vec![3, 31, 1],
        pool_after: vec![],
        ..base()
    };
    let wide = GcnnConfig {
        channels: vec![65_536; 6],
        ..base()
    };
    let dense = GroupDenseNetConfig {
        growth: 65_536,
        ..GroupDenseNetConfig::d4()
    };
    for config in [turned.into(), wide.into(), dense.into()] {
        let error = images(config);
        assert!(matches!(error, ModelError::TooLarge { .. }), "{error}");
    }
    let absurd = InputShape {
        channels: usize::MAX,
        ..IMAGES
    };
    let error = base()
        .init(absurd, usize::MAX, &Device::flex())
        .unwrap_err();
    assert!(
        matches!(
            error,
            ModelError::TooLarge {
                numbers: usize::MAX,
                ..
            }
        ),
        "{error}"
    );
}

/// A file of the zoo whose texts are changed.
fn changed(name: &str, key: &str, from: &str, to: &str) -> Vec<u8> {
    let whole = zoo::find(name).unwrap().bytes;
    let (arrays, mut metadata) = file::from_bytes(whole).unwrap();
    let text = metadata.get_mut(key).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    *text = text.replace(from, to);
    file::to_bytes(&arrays, metadata).unwrap()
}

#[rstest]
// The first two ask for terabytes, if anybody made their networks.
#[case(
    "nbody-segnn",
    "gcnn.config",
    "layers = 4",
    "layers = 1000",
    "`Segnn.network.layers."
)]
#[case(
    "nbody-egnn",
    "gcnn.config",
    "hidden = 64",
    "hidden = 65536",
    "`Egnn.embedding.weight` has shape [1, 64], the network needs [1, 65536]"
)]
#[case(
    "nbody-egnn",
    "gcnn.config",
    "layers = 4",
    "layers = 9223372036854775807",
    "`layers` is 9223372036854775807"
)]
#[case(
    "rotmnist-p4cnn",
    "gcnn.data",
    "\"classes\":10",
    "\"classes\":65536",
    "[65536, 10, 4, 16]"
)]
#[case(
    "rotmnist-p4cnn",
    "gcnn.data",
    "\"classes\":10",
    "\"classes\":65537",
    "`classes` is 65537"
)]
#[case(
    "rotmnist-p4cnn",
    "gcnn.data",
    "\"height\":28,",
    "\"height\":1000000,",
    "`height` is 1000000"
)]
fn files_that_ask_for_more_than_they_hold_are_refused_at_once(
    #[case] name: &str,
    #[case] key: &str,
    #[case] from: &str,
    #[case] to: &str,
    #[case] words: &str,
) {
    if zoo::find(name).is_err() {
        println!("skipped: the zoo holds no {name}");
        return;
    }
    let bytes = changed(name, key, from, to);
    let started = std::time::Instant::now();
    let error = zoo::Pretrained::read(&bytes, &Device::flex()).expect_err("too much");
    assert!(started.elapsed().as_secs_f64() < 2.0);
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    assert!(text.contains(words), "{text}");
}

#[test]
fn weights_that_are_no_numbers_are_refused_by_a_sentence_of_their_own() {
    let whole = zoo::find("rotmnist-p4cnn").unwrap().bytes;
    let (mut arrays, metadata) = file::from_bytes(whole).unwrap();
    arrays.get_mut("lifting.weight").unwrap().values[3] = f32::INFINITY;
    let bytes = file::to_bytes(&arrays, metadata).unwrap();
    let error = zoo::Pretrained::read(&bytes, &Device::flex()).expect_err("no number");
    let ZooError::Weights(WeightsError::NotFinite { name, place: 3, .. }) = &error else {
        panic!("{error}");
    };
    assert_eq!(name, "lifting.weight");
    assert!(Header::read(&bytes).is_ok());
}

/// The published settings as a check that limits are far away.
#[test]
fn limits_are_above_what_networks_have() {
    for config in DynamicsConfig::all()
        .into_iter()
        .chain([DynamicsConfig::SeConv(SeConvConfig::linear())])
    {
        let numbers = config.parameters().unwrap().numbers();
        assert!(numbers * 1_000 < limits::NUMBERS, "{config:?}: {numbers}");
    }
}
