//! Which models commute with which motions of space.

use burn::prelude::*;
use gcnn_layers::equivariance::OutputErrors;
use gcnn_layers::irreps::{self, Irreps};
use gcnn_layers::steerable::{Attributes, SphericalHarmonicsConfig};
use gcnn_models::points::{
    Dynamics, DynamicsConfig, DynamicsModel, EuclideanMotion, ParticleBatch, SegnnConfig,
    SegnnOutput, SteerableGraph, Symmetry, motion_error, survey,
};
use rstest::rstest;

use crate::fixture::relative_error;
use crate::particles::{move_up, particles, seeded, turned_round};

/// Every model as its recipe has it, and some away from it.
fn model(name: &str) -> DynamicsModel {
    let file = match name {
        "seconv linear" => {
            serde_json::json!({ "kind": "seconv", "message": "linear", "hidden": "8x0e+8x1o" })
        }
        "segnn of degree 2" => serde_json::json!({
            "kind": "segnn", "hidden": "8x0e+8x1o+4x1e+4x2e", "attribute_degree": 2, "normalisation": "instance"
        }),
        "segnn batch" => {
            serde_json::json!({ "kind": "segnn", "normalisation": "batch", "velocity_attributes": false })
        }
        "se3-transformer" => serde_json::json!({ "kind": "se3-transformer", "heads": 3 }),
        kind => serde_json::json!({ "kind": kind }),
    };
    let config: DynamicsConfig = serde_json::from_value(file).unwrap();
    seeded(config.init(&Device::flex()).unwrap(), 3)
}

fn motions() -> [(&'static str, EuclideanMotion); 5] {
    let identity = [[1., 0., 0.], [0., 1., 0.], [0., 0., 1.]];
    let mirror = [[1., 0., 0.], [0., 1., 0.], [0., 0., -1.]];
    let rotation = irreps::axis_angle([0.3, -0.5, 0.7], 2.1).unwrap();
    let motion = |matrix, shift| EuclideanMotion { matrix, shift };
    [
        ("rotation", motion(rotation, [0.; 3])),
        ("reflection", motion(mirror, [0.; 3])),
        ("both", motion(irreps::negate(&rotation), [0.; 3])),
        ("translation", motion(identity, [0.7, -0.2, 0.4])),
        (
            "all",
            motion(irreps::multiply(&rotation, &mirror), [-0.3, 0.6, 0.1]),
        ),
    ]
}

#[rstest]
fn predictions_move_with_the_particles(#[values("linear", "radial-field", "egnn")] kind: &str) {
    let model = model(kind);
    assert!(model.is_equivariant());
    let batch = particles(3, 5, 11, &Device::flex());
    let moved = model.forward(&batch) - batch.positions();
    assert!(relative_error(moved, batch.positions().zeros_like() + 1.0) > 0.1);
    for (name, motion) in motions() {
        let error = motion_error(&model, &batch, motion);
        assert!(error < 1e-4, "{kind}, {name}: {error:e}");
    }
}

/// The survey of a model under the motions above and the reversal of the particles.
fn surveyed(model: &DynamicsModel) -> Vec<OutputErrors> {
    let motions = motions().map(|(_, motion)| Symmetry::Motion(motion));
    let symmetries = [&motions[..], &[Symmetry::ReversedOrder]].concat();
    let batch = particles(3, 5, 11, &Device::flex());
    survey(model, &batch, &symmetries).unwrap()
}

#[rstest]
#[case("linear", 0)]
#[case("radial-field", 4)]
#[case("egnn", 8)]
#[case("tfn", 4)]
#[case("se3-transformer", 4)]
#[case("seconv", 4)]
#[case("seconv linear", 4)]
#[case("segnn", 4)]
#[case("segnn of degree 2", 4)]
fn every_round_moves_with_the_particles(#[case] kind: &str, #[case] rounds: usize) {
    let found = surveyed(&model(kind));
    assert_eq!(found.len(), rounds + 1);
    for output in found {
        let worst = output.errors.iter().fold(0.0f64, |a, b| a.max(*b));
        assert!(worst < 1e-4, "{kind}: {output:?}");
    }
}

/// Features that nothing makes turn are found out round by round; the order of the particles doesn't matter to them.
#[test]
fn rounds_that_do_not_move_with_the_particles_are_found_out() {
    let found = surveyed(&model("nmp"));
    let names: Vec<&str> = found.iter().map(|output| output.name.as_str()).collect();
    let rounds = [
        "features 1",
        "features 2",
        "features 3",
        "features 4",
        "prediction",
    ];
    assert_eq!(names, rounds);
    for output in &found {
        let (motions, order) = output.errors.split_at(5);
        assert!(motions.iter().all(|error| *error > 1e-3), "{output:?}");
        assert!(order[0] < 1e-5, "{output:?}");
    }
}

#[test]
fn particles_in_reverse_order_keep_their_edges() {
    let batch = particles(2, 3, 5, &Device::flex());
    let reversed = batch.reversed().unwrap();
    let graph = reversed.graph().graph();
    assert_eq!(graph.starts(), [0, 3, 6]);
    assert_eq!(graph.edges(), batch.graph().graph().edges());
    // Each particle hears the same distances, in another row.
    let heard = |batch: &ParticleBatch| {
        let sums = batch.graph().sum_to_targets(batch.squared_distances());
        sums.into_data().iter::<f32>().collect::<Vec<f32>>()
    };
    let (before, after) = (heard(&batch), heard(&reversed));
    for (row, source) in [2, 1, 0, 5, 4, 3].into_iter().enumerate() {
        assert!((after[row] - before[source]).abs() < 1e-5);
    }
    let twice = reversed.reversed().unwrap();
    assert!(relative_error(twice.positions(), batch.positions()) == 0.0);
}

#[test]
fn what_is_no_motion_is_refused() {
    let batch = particles(1, 2, 5, &Device::flex());
    let squeeze = EuclideanMotion {
        matrix: [[2., 0., 0.], [0., 1., 0.], [0., 0., 1.]],
        shift: [0.; 3],
    };
    let error = survey(&model("segnn"), &batch, &[Symmetry::Motion(squeeze)]);
    assert!(error.unwrap_err().to_string().contains("the motion"));
}

#[test]
fn message_passing_on_coordinates_commutes_with_no_motion() {
    let model = model("nmp");
    assert!(!model.is_equivariant());
    let batch = particles(3, 5, 11, &Device::flex());
    for (name, motion) in motions() {
        let error = motion_error(&model, &batch, motion);
        assert!(error > 1e-2, "{name}: {error:e}");
    }
}

#[rstest]
fn predictions_follow_the_order_of_the_particles(
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
    let model = model(kind);
    let batch = particles(3, 5, 17, &Device::flex());
    let found = model.forward(&turned_round(&batch, 5));
    let expected = move_up(model.forward(&batch), 5);
    let error = relative_error(found, expected);
    assert!(error < 1e-5, "{error:e}");
}

/// What a graph says about itself doesn't change when it turns, and what it says in vectors turns with it.
#[rstest]
fn graph_outputs_turn_with_the_graph(
    #[values(SegnnOutput::GraphSum, SegnnOutput::GraphMean)] task: SegnnOutput,
) {
    let device = Device::flex();
    let harmonics = SphericalHarmonicsConfig::new(2).init();
    let (input, hidden, output): (Irreps, Irreps, Irreps) = (
        "1x1o".parse().unwrap(),
        "8x0e+8x1o+4x2e".parse().unwrap(),
        "2x0e+1x1o".parse().unwrap(),
    );
    let config = SegnnConfig::new(input, harmonics.irreps().clone(), hidden, output)
        .with_task(task)
        .with_layers(2);
    let network = seeded(config.init(&device).unwrap(), 5);
    let batch = particles(3, 4, 23, &device);
    let run = |batch: &ParticleBatch| {
        let graph = batch.graph();
        let edges = harmonics.forward(graph.relative_positions(batch.positions()));
        let nodes = graph.mean_to_targets(edges.clone());
        let steering = SteerableGraph {
            graph,
            edge_attributes: Attributes::new(harmonics.irreps(), edges).unwrap(),
            node_attributes: Attributes::new(harmonics.irreps(), nodes).unwrap(),
            message_scalars: None,
        };
        network.forward(batch.velocities(), &steering).unwrap()
    };
    let before = run(&batch);
    assert_eq!(before.dims(), [3, 5]);
    for (name, motion) in motions() {
        let after = run(&motion.apply_to_particles(&batch));
        let (scalars, vectors) = (
            before.clone().narrow(1, 0, 2),
            before.clone().narrow(1, 2, 3),
        );
        let expected = Tensor::cat(vec![scalars, motion.turn(vectors)], 1);
        let error = relative_error(after, expected);
        assert!(error < 1e-4, "{name}: {error:e}");
    }
    let reordered = relative_error(run(&turned_round(&batch, 4)), before);
    assert!(reordered < 1e-5, "{reordered:e}");
}
