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
    unsafe fn apply<S: Simd>(d: [S::Register; 4]) -> [S::Register; 4] {
        unsafe {
            [
                S::subtract(d[0], d[2]),
                S::add(d[1], d[2]),
                S::subtract(d[2], d[1]),
                S::subtract(d[3], d[1]),
            ]
        }
    }
}

impl Linear<2, 4> for Gradient {
    #[inline(always)]
    unsafe fn apply<S: Simd>(g: [S::Register; 2]) -> [S::Register; 4] {
        unsafe { [g[0], S::add(g[0], g[1]), S::subtract(g[0], g[1]), g[1]] }
    }
}

impl Linear<4, 2> for Target {
    #[inline(always)]
    unsafe fn apply<S: Simd>(m: [S::Register; 4]) -> [S::Register; 2] {
        unsafe {
            [
                S::add(S::add(m[0], m[1]), m[2]),
                S::add(S::subtract(m[1], m[2]), m[3]),
            ]
        }
    }
}

impl Linear<3, 4> for Kernel {
    #[inline(always)]
    unsafe fn apply<S: Simd>(w: [S::Register; 3]) -> [S::Register; 4] {
        unsafe {
            let half = ratio::<S>(1, 2);
            let outer = S::multiply(half, S::add(w[0], w[2]));
            let middle = S::multiply(half, w[1]);
            [
                w[0],
                S::add(outer, middle),
                S::subtract(outer, middle),
                w[2],
            ]
        }
    }
}

impl Linear<4, 3> for KernelGradient {
    #[inline(always)]
    unsafe fn apply<S: Simd>(s: [S::Register; 4]) -> [S::Register; 3] {
        unsafe {
            let half = ratio::<S>(1, 2);
            let even = S::multiply(half, S::add(s[1], s[2]));
            let odd = S::multiply(half, S::subtract(s[1], s[2]));
            [S::add(s[0], even), odd, S::add(even, s[3])]
        }
    }
}
