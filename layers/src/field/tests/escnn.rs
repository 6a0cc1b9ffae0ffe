//! Layers against values of escnn, the official code of E(2)-steerable networks.

use burn::module::{Param, RunningState};
use burn::prelude::*;
use burn::tensor::DType;
use rstest::rstest;

use super::{fields, relative, values};
use crate::Padding2d;
use crate::field::reference::{Reference, turned};
use crate::field::{
    FourierNonlinearityConfig, GatedNonlinearityConfig, KernelSpace, NormKind,
    NormNonlinearityConfig, Pointwise, SteerableBatchNorm2d, SteerableBatchNorm2dConfig,
    SteerableConv2dConfig,
};

fn device() -> Device {
    Device::flex().autodiff()
}

fn double<const D: usize>(values: Vec<f64>, dims: [usize; D]) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, dims), (&device(), DType::F64))
}

fn tensor(reference: &Reference, name: &str) -> Tensor<4> {
    let dims = reference.dims(name).try_into().unwrap();
    double(reference.values(name), dims).require_grad()
}

fn agrees<const D: usize>(found: &Tensor<D>, reference: &Reference, name: &str, bound: f64) {
    assert_eq!(found.dims()[..], reference.dims(name));
    let error = relative(&values(found), &reference.values(name));
    assert!(error < bound, "{name}: {error:e}");
}

fn picked(values: &[f64], order: &[usize]) -> Vec<f64> {
    order.iter().map(|&place| values[place]).collect()
}

/// The coefficients of a vector in rows, by least squares, and what is left over, relative to the vector.
fn solved(rows: &[f64], vector: &[f64]) -> (Vec<f64>, f64) {
    let (length, dot) = (vector.len(), |a: &[f64], b: &[f64]| {
        a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>()
    });
    let rows: Vec<&[f64]> = rows.chunks_exact(length).collect();
    let n = rows.len();
    let mut system: Vec<Vec<f64>> = rows
        .iter()
        .map(|row| {
            let products = rows.iter().map(|other| dot(row, other));
            products.chain([dot(row, vector)]).collect()
        })
        .collect();
    // Elimination without exchanges: the matrix is positive.
    for pivot in 0..n {
        let own = system[pivot].clone();
        for (index, row) in system.iter_mut().enumerate() {
            if index != pivot {
                let factor = row[pivot] / own[pivot];
                row.iter_mut().zip(&own).for_each(|(a, b)| *a -= factor * b);
            }
        }
    }
    let weights: Vec<f64> = (0..n).map(|k| system[k][n] / system[k][k]).collect();
    let rest: Vec<f64> = (0..length)
        .map(|at| vector[at] - (0..n).map(|k| weights[k] * rows[k][at]).sum::<f64>())
        .collect();
    (weights, (dot(&rest, &rest) / dot(vector, vector)).sqrt())
}

/// The published filters lie in the space of kernels; with their weights the layer gives the published output.
#[rstest]
#[case(
    "c8",
    "C8: trivial + regular + irrep(1)",
    "C8: regular + irrep(2) + trivial",
    169
)]
#[case(
    "d4",
    "D4: trivial + irrep(1,1)",
    "D4: regular + irrep(1,1) + sign",
    44
)]
#[case(
    "so2",
    "SO(2): trivial + irrep(1) + irrep(2)",
    "SO(2): trivial + irrep(1) + irrep(3)",
    37
)]
fn convolutions(
    #[case] name: &str,
    #[case] input: &str,
    #[case] output: &str,
    #[case] weights: usize,
) {
    let (reference, device) = (Reference::modules(), Device::flex());
    let (input, output) = (fields(input), fields(output));
    let config = SteerableConv2dConfig::new(input.clone(), output.clone(), 5);
    let mut conv = config.with_padding(Padding2d::Same).init(&device);
    let of_file = |part: &str, side: usize| {
        let values = reference.values(&format!("r2conv_{name}.{part}"));
        match input.group().reflects() {
            true => turned(&values, side),
            false => values,
        }
    };
    let (filter, mut found) = (of_file("filter", 5), 0);
    let mut kernels = conv.kernels.iter_mut();
    for (to, rows) in output.blocks().iter().zip(output.slices()) {
        for (from, columns) in input.blocks().iter().zip(input.slices()) {
            let (to, from) = (&to.representation, &from.representation);
            let space = KernelSpace::new(from, to, 5).unwrap();
            let own: Vec<f64> = rows
                .clone()
                .flat_map(|row| columns.clone().map(move |column| (row, column)))
                .flat_map(|(row, column)| &filter[(row * input.dim() + column) * 25..][..25])
                .copied()
                .collect();
            let count = space.elements().len();
            if count == 0 {
                assert!(own.iter().all(|value| value.abs() < 1e-12));
                continue;
            }
            let (weights, rest) = solved(space.values(), &own);
            assert!(rest < 1e-6, "{name} {from} {to}: {rest:e}");
            let weights = Tensor::from_data(TensorData::new(weights, [1, 1, count]), &device);
            kernels.next().unwrap().weight = Param::from_tensor(weights);
            found += count;
        }
    }
    assert_eq!(found, weights);
    let bias = reference.values(&format!("r2conv_{name}.bias"));
    let expanded = Tensor::<1>::from_floats(
        &bias.iter().map(|b| *b as f32).collect::<Vec<_>>()[..],
        &device,
    );
    conv.bias = Some(Param::from_tensor(
        conv.layout.along_invariants(expanded).unwrap(),
    ));
    assert!(relative(&values(&conv.filter_bias().unwrap()), &bias) < 1e-6);
    let dims: [usize; 4] = reference
        .dims(&format!("r2conv_{name}.in"))
        .try_into()
        .unwrap();
    let input = Tensor::<4>::from_data(TensorData::new(of_file("in", 7), dims), &device);
    let error = relative(&values(&conv.forward(input)), &of_file("out", 7));
    assert!(error < 1e-5, "{name}: {error:e}");
}

/// The published parameters are in the order of the fields' sizes, ours in that of the fields.
#[rstest]
#[case(NormKind::Relu, "n_relu")]
#[case(NormKind::Sigmoid, "n_sigmoid")]
#[case(NormKind::Softplus, "n_softplus")]
#[case(NormKind::Squash, "squash")]
fn norms(#[case] kind: NormKind, #[case] name: &str) {
    const ORDER: [usize; 5] = [2, 0, 3, 1, 4];
    let reference = Reference::modules();
    let of = fields("SO(2): irrep(1) + trivial + irrep(2) + trivial + irrep(3)");
    let mut layer = NormNonlinearityConfig::new(of)
        .with_kind(kind)
        .init(&device());
    if kind != NormKind::Squash {
        let thresholds = picked(&reference.values("norm.n_relu.log_bias"), &ORDER);
        layer.log_threshold = Some(Param::from_tensor(double(thresholds, [5]).require_grad()));
    }
    let input = tensor(&reference, "norm.in");
    let output = layer.forward(input.clone());
    agrees(&output, &reference, &format!("norm.{name}.out"), 1e-12);
    let gradients = (output.clone() * output.detach()).sum().backward();
    let gradient = input.grad(&gradients).unwrap();
    assert!(values(&gradient).into_iter().all(f64::is_finite), "{name}");
    if kind == NormKind::Relu {
        agrees(&gradient, &reference, "norm.n_relu.grad.in", 1e-12);
        let found = layer.log_threshold.unwrap().val().grad(&gradients).unwrap();
        let expected = picked(&reference.values("norm.n_relu.grad.log_bias"), &ORDER);
        assert!(relative(&values(&found), &expected) < 1e-12);
    }
}

#[test]
fn gates() {
    const ORDER: [usize; 4] = [1, 0, 2, 3];
    let reference = Reference::modules();
    let of = fields("SO(2): irrep(1) + trivial + irrep(2) + irrep(1)");
    let mut layer = GatedNonlinearityConfig::new(of).init(&device());
    let bias = double(picked(&reference.values("gated.bias"), &ORDER), [4]).require_grad();
    layer.bias = Param::from_tensor(bias);
    let input = tensor(&reference, "gated.in");
    // Gates as ours are, and the rest.
    let channels: Vec<i64> = ORDER.iter().map(|&c| c as i64).chain(4..11).collect();
    let channels = Tensor::<1, Int>::from_data(channels.as_slice(), &device());
    let output = layer.forward(input.clone().select(1, channels));
    agrees(&output, &reference, "gated.out", 1e-12);
    let gradients = (output.clone() * output.detach()).sum().backward();
    agrees(
        &input.grad(&gradients).unwrap(),
        &reference,
        "gated.grad.in",
        1e-12,
    );
    let found = layer.bias.val().grad(&gradients).unwrap();
    let expected = picked(&reference.values("gated.grad.bias"), &ORDER);
    assert!(relative(&values(&found), &expected) < 1e-12);
}

/// Our tables are of the device's type, float32.
#[rstest]
#[case(Pointwise::Relu, "p_relu")]
#[case(Pointwise::Elu, "p_elu")]
fn functions_by_their_coefficients(#[case] function: Pointwise, #[case] name: &str) {
    let reference = Reference::modules();
    let config = FourierNonlinearityConfig::new(fields("SO(2): 2 fourier(3)"), 16);
    let layer = config.with_function(function).init(&device());
    let input = tensor(&reference, "fourier.in");
    let output = layer.forward(input.clone());
    agrees(&output, &reference, &format!("fourier.{name}.out"), 1e-6);
    let gradients = (output.clone() * output.detach()).sum().backward();
    let gradient = input.grad(&gradients).unwrap();
    agrees(
        &gradient,
        &reference,
        &format!("fourier.{name}.grad.in"),
        1e-6,
    );
}

/// The layer with the published parameters, in double precision.
fn batch_norm(reference: &Reference, device: &Device) -> SteerableBatchNorm2d {
    let of = fields("C8: trivial + regular + irrep(1) + regular + irrep(2) + trivial");
    let one = |name: &str, field: usize| reference.values(&format!("batchnorm.{name}"))[field];
    let double = |values: Vec<f64>| {
        let data = TensorData::new(values.clone(), [values.len()]);
        Tensor::<1>::from_data(data, (device, DType::F64))
    };
    let by_field = |part: &str| {
        double(vec![
            one(&part.replace('*', "irrep_0"), 0),
            one(&part.replace('*', "regular"), 0),
            one(&part.replace('*', "irrep_1"), 0),
            one(&part.replace('*', "regular"), 1),
            one(&part.replace('*', "irrep_2"), 0),
            one(&part.replace('*', "irrep_0"), 1),
        ])
    };
    // The mean of a regular field is that of each of its components.
    let along = 8_f64.sqrt();
    let means = vec![
        one("after.irrep_0_running_mean", 0),
        one("after.regular_running_mean", 0) * along,
        one("after.regular_running_mean", 8) * along,
        one("after.irrep_0_running_mean", 1),
    ];
    let shifts = vec![
        one("w.irrep_0_bias", 0),
        one("w.regular_bias", 0),
        one("w.regular_bias", 1),
        one("w.irrep_0_bias", 1),
    ];
    let mut norm = SteerableBatchNorm2dConfig::new(of).init(device);
    norm.scale = Param::from_tensor(by_field("w.*_weight"));
    norm.shift = Param::from_tensor(double(shifts));
    norm.running_mean = RunningState::new(double(means));
    norm.running_variance = RunningState::new(by_field("after.*_running_var"));
    norm
}

/// Not the published values, whose statistics are faulty: those that the file says are right.
#[test]
fn batch_normalisation() {
    let reference = Reference::modules();
    let norm = batch_norm(&reference, &device());
    let input = tensor(&reference, "batchnorm.in");
    let output = norm.forward(input.clone());
    agrees(&output, &reference, "batchnorm.right.out", 1e-6);
    let cotangent = tensor(&reference, "batchnorm.cotangent");
    let gradients = (output * cotangent.detach()).sum().backward();
    agrees(
        &input.grad(&gradients).unwrap(),
        &reference,
        "batchnorm.right.grad.in",
        1e-6,
    );
}

#[test]
fn batch_normalisation_in_evaluation() {
    let reference = Reference::modules();
    let norm = batch_norm(&reference, &Device::flex());
    let dims: [usize; 4] = reference.dims("batchnorm.in").try_into().unwrap();
    let data = TensorData::new(reference.values("batchnorm.in"), dims);
    let input = Tensor::<4>::from_data(data, (&Device::flex(), DType::F64));
    agrees(&norm.forward(input), &reference, "batchnorm.eval.out", 1e-6);
}
