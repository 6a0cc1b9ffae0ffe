//! Networks over scales, of images and of waveforms: as they are used, as plain layers, and growing with what they see.

mod common;

use burn::prelude::*;
use gcnn_layers::KernelConfig;
use gcnn_layers::equivariance::{Feature, PlaneTransformation, survey};
use gcnn_layers::kernel::HermiteConfig;
use gcnn_models::{
    GcnnConfig, GroupDenseNetConfig, Head, InputShape, ModelError, PlainNetworkConfig,
    WaveletConfig,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use rstest::rstest;

use common::reseeded;

fn noise(dims: [usize; 4], seed: u64, device: &Device) -> Tensor<4> {
    let mut random = StdRng::seed_from_u64(seed);
    let values: Vec<f32> = (0..dims.iter().product())
        .map(|_| random.random_range(-1.0..1.0))
        .collect();
    Tensor::from_data(TensorData::new(values, dims), device)
}

fn largest<const D: usize>(difference: Tensor<D>) -> f32 {
    difference.abs().max().into_scalar::<f32>()
}

/// The published network's fields and windows, or fewer.
fn scales(group: &str, channels: [usize; 3]) -> GcnnConfig {
    GcnnConfig {
        group: group.parse().unwrap(),
        scale_range: Some(1),
        channels: channels.to_vec(),
        kernel_sizes: vec![5; 3],
        kernel: KernelConfig::hermite(HermiteConfig {
            order: 4,
            scale: Some(1.5),
            widths: 4,
            functions: Some(49),
        }),
        pool_after: vec![1, 2],
        padding: gcnn_layers::Padding2d::Same,
        head: Head::Linear,
        bias: false,
        dropout: 0.0,
        ..GcnnConfig::p4cnn()
    }
}

const DIGITS: InputShape = InputShape {
    channels: 1,
    height: 28,
    width: 28,
};

#[test]
fn the_plain_network_has_as_many_parameters() {
    let of = |config: &GcnnConfig| config.parameters(DIGITS, 10).unwrap().numbers();
    let scale = scales("R3(1.7320508)", [32, 63, 95]);
    let plain = GcnnConfig {
        group: "trivial".parse().unwrap(),
        kernel: KernelConfig::pixel(),
        kernel_sizes: vec![7; 3],
        ..scale.clone()
    };
    // Convolutions of the published network: 49 numbers for each pair of fields. Normalisation has two, and two that run along.
    let convolutions = 49 * (32 + 32 * 63 + 63 * 95);
    assert_eq!(of(&scale), convolutions + 4 * (32 + 63 + 95) + 96 * 10);
    assert_eq!(of(&scale), of(&plain));
}

#[rstest]
fn exported_networks_over_scales_are_the_same(#[values("R3", "C4xR2(1.5)", "D1xR2")] group: &str) {
    let device = Device::flex();
    let config = scales(group, [2, 3, 2]);
    let network = reseeded(config.init(DIGITS, 4, &device).unwrap(), 3);
    let images = noise([2, 1, 28, 28], 1, &device);
    let plain = network.export();
    let difference = plain.forward(images.clone()) - network.forward(images);
    assert!(largest(difference) < 1e-4);
}

/// Kernels of other scales are larger, and so is what a block leaves out beside its map.
#[test]
fn densely_connected_networks_over_scales_can_be_exported() {
    let device = Device::flex();
    let config = GroupDenseNetConfig {
        group: "R3".parse().unwrap(),
        blocks: 2,
        growth: 2,
        kernel: KernelConfig::hermite(HermiteConfig::default()),
        ..GroupDenseNetConfig::d4()
    };
    let input = InputShape {
        channels: 1,
        height: 36,
        width: 36,
    };
    let network = reseeded(config.init(input, 3, &device).unwrap(), 4);
    let images = noise([2, 1, 36, 36], 1, &device);
    let plain = network.export();
    assert_eq!(plain.describe(input).classes().unwrap(), 3);
    let difference = plain.forward(images.clone()) - network.forward(images);
    assert!(largest(difference) < 1e-4);
}

fn speech(width: usize) -> InputShape {
    InputShape {
        channels: 1,
        height: 1,
        width,
    }
}

fn small() -> WaveletConfig {
    WaveletConfig {
        group: "R4(2)".parse().unwrap(),
        channels: vec![3, 4, 5],
        kernel_sizes: vec![9, 3, 5],
        ranges: vec![3, 1],
        pool_after: vec![1, 2],
        ..WaveletConfig::default()
    }
}

#[test]
fn exported_wavelet_networks_are_the_same_and_can_be_rebuilt() {
    let device = Device::flex();
    let network = reseeded(small().init(speech(200), 6, &device).unwrap(), 5);
    let signals = noise([3, 1, 1, 200], 1, &device);
    let plain = network.export();
    let expected = network.forward(signals.clone());
    assert!(largest(plain.forward(signals.clone()) - expected.clone()) < 1e-4);
    let description = plain.describe(speech(200));
    assert_eq!(description.classes().unwrap(), 6);
    let text = serde_json::to_string(&description).unwrap();
    let read: PlainNetworkConfig = serde_json::from_str(&text).unwrap();
    assert_eq!(read, description);
    let rebuilt = read.init(&device).unwrap();
    assert_eq!(rebuilt.forward(signals.clone()).dims(), expected.dims());
    assert!(description.multiplications().unwrap() > 10_000);
    // Windows of a longer signal, the first of which is the signal itself but for what follows it.
    let long = noise([1, 1, 1, 264], 2, &device);
    let map = network.class_map(long.clone());
    assert_eq!(map.dims(), [1, 6, 1, (264 / 16) - (200 / 16) + 1]);
    assert!(largest(plain.class_map(long) - map) < 1e-4);
}

#[test]
fn what_a_waveform_network_learns_is_counted() {
    let device = Device::flex();
    for (config, time) in [(small(), 200), (WaveletConfig::default(), 4096)] {
        let network = config.init(speech(time), 10, &device).unwrap();
        let counted = config.parameters(speech(time), 10).unwrap().numbers();
        assert_eq!(Module::num_params(&network), counted);
    }
    assert_eq!(
        WaveletConfig::default().lengths(speech(4096)).unwrap(),
        [1024, 256, 64, 16, 16]
    );
}

/// Slowed down by an octave, a waveform is answered as before where its scales are among those that are seen.
#[test]
fn stretched_waveforms_move_along_scale() {
    let device = Device::flex();
    let config = WaveletConfig {
        channels: vec![4, 4],
        kernel_sizes: vec![9, 5],
        ranges: vec![1],
        pool_after: vec![],
        ..small()
    };
    let network = reseeded(config.init(speech(511), 5, &device).unwrap(), 5);
    let bells = |t: f64| (-(t / 9.0).powi(2)).exp() - 0.6 * (-((t - 14.0) / 6.0).powi(2)).exp();
    let values: Vec<f32> = (0..511)
        .map(|t| bells(f64::from(t) - 255.0) as f32)
        .collect();
    let signal = Tensor::from_data(TensorData::new(values, [1, 1, 1, 511]), &device);
    let stretches = [1.0, 2.0].map(PlaneTransformation::scaling);
    let found = survey(network.group(), &stretches, signal, |signal| {
        network.outputs(signal)
    });
    for output in &found[..2] {
        println!("{}: {:?}", output.name, output.errors);
        assert!(
            output.errors[0] < 1e-5 && output.errors[1] < 0.05,
            "{output:?}"
        );
    }
}

/// An image that grows moves the responses of a network over scales; those of a plain one stay.
#[test]
fn growing_images_move_along_scale() {
    let device = Device::flex();
    let of = |group: &str, kernel: KernelConfig, size: usize| {
        let config = GcnnConfig {
            kernel,
            kernel_sizes: vec![size; 2],
            channels: vec![4, 4],
            pool_after: vec![],
            ..scales(group, [1; 3])
        };
        let input = InputShape {
            channels: 1,
            height: 61,
            width: 61,
        };
        let network = reseeded(config.init(input, 3, &device).unwrap(), 2);
        let blob = |x: f64, y: f64| {
            (-(x * x + y * y) / 18.0).exp() - 0.7 * (-((x - 5.0).powi(2) + y * y) / 10.0).exp()
        };
        let values: Vec<f32> = (0..61 * 61)
            .map(|pixel| blob(f64::from(pixel % 61) - 30.0, 30.0 - f64::from(pixel / 61)) as f32)
            .collect();
        let image = Tensor::from_data(TensorData::new(values, [1, 1, 61, 61]), &device);
        let growing = [PlaneTransformation::scaling(std::f64::consts::SQRT_2)];
        let found = survey(network.group(), &growing, image, |image| {
            let outputs = network.outputs(image);
            outputs
                .into_iter()
                .filter(|(_, feature)| matches!(feature, Feature::Group(_)))
                .collect()
        });
        found
            .iter()
            .map(|output| output.errors[0])
            .fold(0.0, f64::max)
    };
    let hermite = KernelConfig::hermite(HermiteConfig {
        order: 2,
        ..HermiteConfig::default()
    });
    let (scale, plain) = (
        of("R4", hermite, 7),
        of("trivial", KernelConfig::pixel(), 7),
    );
    println!("over scales {scale:.4}, plain {plain:.4}");
    assert!(scale < 0.06, "{scale}");
    assert!(plain > 5.0 * scale, "{plain}");
}

#[test]
fn what_no_network_can_be_made_of_is_refused() {
    let device = Device::flex();
    let refused = |config: WaveletConfig, input| config.init(input, 2, &device).err().unwrap();
    let image = InputShape {
        channels: 1,
        height: 28,
        width: 28,
    };
    assert!(matches!(
        refused(small(), image),
        ModelError::NoSignal { .. }
    ));
    let short = refused(small(), speech(10));
    assert!(
        matches!(short, ModelError::SignalTooShort { shortest: 16, .. }),
        "{short}"
    );
    let ranges = WaveletConfig {
        ranges: vec![3],
        ..small()
    };
    assert!(matches!(
        refused(ranges, speech(200)),
        ModelError::RangeCount {
            ranges: 1,
            channels: 3
        }
    ));
    let deep = WaveletConfig {
        ranges: vec![3, 3],
        ..small()
    };
    let error = refused(deep, speech(200)).to_string();
    assert!(error.contains("layer 3"), "{error}");
    let even = WaveletConfig {
        kernel_sizes: vec![8, 3, 5],
        ..small()
    };
    assert!(matches!(
        refused(even, speech(200)),
        ModelError::Layer { layer: 1, .. }
    ));
    let endless = WaveletConfig {
        admissibility: f64::NAN,
        ..small()
    };
    assert!(matches!(
        refused(endless, speech(200)),
        ModelError::Layer { .. }
    ));
    let turned = WaveletConfig {
        group: "C4".parse().unwrap(),
        ..small()
    };
    assert!(matches!(
        refused(turned, speech(200)),
        ModelError::Layer { .. }
    ));
}
