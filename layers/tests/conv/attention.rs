//! Attention turns with what it looks at, is what its definition says, and refuses what it cannot be.

use burn::module::Param;
use burn::prelude::*;
use burn::tensor::DType;
use gcnn_layers::attention::{Gated, InputAttention, InputAttentionConfig};
use gcnn_layers::convolution::{Convolution, Lifting, OnGroup};
use gcnn_layers::{
    AttentiveGate, AttentiveGateConfig, AttentiveLiftingConv2d, AttentiveLiftingConv2dConfig,
    AttentivePlaneGate, AttentivePlaneGateConfig, Group, LayerError, LiftingConv2dConfig,
    group_action, plane_action,
};
use rstest::rstest;

use super::{device, group, noise, relative_error, reseed, tensor, values};

const EXACT: f64 = 1e-12;

fn map<const D: usize>(dims: [usize; D], seed: u64) -> Tensor<D> {
    tensor(
        &noise(dims.iter().product(), seed),
        dims,
        &device(),
        DType::F64,
    )
}

fn of_seed<M: Gated>(config: InputAttentionConfig<M>) -> InputAttention<Convolution<M>> {
    reseed(config.init(&device()), 5, DType::F64)
}

fn same<const D: usize>(found: Tensor<D>, expected: Tensor<D>) {
    assert_eq!(found.dims(), expected.dims());
    let error = relative_error(&values(&found), &values(&expected));
    assert!(error < EXACT, "{error}");
}

/// `[batch, fields, group, channels]` as a map of one position, `[batch, fields · channels, group, 1, 1]`.
fn fields_and_channels(attention: Tensor<4>) -> Tensor<5> {
    let [batch, fields, order, channels] = attention.dims();
    let attention = attention.swap_dims(2, 3);
    attention.reshape([batch, fields * channels, order, 1, 1])
}

#[rstest]
fn attention_turns_with_its_input(
    #[values("trivial", "flip", "C4", "D4", "C8")] name: &str,
    #[values((7, 1), (3, 2))] window: (usize, usize),
    #[values([9, 9], [6, 6], [5, 7])] size: [usize; 2],
) {
    let ((kernel_size, dilation), [height, width]) = (window, size);
    let h = group(name);
    let config = AttentiveGateConfig::new(h.clone(), 4).with_kernel_size(kernel_size);
    let gate: AttentiveGate = of_seed(config.with_dilation(dilation));
    let config = AttentivePlaneGateConfig::new(h.clone(), 3).with_kernel_size(kernel_size);
    let of_plane: AttentivePlaneGate = of_seed(config.with_dilation(dilation));
    let convolution = LiftingConv2dConfig::new(h.clone(), [3, 2], 3);
    let config = AttentiveLiftingConv2dConfig::new(convolution).with_kernel_size(kernel_size);
    let lifting = reseed(
        config.with_dilation(dilation).init(&device()),
        7,
        DType::F64,
    );

    let on_group = map([2, 4, h.order(), height, width], 1);
    let on_plane = map([2, 3, height, width], 2);
    let (channel, spatial) = gate.attention(on_group.clone());
    let (of_channels, of_places) = of_plane.attention(on_plane.clone());
    let (within_channel, within_spatial) = lifting.attention(on_plane.clone());
    for g in h.elements().filter(|&g| h.is_exact_element(g)) {
        let turn = |map: Tensor<5>| group_action(&h, g, map);
        let turned = turn(on_group.clone());
        let (turned_channel, turned_spatial) = gate.attention(turned.clone());
        same(turned_channel, turn(channel.clone()));
        same(turned_spatial, turn(spatial.clone()));
        same(gate.forward(turned), turn(gate.forward(on_group.clone())));

        let turned = plane_action(&h, g, on_plane.clone());
        let (turned_channel, turned_spatial) = of_plane.attention(turned.clone());
        same(turned_channel, of_channels.clone());
        same(turned_spatial, plane_action(&h, g, of_places.clone()));
        let gated = of_plane.forward(on_plane.clone());
        same(of_plane.forward(turned.clone()), plane_action(&h, g, gated));

        let (turned_channel, turned_spatial) = lifting.attention(turned.clone());
        same(
            fields_and_channels(turned_channel),
            turn(fields_and_channels(within_channel.clone())),
        );
        same(turned_spatial, turn(within_spatial.clone()));
        let lifted = lifting.forward(on_plane.clone());
        same(lifting.forward(turned), turn(lifted));
    }
}

/// Bells that vanish towards the border, and are known wherever they turn to.
fn bells(h: &Group, g: usize, [fields, axis, size]: [usize; 3], seed: u64) -> Vec<f64> {
    let centre = (size as f64 - 1.0) / 2.0;
    let field = |index: usize| {
        let bells = noise(12, seed + index as u64);
        move |[x, y]: [f64; 2]| -> f64 {
            let bell = |b: &[f64]| {
                let [x, y] = [x - 5.0 * b[0], y - 5.0 * b[1]];
                b[2] * (-(x * x + y * y) / 12.5).exp()
            };
            bells.chunks(3).map(bell).sum()
        }
    };
    let mut all = Vec::new();
    for of in 0..fields {
        for e in 0..axis {
            let source = match axis {
                1 => 0,
                _ => h.relative(g, e).expect("a finite group"),
            };
            let function = field(of * axis + source);
            all.extend((0..size * size).map(|p| {
                let place = [(p % size) as f64 - centre, centre - (p / size) as f64];
                function(h.act_inverse(g, place))
            }));
        }
    }
    all
}

/// Under turns by 45° the kernels are interpolated, and so is what they are compared with.
#[test]
fn what_interpolation_costs_is_bounded() {
    const SIZE: usize = 35;
    let h = group("C8");
    let gate = AttentiveGateConfig::new(h.clone(), 4).init(&device());
    let gate = reseed(gate, 5, DType::F32);
    // A bias would be a map that doesn't vanish at the border.
    let convolution = LiftingConv2dConfig::new(h.clone(), [2, 3], 5).with_bias(false);
    let lifting = AttentiveLiftingConv2dConfig::new(convolution).init(&device());
    let lifting = reseed(lifting, 7, DType::F32);
    let on_group = |g| {
        let values = bells(&h, g, [4, 8, SIZE], 100);
        tensor(&values, [1, 4, 8, SIZE, SIZE], &device(), DType::F32)
    };
    let on_plane = |g| {
        let values = bells(&h, g, [2, 1, SIZE], 200);
        tensor(&values, [1, 2, SIZE, SIZE], &device(), DType::F32)
    };
    for g in [1, 3] {
        let error = |found: Tensor<5>, expected: Tensor<5>| {
            let expected = group_action(&h, g, expected);
            relative_error(&values(&found), &values(&expected))
        };
        let gated = error(gate.forward(on_group(g)), gate.forward(on_group(0)));
        let lifted = error(lifting.forward(on_plane(g)), lifting.forward(on_plane(0)));
        let ((channel, _), (channel_0, _)) =
            (gate.attention(on_group(g)), gate.attention(on_group(0)));
        let channel = error(channel, channel_0);
        println!("gate {gated:.4}, attention to channels {channel:.4}, lifting {lifted:.4}");
        assert!(gated < 0.02 && channel < 0.01 && lifted < 0.04);
    }
}

/// A gate that has learned nothing keeps three quarters of everything.
#[test]
fn weights_of_zero_keep_three_quarters() {
    let zero = |param: Param<Tensor<4>>| param.map(|weight| weight.zeros_like());
    let mut gate = of_seed(AttentiveGateConfig::new(group("D4"), 4));
    gate.excite.weight = zero(gate.excite.weight);
    gate.spatial.weight = zero(gate.spatial.weight);
    let input = map([2, 4, 8, 5, 5], 1);
    let (channel, spatial) = gate.attention(input.clone());
    same(channel.clone(), channel.full_like(0.5));
    same(spatial.clone(), spatial.full_like(0.5));
    same(gate.forward(input.clone()), input * 0.75);

    let convolution = LiftingConv2dConfig::new(group("C8"), [3, 4], 3);
    let config = AttentiveLiftingConv2dConfig::new(convolution).with_ratio(3);
    let mut lifting = reseed(config.init(&device()), 3, DType::F64);
    lifting.excite = lifting.excite.map(|weight| weight.zeros_like());
    lifting.spatial.weight = zero(lifting.spatial.weight);
    let input = map([2, 3, 9, 9], 1);
    let bias = lifting.convolution.bias.as_ref().unwrap().val();
    let bias = bias.reshape([1, 4, 1, 1, 1]);
    let plain = lifting.convolution.forward(input.clone());
    same(lifting.forward(input), plain * 0.75 + bias * 0.25);
}

/// The attention to channels asks what there is, not where it is.
#[test]
fn attention_to_channels_knows_no_places() {
    let gate: AttentiveGate = of_seed(AttentiveGateConfig::new(group("C4"), 4));
    let input = map([2, 4, 4, 6, 5], 1);
    let places: Vec<i64> = (0..30).map(|place| (7 * place + 3) % 30).collect();
    let shuffled: Tensor<4> = input.clone().reshape([2, 4, 4, 30]);
    let shuffled = shuffled.select(3, Tensor::from_data(places.as_slice(), &device()));
    let shuffled: Tensor<5> = shuffled.reshape([2, 4, 4, 6, 5]);
    same(gate.attention(shuffled).0, gate.attention(input).0);
}

/// By loops over the statistics, with one element.
#[test]
fn a_gate_is_its_formula() {
    let config = AttentiveGateConfig::new(Group::trivial(), 2).with_kernel_size(1);
    let gate: AttentiveGate = of_seed(config);
    let [squeeze, excite, spatial] =
        [&gate.squeeze, &gate.excite, &gate.spatial].map(|layer| values(&layer.weight.val()));
    let input = [[1.0, -2.0], [0.5, 3.0]];
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let hidden =
        |statistics: [f64; 2]| (squeeze[0] * statistics[0] + squeeze[1] * statistics[1]).max(0.0);
    let mean = input.map(|[a, b]| (a + b) / 2.0);
    let max = input.map(|[a, b]: [f64; 2]| a.max(b));
    let alpha = [0, 1].map(|c| sigmoid(excite[c] * hidden(mean) + excite[c] * hidden(max)));
    let attended = [0, 1].map(|c| input[c].map(|value| alpha[c] * value));
    let mut expected = input;
    for x in 0..2 {
        let (a, b) = (attended[0][x], attended[1][x]);
        let place = sigmoid(spatial[0] * (a + b) / 2.0 + spatial[1] * a.max(b));
        for c in 0..2 {
            expected[c][x] -= place * attended[c][x];
        }
    }
    let tensor = |of: [[f64; 2]; 2]| tensor(&of.concat(), [1, 2, 1, 1, 2], &device(), DType::F64);
    same(gate.forward(tensor(input)), tensor(expected));
}

/// Any group whose kernels can be made: scales too, whose windows differ.
#[rstest]
fn groups_of_scales_have_gates_too(#[values("R3(2)", "C4xR2(2)")] name: &str) {
    let h = group(name);
    let config = AttentiveGateConfig::new(h.clone(), 3).with_kernel_size(3);
    let gate: AttentiveGate = of_seed(config);
    let input = map([1, 3, h.order(), 6, 6], 1);
    let (channel, spatial) = gate.attention(input.clone());
    assert_eq!(channel.dims(), [1, 3, h.order(), 1, 1]);
    assert_eq!(spatial.dims(), [1, 1, h.order(), 6, 6]);
    assert_eq!(gate.forward(input.clone()).dims(), input.dims());
    let convolution = LiftingConv2dConfig::new(h.clone(), [2, 2], 3);
    let layer: AttentiveLiftingConv2d = AttentiveLiftingConv2dConfig::new(convolution)
        .with_kernel_size(3)
        .init(&device());
    let output = layer.forward(Tensor::<4>::ones([1, 2, 9, 9], &device()));
    assert_eq!(output.dims()[..3], [1, 2, h.order()]);
}

#[rstest]
fn exported_gates_are_the_same(
    #[values("trivial", "C4", "D4", "C8", "R2(2)")] name: &str,
    #[values(1, 2)] dilation: usize,
) {
    let h = group(name);
    let config = AttentiveGateConfig::new(h.clone(), 4).with_kernel_size(5);
    let gate: AttentiveGate = of_seed(config.with_dilation(dilation));
    let plain = gate.export();
    assert_eq!(plain.order, h.order());
    let input = map([2, 4, h.order(), 7, 6], 1);
    let found = plain.forward(input.clone().flatten(1, 2));
    same(found, gate.forward(input).flatten(1, 2));

    let config = AttentivePlaneGateConfig::new(h, 3).with_kernel_size(5);
    let gate: AttentivePlaneGate = of_seed(config.with_dilation(dilation));
    let plain = gate.export();
    assert_eq!(plain.order, 1);
    let input = map([2, 3, 7, 6], 1);
    same(plain.forward(input.clone()), gate.forward(input));
}

/// What is exported carries nothing of the graph.
#[test]
fn gates_in_training_are_exported_as_they_evaluate() {
    let gate = AttentiveGateConfig::new(group("C8"), 4).init(&device().autodiff());
    let gate: AttentiveGate = reseed(gate, 5, DType::F64);
    let plain = gate.export().valid();
    let input = map([2, 4, 8, 7, 6], 1);
    let expected = gate.valid().forward(input.clone());
    same(plain.forward(input.flatten(1, 2)), expected.flatten(1, 2));
}

#[test]
fn everything_learns() {
    let device = device().autodiff();
    let gate = reseed(
        AttentiveGateConfig::new(group("C8"), 4).init(&device),
        1,
        DType::F64,
    );
    let input = tensor(&noise(4 * 8 * 49, 1), [1, 4, 8, 7, 7], &device, DType::F64);
    let output = gate.forward(input);
    let gradients = (output.clone() * output).sum().backward();
    let convolution = LiftingConv2dConfig::new(group("C8"), [3, 4], 3);
    let layer = AttentiveLiftingConv2dConfig::new(convolution).init(&device);
    let layer = reseed(layer, 1, DType::F64);
    let input = tensor(&noise(3 * 49, 1), [1, 3, 7, 7], &device, DType::F64);
    let output = layer.forward(input);
    let within = (output.clone() * output).sum().backward();
    let found = [
        values(&gate.squeeze.weight.val().grad(&gradients).unwrap()),
        values(&gate.excite.weight.val().grad(&gradients).unwrap()),
        values(&gate.spatial.weight.val().grad(&gradients).unwrap()),
        values(&layer.convolution.weight.val().grad(&within).unwrap()),
        values(&layer.convolution.bias.unwrap().val().grad(&within).unwrap()),
        values(&layer.squeeze.val().grad(&within).unwrap()),
        values(&layer.excite.val().grad(&within).unwrap()),
        values(&layer.spatial.weight.val().grad(&within).unwrap()),
    ];
    for gradient in found {
        let moved = gradient.iter().filter(|g| g.abs() > 1e-9).count();
        assert!(2 * moved > gradient.len(), "{gradient:?}");
    }
}

#[test]
fn what_is_learned_is_counted_before() {
    fn counted<M: Gated>(config: InputAttentionConfig<M>) {
        let numbers = config.parameters().unwrap().numbers();
        assert_eq!(numbers, config.init(&device()).num_params());
        assert!(config.filter_numbers().unwrap() >= numbers);
    }
    for name in ["C4", "D4", "C8"] {
        counted(AttentiveGateConfig::new(group(name), 6));
        counted(AttentiveGateConfig::new(group(name), 1).with_kernel_size(5));
        counted(AttentivePlaneGateConfig::new(group(name), 3));
        let convolution = LiftingConv2dConfig::new(group(name), [3, 8], 5);
        let config = AttentiveLiftingConv2dConfig::new(convolution).with_ratio(2);
        let numbers = config.parameters().unwrap().numbers();
        assert_eq!(numbers, config.init(&device()).num_params());
        assert!(config.filter_numbers().unwrap() >= numbers);
    }
    let huge = AttentiveGateConfig::new(group("C4"), usize::MAX);
    assert_eq!(huge.parameters().unwrap().numbers(), usize::MAX);
    assert_eq!(huge.filter_numbers(), Ok(usize::MAX));
}

#[test]
fn what_cannot_be_made_is_refused() {
    let gate = |channels| AttentiveGateConfig::new(group("C4"), channels);
    for refused in [
        gate(0).validate(),
        gate(2).with_ratio(0).validate(),
        gate(2).with_kernel_size(0).validate(),
        gate(2).with_dilation(0).validate(),
        gate(2).with_ratio(0).parameters().map(|_| ()),
    ] {
        let error = refused.unwrap_err();
        assert!(matches!(error, LayerError::Zero { .. }), "{error}");
    }
    let even = gate(2).with_kernel_size(4).validate();
    assert!(matches!(even, Err(LayerError::HalfPixel { .. })));
    let plane = AttentivePlaneGateConfig::new(group("C4"), 0).validate();
    assert!(matches!(plane, Err(LayerError::Zero { .. })));
    let lifting = |channels| {
        let convolution = LiftingConv2dConfig::new(group("C4"), channels, 3);
        AttentiveLiftingConv2dConfig::new(convolution)
    };
    for refused in [
        lifting([0, 2]).validate(),
        lifting([2, 0]).validate(),
        lifting([2, 2]).with_ratio(0).validate(),
    ] {
        let error = refused.unwrap_err();
        assert!(matches!(error, LayerError::Zero { .. }), "{error}");
    }
}

#[test]
fn configurations_are_read_with_defaults() {
    let read: AttentiveGateConfig =
        serde_json::from_str(r#"{"group":"C4","channels":10}"#).unwrap();
    assert_eq!(read, AttentiveGateConfig::new(group("C4"), 10));
    let written = serde_json::to_string(&read.clone().with_ratio(5)).unwrap();
    assert!(
        written.contains(r#""ratio":5,"kernel_size":7"#),
        "{written}"
    );
    let again: AttentiveGateConfig = serde_json::from_str(&written).unwrap();
    assert_eq!(again, read.with_ratio(5));
    let config =
        AttentiveLiftingConv2dConfig::new(LiftingConv2dConfig::new(group("D4"), [1, 2], 3));
    let written = serde_json::to_string(&config).unwrap();
    let again: AttentiveLiftingConv2dConfig = serde_json::from_str(&written).unwrap();
    assert_eq!(again, config);
}

/// The names of the kinds of gates are those of the convolutions after them.
#[test]
fn gates_are_named_for_what_follows() {
    assert_eq!(<OnGroup as Gated>::GATE, "AttentiveGate");
    assert_eq!(<Lifting as Gated>::GATE, "AttentivePlaneGate");
}
