//! Graphs and steerable layers.

use burn::prelude::*;
use gcnn_layers::irreps::Irreps;
use gcnn_layers::steerable::{
    Attributes, GateConfig, GatheredInput, PointConvConfig, SphericalFourierConfig,
    SphericalHarmonicsConfig, SteerableBatchNormConfig, SteerableInstanceNormConfig,
    SteerableLinearConfig, SteerableMlpConfig, TensorProductConfig,
};
use gcnn_layers::{Graph, GraphTensors};
use rstest::rstest;

use crate::support::{build, compare, noise, observe};

fn irreps(text: &str) -> Irreps {
    text.parse().expect("irreps")
}

/// Graphs whose nodes all have equally many neighbours take another path than others.
fn graphs() -> [Graph; 2] {
    let regular = Graph::fully_connected(5).and_then(|graph| graph.repeat(3));
    let edges = [(0, 1), (2, 1), (3, 1), (1, 0), (4, 3), (0, 3), (6, 5)];
    let irregular = Graph::new(7, edges);
    [regular, irregular].map(|graph| graph.expect("a graph"))
}

#[test]
fn gathering_and_sums() {
    for graph in graphs() {
        type Map = fn(&GraphTensors, Tensor<2>) -> Tensor<2>;
        let maps: [Map; 6] = [
            |graph, x| graph.sum_to_targets(graph.gather_sources(x)),
            |graph, x| graph.mean_to_targets(graph.gather_targets(x)),
            |graph, x| graph.sum_to_graphs(x),
            |graph, x| graph.gather_graphs(graph.mean_to_graphs(x)),
            |graph, x| graph.centre(x),
            |graph, x| graph.relative_positions(x).square(),
        ];
        for map in maps {
            compare(|device| {
                let graph = GraphTensors::new(&graph, device);
                let input = noise([graph.graph().nodes(), 3], 1, device);
                observe(&Vec::<burn::nn::Linear>::new(), input, |x| map(&graph, x))
            });
        }
    }
}

#[rstest]
fn spherical_harmonics(#[values(true, false)] on_sphere: bool) {
    let layer = SphericalHarmonicsConfig::new(4)
        .with_on_sphere(on_sphere)
        .init();
    compare(|device| observe(&layer, noise([12, 3], 1, device), |x| layer.forward(x)));
}

#[test]
fn spherical_fourier_transform() {
    let layer = SphericalFourierConfig::new(3, 2).init();
    compare(|device| {
        let input = noise([5, 27], 1, device);
        observe(&layer, input, |x| {
            layer.from_samples(layer.to_samples(x).tanh())
        })
    });
}

#[test]
fn linear() {
    let config = SteerableLinearConfig::new(irreps("4x0e+3x1o+2x2e"), irreps("5x0e+2x1o+3x2e"));
    compare(|device| {
        let layer = build(device, |device| config.init(device));
        observe(&layer, noise([9, 23], 1, device), |x| layer.forward(x))
    });
}

#[test]
fn gate() {
    let layer = GateConfig::new(irreps("4x0e+3x1o+2x2e")).init();
    let width = layer.input_irreps().dim();
    compare(|device| observe(&layer, noise([9, width], 1, device), |x| layer.forward(x)));
}

/// Gradients with respect to the features, and with respect to the vectors that the attributes are made of.
#[rstest]
fn tensor_product(#[values(true, false)] of_the_geometry: bool) {
    let harmonics = SphericalHarmonicsConfig::new(2).init();
    let config = TensorProductConfig::new(
        irreps("4x0e+3x1o+2x2e"),
        harmonics.irreps().clone(),
        irreps("5x0e+2x1o+3x2e"),
    );
    compare(|device| {
        let layer = build(device, |device| config.init(device));
        let (features, vectors) = (noise([9, 23], 1, device), noise([9, 3], 2, device));
        let product = |features: Tensor<2>, vectors: Tensor<2>| {
            let attributes = Attributes::new(harmonics.irreps(), harmonics.forward(vectors));
            layer.forward(features, &attributes.expect("attributes"))
        };
        if of_the_geometry {
            observe(&layer, vectors, |vectors| {
                product(features.clone(), vectors)
            })
        } else {
            observe(&layer, features, |features| {
                product(features, vectors.clone())
            })
        }
    });
}

#[test]
fn gathered_tensor_product() {
    let harmonics = SphericalHarmonicsConfig::new(1).init();
    let (nodes, own) = (irreps("4x0e+3x1o"), irreps("2x0e"));
    let input = irreps("4x0e+3x1o+4x0e+3x1o+2x0e");
    let output = irreps("5x0e+2x1o");
    let config = TensorProductConfig::new(input, harmonics.irreps().clone(), output);
    for graph in graphs() {
        compare(|device| {
            let layer = build(device, |device| config.init(device));
            let graph = GraphTensors::new(&graph, device);
            let (rows, edges) = (graph.graph().nodes(), graph.graph().edges());
            let vectors = graph.relative_positions(noise([rows, 3], 2, device));
            let attributes = Attributes::new(harmonics.irreps(), harmonics.forward(vectors));
            let attributes = attributes.expect("attributes");
            let of_edges = noise([edges, 2], 3, device);
            observe(&layer, noise([rows, 13], 1, device), |x| {
                let inputs = [
                    GatheredInput::targets(&graph, &nodes, x.clone()),
                    GatheredInput::sources(&graph, &nodes, x),
                    GatheredInput::edges(&own, of_edges.clone()),
                ];
                layer.forward_gathered(&inputs, &attributes)
            })
        });
    }
}

#[test]
fn multilayer_perceptron() {
    let harmonics = SphericalHarmonicsConfig::new(1).init();
    let config = SteerableMlpConfig::new(
        irreps("4x0e+3x1o"),
        harmonics.irreps().clone(),
        irreps("6x0e+4x1o"),
        irreps("2x0e+2x1o"),
    )
    .with_hidden_layers(2);
    compare(|device| {
        let layer = build(device, |device| config.init(device));
        let attributes = harmonics.forward(noise([9, 3], 2, device));
        let attributes = Attributes::new(harmonics.irreps(), attributes).expect("attributes");
        let input = noise([9, 13], 1, device);
        observe(&layer, input, |x| layer.forward(x, &attributes))
    });
}

#[test]
fn point_convolution() {
    let config = PointConvConfig::new(irreps("4x0e+3x1o"), irreps("5x0e+2x1o")).with_l_max(2);
    for graph in graphs() {
        compare(|device| {
            let layer = build(device, |device| config.init(device));
            let graph = GraphTensors::new(&graph, device);
            let rows = graph.graph().nodes();
            let positions = noise([rows, 3], 2, device);
            observe(&layer, noise([rows, 13], 1, device), |x| {
                layer.forward(x, positions.clone(), &graph)
            })
        });
    }
}

#[test]
fn normalisation() {
    let features = irreps("4x0e+3x1o+2x2e");
    let batch = SteerableBatchNormConfig::new(features.clone());
    compare(|device| {
        let layer = build(device, |device| batch.init(device));
        observe(&layer, noise([15, 23], 1, device), |x| layer.forward(x))
    });
    let instance = SteerableInstanceNormConfig::new(features);
    for graph in graphs() {
        compare(|device| {
            let layer = build(device, |device| instance.init(device));
            let graph = GraphTensors::new(&graph, device);
            let input = noise([graph.graph().nodes(), 23], 1, device);
            observe(&layer, input, |x| layer.forward(x, &graph))
        });
    }
}
