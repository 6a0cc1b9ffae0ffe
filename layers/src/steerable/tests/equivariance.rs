//! Φ(g x, g a) = g Φ(x, a) for every layer, under rotations and reflections.

use super::support::{distance, features, turned, with_noise};
use crate::irreps::{Irreps, Matrix3, random_orthogonal};
use crate::steerable::*;
use crate::{Graph, GraphTensors};
use burn::prelude::*;
use burn::tensor::DType;
use rstest::rstest;

type At = (Device, DType);

fn irreps(text: &str) -> Irreps {
    text.parse().unwrap()
}

/// Elements of both components of O(3).
fn elements() -> Vec<Matrix3> {
    (0..4).map(random_orthogonal).collect()
}

fn bound(dtype: DType) -> f64 {
    match dtype {
        DType::F64 => 1e-10,
        _ => 1e-4,
    }
}

/// Checks a map of features and vectors (`[rows, 3]`).
fn check(
    dtype: DType,
    input: &Irreps,
    output: &Irreps,
    rows: usize,
    map: impl Fn(&At, Tensor<2>, Tensor<2>) -> Tensor<2>,
) {
    let at = (Device::flex(), dtype);
    let x = features(rows, input.dim(), 1, &at);
    let vectors = features(rows, 3, 2, &at);
    for element in elements() {
        let after = turned(output, &element, &map(&at, x.clone(), vectors.clone()));
        let turned_vectors = turned(&irreps("1o"), &element, &vectors);
        let before = map(&at, turned(input, &element, &x), turned_vectors);
        let error = distance(before, after);
        assert!(error < bound(dtype), "{error:e} under {element:?}");
    }
}

fn harmonics(l_max: usize, vectors: Tensor<2>) -> Attributes {
    let harmonics = SphericalHarmonicsConfig::new(l_max).init();
    Attributes::new(harmonics.irreps(), harmonics.forward(vectors)).unwrap()
}

#[rstest]
fn spherical_harmonics(
    #[values(DType::F32, DType::F64)] dtype: DType,
    #[values(0, 1, 2, 6, 11)] l_max: usize,
    #[values(true, false)] on_sphere: bool,
) {
    let config = SphericalHarmonicsConfig::new(l_max).with_on_sphere(on_sphere);
    let layer = config.init();
    check(dtype, &irreps("1o"), layer.irreps(), 20, |_, _, vectors| {
        layer.forward(vectors)
    });
}

#[rstest]
fn tensor_products(
    #[values(DType::F32, DType::F64)] dtype: DType,
    #[values(
        ("8x0e+8x1o", 1, "12x0e+8x1o"),
        ("3x0e+2x1o+2x2e", 2, "4x0e+3x1o+2x1e+3x2e+2x3o"),
        ("2x0o+3x1e+1x0e+2x1o", 3, "2x0o+2x0e+3x1o+2x3o+2x2e"),
        ("5x1o", 1, "1x1o"),
        ("4x0e+4x1o+4x0e+4x1o+2x0e", 1, "8x0e+4x1o")
    )]
    case: (&str, usize, &str),
) {
    let (input, l_max, output) = (irreps(case.0), case.1, irreps(case.2));
    let attributes = Irreps::spherical_harmonics(l_max).unwrap();
    let config = TensorProductConfig::new(input.clone(), attributes, output.clone());
    check(dtype, &input, &output, 15, |at, x, vectors| {
        let layer = with_noise(config.init(&at.0), 7, at);
        layer.forward(x, &harmonics(l_max, vectors))
    });
}

#[rstest]
fn gathered_tensor_products(#[values(DType::F32, DType::F64)] dtype: DType) {
    let (hidden, scalars, output) = (irreps("6x0e+5x1o"), irreps("2x0e"), irreps("8x0e+4x1o"));
    let attributes = Irreps::spherical_harmonics(1).unwrap();
    let input = irreps("6x0e+5x1o+6x0e+5x1o+2x0e");
    let config = TensorProductConfig::new(input, attributes, output.clone());
    check(dtype, &hidden, &output, 12, |at, x, vectors| {
        let layer = with_noise(config.init(&at.0), 7, at);
        let graph = Graph::fully_connected(4).unwrap().repeat(3).unwrap();
        let graph = GraphTensors::new(&graph, &at.0);
        let edge = graph.relative_positions(vectors);
        let extra = edge.clone().square().sum_dim(1).repeat_dim(1, 2);
        let inputs = [
            GatheredInput::targets(&graph, &hidden, x.clone()),
            GatheredInput::sources(&graph, &hidden, x),
            GatheredInput::edges(&scalars, extra),
        ];
        graph.sum_to_targets(layer.forward_gathered(&inputs, &harmonics(1, edge)))
    });
}

#[rstest]
fn steerable_mlps(#[values(DType::F32, DType::F64)] dtype: DType) {
    let (input, output) = (irreps("2x1o+1x0e"), irreps("1x0o+2x1o+1x2e"));
    let attributes = Irreps::spherical_harmonics(2).unwrap();
    let hidden = irreps("6x0e+4x1o+3x2e+2x1e");
    let config = SteerableMlpConfig::new(input.clone(), attributes, hidden, output.clone())
        .with_hidden_layers(2);
    for gated in [false, true] {
        let config = config.clone().with_gated_output(gated);
        check(dtype, &input, &output, 10, |at, x, vectors| {
            let layer = with_noise(config.init(&at.0), 7, at);
            layer.forward(x, &harmonics(2, vectors))
        });
    }
}

#[rstest]
fn gates(
    #[values(DType::F32, DType::F64)] dtype: DType,
    #[values("4x0e+3x1o", "2x1o+3x0e+2x0o+2x2e+1x0e", "3x0e", "2x1e")] output: &str,
) {
    let layer = GateConfig::new(irreps(output)).init();
    check(
        dtype,
        layer.input_irreps(),
        layer.output_irreps(),
        9,
        |_, x, _| layer.forward(x),
    );
}

#[rstest]
fn linear_layers(#[values(DType::F32, DType::F64)] dtype: DType) {
    let (input, output) = (irreps("4x0e+3x1o+2x0o+1x1o"), irreps("2x1o+5x0e+1x0o+2x0e"));
    let config = SteerableLinearConfig::new(input.clone(), output.clone());
    check(dtype, &input, &output, 9, |at, x, _| {
        with_noise(config.init(&at.0), 7, at).forward(x)
    });
}

#[rstest]
fn instance_norms(#[values(DType::F32, DType::F64)] dtype: DType) {
    let of = irreps("4x0e+3x1o+2x0o+1x2e+2x0e");
    let config = SteerableInstanceNormConfig::new(of.clone());
    check(dtype, &of, &of, 12, |at, x, _| {
        let graph = Graph::new(5, []).unwrap();
        let rest = Graph::new(7, []).unwrap();
        let graph = GraphTensors::new(&Graph::batch([&graph, &rest]).unwrap(), &at.0);
        with_noise(config.init(&at.0), 7, at).forward(x, &graph)
    });
}

#[rstest]
fn batch_norms(
    #[values(DType::F32, DType::F64)] dtype: DType,
    #[values(false, true)] training: bool,
) {
    let of = irreps("4x0e+3x1o+2x0o+1x2e+2x0e");
    let config = SteerableBatchNormConfig::new(of.clone());
    check(dtype, &of, &of, 12, |at, x, _| {
        let device = if training {
            at.0.clone().autodiff()
        } else {
            at.0.clone()
        };
        let at = (device, at.1);
        let x = Tensor::from_data(x.into_data(), (&at.0, at.1));
        let layer = with_noise(config.init(&at.0), 7, &at);
        // The running variance of noise would have roots of negative numbers.
        let layer = if training {
            layer
        } else {
            layer.with_statistics(at.1)
        };
        Tensor::from_data(layer.forward(x).into_data(), (&Device::flex(), at.1))
    });
}

#[rstest]
fn point_convolutions(
    #[values(DType::F32, DType::F64)] dtype: DType,
    #[values(false, true)] mean: bool,
) {
    let (input, output) = (irreps("4x0e+3x1o"), irreps("5x0e+3x1o+2x2e"));
    let config = PointConvConfig::new(input.clone(), output.clone())
        .with_l_max(2)
        .with_mean(mean);
    check(dtype, &input, &output, 10, |at, x, vectors| {
        let edges = (0..10)
            .flat_map(|a| (0..a).map(move |b| (b, a)))
            .filter(|(a, b)| (a + b) % 3 > 0);
        let graph = GraphTensors::new(&Graph::new(10, edges).unwrap(), &at.0);
        with_noise(config.init(&at.0), 7, at).forward(x, vectors, &graph)
    });
}

/// The transform itself is exact. With a nonlinearity on the samples the error is what aliases.
#[rstest]
fn spherical_fourier_transforms(
    #[values(DType::F32, DType::F64)] dtype: DType,
    #[values(0, 1, 3)] l_max: usize,
    #[values(1, 4)] oversampling: usize,
) {
    let fourier = SphericalFourierConfig::new(5, l_max)
        .with_oversampling(oversampling)
        .init();
    check(dtype, fourier.irreps(), fourier.irreps(), 6, |_, x, _| {
        // Squaring keeps degrees up to 2 l_max, and the grid with oversampling integrates 3 l_max exactly.
        let samples = fourier.to_samples(x);
        let samples = if oversampling > 1 {
            samples.clone().square() + samples
        } else {
            samples
        };
        fourier.from_samples(samples)
    });
}

#[rstest]
#[case(2, 4, 1e-3)]
#[case(2, 8, 1e-5)]
#[case(4, 4, 1e-3)]
fn nonlinearities_on_samples(
    #[case] l_max: usize,
    #[case] oversampling: usize,
    #[case] bound: f64,
) {
    let fourier = SphericalFourierConfig::new(5, l_max)
        .with_oversampling(oversampling)
        .init();
    let at = (Device::flex(), DType::F64);
    let x = features(6, fourier.irreps().dim(), 1, &at);
    let map = |x| fourier.from_samples(burn::tensor::activation::silu(fourier.to_samples(x)));
    for element in elements() {
        let after = turned(fourier.irreps(), &element, &map(x.clone()));
        let before = map(turned(fourier.irreps(), &element, &x));
        let error = distance(before, after);
        println!("l_max {l_max}, oversampling {oversampling}: {error:e}");
        assert!(error < bound, "{error:e}");
    }
}
