//! Saving and loading, moving between devices with and without gradients, and what the layers refuse and print.

use burn::prelude::*;
use burn::store::ModuleRecord;
use burn::tensor::DType;
use gcnn_layers::{
    GroupConv2d, GroupConv2dConfig, IsotropicConv2dConfig, LayerError, LiftingConv2d,
    LiftingConv2dConfig, Padding2d,
};
use rstest::rstest;

use super::{device, group, noise, relative_error, reseed, tensor, values};

#[derive(Module, Debug)]
struct Network {
    lifting: LiftingConv2d,
    conv: GroupConv2d,
}

impl Network {
    fn new(name: &str, device: &Device, seed: u64) -> Self {
        let h = group(name);
        let network = Self {
            lifting: LiftingConv2dConfig::new(h.clone(), [1, 4], 3).init(device),
            conv: GroupConv2dConfig::new(h, [4, 2], 3).init(device),
        };
        reseed(network, seed, DType::F32)
    }

    fn forward(&self, image: Tensor<4>) -> Tensor<5> {
        self.conv
            .forward(burn::tensor::activation::relu(self.lifting.forward(image)))
    }
}

fn image(device: &Device) -> Tensor<4> {
    tensor(&noise(2 * 81, 1), [2, 1, 9, 9], device, DType::F32)
}

#[rstest]
fn weights_are_saved_and_constants_are_not(#[values("C4", "C8")] name: &str) {
    let network = Network::new(name, &device(), 1);
    let expected = values(&network.forward(image(&device())));
    let record = network.into_record();
    // Two weights, two biases, and for each layer what it is over.
    assert_eq!(record.len(), 6);
    let bytes = record.into_bytes().unwrap();
    let other = Network::new(name, &device(), 2);
    assert!(relative_error(&values(&other.forward(image(&device()))), &expected) > 0.1);
    let loaded = other.load_record(ModuleRecord::from_bytes(bytes).unwrap());
    assert_eq!(values(&loaded.forward(image(&device()))), expected);
}

/// Groups of as many elements have weights of the same shapes, which mean something else.
#[test]
fn weights_over_another_group_are_refused() {
    let bytes = |name| {
        let record = Network::new(name, &device(), 1).into_record();
        record.into_bytes().unwrap()
    };
    let load = |name, bytes| {
        let record = ModuleRecord::from_bytes(bytes).unwrap();
        Network::new(name, &device(), 2).try_load_record(record)
    };
    for (own, other) in [("D2", "C4"), ("C4", "D2"), ("D4", "C8")] {
        assert!(load(own, bytes(own)).is_ok());
        let refusal = load(own, bytes(other)).unwrap_err().to_string();
        assert!(refusal.contains(&format!("over {own}")), "{refusal}");
    }
    let count = |name| Network::new(name, &device(), 1).num_params();
    assert_eq!(count("D2"), count("C4"));
    assert_eq!(count("C4"), 4 * 9 + 4 + 2 * 4 * 4 * 9 + 2);
}

#[rstest]
fn constants_follow_the_device(#[values("C4", "C8")] name: &str) {
    let training = device().autodiff();
    let network = Network::new(name, &training, 1);
    let trained = network.forward(image(&training));
    let gradients = trained.clone().sum().backward();
    assert!(network.conv.weight.val().grad(&gradients).is_some());
    let expected = values(&trained);

    let valid = network.valid();
    let evaluated = valid.forward(image(&device()));
    assert!(!evaluated.is_autodiff());
    assert_eq!(values(&evaluated), expected);

    let again = valid.train().forward(image(&training));
    assert!(again.is_autodiff());
    assert_eq!(values(&again), expected);

    let moved = Network::new(name, &device(), 1).to_device(&training);
    assert_eq!(values(&moved.forward(image(&training))), expected);
}

#[test]
fn initialisation_follows_the_device_seed() {
    // Other tests draw from the same generator meanwhile, so that only the distribution can be compared.
    let conv = GroupConv2dConfig::new(group("D4"), [16, 16], 5).init(&device());
    let drawn = values(&conv.weight.val());
    let square = drawn.iter().map(|w| w * w).sum::<f64>() / drawn.len() as f64;
    let expected = 2.0 / (16.0 * 8.0 * 25.0);
    assert!(
        (square / expected - 1.0).abs() < 0.05,
        "{square} {expected}"
    );
    assert!(values(&conv.bias.unwrap().val()).iter().all(|&b| b == 0.0));
}

#[test]
fn the_bank_is_an_ordinary_convolution() {
    let network = Network::new("D4", &device(), 3);
    assert_eq!(network.lifting.filter_bank().dims(), [4 * 8, 1, 3, 3]);
    assert_eq!(network.conv.filter_bank().dims(), [2 * 8, 4 * 8, 3, 3]);
    assert_eq!(network.conv.filter_bias().unwrap().dims(), [16]);
    let without = LiftingConv2dConfig::new(group("C4"), [1, 2], 3)
        .with_bias(false)
        .init(&device());
    assert!(without.filter_bias().is_none());
}

#[test]
fn inconsistent_configurations_are_refused() {
    let c4 = || group("C4");
    let refused = [
        LiftingConv2dConfig::new(c4(), [0, 2], 3).validate(),
        GroupConv2dConfig::new(c4(), [2, 0], 3).validate(),
        IsotropicConv2dConfig::new(c4(), [2, 2], 0).validate(),
        GroupConv2dConfig::new(c4(), [2, 2], 3)
            .with_stride(0)
            .validate(),
        GroupConv2dConfig::new(c4(), [2, 2], 3)
            .with_dilation(0)
            .validate(),
    ];
    for result in refused {
        let error = result.unwrap_err();
        assert!(matches!(error, LayerError::Zero { .. }), "{error}");
    }
    let even = GroupConv2dConfig::new(c4(), [2, 2], 4).with_padding(Padding2d::Same);
    assert!(matches!(even.validate(), Err(LayerError::HalfPixel { .. })));
    let huge = GroupConv2dConfig::new(c4(), [2, 2], 1000).validate();
    assert!(matches!(huge, Err(LayerError::KernelSize { size: 1000 })));
}

#[test]
#[should_panic(expected = "takes 4 channels on C4, whose group axis has 4 elements")]
fn a_map_on_another_group_is_refused() {
    let network = Network::new("C4", &device(), 1);
    let _ = network
        .conv
        .forward(Tensor::zeros([1, 4, 8, 9, 9], &device()));
}

#[test]
#[should_panic(expected = "GroupConv2d: stride must be at least 1")]
fn initialising_what_does_not_validate_panics_with_the_reason() {
    let _ = GroupConv2dConfig::new(group("C4"), [2, 2], 3)
        .with_stride(0)
        .init(&device());
}

#[test]
fn configurations_are_written_by_the_group_name() {
    let config = LiftingConv2dConfig::new(group("D4"), [3, 8], 5).with_padding(Padding2d::Circular);
    let json = serde_json::to_string(&config).unwrap();
    assert!(
        json.contains(r#""group":"D4""#) && json.contains(r#""padding":"circular""#),
        "{json}"
    );
    let read: LiftingConv2dConfig = serde_json::from_str(&json).unwrap();
    assert_eq!(read.group, config.group);
}

#[test]
fn layers_print_their_settings() {
    let conv = GroupConv2dConfig::new(group("D4"), [4, 6], 3)
        .with_stride(2)
        .init(&device());
    let text = conv.to_string();
    for part in [
        "GroupConv2d",
        "group: D4",
        "ch_in: 4",
        "ch_out: 6",
        "kernel_size: 3",
        "stride: 2",
        "params: 1734",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}
