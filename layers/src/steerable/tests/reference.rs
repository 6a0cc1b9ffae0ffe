//! The layers chained to a whole network, against values of the official SEGNN code.

use super::support::numbers;
use crate::irreps::Irreps;
use crate::steerable::*;
use crate::{Graph, GraphTensors};
use burn::module::Param;
use burn::prelude::*;
use burn::tensor::DType;
use safetensors::SafeTensors;

struct Reference {
    file: SafeTensors<'static>,
    structure: serde_json::Value,
    at: (Device, DType),
}

impl Reference {
    fn new() -> Self {
        let bytes = include_bytes!("../../../tests/fixtures/segnn.safetensors");
        let (_, metadata) = SafeTensors::read_metadata(bytes).unwrap();
        let structure = &metadata.metadata().as_ref().unwrap()["structure"];
        Self {
            file: SafeTensors::deserialize(bytes).unwrap(),
            structure: serde_json::from_str(structure).unwrap(),
            at: (Device::flex(), DType::F64),
        }
    }

    fn values(&self, name: &str) -> Vec<f64> {
        let bytes = self.file.tensor(name).unwrap().data().chunks_exact(8);
        bytes
            .map(|b| f64::from_le_bytes(b.try_into().unwrap()))
            .collect()
    }

    fn indices(&self, name: &str) -> Vec<u32> {
        let bytes = self.file.tensor(name).unwrap().data().chunks_exact(8);
        bytes
            .map(|b| i64::from_le_bytes(b.try_into().unwrap()) as u32)
            .collect()
    }

    fn features(&self, name: &str, irreps: &str) -> Tensor<2> {
        let irreps: Irreps = irreps.parse().unwrap();
        let values = irreps.from_multiplicity_first(&self.values(name)).unwrap();
        let rows = values.len() / irreps.dim();
        Tensor::from_data(
            TensorData::new(values, [rows, irreps.dim()]),
            (&self.at.0, self.at.1),
        )
    }

    fn product(&self, name: &str) -> TensorProduct {
        let irreps = |key: &str| self.structure[name][key].as_str().unwrap().parse().unwrap();
        let mut layer =
            TensorProductConfig::new(irreps("in1"), irreps("in2"), irreps("out")).init(&self.at.0);
        let paths = self.structure[name]["paths"].as_array().unwrap();
        assert_eq!(paths.len(), layer.paths().len());
        let mut weights = vec![f64::NAN; layer.weight.dims()[0]];
        for (number, path) in layer.paths().iter().enumerate() {
            let expected = &paths[number];
            assert_eq!(expected[0].as_u64().unwrap() as usize, path.input);
            assert_eq!(expected[3].as_u64().unwrap() as usize, path.output);
            weights[path.weights.clone()]
                .copy_from_slice(&self.values(&format!("w.{name}.path{number}")));
        }
        let parameter = |values: Vec<f64>| {
            let data = TensorData::new(values.clone(), [values.len()]);
            Param::from_tensor(Tensor::from_data(data, (&self.at.0, self.at.1)))
        };
        layer.weight = parameter(weights);
        if layer.bias.is_some() {
            layer.bias = Some(parameter(self.values(&format!("w.{name}.bias"))));
        }
        layer
    }
}

#[test]
fn layers_reproduce_the_official_network() {
    let reference = Reference::new();
    let hidden: Irreps = "8x0e+8x1o".parse().unwrap();
    let scalars: Irreps = "2x0e".parse().unwrap();
    let harmonics = Irreps::spherical_harmonics(1).unwrap();
    let gate = GateConfig::new(hidden.clone()).init();

    let (sources, targets) = (
        reference.indices("in.source"),
        reference.indices("in.target"),
    );
    // The graph sorts edges by target: its order of the file's edges.
    let mut order: Vec<usize> = (0..sources.len()).collect();
    order.sort_by_key(|&edge| targets[edge]);
    let edges = sources.iter().copied().zip(targets.iter().copied());
    let graph = Graph::new(12, edges).unwrap();
    let graph = GraphTensors::new(&graph, &reference.at.0);
    let order: Vec<i64> = order.into_iter().map(|edge| edge as i64).collect();
    let count = order.len();
    let order: Tensor<1, Int> = Tensor::from_data(TensorData::new(order, [count]), &reference.at.0);
    let sorted = |tensor: Tensor<2>| tensor.select(0, order.clone());

    let attributes = |tensor: Tensor<2>| Attributes::new(&harmonics, tensor).unwrap();
    let edge_attributes = sorted(reference.features("in.edge_attributes", "1x0e+1x1o"));
    let edge = attributes(edge_attributes.clone());
    let node = attributes(reference.features("in.node_attributes", "1x0e+1x1o"));
    let extra = sorted(reference.features("in.message_scalars", "2x0e"));

    // The attributes are the harmonics of source minus target.
    let positions = reference.features("in.positions", "1x1o");
    let vectors = graph.relative_positions(positions);
    let computed = SphericalHarmonicsConfig::new(1).init().forward(vectors);
    for (ours, theirs) in numbers(computed).into_iter().zip(numbers(edge_attributes)) {
        assert!((ours - theirs).abs() < 1e-10, "{ours} against {theirs}");
    }

    let input = reference.features("in.node_features", "2x1o+1x0e");
    let mut x = reference.product("embedding_layer").forward(input, &node);
    for layer in 0..2 {
        let product = |name: &str| reference.product(&format!("layers.{layer}.{name}"));
        let inputs = [
            GatheredInput::targets(&graph, &hidden, x.clone()),
            GatheredInput::sources(&graph, &hidden, x.clone()),
            GatheredInput::edges(&scalars, extra.clone()),
        ];
        let messages = gate.forward(product("message_layer_1").forward_gathered(&inputs, &edge));
        let messages = gate.forward(product("message_layer_2").forward(messages, &edge));
        let heard = graph.sum_to_targets(messages);
        let update = Tensor::cat(vec![x.clone(), heard], 1);
        let update = gate.forward(product("update_layer_1").forward(update, &node));
        x = x + product("update_layer_2").forward(update, &node);
    }
    let head = gate.forward(reference.product("pre_pool1").forward(x, &node));
    let output = reference.product("pre_pool2").forward(head, &node);

    let expected = reference.values("out.displacement");
    let size = expected.iter().map(|value| value.abs()).fold(0.0, f64::max);
    for (ours, theirs) in numbers(output).into_iter().zip(expected) {
        assert!(
            (ours - theirs).abs() < 1e-10 * size,
            "{ours} against {theirs}"
        );
    }
}
