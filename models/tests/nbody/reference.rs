//! Outputs of published code, after copying its weights.

use burn::module::Param;
use burn::nn::Linear;
use burn::prelude::*;
use gcnn_layers::Graph;
use gcnn_models::nbody::{
    Dynamics, EdgeMlp, EgnnConfig, Mlp, NmpConfig, ParticleBatch, Particles, RadialFieldConfig,
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

#[test]
fn egnn() {
    let file = Fixture::open("egnn.safetensors");
    let config = EgnnConfig {
        hidden: 16,
        layers: 2,
    };
    let mut model = config.init(&Device::flex()).unwrap();
    model.embedding = file.linear("w.embedding");
    for (index, layer) in model.layers.iter_mut().enumerate() {
        layer.edge = edge_mlp(&file, &format!("w.gcl_{index}.edge_mlp"), 16);
        layer.node = mlp(&file, &format!("w.gcl_{index}.node_mlp"));
        layer.push = mlp(&file, &format!("w.gcl_{index}.coord_mlp"));
        layer.velocity = mlp(&file, &format!("w.gcl_{index}.coord_mlp_vel"));
    }
    agrees(&file, &model);
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
