//! The transforms of one instruction set.

use super::transforms::Tiles;

/// The transforms for one size of tiles. Each panics where the job leads out of its slices.
///
/// # Safety
/// The processor must have the instructions, which it has where there is a reference to
/// [`Kernels`](crate::convolution::kernels::Kernels), and no one else may use meanwhile what is written.
pub(crate) struct TileKernels<T> {
    /// Pixels of the source to points: `Bᵀ d B`.
    pub source: unsafe fn(&Tiles<'_, T>),
    /// Pixels of the output gradient to points: `A g Aᵀ`.
    pub gradient: unsafe fn(&Tiles<'_, T>),
    /// Points to pixels of the target: `Aᵀ m A`.
    pub target: unsafe fn(&Tiles<'_, T>),
    /// Kernels, nine pixels each, to points: `G w Gᵀ`.
    pub kernel: unsafe fn(&Tiles<'_, T>),
    /// Points to gradients of kernels: `Gᵀ s G`.
    pub kernel_gradient: unsafe fn(&Tiles<'_, T>),
}

/// Compiles the matrices of a module, for tiles of `$size` × `$size` pixels, which `$side` × `$side` are read for.
macro_rules! tile_kernels {
    ($matrices:ident, $size:literal, $side:literal, $simd:ty, $element:ty $(, $feature:literal)?) => {
        mod $matrices {
            use super::*;
            use crate::convolution::winograd::{$matrices as matrices, transforms::{from_points, to_points}};

            /// # Safety
            /// As the field of that name says.
            $(#[target_feature(enable = $feature)])?
            unsafe fn source(job: &Tiles<'_, $element>) {
                // SAFETY: as the caller promises.
                unsafe { to_points::<$simd, matrices::Source, $side, $side, $size>(<$simd>::assume(), job) }
            }
            /// # Safety
            /// As the field of that name says.
            $(#[target_feature(enable = $feature)])?
            unsafe fn gradient(job: &Tiles<'_, $element>) {
                // SAFETY: as the caller promises.
                unsafe { to_points::<$simd, matrices::Gradient, $size, $side, $size>(<$simd>::assume(), job) }
            }
            /// # Safety
            /// As the field of that name says.
            $(#[target_feature(enable = $feature)])?
            unsafe fn target(job: &Tiles<'_, $element>) {
                // SAFETY: as the caller promises.
                unsafe { from_points::<$simd, matrices::Target, $side, $size, $size>(<$simd>::assume(), job) }
            }
            /// # Safety
            /// As the field of that name says.
            $(#[target_feature(enable = $feature)])?
            unsafe fn kernel(job: &Tiles<'_, $element>) {
                // SAFETY: as the caller promises.
                unsafe { to_points::<$simd, matrices::Kernel, 3, $side, 9>(<$simd>::assume(), job) }
            }
            /// # Safety
            /// As the field of that name says.
            $(#[target_feature(enable = $feature)])?
            unsafe fn kernel_gradient(job: &Tiles<'_, $element>) {
                // SAFETY: as the caller promises.
                unsafe { from_points::<$simd, matrices::KernelGradient, $side, 3, 9>(<$simd>::assume(), job) }
            }

            pub(super) const KERNELS: TileKernels<$element> =
                TileKernels { source, gradient, target, kernel, kernel_gradient };
        }
    };
}

pub(crate) use tile_kernels;
