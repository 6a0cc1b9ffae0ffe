//! Tiles of 4×4 pixels: F(4×4, 3×3), filtering at the points 0, ±¾, ±1½ and ∞.
//!
//! ```text
//! Bᵀ = 81/64   0    -45/16    0     1   0      G =   64/81      0        0        Aᵀ = 1    1      1      1     1    0
//!        0  -27/16   -9/4    3/4    1   0         -128/243  -32/81   -8/27             0   3/4   -3/4    3/2  -3/2   0
//!        0   27/16   -9/4   -3/4    1   0         -128/243   32/81   -8/27             0  9/16   9/16    9/4   9/4   0
//!        0  -27/32   -9/16   3/2    1   0           32/243   16/81    8/27             0  27/64 -27/64  27/8 -27/8   1
//!        0   27/32   -9/16  -3/2    1   0           32/243  -16/81    8/27
//!        0   81/64     0   -45/16   0   1             0        0        1
//! ```
//!
//! Rounding grows with the size of the numbers in the matrices. At the points 0, ±1, ±2 and ∞ that the method was published
//! with, results err by up to 4·10⁻⁶ of the largest (80 channels, float32), ten times as much as with tiles of 2×2. These
//! points spread the powers about 1 and are short binary fractions: 1.2·10⁻⁶, less than twice what a direct sum errs by.
//!
//! Source: Lavin and Gray, "Fast algorithms for convolutional neural networks" (2016), section 4.3, for the method; Toom and
//! Cook for matrices at any points p: Aᵀ holds their powers, row p of Bᵀ the coefficients of Π (x − q) over the other
//! points q, and G the powers divided by Π (p − q).

use super::transforms::Linear;
use crate::simd::{Simd, ratio};

/// `Bᵀ d`
pub(in crate::convolution) struct Source;
/// `A g`
pub(in crate::convolution) struct Gradient;
/// `Aᵀ m`
pub(in crate::convolution) struct Target;
/// `G w`
pub(in crate::convolution) struct Kernel;
/// `Gᵀ s`
pub(in crate::convolution) struct KernelGradient;

impl Linear<6, 6> for Source {
    #[inline(always)]
    unsafe fn apply<S: Simd>(d: [S::Register; 6]) -> [S::Register; 6] {
        unsafe {
            let add = S::multiply_add;
            let even = add(ratio::<S>(-9, 4), d[2], d[4]);
            let odd = add(ratio::<S>(-9, 4), d[1], d[3]);
            let far_even = add(ratio::<S>(-9, 16), d[2], d[4]);
            let far_odd = add(ratio::<S>(-9, 16), d[1], d[3]);
            let (whole, middle) = (ratio::<S>(81, 64), ratio::<S>(-45, 16));
            [
                add(whole, d[0], add(middle, d[2], d[4])),
                add(ratio::<S>(3, 4), odd, even),
                add(ratio::<S>(-3, 4), odd, even),
                add(ratio::<S>(3, 2), far_odd, far_even),
                add(ratio::<S>(-3, 2), far_odd, far_even),
                add(whole, d[1], add(middle, d[3], d[5])),
            ]
        }
    }
}

impl Linear<4, 6> for Gradient {
    #[inline(always)]
    unsafe fn apply<S: Simd>(g: [S::Register; 4]) -> [S::Register; 6] {
        unsafe {
            let add = S::multiply_add;
            let even = add(ratio::<S>(9, 16), g[2], g[0]);
            let odd = add(ratio::<S>(9, 16), g[3], g[1]);
            let far_even = add(ratio::<S>(9, 4), g[2], g[0]);
            let far_odd = add(ratio::<S>(9, 4), g[3], g[1]);
            [
                g[0],
                add(ratio::<S>(3, 4), odd, even),
                add(ratio::<S>(-3, 4), odd, even),
                add(ratio::<S>(3, 2), far_odd, far_even),
                add(ratio::<S>(-3, 2), far_odd, far_even),
                g[3],
            ]
        }
    }
}

impl Linear<6, 4> for Target {
    #[inline(always)]
    unsafe fn apply<S: Simd>(m: [S::Register; 6]) -> [S::Register; 4] {
        unsafe {
            let add = S::multiply_add;
            let (sum, far_sum) = (S::add(m[1], m[2]), S::add(m[3], m[4]));
            let odd = S::multiply(ratio::<S>(3, 4), S::subtract(m[1], m[2]));
            let far_odd = S::multiply(ratio::<S>(3, 2), S::subtract(m[3], m[4]));
            [
                S::add(m[0], S::add(sum, far_sum)),
                S::add(odd, far_odd),
                add(
                    ratio::<S>(9, 16),
                    sum,
                    S::multiply(ratio::<S>(9, 4), far_sum),
                ),
                add(ratio::<S>(9, 16), odd, add(ratio::<S>(9, 4), far_odd, m[5])),
            ]
        }
    }
}

impl Linear<3, 6> for Kernel {
    #[inline(always)]
    unsafe fn apply<S: Simd>(w: [S::Register; 3]) -> [S::Register; 6] {
        unsafe {
            let add = S::multiply_add;
            let even = S::multiply(ratio::<S>(-128, 243), add(ratio::<S>(9, 16), w[2], w[0]));
            let odd = S::multiply(ratio::<S>(-32, 81), w[1]);
            let far_even = S::multiply(ratio::<S>(32, 243), add(ratio::<S>(9, 4), w[2], w[0]));
            let far_odd = S::multiply(ratio::<S>(16, 81), w[1]);
            [
                S::multiply(ratio::<S>(64, 81), w[0]),
                S::add(even, odd),
                S::subtract(even, odd),
                S::add(far_even, far_odd),
                S::subtract(far_even, far_odd),
                w[2],
            ]
        }
    }
}

impl Linear<6, 3> for KernelGradient {
    #[inline(always)]
    unsafe fn apply<S: Simd>(s: [S::Register; 6]) -> [S::Register; 3] {
        unsafe {
            let add = S::multiply_add;
            let even = S::multiply(ratio::<S>(-128, 243), S::add(s[1], s[2]));
            let far_even = S::multiply(ratio::<S>(32, 243), S::add(s[3], s[4]));
            let odd = S::multiply(ratio::<S>(-32, 81), S::subtract(s[1], s[2]));
            let far_odd = S::multiply(ratio::<S>(16, 81), S::subtract(s[3], s[4]));
            [
                add(ratio::<S>(64, 81), s[0], S::add(even, far_even)),
                S::add(odd, far_odd),
                add(
                    ratio::<S>(9, 16),
                    even,
                    add(ratio::<S>(9, 4), far_even, s[5]),
                ),
            ]
        }
    }
}
