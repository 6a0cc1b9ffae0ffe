//! dw = Gᵀ [ Σ_tiles (A g Aᵀ) ⊙ (Bᵀ d B) ] G, the weight gradient.

use super::tile::{SourcePoints, Tile, apart};
use super::transforms::Tiles;
use crate::convolution::geometry::Geometry;
use crate::convolution::maps::{Maps, Panel};
use crate::convolution::moves::Lines;
use crate::convolution::scratch::Scratch;
use crate::convolution::tiles::{Correlate, MAX_VECTORS};
use crate::number::Number;
use crate::shared::{Shared, written};
use rayon::prelude::*;
use std::mem::MaybeUninit;

/// Numbers that pass through the first-level cache for one tile of the weight gradient.
const BLOCK: usize = 5 << 10;

/// The weight gradient of some samples.
pub(super) struct Correlation<'a, T: 'static> {
    pub sizes: &'a Geometry,
    pub tile: Tile,
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
        let tile_points = self.tile.points();
        let [rows, columns] = self.tile.over(self.sizes.output);
        let band = rows * columns;
        let (samples, channels) = (self.source.samples, self.sizes.channels_in);
        let count = samples * band;
        let source_step = apart::<T>(count * channels);
        // The gradient's points lie behind the source's.
        let (sources, targets) = points.split_at_mut(tile_points * source_step);
        let source = SourcePoints {
            source: self.source,
            columns: self.source_columns,
            tile: self.tile,
            tile_columns: columns,
            point: source_step,
        };
        let to = [Shared::new(&mut *sources), Shared::new(&mut *targets)];
        (0..samples).into_par_iter().for_each(|sample| {
            // SAFETY: each sample has its own tiles at each point.
            unsafe {
                source.write(sample, 0..rows, to[0], sample * band * channels);
                for panel in self.outs {
                    self.gradient_points(panel, sample, count, to[1]);
                }
            }
        });
        let offsets: Vec<usize> = (0..channels).collect();
        let (sources, targets) = (&*sources, &*targets);
        let sums = Shared::new(sums);
        (0..tile_points * self.outs.len())
            .into_par_iter()
            .for_each(|task| {
                let (panel, point) = (&self.outs[task / tile_points], task % tile_points);
                let block = (BLOCK / (channels + panel.width)).max(8);
                let target = self.panel_start(panel, count);
                let target_step = apart::<T>(count * panel.width);
                let first = (panel.before * tile_points + point * panel.width) * channels;
                // SAFETY: each task has its own sums, and they have content.
                let sums = unsafe { sums.part(first, channels * panel.width) };
                for start in (0..count).step_by(block) {
                    let job = Correlate {
                        source: &sources[point * source_step + start * channels..],
                        source_step: channels,
                        target: &targets[target + point * target_step + start * panel.width..],
                        vectors: panel.width / panel.kernels.lanes,
                        rows: &[(0, 0)],
                        columns: block.min(count - start),
                        offsets: &offsets,
                    };
                    panel.kernels.correlate(&job, sums);
                }
            });
    }

    /// Where a panel's points of `count` tiles start among those of all panels.
    fn panel_start(&self, panel: &Panel<T>, count: usize) -> usize {
        let before = self.outs.iter().take_while(|p| p.start < panel.start);
        let numbers = before.map(|p| self.tile.points() * apart::<T>(count * p.width));
        numbers.sum()
    }

    /// Transforms a panel of a sample of the output gradient to points, `[panel][point][tile][channel]`.
    ///
    /// # Safety
    /// No one else may use the points of the sample's tiles meanwhile.
    unsafe fn gradient_points(
        &self,
        panel: &Panel<T>,
        sample: usize,
        count: usize,
        to: Shared<'_, T>,
    ) {
        let [rows, columns] = self.tile.over(self.sizes.output);
        let width = self.gradient.panels[0].width;
        let start = self.panel_start(panel, count);
        for row in 0..rows {
            let y = self.tile.size() * row + self.gradient_before[0];
            let pixel =
                sample * self.gradient.pixels + y * self.gradient_columns + self.gradient_before[1];
            let tile = (sample * rows + row) * columns;
            let tiles = Tiles {
                from: &self.gradient.data[pixel * width + panel.before..],
                to,
                start: start + tile * panel.width,
                pixel: width,
                row: self.gradient_columns * width,
                tile: panel.width,
                point: apart::<T>(count * panel.width),
                count: columns,
                channels: panel.width,
            };
            // SAFETY: as the caller promises.
            unsafe { (self.tile.kernels(panel).gradient)(&tiles) };
        }
    }
}

/// From sums over tiles to the weight gradient in the weight's own layout.
pub(super) fn finish_weights<T: Number>(
    sizes: &Geometry,
    tile: Tile,
    outs: &[Panel<T>],
    sums: &[T],
) -> Vec<T> {
    let channels = sizes.channels_in;
    let row = 9 * channels;
    let zeros = [T::ZERO; MAX_VECTORS * 16];
    let all = |gradient: &mut [MaybeUninit<T>]| {
        let gradient = Shared::empty(gradient);
        outs.par_iter().for_each(|panel| {
            let width = panel.width;
            let mut taps = Scratch::<T>::take(row * width);
            let taps = taps.slice();
            let tiles = Tiles {
                from: &sums[panel.before * tile.points() * channels..],
                to: Shared::new(&mut *taps),
                start: 0,
                pixel: width,
                row: 3 * width,
                tile: width,
                point: channels * width,
                count: channels,
                channels: width,
            };
            let lines = Lines {
                stride: row,
                channels: panel.channels,
                length: row,
            };
            let start = panel.start * row;
            // SAFETY: the taps are this task's, and the panel has its own rows of the gradient.
            unsafe {
                (tile.kernels(panel).kernel_gradient)(&tiles);
                panel
                    .kernels
                    .scatter(taps, width, gradient, start, lines, &zeros);
            }
        });
    };
    // SAFETY: the panels cover the output channels, whose rows lie one behind the other.
    unsafe { written(sizes.channels_out * row, all) }
}
