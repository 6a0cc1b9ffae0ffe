//! Whole networks.

use burn::prelude::*;
use gcnn_layers::kernel::BSplineConfig;
use gcnn_layers::{Graph, GraphTensors, Group, KernelConfig, Padding2d};
use gcnn_models::points::{Dynamics, DynamicsConfig, ParticleBatch};
use gcnn_models::{GcnnConfig, GroupDenseNetConfig, InputShape};
use rstest::rstest;

use crate::support::{build, compare, noise, observe};

/// Small images and few fields: a software driver runs this too.
pub const DIGITS: InputShape = InputShape {
    channels: 1,
    height: 12,
    width: 12,
};

/// A small network, without dropout, whose random stream differs between backends.
pub fn digits(group: &str, kernel: KernelConfig) -> GcnnConfig {
    GcnnConfig {
        group: group.parse().expect("a group"),
        channels: vec![3, 3],
        kernel_sizes: vec![3, 3, 3],
        pool_after: vec![1],
        dropout: 0.0,
        kernel,
        ..GcnnConfig::p4cnn()
    }
}

#[rstest]
#[case::plain(digits("trivial", KernelConfig::pixel()))]
#[case::c4(digits("C4", KernelConfig::pixel()))]
#[case::d4(digits("D4", KernelConfig::pixel()))]
#[case::c8(GcnnConfig { kernel_sizes: vec![5, 3, 3], padding: Padding2d::Same, ..digits("C8", KernelConfig::pixel()) })]
#[case::splines(digits("C8", KernelConfig::b_spline(BSplineConfig::default())))]
fn classifier(#[case] config: GcnnConfig) {
    compare(|device| {
        let network = build(device, |device| {
            config.init(DIGITS, 4, device).expect("a network")
        });
        observe(&network, noise([4, 1, 12, 12], 1, device), |x| {
            network.forward(x)
        })
    });
}

/// P4CNN as published, but for its dropout, on images of its size.
#[test]
fn p4cnn() {
    let config = GcnnConfig {
        dropout: 0.0,
        ..GcnnConfig::p4cnn()
    };
    let digits = InputShape {
        channels: 1,
        height: 28,
        width: 28,
    };
    compare(|device| {
        let network = build(device, |device| {
            config.init(digits, 10, device).expect("a network")
        });
        observe(&network, noise([4, 1, 28, 28], 1, device), |x| {
            network.forward(x)
        })
    });
}

#[test]
fn densenet() {
    let config = GroupDenseNetConfig {
        group: Group::dihedral(4).expect("D4"),
        growth: 3,
        blocks: 2,
        ..GroupDenseNetConfig::d4()
    };
    let input = InputShape {
        channels: 3,
        height: 12,
        width: 12,
    };
    assert_eq!(config.validate(input), Ok(()));
    compare(|device| {
        let network = build(device, |device| {
            config.init(input, 3, device).expect("a network")
        });
        observe(&network, noise([2, 3, 12, 12], 1, device), |x| {
            network.forward(x)
        })
    });
}

/// Particles with unit charges whose graphs are complete, so that all have equally many neighbours, or are not.
pub fn particles(complete: bool, positions: Tensor<2>) -> ParticleBatch {
    let device = positions.device();
    let one = if complete {
        Graph::fully_connected(5)
    } else {
        Graph::new(
            5,
            [
                (0, 1),
                (1, 0),
                (2, 1),
                (1, 2),
                (3, 2),
                (2, 3),
                (4, 0),
                (0, 4),
            ],
        )
    };
    let graph = one.and_then(|graph| graph.repeat(4)).expect("a graph");
    let nodes = graph.nodes();
    ParticleBatch::from_tensors(
        positions,
        noise([nodes, 3], 2, &device),
        noise([nodes, 1], 3, &device).sign(),
        GraphTensors::new(&graph, &device),
    )
    .expect("shapes fit")
}

#[rstest]
fn dynamics(#[values(0, 1, 2, 3, 4, 5, 6, 7)] kind: usize, #[values(true, false)] complete: bool) {
    let config = &DynamicsConfig::all()[kind];
    compare(|device| {
        let model = build(device, |device| config.init(device).expect("a model"));
        let positions = noise([20, 3], 1, device) * 2.0;
        observe(&model, positions, |x| {
            model.forward(&particles(complete, x))
        })
    });
}
