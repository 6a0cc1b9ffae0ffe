//! Outputs of published code, after copying its weights.

use burn::module::Param;
use burn::nn::Linear;
use burn::prelude::*;
use gcnn_layers::irreps::Irreps;
use gcnn_layers::steerable::{Attributes, SteerableMlp, TensorProduct};
use gcnn_layers::{Graph, GraphTensors};
use gcnn_models::points::{
    Dynamics, EdgeMlp, Egnn, EgnnConfig, Mlp, NmpConfig, ParticleBatch, Particles,
    RadialFieldConfig, SegnnConfig, SegnnDynamics, SegnnDynamicsConfig, SteerableGraph,
};

use crate::fixture::{Fixture, relative_error};

fn particles(file: &Fixture) -> ParticleBatch {
    let (targets, sources) = (file.nodes("in.row"), file.nodes("in.col"));
    let charges = file.floats("in.charges");
    let graph = Graph::new(charges.len(), sources.into_iter().zip(targets)).unwrap();
    let particles = Particles {
        positions: &file.floats("in.positions"),
        velocities: &file.floats("in.velocities"),
        charges: &charges,
    };
    ParticleBatch::new(particles, &graph, &Device::flex()).unwrap()
}

fn agrees(file: &Fixture, model: &dyn Dynamics) {
    let error = relative_error(
        model.forward(&particles(file)),
        file.tensor("out.positions"),
    );
    assert!(error < 1e-5, "relative error {error:e}");
}

fn mlp(file: &Fixture, name: &str) -> Mlp {
    Mlp {
        first: file.linear(&format!("{name}.0")),
        second: file.linear(&format!("{name}.2")),
    }
}

/// The first map's columns are those of h_i, of h_j and of the edge.
fn edge_mlp(file: &Fixture, name: &str, hidden: usize) -> EdgeMlp {
    let whole = file.linear(&format!("{name}.0"));
    let weight = whole.weight.val();
    let [width, _] = weight.dims();
    let part = |rows: std::ops::Range<usize>, bias: Option<Param<Tensor<1>>>| Linear {
        weight: Param::from_tensor(weight.clone().slice([rows])),
        bias,
    };
    EdgeMlp {
        target: part(0..hidden, whole.bias.clone()),
        source: part(hidden..2 * hidden, None),
        edge: part(2 * hidden..width, None),
        second: file.linear(&format!("{name}.2")),
    }
}

/// The network of `egnn.safetensors`, with options that have no weights of their own.
fn published_egnn(file: &Fixture, tanh: bool, norm_diff: bool) -> Egnn {
    let config = EgnnConfig {
        hidden: 16,
        layers: 2,
        tanh,
        norm_diff,
    };
    let mut model = config.init(&Device::flex()).unwrap();
    model.embedding = file.linear("w.embedding");
    for (index, layer) in model.layers.iter_mut().enumerate() {
        layer.edge = edge_mlp(file, &format!("w.gcl_{index}.edge_mlp"), 16);
        layer.node = mlp(file, &format!("w.gcl_{index}.node_mlp"));
        layer.push = mlp(file, &format!("w.gcl_{index}.coord_mlp"));
        layer.velocity = mlp(file, &format!("w.gcl_{index}.coord_mlp_vel"));
    }
    model
}

#[test]
fn egnn() {
    let file = Fixture::open("egnn.safetensors");
    agrees(&file, &published_egnn(&file, false, false));
}

#[test]
fn egnn_with_the_options_that_have_no_weights() {
    let file = Fixture::open("egnn.safetensors");
    let outputs = Fixture::open("egnn_options.safetensors");
    let plain = published_egnn(&file, false, false).forward(&particles(&file));
    for (name, tanh, norm_diff) in [
        ("tanh", true, false),
        ("norm_diff", false, true),
        ("both", true, true),
    ] {
        let model = published_egnn(&file, tanh, norm_diff);
        let positions = outputs.tensor(&format!("out.{name}"));
        let error = relative_error(model.forward(&particles(&file)), positions.clone());
        assert!(error < 1e-5, "{name}: relative error {error:e}");
        let change = relative_error(plain.clone(), positions);
        assert!(change > 1e-4, "{name} changes nothing: {change:e}");
    }
}

#[test]
fn nmp() {
    let file = Fixture::open("nmp.safetensors");
    let config = NmpConfig {
        hidden: 16,
        layers: 2,
    };
    let mut model = config.init(&Device::flex()).unwrap();
    model.embedding = file.linear("w.embedding.0");
    model.decoder = mlp(&file, "w.decoder");
    for (index, layer) in model.layers.iter_mut().enumerate() {
        layer.edge = edge_mlp(&file, &format!("w.gcl_{index}.edge_mlp"), 16);
        layer.node = mlp(&file, &format!("w.gcl_{index}.node_mlp"));
    }
    agrees(&file, &model);
}

#[test]
fn radial_field() {
    let file = Fixture::open("radial_field.safetensors");
    let config = RadialFieldConfig {
        hidden: 16,
        layers: 2,
    };
    let mut model = config.init(&Device::flex()).unwrap();
    for (index, layer) in model.layers.iter_mut().enumerate() {
        layer.push = mlp(&file, &format!("w.gcl_{index}.phi"));
        layer.velocity = mlp(&file, &format!("w.gcl_{index}.coord_mlp_vel"));
    }
    agrees(&file, &model);
}

/// Copies the matrices of all paths, which the file numbers in the order of input, attribute and output blocks.
fn copy_product(file: &Fixture, name: &str, product: &mut TensorProduct) {
    let mut weights = vec![f32::NAN; product.weight.val().dims()[0]];
    for (number, path) in product.paths().iter().enumerate() {
        let matrix = file.floats(&format!("w.{name}.path{number}"));
        weights[path.weights.clone()].copy_from_slice(&matrix);
    }
    let device = Device::flex();
    product.weight = Param::from_tensor(Tensor::from_floats(weights.as_slice(), &device));
    let bias = format!("w.{name}.bias");
    assert_eq!(product.bias.is_some(), file.has(&bias), "{bias}");
    if product.bias.is_some() {
        product.bias = Some(Param::from_tensor(file.tensor(&bias)));
    }
}

fn copy_perceptron(file: &Fixture, names: [&str; 2], perceptron: &mut SteerableMlp) {
    for (name, layer) in names.iter().zip(&mut perceptron.layers) {
        copy_product(file, name, &mut layer.product);
    }
}

fn segnn_model(file: &Fixture) -> SegnnDynamics {
    let config = SegnnDynamicsConfig {
        hidden: "8x0e+8x1o".parse().unwrap(),
        layers: 2,
        ..Default::default()
    };
    let mut model = config.init(&Device::flex()).unwrap();
    let network = &mut model.network;
    copy_product(file, "embedding_layer", &mut network.embedding);
    for (index, layer) in network.layers.iter_mut().enumerate() {
        let named = |part: &str, k| format!("layers.{index}.{part}_layer_{k}");
        let message = [named("message", 1), named("message", 2)];
        let update = [named("update", 1), named("update", 2)];
        copy_perceptron(
            file,
            message.each_ref().map(|n| n.as_str()),
            &mut layer.message,
        );
        copy_perceptron(
            file,
            update.each_ref().map(|n| n.as_str()),
            &mut layer.update,
        );
    }
    copy_perceptron(file, ["pre_pool1", "pre_pool2"], &mut network.head);
    model
}

fn segnn_graph(file: &Fixture) -> Graph {
    let edges = file
        .nodes("in.source")
        .into_iter()
        .zip(file.nodes("in.target"));
    Graph::new(file.values("in.charges").0[0], edges).unwrap()
}

/// From the features and attributes in the file: the network by itself.
#[test]
fn segnn_on_given_attributes() {
    let file = Fixture::open("segnn.safetensors");
    let device = Device::flex();
    let graph = segnn_graph(&file);
    // The file lists edges by source, a graph by target.
    let (sources, targets) = (file.nodes("in.source"), file.nodes("in.target"));
    let mut order: Vec<usize> = (0..targets.len()).collect();
    order.sort_by_key(|&edge| targets[edge]);
    assert!(
        order
            .iter()
            .map(|&edge| sources[edge])
            .eq(graph.sources().iter().copied())
    );
    let order: Vec<i64> = order.into_iter().map(|edge| edge as i64).collect();
    let order = Tensor::<1, Int>::from_ints(order.as_slice(), &device);
    let of_edges = |name: &str| file.tensor::<2>(name).select(0, order.clone());
    let graph = GraphTensors::new(&graph, &device);
    let attributes: Irreps = "1x0e+1x1o".parse().unwrap();
    let steering = SteerableGraph {
        graph: &graph,
        edge_attributes: Attributes::new(&attributes, of_edges("in.edge_attributes")).unwrap(),
        node_attributes: Attributes::new(&attributes, file.tensor("in.node_attributes")).unwrap(),
        message_scalars: Some(of_edges("in.message_scalars")),
    };
    let input: Irreps = "2x1o+1x0e".parse().unwrap();
    let features = input
        .from_multiplicity_first(&file.floats("in.node_features"))
        .unwrap();
    let features = Tensor::from_data(
        TensorData::new(features, [graph.graph().nodes(), 7]),
        &device,
    );
    let model = segnn_model(&file);
    let found = model.network.forward(features, &steering).unwrap();
    let error = relative_error(found, file.tensor("out.displacement"));
    assert!(error < 1e-5, "relative error {error:e}");
}

/// From positions, velocities and charges: features and attributes are the published ones too.
#[test]
fn segnn_on_particles() {
    let file = Fixture::open("segnn.safetensors");
    let nodes = file.values("in.charges").0[0];
    let each = 4;
    let graph = Graph::fully_connected(each).and_then(|graph| graph.repeat(nodes / each));
    let particles = Particles {
        positions: &file.floats("in.positions"),
        velocities: &file.floats("in.velocities"),
        charges: &file.floats("in.charges"),
    };
    let particles = ParticleBatch::new(particles, &graph.unwrap(), &Device::flex()).unwrap();
    let found = segnn_model(&file).forward(&particles) - particles.positions();
    let error = relative_error(found, file.tensor("out.displacement"));
    assert!(error < 1e-5, "relative error {error:e}");
}

/// The configuration by hand gives what the one for particles gives.
#[test]
fn segnn_has_the_published_size() {
    let config = SegnnConfig::new(
        "2x1o+1x0e".parse().unwrap(),
        "1x0e+1x1o".parse().unwrap(),
        "32x0e+32x1o".parse().unwrap(),
        "1x1o".parse().unwrap(),
    )
    .with_message_scalars(2);
    assert_eq!(config.init(&Device::flex()).unwrap().num_params(), 147_424);
}
