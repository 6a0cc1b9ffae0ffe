//! Winograd's transforms of tiles, channels last: additions only, one register of channels at a time.
//!
//! ```text
//! source     V = Bᵀ d B    4×4 pixels of the source, every other row and column, to 16 points
//! gradient   Z = Eᵀ g E    2×2 pixels of the output gradient to 16 points, twice or four times too large
//! target     Y = Aᵀ M A    16 points to 2×2 pixels of the target
//!
//! Bᵀ = 1  0 -1  0      Eᵀ = 1  0      Aᵀ = 1  1  1  0
//!      0  1  1  0           1  1           0  1 -1 -1
//!      0 -1  1  0           1 -1
//!      0  1  0 -1           0  1
//! ```
//!
//! Source: Lavin and Gray, "Fast algorithms for convolutional neural networks" (2016), equations 7 and 8, and the same
//! construction with the points 0, 1, −1 and ∞ for a filter of two and an output of three.

use crate::conv::dense::simd::Simd;

/// A row of neighbouring tiles, as pixels and as points.
pub(in crate::conv::dense) struct Tiles<T> {
    /// The first pixel of the first tile, or the first point of the first tile.
    pub from: *const T,
    /// Where the other form goes.
    pub to: *mut T,
    /// Numbers from one pixel to the next.
    pub pixel: usize,
    /// Numbers from one row of pixels to the next.
    pub row: usize,
    /// Numbers from one tile to the next, among points.
    pub tile: usize,
    /// Numbers from one point to the next.
    pub point: usize,
    /// How many tiles.
    pub count: usize,
    /// How many channels: at least one register.
    pub channels: usize,
}

/// First channels of the registers that cover all; the last one goes over some a second time where they do not divide.
#[inline(always)]
fn registers<S: Simd>(channels: usize) -> impl Iterator<Item = usize> {
    let last = channels.saturating_sub(S::LANES);
    (0..channels.div_ceil(S::LANES)).map(move |r| (r * S::LANES).min(last))
}

/// `Bᵀ d` of one column or row.
#[inline(always)]
unsafe fn spread<S: Simd>(d: [S::Register; 4]) -> [S::Register; 4] {
    unsafe {
        [
            S::subtract(d[0], d[2]),
            S::add(d[1], d[2]),
            S::subtract(d[2], d[1]),
            S::subtract(d[1], d[3]),
        ]
    }
}

/// Source pixels to points.
#[inline(always)]
pub(in crate::conv::dense) unsafe fn source<S: Simd>(job: &Tiles<S::Element>) {
    for c in registers::<S>(job.channels) {
        unsafe {
            let column = |x: usize| {
                let at = job.from.add(x * job.pixel + c);
                spread::<S>([
                    S::load(at),
                    S::load(at.add(job.row)),
                    S::load(at.add(2 * job.row)),
                    S::load(at.add(3 * job.row)),
                ])
            };
            // Neighbouring tiles share two columns.
            let mut left = [column(0), column(1)];
            for tile in 0..job.count {
                let right = [column(2 * tile + 2), column(2 * tile + 3)];
                let to = job.to.add(tile * job.tile + c);
                for i in 0..4 {
                    let row = spread::<S>([left[0][i], left[1][i], right[0][i], right[1][i]]);
                    S::store(to.add(4 * i * job.point), row[0]);
                    S::store(to.add((4 * i + 1) * job.point), row[1]);
                    S::store(to.add((4 * i + 2) * job.point), row[2]);
                    S::store(to.add((4 * i + 3) * job.point), row[3]);
                }
                left = right;
            }
        }
    }
}

/// Pixels of the output gradient to points.
#[inline(always)]
pub(in crate::conv::dense) unsafe fn gradient<S: Simd>(job: &Tiles<S::Element>) {
    for c in registers::<S>(job.channels) {
        for tile in 0..job.count {
            unsafe {
                let at = job.from.add(2 * tile * job.pixel + c);
                let (a, b) = (S::load(at), S::load(at.add(job.pixel)));
                let below = at.add(job.row);
                let (d, e) = (S::load(below), S::load(below.add(job.pixel)));
                let left = [a, S::add(a, d), S::subtract(a, d), d];
                let right = [b, S::add(b, e), S::subtract(b, e), e];
                let to = job.to.add(tile * job.tile + c);
                for i in 0..4 {
                    let (a, b) = (left[i], right[i]);
                    S::store(to.add(4 * i * job.point), a);
                    S::store(to.add((4 * i + 1) * job.point), S::add(a, b));
                    S::store(to.add((4 * i + 2) * job.point), S::subtract(a, b));
                    S::store(to.add((4 * i + 3) * job.point), b);
                }
            }
        }
    }
}

/// `Aᵀ m` of one column or row.
#[inline(always)]
unsafe fn collect<S: Simd>(m: [S::Register; 4]) -> [S::Register; 2] {
    unsafe {
        [
            S::add(S::add(m[0], m[1]), m[2]),
            S::subtract(S::subtract(m[1], m[2]), m[3]),
        ]
    }
}

/// Points to pixels of the target.
#[inline(always)]
pub(in crate::conv::dense) unsafe fn target<S: Simd>(job: &Tiles<S::Element>) {
    for c in registers::<S>(job.channels) {
        for tile in 0..job.count {
            unsafe {
                let at = job.from.add(tile * job.tile + c);
                let column = |j: usize| {
                    collect::<S>([
                        S::load(at.add(j * job.point)),
                        S::load(at.add((4 + j) * job.point)),
                        S::load(at.add((8 + j) * job.point)),
                        S::load(at.add((12 + j) * job.point)),
                    ])
                };
                let [m0, m1, m2, m3] = [column(0), column(1), column(2), column(3)];
                let to = job.to.add(2 * tile * job.pixel + c);
                let above = collect::<S>([m0[0], m1[0], m2[0], m3[0]]);
                let below = collect::<S>([m0[1], m1[1], m2[1], m3[1]]);
                S::store(to, above[0]);
                S::store(to.add(job.pixel), above[1]);
                S::store(to.add(job.row), below[0]);
                S::store(to.add(job.row + job.pixel), below[1]);
            }
        }
    }
}
