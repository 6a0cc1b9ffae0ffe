//! Convolutions with 3×3 kernels in fewer products than pixels and taps: Winograd's minimal filtering. Tiles of 2×2 pixels
//! take 16 products instead of 36, tiles of 4×4 take 36 instead of 144.
//!
//! ```text
//! convolution       Y  = Aᵀ [ Σ_channels (G w Gᵀ) ⊙ (Bᵀ d B) ] A
//! weight gradient   dw = Gᵀ [ Σ_tiles    (A g Aᵀ) ⊙ (Bᵀ d B) ] G      A, B, G: two.rs, four.rs
//! ```
//!
//! d are the pixels of the source that a tile of the target reads, g a tile of the output gradient; for each of the points
//! the sum is a product of matrices, [tiles × channels] · [channels × channels], which the kernels of the direct
//! convolution compute. The input gradient is a convolution of the output gradient with the kernel turned by 180°. Results
//! err about as much as a direct sum's (tested to 1e-5 relative, as everything else).
//!
//! Source: Winograd 1980; Lavin and Gray, "Fast algorithms for convolutional neural networks" (2016), section 4.

mod correlation;
pub(super) mod four;
pub(super) mod kernels;
mod product;
#[cfg(test)]
mod tests;
mod tile;
pub(super) mod transforms;
pub(super) mod two;

use super::chunks::{Wanted, convolved, gradients_of};
use super::geometry::Geometry;
use super::maps::{Layout, Maps, Panel, chunk_samples, register_panels, stored};
use super::scratch::Scratch;
use crate::Finish;
use crate::number::Number;
use correlation::{Correlation, finish_weights};
use product::{Kernels, Product, transform_weights};
use std::mem::MaybeUninit;
use tile::{Tile, apart};

/// Numbers that each thread holds at once for the gradients, so that points are still in a cache when they are multiplied.
const CHUNK: usize = 1 << 19;
/// The fewest channels for which the products outweigh the transforms; as many as the widest register has lanes, which
/// transforms need. Under Miri, which is slow, as many as portable registers have.
pub(super) const LEAST_CHANNELS: usize = if cfg!(miri) { 8 } else { 16 };

/// How a convolution's output is computed, where this method computes it faster.
pub(super) fn fits(sizes: &Geometry) -> Option<Tile> {
    let computes = sizes.kernel == [3, 3]
        && sizes.stride == [1, 1]
        && sizes.dilation == [1, 1]
        && sizes.padding.iter().all(|&p| p <= 2)
        && sizes.channels_in.min(sizes.channels_out) >= LEAST_CHANNELS;
    computes.then(|| Tile::of(sizes.output)).flatten()
}

/// The same for its gradients with respect to its input and its weight.
pub(super) fn fits_gradients(sizes: &Geometry) -> Option<[Tile; 2]> {
    let of_weight = fits(sizes)?;
    Tile::of(sizes.input).map(|of_input| [of_input, of_weight])
}

/// How many samples the gradients take at once. Sums run over tiles in the same order whatever this is.
fn gradient_samples(batch: usize, numbers: usize) -> usize {
    (CHUNK * rayon::current_num_threads() / numbers.max(1)).clamp(1, batch.max(1))
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

/// The convolution, with what follows it.
pub(super) fn convolve<T: Number>(
    input: &[T],
    weight: &[T],
    bias: Option<&[T]>,
    sizes: &Geometry,
    tile: Tile,
    finish: Finish,
) -> Vec<T> {
    let targets = register_panels(sizes.channels_out);
    let panels = one_panel(sizes.channels_in, sizes.channels_in);
    let mut weights = Scratch::take(tile.points() * stored(&targets) * sizes.channels_in);
    let kernels = Kernels { weight, sizes };
    transform_weights(&kernels, tile, &targets, false, weights.slice());
    let weights = weights.slice();
    let source = source_layout(sizes, tile, &panels);
    let [height, width] = finish.size(sizes.output);
    let out_sample = sizes.channels_out * height * width;
    let chunk = chunk_samples(sizes.batch, source.stored());
    let run = |maps: &Maps<'_, T>, out: &mut [MaybeUninit<T>]| {
        let product = Product {
            source: maps,
            columns: source.padded[1],
            channels: sizes.channels_in,
            weights,
            targets: &targets,
            tile,
            target: sizes.output,
            bias: bias.unwrap_or_default(),
            finish,
        };
        product.run(out);
    };
    // SAFETY: a product sets all of its output.
    unsafe { convolved(input, &source, out_sample, [sizes.batch, chunk], run) }
}

/// The source with the border that its tiles read.
fn source_layout<'a, T: Number>(
    sizes: &Geometry,
    tile: Tile,
    panels: &'a [Panel<T>],
) -> Layout<'a, T> {
    let read = tile.read(sizes.output);
    Layout {
        panels,
        channels: sizes.channels_in,
        size: sizes.input,
        padded: [0, 1].map(|a| read[a].max(sizes.padding[a] + sizes.input[a])),
        before: sizes.padding,
    }
}

/// The gradients of a convolution with respect to its input and its weight, given that of its output.
pub(super) fn gradients<T: Number>(
    input: &[T],
    weight: &[T],
    gradient: &[T],
    sizes: &Geometry,
    [input_tile, tile]: [Tile; 2],
    wanted: Wanted,
) -> (Option<Vec<T>>, Option<Vec<T>>) {
    let outs = register_panels(sizes.channels_out);
    let targets = register_panels(sizes.channels_in);
    let out_panel = one_panel(sizes.channels_out, stored(&outs));
    let in_panel = one_panel(sizes.channels_in, sizes.channels_in);
    let mut weights = Scratch::take(if wanted.input {
        input_tile.points() * stored(&targets) * sizes.channels_out
    } else {
        0
    });
    if wanted.input {
        let kernels = Kernels { weight, sizes };
        transform_weights(&kernels, input_tile, &targets, true, weights.slice());
    }
    let weights = weights.slice();
    // The output gradient is read twice: with a border by the input gradient, without by the weight gradient.
    let out_before = sizes.padding.map(|p| 2 - p);
    let (read, of_weight) = (
        input_tile.read(sizes.input),
        sizes.output.map(|n| n.next_multiple_of(tile.size())),
    );
    let out_padded = [0, 1].map(|a| read[a].max(out_before[a] + of_weight[a]));
    let outs_layout = Layout {
        panels: &out_panel,
        channels: sizes.channels_out,
        size: sizes.output,
        padded: out_padded,
        before: out_before,
    };
    let ins_layout = source_layout(sizes, tile, &in_panel);
    let points = tile.points();
    let [tile_rows, tile_columns] = tile.over(sizes.output);
    let sample_points = points * tile_rows * tile_columns * (sizes.channels_in + stored(&outs));
    let for_weight = |numbers: usize| if wanted.weight { numbers } else { 0 };
    let chunk = gradient_samples(
        sizes.batch,
        outs_layout.stored() + for_weight(ins_layout.stored() + sample_points),
    );
    let gaps = points * 2 * (outs.len() + 1) * apart::<T>(1);
    let mut memory = Scratch::take(for_weight(chunk * sample_points + gaps));
    let memory = memory.slice();
    let mut sums = Scratch::take(for_weight(points * stored(&outs) * sizes.channels_in));
    let sums = sums.slice();
    sums.fill(T::ZERO);
    let of_input = |out_maps: &Maps<'_, T>, to: &mut [MaybeUninit<T>]| {
        let product = Product {
            source: out_maps,
            columns: out_padded[1],
            channels: sizes.channels_out,
            weights,
            targets: &targets,
            tile: input_tile,
            target: sizes.input,
            bias: &[],
            finish: Finish::Nothing,
        };
        product.run(to);
    };
    let of_weight = |in_maps: &Maps<'_, T>, out_maps: &Maps<'_, T>| {
        let correlation = Correlation {
            sizes,
            tile,
            source: in_maps,
            source_columns: ins_layout.padded[1],
            gradient: out_maps,
            gradient_columns: out_padded[1],
            gradient_before: out_before,
            outs: &outs,
        };
        correlation.add_to(memory, sums);
    };
    // SAFETY: a product sets all of its output.
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
        .then(|| finish_weights(sizes, tile, &outs, sums));
    (input_gradient, weight_gradient)
}
