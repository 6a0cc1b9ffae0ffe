//! What layers cannot take is refused by their own words, and what they learn is what they say.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::module::{ModuleVisitor, Param};
use burn::prelude::*;
use burn::store::ModuleRecord;
use burn::tensor::DType;
use rstest::rstest;

use super::fields;
use crate::Parameters;
use crate::field::*;

fn words<R>(run: impl FnOnce() -> R) -> String {
    let Err(panic) = catch_unwind(AssertUnwindSafe(run)) else {
        panic!("nothing was refused")
    };
    panic.downcast_ref::<String>().cloned().unwrap_or_default()
}

fn conv(input: &str, output: &str, size: usize) -> SteerableConv2dConfig {
    SteerableConv2dConfig::new(fields(input), fields(output), size)
}

#[rstest]
#[case(
    conv("C4: trivial", "C8: regular", 3),
    "C8 is no group of fields on C4"
)]
#[case(
    conv("SO(2): trivial", "SO(2): trivial + irrep(3)", 5),
    "leads to irrep(3) from the fields SO(2): 1 trivial"
)]
#[case(conv("D4: trivial", "D4: sign", 5), "leads to sign")]
#[case(
    conv("C4: trivial", "C4: regular", 0),
    "kernel_size must be at least 1"
)]
#[case(conv("C4: trivial", "C4: regular", 34), "kernel_size 34 is too large")]
#[case(conv("C4: trivial", "C4: regular", 3).with_stride(0), "stride must be at least 1")]
#[case(conv("C4: trivial", "C4: regular", 3).with_gain(f64::NAN), "the gain")]
#[case(conv("SO(2): trivial", "SO(2): trivial", 4).with_padding(crate::Padding2d::Same), "half a pixel")]
#[case(
    conv("O(2): trivial", "O(2): trivial", 3).with_stride(2).with_input_size(Some([8, 9])),
    "leave 1 of 8 pixels over"
)]
#[case(
    conv("C128: regular", "C128: regular", 9),
    "have more than 33554432 numbers"
)]
#[case(conv("C4: 60000 trivial", "C4: 60000 trivial", 3), "weights, at most")]
fn settings_that_cannot_work(#[case] config: SteerableConv2dConfig, #[case] said: &str) {
    let error = config.validate().unwrap_err().to_string();
    assert!(error.contains(said), "{error}");
    assert_eq!(
        config.try_init(&Device::flex()).unwrap_err().to_string(),
        error
    );
    assert!(config.parameters().is_err());
}

#[test]
fn other_settings_that_cannot_work() {
    let said = |error: crate::LayerError, part: &str| {
        assert!(error.to_string().contains(part), "{error}");
    };
    let fourier = |text, samples| FourierNonlinearityConfig::new(fields(text), samples).validate();
    said(
        fourier("C8: regular", 8).unwrap_err(),
        "regular is not given by Fourier coefficients",
    );
    said(
        fourier("SO(2): fourier(3)", 6).unwrap_err(),
        "need 7 samples and more, there are 6",
    );
    said(
        fourier("C8: fourier(2)", 12).unwrap_err(),
        "a multiple of 8 works",
    );
    said(
        fourier("SO(2): fourier(3)", 1 << 20).unwrap_err(),
        "at most 1024",
    );
    let change = |a, b| BasisChangeConfig::new(fields(a), fields(b)).validate();
    said(
        change("C8: regular", "C8: fourier(3)").unwrap_err(),
        "no two bases of the same",
    );
    said(
        change("C8: regular", "C8: 2 fourier(4)").unwrap_err(),
        "no two bases of the same",
    );
    let norm = NormNonlinearityConfig::new(fields("C4: regular"));
    said(
        norm.clone().with_threshold(0.0).validate().unwrap_err(),
        "threshold",
    );
    said(
        norm.with_threshold(f64::INFINITY).validate().unwrap_err(),
        "threshold",
    );
    let batch = SteerableBatchNorm2dConfig::new(fields("C4: regular"));
    said(
        batch.clone().with_epsilon(0.0).validate().unwrap_err(),
        "epsilon",
    );
    said(batch.with_momentum(1.5).validate().unwrap_err(), "momentum");
    let gates = GatedNonlinearityConfig::new(fields("C4: 40000 trivial"));
    said(gates.validate().unwrap_err(), "at most 65536 components");
    let element = Isometry {
        angle: 1.0,
        reflects: false,
    };
    let features = Tensor::ones([1, 4, 3, 3], &Device::flex());
    let error = field_action(&fields("C4: regular"), element, features).unwrap_err();
    assert!(
        error.to_string().contains("no rotation by 57.29"),
        "{error}"
    );
}

#[test]
fn layers_name_what_they_take() {
    let device = Device::flex();
    let other = || Tensor::<4>::ones([2, 5, 9, 9], &device);
    let of = fields("C4: 2 regular");
    let all = [
        (
            "SteerableConv2d",
            words(|| {
                conv("C4: 2 regular", "C4: regular", 3)
                    .init(&device)
                    .forward(other())
            }),
        ),
        (
            "NormNonlinearity",
            words(|| {
                NormNonlinearityConfig::new(of.clone())
                    .init(&device)
                    .forward(other())
            }),
        ),
        (
            "GatedNonlinearity",
            words(|| {
                GatedNonlinearityConfig::new(of.clone())
                    .init(&device)
                    .forward(other())
            }),
        ),
        (
            "PointwiseNonlinearity",
            words(|| {
                PointwiseNonlinearityConfig::new(of.clone())
                    .init()
                    .forward(other())
            }),
        ),
        (
            "SteerableBatchNorm2d",
            words(|| {
                SteerableBatchNorm2dConfig::new(of.clone())
                    .init(&device)
                    .forward(other())
            }),
        ),
        (
            "InvariantPool",
            words(|| InvariantPoolConfig::new(of.clone()).init().forward(other())),
        ),
    ];
    for (layer, said) in all {
        for part in [layer, "2 regular", "[2, 5, 9, 9]"] {
            assert!(said.contains(part), "{said}");
        }
    }
    let small = Tensor::<4>::ones([2, 8, 2, 9], &device);
    let said = words(|| {
        conv("C4: 2 regular", "C4: regular", 3)
            .init(&device)
            .forward(small)
    });
    assert!(
        said.contains("SteerableConv2d") && said.contains("window of 3"),
        "{said}"
    );
}

/// Names and shapes of what a module learns.
#[derive(Default)]
struct Shapes {
    path: Vec<String>,
    found: BTreeMap<String, Vec<usize>>,
}

impl ModuleVisitor for Shapes {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.into());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.found
            .insert(self.path.join("."), param.dims().to_vec());
    }
}

fn learns<M: Module>(module: &M, said: Parameters) {
    let mut shapes = Shapes::default();
    module.visit(&mut shapes);
    let said = said
        .iter()
        .map(|(name, shape)| (name.to_owned(), shape.to_vec()));
    assert_eq!(shapes.found, said.collect());
}

#[rstest]
fn layers_learn_what_they_say(
    #[values(
        "C8: 2 trivial + 3 regular + irrep(1)",
        "SO(2): trivial + 2 irrep(1) + 2 irrep(6)",
        "O(2): 3 irrep(1,1)"
    )]
    text: &str,
    #[values(false, true)] bias: bool,
) {
    let device = Device::flex();
    let config = conv(text, text, 5).with_bias(bias);
    learns(&config.init(&device), config.parameters().unwrap());
    let config = SteerableBatchNorm2dConfig::new(fields(text));
    learns(&config.init(&device), config.parameters());
    for kind in [NormKind::Relu, NormKind::Squash] {
        let config = NormNonlinearityConfig::new(fields(text)).with_kind(kind);
        learns(&config.init(&device), config.parameters());
    }
    let config = GatedNonlinearityConfig::new(fields(text));
    learns(&config.init(&device), config.parameters());
}

#[test]
fn configurations_are_written_and_read() {
    let config = conv("C8: trivial", "C8: 2 regular", 5).with_stride(2);
    let json = serde_json::to_string(&config).unwrap();
    assert!(json.contains(r#""output":"C8: 2 regular""#), "{json}");
    let read: SteerableConv2dConfig = serde_json::from_str(&json).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), json);
    let numbers = config.filter_numbers().unwrap();
    assert_eq!(numbers, 11 * 8 * 25 + 16 * 25);
}

/// Gradients reach the weights, the bias and the input.
#[test]
fn gradients_flow() {
    let device = Device::flex().autodiff();
    let layer = conv("C4: trivial + irrep(1)", "C4: regular", 3).init(&device);
    let input = Tensor::<4>::ones([1, 3, 5, 5], &device).require_grad();
    let gradients = layer.forward(input.clone()).powi_scalar(2).sum().backward();
    assert!(input.grad(&gradients).is_some());
    for kernel in &layer.kernels {
        let gradient = kernel.weight.val().grad(&gradients).unwrap();
        assert!(gradient.abs().max().into_scalar::<f32>() > 0.0);
    }
    assert!(layer.bias.unwrap().val().grad(&gradients).is_some());
}

/// Weights of other fields may have the same shapes, and mean something else.
#[test]
fn records_are_those_of_the_fields() {
    let device = Device::flex();
    let bytes =
        |config: &SteerableConv2dConfig| config.init(&device).into_record().into_bytes().unwrap();
    let load = |config: &SteerableConv2dConfig, bytes| {
        config
            .init(&device)
            .try_load_record(ModuleRecord::from_bytes(bytes).unwrap())
    };
    let own = conv("SO(2): trivial", "SO(2): irrep(1)", 5);
    let other = conv("SO(2): trivial", "SO(2): irrep(2)", 5);
    assert_eq!(own.parameters().unwrap(), other.parameters().unwrap());
    let refusal = load(&own, bytes(&other)).unwrap_err().to_string();
    assert!(
        refusal.contains("SO(2): 1 trivial to SO(2): 1 irrep(1)"),
        "{refusal}"
    );
    let first = own.init(&device);
    let loaded = load(&own, first.clone().into_record().into_bytes().unwrap()).unwrap();
    let input = crate::testing::noise([1, 1, 7, 7], 1, &device);
    let [first, loaded] = [first, loaded].map(|layer| super::values(&layer.forward(input.clone())));
    assert_eq!(first, loaded);
}

/// A convolution and the normalisation behind it, after some training, are one ordinary convolution.
#[rstest]
fn at_inference_layers_are_ordinary_convolutions(
    #[values("C8: 2 regular + irrep(1)", "O(2): 2 trivial + irrep(1,1) + sign")] text: &str,
    #[values(crate::Padding2d::None, crate::Padding2d::Same)] padding: crate::Padding2d,
) {
    let training = Device::flex().autodiff();
    let config = conv(text, text, 5)
        .with_padding(padding)
        .with_dilation(2)
        .with_stride(2);
    let mut conv = config.init(&training);
    conv.bias = conv
        .bias
        .map(|bias| bias.map(|zero| crate::testing::noise(zero.dims(), 3, &training)));
    let norm = SteerableBatchNorm2dConfig::new(fields(text)).init(&training);
    let input = crate::testing::noise([3, conv.input_fields().dim(), 13, 13], 1, &training) + 0.5;
    for _ in 0..3 {
        norm.forward(conv.forward(input.clone()));
    }
    let (conv, norm, input) = (conv.valid(), norm.valid(), input.inner());
    let expected = norm.forward(conv.forward(input.clone()));
    let found = norm.fold_into(conv.export()).forward(input);
    assert!(super::relative_error(&found, &expected) < 1e-5);
    let said = words(|| {
        let other = SteerableBatchNorm2dConfig::new(fields("C4: regular")).init(&Device::flex());
        other.fold_into(conv.export())
    });
    assert!(
        said.contains("SteerableBatchNorm2d of C4: 1 regular"),
        "{said}"
    );
}

/// Lengths have no gradient at zero, and give none that isn't a number.
#[test]
fn gradients_of_lengths_at_zero_are_finite() {
    let device = Device::flex().autodiff();
    let of = fields("SO(2): trivial + irrep(1)");
    let input = || Tensor::<4>::zeros([1, 3, 2, 2], &device).require_grad();
    let finite = |input: Tensor<4>, output: Tensor<4>| {
        let gradients = output.sum().backward();
        let gradient = super::values(&input.grad(&gradients).unwrap());
        assert!(gradient.into_iter().all(f64::is_finite));
    };
    let zero = input();
    let pool = InvariantPoolConfig::new(of.clone()).init();
    finite(zero.clone(), pool.forward(zero));
    for kind in [
        NormKind::Relu,
        NormKind::Sigmoid,
        NormKind::Softplus,
        NormKind::Squash,
    ] {
        let zero = input();
        let layer = NormNonlinearityConfig::new(of.clone())
            .with_kind(kind)
            .init(&device);
        finite(zero.clone(), layer.forward(zero));
    }
}

/// Weights and features in double precision; other pairs are refused.
#[test]
fn numbers_are_those_of_the_layer() {
    let device = Device::flex();
    let mut layer = conv("C4: trivial", "C4: regular", 3).init(&device);
    let input = crate::testing::noise([1, 1, 5, 5], 1, &device);
    let expected = layer.forward(input.clone());
    for kernel in &mut layer.kernels {
        kernel.weight = kernel.weight.clone().map(|weight| weight.cast(DType::F64));
    }
    layer.bias = layer
        .bias
        .map(|bias| bias.map(|bias| bias.cast(DType::F64)));
    let found = layer.forward(input.clone().cast(DType::F64));
    assert_eq!(found.dtype(), DType::F64);
    assert!(super::relative_error(&found, &expected) < 1e-6);
    let said = words(|| layer.forward(input));
    assert!(
        said.contains("SteerableConv2d has F64 numbers, its input F32"),
        "{said}"
    );
}
