//! The tiles that targets are divided into, and how sources become their points.

use super::kernels::TileKernels;
use super::transforms::Tiles;
use crate::convolution::maps::{Maps, Panel};
use crate::number::Number;
use crate::shared::Shared;
use std::ops::Range;

/// The tiles that a target is computed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::convolution) enum Tile {
    /// 2×2 pixels, 16 points.
    Two,
    /// 4×4 pixels, 36 points.
    Four,
}

impl Tile {
    /// The tiles that take the fewest products for a target of some rows and columns; none where those of a direct
    /// convolution are so few that the transforms do not pay.
    pub fn of(target: [usize; 2]) -> Option<Self> {
        let products = |tile: &Self| tile.over(target).iter().product::<usize>() * tile.points();
        let tile = [Self::Two, Self::Four].into_iter().min_by_key(products)?;
        let direct = 9 * target[0] * target[1];
        (3 * products(&tile) <= 2 * direct).then_some(tile)
    }

    /// Its rows, and columns.
    pub fn size(self) -> usize {
        match self {
            Self::Two => 2,
            Self::Four => 4,
        }
    }

    /// The points that it is transformed to.
    pub fn points(self) -> usize {
        (self.size() + 2).pow(2)
    }

    /// Rows and columns of tiles over a target.
    pub fn over(self, target: [usize; 2]) -> [usize; 2] {
        target.map(|size| size.div_ceil(self.size()))
    }

    /// Rows and columns of the source that the tiles of a target read.
    pub fn read(self, target: [usize; 2]) -> [usize; 2] {
        self.over(target).map(|count| self.size() * count + 2)
    }

    pub fn kernels<T: Number>(self, panel: &Panel<T>) -> &'static TileKernels<T> {
        match self {
            Self::Two => &panel.kernels.two,
            Self::Four => &panel.kernels.four,
        }
    }
}

/// Numbers from one point to the next, where `numbers` are stored for each: apart by an odd number of cache lines, since
/// so many streams at a multiple of a page would fight for the same few lines of the first-level cache.
pub(super) fn apart<T>(numbers: usize) -> usize {
    let line = 64 / size_of::<T>();
    (numbers.div_ceil(line) | 1) * line
}

/// Transforms some rows of tiles of a sample of the source to points.
#[derive(Clone, Copy)]
pub(super) struct SourcePoints<'a, T: 'static> {
    pub source: &'a Maps<'a, T>,
    /// Columns of the padded source.
    pub columns: usize,
    pub tile: Tile,
    pub tile_columns: usize,
    /// Numbers from one point to the next.
    pub point: usize,
}

impl<T: Number> SourcePoints<'_, T> {
    /// Writes to `to`, from `start` on.
    ///
    /// # Safety
    /// No one else may use the points of these tiles meanwhile.
    pub unsafe fn write(self, sample: usize, rows: Range<usize>, to: Shared<'_, T>, start: usize) {
        let panel = &self.source.panels[0];
        for (index, row) in rows.enumerate() {
            let pixel = sample * self.source.pixels + self.tile.size() * row * self.columns;
            let tiles = Tiles {
                from: &self.source.data[pixel * panel.width..],
                to,
                start: start + index * self.tile_columns * panel.width,
                pixel: panel.width,
                row: self.columns * panel.width,
                tile: panel.width,
                point: self.point,
                count: self.tile_columns,
                channels: panel.width,
            };
            // SAFETY: as the caller promises.
            unsafe { (self.tile.kernels(panel).source)(&tiles) };
        }
    }
}
