//! Convolutions over time and scale: against values of the official wavelet networks, against their definition, and
//! equivariance under stretches of time.

use burn::module::Param;
use burn::prelude::*;
use burn::tensor::DType;
use gcnn_layers::{
    Group, GroupConv1d, GroupConv1dConfig, LayerError, LiftingConv1d, LiftingConv1dConfig,
};
use rstest::rstest;

use super::{Reference, device, group, noise, relative_error, reseed, tensor, values};

fn reference() -> Reference {
    Reference::new(include_bytes!("../fixtures/wavelet_networks.safetensors"))
}

#[test]
fn lifting_is_the_published_one() {
    let (reference, device) = (reference(), device().autodiff());
    let config = LiftingConv1dConfig::new(group("R3(2)"), [2, 3], 7).with_bias(false);
    let mut conv = config.init(&device);
    conv.weight = Param::from_tensor(reference.tensor("lift.w.weights", [3, 2, 1, 7], &device));
    let input = reference.tensor("lift.in", [2, 2, 1, 48], &device);
    let output = conv.forward(input.clone());
    assert_eq!(output.dims(), [2, 3, 3, 1, 48]);
    reference.agrees(&output, "lift.out");
    let gradients = (output.clone() * output.detach()).sum().backward();
    reference.agrees(
        &conv.weight.val().grad(&gradients).unwrap(),
        "lift.grad.w.weights",
    );
    reference.agrees(&input.grad(&gradients).unwrap(), "lift.grad.in");
}

#[rstest]
#[case("gconv_crop", true, [2, 3], 3, 5, 40)]
#[case("gconv_full", false, [2, 3], 3, 5, 40)]
#[case("gconv_1", true, [3, 2], 1, 3, 6)]
fn convolution_on_the_group_is_the_published_one(
    #[case] name: &str,
    #[case] crop: bool,
    #[case] channels: [usize; 2],
    #[case] taps: usize,
    #[case] scales: usize,
    #[case] time: usize,
) {
    let (reference, device) = (reference(), device().autodiff());
    let of_input = group(&format!("R{scales}(2)"));
    let config = GroupConv1dConfig::new(of_input, channels, taps, 3)
        .with_crop(crop)
        .with_bias(false);
    let ([c_in, c_out], out) = (channels, config.scales());
    let mut conv = config.init(&device);
    let weight = reference.tensor(
        &format!("{name}.w.weights"),
        [c_out, c_in, 3, taps],
        &device,
    );
    conv.weight = Param::from_tensor(weight);
    let input = reference.tensor(&format!("{name}.in"), [1, c_in, scales, 1, time], &device);
    let output = conv.forward(input.clone());
    assert_eq!(output.dims(), [1, c_out, out, 1, time]);
    reference.agrees(&output, &format!("{name}.out"));
    let gradients = (output.clone() * output.detach()).sum().backward();
    let of_weight = conv.weight.val().grad(&gradients).unwrap();
    reference.agrees(&of_weight, &format!("{name}.grad.w.weights"));
    reference.agrees(&input.grad(&gradients).unwrap(), &format!("{name}.grad.in"));
}

#[test]
fn kernels_without_a_mean_are_admissible() {
    let (reference, device) = (reference(), device().autodiff());
    let weight = |name: &str, dims| {
        Param::from_tensor(reference.tensor::<4>(&format!("{name}.w.weights"), dims, &device))
    };
    let mut lifting = LiftingConv1dConfig::new(group("R3(2)"), [2, 3], 7).init(&device);
    lifting.weight = weight("lift", [3, 2, 1, 7]);
    let mut conv = GroupConv1dConfig::new(group("R5(2)"), [2, 3], 3, 3).init(&device);
    conv.weight = weight("gconv_crop", [3, 2, 3, 3]);
    let (first, second) = (lifting.admissibility(), conv.admissibility());
    reference.agrees(&first, "wavelet_loss.lift");
    reference.agrees(&second, "wavelet_loss.gconv_crop");
    let gradients = (first + second).backward();
    let of = |weight: &Param<Tensor<4>>| weight.val().grad(&gradients).unwrap();
    reference.agrees(&of(&lifting.weight), "wavelet_loss.grad.lift");
    reference.agrees(&of(&conv.weight), "wavelet_loss.grad.gconv_crop");
}

fn lifting(name: &str, taps: usize, stride: usize) -> LiftingConv1d {
    let config = LiftingConv1dConfig::new(group(name), [2, 3], taps).with_stride(stride);
    reseed(config.init(&device()), 3, DType::F64)
}

/// Σ_c Σ_j w_c[j] (blur_s ⋆ f_c)(t + s (j − (k − 1)/2)), with the blur written out.
fn by_definition(conv: &LiftingConv1d, signal: &[f64], time: usize, scales: &[i64]) -> Vec<f64> {
    let [c_out, c_in, _, taps] = conv.weight.dims();
    let (weight, bias) = (
        values(&conv.weight.val()),
        values(&conv.bias.as_ref().unwrap().val()),
    );
    let f = |c: usize, t: i64| match (0..time as i64).contains(&t) {
        true => signal[c * time + t as usize],
        false => 0.0,
    };
    let spline = |x: f64| match x.abs() {
        x if x < 0.5 => 0.75 - x * x,
        x if x < 1.5 => 0.5 * (1.5 - x).powi(2),
        _ => 0.0,
    };
    let smooth = |c: usize, t: i64, s: i64| -> f64 {
        let reach = -2 * s..=2 * s;
        reach
            .map(|j| spline(j as f64 / s as f64) / s as f64 * f(c, t + j))
            .sum()
    };
    let mut all = Vec::new();
    for o in 0..c_out {
        for &s in scales {
            for t in 0..time as i64 {
                let mut sum = bias[o];
                for c in 0..c_in {
                    for j in 0..taps {
                        let place = t + s * (j as i64 - (taps as i64 - 1) / 2);
                        sum += weight[(o * c_in + c) * taps + j] * smooth(c, place, s);
                    }
                }
                all.push(sum);
            }
        }
    }
    all
}

#[rstest]
fn phases_are_the_definition(
    #[values(("R4(2)", &[1, 2, 4, 8][..]), ("R3(3)", &[1, 3, 9][..]))] group: (&str, &[i64]),
    #[values(1, 3, 7)] taps: usize,
    #[values(1, 5, 16, 37)] time: usize,
) {
    let conv = lifting(group.0, taps, 1);
    let signal = noise(2 * time, 5);
    let input = tensor(&signal, [1, 2, 1, time], &device(), DType::F64);
    let found = values(&conv.forward(input));
    let expected = by_definition(&conv, &signal, time, group.1);
    assert!(relative_error(&found, &expected) < 1e-12);
}

/// What a stride leaves out isn't computed, and what it keeps is the same.
#[rstest]
fn strides_keep_every_so_many_outputs(
    #[values("R4(2)", "R3(3)")] name: &str,
    #[values(2, 3, 4, 6)] stride: usize,
    #[values(16, 37)] time: usize,
) {
    let [every, some] = [1, stride].map(|stride| lifting(name, 5, stride));
    let input = tensor(&noise(4 * time, 5), [2, 2, 1, time], &device(), DType::F64);
    let all = every.forward(input.clone());
    let kept: Vec<i64> = (0..time).step_by(stride).map(|t| t as i64).collect();
    let expected = all.select(4, Tensor::from_data(kept.as_slice(), &device()));
    let found = some.forward(input);
    assert_eq!(found.dims(), expected.dims());
    assert!(relative_error(&values(&found), &values(&expected)) < 1e-12);
}

/// A chirp of bells that is known at every speed.
fn bells(time: usize, stretch: f64, seed: u64) -> Vec<f64> {
    let bells: Vec<[f64; 3]> = noise(18, seed)
        .chunks(3)
        .map(|n| [20.0 * n[0], 5.0 + 2.0 * n[1], n[2]])
        .collect();
    let middle = (time as f64 - 1.0) / 2.0;
    let at = |t: usize| {
        let t = (t as f64 - middle) / stretch;
        let value = |[centre, width, height]: &[f64; 3]| {
            height * (-((t - centre) / width).powi(2) / 2.0).exp()
        };
        bells.iter().map(value).sum::<f64>()
    };
    (0..time).map(at).collect()
}

/// ‖(k ⋆ L_2 f)(t, 2s) − (k ⋆ f)(t/2, s)‖ at the middle: slowing down moves responses along scale.
#[test]
fn slowing_a_signal_down_moves_responses_to_the_next_scale() {
    const TIME: usize = 255;
    let lift = LiftingConv1dConfig::new(group("R4(2)"), [1, 4], 9);
    let conv = GroupConv1dConfig::new(group("R4(2)"), [4, 6], 5, 2);
    let lift: LiftingConv1d = reseed(lift.init(&device()), 1, DType::F64);
    let conv: GroupConv1d = reseed(conv.init(&device()), 2, DType::F64);
    let middle = |stretch: f64, seed: u64| {
        let signal = bells(TIME, stretch, seed);
        let signal = tensor(&signal, [1, 1, 1, TIME], &device(), DType::F64);
        let map = conv.forward(burn::tensor::activation::relu(lift.forward(signal)));
        values(&map.narrow(4, TIME / 2, 1))
    };
    let (mut found, mut expected) = (Vec::new(), Vec::new());
    for seed in 0..8 {
        let (fast, slow) = (middle(1.0, seed), middle(2.0, seed));
        for field in 0..6 {
            for scale in 0..2 {
                expected.push(fast[3 * field + scale]);
                found.push(slow[3 * field + scale + 1]);
            }
        }
    }
    let error = relative_error(&found, &expected);
    println!("{error:.4}");
    assert!(error < 0.06, "{error}");
}

#[test]
fn what_cannot_be_made_is_refused() {
    let refused = |name: &str, taps: usize| {
        LiftingConv1dConfig::new(group(name), [1, 2], taps)
            .validate()
            .unwrap_err()
    };
    for name in ["R3", "R3(1.5)", "C4", "C4xR2(2)"] {
        let error = refused(name, 3);
        assert!(matches!(error, LayerError::WholeScales { .. }), "{error}");
        assert!(error.to_string().contains(name), "{error}");
    }
    assert!(matches!(
        refused("R3(2)", 4),
        LayerError::EvenUnderScale { .. }
    ));
    assert!(matches!(refused("R3(2)", 0), LayerError::Zero { .. }));
    let range = |range| GroupConv1dConfig::new(group("R3(2)"), [1, 2], 3, range).validate();
    assert!(matches!(
        range(4),
        Err(LayerError::RangeTooLong {
            range: 4,
            scales: 3,
            ..
        })
    ));
    assert!(matches!(range(0), Err(LayerError::Zero { .. })));
    // A plain network sees one scale.
    let plain = LiftingConv1dConfig::new(Group::trivial(), [1, 2], 3).init(&device());
    let signal = Tensor::<4>::ones([1, 1, 1, 9], &device());
    assert_eq!(plain.forward(signal).dims(), [1, 2, 1, 1, 9]);
}
