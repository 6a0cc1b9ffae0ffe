//! What a layer cannot take is refused by its own words: which layer, what it takes, what it found.

#![cfg(feature = "flex")]

use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::prelude::*;
use burn::tensor::DType;
use gcnn_layers::inference::{Finish, scale_and_shift};
use gcnn_layers::steerable::*;
use gcnn_layers::*;
use rstest::rstest;

/// The words of a panic.
fn words<R>(run: impl FnOnce() -> R) -> String {
    let Err(panic) = catch_unwind(AssertUnwindSafe(run)) else {
        panic!("nothing was refused")
    };
    let text = panic.downcast_ref::<String>().cloned();
    text.unwrap_or_else(|| panic.downcast_ref::<&str>().unwrap_or(&"").to_string())
}

fn says(words: String, parts: &[&str]) {
    for part in parts {
        assert!(words.contains(part), "`{part}` is not in: {words}");
    }
}

fn group(name: &str) -> Group {
    name.parse().unwrap()
}

fn irreps(text: &str) -> Irreps {
    text.parse().unwrap()
}

fn ones<const D: usize>(dims: [usize; D]) -> Tensor<D> {
    Tensor::ones(dims, &Device::flex())
}

#[test]
fn convolutions_name_channels_group_and_window() {
    let device = Device::flex();
    let lift = LiftingConv2dConfig::new(group("C4"), [3, 2], 5).init(&device);
    says(
        words(|| lift.forward(ones([1, 2, 9, 9]))),
        &["LiftingConv2d", "3 channels", "[1, 2, 9, 9]"],
    );
    says(
        words(|| lift.forward(ones([1, 3, 4, 9]))),
        &["LiftingConv2d", "window of 5", "input of 4"],
    );
    let conv = GroupConv2dConfig::new(group("D2"), [3, 2], 3).init(&device);
    says(
        words(|| conv.forward(ones([1, 3, 8, 9, 9]))),
        &["GroupConv2d", "on D2", "4 elements", "[1, 3, 8, 9, 9]"],
    );
    let isotropic = IsotropicConv2dConfig::new(group("C4"), [3, 2], 3).init(&device);
    says(
        words(|| isotropic.forward(ones([1, 4, 9, 9]))),
        &["IsotropicConv2d", "3 channels", "[1, 4, 9, 9]"],
    );
}

#[test]
fn attention_names_channels_group_and_numbers() {
    let device = Device::flex();
    let gate = AttentiveGateConfig::new(group("C4"), 3).init(&device);
    says(
        words(|| gate.forward(ones([1, 2, 4, 9, 9]))),
        &["AttentiveGate", "3 channels on C4", "[1, 2, 4, 9, 9]"],
    );
    says(
        words(|| gate.attention(ones([1, 3, 8, 9, 9]))),
        &["AttentiveGate", "4 elements", "[1, 3, 8, 9, 9]"],
    );
    says(
        words(|| gate.forward(ones([1, 3, 4, 0, 9]))),
        &["AttentiveGate", "a pixel at least", "[1, 3, 4, 0, 9]"],
    );
    let of_plane = AttentivePlaneGateConfig::new(group("C4"), 3).init(&device);
    says(
        words(|| of_plane.forward(ones([1, 2, 9, 9]))),
        &["AttentivePlaneGate", "3 channels", "[1, 2, 9, 9]"],
    );
    let convolution = LiftingConv2dConfig::new(group("C4"), [3, 2], 5);
    let lifting = AttentiveLiftingConv2dConfig::new(convolution).init(&device);
    says(
        words(|| lifting.forward(ones([1, 2, 9, 9]))),
        &["AttentiveLiftingConv2d", "3 channels", "[1, 2, 9, 9]"],
    );
    says(
        words(|| lifting.forward(ones([1, 3, 4, 9]))),
        &["window of 5", "input of 4"],
    );
    fn double<const D: usize>(dims: [usize; D]) -> Tensor<D> {
        Tensor::ones(dims, (&Device::flex(), DType::F64))
    }
    let both = ["F32", "F64", "cast"];
    says(words(|| gate.forward(double([1, 3, 4, 9, 9]))), &both);
    says(words(|| of_plane.forward(double([1, 3, 9, 9]))), &both);
    says(words(|| lifting.forward(double([1, 3, 9, 9]))), &both);
}

#[rstest]
fn normalisation_counts_its_fields(#[values(4, 16)] fields: usize, #[values(0, 1, 2)] way: usize) {
    let norm = FieldBatchNormConfig::new(8).init(&Device::flex());
    let pool = SpatialMaxPool2dConfig::new(2).init();
    let map = ones([2, fields, 4, 6, 6]);
    let said = words(|| match way {
        0 => norm.forward(map),
        1 => norm.forward_relu(map, None),
        _ => norm.forward_relu_pool(map, &pool),
    });
    says(
        said,
        &["FieldBatchNorm", "8 channels", &format!("[2, {fields}, ")],
    );
    let line = || scale_and_shift(ones([1, fields, 2]), ones([8]), ones([8]), Finish::Nothing);
    says(words(line), &["a line per channel", "8 channels"]);
}

#[test]
fn pools_name_their_window() {
    let max = SpatialMaxPool2dConfig::new(5).init();
    let mean = SpatialAvgPool2dConfig::new(5).init();
    let small = || ones([1, 2, 4, 9]);
    says(
        words(|| max.forward(small())),
        &["SpatialMaxPool2d", "window of 5", "input of 4"],
    );
    says(
        words(|| mean.forward(small())),
        &["SpatialAvgPool2d", "window of 5", "input of 4"],
    );
    let norm = FieldBatchNormConfig::new(2).init(&Device::flex());
    says(
        words(|| norm.forward_relu_pool(small(), &max)),
        &["SpatialMaxPool2d", "window of 5"],
    );
    says(
        words(|| max.forward(ones([4, 9, 9]))),
        &[
            "SpatialMaxPool2d",
            "[batch, channels, …, height, width]",
            "[4, 9, 9]",
        ],
    );
    let global = GlobalPool2dConfig::new().init();
    says(
        words(|| global.forward(ones([2, 3, 0, 4]))),
        &["GlobalPool2d", "[2, 3, 0, 4]"],
    );
}

#[test]
fn positions_have_three_coordinates() {
    let device = Device::flex();
    let parts = ["[rows, 3]", "[5, 2]"];
    let harmonics = SphericalHarmonicsConfig::new(2).init();
    let said = words(|| harmonics.forward(ones([5, 2])));
    says(said.clone(), &parts);
    says(said, &["SphericalHarmonics"]);
    let graph = GraphTensors::new(&Graph::fully_connected(5).unwrap(), &device);
    let conv = PointConvConfig::new(irreps("2x0e"), irreps("1x1o")).init(&device);
    let said = words(|| conv.forward(ones([5, 2]), ones([5, 2]), &graph));
    says(said.clone(), &parts);
    says(said, &["PointConv"]);
    says(words(|| graph.centre(ones([5, 2]))), &parts);
    says(words(|| graph.relative_positions(ones([5, 2]))), &parts);
}

/// A tensor of float64 given to a network of float32.
#[test]
fn numbers_of_another_type_are_refused() {
    let device = Device::flex();
    fn double<const D: usize>(dims: [usize; D]) -> Tensor<D> {
        Tensor::ones(dims, (&Device::flex(), DType::F64))
    }
    let both = ["F32", "F64", "cast"];
    let c4 = || group("C4");
    let lift = LiftingConv2dConfig::new(c4(), [1, 2], 3).init(&device);
    says(words(|| lift.forward(double([1, 1, 5, 5]))), &both);
    let conv = GroupConv2dConfig::new(c4(), [1, 2], 3).init(&device);
    says(words(|| conv.forward(double([1, 1, 4, 5, 5]))), &both);
    let isotropic = IsotropicConv2dConfig::new(c4(), [1, 2], 3).init(&device);
    says(words(|| isotropic.forward(double([1, 1, 5, 5]))), &both);
    let norm = FieldBatchNormConfig::new(2).init(&device);
    says(words(|| norm.forward(double([1, 2, 5, 5]))), &both);

    let graph = GraphTensors::new(&Graph::fully_connected(5).unwrap(), &device);
    let of = || irreps("2x0e+1x1o");
    let linear = SteerableLinearConfig::new(of(), of()).init(&device);
    says(words(|| linear.forward(double([5, 5]))), &both);
    let batch = SteerableBatchNormConfig::new(of()).init(&device);
    says(words(|| batch.forward(double([5, 5]))), &both);
    let instance = SteerableInstanceNormConfig::new(of()).init(&device);
    says(words(|| instance.forward(double([5, 5]), &graph)), &both);
    let one = irreps("1x0e");
    let product = TensorProductConfig::new(of(), one.clone(), of()).init(&device);
    let attributes = Attributes::new(&one, ones([5, 1])).unwrap();
    says(
        words(|| product.forward(double([5, 5]), &attributes)),
        &both,
    );
    let wide = Attributes::new(&one, double([5, 1])).unwrap();
    says(words(|| product.forward(ones([5, 5]), &wide)), &both);
    let point = PointConvConfig::new(of(), of()).init(&device);
    says(
        words(|| point.forward(ones([5, 5]), double([5, 3]), &graph)),
        &both,
    );
}

/// Every configuration that can be wrong can be tried, and says the same as `validate`.
#[test]
fn configurations_can_be_tried() {
    let device = Device::flex();
    let c4 = || group("C4");
    let (one, odd) = (|| irreps("1x0e"), || irreps("1x1o"));
    macro_rules! refused {
        ($($config:expr => ($($argument:expr)?)),+ $(,)?) => {
            $({
                let config = $config;
                let expected = config.validate().unwrap_err();
                assert_eq!(config.try_init($($argument)?).err(), Some(expected));
            })+
        };
    }
    refused!(
        LiftingConv2dConfig::new(c4(), [0, 2], 3) => (&device),
        GroupConv2dConfig::new(c4(), [2, 0], 3) => (&device),
        IsotropicConv2dConfig::new(c4(), [2, 2], 0) => (&device),
        AttentiveGateConfig::new(c4(), 0) => (&device),
        AttentivePlaneGateConfig::new(c4(), 3).with_ratio(0) => (&device),
        AttentiveLiftingConv2dConfig::new(LiftingConv2dConfig::new(c4(), [1, 2], 0)) => (&device),
        FieldBatchNormConfig::new(0) => (&device),
        FieldDropoutConfig::new(1.0) => (),
        SpatialMaxPool2dConfig::new(0) => (),
        SpatialAvgPool2dConfig::new(0) => (),
        SphericalHarmonicsConfig::new(12) => (),
        SphericalFourierConfig::new(0, 1) => (),
        SteerableInstanceNormConfig::new(one()).with_epsilon(0.0) => (&device),
        SteerableBatchNormConfig::new(one()).with_epsilon(0.0) => (&device),
        TensorProductConfig::new(one(), one(), odd()) => (&device),
        SteerableLinearConfig::new(one(), odd()) => (&device),
        SteerableMlpConfig::new(one(), one(), one(), odd()) => (&device),
        PointConvConfig::new(one(), irreps("1x2e")) => (&device),
    );
    let gate = GateConfig::new(irreps("2x0e+1x1o"));
    assert_eq!(gate.try_init().is_ok(), gate.validate().is_ok());
}
