//! Tiles of 2×2 pixels: F(2×2, 3×3), filtering at the points 0, 1, −1 and ∞.
//!
//! ```text
//! Bᵀ = 1  0 -1  0      G = 1  0  0      Aᵀ = 1  1  1  0
//!      0  1  1  0          ½  ½  ½           0  1 -1  1
//!      0 -1  1  0          ½ -½  ½
//!      0 -1  0  1          0  0  1
//! ```
//!
//! Source: Lavin and Gray, "Fast algorithms for convolutional neural networks" (2016), equation 7 (∞ with the other sign).

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

impl Linear<4, 4> for Source {
    #[inline(always)]
    fn apply<S: Simd>(simd: S, d: [S::Register; 4]) -> [S::Register; 4] {
        [
            simd.subtract(d[0], d[2]),
            simd.add(d[1], d[2]),
            simd.subtract(d[2], d[1]),
            simd.subtract(d[3], d[1]),
        ]
    }
}

impl Linear<2, 4> for Gradient {
    #[inline(always)]
    fn apply<S: Simd>(simd: S, g: [S::Register; 2]) -> [S::Register; 4] {
        [g[0], simd.add(g[0], g[1]), simd.subtract(g[0], g[1]), g[1]]
    }
}

impl Linear<4, 2> for Target {
    #[inline(always)]
    fn apply<S: Simd>(simd: S, m: [S::Register; 4]) -> [S::Register; 2] {
        [
            simd.add(simd.add(m[0], m[1]), m[2]),
            simd.add(simd.subtract(m[1], m[2]), m[3]),
        ]
    }
}

impl Linear<3, 4> for Kernel {
    #[inline(always)]
    fn apply<S: Simd>(simd: S, w: [S::Register; 3]) -> [S::Register; 4] {
        let half = ratio(simd, 1, 2);
        let outer = simd.multiply(half, simd.add(w[0], w[2]));
        let middle = simd.multiply(half, w[1]);
        [
            w[0],
            simd.add(outer, middle),
            simd.subtract(outer, middle),
            w[2],
        ]
    }
}

impl Linear<4, 3> for KernelGradient {
    #[inline(always)]
    fn apply<S: Simd>(simd: S, s: [S::Register; 4]) -> [S::Register; 3] {
        let half = ratio(simd, 1, 2);
        let even = simd.multiply(half, simd.add(s[1], s[2]));
        let odd = simd.multiply(half, simd.subtract(s[1], s[2]));
        [simd.add(s[0], even), odd, simd.add(even, s[3])]
    }
}
