//! What must be the same: kernels and the backend's operations, orders of contraction, layers and their definition.

use super::support::{distance, features, numbers, with_noise};
use crate::irreps::{Irreps, clebsch_gordan, spherical_harmonics};
use crate::steerable::*;
use crate::{Graph, GraphTensors};
use burn::prelude::*;
use burn::tensor::DType;
use rstest::rstest;

fn irreps(text: &str) -> Irreps {
    text.parse().unwrap()
}

fn at() -> (Device, DType) {
    (Device::flex(), DType::F64)
}

fn attributes(irreps: &Irreps, rows: usize, seed: u64) -> Attributes {
    Attributes::new(irreps, features(rows, irreps.dim(), seed, &at())).unwrap()
}

/// Products whose attributes have multiplicities too, and more rows than the kernels take at a time.
fn products() -> [(&'static str, &'static str, &'static str, usize); 5] {
    [
        ("8x0e+8x1o", "1x0e+1x1o", "12x0e+8x1o", 700),
        (
            "3x0e+2x1o+2x2e",
            "2x0e+3x1o+1x2e",
            "4x0e+3x1o+2x1e+3x2e",
            40,
        ),
        (
            "2x1o+1x0e",
            "1x1o+2x0e+1x1e",
            "1x1o+2x0o+3x0e+2x1o+1x0e",
            17,
        ),
        ("1x3o+2x2e", "1x2e+1x3o", "2x4e+1x1o+3x0e", 9),
        ("5x0e", "1x0e", "1x0e", 1),
    ]
}

/// The sums of the definition, entry by entry.
#[test]
fn tensor_products_are_their_definition() {
    for (input, by, output, _) in products() {
        let (input, by, output, rows) = (irreps(input), irreps(by), irreps(output), 3);
        let config = TensorProductConfig::new(input.clone(), by.clone(), output.clone());
        let layer = with_noise(config.init(&at().0), 3, &at());
        let x = features(rows, input.dim(), 1, &at());
        let a = attributes(&by, rows, 2);
        let result = numbers(layer.forward(x.clone(), &a));
        let (x, a) = (numbers(x), numbers(a.tensor().clone()));
        let weights = numbers(layer.weight.val());
        let bias = layer.bias.as_ref().map(|bias| numbers(bias.val()));

        let mut expected = vec![0.0; rows * output.dim()];
        for row in 0..rows {
            let mut scalar = 0;
            for (block, place) in output.blocks().iter().zip(output.slices()) {
                if block.irrep.is_scalar() {
                    for channel in 0..block.multiplicity {
                        expected[row * output.dim() + place.start + channel] =
                            bias.as_ref().unwrap()[scalar + channel];
                    }
                    scalar += block.multiplicity;
                }
            }
            for path in layer.paths() {
                let [i, b, o] = [
                    input.blocks()[path.input],
                    by.blocks()[path.attribute],
                    output.blocks()[path.output],
                ];
                let degrees = [i, b, o].map(|block| block.irrep.degree());
                let scale = (o.irrep.dim() as f64).sqrt();
                for c in clebsch_gordan(degrees[0], degrees[1], degrees[2])
                    .unwrap()
                    .couplings()
                {
                    for v in 0..b.multiplicity {
                        for u in 0..i.multiplicity {
                            let x = x[row * input.dim()
                                + input.slices()[path.input].start
                                + c.left * i.multiplicity
                                + u];
                            let a = a[row * by.dim()
                                + by.slices()[path.attribute].start
                                + c.right * b.multiplicity
                                + v];
                            for w in 0..o.multiplicity {
                                let weight = weights[path.weights.start
                                    + (v * i.multiplicity + u) * o.multiplicity
                                    + w];
                                expected[row * output.dim()
                                    + output.slices()[path.output].start
                                    + c.output * o.multiplicity
                                    + w] += scale * weight * c.value * x * a;
                            }
                        }
                    }
                }
            }
        }
        for (ours, theirs) in result.into_iter().zip(expected) {
            assert!(
                (ours - theirs).abs() < 1e-12,
                "{layer}: {ours} against {theirs}"
            );
        }
    }
}

#[rstest]
fn kernels_agree_with_the_backend(#[values(DType::F32, DType::F64)] dtype: DType) {
    let bound = if dtype == DType::F64 { 1e-13 } else { 1e-5 };
    let at = (Device::flex(), dtype);
    for (input, by, output, rows) in products() {
        let (input, by, output) = (irreps(input), irreps(by), irreps(output));
        let config = TensorProductConfig::new(input.clone(), by.clone(), output.clone());
        let layer = with_noise(config.init(&at.0), 3, &at);
        let x = features(rows, input.dim(), 1, &at);
        let a = Attributes::new(&by, features(rows, by.dim(), 2, &at)).unwrap();
        let error = distance(layer.forward(x.clone(), &a), layer.plain(x, &a));
        assert!(error < bound, "{layer}: {error:e}");
    }
    for output in ["4x0e+3x1o", "2x1o+3x0e+2x0o+2x2e+1x0e", "3x0e", "2x1e"] {
        let layer = GateConfig::new(irreps(output)).init();
        let x = features(37, layer.input_irreps().dim(), 1, &at) * 4.0;
        let error = distance(layer.forward(x.clone()), layer.plain(x));
        assert!(error < bound, "{layer}: {error:e}");
    }
}

/// Mixing before gathering, after it, and gathering by hand.
#[rstest]
#[case::dense(Graph::fully_connected(5).unwrap().repeat(7).unwrap())]
#[case::sparse(Graph::new(30, [(3, 4), (29, 0), (4, 4), (7, 0)]).unwrap())]
#[case::ragged(Graph::new(6, (0..6).flat_map(|a| (a..6).map(move |b| (a, b)))).unwrap())]
#[case::no_edges(Graph::new(3, []).unwrap())]
#[case::no_nodes(Graph::new(0, []).unwrap())]
fn gathered_products_are_products_of_what_was_gathered(#[case] graph: Graph) {
    let at = at();
    let (hidden, extra) = (irreps("3x0e+2x1o+1x2e"), irreps("2x0e+1x1o"));
    let graph = GraphTensors::new(&graph, &at.0);
    let (nodes, edges) = (graph.graph().nodes(), graph.graph().edges());
    let x = features(nodes, hidden.dim(), 1, &at);
    let y = features(edges, extra.dim(), 2, &at);
    let by = irreps("1x0e+2x1o+1x2e");
    let a = attributes(&by, edges, 3);
    let parts = || {
        [
            GatheredInput::targets(&graph, &hidden, x.clone()),
            GatheredInput::edges(&extra, y.clone()),
            GatheredInput::sources(&graph, &hidden, x.clone()),
        ]
    };
    for inputs in [&parts()[..], &parts()[..1], &parts()[1..2]] {
        let blocks = inputs
            .iter()
            .flat_map(|input| input.irreps.blocks().iter().copied());
        let input = Irreps::new(blocks).unwrap();
        let output = irreps("4x0e+3x1o+2x2e");
        let layer = TensorProductConfig::new(input, by.clone(), output).init(&at.0);
        let layer = with_noise(layer, 5, &at);
        let gathered = inputs.iter().map(|input| match input.rows {
            None => input.features.clone(),
            Some(rows) => rows.gather(input.features.clone()),
        });
        let expected = layer.forward(Tensor::cat(gathered.collect(), 1), &a);
        let result = layer.forward_gathered(inputs, &a);
        assert_eq!(result.dims(), [edges, layer.output_irreps().dim()]);
        if edges > 0 {
            let error = distance(result, expected);
            assert!(error < 1e-13, "{error:e}");
        }
    }
}

#[test]
fn a_linear_layer_is_the_product_with_one() {
    let at = at();
    let (input, output) = (irreps("4x0e+3x1o+2x0o+1x1o"), irreps("2x1o+5x0e+1x0o+2x0e"));
    let linear = SteerableLinearConfig::new(input.clone(), output.clone()).init(&at.0);
    let linear = with_noise(linear, 4, &at);
    let product = TensorProductConfig::new(input.clone(), irreps("1x0e"), output).init(&at.0);
    let product = with_noise(product, 4, &at);
    let x = features(6, input.dim(), 1, &at);
    let one = Tensor::ones([6, 1], (&at.0, at.1));
    let one = Attributes::new(&irreps("1x0e"), one).unwrap();
    assert!(distance(linear.forward(x.clone()), product.forward(x, &one)) < 1e-13);
}

#[rstest]
fn harmonics_are_those_of_the_tables(#[values(1, 2, 3, 11)] l_max: usize) {
    let layer = SphericalHarmonicsConfig::new(l_max).init();
    let vectors = features(10, 3, 1, &at());
    let points = numbers(vectors.clone());
    let expected = points.chunks_exact(3).flat_map(|p| {
        let point = [p[0], p[1], p[2]];
        spherical_harmonics(
            l_max,
            point,
            crate::irreps::HarmonicsNormalisation::Integral,
        )
        .unwrap()
    });
    for (ours, theirs) in numbers(layer.forward(vectors)).into_iter().zip(expected) {
        assert!((ours - theirs).abs() < 1e-12, "{ours} against {theirs}");
    }
}

#[test]
fn norms_leave_unit_statistics() {
    let at = (Device::flex().autodiff(), DType::F64);
    let of = irreps("2x0e+3x1o");
    let graph = Graph::new(50, []).unwrap().repeat(2).unwrap();
    let graph = GraphTensors::new(&graph, &at.0);
    let x = features(100, of.dim(), 1, &at) * 3.0 + 5.0;
    let instance = SteerableInstanceNormConfig::new(of.clone())
        .with_epsilon(1e-12)
        .init(&at.0);
    let batch = SteerableBatchNormConfig::new(of)
        .with_epsilon(1e-12)
        .init(&at.0);
    let double = |param: &burn::module::Param<Tensor<1>>| {
        burn::module::Param::from_tensor(param.val().cast(DType::F64).detach())
    };
    let mut instance = instance;
    instance.scale = double(&instance.scale);
    instance.shift = double(&instance.shift);
    let batch = batch.with_statistics(DType::F64);
    let mut batch = batch;
    batch.scale = double(&batch.scale);
    batch.shift = double(&batch.shift);
    for (result, graphs) in [
        (instance.forward(x.clone(), &graph), 2),
        (batch.forward(x), 1),
    ] {
        let values = numbers(result);
        let rows = 100 / graphs;
        for part in values.chunks_exact(rows * 11) {
            let mean = |value: &dyn Fn(&[f64]) -> f64| {
                part.chunks_exact(11).map(value).sum::<f64>() / rows as f64
            };
            for scalar in 0..2 {
                assert!(mean(&|row| row[scalar]).abs() < 1e-9);
                assert!((mean(&|row| row[scalar].powi(2)) - 1.0).abs() < 1e-9);
            }
            for vector in 0..3 {
                let squared =
                    |row: &[f64]| (0..3).map(|m| row[2 + 3 * m + vector].powi(2)).sum::<f64>();
                assert!((mean(&squared) / 3.0 - 1.0).abs() < 1e-9);
            }
        }
    }
}

#[rstest]
fn fourier_transforms_come_back(
    #[values(0, 1, 4)] l_max: usize,
    #[values(1, 2)] oversampling: usize,
) {
    let config = SphericalFourierConfig::new(3, l_max).with_oversampling(oversampling);
    let fourier = config.init();
    let x = features(4, fourier.irreps().dim(), 1, &at());
    let back = fourier.from_samples(fourier.to_samples(x.clone()));
    assert!(distance(back, x) < 1e-12);
}

#[test]
fn initialisation_keeps_to_its_bounds() {
    let device = Device::flex();
    let layer = TensorProductConfig::new(
        irreps("8x0e+8x1o"),
        irreps("1x0e+1x1o"),
        irreps("64x0e+32x1o"),
    );
    let layer = layer.init(&device);
    // Both blocks have 8 + 8 inputs.
    let weights = numbers(layer.weight.val());
    assert_eq!(weights.len(), 16 * 64 + 16 * 32);
    let largest = weights
        .iter()
        .fold(0f64, |largest, weight| largest.max(weight.abs()));
    assert!(largest <= 0.25 && largest > 0.24, "{largest}");
    assert_eq!(layer.bias.unwrap().dims(), [64]);
}

#[test]
fn layers_without_rows_give_none() {
    let at = at();
    let of = irreps("2x0e+1x1o");
    let by = Irreps::spherical_harmonics(2).unwrap();
    let harmonics = SphericalHarmonicsConfig::new(2).init();
    let vectors = features(0, 3, 1, &at);
    let none = Attributes::new(&by, harmonics.forward(vectors.clone())).unwrap();
    let x = features(0, of.dim(), 1, &at);
    let mlp = SteerableMlpConfig::new(of.clone(), by, of.clone(), of.clone()).init(&at.0);
    assert_eq!(
        with_noise(mlp, 1, &at).forward(x.clone(), &none).dims(),
        [0, 5]
    );
    let graph = GraphTensors::new(&Graph::new(0, []).unwrap(), &at.0);
    let convolution = PointConvConfig::new(of.clone(), of).init(&at.0);
    let output = with_noise(convolution, 1, &at).forward(x, vectors, &graph);
    assert_eq!(output.dims(), [0, 5]);
}
