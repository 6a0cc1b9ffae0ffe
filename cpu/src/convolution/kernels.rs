//! The inner loops: tiles of the direct convolution held in registers.
//!
//! Feature maps are stored by panels of channels, channels last: `[panel][pixel][channel in panel]`. Then both products
//! of a convolution need no column matrix:
//!
//! ```text
//! convolution       target(q, m) += Σ_tap Σ_c source(base(q) + offset(tap), c) · weight(tap, c, m)
//! weight gradient   weight'(k, m) += Σ_q source(base(q) + offset(k)) · target'(q, m)
//! ```
//!
//! A tile is up to eight pixels q (or weights k) times one panel of one or two registers of channels m: per step, that
//! many registers are loaded and one number per pixel is broadcast.

use super::moves;
use super::winograd::kernels::{TileKernels, tile_kernels};
use super::winograd::transforms::Tiles;
use crate::simd::{Portable, Simd};

/// Registers in the widest panel.
pub(crate) const MAX_VECTORS: usize = 2;

/// A run of pixels that use the same kernel taps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    /// Index of its first pixel in the lists of bases and slots.
    pub first: u32,
    /// How many pixels.
    pub count: u32,
    /// Index of its first tap in the list of taps.
    pub tap: u32,
    /// How many taps.
    pub taps: u32,
}

/// One kernel tap: where it reads, relative to a pixel's base, and which weight it uses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tap {
    /// Distance from the pixel's base, in pixels.
    pub offset: u32,
    /// Index in the kernel.
    pub index: u32,
}

/// A convolution from one panel of source channels to one panel of target channels.
pub(crate) struct Convolve<'a, T> {
    /// The source panel, `[pixel][stride]`.
    pub source: *const T,
    /// Channels between neighbouring pixels of the source panel.
    pub source_stride: usize,
    /// Channels in the source panel.
    pub channels: usize,
    /// Weights, `[tap][channel][width]`.
    pub weight: *const T,
    /// The target panel, `[slot][width]`.
    pub target: *mut T,
    /// Registers in the target panel.
    pub vectors: usize,
    /// Whether the target holds nothing yet.
    pub first: bool,
    /// Which taps of each run: a position and a number.
    pub taps: (usize, usize),
    /// The pixels, in runs.
    pub runs: &'a [Run],
    /// Per pixel, where it reads.
    pub bases: &'a [u32],
    /// Per pixel, where it is written.
    pub slots: &'a [u32],
    /// The taps that runs refer to.
    pub tap_list: &'a [Tap],
}

/// The gradient of some weights over some rows of pixels.
pub(crate) struct Correlate<'a, T> {
    /// The source panel.
    pub source: *const T,
    /// Numbers from one pixel to the next along a row of the source.
    pub source_step: usize,
    /// The panel of output gradients, `[pixel][width]`.
    pub target: *const T,
    /// Registers in the target panel.
    pub vectors: usize,
    /// Per row, where its first pixel is in the source and in the target, in numbers.
    pub rows: &'a [(usize, usize)],
    /// Pixels in a row.
    pub columns: usize,
    /// Per weight, what to add to the source position, in numbers.
    pub offsets: &'a [usize],
    /// The gradients, `[weight][width]`.
    pub gradient: *mut T,
}

/// The kernels of one instruction set.
pub(crate) struct Kernels<T> {
    /// Numbers in a register.
    pub lanes: usize,
    /// [`Convolve`].
    pub convolve: unsafe fn(&Convolve<'_, T>),
    /// [`Correlate`].
    pub correlate: unsafe fn(&Correlate<'_, T>),
    /// Channel planes to channels last, see [`moves::gather`].
    pub gather: unsafe fn(*const T, usize, usize, usize, *mut T, usize),
    /// Channels last to channel planes, see [`moves::scatter`].
    pub scatter: unsafe fn(*const T, usize, *mut T, usize, usize, usize, *const T),
    /// The transforms of tiles of 2×2 pixels.
    pub two: TileKernels<T>,
    /// The transforms of tiles of 4×4 pixels.
    pub four: TileKernels<T>,
    /// Bias and ReLU, see [`moves::cut`].
    pub cut: unsafe fn(*mut T, usize, usize, *const T),
    /// Bias, ReLU and pooling, see [`moves::cut_and_pool`].
    pub cut_and_pool: unsafe fn(*mut T, [usize; 2], usize, *const T),
}

#[inline(always)]
unsafe fn load_row<S: Simd, const V: usize>(row: &mut [S::Register; V], from: *const S::Element) {
    for (v, register) in row.iter_mut().enumerate() {
        *register = unsafe { S::load(from.add(v * S::LANES)) };
    }
}

#[inline(always)]
unsafe fn store_row<S: Simd, const V: usize>(to: *mut S::Element, row: &[S::Register; V]) {
    for (v, &register) in row.iter().enumerate() {
        unsafe { S::store(to.add(v * S::LANES), register) };
    }
}

/// `sum(p, m) += source(p) · row(m)`
#[inline(always)]
unsafe fn step<S: Simd, const V: usize, const P: usize>(
    sum: &mut [[S::Register; V]; P],
    base: &[*const S::Element; P],
    at: usize,
    row: *const S::Element,
) {
    unsafe {
        let mut factor = [S::zero(); V];
        load_row::<S, V>(&mut factor, row);
        for (sum, base) in sum.iter_mut().zip(base) {
            let value = S::splat(base.add(at));
            for (sum, &factor) in sum.iter_mut().zip(&factor) {
                *sum = S::multiply_add(value, factor, *sum);
            }
        }
    }
}

#[inline(always)]
unsafe fn convolve_tile<S: Simd, const V: usize, const P: usize>(
    job: &Convolve<'_, S::Element>,
    bases: &[u32],
    slots: &[u32],
    taps: &[Tap],
) {
    // Arrays, not slices: a loop over the sums of unknown length would keep them in memory instead of registers.
    let (Some(bases), Some(slots)) = (bases.first_chunk::<P>(), slots.first_chunk::<P>()) else {
        return;
    };
    unsafe {
        let width = V * S::LANES;
        let mut sum = [[S::zero(); V]; P];
        if !job.first {
            for (sum, &slot) in sum.iter_mut().zip(slots) {
                load_row::<S, V>(sum, job.target.add(slot as usize * width));
            }
        }
        let mut base = [job.source; P];
        for (base, &pixel) in base.iter_mut().zip(bases) {
            *base = base.add(pixel as usize * job.source_stride);
        }
        let block = job.channels * width;
        for tap in taps {
            let mut weight = job.weight.add(tap.index as usize * block);
            let mut at = tap.offset as usize * job.source_stride;
            for _ in 0..job.channels / 2 {
                // Written out: a loop would be unrolled too late for the sums to stay in registers.
                step::<S, V, P>(&mut sum, &base, at, weight);
                step::<S, V, P>(&mut sum, &base, at + 1, weight.add(width));
                weight = weight.add(2 * width);
                at += 2;
            }
            if !job.channels.is_multiple_of(2) {
                step::<S, V, P>(&mut sum, &base, at, weight);
            }
        }
        for (sum, &slot) in sum.iter().zip(slots) {
            store_row::<S, V>(job.target.add(slot as usize * width), sum);
        }
    }
}

/// How many pixels a tile may have, so that its sums stay in registers.
const fn tile_pixels(vectors: usize, wide: bool) -> usize {
    match (vectors, wide) {
        (2, false) => 6,
        _ => 8,
    }
}

macro_rules! by_pixels {
    ($kernel:ident, $simd:ident, $vectors:ident, $count:expr, ($($argument:expr),*)) => {
        match $count {
            1 => $kernel::<$simd, $vectors, 1>($($argument),*),
            2 => $kernel::<$simd, $vectors, 2>($($argument),*),
            3 => $kernel::<$simd, $vectors, 3>($($argument),*),
            4 => $kernel::<$simd, $vectors, 4>($($argument),*),
            5 => $kernel::<$simd, $vectors, 5>($($argument),*),
            6 => $kernel::<$simd, $vectors, 6>($($argument),*),
            7 => $kernel::<$simd, $vectors, 7>($($argument),*),
            _ => $kernel::<$simd, $vectors, 8>($($argument),*),
        }
    };
}

#[inline(always)]
unsafe fn convolve_panel<S: Simd, const V: usize, const WIDE: bool>(
    job: &Convolve<'_, S::Element>,
) {
    let most = const { tile_pixels(V, WIDE) };
    for run in job.runs {
        let (skip, number) = job.taps;
        let skipped = skip.min(run.taps as usize);
        let number = number.min(run.taps as usize - skipped);
        if number == 0 && !job.first {
            continue;
        }
        let start = run.tap as usize + skipped;
        let taps = &job.tap_list[start..start + number];
        let (mut at, mut left) = (run.first as usize, run.count as usize);
        let mut tiles = left.div_ceil(most);
        while left > 0 {
            let count = left.div_ceil(tiles);
            let bases = &job.bases[at..at + count];
            let slots = &job.slots[at..at + count];
            unsafe { by_pixels!(convolve_tile, S, V, count, (job, bases, slots, taps)) }
            at += count;
            left -= count;
            tiles -= 1;
        }
    }
}

#[inline(always)]
unsafe fn convolve<S: Simd, const WIDE: bool>(job: &Convolve<'_, S::Element>) {
    unsafe {
        match job.vectors {
            1 => convolve_panel::<S, 1, WIDE>(job),
            _ => convolve_panel::<S, 2, WIDE>(job),
        }
    }
}

#[inline(always)]
unsafe fn correlate_tile<S: Simd, const V: usize, const P: usize>(
    job: &Correlate<'_, S::Element>,
    first: usize,
) {
    unsafe {
        let width = V * S::LANES;
        let gradient = job.gradient.add(first * width);
        let mut sum = [[S::zero(); V]; P];
        for (p, sum) in sum.iter_mut().enumerate() {
            load_row::<S, V>(sum, gradient.add(p * width));
        }
        let mut base = [job.source; P];
        for (base, &offset) in base.iter_mut().zip(&job.offsets[first..first + P]) {
            *base = base.add(offset);
        }
        for &(source, target) in job.rows {
            let mut at = source;
            let mut from = job.target.add(target);
            for _ in 0..job.columns {
                step::<S, V, P>(&mut sum, &base, at, from);
                from = from.add(width);
                at += job.source_step;
            }
        }
        for (p, sum) in sum.iter().enumerate() {
            store_row::<S, V>(gradient.add(p * width), sum);
        }
    }
}

#[inline(always)]
unsafe fn correlate_panel<S: Simd, const V: usize, const WIDE: bool>(
    job: &Correlate<'_, S::Element>,
) {
    let most = const { tile_pixels(V, WIDE) };
    let mut left = job.offsets.len();
    let mut tiles = left.div_ceil(most);
    let mut at = 0;
    while left > 0 {
        let count = left.div_ceil(tiles);
        unsafe { by_pixels!(correlate_tile, S, V, count, (job, at)) }
        at += count;
        left -= count;
        tiles -= 1;
    }
}

#[inline(always)]
unsafe fn correlate<S: Simd, const WIDE: bool>(job: &Correlate<'_, S::Element>) {
    unsafe {
        match job.vectors {
            1 => correlate_panel::<S, 1, WIDE>(job),
            _ => correlate_panel::<S, 2, WIDE>(job),
        }
    }
}

macro_rules! instruction_set {
    ($module:ident, $simd:ty, $element:ty, $wide:literal $(, $feature:literal)?) => {
        mod $module {
            use super::*;

            $(#[target_feature(enable = $feature)])?
            unsafe fn run_convolve(job: &Convolve<'_, $element>) {
                unsafe { convolve::<$simd, $wide>(job) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn run_correlate(job: &Correlate<'_, $element>) {
                unsafe { correlate::<$simd, $wide>(job) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn run_gather(
                from: *const $element,
                stride: usize,
                channels: usize,
                length: usize,
                to: *mut $element,
                width: usize,
            ) {
                unsafe { moves::gather::<$simd>(from, stride, channels, length, to, width) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn run_scatter(
                from: *const $element,
                width: usize,
                to: *mut $element,
                stride: usize,
                channels: usize,
                length: usize,
                add: *const $element,
            ) {
                unsafe { moves::scatter::<$simd>(from, width, to, stride, channels, length, add) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn run_cut(
                rows: *mut $element,
                pixels: usize,
                width: usize,
                add: *const $element,
            ) {
                unsafe { moves::cut::<$simd>(rows, pixels, width, add) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn run_cut_and_pool(
                rows: *mut $element,
                size: [usize; 2],
                width: usize,
                add: *const $element,
            ) {
                unsafe { moves::cut_and_pool::<$simd>(rows, size, width, add) }
            }

            tile_kernels!(two, 2, 4, $simd, $element $(, $feature)?);
            tile_kernels!(four, 4, 6, $simd, $element $(, $feature)?);

            pub(crate) static KERNELS: Kernels<$element> = Kernels {
                lanes: <$simd as Simd>::LANES,
                convolve: run_convolve,
                correlate: run_correlate,
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
