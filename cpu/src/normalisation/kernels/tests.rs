//! The passes on arrays against their formulas. Small enough for Miri.

use super::*;
use rstest::rstest;

const FIELDS: Fields = Fields {
    batch: 3,
    channels: 2,
    length: 18,
    plane: [3, 6],
};
const LINES: [Line; 2] = [
    Line {
        slope: 2.0,
        offset: -1.0,
    },
    Line {
        slope: -1.5,
        offset: 0.5,
    },
];

fn some(count: usize, seed: usize) -> Vec<f64> {
    let number = |i: usize| (((i + seed) * 2_654_435_761) >> 9) % 17;
    (0..count).map(|i| number(i) as f64 / 4.0 - 2.0).collect()
}

fn channel(index: usize, length: usize) -> usize {
    index / length % FIELDS.channels
}

/// The line and max(·, 0) over windows of 2×2, in the order of the output, by their formula.
fn pooled(input: &[f64]) -> Vec<f64> {
    let on_line = |i: usize| {
        let line = LINES[channel(i, FIELDS.length)];
        line.slope * input[i] + line.offset
    };
    let window = |i: usize| {
        let (field, y, x) = (i / 3, 0, i % 3);
        let at = field * FIELDS.length + 2 * y * 6 + 2 * x;
        [at, at + 1, at + 6, at + 7]
            .map(on_line)
            .into_iter()
            .fold(0.0, f64::max)
    };
    (0..FIELDS.batch * FIELDS.channels * 3)
        .map(window)
        .collect()
}

#[test]
fn a_line_per_channel_and_what_follows() {
    let input = some(108, 1);
    let on_line = |i: usize| {
        let line = LINES[channel(i, FIELDS.length)];
        line.slope * input[i] + line.offset
    };
    let straight: Vec<f64> = (0..108).map(on_line).collect();
    assert_eq!(affine(&input, FIELDS, &LINES, Activation::None), straight);
    let cut: Vec<f64> = straight.iter().map(|y| y.max(0.0)).collect();
    assert_eq!(affine(&input, FIELDS, &LINES, Activation::Relu), cut);
    let pool = affine(&input, FIELDS, &LINES, Activation::ReluMaxPool);
    assert_eq!(pool, pooled(&input));
}

#[rstest]
#[case::nothing(Activation::None)]
#[case::relu(Activation::Relu)]
#[case::pooling(Activation::ReluMaxPool)]
fn gradients_are_those_of_finite_differences(#[case] activation: Activation) {
    // Through mean and variance, as training goes: y = γ (x − μ) / √(σ² + ε) + β.
    const EPSILON: f64 = 1e-3;
    let (scale, shift) = ([1.5, -0.75], [0.25, 0.5]);
    let forward = |input: &[f64]| {
        let statistics = statistics(input, FIELDS);
        let lines: Vec<Line> = (0..2)
            .map(|c| {
                let slope = scale[c] / (statistics[c][1] + EPSILON).sqrt();
                let offset = shift[c] - slope * statistics[c][0];
                Line { slope, offset }
            })
            .collect();
        affine(input, FIELDS, &lines, activation)
    };
    let mut input = some(108, 2);
    // No two values of a window are the same.
    input
        .iter_mut()
        .enumerate()
        .for_each(|(i, x)| *x += 1e-3 * i as f64);
    let output = forward(&input);
    let gradient = some(output.len(), 3);
    let standard: Vec<[f64; 2]> = statistics(&input, FIELDS)
        .into_iter()
        .map(|[mean, variance]| [mean, (variance + EPSILON).sqrt().recip()])
        .collect();
    let (found, _, for_shift) = Backward {
        input: &input,
        output: &output,
        gradient: &gradient,
        standard: &standard,
        scale: &scale,
        activation,
    }
    .gradients(FIELDS);
    let loss = |input: &[f64]| -> f64 {
        forward(input)
            .iter()
            .zip(&gradient)
            .map(|(y, g)| y * g)
            .sum()
    };
    for i in (0..input.len()).step_by(5) {
        let x = input[i];
        input[i] = x + 1e-6;
        let above = loss(&input);
        input[i] = x - 1e-6;
        let slope = (above - loss(&input)) / 2e-6;
        input[i] = x;
        assert!(
            (slope - found[i]).abs() < 1e-6,
            "{i}: {slope}, {}",
            found[i]
        );
    }
    let passed = |c: usize| -> f64 {
        let length = output.len() / 6;
        let of_channel = (0..output.len()).filter(|&i| channel(i, length) == c);
        let open = |&i: &usize| activation == Activation::None || output[i] > 0.0;
        of_channel.filter(open).map(|i| gradient[i]).sum()
    };
    for (c, found) in for_shift.iter().enumerate() {
        assert!((found - passed(c)).abs() < 1e-12);
    }
}

#[rstest]
#[case::input(107, 2, "108 values of input")]
#[case::line(108, 3, "2 channels, the line per channel is for other ones")]
fn other_numbers_of_values_are_refused(
    #[case] values: usize,
    #[case] lines: usize,
    #[case] says: &str,
) {
    let (input, lines) = (some(values, 1), vec![LINES[0]; lines]);
    let run = || affine(&input, FIELDS, &lines, Activation::Relu);
    let panic = std::panic::catch_unwind(run).expect_err("refused");
    let words = panic.downcast_ref::<String>().expect("words");
    assert!(words.contains(says), "{words}");
}
