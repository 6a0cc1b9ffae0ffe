//! Regular fields and the regular half: the same functions on the group, and the same maps between them.

use burn::module::Param;
use burn::prelude::*;
use rstest::rstest;

use super::{fields, relative_error, values};
use crate::field::{
    BasisChangeConfig, FieldType, InvariantPoolConfig, InvariantPoolKind, SteerableConv2dConfig,
    from_group_map, to_group_map,
};
use crate::testing::noise;
use crate::{
    Group, GroupConv2dConfig, LiftingConv2dConfig, Padding2d, ProjectionConfig, group_action,
};

/// A steerable convolution between regular fields is a group convolution whose kernel is the part of the bank that leads to the identity:
/// outputs agree, in each of several draws.
#[rstest]
fn steerable_convolutions_of_functions_are_group_convolutions(
    #[values("C4", "D4", "C2", "D2")] name: &str,
    #[values(3, 4, 5)] size: usize,
    #[values(false, true)] lifts: bool,
) {
    let (device, group): (_, Group) = (Device::flex(), name.parse().unwrap());
    let input = fields(&format!(
        "{name}: 2 {}",
        if lifts { "trivial" } else { "regular" }
    ));
    let output = fields(&format!("{name}: 3 regular"));
    let steerable = SteerableConv2dConfig::new(input.clone(), output.clone(), size).init(&device);
    let (order, order_in) = (group.order(), if lifts { 1 } else { group.order() });
    let bank = steerable.filter_bank();
    let to_identity = bank
        .reshape([3, order, 2, order_in, size * size])
        .narrow(1, 0, 1)
        .reshape([3, 2, order_in, size * size]);
    let weight = Param::from_tensor(to_identity);
    let features = noise([2, input.dim(), 9, 9], 7, &device);
    let found = to_group_map(&output, steerable.forward(features.clone())).unwrap();
    let expected = match lifts {
        true => {
            let mut lifting = LiftingConv2dConfig::new(group, [2, 3], size).init(&device);
            lifting.weight = weight;
            lifting.forward(features)
        }
        false => {
            let mut conv = GroupConv2dConfig::new(group, [2, 3], size).init(&device);
            conv.weight = weight;
            conv.forward(to_group_map(&input, features).unwrap())
        }
    };
    assert!(relative_error(&found, &expected) < 1e-5);
}

/// The same convolution between Fourier coefficients: kernels between the coefficients span the space of kernels between functions.
#[test]
fn coefficients_and_functions_have_the_same_kernels() {
    let device = Device::flex();
    let (functions, coefficients) = (fields("D4: 2 regular"), fields("D4: 2 fourier(2)"));
    let conv = |of: &FieldType| {
        SteerableConv2dConfig::new(of.clone(), of.clone(), 5)
            .with_bias(false)
            .init(&device)
    };
    let (of_functions, mut of_coefficients) = (conv(&functions), conv(&coefficients));
    // Elements are those of the irreps, in the same order.
    of_coefficients.kernels[0].weight = of_functions.kernels[0].weight.clone();
    let there = BasisChangeConfig::new(functions.clone(), coefficients.clone()).init(&device);
    let back = BasisChangeConfig::new(coefficients, functions).init(&device);
    let features = noise([2, 16, 7, 7], 3, &device);
    let found = back.forward(of_coefficients.forward(there.forward(features.clone())));
    assert!(relative_error(&found, &of_functions.forward(features.clone())) < 1e-5);
    assert!(relative_error(&back.forward(there.forward(features.clone())), &features) < 1e-6);
}

#[test]
fn maps_on_the_group_are_fields_and_back() {
    let (device, group) = (Device::flex(), Group::dihedral(4).unwrap());
    let map = noise([2, 3, 8, 5, 5], 1, &device);
    let (of, features) = from_group_map(&group, map.clone()).unwrap();
    assert_eq!(of, fields("D4: 3 regular"));
    for (g, element) in of.group().elements().unwrap().into_iter().enumerate() {
        let moved = crate::field::field_action(&of, element, features.clone()).unwrap();
        let expected = group_action(&group, g, map.clone());
        let moved = to_group_map(&of, moved).unwrap();
        assert_eq!(values(&moved), values(&expected), "{}", group.describe(g));
    }
    let error = to_group_map(
        &fields("D4: regular + sign"),
        noise([1, 9, 5, 5], 1, &device),
    );
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("sign is no function on D4")
    );
    let flip = from_group_map(&Group::flip(), noise([1, 3, 2, 5, 5], 1, &device));
    assert!(flip.unwrap_err().to_string().contains("flip"));
}

#[test]
fn the_maximum_of_functions_is_that_of_the_regular_half() {
    let (device, of) = (Device::flex(), fields("C8: 3 regular"));
    let pool = InvariantPoolConfig::new(of.clone())
        .with_kind(InvariantPoolKind::Max)
        .init();
    let features = noise([2, 24, 5, 5], 1, &device);
    let map = to_group_map(&of, features.clone()).unwrap();
    let expected = ProjectionConfig::new().init().forward(map);
    assert_eq!(values(&pool.forward(features)), values(&expected));
}

/// A lifting convolution, a steerable one, a group convolution: one network of both halves.
#[test]
fn both_halves_make_one_network() {
    let (device, group) = (Device::flex(), Group::cyclic(4).unwrap());
    let lifting = LiftingConv2dConfig::new(group.clone(), [1, 2], 3).init(&device);
    let config = SteerableConv2dConfig::new(fields("C4: 2 regular"), fields("C4: 3 regular"), 3);
    let steerable = config.with_padding(Padding2d::Same).init(&device);
    let conv = GroupConv2dConfig::new(group.clone(), [3, 2], 3).init(&device);
    let network = |image: Tensor<4>| {
        let (_, features) = from_group_map(&group, lifting.forward(image)).unwrap();
        let features = burn::tensor::activation::relu(steerable.forward(features));
        conv.forward(to_group_map(steerable.output_fields(), features).unwrap())
    };
    let report = crate::equivariance::measure(&group, noise([1, 1, 9, 9], 4, &device), network);
    assert!(report.max_error() < 1e-5, "{report}");
}
