//! The convolution on arrays against its formula. Small enough for Miri, which runs the portable kernels.

use super::*;
use rstest::rstest;

/// Channels for which tiles are transformed.
const MANY: usize = winograd::LEAST_CHANNELS;

/// Whole numbers from −2 to 2: sums of their products are exact, except where tiles are transformed.
fn some(count: usize, seed: usize) -> Vec<f64> {
    let number = |i: usize| (((i + seed) * 2_654_435_761) >> 7) % 5;
    (0..count).map(|i| number(i) as f64 - 2.0).collect()
}

/// All products of the formula, as indices into output, input and weight.
fn products(sizes: &Geometry, mut each: impl FnMut(usize, usize, usize)) {
    let [rows, columns] = sizes.output;
    let [height, width] = sizes.input;
    let source = |y: usize, tap: usize, axis: usize| {
        (y * sizes.stride[axis] + tap * sizes.dilation[axis]).checked_sub(sizes.padding[axis])
    };
    for (b, o) in (0..sizes.batch).flat_map(|b| (0..sizes.channels_out).map(move |o| (b, o))) {
        for (y, x) in (0..rows).flat_map(|y| (0..columns).map(move |x| (y, x))) {
            let out = ((b * sizes.channels_out + o) * rows + y) * columns + x;
            for (c, tap) in
                (0..sizes.channels_in).flat_map(|c| (0..sizes.taps()).map(move |t| (c, t)))
            {
                let at = [tap / sizes.kernel[1], tap % sizes.kernel[1]];
                if let (Some(i), Some(j)) = (source(y, at[0], 0), source(x, at[1], 1))
                    && i < height
                    && j < width
                {
                    let input = ((b * sizes.channels_in + c) * height + i) * width + j;
                    each(out, input, (o * sizes.channels_in + c) * sizes.taps() + tap);
                }
            }
        }
    }
}

fn assert_close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-10, "{found}, not {expected}");
    }
}

#[rstest]
#[case::all_options([2, 3, 5, 6], [5, 3, 3, 2], [2, 1], [1, 0], [1, 2])]
#[case::few_channels([1, 1, 4, 3], [18, 1, 2, 2], [1, 1], [0, 0], [1, 1])]
#[case::stride_beyond_the_input([1, 2, 5, 1], [3, 2, 2, 2], [1, 2], [0, 2], [1, 1])]
#[case::small_tiles([1, MANY, 4, 4], [MANY + 1, MANY, 3, 3], [1, 1], [0, 0], [1, 1])]
#[case::large_tiles([2, MANY, 3, 4], [MANY, MANY, 3, 3], [1, 1], [1, 1], [1, 1])]
fn equals_the_formula(
    #[case] input: [usize; 4],
    #[case] weight: [usize; 4],
    #[case] stride: [usize; 2],
    #[case] padding: [usize; 2],
    #[case] dilation: [usize; 2],
) {
    let sizes = Geometry::new(input, weight, stride, padding, dilation);
    let [height, width] = sizes.output;
    let x = some(input.iter().product(), 1);
    let w = some(weight.iter().product(), 2);
    let g = some(input[0] * weight[0] * height * width, 3);
    let bias = some(weight[0], 4);

    let mut out: Vec<f64> = (0..g.len())
        .map(|i| bias[i / (height * width) % weight[0]])
        .collect();
    let (mut for_x, mut for_w) = (vec![0.0; x.len()], vec![0.0; w.len()]);
    products(&sizes, |o, i, k| {
        out[o] += x[i] * w[k];
        for_x[i] += g[o] * w[k];
        for_w[k] += g[o] * x[i];
    });

    assert_close(
        &convolve(&x, &w, Some(&bias), &sizes, Finish::Nothing),
        &out,
    );
    let wanted = Wanted {
        input: true,
        weight: true,
    };
    let (found_x, found_w) = gradients(&x, &w, &g, &sizes, wanted);
    assert_close(&found_x.expect("wanted"), &for_x);
    assert_close(&found_w.expect("wanted"), &for_w);

    let cut = convolve(&x, &w, Some(&bias), &sizes, Finish::Relu);
    assert_close(&cut, &out.iter().map(|o| o.max(0.0)).collect::<Vec<_>>());
    let pooled = convolve(&x, &w, Some(&bias), &sizes, Finish::ReluMaxPool);
    let windows = |plane: &[f64]| -> Vec<f64> {
        let window = |i: usize| {
            let at = 2 * (i / (width / 2)) * width + 2 * (i % (width / 2));
            let values = [at, at + 1, at + width, at + width + 1].map(|at| plane[at]);
            values.into_iter().fold(0.0, f64::max)
        };
        (0..height / 2 * (width / 2)).map(window).collect()
    };
    let expected: Vec<f64> = out.chunks(height * width).flat_map(windows).collect();
    assert_close(&pooled, &expected);
}

#[test]
fn the_bias_gets_sums() {
    let sizes = Geometry::new([2, 1, 5, 5], [3, 1, 1, 1], [1, 1], [0, 0], [1, 1]);
    let found = bias_gradient(&vec![1f32; 2 * 3 * 25], &sizes);
    assert_eq!(found, [50.0; 3]);
}

#[rstest]
#[case::input(35, 18, 3, "input")]
#[case::weight(36, 17, 3, "weight")]
#[case::bias(36, 18, 2, "bias")]
fn other_numbers_than_the_sizes_say_are_refused(
    #[case] input: usize,
    #[case] weight: usize,
    #[case] bias: usize,
    #[case] names: &str,
) {
    let sizes = Geometry::new([2, 2, 3, 3], [3, 2, 1, 3], [1, 1], [0, 0], [1, 1]);
    let [x, w, b] = [input, weight, bias].map(|count| vec![0f32; count]);
    let run = || convolve(&x, &w, Some(&b), &sizes, Finish::Nothing);
    let panic = std::panic::catch_unwind(run).expect_err("refused");
    let words = panic.downcast_ref::<String>().expect("words");
    assert!(words.contains(names), "{words}");
}
