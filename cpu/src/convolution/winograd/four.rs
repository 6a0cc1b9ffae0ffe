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
    fn apply<S: Simd>(simd: S, d: [S::Register; 6]) -> [S::Register; 6] {
        let even = simd.multiply_add(ratio(simd, -9, 4), d[2], d[4]);
        let odd = simd.multiply_add(ratio(simd, -9, 4), d[1], d[3]);
        let far_even = simd.multiply_add(ratio(simd, -9, 16), d[2], d[4]);
        let far_odd = simd.multiply_add(ratio(simd, -9, 16), d[1], d[3]);
        let (whole, middle) = (ratio(simd, 81, 64), ratio(simd, -45, 16));
        [
            simd.multiply_add(whole, d[0], simd.multiply_add(middle, d[2], d[4])),
            simd.multiply_add(ratio(simd, 3, 4), odd, even),
            simd.multiply_add(ratio(simd, -3, 4), odd, even),
            simd.multiply_add(ratio(simd, 3, 2), far_odd, far_even),
            simd.multiply_add(ratio(simd, -3, 2), far_odd, far_even),
            simd.multiply_add(whole, d[1], simd.multiply_add(middle, d[3], d[5])),
        ]
    }
}

impl Linear<4, 6> for Gradient {
    #[inline(always)]
    fn apply<S: Simd>(simd: S, g: [S::Register; 4]) -> [S::Register; 6] {
        let even = simd.multiply_add(ratio(simd, 9, 16), g[2], g[0]);
        let odd = simd.multiply_add(ratio(simd, 9, 16), g[3], g[1]);
        let far_even = simd.multiply_add(ratio(simd, 9, 4), g[2], g[0]);
        let far_odd = simd.multiply_add(ratio(simd, 9, 4), g[3], g[1]);
        [
            g[0],
            simd.multiply_add(ratio(simd, 3, 4), odd, even),
            simd.multiply_add(ratio(simd, -3, 4), odd, even),
            simd.multiply_add(ratio(simd, 3, 2), far_odd, far_even),
            simd.multiply_add(ratio(simd, -3, 2), far_odd, far_even),
            g[3],
        ]
    }
}

impl Linear<6, 4> for Target {
    #[inline(always)]
    fn apply<S: Simd>(simd: S, m: [S::Register; 6]) -> [S::Register; 4] {
        let (sum, far_sum) = (simd.add(m[1], m[2]), simd.add(m[3], m[4]));
        let odd = simd.multiply(ratio(simd, 3, 4), simd.subtract(m[1], m[2]));
        let far_odd = simd.multiply(ratio(simd, 3, 2), simd.subtract(m[3], m[4]));
        [
            simd.add(m[0], simd.add(sum, far_sum)),
            simd.add(odd, far_odd),
            simd.multiply_add(
                ratio(simd, 9, 16),
                sum,
                simd.multiply(ratio(simd, 9, 4), far_sum),
            ),
            simd.multiply_add(
                ratio(simd, 9, 16),
                odd,
                simd.multiply_add(ratio(simd, 9, 4), far_odd, m[5]),
            ),
        ]
    }
}

impl Linear<3, 6> for Kernel {
    #[inline(always)]
    fn apply<S: Simd>(simd: S, w: [S::Register; 3]) -> [S::Register; 6] {
        let even = simd.multiply(
            ratio(simd, -128, 243),
            simd.multiply_add(ratio(simd, 9, 16), w[2], w[0]),
        );
        let odd = simd.multiply(ratio(simd, -32, 81), w[1]);
        let far_even = simd.multiply(
            ratio(simd, 32, 243),
            simd.multiply_add(ratio(simd, 9, 4), w[2], w[0]),
        );
        let far_odd = simd.multiply(ratio(simd, 16, 81), w[1]);
        [
            simd.multiply(ratio(simd, 64, 81), w[0]),
            simd.add(even, odd),
            simd.subtract(even, odd),
            simd.add(far_even, far_odd),
            simd.subtract(far_even, far_odd),
            w[2],
        ]
    }
}

impl Linear<6, 3> for KernelGradient {
    #[inline(always)]
    fn apply<S: Simd>(simd: S, s: [S::Register; 6]) -> [S::Register; 3] {
        let even = simd.multiply(ratio(simd, -128, 243), simd.add(s[1], s[2]));
        let far_even = simd.multiply(ratio(simd, 32, 243), simd.add(s[3], s[4]));
        let odd = simd.multiply(ratio(simd, -32, 81), simd.subtract(s[1], s[2]));
        let far_odd = simd.multiply(ratio(simd, 16, 81), simd.subtract(s[3], s[4]));
        [
            simd.multiply_add(ratio(simd, 64, 81), s[0], simd.add(even, far_even)),
            simd.add(odd, far_odd),
            simd.multiply_add(
                ratio(simd, 9, 16),
                even,
                simd.multiply_add(ratio(simd, 9, 4), far_even, s[5]),
            ),
        ]
    }
}
