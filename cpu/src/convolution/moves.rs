//! Between channel planes and channels last, by squares that registers transpose, and what finishes pixels while they are
//! channels last.

use crate::simd::Simd;
use std::ops::Add;

/// `to[x · width + c] = from[c · stride + x]` for all `c < channels` and `x < length`, and zero for `channels ≤ c < width`.
#[inline(always)]
pub(super) unsafe fn gather<S: Simd>(
    from: *const S::Element,
    stride: usize,
    channels: usize,
    length: usize,
    to: *mut S::Element,
    width: usize,
) where
    S::Element: Default,
{
    unsafe {
        let zeros = [S::Element::default(); 64];
        let whole_channels = channels / S::LANES * S::LANES;
        let whole_length = length / S::LANES * S::LANES;
        for x in (0..whole_length).step_by(S::LANES) {
            for c in (0..whole_channels).step_by(S::LANES) {
                S::transpose(
                    from.add(c * stride + x),
                    stride,
                    to.add(x * width + c),
                    width,
                    zeros.as_ptr(),
                );
            }
        }
        for x in whole_length..length {
            for c in 0..whole_channels {
                *to.add(x * width + c) = *from.add(c * stride + x);
            }
        }
        for c in whole_channels..channels {
            for x in 0..length {
                *to.add(x * width + c) = *from.add(c * stride + x);
            }
        }
        for c in channels..width {
            for x in 0..length {
                *to.add(x * width + c) = S::Element::default();
            }
        }
    }
}

/// `to[c · stride + x] = from[x · width + c] + add[c]` for all `c < channels` and `x < length`.
#[inline(always)]
pub(super) unsafe fn scatter<S: Simd>(
    from: *const S::Element,
    width: usize,
    to: *mut S::Element,
    stride: usize,
    channels: usize,
    length: usize,
    add: *const S::Element,
) where
    S::Element: Add<Output = S::Element>,
{
    unsafe {
        let whole_channels = channels / S::LANES * S::LANES;
        let whole_length = length / S::LANES * S::LANES;
        for c in (0..whole_channels).step_by(S::LANES) {
            for x in (0..whole_length).step_by(S::LANES) {
                S::transpose(
                    from.add(x * width + c),
                    width,
                    to.add(c * stride + x),
                    stride,
                    add.add(c),
                );
            }
        }
        for c in 0..channels {
            let start = if c < whole_channels { whole_length } else { 0 };
            for x in start..length {
                *to.add(c * stride + x) = *from.add(x * width + c) + *add.add(c);
            }
        }
    }
}

/// `row(p, m) = max(row(p, m) + add[m], 0)` for all pixels p and `m < width`, in place.
#[inline(always)]
pub(super) unsafe fn cut<S: Simd>(
    rows: *mut S::Element,
    pixels: usize,
    width: usize,
    add: *const S::Element,
) {
    unsafe {
        for m in (0..width).step_by(S::LANES) {
            let add = S::load(add.add(m));
            for p in 0..pixels {
                let at = rows.add(p * width + m);
                S::store(at, S::max(S::zero(), S::add(S::load(at), add)));
            }
        }
    }
}

/// The same for the largest value of each window of 2×2 pixels, in place: the windows' rows come to lie one behind the
/// other, which never overtakes what is still to be read.
#[inline(always)]
pub(super) unsafe fn cut_and_pool<S: Simd>(
    rows: *mut S::Element,
    [height, columns]: [usize; 2],
    width: usize,
    add: *const S::Element,
) {
    unsafe {
        for m in (0..width).step_by(S::LANES) {
            let add = S::load(add.add(m));
            for y in 0..height / 2 {
                for x in 0..columns / 2 {
                    let at = |i: usize, j: usize| {
                        S::load(rows.add(((2 * y + i) * columns + 2 * x + j) * width + m))
                    };
                    let [top, bottom] = [0, 1].map(|i| S::largest(at(i, 0), at(i, 1)));
                    let largest = S::largest(top, bottom);
                    let to = rows.add((y * (columns / 2) + x) * width + m);
                    S::store(to, S::max(S::zero(), S::add(largest, add)));
                }
            }
        }
    }
}
