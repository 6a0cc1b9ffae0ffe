//! The direct convolution: sums over channels and taps, pixel by pixel.

use super::finish::{finish_pixels, panel_bias};
use super::maps::{Maps, Panel, STEPS, stored_channels};
use super::moves::Lines;
use super::plan::Pass;
use super::scratch::Scratch;
use super::tiles::Convolve;
use crate::Finish;
use crate::number::Number;
use crate::shared::Shared;
use rayon::prelude::*;
use std::mem::MaybeUninit;
use std::ops::Range;

/// Pixels that one task computes.
const TASK_PIXELS: usize = 512;

/// Weights by target panel, source panel, tap, source channel, target channel.
pub(super) fn pack_weights<T: Number>(
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
pub(super) struct Direct<'a, T: 'static> {
    pub pass: &'a Pass,
    pub source: &'a Maps<'a, T>,
    pub weights: &'a [T],
    pub taps: usize,
    pub targets: &'a [Panel<T>],
    pub channels: usize,
    pub bias: &'a [T],
    pub finish: Finish,
}

impl<T: Number> Direct<'_, T> {
    /// Sets all numbers of `out`, `[sample][channel][pixel]`.
    pub fn run(&self, out: &mut [MaybeUninit<T>]) {
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
