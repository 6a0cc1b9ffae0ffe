//! Batch normalisation against its formulas.

use super::*;
use crate::testing::noise;
use crate::{
    DropoutUnit, FieldDropoutConfig, Group, SpatialMaxPool2dConfig, equivariance::measure,
};
use burn::module::Param;
use burn::tensor::{DType, Tolerance};
use rstest::rstest;

/// A layer whose scale, shift and running statistics are all non-trivial.
fn layer(channels: usize, device: &Device) -> FieldBatchNorm {
    let noise = |seed| noise([channels], seed, device);
    FieldBatchNorm {
        scale: Param::from_tensor(noise(1)),
        shift: Param::from_tensor(noise(2)),
        running_mean: RunningState::new(noise(3)),
        running_variance: RunningState::new(noise(4).powi_scalar(2) + 0.5),
        ..FieldBatchNormConfig::new(channels).init(device)
    }
}

#[test]
fn training_normalises_each_field_by_its_own_statistics() {
    let device = Device::flex().autodiff();
    let norm = FieldBatchNormConfig::new(3).init(&device);
    let offset = Tensor::<1>::from_floats([0., 5., -7.], &device).reshape([1, 3, 1, 1, 1]);
    let input = noise([6, 3, 4, 5, 5], 0, &device) * 3.0 + offset;
    let fields = norm.forward(input).swap_dims(0, 1).reshape([3, -1]);
    let (variance, mean) = fields.var_mean_bias(1);
    let tolerance = Tolerance::absolute(1e-4);
    mean.into_data()
        .assert_approx_eq::<f32>(&TensorData::from([[0f32]; 3]), tolerance);
    variance
        .into_data()
        .assert_approx_eq::<f32>(&TensorData::from([[1f32]; 3]), tolerance);
}

#[test]
fn running_statistics_follow_the_batches() {
    let device = Device::flex().autodiff();
    let norm = FieldBatchNormConfig::new(1)
        .with_momentum(0.25)
        .init(&device);
    // Mean 2 and variance 1 in every batch: after two, 1 − 0.75² of the way from (0, 1).
    let input = Tensor::<4>::from_floats([[[[1., 3.]]]], &device);
    norm.forward(input.clone());
    norm.forward(input);
    let mean: f32 = norm.running_mean.value().into_scalar();
    let variance: f32 = norm.running_variance.value().into_scalar();
    assert!((mean - 2.0 * 0.4375).abs() < 1e-6);
    assert!((variance - 1.0).abs() < 1e-6);
}

#[rstest]
fn evaluation_is_the_affine_map_of_the_running_statistics(#[values(1, 4)] orientations: usize) {
    let device = Device::flex();
    let norm = layer(2, &device);
    let input = noise([3, 2, orientations, 4, 4], 5, &device);
    let broadcast = |vector: Tensor<1>| vector.reshape([1, 2, 1, 1, 1]);
    let expected = (input.clone() - broadcast(noise([2], 3, &device)))
        / (broadcast(noise([2], 4, &device)).powi_scalar(2) + 0.5 + 1e-5).sqrt()
        * broadcast(noise([2], 1, &device))
        + broadcast(noise([2], 2, &device));
    norm.forward(input)
        .into_data()
        .assert_approx_eq::<f32>(&expected.into_data(), Tolerance::rel_abs(1e-5, 1e-6));
}

#[rstest]
fn commutes_with_exact_groups(
    #[values("C4", "D4")] group: &str,
    #[values(false, true)] training: bool,
) {
    let group: Group = group.parse().unwrap();
    let device = if training {
        Device::flex().autodiff()
    } else {
        Device::flex()
    };
    let norm = layer(3, &device);
    let input = noise([2, 3, group.order(), 6, 6], 7, &device);
    let report = measure(&group, input, |map: Tensor<5>| norm.forward(map));
    assert!(report.max_error() < 1e-5, "{report}");
}

/// A layer in double precision.
fn double_layer(channels: usize, device: &Device) -> FieldBatchNorm {
    let layer = layer(channels, device);
    let double = |tensor: Tensor<1>| tensor.cast(DType::F64).detach();
    FieldBatchNorm {
        scale: Param::from_tensor(double(layer.scale.val())),
        shift: Param::from_tensor(double(layer.shift.val())),
        running_mean: RunningState::new(double(layer.running_mean.value())),
        running_variance: RunningState::new(double(layer.running_variance.value())),
        ..layer
    }
}

#[rstest]
fn gradients_agree_with_finite_differences(#[values(0, 1, 2)] layers: usize) {
    let device = Device::flex().autodiff();
    let norm = double_layer(2, &device);
    let pool = SpatialMaxPool2dConfig::new(2).init();
    let dims = [2, 2, 2, 3, 4];
    let loss = |input: Tensor<5>| {
        let output = match layers {
            0 => norm.forward(input),
            1 => norm.forward_relu(input, None),
            _ => norm.forward_relu_pool(input, &pool),
        };
        let weights = noise(output.dims(), 3, &device).cast(DType::F64);
        (output * weights).sum()
    };
    let input = noise(dims, 4, &device).cast(DType::F64).require_grad();
    let gradients = loss(input.clone()).backward();
    let gradient: Vec<f64> = input.grad(&gradients).unwrap().into_data().iter().collect();
    let values: Vec<f64> = input.clone().into_data().iter().collect();
    let step = 1e-5;
    for index in 0..values.len() {
        let at = |shift: f64| {
            let mut moved = values.clone();
            moved[index] += shift;
            let data = TensorData::new(moved, dims);
            loss(Tensor::from_data(data, (&device, DType::F64))).into_scalar::<f64>()
        };
        let numeric = (at(step) - at(-step)) / (2.0 * step);
        assert!(
            (numeric - gradient[index]).abs() < 1e-7,
            "at {index}: {numeric} against {}",
            gradient[index]
        );
    }
}

/// The single pass against the layers one after the other, on maps whose fields are not a multiple of any vector.
#[rstest]
#[case([3, 2, 4, 7, 5])]
#[case([1, 3, 1, 1, 1])]
#[case([5, 2, 3, 40, 41])]
fn one_pass_agrees_with_the_separate_layers(#[case] dims: [usize; 5]) {
    let device = Device::flex().autodiff();
    let run = |fused: bool| {
        let norm = layer(dims[1], &device);
        let input = (noise(dims, 5, &device) + 3.0).require_grad();
        let output = match fused {
            true => norm.forward_relu(input.clone(), None),
            false => relu(norm.normalise_batch(input.clone())),
        };
        let gradients = (output.clone() * noise(dims, 6, &device)).sum().backward();
        let gradient =
            |parameter: &Param<Tensor<1>>| parameter.val().grad(&gradients).unwrap().into_data();
        [
            output.into_data(),
            input.grad(&gradients).unwrap().into_data(),
            gradient(&norm.scale),
            gradient(&norm.shift),
            norm.running_mean.value().into_data(),
            norm.running_variance.value().into_data(),
        ]
    };
    for (fused, separate) in run(true).into_iter().zip(run(false)) {
        fused.assert_approx_eq::<f32>(&separate, Tolerance::rel_abs(1e-4, 2e-5));
    }
}

/// With windows that pooling leaves over at the end, scales of both signs and more than one plane per field.
#[rstest]
#[case([3, 4, 4, 6, 8])]
#[case([2, 3, 1, 7, 5])]
#[case([5, 2, 3, 40, 42])]
fn pooling_in_the_same_pass_agrees_with_the_separate_layers(#[case] dims: [usize; 5]) {
    let device = Device::flex().autodiff();
    let pool = SpatialMaxPool2dConfig::new(2).init();
    let run = |fused: bool| {
        let norm = layer(dims[1], &device);
        let input = (noise(dims, 5, &device) + 3.0).require_grad();
        let output = match fused {
            true => norm.forward_relu_pool(input.clone(), &pool),
            false => pool.forward(relu(norm.normalise_batch(input.clone()))),
        };
        let gradients = (output.clone() * noise(output.dims(), 6, &device))
            .sum()
            .backward();
        let gradient =
            |parameter: &Param<Tensor<1>>| parameter.val().grad(&gradients).unwrap().into_data();
        [
            output.into_data(),
            input.grad(&gradients).unwrap().into_data(),
            gradient(&norm.scale),
            gradient(&norm.shift),
            norm.running_mean.value().into_data(),
        ]
    };
    for (fused, separate) in run(true).into_iter().zip(run(false)) {
        fused.assert_approx_eq::<f32>(&separate, Tolerance::rel_abs(1e-4, 2e-5));
    }
}

#[test]
fn the_mean_may_be_large_against_the_spread() {
    let device = Device::flex().autodiff();
    let norm = FieldBatchNormConfig::new(1).init(&device);
    let input = noise([4, 1, 16, 16], 1, &device);
    let plain = norm.forward(input.clone());
    // 1024 keeps thirteen bits of the noise.
    norm.forward(input + 1024.0)
        .into_data()
        .assert_approx_eq::<f32>(&plain.into_data(), Tolerance::absolute(1e-3));
}

#[rstest]
fn dropout_in_the_same_pass_drops_and_lets_no_gradient_through(
    #[values(DropoutUnit::Field, DropoutUnit::Value)] unit: DropoutUnit,
) {
    let device = Device::flex().autodiff();
    let norm = FieldBatchNormConfig::new(32).init(&device);
    let dropout = FieldDropoutConfig::new(0.25).with_unit(unit).init();
    let dims = [16, 32, 2, 9, 9];
    let input = noise(dims, 1, &device).require_grad();
    let without = norm.forward_relu(input.clone(), None);
    let with = norm.forward_relu(input.clone(), Some(&dropout));
    let gradients = with.clone().sum().backward();
    let shift_gradient: f32 = norm
        .shift
        .val()
        .grad(&gradients)
        .unwrap()
        .sum()
        .into_scalar();

    let without: Vec<f32> = without.into_data().iter().collect();
    let with: Vec<f32> = with.into_data().iter().collect();
    let (mut kept, mut positive) = (0, 0);
    for (without, with) in without.iter().zip(&with).filter(|pair| *pair.0 > 0.0) {
        positive += 1;
        if *with != 0.0 {
            kept += 1;
            assert!((with - without * 4.0 / 3.0).abs() < 1e-5);
        }
    }
    let share = f64::from(kept) / f64::from(positive);
    // Fields: 512 of them, a standard error of 0.02.
    assert!(
        (share - 0.75).abs()
            < if unit == DropoutUnit::Field {
                0.06
            } else {
                0.01
            }
    );
    // dL/dβ counts what was kept, scaled.
    assert!((f64::from(shift_gradient) / (f64::from(kept) * 4.0 / 3.0) - 1.0).abs() < 1e-4);
    if unit == DropoutUnit::Field {
        let fields = with.chunks(2 * 81).zip(without.chunks(2 * 81));
        for (with, without) in fields {
            let dropped = with.iter().all(|v| *v == 0.0);
            let whole = with
                .iter()
                .zip(without)
                .all(|(a, b)| (*a > 0.0) == (*b > 0.0));
            assert!(dropped || whole);
        }
    }
}

#[test]
fn masks_differ_from_pass_to_pass() {
    let device = Device::flex().autodiff();
    let norm = FieldBatchNormConfig::new(4).init(&device);
    let dropout = FieldDropoutConfig::new(0.5)
        .with_unit(DropoutUnit::Value)
        .init();
    let input = noise([4, 4, 16, 16], 1, &device);
    let [first, second] =
        [(); 2].map(|()| norm.forward_relu(input.clone(), Some(&dropout)).into_data());
    assert_ne!(first, second);
}

#[rstest]
#[case(FieldBatchNormConfig::new(0), "number of fields")]
#[case(FieldBatchNormConfig::new(1).with_epsilon(0.0), "epsilon")]
#[case(FieldBatchNormConfig::new(1).with_momentum(1.5), "momentum")]
fn impossible_settings_are_refused(#[case] config: FieldBatchNormConfig, #[case] names: &str) {
    let error = config.validate().unwrap_err().to_string();
    assert!(error.contains(names), "{error}");
}

/// Copies of a layer share their running statistics. One that goes to another device takes them along, and the other one
/// fetches them from there.
#[cfg(feature = "ndarray")]
#[rstest]
fn a_copy_on_another_device_leaves_the_layer_usable(#[values(false, true)] training: bool) {
    #[allow(deprecated)]
    let (here, there) = (Device::flex(), Device::ndarray());
    let [here, there] = match training {
        true => [here.autodiff(), there.autodiff()],
        false => [here, there],
    };
    let norm = layer(3, &here);
    let input = noise([2, 3, 4, 5, 5], 6, &here);
    let expected = norm.forward(input.clone()).into_data();
    let copy = norm.clone().fork(&there);
    for layer in [&norm, &copy, &norm] {
        let device = layer.scale.device();
        let found = layer.forward(input.clone().to_device(&device));
        found
            .into_data()
            .assert_approx_eq::<f32>(&expected, Tolerance::absolute(1e-5));
    }
    let [slope, _] = norm.line();
    assert_eq!(slope.device(), norm.scale.device());
}
