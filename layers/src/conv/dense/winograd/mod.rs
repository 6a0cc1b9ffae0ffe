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

mod correlation;
mod product;
pub(super) mod transforms;

use super::chunks::{Layout, Wanted, convolved, gradients_of};
use super::kernels::Number;
use super::maps::{Maps, Panel, Shared, chunk_samples, register_panels, stored};
use super::plan::Geometry;
use super::scratch::Scratch;
use crate::Finish;
use correlation::{Correlation, finish_weights};
use product::{Product, transform_weights};
use std::ops::Range;
use transforms::Tiles;

/// Points that a tile is transformed to.
const POINTS: usize = 16;
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
    let source = source_layout(sizes, &panels);
    let [height, width] = finish.size(sizes.output);
    let out_sample = sizes.channels_out * height * width;
    let chunk = chunk_samples(sizes.batch, source.stored());
    convolved(
        input,
        &source,
        out_sample,
        [sizes.batch, chunk],
        |maps, out| {
            let product = Product {
                source: maps,
                columns: source.padded[1],
                channels: sizes.channels_in,
                weights,
                targets: &targets,
                target: sizes.output,
                bias: bias.unwrap_or_default(),
                finish,
            };
            product.run(out);
        },
    )
}

/// The source with the border that its tiles read.
fn source_layout<'a, T: Number>(sizes: &Geometry, panels: &'a [Panel<T>]) -> Layout<'a, T> {
    Layout {
        panels,
        channels: sizes.channels_in,
        size: sizes.input,
        padded: [0, 1].map(|a| read(sizes.output)[a].max(sizes.padding[a] + sizes.input[a])),
        before: sizes.padding,
    }
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
    let outs_layout = Layout {
        panels: &out_panel,
        channels: sizes.channels_out,
        size: sizes.output,
        padded: out_padded,
        before: out_before,
    };
    let ins_layout = source_layout(sizes, &in_panel);
    let [tile_rows, tile_columns] = tiles(sizes.output);
    let sample_points = POINTS * tile_rows * tile_columns * (sizes.channels_in + stored(&outs));
    let for_weight = |numbers: usize| if wanted.weight { numbers } else { 0 };
    let chunk = gradient_samples(
        sizes.batch,
        outs_layout.stored() + for_weight(ins_layout.stored() + sample_points),
    );
    let gaps = POINTS * 2 * (outs.len() + 1) * apart::<T>(1);
    let mut points = Scratch::take(for_weight(chunk * sample_points + gaps));
    let points = points.slice();
    let mut sums = Scratch::take(for_weight(POINTS * stored(&outs) * sizes.channels_in));
    let sums = sums.slice();
    sums.fill(T::default());
    let input_gradient = gradients_of(
        [input, gradient],
        [&ins_layout, &outs_layout],
        [sizes.batch, chunk],
        wanted,
        |out_maps, to| {
            let product = Product {
                source: out_maps,
                columns: out_padded[1],
                channels: sizes.channels_out,
                weights,
                targets: &targets,
                target: sizes.input,
                bias: &[],
                finish: Finish::Nothing,
            };
            product.run(to);
        },
        |in_maps, out_maps| {
            let correlation = Correlation {
                sizes,
                source: in_maps,
                source_columns: ins_layout.padded[1],
                gradient: out_maps,
                gradient_columns: out_padded[1],
                gradient_before: out_before,
                outs: &outs,
            };
            correlation.add_to(points, sums);
        },
    );
    let weight_gradient = wanted.weight.then(|| finish_weights(sizes, &outs, sums));
    (input_gradient, weight_gradient)
}
