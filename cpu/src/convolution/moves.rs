//! Between channel planes and channels last, by squares that registers transpose, and what finishes pixels while they are
//! channels last.

use crate::shared::Shared;
use crate::simd::Simd;
use std::ops::Add;

/// Numbers of the largest square that is transposed at once.
const SQUARE: usize = 16 * 16;

/// Some pixels of some channels, in channel planes: `channels` lines of `length` numbers each, `stride` apart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lines {
    pub stride: usize,
    pub channels: usize,
    pub length: usize,
}

impl Lines {
    /// Numbers from the first to the last.
    fn reach(self) -> usize {
        match (self.channels, self.length) {
            (0, _) | (_, 0) => 0,
            (channels, length) => (channels - 1) * self.stride + length,
        }
    }
}

/// Numbers from the first to the last of `pixels` that lie `width` apart, of which `channels` are used.
fn reach(pixels: usize, width: usize, channels: usize) -> usize {
    match pixels {
        0 => 0,
        _ => (pixels - 1) * width + channels,
    }
}

/// `to[x · width + c] = from[c · stride + x]` for all `c < channels` and `x < length`, and zero for `channels ≤ c < width`.
///
/// # Panics
/// If the lines lead out of the slices, or there are more channels than `width`.
#[inline(always)]
pub(super) fn gather<S: Simd>(
    simd: S,
    from: &[S::Element],
    lines: Lines,
    to: &mut [S::Element],
    width: usize,
) {
    let Lines {
        stride,
        channels,
        length,
    } = lines;
    assert!(
        channels <= width && lines.reach() <= from.len() && length * width <= to.len(),
        "channels are gathered beyond their slices"
    );
    let (from, to) = (from.as_ptr(), to.as_mut_ptr());
    let zeros = [S::Element::default(); 64];
    let whole_channels = channels / S::LANES * S::LANES;
    let whole_length = length / S::LANES * S::LANES;
    // Channels that fill a part of a square, which has room among the `width`: up to which pixel they come along with it.
    let room = channels > whole_channels && whole_channels + S::LANES <= width;
    let along = if room { whole_length } else { 0 };
    // SAFETY: c < channels ≤ width and x < length, as checked; squares are whole ones, or have room.
    unsafe {
        for x in (0..whole_length).step_by(S::LANES) {
            for c in (0..whole_channels).step_by(S::LANES) {
                simd.transpose(
                    from.add(c * stride + x),
                    stride,
                    to.add(x * width + c),
                    width,
                    zeros.as_ptr(),
                );
            }
        }
        let mut square = [S::Element::default(); SQUARE];
        for x in (0..along).step_by(S::LANES) {
            for (i, c) in (whole_channels..channels).enumerate() {
                let line = simd.load(from.add(c * stride + x));
                simd.store(square.as_mut_ptr().add(i * S::LANES), line);
            }
            let to = to.add(x * width + whole_channels);
            simd.transpose(square.as_ptr(), S::LANES, to, width, zeros.as_ptr());
        }
        for x in whole_length..length {
            for c in 0..whole_channels {
                *to.add(x * width + c) = *from.add(c * stride + x);
            }
        }
        for c in whole_channels..channels {
            for x in along..length {
                *to.add(x * width + c) = *from.add(c * stride + x);
            }
        }
        for c in channels..width {
            let start = if c < whole_channels + S::LANES {
                along
            } else {
                0
            };
            for x in start..length {
                *to.add(x * width + c) = S::Element::default();
            }
        }
    }
}

/// `to[start + c · stride + x] = from[x · width + c] + add[c]` for all `c < channels` and `x < length`.
///
/// # Safety
/// No one else may use the numbers that are written meanwhile.
///
/// # Panics
/// If the lines lead out of the slices, or there are more channels than `width`.
#[inline(always)]
pub(super) unsafe fn scatter<S: Simd>(
    simd: S,
    from: &[S::Element],
    width: usize,
    to: Shared<'_, S::Element>,
    start: usize,
    lines: Lines,
    add: &[S::Element],
) where
    S::Element: Add<Output = S::Element>,
{
    let Lines {
        stride,
        channels,
        length,
    } = lines;
    assert!(
        channels <= width && channels <= add.len() && reach(length, width, channels) <= from.len(),
        "channels are scattered from beyond their slices"
    );
    let to = to.at(start, lines.reach());
    let whole_channels = channels / S::LANES * S::LANES;
    let whole_length = length / S::LANES * S::LANES;
    // Channels that fill a part of a square, of which all numbers are there: up to which pixel they come along with it.
    let end = whole_channels + S::LANES;
    let there = end <= width && end <= add.len() && length * width <= from.len();
    let along = if channels > whole_channels && there {
        whole_length
    } else {
        0
    };
    let (from, add) = (from.as_ptr(), add.as_ptr());
    // SAFETY: c < channels ≤ width and x < length, as checked; squares are whole ones, or all there. The caller promises
    // that what is written is no one else's.
    unsafe {
        for c in (0..whole_channels).step_by(S::LANES) {
            for x in (0..whole_length).step_by(S::LANES) {
                simd.transpose(
                    from.add(x * width + c),
                    width,
                    to.add(c * stride + x),
                    stride,
                    add.add(c),
                );
            }
        }
        let mut square = [S::Element::default(); SQUARE];
        for x in (0..along).step_by(S::LANES) {
            let from = from.add(x * width + whole_channels);
            let add = add.add(whole_channels);
            simd.transpose(from, width, square.as_mut_ptr(), S::LANES, add);
            for (i, c) in (whole_channels..channels).enumerate() {
                let line = simd.load(square.as_ptr().add(i * S::LANES));
                simd.store(to.add(c * stride + x), line);
            }
        }
        for c in 0..channels {
            let start = if c < whole_channels {
                whole_length
            } else {
                along
            };
            for x in start..length {
                *to.add(c * stride + x) = *from.add(x * width + c) + *add.add(c);
            }
        }
    }
}

/// `row(p, m) = max(row(p, m) + add[m], 0)` for all pixels p and `m < width`, in place.
///
/// # Panics
/// If the slices are shorter, or registers do not divide the width.
#[inline(always)]
pub(super) fn cut<S: Simd>(
    simd: S,
    rows: &mut [S::Element],
    pixels: usize,
    width: usize,
    add: &[S::Element],
) {
    check_rows::<S>(rows, pixels, width, add);
    let rows = rows.as_mut_ptr();
    for m in (0..width).step_by(S::LANES) {
        // SAFETY: p < pixels and m < width, as checked; registers divide the width.
        unsafe {
            let add = simd.load(add.as_ptr().add(m));
            for p in 0..pixels {
                let at = rows.add(p * width + m);
                simd.store(at, simd.max(simd.zero(), simd.add(simd.load(at), add)));
            }
        }
    }
}

/// The same for the largest value of each window of 2×2 pixels, in place: the windows' rows come to lie one behind the
/// other, which never overtakes what is still to be read.
///
/// # Panics
/// If the slices are shorter, or registers do not divide the width.
#[inline(always)]
pub(super) fn cut_and_pool<S: Simd>(
    simd: S,
    rows: &mut [S::Element],
    [height, columns]: [usize; 2],
    width: usize,
    add: &[S::Element],
) {
    check_rows::<S>(rows, height * columns, width, add);
    let rows = rows.as_mut_ptr();
    for m in (0..width).step_by(S::LANES) {
        // SAFETY: windows lie in `height` × `columns` pixels and m < width, as checked; registers divide the width.
        unsafe {
            let add = simd.load(add.as_ptr().add(m));
            for y in 0..height / 2 {
                for x in 0..columns / 2 {
                    let at = |i: usize, j: usize| {
                        simd.load(rows.add(((2 * y + i) * columns + 2 * x + j) * width + m))
                    };
                    let [top, bottom] = [0, 1].map(|i| simd.largest(at(i, 0), at(i, 1)));
                    let largest = simd.largest(top, bottom);
                    let to = rows.add((y * (columns / 2) + x) * width + m);
                    simd.store(to, simd.max(simd.zero(), simd.add(largest, add)));
                }
            }
        }
    }
}

#[inline(always)]
fn check_rows<S: Simd>(rows: &[S::Element], pixels: usize, width: usize, add: &[S::Element]) {
    assert!(
        width.is_multiple_of(S::LANES) && width <= add.len() && pixels * width <= rows.len(),
        "pixels are finished beyond their slices"
    );
}
