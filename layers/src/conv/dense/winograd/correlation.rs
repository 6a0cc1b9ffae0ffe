//! dw = Cᵀ [ Σ_tiles (Eᵀ g E) ⊙ (Bᵀ d B) ] C, the weight gradient.

use super::transforms::Tiles;
use super::{POINTS, apart, source_points, tiles};
use crate::conv::dense::kernels::{Correlate, Number};
use crate::conv::dense::maps::{Maps, Panel, Shared};
use crate::conv::dense::plan::Geometry;
use rayon::prelude::*;

/// Numbers that pass through the first-level cache for one tile of the weight gradient.
const BLOCK: usize = 5 << 10;

/// Where a panel's points of `count` tiles start among those of all panels.
fn panel_start<T>(panels: &[Panel<T>], panel: &Panel<T>, count: usize) -> usize {
    panels
        .iter()
        .take_while(|p| p.start < panel.start)
        .map(|p| POINTS * apart::<T>(count * p.width))
        .sum()
}

/// The weight gradient of some samples.
pub(super) struct Correlation<'a, T: 'static> {
    pub sizes: &'a Geometry,
    pub source: &'a Maps<'a, T>,
    pub source_columns: usize,
    pub gradient: &'a Maps<'a, T>,
    pub gradient_columns: usize,
    pub gradient_before: [usize; 2],
    pub outs: &'a [Panel<T>],
}

impl<T: Number> Correlation<'_, T> {
    /// Adds to `sums`, `[output panel][point][input channel][output channel]`. `points` is working memory.
    pub(super) fn add_to(&self, points: &mut [T], sums: &mut [T]) {
        let [rows, columns] = tiles(self.sizes.output);
        let band = rows * columns;
        let (samples, channels) = (self.source.samples, self.sizes.channels_in);
        let count = samples * band;
        let sources = Shared(points.as_mut_ptr());
        let source_step = apart::<T>(count * channels);
        // SAFETY: the gradient's points lie behind the source's.
        let targets = Shared(unsafe { points.as_mut_ptr().add(POINTS * source_step) });
        (0..samples).into_par_iter().for_each(|sample| {
            // SAFETY: each sample has its own tiles at each point.
            let own = Shared(unsafe { sources.get().add(sample * band * channels) });
            source_points(
                self.source,
                self.source_columns,
                sample,
                0..rows,
                columns,
                own,
                source_step,
            );
            for panel in self.outs {
                self.gradient_points(panel, sample, count, targets);
            }
        });
        let offsets: Vec<usize> = (0..channels).collect();
        let sums = Shared(sums.as_mut_ptr());
        (0..POINTS * self.outs.len())
            .into_par_iter()
            .for_each(|task| {
                let (panel, point) = (&self.outs[task / POINTS], task % POINTS);
                let block = (BLOCK / (channels + panel.width)).max(8);
                let target = panel_start::<T>(self.outs, panel, count);
                let target_step = apart::<T>(count * panel.width);
                for start in (0..count).step_by(block) {
                    // SAFETY: tiles lie in the points; each task has its own sums.
                    unsafe {
                        (panel.kernels.correlate)(&Correlate {
                            source: sources.get().add(point * source_step + start * channels),
                            source_step: channels,
                            target: targets
                                .get()
                                .add(target + point * target_step + start * panel.width),
                            vectors: panel.width / panel.kernels.lanes,
                            rows: &[(0, 0)],
                            columns: block.min(count - start),
                            offsets: &offsets,
                            gradient: sums
                                .get()
                                .add((panel.before * POINTS + point * panel.width) * channels),
                        });
                    }
                }
            });
    }

    /// Transforms a panel of a sample of the output gradient to points, `[panel][point][tile][channel]`.
    fn gradient_points(&self, panel: &Panel<T>, sample: usize, count: usize, to: Shared<T>) {
        let [rows, columns] = tiles(self.sizes.output);
        let width = self.gradient.panels[0].width;
        let start = panel_start::<T>(self.outs, panel, count);
        for row in 0..rows {
            let y = 2 * row + self.gradient_before[0];
            let pixel =
                sample * self.gradient.pixels + y * self.gradient_columns + self.gradient_before[1];
            let tile = (sample * rows + row) * columns;
            // SAFETY: the maps have all pixels that tiles read; each sample has its own tiles.
            unsafe {
                (panel.kernels.gradient_tiles)(&Tiles {
                    from: self.gradient.data.get().add(pixel * width + panel.before),
                    to: to.get().add(start + tile * panel.width),
                    pixel: width,
                    row: self.gradient_columns * width,
                    tile: panel.width,
                    point: apart::<T>(count * panel.width),
                    count: columns,
                    channels: panel.width,
                });
            }
        }
    }
}

/// From sums over tiles to the weight gradient in the weight's own layout.
pub(super) fn finish_weights<T: Number>(sizes: &Geometry, outs: &[Panel<T>], sums: &[T]) -> Vec<T> {
    let channels = sizes.channels_in;
    let half = T::from(0.5);
    // Points with ±1 were left twice too large in each direction.
    let collect = |s: [T; 4]| {
        let (plus, minus) = (s[1] * half, s[2] * half);
        [s[0] + plus + minus, plus - minus, plus + minus - s[3]]
    };
    let mut gradient = vec![T::default(); sizes.channels_out * channels * 9];
    gradient
        .par_chunks_mut(channels * 9)
        .enumerate()
        .for_each(|(o, row)| {
            let Some(panel) = outs.iter().find(|p| o < p.start + p.channels) else {
                return;
            };
            let sums = &sums[panel.before * POINTS * channels..];
            for (c, kernel) in row.chunks_exact_mut(9).enumerate() {
                let at =
                    |point: usize| sums[(point * channels + c) * panel.width + o - panel.start];
                let columns =
                    [0, 1, 2, 3].map(|j| collect([at(j), at(4 + j), at(8 + j), at(12 + j)]));
                for i in 0..3 {
                    let taps =
                        collect([columns[0][i], columns[1][i], columns[2][i], columns[3][i]]);
                    kernel[3 * i..3 * i + 3].copy_from_slice(&taps);
                }
            }
        });
    gradient
}
