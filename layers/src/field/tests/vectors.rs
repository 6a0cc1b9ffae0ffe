use burn::prelude::*;
use burn::tensor::Distribution;
use rstest::rstest;

use crate::field::{FieldKind, FieldLiftingConfig, FieldProjectionConfig};
use crate::{Group, GroupConv2dConfig, Padding2d, group_action};

const KINDS: [FieldKind; 2] = [FieldKind::Vector, FieldKind::SymmetricTensor];

fn random(dims: [usize; 5]) -> Tensor<5> {
    Tensor::random(dims, Distribution::Normal(0.0, 1.0), &Device::flex())
}

fn error(found: Tensor<5>, expected: Tensor<5>) -> f64 {
    let largest: f64 = expected.clone().abs().max().into_scalar();
    (found - expected).abs().max().into_scalar::<f64>() / largest
}

#[rstest]
fn turn_with_their_input(#[values("trivial", "C4", "D4", "C8", "D6", "flip")] name: &str) {
    let group: Group = name.parse().unwrap();
    for kind in KINDS {
        let lifting = FieldLiftingConfig::new(group.clone(), kind).init();
        let projection = FieldProjectionConfig::new(group.clone(), kind).init();
        let field = random([2, 3, kind.components(), 5, 5]);
        let map = random([2, 2 * kind.components(), group.order(), 5, 5]);
        for g in group.elements().filter(|&g| group.is_exact_element(g)) {
            let lifted = lifting.forward(kind.action(&group, g, field.clone()));
            let expected = group_action(&group, g, lifting.forward(field.clone()));
            assert!(error(lifted, expected) < 1e-5);
            let projected = projection.forward(group_action(&group, g, map.clone()));
            let expected = kind.action(&group, g, projection.forward(map.clone()));
            assert!(error(projected, expected) < 1e-5);
        }
    }
}

#[rstest]
fn one_after_the_other_they_do_nothing(#[values("trivial", "C3", "D4", "C8")] name: &str) {
    let group: Group = name.parse().unwrap();
    for kind in KINDS {
        let field = random([2, 3, kind.components(), 4, 6]);
        let lifting = FieldLiftingConfig::new(group.clone(), kind).init();
        let projection = FieldProjectionConfig::new(group.clone(), kind).init();
        let back = projection.forward(lifting.forward(field.clone()));
        assert!(error(back, field) < 1e-5);
    }
}

/// A network that takes vectors and gives tensors.
#[test]
fn a_network_of_vectors_turns_as_vectors_do() {
    let (device, group) = (Device::flex(), Group::dihedral(4).unwrap());
    device.seed(3);
    let lifting = FieldLiftingConfig::new(group.clone(), FieldKind::Vector).init();
    let conv = |channels| {
        let config = GroupConv2dConfig::new(group.clone(), channels, 3);
        config.with_padding(Padding2d::Same).init(&device)
    };
    let (first, second) = (conv([2, 4]), conv([4, 3]));
    let projection = FieldProjectionConfig::new(group.clone(), FieldKind::SymmetricTensor).init();
    let network = |field| {
        let map = first.forward(lifting.forward(field));
        projection.forward(second.forward(burn::tensor::activation::relu(map)))
    };
    let field = random([1, 1, 2, 7, 7]);
    let output = network(field.clone());
    for g in group.elements() {
        let turned = network(FieldKind::Vector.action(&group, g, field.clone()));
        let expected = FieldKind::SymmetricTensor.action(&group, g, output.clone());
        assert!(error(turned, expected) < 1e-5, "{}", group.describe(g));
    }
}

/// A vector to the right turned by a quarter points upwards, and lies where it was turned to.
#[test]
fn actions_by_hand() {
    let device = Device::flex();
    let group = Group::cyclic(4).unwrap();
    // One vector, in the middle of the right edge of 3 × 3 pixels.
    let mut values = [0.0; 18];
    values[5] = 1.0;
    let field = Tensor::<1>::from_data(values, &device).reshape([1, 1, 2, 3, 3]);
    let turned = FieldKind::Vector.action(&group, 1, field);
    let turned: Vec<f32> = turned.into_data().iter().collect();
    let mut expected = [0.0; 18];
    // Upwards, in the middle of the upper edge.
    expected[9 + 1] = 1.0;
    assert_eq!(turned, expected);
}
