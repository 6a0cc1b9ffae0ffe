//! The kernels of every instruction set that this processor has, against their formulas.

use super::*;
use crate::convolution::depthwise::rows::Pair;
use crate::convolution::tiles::{MAX_VECTORS, Run, Tap};
use rstest::rstest;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Every set of kernels that this processor can run.
pub(crate) fn available() -> Vec<(&'static str, &'static Kernels<f32>)> {
    let mut sets = vec![("portable", &portable_f32::KERNELS)];
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            sets.push(("avx2", &avx2_f32::KERNELS));
        }
        if is_x86_feature_detected!("avx512f") {
            sets.push(("avx512", &avx512_f32::KERNELS));
        }
    }
    sets
}

/// Small whole numbers: their sums of products are exact in float32, in any order.
fn whole(count: usize, factor: usize) -> Vec<f32> {
    (0..count).map(|i| (i * factor % 13) as f32 - 6.0).collect()
}

#[test]
fn gather_and_scatter_transpose_any_size() {
    for (name, kernels) in available() {
        for (channels, length, width) in [
            (1, 1, 8),
            (7, 30, 16),
            (3, 40, 3),
            (5, 24, 32),
            (16, 33, 16),
            (20, 17, 32),
            (20, 33, 48),
        ] {
            let stride = length + 3;
            let from = whole(channels * stride, 7);
            let mut panel = vec![f32::NAN; length * width];
            let lines = Lines {
                stride,
                channels,
                length,
            };
            kernels.gather(&from, lines, &mut panel, width);
            for x in 0..length {
                for c in 0..width {
                    let expected = if c < channels {
                        from[c * stride + x]
                    } else {
                        0.0
                    };
                    assert_eq!(panel[x * width + c], expected, "{name}");
                }
            }
            let added = whole(width, 5);
            let mut back = vec![f32::NAN; channels * stride];
            let to = Shared::new(&mut back);
            // SAFETY: no one else has the numbers.
            unsafe { kernels.scatter(&panel, width, to, 0, lines, &added) };
            for (c, added) in added.iter().enumerate().take(channels) {
                for x in 0..length {
                    let at = c * stride + x;
                    assert_eq!(back[at], from[at] + added, "{name}");
                }
            }
        }
    }
}

#[test]
fn convolve_and_correlate_equal_their_formulas() {
    let (pixels, channels, count) = (40, 11, 23);
    let source = whole(pixels * channels, 5);
    let taps = [(0, 0), (1, 1), (5, 3)].map(|(offset, index)| Tap { offset, index });
    for (name, kernels) in available() {
        for vectors in 1..=MAX_VECTORS {
            let width = vectors * kernels.lanes;
            let weight = whole(4 * channels * width, 11);
            let bases: Vec<u32> = (0..count).map(|q| q * 3 % 34).collect();
            let slots: Vec<u32> = (0..count).rev().collect();
            let mut target = vec![1.0; count as usize * width];
            let run = Run {
                first: 0,
                count,
                tap: 0,
                taps: 3,
            };
            let job = Convolve {
                source: &source,
                source_stride: channels,
                channels,
                weight: &weight,
                vectors,
                first: false,
                taps: (0, 3),
                runs: &[run],
                bases: &bases,
                slots: &slots,
                tap_list: &taps,
            };
            kernels.convolve(&job, &mut target);
            for (&base, &slot) in bases.iter().zip(&slots) {
                for m in 0..width {
                    let term = |tap: &Tap, c: usize| {
                        source[(base + tap.offset) as usize * channels + c]
                            * weight[(tap.index as usize * channels + c) * width + m]
                    };
                    let sum: f32 = taps
                        .iter()
                        .map(|tap| (0..channels).map(|c| term(tap, c)).sum::<f32>())
                        .sum();
                    assert_eq!(target[slot as usize * width + m], 1.0 + sum, "{name}");
                }
            }

            let (columns, step) = (6, 2 * channels);
            let rows = [(0, 0), (3 * channels, 7 * width)];
            let offsets: Vec<usize> = (0..19).map(|k| k * 5).collect();
            let mut gradient = vec![2.0; offsets.len() * width];
            let job = Correlate {
                source: &source,
                source_step: step,
                target: &target,
                vectors,
                rows: &rows,
                columns,
                offsets: &offsets,
            };
            kernels.correlate(&job, &mut gradient);
            for (k, &offset) in offsets.iter().enumerate() {
                for m in 0..width {
                    let mut sum = 2.0;
                    for (from, to) in rows {
                        for x in 0..columns {
                            sum += source[from + x * step + offset] * target[to + x * width + m];
                        }
                    }
                    assert_eq!(gradient[k * width + m], sum, "{name}");
                }
            }
        }
    }
}

#[test]
fn sums_of_rows_equal_their_formula() {
    for (name, kernels) in available() {
        let lanes = kernels.lanes;
        let source = whole(60 * lanes, 5);
        let factors = whole(20 * lanes, 7);
        let pairs = [(0, 0), (7, 9), (3, 4)].map(|(source, factor)| Pair { source, factor });
        let rows = [0..2, 1..1, 1..3];
        for (columns, step, terms, term_step) in
            [(19, 1, 5, 1), (8, 3, 4, 2), (1, 2, 11, 1), (9, 1, 1, 7)]
        {
            let job = Rows {
                source: &source,
                factors: &factors,
                rows: &rows,
                pairs: &pairs,
                columns,
                step,
                terms,
                term_step,
            };
            let mut target = vec![f32::NAN; 3 * columns * lanes];
            kernels.sum_rows(&job, &mut target);
            for (index, &found) in target.iter().enumerate() {
                let (pixel, lane) = (index / lanes, index % lanes);
                let pairs = &pairs[rows[pixel / columns].clone()];
                let term = |pair: &Pair, t: usize| {
                    let at = pair.source + pixel % columns * step + t * term_step;
                    source[at * lanes + lane] * factors[(pair.factor + t) * lanes + lane]
                };
                let sum: f32 = pairs
                    .iter()
                    .map(|pair| (0..terms).map(|t| term(pair, t)).sum::<f32>())
                    .sum();
                assert_eq!(found, sum, "{name}");
            }
        }
    }
}

#[rstest]
#[case::fits(0, 0, 0, false)]
#[case::source(1, 0, 0, true)]
#[case::factors(0, 1, 0, true)]
#[case::target(0, 0, 1, true)]
fn sums_of_rows_that_do_not_fit_are_refused(
    #[case] less_source: usize,
    #[case] less_factors: usize,
    #[case] less_target: usize,
    #[case] expected: bool,
) {
    let pair = Pair {
        source: 2,
        factor: 1,
    };
    let found = refused(|kernels| {
        let job = Rows {
            source: &whole(10 * kernels.lanes - less_source, 5),
            factors: &whole(4 * kernels.lanes - less_factors, 7),
            rows: std::slice::from_ref(&(0..1)),
            pairs: &[pair],
            columns: 4,
            step: 1,
            terms: 3,
            term_step: 2,
        };
        let mut target = vec![0.0; 4 * kernels.lanes - less_target];
        kernels.sum_rows(&job, &mut target);
    });
    assert_eq!(found, expected);
}

/// A convolution of three pixels by one tap that fits its slices to the number.
fn tight<'a>(source: &'a [f32], weight: &'a [f32], numbers: &'a [u32; 3]) -> Convolve<'a, f32> {
    const RUN: [Run; 1] = [Run {
        first: 0,
        count: 3,
        tap: 0,
        taps: 1,
    }];
    const TAP: [Tap; 1] = [Tap {
        offset: 1,
        index: 0,
    }];
    Convolve {
        source,
        source_stride: 2,
        channels: 2,
        weight,
        vectors: 1,
        first: true,
        taps: (0, 1),
        runs: &RUN,
        bases: numbers,
        slots: numbers,
        tap_list: &TAP,
    }
}

/// Whether a job panics, on every instruction set.
fn refused(job: impl Fn(&Kernels<f32>)) -> bool {
    let mut answers = available().into_iter().map(|(_, kernels)| {
        let run = AssertUnwindSafe(|| job(kernels));
        catch_unwind(run).is_err()
    });
    let first = answers.next() == Some(true);
    assert!(answers.all(|answer| answer == first));
    first
}

#[rstest]
#[case::fits(8, 0, 0, false)]
#[case::source(7, 0, 0, true)]
#[case::weight(8, 1, 0, true)]
#[case::target(8, 0, 1, true)]
fn convolutions_that_do_not_fit_are_refused(
    #[case] source: usize,
    #[case] less_weight: usize,
    #[case] less_target: usize,
    #[case] expected: bool,
) {
    let found = refused(|kernels| {
        let source = whole(source, 5);
        let weight = whole(2 * kernels.lanes - less_weight, 7);
        let mut target = vec![0.0; 3 * kernels.lanes - less_target];
        kernels.convolve(&tight(&source, &weight, &[0, 1, 2]), &mut target);
    });
    assert_eq!(found, expected);
}

#[rstest]
#[case::fits(7, 0, 0, false)]
#[case::source(6, 0, 0, true)]
#[case::target(7, 1, 0, true)]
#[case::gradient(7, 0, 1, true)]
fn correlations_that_do_not_fit_are_refused(
    #[case] source: usize,
    #[case] less_target: usize,
    #[case] less_gradient: usize,
    #[case] expected: bool,
) {
    let found = refused(|kernels| {
        let job = Correlate {
            source: &whole(source, 5),
            source_step: 2,
            target: &whole(3 * kernels.lanes - less_target, 7),
            vectors: 1,
            rows: &[(0, 0)],
            columns: 3,
            offsets: &[0, 2],
        };
        let mut gradient = vec![0.0; 2 * kernels.lanes - less_gradient];
        kernels.correlate(&job, &mut gradient);
    });
    assert_eq!(found, expected);
}

#[rstest]
#[case::fits(0, 0, 0, false)]
#[case::lines(1, 0, 0, true)]
#[case::pixels(0, 1, 0, true)]
#[case::width(0, 0, 9, true)]
fn moves_that_do_not_fit_are_refused(
    #[case] fewer_in_lines: usize,
    #[case] fewer_in_pixels: usize,
    #[case] narrower: usize,
    #[case] expected: bool,
) {
    let lines = Lines {
        stride: 5,
        channels: 8,
        length: 4,
    };
    let (width, in_lines) = (16 - narrower, 39 - fewer_in_lines);
    let found = refused(|kernels| {
        let mut to = vec![0.0; 64 - fewer_in_pixels];
        kernels.gather(&whole(in_lines, 3), lines, &mut to, width);
    });
    assert_eq!(found, expected);
    let found = refused(|kernels| {
        let mut to = vec![0.0; in_lines];
        let from = whole(56 - fewer_in_pixels, 3);
        // SAFETY: no one else has the numbers.
        unsafe { kernels.scatter(&from, width, Shared::new(&mut to), 0, lines, &[0.0; 8]) };
    });
    assert_eq!(found, expected);
    let found = refused(|kernels| {
        let mut pixels = vec![0.0; 4 * width - fewer_in_pixels - fewer_in_lines];
        kernels.cut_and_pool(&mut pixels, [2, 2], width, &[0.0; 16]);
        kernels.cut(&mut pixels, 4, width, &[0.0; 16]);
    });
    assert_eq!(found, expected);
}
