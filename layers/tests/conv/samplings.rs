//! Layers whose responses are sampled otherwise than their input, and kernels that aren't square.

use burn::prelude::*;
use burn::tensor::DType;
use gcnn_layers::kernel::{BSplineConfig, Support};
use gcnn_layers::{
    Group, GroupConv2dConfig, KernelConfig, LayerError, LiftingConv2dConfig, Padding2d,
    group_action, plane_action,
};
use rstest::rstest;

use super::{device, group, noise, relative_error, reseed, tensor, values};

fn kernels() -> [KernelConfig; 2] {
    let splines = BSplineConfig {
        support: Support::Localized,
        ..BSplineConfig::default()
    };
    [KernelConfig::pixel(), KernelConfig::b_spline(splines)]
}

fn random_map(order: usize) -> Tensor<5> {
    let dims = [2, 2, order, 9, 9];
    tensor(
        &noise(dims.iter().product(), 5),
        dims,
        &device(),
        DType::F32,
    )
}

/// The elements of the smaller group, as the larger numbers them.
fn embedded(smaller: &Group, larger: &Group) -> Vec<usize> {
    let element = |h| larger.element_of(smaller.matrix(h)).expect("a subgroup");
    smaller.elements().map(element).collect()
}

fn select(map: Tensor<5>, elements: &[usize]) -> Tensor<5> {
    let indices: Vec<i64> = elements.iter().map(|&h| h as i64).collect();
    map.select(2, Tensor::from_data(indices.as_slice(), &device()))
}

fn conv(output: &str, input: &str, kernel: KernelConfig) -> GroupConv2dConfig {
    GroupConv2dConfig::new(group(output), [2, 3], 5)
        .with_kernel(kernel)
        .with_input_group(group(input))
}

/// With the same weights, coarser responses are some of those of the finer layer; to a coarser input, a finer layer responds as
/// to the finer input that is zero between its samples.
#[rstest]
#[case("C8", "C16")]
#[case("C8", "D8")]
#[case("C5", "C15")]
#[case("D8", "D16")]
fn other_samplings_are_parts_of_the_layer_on_the_larger_group(
    #[case] smaller: &str,
    #[case] larger: &str,
) {
    let inside = embedded(&group(smaller), &group(larger));
    for kernel in kernels() {
        let layer =
            |output, input| reseed(conv(output, input, kernel).init(&device()), 3, DType::F32);
        let full = layer(larger, larger);
        let fine = random_map(group(larger).order());
        let coarser = layer(smaller, larger).forward(fine.clone());
        let expected = select(full.forward(fine.clone()), &inside);
        assert!(relative_error(&values(&coarser), &values(&expected)) < 1e-6);

        let coarse = select(fine.clone(), &inside);
        let mut sparse = fine.zeros_like();
        for (place, &h) in inside.iter().enumerate() {
            let one = coarse.clone().narrow(2, place, 1);
            sparse = sparse.slice_assign([0..2, 0..2, h..h + 1, 0..9, 0..9], one);
        }
        let finer = layer(larger, smaller).forward(coarse);
        assert!(relative_error(&values(&finer), &values(&full.forward(sparse))) < 1e-6);
    }
}

/// Equivariance under what both have in common.
#[rstest]
#[case("C4", "C8", "C4")]
#[case("C8", "C4", "C4")]
#[case("C2", "D4", "C2")]
#[case("D4", "D2", "D2")]
#[case("trivial", "C4", "trivial")]
fn layers_between_samplings_are_equivariant(
    #[case] output: &str,
    #[case] input: &str,
    #[case] common: &str,
) {
    let [h_out, h_in, common] = [output, input, common].map(group);
    let (to_output, to_input) = (embedded(&common, &h_out), embedded(&common, &h_in));
    for kernel in kernels() {
        let layer = reseed(conv(output, input, kernel).init(&device()), 4, DType::F32);
        let map = random_map(h_in.order());
        let response = layer.forward(map.clone());
        for g in common.elements() {
            let moved = layer.forward(group_action(&h_in, to_input[g], map.clone()));
            let expected = group_action(&h_out, to_output[g], response.clone());
            let error = relative_error(&values(&moved), &values(&expected));
            assert!(error < 1e-5, "{}: {error}", common.describe(g));
        }
    }
}

#[test]
fn samplings_that_do_not_hold_each_other_are_refused() {
    for (output, input) in [("C4", "C6"), ("D2", "C8"), ("C3", "C4")] {
        let error = conv(output, input, KernelConfig::pixel())
            .validate()
            .unwrap_err();
        assert!(matches!(error, LayerError::Samplings { .. }), "{error}");
        for name in [output, input] {
            assert!(error.to_string().contains(name), "{error}");
        }
    }
    let written = serde_json::to_string(&conv("C4", "C8", KernelConfig::pixel())).unwrap();
    let read: GroupConv2dConfig = serde_json::from_str(&written).unwrap();
    assert_eq!(read, conv("C4", "C8", KernelConfig::pixel()));
    // The same group is nothing to write down.
    let same = serde_json::to_string(&conv("C4", "C4", KernelConfig::pixel())).unwrap();
    assert!(!same.contains("input_group"), "{same}");
}

/// A signal is an image of height 1: its kernels are as high, and reflections of it are exact.
#[rstest]
fn signals_are_images_of_height_one(#[values("trivial", "C2", "D1")] name: &str) {
    let h = group(name);
    for kernel in kernels() {
        let lifting = LiftingConv2dConfig::new(h.clone(), [2, 3], [1, 5])
            .with_padding(Padding2d::Same)
            .with_kernel(kernel);
        let on_group = GroupConv2dConfig::new(h.clone(), [3, 4], [1, 5])
            .with_stride(2)
            .with_kernel(kernel)
            .with_input_size(Some([1, 17]));
        on_group.validate().unwrap();
        let parameters = lifting.parameters().unwrap();
        let lifting = reseed(lifting.init(&device()), 1, DType::F32);
        assert_eq!(parameters.get("weight"), Some(&lifting.weight.dims()[..]));
        let on_group = reseed(on_group.init(&device()), 2, DType::F32);
        let network = |signal| on_group.forward(lifting.forward(signal));
        let signal: Tensor<4> = tensor(&noise(34, 9), [1, 2, 1, 17], &device(), DType::F32);
        let response = network(signal.clone());
        assert_eq!(response.dims(), [1, 4, h.order(), 1, 7]);
        for g in h.elements() {
            let moved = network(plane_action(&h, g, signal.clone()));
            let expected = group_action(&h, g, response.clone());
            let error = relative_error(&values(&moved), &values(&expected));
            assert!(error < 1e-5, "{name} {}: {error}", h.describe(g));
        }
        // A square kernel does not fit.
        let square = LiftingConv2dConfig::new(h.clone(), [2, 3], 5).with_input_size(Some([1, 17]));
        assert!(matches!(
            square.validate(),
            Err(LayerError::WindowTooLarge { .. })
        ));
    }
    let json = serde_json::to_string(&LiftingConv2dConfig::new(h, [2, 3], [1, 5])).unwrap();
    assert!(json.contains(r#""kernel_size":[1,5]"#), "{json}");
}
