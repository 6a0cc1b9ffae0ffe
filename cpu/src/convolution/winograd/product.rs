//! Y = Aᵀ [ Σ_channels (G w Gᵀ) ⊙ (Bᵀ d B) ] A, for the convolution and, with turned kernels, for the input gradient.

use super::tile::{SourcePoints, Tile, apart};
use super::transforms::Tiles;
use crate::Finish;
use crate::convolution::finish::{finish_pixels, panel_bias};
use crate::convolution::geometry::Geometry;
use crate::convolution::maps::{Maps, Panel, stored_channels};
use crate::convolution::moves::Lines;
use crate::convolution::scratch::Scratch;
use crate::convolution::tiles::{Convolve, Run, Tap};
use crate::number::Number;
use crate::shared::Shared;
use rayon::prelude::*;
use std::mem::MaybeUninit;
use std::ops::Range;

/// Points that one task computes for a channel: as many as fit into the second-level cache.
const TASK_POINTS: usize = 96 * 16;
/// Channels that are summed over at once, so that their weights stay in the first-level cache.
const STEPS: usize = 128;
/// Source channels whose kernels one task transforms.
const BLOCK: usize = 16;

/// Kernels as the convolution is given them, `[channels_out, channels_in, 3, 3]`.
pub(super) struct Kernels<'a, T> {
    pub weight: &'a [T],
    pub sizes: &'a Geometry,
}

impl<T: Number> Kernels<'_, T> {
    /// Brings the kernels from some source channels to a panel into `to`, `[source channel][tap][target channel]`. Those
    /// of a convolution of the output gradient are turned by 180°: there, inputs are targets.
    fn gather(&self, target: &Panel<T>, sources: Range<usize>, turned: bool, to: &mut [T]) {
        let row = 9 * self.sizes.channels_in;
        let (panel, width) = (target.kernels, target.width);
        let lines = |stride: usize, length: usize| Lines {
            stride,
            channels: target.channels,
            length,
        };
        if !turned {
            let from = &self.weight[target.start * row + 9 * sources.start..];
            panel.gather(from, lines(row, 9 * sources.len()), to, width);
            return;
        }
        for (source, to) in sources.zip(to.chunks_exact_mut(9 * width)) {
            let from = &self.weight[source * row + 9 * target.start..];
            panel.gather(from, lines(9, 9), to, width);
            let (above, below) = to.split_at_mut(4 * width);
            for (tap, tap_above) in above.chunks_exact_mut(width).enumerate() {
                tap_above.swap_with_slice(&mut below[(4 - tap) * width..(5 - tap) * width]);
            }
        }
    }
}

/// `G w Gᵀ` by target panel, point, source channel, target channel, for the convolution or, with kernels turned by 180°, for
/// that of the output gradient.
pub(super) fn transform_weights<T: Number>(
    kernels: &Kernels<'_, T>,
    tile: Tile,
    targets: &[Panel<T>],
    turned: bool,
    to: &mut [T],
) {
    let sources = match turned {
        true => kernels.sizes.channels_out,
        false => kernels.sizes.channels_in,
    };
    let to = Shared::new(to);
    let blocks = sources.div_ceil(BLOCK);
    (0..targets.len() * blocks)
        .into_par_iter()
        .for_each(|task| {
            let (target, first) = (&targets[task / blocks], task % blocks * BLOCK);
            let some = first..(first + BLOCK).min(sources);
            let (width, count) = (target.width, some.len());
            let mut taps = Scratch::<T>::take(9 * count * width);
            let taps = taps.slice();
            kernels.gather(target, some, turned, taps);
            let tiles = Tiles {
                from: taps,
                to,
                start: target.before * tile.points() * sources + first * width,
                pixel: width,
                row: 3 * width,
                tile: width,
                point: sources * width,
                count,
                channels: width,
            };
            // SAFETY: each task has its own channels at each point.
            unsafe { (tile.kernels(target).kernel)(&tiles) };
        });
}

/// The convolution of some samples: from channels-last maps to channel planes.
pub(super) struct Product<'a, T: 'static> {
    pub source: &'a Maps<'a, T>,
    /// Columns of the padded source.
    pub columns: usize,
    /// Channels to sum over.
    pub channels: usize,
    pub weights: &'a [T],
    pub targets: &'a [Panel<T>],
    pub tile: Tile,
    pub target: [usize; 2],
    pub bias: &'a [T],
    pub finish: Finish,
}

impl<T: Number> Product<'_, T> {
    /// Sets all numbers of `out`, `[sample][channel][pixel]`.
    pub(super) fn run(&self, out: &mut [MaybeUninit<T>]) {
        let out = Shared::empty(out);
        let [rows, columns] = self.tile.over(self.target);
        let samples = self.source.samples;
        let most = TASK_POINTS / self.tile.points();
        let group = (most / (rows * columns)).clamp(1, samples.max(1));
        let groups = samples.div_ceil(group);
        // More tasks where there are few samples; what is computed does not depend on it.
        let wanted = rayon::current_num_threads().div_ceil(groups.max(1));
        let bands = (rows * columns).div_ceil(most).max(wanted).min(rows);
        (0..groups * bands).into_par_iter().for_each(|task| {
            let (first, band) = (task / bands * group, task % bands);
            let rows = band * rows / bands..(band + 1) * rows / bands;
            self.task(first..(first + group).min(samples), rows, out);
        });
    }

    fn task(&self, samples: Range<usize>, rows: Range<usize>, out: Shared<'_, T>) {
        let (size, points_of_tile) = (self.tile.size(), self.tile.points());
        let tile_columns = self.tile.over(self.target)[1];
        let band = rows.len() * tile_columns;
        let count = samples.len() * band;
        let stored_channels = self.source.panels[0].width;
        let point_step = apart::<T>(count * stored_channels);
        let mut points = Scratch::<T>::take(points_of_tile * point_step);
        let points = points.slice();
        let source = SourcePoints {
            source: self.source,
            columns: self.columns,
            tile: self.tile,
            tile_columns,
            point: point_step,
        };
        let to = Shared::new(&mut *points);
        for (index, sample) in samples.clone().enumerate() {
            // SAFETY: the points are this task's alone.
            unsafe { source.write(sample, rows.clone(), to, index * band * stored_channels) };
        }
        let widest = self.targets.iter().map(|p| p.width).max().unwrap_or(0);
        let mut products = Scratch::<T>::take(points_of_tile * apart::<T>(count * widest));
        let products = products.slice();
        let mut pixels = Scratch::<T>::take(size * size * count * widest);
        let pixels = pixels.slice();
        let list: Vec<u32> = (0..count as u32).collect();
        let runs = [Run {
            first: 0,
            count: count as u32,
            tap: 0,
            taps: 1,
        }];
        let taps = [Tap {
            offset: 0,
            index: 0,
        }];
        for target in self.targets {
            let weights = &self.weights[target.before * points_of_tile * self.channels..];
            let product_step = apart::<T>(count * target.width);
            for point in 0..points_of_tile {
                for start in (0..self.channels).step_by(STEPS) {
                    let weight = (point * self.channels + start) * target.width;
                    let job = Convolve {
                        source: &points[point * point_step + start..],
                        source_stride: stored_channels,
                        channels: STEPS.min(self.channels - start),
                        weight: &weights[weight..],
                        vectors: target.width / target.kernels.lanes,
                        first: start == 0,
                        taps: (0, 1),
                        runs: &runs,
                        bases: &list,
                        slots: &list,
                        tap_list: &taps,
                    };
                    let products = &mut products[point * product_step..];
                    target.kernels.convolve(&job, products);
                }
            }
            let to = Shared::new(&mut *pixels);
            for row in 0..samples.len() * rows.len() {
                let tiles = Tiles {
                    from: &products[row * tile_columns * target.width..],
                    to,
                    start: size * size * row * tile_columns * target.width,
                    pixel: target.width,
                    row: size * tile_columns * target.width,
                    tile: target.width,
                    point: product_step,
                    count: tile_columns,
                    channels: target.width,
                };
                // SAFETY: the pixels are this task's alone.
                unsafe { (self.tile.kernels(target).target)(&tiles) };
            }
            self.write(target, samples.clone(), rows.clone(), pixels, out);
        }
    }

    /// Finishes the pixels and brings them into channel planes.
    fn write(
        &self,
        target: &Panel<T>,
        samples: Range<usize>,
        rows: Range<usize>,
        pixels: &mut [T],
        out: Shared<'_, T>,
    ) {
        let size = self.tile.size();
        let [height, width] = self.finish.size(self.target);
        let plane = height * width;
        let columns = size * self.tile.over(self.target)[1];
        let channels = stored_channels(self.targets);
        let bias = panel_bias(self.bias, target);
        let first = size * rows.start;
        let number = (size * rows.end).min(self.target[0]) - first;
        // Windows that are pooled over lie in a tile each, so in one task.
        let [first, _] = self.finish.size([first, columns]);
        let [number_left, stored_columns] = self.finish.size([number, columns]);
        // Rows without a surplus column follow each other without a gap.
        let (lines, length) = if stored_columns == width {
            (1, number_left * width)
        } else {
            (number_left, width)
        };
        for (index, sample) in samples.enumerate() {
            let pixels = &mut pixels[size * index * rows.len() * columns * target.width..];
            let add = finish_pixels(self.finish, target, pixels, [number, columns], bias);
            for line in 0..lines {
                let start = (sample * channels + target.start) * plane + (first + line) * width;
                let pixels = &pixels[line * stored_columns * target.width..];
                let lines = Lines {
                    stride: plane,
                    channels: target.channels,
                    length,
                };
                let kernels = target.kernels;
                // SAFETY: these rows of these channels of this sample belong to this task.
                unsafe { kernels.scatter(pixels, target.width, out, start, lines, &add) };
            }
        }
    }
}
