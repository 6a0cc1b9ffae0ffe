//! Which models commute with which motions of space.

use burn::prelude::*;
use gcnn_layers::so3;
use gcnn_models::nbody::{Dynamics, DynamicsConfig, DynamicsModel, EuclideanMotion, motion_error};
use rstest::rstest;

use crate::fixture::relative_error;
use crate::particles::{move_up, particles, seeded, turned_round};

fn model(kind: &str) -> DynamicsModel {
    let config: DynamicsConfig =
        serde_json::from_value(serde_json::json!({ "kind": kind })).unwrap();
    seeded(config.init(&Device::flex()).unwrap(), 3)
}

fn motions() -> [(&'static str, EuclideanMotion); 5] {
    let identity = [[1., 0., 0.], [0., 1., 0.], [0., 0., 1.]];
    let mirror = [[1., 0., 0.], [0., 1., 0.], [0., 0., -1.]];
    let rotation = so3::axis_angle([0.3, -0.5, 0.7], 2.1).unwrap();
    let motion = |matrix, shift| EuclideanMotion { matrix, shift };
    [
        ("rotation", motion(rotation, [0.; 3])),
        ("reflection", motion(mirror, [0.; 3])),
        ("both", motion(so3::negate(&rotation), [0.; 3])),
        ("translation", motion(identity, [0.7, -0.2, 0.4])),
        (
            "all",
            motion(so3::multiply(&rotation, &mirror), [-0.3, 0.6, 0.1]),
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
    #[values("linear", "nmp", "radial-field", "egnn")] kind: &str,
) {
    let model = model(kind);
    let batch = particles(3, 5, 17, &Device::flex());
    let found = model.forward(&turned_round(&batch, 5));
    let expected = move_up(model.forward(&batch), 5);
    let error = relative_error(found, expected);
    assert!(error < 1e-5, "{error:e}");
}
