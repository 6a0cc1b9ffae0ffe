//! Convolutions with 3×3 kernels in 16 products per four pixels instead of 36: Winograd's minimal filtering.
//!
//! ```text
//! convolution       Y  = Aᵀ [ Σ_channels (G w Gᵀ) ⊙ (Bᵀ d B) ] A      F(2×2, 3×3)
//! weight gradient   dw = Cᵀ [ Σ_tiles    (Eᵀ g E) ⊙ (Bᵀ d B) ] C      F(3×3, 2×2)
//!
//! G = 1   0   0      Cᵀ = 1  ½  ½  0      Aᵀ, Bᵀ, Eᵀ: transforms.rs
//!     ½   ½   ½           0  ½ -½  0
//!     ½  -½   ½           0  ½  ½ -1
//!     0   0   1
//! ```
//!
//! d are 4×4 pixels of the source, g 2×2 pixels of the output gradient; for each of the 16 points the sum is a product of
//! matrices, [tiles × channels] · [channels × channels], which the kernels of the direct convolution compute. The input
//! gradient is a convolution of the output gradient with the kernel turned by 180°. All numbers in the transforms are 0,
//! ±1 and ±½: results err about as much as a direct sum's (tested to 1e-5 relative, as everything else).
//!
//! Source: Winograd 1980; Lavin and Gray, "Fast algorithms for convolutional neural networks" (2016), section 4.

use super::cpu::Wanted;
use super::finish::{finish_pixels, panel_bias};
use super::kernels::{Convolve, Correlate, Number, Run, Tap};
use super::maps::{
    Maps, Panel, Shared, chunk_samples, gather_samples, register_panels, stored, written,
};
use super::plan::Geometry;
use super::scratch::Scratch;
use super::transforms::Tiles;
use crate::Finish;
use rayon::prelude::*;
use std::ops::Range;

/// Points that a tile is transformed to.
const POINTS: usize = 16;
/// Tiles that one task computes: as many as its points fit into the second-level cache.
const TASK_TILES: usize = 96;
/// Channels that are summed over at once, so that their weights stay in the first-level cache.
const STEPS: usize = 128;
/// Numbers that pass through the first-level cache for one tile of the weight gradient.
const BLOCK: usize = 5 << 10;
/// Numbers that each thread holds at once for the gradients, so that points are still in a cache when they are multiplied.
const CHUNK: usize = 1 << 19;
/// The fewest channels for which the products outweigh the transforms.
const LEAST_CHANNELS: usize = 16;

/// Whether a convolution is one that this method computes, and faster.
pub(super) fn fits(sizes: &Geometry) -> bool {
    let whole_tiles = |[rows, columns]: [usize; 2]| {
        let computed = rows.next_multiple_of(2) * columns.next_multiple_of(2);
        2 * computed <= 3 * rows * columns
    };
    sizes.kernel == [3, 3]
        && sizes.stride == [1, 1]
        && sizes.dilation == [1, 1]
        && sizes.padding.iter().all(|&p| p <= 2)
        && sizes.channels_in.min(sizes.channels_out) >= LEAST_CHANNELS
        && whole_tiles(sizes.input)
        && whole_tiles(sizes.output)
}

/// Numbers from one point to the next, where `numbers` are stored for each: apart by an odd number of cache lines, since
/// sixteen streams at a multiple of a page would fight for the same few lines of the first-level cache.
fn apart<T>(numbers: usize) -> usize {
    let line = 64 / size_of::<T>();
    (numbers.div_ceil(line) | 1) * line
}

/// How many samples the gradients take at once. Sums run over tiles in the same order whatever this is.
fn gradient_samples(batch: usize, numbers: usize) -> usize {
    (CHUNK * rayon::current_num_threads() / numbers.max(1)).clamp(1, batch.max(1))
}

/// Rows and columns of tiles over a target.
fn tiles(target: [usize; 2]) -> [usize; 2] {
    target.map(|size| size.div_ceil(2))
}

/// Rows and columns of the source that the tiles of a target read.
fn read(target: [usize; 2]) -> [usize; 2] {
    tiles(target).map(|count| 2 * count + 2)
}

/// All channels as one panel, with zeros up to `width`.
fn one_panel<T: Number>(channels: usize, width: usize) -> [Panel<T>; 1] {
    [Panel {
        start: 0,
        channels,
        width,
        before: 0,
        kernels: T::kernels(),
    }]
}

/// `G w Gᵀ` by target panel, point, source channel, target channel. `flipped` turns kernels by 180°.
fn transform_weights<T: Number>(
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

/// Transforms some rows of tiles of a sample of the source to points.
fn source_points<T: Number>(
    source: &Maps<'_, T>,
    columns: usize,
    sample: usize,
    rows: Range<usize>,
    tile_columns: usize,
    to: Shared<T>,
    point: usize,
) {
    let panel = &source.panels[0];
    for (index, row) in rows.enumerate() {
        let pixel = sample * source.pixels + 2 * row * columns;
        // SAFETY: the maps have all pixels that tiles read, and `to` has room for these tiles at each point.
        unsafe {
            (panel.kernels.source_tiles)(&Tiles {
                from: source.data.get().add(pixel * panel.width),
                to: to.get().add(index * tile_columns * panel.width),
                pixel: panel.width,
                row: columns * panel.width,
                tile: panel.width,
                point,
                count: tile_columns,
                channels: panel.width,
            });
        }
    }
}

/// The convolution of some samples: from channels-last maps to channel planes.
struct Product<'a, T: 'static> {
    source: &'a Maps<'a, T>,
    /// Columns of the padded source.
    columns: usize,
    /// Channels to sum over.
    channels: usize,
    weights: &'a [T],
    targets: &'a [Panel<T>],
    target: [usize; 2],
    bias: &'a [T],
    finish: Finish,
}

impl<T: Number> Product<'_, T> {
    fn run(&self, out: Shared<T>) {
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
        let channels = self.targets.iter().map(|p| p.channels).sum::<usize>();
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

/// The convolution, with what follows it.
pub(super) fn convolve<T: Number>(
    input: &[T],
    weight: &[T],
    bias: Option<&[T]>,
    sizes: &Geometry,
    finish: Finish,
) -> Vec<T> {
    let targets = register_panels(sizes.channels_out);
    let panels = one_panel(sizes.channels_in, sizes.channels_in);
    let mut weights = Scratch::take(POINTS * stored(&targets) * sizes.channels_in);
    transform_weights(
        weight,
        &targets,
        sizes.channels_in * 9,
        sizes.channels_in,
        9,
        false,
        weights.slice(),
    );
    let weights = weights.slice();
    let padded = [0, 1].map(|a| read(sizes.output)[a].max(sizes.padding[a] + sizes.input[a]));
    let pixels = padded[0] * padded[1];
    let in_sample = sizes.channels_in * sizes.input[0] * sizes.input[1];
    let [height, width] = finish.size(sizes.output);
    let out_sample = sizes.channels_out * height * width;
    let chunk = chunk_samples(sizes.batch, sizes.channels_in * pixels);
    let mut maps = Scratch::take(chunk * sizes.channels_in * pixels);
    let maps = Shared(maps.slice().as_mut_ptr());
    written(sizes.batch * out_sample, |out: Shared<T>| {
        for start in (0..sizes.batch).step_by(chunk) {
            let source = Maps {
                data: maps,
                panels: &panels,
                samples: chunk.min(sizes.batch - start),
                pixels,
            };
            gather_samples(
                &input[start * in_sample..],
                sizes.channels_in,
                sizes.input,
                padded,
                sizes.padding,
                &source,
            );
            let product = Product {
                source: &source,
                columns: padded[1],
                channels: sizes.channels_in,
                weights,
                targets: &targets,
                target: sizes.output,
                bias: bias.unwrap_or_default(),
                finish,
            };
            // SAFETY: the chunk's outputs start here.
            product.run(Shared(unsafe { out.get().add(start * out_sample) }));
        }
    })
}

/// The gradients of a convolution with respect to its input and its weight, given that of its output.
pub(super) fn gradients<T: Number>(
    input: &[T],
    weight: &[T],
    gradient: &[T],
    sizes: &Geometry,
    wanted: Wanted,
) -> (Option<Vec<T>>, Option<Vec<T>>) {
    let outs = register_panels(sizes.channels_out);
    let targets = register_panels(sizes.channels_in);
    let out_panel = one_panel(sizes.channels_out, stored(&outs));
    let in_panel = one_panel(sizes.channels_in, sizes.channels_in);
    let mut weights = Scratch::take(if wanted.input {
        POINTS * stored(&targets) * sizes.channels_out
    } else {
        0
    });
    if wanted.input {
        transform_weights(
            weight,
            &targets,
            9,
            sizes.channels_out,
            sizes.channels_in * 9,
            true,
            weights.slice(),
        );
    }
    let weights = weights.slice();
    // The output gradient is read twice: with a border by the input gradient, without by the weight gradient.
    let out_before = sizes.padding.map(|p| 2 - p);
    let out_padded = [0, 1]
        .map(|a| read(sizes.input)[a].max(out_before[a] + sizes.output[a].next_multiple_of(2)));
    let in_padded = [0, 1].map(|a| read(sizes.output)[a].max(sizes.padding[a] + sizes.input[a]));
    let (out_pixels, in_pixels) = (out_padded[0] * out_padded[1], in_padded[0] * in_padded[1]);
    let in_sample = sizes.channels_in * sizes.input[0] * sizes.input[1];
    let out_sample = sizes.channels_out * sizes.output[0] * sizes.output[1];
    let [tile_rows, tile_columns] = tiles(sizes.output);
    let sample_points = POINTS * tile_rows * tile_columns * (sizes.channels_in + stored(&outs));
    let chunk = gradient_samples(
        sizes.batch,
        out_pixels * stored(&outs)
            + if wanted.weight {
                in_pixels * sizes.channels_in + sample_points
            } else {
                0
            },
    );
    let mut out_maps = Scratch::take(chunk * stored(&outs) * out_pixels);
    let out_maps = Shared(out_maps.slice().as_mut_ptr());
    let (mut in_maps, mut points, mut sums) = if wanted.weight {
        (
            Scratch::take(chunk * sizes.channels_in * in_pixels),
            Scratch::take(chunk * sample_points + POINTS * 2 * (outs.len() + 1) * apart::<T>(1)),
            Scratch::take(POINTS * stored(&outs) * sizes.channels_in),
        )
    } else {
        (Scratch::take(0), Scratch::take(0), Scratch::take(0))
    };
    let in_maps = Shared(in_maps.slice().as_mut_ptr());
    let points = points.slice();
    let sums = sums.slice();
    sums.fill(T::default());

    let mut run = |input_gradient: Option<Shared<T>>| {
        for start in (0..sizes.batch).step_by(chunk) {
            let samples = chunk.min(sizes.batch - start);
            let outs_here = Maps {
                data: out_maps,
                panels: &out_panel,
                samples,
                pixels: out_pixels,
            };
            gather_samples(
                &gradient[start * out_sample..],
                sizes.channels_out,
                sizes.output,
                out_padded,
                out_before,
                &outs_here,
            );
            if let Some(out) = input_gradient {
                let product = Product {
                    source: &outs_here,
                    columns: out_padded[1],
                    channels: sizes.channels_out,
                    weights,
                    targets: &targets,
                    target: sizes.input,
                    bias: &[],
                    finish: Finish::Nothing,
                };
                // SAFETY: the chunk's input gradients start here.
                product.run(Shared(unsafe { out.get().add(start * in_sample) }));
            }
            if wanted.weight {
                let ins_here = Maps {
                    data: in_maps,
                    panels: &in_panel,
                    samples,
                    pixels: in_pixels,
                };
                gather_samples(
                    &input[start * in_sample..],
                    sizes.channels_in,
                    sizes.input,
                    in_padded,
                    sizes.padding,
                    &ins_here,
                );
                let correlation = Correlation {
                    sizes,
                    source: &ins_here,
                    source_columns: in_padded[1],
                    gradient: &outs_here,
                    gradient_columns: out_padded[1],
                    gradient_before: out_before,
                    outs: &outs,
                };
                correlation.add_to(points, sums);
            }
        }
    };
    let input_gradient = if wanted.input {
        Some(written(sizes.batch * in_sample, |out| run(Some(out))))
    } else {
        run(None);
        None
    };
    let weight_gradient = wanted.weight.then(|| finish_weights(sizes, &outs, sums));
    (input_gradient, weight_gradient)
}

/// Where a panel's points of `count` tiles start among those of all panels.
fn panel_start<T>(panels: &[Panel<T>], panel: &Panel<T>, count: usize) -> usize {
    panels
        .iter()
        .take_while(|p| p.start < panel.start)
        .map(|p| POINTS * apart::<T>(count * p.width))
        .sum()
}

/// The weight gradient of some samples.
struct Correlation<'a, T: 'static> {
    sizes: &'a Geometry,
    source: &'a Maps<'a, T>,
    source_columns: usize,
    gradient: &'a Maps<'a, T>,
    gradient_columns: usize,
    gradient_before: [usize; 2],
    outs: &'a [Panel<T>],
}

impl<T: Number> Correlation<'_, T> {
    /// Adds to `sums`, `[output panel][point][input channel][output channel]`. `points` is working memory.
    fn add_to(&self, points: &mut [T], sums: &mut [T]) {
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
fn finish_weights<T: Number>(sizes: &Geometry, outs: &[Panel<T>], sums: &[T]) -> Vec<T> {
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
