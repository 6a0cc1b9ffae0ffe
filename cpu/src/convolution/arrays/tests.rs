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
            // The channels of the output's group.
            let (ins, outs) = (
                sizes.channels_in / sizes.groups,
                sizes.channels_out / sizes.groups,
            );
            for (k, tap) in (0..ins).flat_map(|k| (0..sizes.taps()).map(move |t| (k, t))) {
                let c = o / outs * ins + k;
                let at = [tap / sizes.kernel[1], tap % sizes.kernel[1]];
                if let (Some(i), Some(j)) = (source(y, at[0], 0), source(x, at[1], 1))
                    && i < height
                    && j < width
                {
                    let input = ((b * sizes.channels_in + c) * height + i) * width + j;
                    each(out, input, (o * ins + k) * sizes.taps() + tap);
                }
            }
        }
    }
}

fn assert_close<T: Number>(found: &[T], expected: &[f64], sizes: &Geometry) {
    assert_eq!(found.len(), expected.len(), "{sizes:?}");
    // Roundings of transformed tiles.
    let bound = if size_of::<T>() == 8 { 1e-10 } else { 1e-3 };
    for (found, expected) in found.iter().zip(expected) {
        let found = found.double();
        assert!(
            (found - expected).abs() < bound,
            "{found}, not {expected}, {sizes:?}"
        );
    }
}

/// The largest values of windows of 2×2 pixels, and zero where they are less.
fn cut_and_pooled(plane: &[f64], [height, width]: [usize; 2]) -> Vec<f64> {
    let window = |i: usize| {
        let at = 2 * (i / (width / 2)) * width + 2 * (i % (width / 2));
        let values = [at, at + 1, at + width, at + width + 1].map(|at| plane[at]);
        values.into_iter().fold(0.0, f64::max)
    };
    (0..height / 2 * (width / 2)).map(window).collect()
}

/// Compares outputs and gradients with their formulas.
fn check<T: Number>(sizes: &Geometry) {
    let numbers = |count: usize, seed: usize| -> (Vec<f64>, Vec<T>) {
        let numbers = some(count, seed);
        let narrow = numbers.iter().map(|&number| T::of(number)).collect();
        (numbers, narrow)
    };
    let plane: usize = sizes.output.iter().product();
    let pixels: usize = sizes.input.iter().product();
    let (x, our_x) = numbers(sizes.batch * sizes.channels_in * pixels, 1);
    let (w, our_w) = numbers(sizes.weights(), 2);
    let (g, our_g) = numbers(sizes.batch * sizes.channels_out * plane, 3);
    let (bias, our_bias) = numbers(sizes.channels_out, 4);

    let mut out: Vec<f64> = (0..g.len())
        .map(|i| bias[i / plane % sizes.channels_out])
        .collect();
    let (mut for_x, mut for_w) = (vec![0.0; x.len()], vec![0.0; w.len()]);
    products(sizes, |o, i, k| {
        out[o] += x[i] * w[k];
        for_x[i] += g[o] * w[k];
        for_w[k] += g[o] * x[i];
    });

    let run = |finish: Finish| convolve(&our_x, &our_w, Some(&our_bias), sizes, finish);
    assert_close(&run(Finish::Nothing), &out, sizes);
    let wanted = Wanted {
        input: true,
        weight: true,
    };
    let (found_x, found_w) = gradients(&our_x, &our_w, &our_g, sizes, wanted);
    assert_close(&found_x.expect("wanted"), &for_x, sizes);
    assert_close(&found_w.expect("wanted"), &for_w, sizes);

    let cut: Vec<f64> = out.iter().map(|o| o.max(0.0)).collect();
    assert_close(&run(Finish::Relu), &cut, sizes);
    let planes = out.chunks(plane.max(1));
    let pooled: Vec<f64> = planes
        .flat_map(|plane| cut_and_pooled(plane, sizes.output))
        .collect();
    assert_close(&run(Finish::ReluMaxPool), &pooled, sizes);
}

#[rstest]
#[case::all_options([2, 3, 5, 6], [5, 3, 3, 2], [2, 1], [1, 0], [1, 2])]
#[case::few_channels([1, 1, 4, 3], [18, 1, 2, 2], [1, 1], [0, 0], [1, 1])]
#[case::stride_beyond_the_input([1, 2, 5, 1], [3, 2, 2, 2], [1, 2], [0, 2], [1, 1])]
#[case::small_tiles([1, MANY, 4, 4], [MANY + 1, MANY, 3, 3], [1, 1], [0, 0], [1, 1])]
#[case::large_tiles([2, MANY, 3, 4], [MANY, MANY, 3, 3], [1, 1], [1, 1], [1, 1])]
#[case::depthwise([3, 3, 5, 6], [3, 1, 3, 3], [1, 1], [1, 1], [1, 1])]
#[case::depthwise_in_two_panels([1, 11, 4, 3], [11, 1, 2, 5], [1, 1], [3, 2], [1, 1])]
#[case::depthwise_with_all_options([2, 5, 7, 6], [5, 1, 3, 2], [2, 3], [4, 0], [1, 2])]
fn equals_the_formula(
    #[case] input: [usize; 4],
    #[case] weight: [usize; 4],
    #[case] stride: [usize; 2],
    #[case] padding: [usize; 2],
    #[case] dilation: [usize; 2],
) {
    let groups = input[1] / weight[1];
    let sizes = Geometry::new(input, weight, stride, padding, dilation, groups);
    check::<f64>(&sizes);
}

/// The sizes of a depthwise convolution with the same numbers along both axes, but for the image's.
fn depthwise_sizes(
    input: [usize; 4],
    kernel: usize,
    stride: usize,
    padding: usize,
    dilation: usize,
) -> Geometry {
    let weight = [input[1], 1, kernel, kernel];
    let [stride, padding, dilation] = [stride, padding, dilation].map(|n| [n; 2]);
    Geometry::new(input, weight, stride, padding, dilation, input[1])
}

// Too many for Miri.
#[cfg(not(miri))]
#[rstest]
#[case::pixels(1)]
#[case::even(2)]
#[case::small(3)]
#[case::middle(4)]
#[case::odd(7)]
#[case::large(12)]
#[case::longest(31)]
fn depthwise_equals_the_formula(#[case] kernel: usize) {
    let images = [
        [2, 17, 9, 14],
        [1, 2, 4, 5],
        [3, 16, 6, 7],
        [0, 4, 8, 8],
        [2, 19, 33, 21],
    ];
    for input in images {
        for (stride, dilation) in [(1, 1), (2, 1), (1, 2), (3, 2)] {
            let extent = (kernel - 1) * dilation + 1;
            for padding in [0, 1, kernel / 2, kernel, extent + 1] {
                if input[2].min(input[3]) + 2 * padding >= extent {
                    let sizes = depthwise_sizes(input, kernel, stride, padding, dilation);
                    check::<f64>(&sizes);
                    check::<f32>(&sizes);
                }
            }
        }
    }
}

// Large enough that images are computed in bands.
#[cfg(not(miri))]
#[rstest]
#[case::wide([1, 3, 90, 331], 5, 1, 2, 1)]
#[case::tall([1, 18, 300, 41], 3, 1, 1, 1)]
#[case::strided([2, 9, 211, 130], 3, 2, 1, 1)]
#[case::dilated([1, 17, 120, 130], 4, 1, 3, 3)]
fn bands_do_not_show(
    #[case] input: [usize; 4],
    #[case] kernel: usize,
    #[case] stride: usize,
    #[case] padding: usize,
    #[case] dilation: usize,
) {
    let sizes = depthwise_sizes(input, kernel, stride, padding, dilation);
    check::<f64>(&sizes);
    check::<f32>(&sizes);
}

/// ⟨conv(x, w), g⟩ = ⟨x, conv'ₓ(g, w)⟩ = ⟨w, conv'_w(x, g)⟩, exactly on whole numbers.
#[rstest]
#[case::plain([2, 9, 7, 6], 3, 1, 1, 1)]
#[case::strided([1, 5, 8, 9], 4, 2, 3, 1)]
#[case::dilated([1, 3, 9, 8], 3, 1, 0, 2)]
fn depthwise_gradients_are_adjoints(
    #[case] input: [usize; 4],
    #[case] kernel: usize,
    #[case] stride: usize,
    #[case] padding: usize,
    #[case] dilation: usize,
) {
    let sizes = depthwise_sizes(input, kernel, stride, padding, dilation);
    let x = some(input.iter().product(), 5);
    let w = some(sizes.weights(), 6);
    let out = convolve(&x, &w, None, &sizes, Finish::Nothing);
    let g = some(out.len(), 7);
    let wanted = Wanted {
        input: true,
        weight: true,
    };
    let (for_x, for_w) = gradients(&x, &w, &g, &sizes, wanted);
    let product = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    let expected = product(&out, &g);
    assert_eq!(product(&x, &for_x.expect("wanted")), expected);
    assert_eq!(product(&w, &for_w.expect("wanted")), expected);
}

#[test]
fn the_bias_gets_sums() {
    let sizes = Geometry::new([2, 1, 5, 5], [3, 1, 1, 1], [1, 1], [0, 0], [1, 1], 1);
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
    let sizes = Geometry::new([2, 2, 3, 3], [3, 2, 1, 3], [1, 1], [0, 0], [1, 1], 1);
    let [x, w, b] = [input, weight, bias].map(|count| vec![0f32; count]);
    let run = || convolve(&x, &w, Some(&b), &sizes, Finish::Nothing);
    let panic = std::panic::catch_unwind(run).expect_err("refused");
    let words = panic.downcast_ref::<String>().expect("words");
    assert!(words.contains(names), "{words}");
}
