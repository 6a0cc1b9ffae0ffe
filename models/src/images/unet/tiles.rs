//! A large image, tile by tile.
//!
//! ```text
//! image, padded as a whole        sides m s, or m s + 1 where they are odd          s the stride
//! core of a tile                  [i c, (i + 1) c)                                  c a multiple of s
//! what the network sees           the core and the margin around it, within the image
//! ```
//!
//! Every window lies on the image as the network's own halvings do, so that scores are those of the whole image to rounding, and turn
//! with it.

use std::ops::Range;

use burn::prelude::*;

use super::GroupUnet;
use super::config::padded_side;
use super::network::{crop, pad};

impl GroupUnet {
    /// Class scores (logits) of every pixel, as [`forward`](Self::forward) gives them, for which the network sees no more than `tile`
    /// rows and columns at once, or what the [`margin`](Self::margin) takes at both sides of a few pixels. For networks as they are at inference.
    ///
    /// # Shapes
    /// - images: `[batch, channels, height, width]`
    /// - output: `[batch, classes, height, width]`
    ///
    /// # Panics
    /// Where [`forward`](Self::forward) does.
    pub fn forward_in_tiles(&self, images: Tensor<4>, tile: usize) -> Tensor<4> {
        let [_, _, height, width] = images.dims();
        if height.max(width) <= tile {
            return self.forward(images);
        }
        let size = [height, width];
        let images = pad(images, self.padding(size));
        let [rows, columns] = size.map(|side| self.tiles(padded_side(side, self.stride()), tile));
        let row = |rows: &Tile| {
            let band = images.clone().narrow(2, rows.seen.start, rows.seen.len());
            let scores = columns.iter().map(|columns| {
                let window = band
                    .clone()
                    .narrow(3, columns.seen.start, columns.seen.len());
                let scores = self.forward(window);
                let inside = scores.narrow(2, rows.core.start - rows.seen.start, rows.core.len());
                inside.narrow(
                    3,
                    columns.core.start - columns.seen.start,
                    columns.core.len(),
                )
            });
            Tensor::cat(scores.collect(), 3)
        };
        crop(Tensor::cat(rows.iter().map(row).collect(), 2), size)
    }

    /// The tiles along a padded side.
    fn tiles(&self, side: usize, tile: usize) -> Vec<Tile> {
        let stride = self.stride();
        let margin = self.margin().next_multiple_of(stride);
        let core = tile.saturating_sub(2 * margin) / stride * stride;
        let core = core.max(stride);
        // The last pixel of an odd side belongs to a halving of its own.
        let odd = side % stride;
        let tile = |start: usize| {
            let end = match start + core + odd >= side {
                true => side,
                false => start + core,
            };
            Tile {
                core: start..end,
                seen: start.saturating_sub(margin)..(end + margin + odd).min(side),
            }
        };
        (0..(side - odd).div_ceil(core))
            .map(|index| tile(index * core))
            .collect()
    }
}

/// Part of a side.
struct Tile {
    /// What scores are kept of.
    core: Range<usize>,
    /// What the network sees.
    seen: Range<usize>,
}
