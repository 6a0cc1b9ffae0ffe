//! The weight gradient of the direct convolution: sums over samples and pixels, tap by tap.

use super::geometry::Geometry;
use super::maps::{Maps, Panel};
use super::tiles::Correlate;
use crate::number::Number;
use crate::shared::Shared;
use rayon::prelude::*;

/// Numbers of source and gradient rows that pass through the first-level cache for one gradient tile.
const ROW_BLOCK: usize = 5 << 10;

/// Adds the weight gradient of some samples to `sums`, `[output panel][input panel][tap][input channel][output channel]`.
pub(super) fn correlate<T: Number>(
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
pub(super) fn unpack_gradient<T: Number>(
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
