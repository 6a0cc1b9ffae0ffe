//! The convolution and its gradients on plain arrays.
//!
//! Every number of a result is summed in one fixed order, however the work is divided among threads.

use super::chunks::{Wanted, convolved, gradients_of};
use super::finish::{finish_pixels, panel_bias};
use super::kernels::{Convolve, Correlate};
use super::maps::{
    Layout, Maps, Panel, STEPS, chunk_samples, register_panels, source_panels, stored,
    stored_channels,
};
use super::moves::Lines;
use super::plan::{Geometry, Pass};
use super::scratch::Scratch;
use super::winograd;
use crate::Finish;
use crate::number::Number;
use crate::shared::Shared;
use rayon::prelude::*;
use std::mem::MaybeUninit;
use std::ops::Range;

/// Pixels that one task computes.
const TASK_PIXELS: usize = 512;
/// Numbers of source and gradient rows that pass through the first-level cache for one gradient tile.
const ROW_BLOCK: usize = 5 << 10;

/// Weights by target panel, source panel, tap, source channel, target channel.
fn pack_weights<T: Number>(
    weight: &[T],
    taps: usize,
    targets: &[Panel<T>],
    target_stride: usize,
    sources: &[Panel<T>],
    source_stride: usize,
    packed: &mut [T],
) {
    let steps = sources.iter().map(|p| p.channels).sum::<usize>() * taps;
    let packed = Shared::new(packed);
    targets.par_iter().for_each(|target| {
        // SAFETY: each task has the part of a target panel of its own; scratch memory has content.
        let packed = unsafe { packed.part(target.before * steps, target.width * steps) };
        let mut rows = packed.chunks_exact_mut(target.width);
        for source in sources {
            for tap in 0..taps {
                for c in source.start..source.start + source.channels {
                    let Some(row) = rows.next() else { return };
                    let from = &weight[c * source_stride + tap..];
                    for (m, number) in row.iter_mut().enumerate() {
                        *number = if m < target.channels {
                            from[(target.start + m) * target_stride]
                        } else {
                            T::ZERO
                        };
                    }
                }
            }
        }
    });
}

/// The direct convolution of some samples: from channels-last maps to channel planes.
struct Direct<'a, T: 'static> {
    pass: &'a Pass,
    source: &'a Maps<'a, T>,
    weights: &'a [T],
    taps: usize,
    targets: &'a [Panel<T>],
    channels: usize,
    bias: &'a [T],
    finish: Finish,
}

impl<T: Number> Direct<'_, T> {
    /// Sets all numbers of `out`, `[sample][channel][pixel]`.
    fn run(&self, out: &mut [MaybeUninit<T>]) {
        let out = Shared::empty(out);
        let [rows, columns] = self.pass.target();
        let samples = self.source.samples;
        if rows * columns == 0 {
            return;
        }
        let group = (TASK_PIXELS / (rows * columns)).clamp(1, samples.max(1));
        // Rows that are pooled together stay together.
        let step = rows / self.finish.size([rows, columns])[0].max(1);
        let steps = rows / step;
        let bands = (rows * columns).div_ceil(2 * TASK_PIXELS).min(steps);
        let groups = samples.div_ceil(group);
        // More tasks where there are few samples; the sums do not depend on it.
        let wanted = 3 * rayon::current_num_threads();
        let parts = wanted.div_ceil(groups * bands).clamp(1, self.targets.len());
        (0..groups * bands * parts)
            .into_par_iter()
            .for_each(|task| {
                let (group_index, rest) = (task / (bands * parts), task % (bands * parts));
                let (band, part) = (rest / parts, rest % parts);
                let first = group_index * group;
                let samples = first..(first + group).min(samples);
                let rows = band * steps / bands * step..(band + 1) * steps / bands * step;
                let number = self.targets.len();
                let targets = &self.targets[part * number / parts..(part + 1) * number / parts];
                self.task(samples, rows, targets, out);
            });
    }

    fn task(
        &self,
        samples: Range<usize>,
        rows: Range<usize>,
        targets: &[Panel<T>],
        out: Shared<'_, T>,
    ) {
        let [all_rows, columns] = self.pass.target();
        let band = rows.len() * columns;
        let written = |rows: usize| self.finish.size([rows, columns]).iter().product::<usize>();
        let (plane, before, length) = (written(all_rows), written(rows.start), written(rows.len()));
        let pixels = self.pass.pixels(samples.len(), rows.clone());
        let most_taps = pixels.most_taps();
        let steps = stored_channels(self.source.panels) * self.taps;
        let widest = targets.iter().map(|p| p.width).max().unwrap_or(0);
        let mut sums = Scratch::<T>::take(samples.len() * band * widest);
        let sums = sums.slice();
        for target in targets {
            let mut first = true;
            for source in self.source.panels {
                let weight = &self.weights
                    [target.before * steps + source.start * self.taps * target.width..];
                let pieces = (most_taps * source.channels).div_ceil(STEPS * 5 / 4).max(1);
                let piece = most_taps.div_ceil(pieces).max(1);
                for start in (0..most_taps.max(1)).step_by(piece) {
                    let sample = self.source.pixels * source.width;
                    let job = Convolve {
                        source: &self.source.panel(source)[samples.start * sample..],
                        source_stride: source.width,
                        channels: source.channels,
                        weight,
                        vectors: target.width / target.kernels.lanes,
                        first,
                        taps: (start, piece),
                        runs: &pixels.runs,
                        bases: &pixels.bases,
                        slots: &pixels.slots,
                        tap_list: &pixels.taps,
                    };
                    target.kernels.convolve(&job, sums);
                    first = false;
                }
            }
            let bias = panel_bias(self.bias, target);
            for (index, sample) in samples.clone().enumerate() {
                let from = &mut sums[index * band * target.width..];
                let add = finish_pixels(self.finish, target, from, [rows.len(), columns], bias);
                let start = (sample * self.channels + target.start) * plane + before;
                let lines = Lines {
                    stride: plane,
                    channels: target.channels,
                    length,
                };
                let kernels = target.kernels;
                // SAFETY: these rows of these channels of this sample belong to this task.
                unsafe { kernels.scatter(from, target.width, out, start, lines, &add) };
            }
        }
    }
}

/// The convolution, with what follows it.
///
/// # Panics
/// If the slices have other lengths than the sizes say.
pub(super) fn convolve<T: Number>(
    input: &[T],
    weight: &[T],
    bias: Option<&[T]>,
    sizes: &Geometry,
    finish: Finish,
) -> Vec<T> {
    sizes.check_input(input);
    sizes.check_weight(weight);
    if let Some(bias) = bias {
        assert_eq!(
            bias.len(),
            sizes.channels_out,
            "conv2d: numbers of the bias"
        );
    }
    let taps = sizes.taps();
    let pass = sizes.forward();
    let targets = register_panels(sizes.channels_out);
    let sources = source_panels(sizes.channels_in, taps);
    let [height, width] = finish.size(sizes.output);
    let out_sample = sizes.channels_out * height * width;
    if sizes.channels_in == 0 || sizes.batch * out_sample == 0 {
        return vec![T::ZERO; sizes.batch * out_sample];
    }
    if let Some(tile) = winograd::fits(sizes) {
        return winograd::convolve(input, weight, bias, sizes, tile, finish);
    }
    let mut packed = Scratch::take(stored(&targets) * sizes.channels_in * taps);
    pack_weights(
        weight,
        taps,
        &targets,
        sizes.channels_in * taps,
        &sources,
        taps,
        packed.slice(),
    );
    let source = Layout {
        panels: &sources,
        channels: sizes.channels_in,
        size: sizes.input,
        padded: pass.padded(),
        before: pass.before(),
    };
    let chunk = chunk_samples(sizes.batch, source.stored());
    let packed = packed.slice();
    let run = |source: &Maps<'_, T>, out: &mut [MaybeUninit<T>]| {
        let direct = Direct {
            pass: &pass,
            source,
            weights: packed,
            taps,
            targets: &targets,
            channels: sizes.channels_out,
            bias: bias.unwrap_or_default(),
            finish,
        };
        direct.run(out);
    };
    // SAFETY: a direct convolution sets all of its output.
    unsafe { convolved(input, &source, out_sample, [sizes.batch, chunk], run) }
}

/// The gradients of a convolution with respect to its input and its weight, given that of its output. What a gradient that
/// is not wanted needs may be empty.
///
/// # Panics
/// If the slices have other lengths than the sizes say.
pub(super) fn gradients<T: Number>(
    input: &[T],
    weight: &[T],
    gradient: &[T],
    sizes: &Geometry,
    wanted: Wanted,
) -> (Option<Vec<T>>, Option<Vec<T>>) {
    sizes.check_output(gradient);
    if wanted.weight {
        sizes.check_input(input);
    }
    if wanted.input {
        sizes.check_weight(weight);
    }
    let in_sample = sizes.channels_in * sizes.input[0] * sizes.input[1];
    let out_sample = sizes.channels_out * sizes.output[0] * sizes.output[1];
    let weights = sizes.channels_in * sizes.channels_out * sizes.taps();
    if sizes.batch * out_sample * in_sample == 0 {
        return (
            wanted.input.then(|| vec![T::ZERO; sizes.batch * in_sample]),
            wanted.weight.then(|| vec![T::ZERO; weights]),
        );
    }
    if let Some(tiles) = winograd::fits_gradients(sizes) {
        return winograd::gradients(input, weight, gradient, sizes, tiles, wanted);
    }
    let taps = sizes.taps();
    let (forward, backward) = (sizes.forward(), sizes.backward());
    // Output gradients serve as source of the input gradient and as target of the weight gradient.
    let outs = register_panels(sizes.channels_out);
    let ins = source_panels(sizes.channels_in, taps);
    let targets = register_panels(sizes.channels_in);
    let mut packed = Scratch::take(if wanted.input {
        stored(&targets) * sizes.channels_out * taps
    } else {
        0
    });
    if wanted.input {
        pack_weights(
            weight,
            taps,
            &targets,
            taps,
            &outs,
            sizes.channels_in * taps,
            packed.slice(),
        );
    }
    let out_padded = if wanted.input {
        backward.padded()
    } else {
        sizes.output
    };
    let out_before = if wanted.input {
        backward.before()
    } else {
        [0, 0]
    };
    let outs_layout = Layout {
        panels: &outs,
        channels: sizes.channels_out,
        size: sizes.output,
        padded: out_padded,
        before: out_before,
    };
    let ins_layout = Layout {
        panels: &ins,
        channels: sizes.channels_in,
        size: sizes.input,
        padded: forward.padded(),
        before: forward.before(),
    };
    let chunk = chunk_samples(sizes.batch, outs_layout.stored() + ins_layout.stored());
    let mut sums = Scratch::take(if wanted.weight {
        stored(&outs) * sizes.channels_in * taps
    } else {
        0
    });
    let sums = sums.slice();
    sums.fill(T::ZERO);
    let packed = packed.slice();
    let of_input = |out_maps: &Maps<'_, T>, to: &mut [MaybeUninit<T>]| {
        let direct = Direct {
            pass: &backward,
            source: out_maps,
            weights: packed,
            taps,
            targets: &targets,
            channels: sizes.channels_in,
            bias: &[],
            finish: Finish::Nothing,
        };
        direct.run(to);
    };
    let of_weight = |in_maps: &Maps<'_, T>, out_maps: &Maps<'_, T>| {
        correlate(
            sizes,
            in_maps,
            forward.padded(),
            out_maps,
            out_padded,
            out_before,
            sums,
        );
    };
    // SAFETY: a direct convolution sets all of its output.
    let input_gradient = unsafe {
        gradients_of(
            [input, gradient],
            [&ins_layout, &outs_layout],
            [sizes.batch, chunk],
            wanted,
            of_input,
            of_weight,
        )
    };
    let weight_gradient = wanted
        .weight
        .then(|| unpack_gradient(sizes, &outs, &ins, sums));
    (input_gradient, weight_gradient)
}

/// Adds the weight gradient of some samples to `sums`, `[output panel][input panel][tap][input channel][output channel]`.
fn correlate<T: Number>(
    sizes: &Geometry,
    source: &Maps<'_, T>,
    source_size: [usize; 2],
    target: &Maps<'_, T>,
    target_size: [usize; 2],
    target_before: [usize; 2],
    sums: &mut [T],
) {
    let taps = sizes.taps();
    let [rows, columns] = sizes.output;
    // Sums are independent of each other: taps are divided too where there are few channels.
    let pairs = source.panels.len() * target.panels.len();
    let parts = (4 * rayon::current_num_threads())
        .div_ceil(pairs)
        .clamp(1, taps);
    let sums = Shared::new(sums);
    (0..pairs * parts).into_par_iter().for_each(|task| {
        let (pair, part) = (task / parts, task % parts);
        let out_panel = &target.panels[pair / source.panels.len()];
        let in_panel = &source.panels[pair % source.panels.len()];
        let some = part * taps / parts..(part + 1) * taps / parts;
        let offsets: Vec<usize> = some
            .clone()
            .flat_map(|tap| {
                let y = tap / sizes.kernel[1] * sizes.dilation[0];
                let x = tap % sizes.kernel[1] * sizes.dilation[1];
                let at = (y * source_size[1] + x) * in_panel.width;
                (0..in_panel.channels).map(move |c| at + c)
            })
            .collect();
        let row_numbers = columns * (out_panel.width + sizes.stride[1] * in_panel.width);
        let block = (ROW_BLOCK / row_numbers).max(1);
        let all: Vec<(usize, usize)> = (0..source.samples * rows)
            .map(|row| {
                let (sample, y) = (row / rows, row % rows);
                let from = (sample * source_size[0] + y * sizes.stride[0]) * source_size[1];
                let to = (sample * target_size[0] + y + target_before[0]) * target_size[1]
                    + target_before[1];
                (from * in_panel.width, to * out_panel.width)
            })
            .collect();
        let start = out_panel.before * sizes.channels_in * taps
            + (in_panel.start * taps + some.start * in_panel.channels) * out_panel.width;
        // SAFETY: each task has its own part of the sums, and they have content.
        let sums = unsafe { sums.part(start, offsets.len() * out_panel.width) };
        for rows in all.chunks(block) {
            let job = Correlate {
                source: source.panel(in_panel),
                source_step: sizes.stride[1] * in_panel.width,
                target: target.panel(out_panel),
                vectors: out_panel.width / out_panel.kernels.lanes,
                rows,
                columns,
                offsets: &offsets,
            };
            out_panel.kernels.correlate(&job, sums);
        }
    });
}

/// The weight gradient in the weight's own layout.
fn unpack_gradient<T: Number>(
    sizes: &Geometry,
    outs: &[Panel<T>],
    ins: &[Panel<T>],
    sums: &[T],
) -> Vec<T> {
    let taps = sizes.taps();
    let mut gradient = vec![T::ZERO; sizes.channels_out * sizes.channels_in * taps];
    gradient
        .par_chunks_mut(sizes.channels_in * taps)
        .enumerate()
        .for_each(|(o, row)| {
            let Some(panel) = outs.iter().find(|p| o < p.start + p.channels) else {
                return;
            };
            let sums = &sums[panel.before * sizes.channels_in * taps..];
            for source in ins {
                for tap in 0..taps {
                    for c in 0..source.channels {
                        let at = source.start * taps + tap * source.channels + c;
                        row[(source.start + c) * taps + tap] =
                            sums[at * panel.width + o - panel.start];
                    }
                }
            }
        });
    gradient
}

/// The gradient with respect to the bias: the sum over samples and pixels.
///
/// # Panics
/// If the gradient has another length than the sizes say.
pub(super) fn bias_gradient<T: Number>(gradient: &[T], sizes: &Geometry) -> Vec<T> {
    sizes.check_output(gradient);
    let plane = sizes.output[0] * sizes.output[1];
    (0..sizes.channels_out)
        .into_par_iter()
        .map(|channel| {
            let mut total = [T::ZERO; 16];
            for sample in 0..sizes.batch {
                let start = (sample * sizes.channels_out + channel) * plane;
                let (whole, rest) = gradient[start..start + plane].as_chunks::<16>();
                let mut sums = [T::ZERO; 16];
                for numbers in whole {
                    for (sum, &number) in sums.iter_mut().zip(numbers) {
                        *sum += number;
                    }
                }
                for (sum, &number) in sums.iter_mut().zip(rest) {
                    *sum += number;
                }
                for (total, sum) in total.iter_mut().zip(sums) {
                    *total += sum;
                }
            }
            total.into_iter().fold(T::ZERO, |a, b| a + b)
        })
        .collect()
}
