//! Separable convolutions: against values of the official code, as the dense convolutions that they stand for, equivariance.

use std::collections::HashMap;

use burn::prelude::*;
use burn::tensor::DType;
use gcnn_layers::kernel::{AngleOffsets, SirenConfig};
use gcnn_layers::{
    Group, KernelConfig, LayerError, Padding2d, SeparableGroupConv2dConfig, Separation,
    group_action,
};
use rstest::rstest;

use super::network::{TURNED, flipped, gradients_agree, knigge, official_siren, siren_values};
use super::{device, gradients, group, load, noise, relative_error, reseed, tensor, values};

const KINDS: [Separation; 4] = [
    Separation::Separable,
    Separation::Gsep,
    Separation::Dsep,
    Separation::Separable2d,
];

#[rstest]
#[case("se2_4", "C4")]
#[case("se2_8", "C8")]
fn is_the_published_one(#[case] file: &str, #[case] name: &str) {
    let (reference, device) = (knigge(), device().autodiff());
    let config = SeparableGroupConv2dConfig::new(group(name), [2, 2], 5.into())
        .with_kernel(official_siren())
        .with_padding(Padding2d::Same)
        .with_bias(false);
    let parts = [
        ("cknet_H.", "factors.Separable.over_group."),
        ("cknet_Rn.", "factors.Separable.spatial."),
    ];
    let of = |(official, layer): (&str, &str)| {
        siren_values(&reference, &format!("{file}.sep.w.{official}"), layer)
    };
    let all: HashMap<_, _> = parts.into_iter().flat_map(of).collect();
    let conv = load(config.init(&device), all);
    let order = group(name).order();
    let input = reference.tensor(&format!("{file}.sep.in"), [1, 2, order, 6, 6], &device);
    let output = flipped(conv.forward(flipped(input)));
    reference.agrees_within(TURNED, &output, &format!("{file}.sep.out"));
    if file == "se2_8" {
        let loss = (output.clone() * output).sum() / 2.0;
        let found = gradients(&conv, &loss.backward());
        for (official, layer) in parts {
            let official = format!("se2_8.sep.grad.w.{official}");
            gradients_agree(&found, &reference, &official, layer);
        }
    }
}

/// Grids of angles that are turned, each by its own angle: what the official code means to compute.
#[test]
fn offsets_are_the_published_ones() {
    let (reference, device) = (knigge(), device());
    let config = SeparableGroupConv2dConfig::new(group("C4"), [2, 2], 5.into())
        .with_kernel(official_siren())
        .with_padding(Padding2d::Same)
        .with_bias(false);
    let values: HashMap<_, _> = [
        ("cknet_H.", "factors.Separable.over_group."),
        ("cknet_Rn.", "factors.Separable.spatial."),
    ]
    .into_iter()
    .flat_map(|(official, layer)| {
        siren_values(&reference, &format!("se2_4.sep.w.{official}"), layer)
    })
    .collect();
    let conv = load(config.init(&device), values);
    let input = tensor(
        &reference.values("se2_4.sep.in"),
        [1, 2, 4, 6, 6],
        &device,
        DType::F64,
    );
    let offsets = AngleOffsets {
        input: reference.values("se2_4.offset.elements_in")[0],
        output: reference.values("se2_4.offset.elements_out")[0],
    };
    let output = flipped(conv.forward_at(flipped(input), offsets));
    reference.agrees_within(TURNED, &output, "se2_4.offset.out_right");
}

fn kernels() -> [KernelConfig; 4] {
    [
        KernelConfig::pixel(),
        KernelConfig::b_spline(Default::default()),
        KernelConfig::hermite(Default::default()),
        KernelConfig::siren(SirenConfig {
            hidden: 8,
            ..SirenConfig::default()
        }),
    ]
}

fn config(
    name: &str,
    separation: Separation,
    kernel: KernelConfig,
    padding: Padding2d,
) -> SeparableGroupConv2dConfig {
    SeparableGroupConv2dConfig::new(group(name), [2, 3], 3.into())
        .with_separation(separation)
        .with_kernel(kernel)
        .with_padding(padding)
}

fn map(h: &Group, size: usize) -> Tensor<5> {
    let dims = [2, 2, h.order(), size, size];
    tensor(
        &noise(dims.iter().product(), 7),
        dims,
        &device(),
        DType::F32,
    )
}

#[rstest]
fn exact_elements(
    #[values("C4", "D4", "C8", "C4xR2(2)")] name: &str,
    #[values(0, 1, 2, 3)] kind: usize,
    #[values(0, 1, 2, 3)] kernel: usize,
    #[values(Padding2d::None, Padding2d::Same)] padding: Padding2d,
) {
    let h = group(name);
    let (separation, kernel) = (KINDS[kind], kernels()[kernel]);
    let config = config(name, separation, kernel, padding);
    if separation == Separation::Separable2d && h.factors().is_none() {
        assert!(matches!(
            config.validate(),
            Err(LayerError::NoProduct { .. })
        ));
        return;
    }
    config.validate().unwrap();
    let conv = reseed(config.init(&device()), 9, DType::F32);
    let input = map(&h, 9);
    let output = conv.forward(input.clone());
    for g in h.elements().filter(|&g| h.is_exact_element(g)) {
        let turned = conv.forward(group_action(&h, g, input.clone()));
        let expected = group_action(&h, g, output.clone());
        let error = relative_error(&values(&turned), &values(&expected));
        assert!(error < 1e-5, "{}: {error}", h.describe(g));
    }
}

/// What is exported computes the same, and so do two convolutions as one whose kernel is their product.
#[rstest]
fn is_its_factors(
    #[values("C4", "C8", "C4xR2(2)")] name: &str,
    #[values(0, 1, 2, 3)] kind: usize,
    #[values(0, 3)] kernel: usize,
) {
    let (h, separation) = (group(name), KINDS[kind]);
    let config = config(name, separation, kernels()[kernel], Padding2d::Same);
    if config.validate().is_err() {
        assert_eq!(separation, Separation::Separable2d);
        return;
    }
    let conv = reseed(config.init(&device()), 5, DType::F32);
    let input = map(&h, 7);
    let output = conv.forward(input.clone());
    let planes = input.reshape([2, 2 * h.order(), 7, 7]);
    let layers = conv.export();
    let exported = layers
        .iter()
        .fold(planes.clone(), |map, layer| layer.forward(map));
    let error = relative_error(&values(&exported), &values(&output));
    assert!(error < 1e-5, "{error}");
    if separation == Separation::Separable {
        let [first, second] = layers.as_slice() else {
            panic!("two factors");
        };
        let dense = first.weight.val() * second.weight.val();
        let bias = second.bias.as_ref().map(|bias| bias.val());
        let [_, _, side, _] = dense.dims();
        let options = burn::tensor::ops::ConvOptions::new([1, 1], [side / 2; 2], [1, 1], 1);
        let direct = burn::tensor::module::conv2d(planes, dense, bias, options);
        let error = relative_error(&values(&direct), &values(&output));
        assert!(error < 1e-5, "{error}");
    }
}

/// Parameters are those that are announced, and all of them are trained.
#[rstest]
fn every_parameter_has_a_gradient(
    #[values(0, 1, 2, 3)] kind: usize,
    #[values(0, 3)] kernel: usize,
) {
    let device = device().autodiff();
    let config = config("C4xR2(2)", KINDS[kind], kernels()[kernel], Padding2d::Same);
    let conv = config.init(&device);
    let input = Tensor::from_data(map(&group("C4xR2(2)"), 7).into_data(), &device);
    let output = conv.forward(input);
    let found = gradients(&conv, &(output.clone() * output).sum().backward());
    let announced = config.parameters().unwrap();
    let names: Vec<_> = announced.iter().map(|(name, _)| name.to_string()).collect();
    let mut own: Vec<_> = found.keys().cloned().collect();
    own.sort();
    assert_eq!(own, names);
    for (name, shape) in announced.iter() {
        let values = &found[name];
        assert_eq!(values.len(), shape.iter().product::<usize>(), "{name}");
        assert!(values.iter().any(|v| v.abs() > 1e-9), "{name}");
    }
}

/// Neither kind makes responses larger or smaller than a convolution of one piece does.
#[rstest]
fn responses_begin_with_twice_the_second_moment_of_the_input(#[values(0, 1, 2, 3)] kind: usize) {
    let device = device();
    device.seed(11);
    let h = group("C4xR2(2)");
    let config = SeparableGroupConv2dConfig::new(h.clone(), [24, 24], 3.into())
        .with_separation(KINDS[kind])
        .with_kernel(KernelConfig::pixel())
        .with_padding(Padding2d::Same);
    let conv = config.init(&device);
    let dims = [2, 24, h.order(), 9, 9];
    let input = tensor(&noise(dims.iter().product(), 3), dims, &device, DType::F32);
    let square = |map: Tensor<5>| map.powf_scalar(2.0).mean().into_scalar::<f32>();
    let ratio = square(conv.forward(input.clone())) / square(input);
    // Zeros beyond the border and beyond the last scale take some of it.
    assert!((0.6..2.6).contains(&ratio), "{ratio}");
}

#[test]
fn fields_that_stay_apart_are_as_many() {
    use gcnn_layers::SpatialConv2dConfig;
    let config = SpatialConv2dConfig::new(group("C4"), [2, 3], 3);
    let error = config.validate().unwrap_err();
    assert!(
        error.to_string().contains("2 come in and 3 go out"),
        "{error}"
    );
}
