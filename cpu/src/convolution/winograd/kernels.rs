//! The transforms of one instruction set.

use super::transforms::Tiles;

/// The transforms for one size of tiles.
pub(crate) struct TileKernels<T> {
    /// Pixels of the source to points: `Bᵀ d B`.
    pub source: unsafe fn(&Tiles<T>),
    /// Pixels of the output gradient to points: `A g Aᵀ`.
    pub gradient: unsafe fn(&Tiles<T>),
    /// Points to pixels of the target: `Aᵀ m A`.
    pub target: unsafe fn(&Tiles<T>),
    /// Kernels, nine pixels each, to points: `G w Gᵀ`.
    pub kernel: unsafe fn(&Tiles<T>),
    /// Points to gradients of kernels: `Gᵀ s G`.
    pub kernel_gradient: unsafe fn(&Tiles<T>),
}

/// Compiles the matrices of a module, for tiles of `$size` × `$size` pixels, which `$side` × `$side` are read for.
macro_rules! tile_kernels {
    ($matrices:ident, $size:literal, $side:literal, $simd:ty, $element:ty $(, $feature:literal)?) => {
        mod $matrices {
            use super::*;
            use crate::convolution::winograd::{$matrices as matrices, transforms::{from_points, to_points}};

            $(#[target_feature(enable = $feature)])?
            unsafe fn source(job: &Tiles<$element>) {
                unsafe { to_points::<$simd, matrices::Source, $side, $side, $size>(job) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn gradient(job: &Tiles<$element>) {
                unsafe { to_points::<$simd, matrices::Gradient, $size, $side, $size>(job) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn target(job: &Tiles<$element>) {
                unsafe { from_points::<$simd, matrices::Target, $side, $size, $size>(job) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn kernel(job: &Tiles<$element>) {
                unsafe { to_points::<$simd, matrices::Kernel, 3, $side, 9>(job) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn kernel_gradient(job: &Tiles<$element>) {
                unsafe { from_points::<$simd, matrices::KernelGradient, $side, 3, 9>(job) }
            }

            pub(super) const KERNELS: TileKernels<$element> =
                TileKernels { source, gradient, target, kernel, kernel_gradient };
        }
    };
}

pub(crate) use tile_kernels;
