//! The inner loops, compiled for each instruction set.

use super::depthwise::rows::{Rows, sum_rows};
use super::moves::{self, Lines};
use super::tiles::{Convolve, Correlate, convolve, correlate};
use super::winograd::kernels::{TileKernels, tile_kernels};
use super::winograd::transforms::Tiles;
use crate::shared::Shared;
use crate::simd::{Portable, Simd};

/// From pixels with a width to lines in shared memory from a place on, adding to each channel.
type Scatter<T> = unsafe fn(&[T], usize, Shared<'_, T>, usize, Lines, &[T]);

/// The kernels of one instruction set. There is a reference to a set only where the processor has the instructions:
/// [`f32`](mod@f32) and [`f64`](mod@f64) ask it.
pub(crate) struct Kernels<T> {
    /// Numbers in a register.
    pub lanes: usize,
    /// The transforms of tiles of 2×2 pixels.
    pub two: TileKernels<T>,
    /// The transforms of tiles of 4×4 pixels.
    pub four: TileKernels<T>,
    convolve: unsafe fn(&Convolve<'_, T>, &mut [T]),
    correlate: unsafe fn(&Correlate<'_, T>, &mut [T]),
    sum_rows: unsafe fn(&Rows<'_, T>, &mut [T]),
    gather: unsafe fn(&[T], Lines, &mut [T], usize),
    scatter: Scatter<T>,
    cut: unsafe fn(&mut [T], usize, usize, &[T]),
    cut_and_pool: unsafe fn(&mut [T], [usize; 2], usize, &[T]),
}

impl<T> Kernels<T> {
    /// Adds a convolution to the target panel, `[slot][width]`, or writes it there where the target holds nothing yet.
    ///
    /// # Panics
    /// If the job leads out of its slices or the target.
    pub fn convolve(&self, job: &Convolve<'_, T>, target: &mut [T]) {
        // SAFETY: the processor has the instructions, else there were no reference to these kernels.
        unsafe { (self.convolve)(job, target) }
    }

    /// Adds to the gradients, `[weight][width]`.
    ///
    /// # Panics
    /// If the job leads out of its slices or the gradients.
    pub fn correlate(&self, job: &Correlate<'_, T>, gradient: &mut [T]) {
        // SAFETY: as above.
        unsafe { (self.correlate)(job, gradient) }
    }

    /// Sums of products of rows, written to `[row][column][lane]`.
    ///
    /// # Panics
    /// If the job leads out of its slices or the target.
    pub fn sum_rows(&self, job: &Rows<'_, T>, target: &mut [T]) {
        // SAFETY: as above.
        unsafe { (self.sum_rows)(job, target) }
    }

    /// Channel planes to channels last, `width` of them: [`moves::gather`].
    ///
    /// # Panics
    /// If the lines lead out of the slices.
    pub fn gather(&self, from: &[T], lines: Lines, to: &mut [T], width: usize) {
        // SAFETY: as above.
        unsafe { (self.gather)(from, lines, to, width) }
    }

    /// Channels last, `width` of them, to channel planes that begin at `start`: [`moves::scatter`].
    ///
    /// # Safety
    /// No one else may use the lines that are written meanwhile.
    ///
    /// # Panics
    /// If the lines lead out of the slices.
    pub unsafe fn scatter(
        &self,
        from: &[T],
        width: usize,
        to: Shared<'_, T>,
        start: usize,
        lines: Lines,
        add: &[T],
    ) {
        // SAFETY: as above for the instructions; the caller promises the lines.
        unsafe { (self.scatter)(from, width, to, start, lines, add) }
    }

    /// Bias and ReLU of pixels with `width` channels, in place: [`moves::cut`].
    ///
    /// # Panics
    /// If the slices are shorter.
    pub fn cut(&self, rows: &mut [T], pixels: usize, width: usize, add: &[T]) {
        // SAFETY: the processor has the instructions, else there were no reference to these kernels.
        unsafe { (self.cut)(rows, pixels, width, add) }
    }

    /// Bias, ReLU and pooling of rows and columns of pixels, in place: [`moves::cut_and_pool`].
    ///
    /// # Panics
    /// If the slices are shorter.
    pub fn cut_and_pool(&self, rows: &mut [T], size: [usize; 2], width: usize, add: &[T]) {
        // SAFETY: as above.
        unsafe { (self.cut_and_pool)(rows, size, width, add) }
    }
}

macro_rules! instruction_set {
    ($module:ident, $simd:ty, $element:ty, $wide:literal $(, $feature:literal)?) => {
        mod $module {
            use super::*;

            /// # Safety
            /// The processor must have the instructions.
            $(#[target_feature(enable = $feature)])?
            unsafe fn run_convolve(job: &Convolve<'_, $element>, target: &mut [$element]) {
                // SAFETY: as the caller promises.
                convolve::<$simd, $wide>(unsafe { <$simd>::assume() }, job, target)
            }
            /// # Safety
            /// The processor must have the instructions.
            $(#[target_feature(enable = $feature)])?
            unsafe fn run_correlate(job: &Correlate<'_, $element>, gradient: &mut [$element]) {
                // SAFETY: as the caller promises.
                correlate::<$simd, $wide>(unsafe { <$simd>::assume() }, job, gradient)
            }
            /// # Safety
            /// The processor must have the instructions.
            $(#[target_feature(enable = $feature)])?
            unsafe fn run_sum_rows(job: &Rows<'_, $element>, target: &mut [$element]) {
                // SAFETY: as the caller promises.
                sum_rows::<$simd>(unsafe { <$simd>::assume() }, job, target)
            }
            /// # Safety
            /// The processor must have the instructions.
            $(#[target_feature(enable = $feature)])?
            unsafe fn run_gather(
                from: &[$element],
                lines: Lines,
                to: &mut [$element],
                width: usize,
            ) {
                // SAFETY: as the caller promises.
                moves::gather(unsafe { <$simd>::assume() }, from, lines, to, width)
            }
            /// # Safety
            /// The processor must have the instructions, and no one else may use the lines that are written.
            $(#[target_feature(enable = $feature)])?
            unsafe fn run_scatter(
                from: &[$element],
                width: usize,
                to: Shared<'_, $element>,
                start: usize,
                lines: Lines,
                add: &[$element],
            ) {
                // SAFETY: as the caller promises.
                unsafe {
                    moves::scatter(<$simd>::assume(), from, width, to, start, lines, add)
                }
            }
            /// # Safety
            /// The processor must have the instructions.
            $(#[target_feature(enable = $feature)])?
            unsafe fn run_cut(
                rows: &mut [$element],
                pixels: usize,
                width: usize,
                add: &[$element],
            ) {
                // SAFETY: as the caller promises.
                moves::cut(unsafe { <$simd>::assume() }, rows, pixels, width, add)
            }
            /// # Safety
            /// The processor must have the instructions.
            $(#[target_feature(enable = $feature)])?
            unsafe fn run_cut_and_pool(
                rows: &mut [$element],
                size: [usize; 2],
                width: usize,
                add: &[$element],
            ) {
                // SAFETY: as the caller promises.
                moves::cut_and_pool(unsafe { <$simd>::assume() }, rows, size, width, add)
            }

            tile_kernels!(two, 2, 4, $simd, $element $(, $feature)?);
            tile_kernels!(four, 4, 6, $simd, $element $(, $feature)?);

            pub(super) static KERNELS: Kernels<$element> = Kernels {
                lanes: <$simd as Simd>::LANES,
                convolve: run_convolve,
                correlate: run_correlate,
                sum_rows: run_sum_rows,
                gather: run_gather,
                scatter: run_scatter,
                two: two::KERNELS,
                four: four::KERNELS,
                cut: run_cut,
                cut_and_pool: run_cut_and_pool,
            };
        }
    };
}

instruction_set!(portable_f32, Portable<f32>, f32, false);
instruction_set!(portable_f64, Portable<f64>, f64, false);
#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2F32, Avx2F64, Avx512F32, Avx512F64};
#[cfg(target_arch = "x86_64")]
instruction_set!(avx2_f32, Avx2F32, f32, false, "avx2,fma");
#[cfg(target_arch = "x86_64")]
instruction_set!(avx2_f64, Avx2F64, f64, false, "avx2,fma");
#[cfg(target_arch = "x86_64")]
instruction_set!(avx512_f32, Avx512F32, f32, true, "avx512f");
#[cfg(target_arch = "x86_64")]
instruction_set!(avx512_f64, Avx512F64, f64, true, "avx512f");

/// Defines a module that chooses among the instruction sets for one type of number.
macro_rules! choice {
    ($element:ident, $avx512:ident, $avx2:ident, $portable:ident) => {
        pub(crate) mod $element {
            use super::*;

            /// Those with the widest registers that this processor has.
            pub(crate) fn widest() -> &'static Kernels<$element> {
                #[cfg(target_arch = "x86_64")]
                {
                    if is_x86_feature_detected!("avx512f") {
                        return &$avx512::KERNELS;
                    }
                    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                        return &$avx2::KERNELS;
                    }
                }
                &$portable::KERNELS
            }

            /// Those with registers of half that width, where this processor has such.
            pub(crate) fn half() -> Option<&'static Kernels<$element>> {
                #[cfg(target_arch = "x86_64")]
                {
                    // Whatever has AVX-512 has AVX2 and FMA, but a hypervisor may hide them.
                    if is_x86_feature_detected!("avx512f")
                        && is_x86_feature_detected!("avx2")
                        && is_x86_feature_detected!("fma")
                    {
                        return Some(&$avx2::KERNELS);
                    }
                }
                None
            }
        }
    };
}

choice!(f32, avx512_f32, avx2_f32, portable_f32);
choice!(f64, avx512_f64, avx2_f64, portable_f64);

#[cfg(test)]
pub(crate) mod tests;
