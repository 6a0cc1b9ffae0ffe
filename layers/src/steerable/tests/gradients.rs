//! Gradients against finite differences in double precision.

use super::support::numbers;
use crate::irreps::Irreps;
use crate::steerable::*;
use crate::testing::noise;
use crate::{Graph, GraphTensors};
use burn::module::{Param, ParamId};
use burn::prelude::*;
use burn::tensor::DType;
use rstest::rstest;

fn irreps(text: &str) -> Irreps {
    text.parse().unwrap()
}

/// Compares the gradients of a weighted sum of the output by all inputs with central differences, at some entries.
fn check(dims: &[[usize; 2]], map: impl Fn(&[Tensor<2>]) -> Tensor<2>) {
    let device = Device::flex().autodiff();
    let start = |number: usize| noise(dims[number], 50 + number as u64, &device).cast(DType::F64);
    let inputs: Vec<_> = (0..dims.len()).map(start).collect();
    check_at(inputs, map);
}

fn check_at(inputs: Vec<Tensor<2>>, map: impl Fn(&[Tensor<2>]) -> Tensor<2>) {
    let device = inputs[0].device();
    let loss = |inputs: &[Tensor<2>]| {
        let output = map(inputs);
        let weights = noise(output.dims(), 99, &device).cast(DType::F64);
        (output * weights).sum()
    };
    let tracked: Vec<_> = inputs
        .iter()
        .map(|input| input.clone().require_grad())
        .collect();
    let gradients = loss(&tracked).backward();
    for (number, input) in tracked.iter().enumerate() {
        let gradient = numbers(input.grad(&gradients).expect("every input matters"));
        let values = numbers(inputs[number].clone());
        let step = 1e-5;
        for index in (0..values.len()).step_by(1 + values.len() / 23) {
            let at = |shift: f64| {
                let mut moved = values.clone();
                moved[index] += shift;
                let data = TensorData::new(moved, inputs[number].dims());
                let mut inputs = inputs.clone();
                inputs[number] = Tensor::from_data(data, (&device, DType::F64));
                loss(&inputs).into_scalar::<f64>()
            };
            let numeric = (at(step) - at(-step)) / (2.0 * step);
            let error = (numeric - gradient[index]).abs();
            assert!(
                error < 1e-6 * numeric.abs().max(1.0),
                "input {number}, entry {index}: {numeric} against {}",
                gradient[index]
            );
        }
    }
}

fn with_weights(layer: TensorProduct, weight: &Tensor<2>, bias: &Tensor<2>) -> TensorProduct {
    let parameter =
        |row: &Tensor<2>| Param::initialized(ParamId::new(), row.clone().squeeze_dim(0));
    TensorProduct {
        weight: parameter(weight),
        bias: Some(parameter(bias)),
        ..layer
    }
}

#[rstest]
fn tensor_products(#[values(false, true)] plain: bool) {
    let device = Device::flex().autodiff();
    let [input, by, output] = ["3x0e+2x1o+2x2e", "1x0e+2x1o", "4x0e+3x1o+1x2e"].map(irreps);
    let layer = TensorProductConfig::new(input.clone(), by.clone(), output).init(&device);
    let dims = [
        [5, input.dim()],
        [5, by.dim()],
        [1, layer.weight.dims()[0]],
        [1, 4],
    ];
    check(&dims, |inputs| {
        let layer = with_weights(layer.clone(), &inputs[2], &inputs[3]);
        let a = Attributes::new(&by, inputs[1].clone()).unwrap();
        if plain {
            layer.plain(inputs[0].clone(), &a)
        } else {
            layer.forward(inputs[0].clone(), &a)
        }
    });
}

#[rstest]
#[case::mixing_first(Graph::fully_connected(5).unwrap())]
#[case::contracting_first(Graph::new(9, [(0, 1), (8, 0), (3, 3)]).unwrap())]
fn gathered_tensor_products(#[case] graph: Graph) {
    let device = Device::flex().autodiff();
    let graph = GraphTensors::new(&graph, &device);
    let (nodes, edges) = (graph.graph().nodes(), graph.graph().edges());
    let [hidden, extra, by, output] = ["2x0e+2x1o", "1x0e", "1x0e+1x1o", "3x0e+2x1o"].map(irreps);
    let input = irreps("2x0e+2x1o+2x0e+2x1o+1x0e");
    let layer = TensorProductConfig::new(input, by.clone(), output).init(&device);
    let dims = [
        [nodes, hidden.dim()],
        [nodes, hidden.dim()],
        [edges, 1],
        [edges, by.dim()],
        [1, layer.weight.dims()[0]],
        [1, 3],
    ];
    check(&dims, |inputs| {
        let layer = with_weights(layer.clone(), &inputs[4], &inputs[5]);
        let a = Attributes::new(&by, inputs[3].clone()).unwrap();
        let parts = [
            GatheredInput::targets(&graph, &hidden, inputs[0].clone()),
            GatheredInput::sources(&graph, &hidden, inputs[1].clone()),
            GatheredInput::edges(&extra, inputs[2].clone()),
        ];
        layer.forward_gathered(&parts, &a)
    });
}

#[rstest]
fn gates(#[values(false, true)] plain: bool) {
    let layer = GateConfig::new(irreps("2x1o+3x0e+1x2e")).init();
    check(&[[4, layer.input_irreps().dim()]], |inputs| {
        let input = inputs[0].clone() * 3.0;
        if plain {
            layer.plain(input)
        } else {
            layer.forward(input)
        }
    });
}

#[rstest]
fn spherical_harmonics(#[values(1, 3)] l_max: usize, #[values(false, true)] on_sphere: bool) {
    let layer = SphericalHarmonicsConfig::new(l_max)
        .with_on_sphere(on_sphere)
        .init();
    check(&[[8, 3]], |inputs| layer.forward(inputs[0].clone()));
}

#[test]
fn point_convolutions_by_positions() {
    let device = Device::flex().autodiff();
    let (input, output) = (irreps("2x0e+1x1o"), irreps("2x0e+2x1o"));
    let at = (device.clone(), DType::F64);
    let layer = PointConvConfig::new(input.clone(), output)
        .with_radial_channels(3)
        .init(&device);
    let layer = super::support::with_noise(layer, 5, &at);
    let graph = GraphTensors::new(&Graph::fully_connected(4).unwrap(), &device);
    check(&[[4, input.dim()], [4, 3]], |inputs| {
        layer.forward(inputs[0].clone(), inputs[1].clone(), &graph)
    });
}

#[test]
fn norms() {
    let device = Device::flex().autodiff();
    let at = (device.clone(), DType::F64);
    let of = irreps("2x0e+2x1o");
    let graph = GraphTensors::new(
        &Graph::fully_connected(3).unwrap().repeat(2).unwrap(),
        &device,
    );
    let instance = SteerableInstanceNormConfig::new(of.clone()).init(&device);
    let instance = super::support::with_noise(instance, 5, &at);
    check(&[[6, of.dim()]], |inputs| {
        instance.forward(inputs[0].clone(), &graph)
    });
    let batch = SteerableBatchNormConfig::new(of.clone()).init(&device);
    let batch = super::support::with_noise(batch, 5, &at).with_statistics(DType::F64);
    check(&[[6, of.dim()]], |inputs| batch.forward(inputs[0].clone()));
}

#[rstest]
fn coincident_points_have_finite_gradients(#[values(DType::F32, DType::F64)] dtype: DType) {
    let device = Device::flex().autodiff();
    let at = (device.clone(), dtype);
    let graph = GraphTensors::new(&Graph::fully_connected(3).unwrap(), &device);
    let positions = Tensor::<2>::from_floats([[1., 2., 3.], [1., 2., 3.], [0., 0., 0.]], &device);
    let positions = positions.cast(dtype).require_grad();
    let vectors = graph.relative_positions(positions.clone());
    let harmonics = SphericalHarmonicsConfig::new(4).init().forward(vectors);
    let layer = PointConvConfig::new(irreps("2x0e"), irreps("2x0e+2x1o")).init(&device);
    let layer = super::support::with_noise(layer, 5, &at);
    let features = Tensor::ones([3, 2], (&device, dtype));
    let convolved = layer.forward(features, positions.clone(), &graph);
    let gradients = (harmonics.sum() + convolved.sum()).backward();
    let gradient = numbers(positions.grad(&gradients).unwrap());
    assert!(
        gradient.iter().all(|value| value.is_finite()),
        "{gradient:?}"
    );
}
