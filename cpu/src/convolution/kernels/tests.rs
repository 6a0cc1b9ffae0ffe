//! The kernels of every instruction set that this processor has, against their formulas.

use super::*;

/// Every set of kernels that this processor can run.
pub(in crate::convolution) fn available() -> Vec<(&'static str, &'static Kernels<f32>)> {
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
        for (channels, length, width) in [(1, 1, 8), (7, 30, 16), (16, 33, 16), (20, 17, 32)] {
            let stride = length + 3;
            let from = whole(channels * stride, 7);
            let mut panel = vec![f32::NAN; length * width];
            // SAFETY: the sizes are those of the buffers.
            unsafe {
                let to = panel.as_mut_ptr();
                (kernels.gather)(from.as_ptr(), stride, channels, length, to, width);
            }
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
            // SAFETY: as above.
            unsafe {
                let to = back.as_mut_ptr();
                let add = added.as_ptr();
                (kernels.scatter)(panel.as_ptr(), width, to, stride, channels, length, add);
            }
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
            // SAFETY: bases plus offsets stay below `pixels`, slots below `count`, tap indices below 4.
            unsafe {
                (kernels.convolve)(&Convolve {
                    source: source.as_ptr(),
                    source_stride: channels,
                    channels,
                    weight: weight.as_ptr(),
                    target: target.as_mut_ptr(),
                    vectors,
                    first: false,
                    taps: (0, 3),
                    runs: &[run],
                    bases: &bases,
                    slots: &slots,
                    tap_list: &taps,
                });
            }
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
            // SAFETY: rows, columns and offsets stay inside the source and the target.
            unsafe {
                (kernels.correlate)(&Correlate {
                    source: source.as_ptr(),
                    source_step: step,
                    target: target.as_ptr(),
                    vectors,
                    rows: &rows,
                    columns,
                    offsets: &offsets,
                    gradient: gradient.as_mut_ptr(),
                });
            }
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
