//! Sizes of the published models, files, and what is refused.

use burn::prelude::*;
use gcnn_layers::irreps::Irreps;
use gcnn_layers::steerable::Attributes;
use gcnn_layers::{Graph, GraphTensors};
use gcnn_models::ModelError;
use gcnn_models::points::{
    Dynamics, DynamicsConfig, ParticleBatch, Particles, SegnnConfig, SteerableGraph,
};
use rstest::rstest;

use crate::particles::{noise, particles, seeded};

fn named(kind: &str) -> DynamicsConfig {
    serde_json::from_value(serde_json::json!({ "kind": kind })).unwrap()
}

#[rstest]
#[case("linear", 1)]
#[case("nmp", 104_387)]
#[case("radial-field", 2_052)]
#[case("egnn", 134_020)]
#[case("segnn", 147_424)]
fn defaults_have_the_published_number_of_parameters(#[case] kind: &str, #[case] expected: usize) {
    let config = named(kind);
    assert_eq!(config.init(&Device::flex()).unwrap().num_params(), expected);
}

#[rstest]
fn configurations_survive_a_file(
    #[values(
        "linear",
        "nmp",
        "radial-field",
        "egnn",
        "tfn",
        "se3-transformer",
        "seconv",
        "segnn"
    )]
    kind: &str,
) {
    let config = named(kind);
    assert_eq!(config.kind(), kind);
    let written = serde_json::to_value(&config).unwrap();
    assert_eq!(written["kind"], kind);
    assert_eq!(
        serde_json::from_value::<DynamicsConfig>(written).unwrap(),
        config
    );
}

#[rstest]
#[case(serde_json::json!({ "kind": "egnn", "hiden": 3 }), "hiden")]
#[case(serde_json::json!({ "kind": "egn" }), "egn")]
#[case(serde_json::json!({ "kind": "segnn", "hidden": "32x0e+banana" }), "banana")]
#[case(serde_json::json!({ "kind": "seconv", "message": "cubic" }), "cubic")]
fn unknown_names_are_refused(#[case] file: serde_json::Value, #[case] name: &str) {
    let error = serde_json::from_value::<DynamicsConfig>(file).unwrap_err();
    assert!(error.to_string().contains(name), "{error}");
}

#[rstest]
#[case(serde_json::json!({ "kind": "egnn", "layers": 0 }), "`layers` is 0, expected 1 to 1000")]
#[case(serde_json::json!({ "kind": "nmp", "hidden": 0 }), "`hidden` is 0, expected 1 to 65536")]
#[case(serde_json::json!({ "kind": "radial-field", "hidden": 0 }), "`hidden` is 0, expected 1 to 65536")]
#[case(serde_json::json!({ "kind": "tfn", "channels": 0 }), "`channels` is 0, expected 1 to 65536")]
#[case(serde_json::json!({ "kind": "se3-transformer", "heads": 2 }), "2 heads cannot share 21 channels equally: heads must divide channels")]
#[case(
    serde_json::json!({ "kind": "tfn", "degree": 0 }),
    "the output: 16x0e → 1x1o cannot connect: a linear layer keeps irreps apart, and 16x0e has no 1o for 1x1o"
)]
#[case(
    serde_json::json!({ "kind": "segnn", "hidden": "8x0e+8x3o" }),
    "the embedding: 2x1o+1x0e ⊗ 1x0e+1x1o → 8x0e+8x3o cannot connect: no irrep of 2x1o+1x0e times one of 1x0e+1x1o contains the 3o of 8x3o"
)]
#[case(
    serde_json::json!({ "kind": "segnn", "attribute_degree": 40 }),
    "`attribute_degree` is 40, expected 0 to 11"
)]
fn settings_out_of_range_are_refused(#[case] file: serde_json::Value, #[case] message: &str) {
    let config: DynamicsConfig = serde_json::from_value(file).unwrap();
    assert_eq!(config.validate().unwrap_err().to_string(), message);
    assert_eq!(
        config.init(&Device::flex()).unwrap_err().to_string(),
        message
    );
}

#[test]
fn particles_that_do_not_fit_are_refused() {
    let device = Device::flex();
    let graph = Graph::fully_connected(2).unwrap();
    let good = Particles {
        positions: &[0., 0., 0., 1., 0., 0.],
        velocities: &[0., 1., 0., 0., -1., 0.],
        charges: &[1., -1.],
    };
    let message = |particles| {
        let error = ParticleBatch::new(particles, &graph, &device).unwrap_err();
        error.to_string()
    };
    assert_eq!(
        message(Particles {
            velocities: &[1., 2.],
            ..good
        }),
        "the velocities hold 2 numbers, the graph's 2 particles need 6"
    );
    assert_eq!(
        message(Particles {
            charges: &[],
            ..good
        }),
        "the charges are missing: 2 particles need 2 numbers"
    );
    assert_eq!(
        message(Particles {
            positions: &[0., 0., 0., 1., f32::NAN, 0.],
            ..good
        }),
        "the positions of particle 1 (counted from 0) hold NaN: every number must be finite"
    );
    assert_eq!(
        ParticleBatch::from_tensors(
            noise([2, 3], 1, &device),
            noise([2, 2], 2, &device),
            noise([2, 1], 3, &device),
            GraphTensors::new(&graph, &device),
        )
        .unwrap_err(),
        ModelError::ParticleShape {
            what: "velocities",
            found: [2, 2],
            expected: [2, 3],
        }
    );
}

/// Particles on the same spot, at rest, alone, or not there at all.
#[rstest]
fn corner_cases_give_numbers_and_gradients(
    #[values(
        "linear",
        "nmp",
        "radial-field",
        "egnn",
        "tfn",
        "se3-transformer",
        "seconv",
        "segnn"
    )]
    kind: &str,
    #[values((1, 2), (2, 1), (0, 3))] (graphs, each): (usize, usize),
) {
    let device = Device::flex().autodiff();
    let model = seeded(named(kind).init(&device).unwrap(), 1);
    let batch = particles(graphs, each, 5, &device);
    let at_rest = ParticleBatch::from_tensors(
        batch.positions().zeros_like(),
        batch.velocities().zeros_like(),
        batch.charges(),
        batch.graph().clone(),
    )
    .unwrap();
    let predicted = model.forward(&at_rest);
    assert_eq!(predicted.dims(), [graphs * each, 3]);
    if graphs == 0 {
        return;
    }
    let gradients = predicted.clone().square().sum().backward();
    assert!(predicted.into_data().iter::<f64>().all(f64::is_finite));

    struct Finite<'a>(&'a burn::tensor::Gradients);
    impl burn::module::ModuleVisitor for Finite<'_> {
        fn visit_float<const D: usize>(&mut self, param: &burn::module::Param<Tensor<D>>) {
            if let Some(gradient) = param.val().grad(self.0) {
                assert!(gradient.into_data().iter::<f64>().all(f64::is_finite));
            }
        }
    }
    model.visit(&mut Finite(&gradients));
}

#[test]
fn steering_that_does_not_fit_is_refused() {
    let device = Device::flex();
    let graph = GraphTensors::new(&Graph::fully_connected(3).unwrap(), &device);
    let (scalars, both): (Irreps, Irreps) = ("1x0e".parse().unwrap(), "1x0e+1x1o".parse().unwrap());
    let network = SegnnConfig::new(scalars.clone(), both.clone(), both.clone(), both.clone())
        .with_message_scalars(1)
        .init(&device)
        .unwrap();
    let attributes = |irreps: &Irreps, rows| {
        Attributes::new(irreps, noise([rows, irreps.dim()], 1, &device)).unwrap()
    };
    let good = SteerableGraph {
        graph: &graph,
        edge_attributes: attributes(&both, 6),
        node_attributes: attributes(&both, 3),
        message_scalars: Some(noise([6, 1], 2, &device)),
    };
    let features = noise([3, 1], 3, &device);
    assert_eq!(
        network.forward(features.clone(), &good).unwrap().dims(),
        [3, 4]
    );

    let message = |features: &Tensor<2>, steering: SteerableGraph<'_>| {
        let error = network.forward(features.clone(), &steering).unwrap_err();
        error.to_string()
    };
    assert_eq!(
        message(
            &features,
            SteerableGraph {
                message_scalars: None,
                ..good.clone()
            }
        ),
        "the message scalars have shape [6, 0], the network needs [6, 1] on a graph of 3 nodes and 6 edges"
    );
    assert_eq!(
        message(
            &features,
            SteerableGraph {
                edge_attributes: attributes(&both, 3),
                ..good.clone()
            }
        ),
        "the edge attributes have shape [3, 4], the network needs [6, 4] on a graph of 3 nodes and 6 edges"
    );
    assert_eq!(
        message(
            &features,
            SteerableGraph {
                node_attributes: attributes(&scalars, 3),
                ..good.clone()
            }
        ),
        "the node attributes are 1x0e, the network takes 1x0e+1x1o"
    );
    assert_eq!(
        message(&noise([3, 2], 4, &device), good),
        "the features have shape [3, 2], the network needs [3, 1] on a graph of 3 nodes and 6 edges"
    );
}
