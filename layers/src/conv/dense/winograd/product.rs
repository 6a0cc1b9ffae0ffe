//! Y = Aᵀ [ Σ_channels (G w Gᵀ) ⊙ (Bᵀ d B) ] A, for the convolution and, with turned kernels, for the input gradient.

use super::transforms::Tiles;
use super::{POINTS, apart, source_points, tiles};
use crate::Finish;
use crate::conv::dense::finish::{finish_pixels, panel_bias};
use crate::conv::dense::kernels::{Convolve, Number, Run, Tap};
use crate::conv::dense::maps::{Maps, Panel, Shared, stored_channels};
use crate::conv::dense::scratch::Scratch;
use rayon::prelude::*;
use std::ops::Range;

/// Tiles that one task computes: as many as its points fit into the second-level cache.
const TASK_TILES: usize = 96;
/// Channels that are summed over at once, so that their weights stay in the first-level cache.
const STEPS: usize = 128;

/// `G w Gᵀ` by target panel, point, source channel, target channel. `flipped` turns kernels by 180°.
pub(super) fn transform_weights<T: Number>(
    weight: &[T],
    targets: &[Panel<T>],
    target_stride: usize,
    sources: usize,
    source_stride: usize,
    flipped: bool,
    to: &mut [T],
) {
    let half = T::from(0.5);
    // G of three numbers.
    let spread = |w: [T; 3]| {
        let outer = (w[0] + w[2]) * half;
        let middle = w[1] * half;
        [w[0], outer + middle, outer - middle, w[2]]
    };
    let base = Shared(to.as_mut_ptr());
    targets.par_iter().for_each(|target| {
        let size = POINTS * sources * target.width;
        // SAFETY: one part per target panel.
        let part = unsafe {
            std::slice::from_raw_parts_mut(base.get().add(target.before * POINTS * sources), size)
        };
        part.fill(T::default());
        for c in 0..sources {
            for m in 0..target.channels {
                let at = (target.start + m) * target_stride + c * source_stride;
                let w = |tap: usize| weight[at + if flipped { 8 - tap } else { tap }];
                let rows = [0, 1, 2].map(|j| spread([w(j), w(3 + j), w(6 + j)]));
                for i in 0..4 {
                    let points = spread([rows[0][i], rows[1][i], rows[2][i]]);
                    for (j, point) in points.into_iter().enumerate() {
                        part[((4 * i + j) * sources + c) * target.width + m] = point;
                    }
                }
            }
        }
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
    pub target: [usize; 2],
    pub bias: &'a [T],
    pub finish: Finish,
}

impl<T: Number> Product<'_, T> {
    pub(super) fn run(&self, out: Shared<T>) {
        let [rows, columns] = tiles(self.target);
        let samples = self.source.samples;
        let group = (TASK_TILES / (rows * columns)).clamp(1, samples.max(1));
        let bands = (rows * columns).div_ceil(TASK_TILES).min(rows);
        (0..samples.div_ceil(group) * bands)
            .into_par_iter()
            .for_each(|task| {
                let (first, band) = (task / bands * group, task % bands);
                let rows = band * rows / bands..(band + 1) * rows / bands;
                self.task(first..(first + group).min(samples), rows, out);
            });
    }

    fn task(&self, samples: Range<usize>, rows: Range<usize>, out: Shared<T>) {
        let tile_columns = tiles(self.target)[1];
        let band = rows.len() * tile_columns;
        let count = samples.len() * band;
        let stored_channels = self.source.panels[0].width;
        let point_step = apart::<T>(count * stored_channels);
        let mut points = Scratch::<T>::take(POINTS * point_step);
        let points = points.slice();
        for (index, sample) in samples.clone().enumerate() {
            source_points(
                self.source,
                self.columns,
                sample,
                rows.clone(),
                tile_columns,
                Shared(points[index * band * stored_channels..].as_mut_ptr()),
                point_step,
            );
        }
        let widest = self.targets.iter().map(|p| p.width).max().unwrap_or(0);
        let mut products = Scratch::<T>::take(POINTS * apart::<T>(count * widest));
        let products = products.slice();
        let mut pixels = Scratch::<T>::take(4 * count * widest);
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
            let weights = &self.weights[target.before * POINTS * self.channels..];
            let product_step = apart::<T>(count * target.width);
            for point in 0..POINTS {
                for start in (0..self.channels).step_by(STEPS) {
                    let weight = (point * self.channels + start) * target.width;
                    // SAFETY: tiles lie in the points and in the products, weights were packed in this order.
                    unsafe {
                        (target.kernels.convolve)(&Convolve {
                            source: points.as_ptr().add(point * point_step + start),
                            source_stride: stored_channels,
                            channels: STEPS.min(self.channels - start),
                            weight: weights[weight..].as_ptr(),
                            target: products.as_mut_ptr().add(point * product_step),
                            vectors: target.width / target.kernels.lanes,
                            first: start == 0,
                            taps: (0, 1),
                            runs: &runs,
                            bases: &list,
                            slots: &list,
                            tap_list: &taps,
                        });
                    }
                }
            }
            for row in 0..samples.len() * rows.len() {
                // SAFETY: each row of tiles has its own two rows of pixels.
                unsafe {
                    (target.kernels.target_tiles)(&Tiles {
                        from: products.as_ptr().add(row * tile_columns * target.width),
                        to: pixels
                            .as_mut_ptr()
                            .add(4 * row * tile_columns * target.width),
                        pixel: target.width,
                        row: 2 * tile_columns * target.width,
                        tile: target.width,
                        point: product_step,
                        count: tile_columns,
                        channels: target.width,
                    });
                }
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
        out: Shared<T>,
    ) {
        let [height, width] = self.finish.size(self.target);
        let plane = height * width;
        let columns = 2 * tiles(self.target)[1];
        let channels = stored_channels(self.targets);
        let bias = panel_bias(self.bias, target);
        let first = 2 * rows.start;
        let number = (2 * rows.end).min(self.target[0]) - first;
        // Windows that are pooled over are tiles: each lies in one task.
        let [first, _] = self.finish.size([first, columns]);
        let [number_left, stored_columns] = self.finish.size([number, columns]);
        // Rows without a surplus column follow each other without a gap.
        let (lines, length) = if stored_columns == width {
            (1, number_left * width)
        } else {
            (number_left, width)
        };
        for (index, sample) in samples.enumerate() {
            let sample_pixels =
                pixels[2 * index * rows.len() * columns * target.width..].as_mut_ptr();
            // SAFETY: these rows of these channels of this sample belong to this task.
            unsafe {
                let size = [number, columns];
                let add = finish_pixels(self.finish, target, sample_pixels, size, bias);
                for line in 0..lines {
                    let to = (sample * channels + target.start) * plane + (first + line) * width;
                    (target.kernels.scatter)(
                        sample_pixels.add(line * stored_columns * target.width),
                        target.width,
                        out.get().add(to),
                        plane,
                        target.channels,
                        length,
                        add.as_ptr(),
                    );
                }
            }
        }
    }
}
