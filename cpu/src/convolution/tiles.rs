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

use crate::simd::Simd;

/// Registers in the widest panel.
pub(super) const MAX_VECTORS: usize = 2;

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
    pub source: &'a [T],
    /// Channels between neighbouring pixels of the source panel.
    pub source_stride: usize,
    /// Channels in the source panel.
    pub channels: usize,
    /// Weights, `[tap][channel][width]`.
    pub weight: &'a [T],
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

impl<T> Convolve<'_, T> {
    /// # Panics
    /// If a run reads beyond the source or the weights, or writes beyond `target` numbers, `width` for each slot.
    #[inline(always)]
    fn check(&self, width: usize, target: usize) {
        let largest = |numbers: &[u32]| numbers.iter().copied().max().unwrap_or(0) as usize;
        for run in self.runs {
            let [first, tap] = [run.first, run.tap].map(|index| index as usize);
            let pixels = first..first + run.count as usize;
            let taps = &self.tap_list[tap..tap + run.taps as usize];
            let (base, slot) = (
                largest(&self.bases[pixels.clone()]),
                largest(&self.slots[pixels]),
            );
            let offset = taps.iter().map(|tap| tap.offset).max().unwrap_or(0) as usize;
            let index = taps.iter().map(|tap| tap.index).max().unwrap_or(0) as usize;
            let read = (base + offset) * self.source_stride + self.channels;
            let weights = (index + 1) * self.channels * width;
            assert!(
                taps.is_empty() || (read <= self.source.len() && weights <= self.weight.len()),
                "a convolution reads beyond its source or its weights"
            );
            assert!(
                run.count == 0 || (slot + 1) * width <= target,
                "a convolution writes beyond its target"
            );
        }
    }
}

/// The gradient of some weights over some rows of pixels.
pub(crate) struct Correlate<'a, T> {
    /// The source panel.
    pub source: &'a [T],
    /// Numbers from one pixel to the next along a row of the source.
    pub source_step: usize,
    /// The panel of output gradients, `[pixel][width]`.
    pub target: &'a [T],
    /// Registers in the target panel.
    pub vectors: usize,
    /// Per row, where its first pixel is in the source and in the target, in numbers.
    pub rows: &'a [(usize, usize)],
    /// Pixels in a row.
    pub columns: usize,
    /// Per weight, what to add to the source position, in numbers.
    pub offsets: &'a [usize],
}

impl<T> Correlate<'_, T> {
    /// # Panics
    /// If a row or an offset leads out of the source or the target, or there are more than `gradient` numbers, `width` for
    /// each weight.
    #[inline(always)]
    fn check(&self, width: usize, gradient: usize) {
        assert!(
            self.offsets.len() * width <= gradient,
            "a correlation writes beyond its gradient"
        );
        let offset = self.offsets.iter().copied().max().unwrap_or(0);
        let source = self.rows.iter().map(|row| row.0).max().unwrap_or(0);
        let target = self.rows.iter().map(|row| row.1).max().unwrap_or(0);
        let across = self.columns.saturating_sub(1) * self.source_step;
        let nothing = self.rows.is_empty() || self.columns == 0 || self.offsets.is_empty();
        assert!(
            nothing
                || (source + across + offset < self.source.len()
                    && target + self.columns * width <= self.target.len()),
            "a correlation reads beyond its source or its target"
        );
    }
}

/// # Safety
/// A whole row must be readable at `from`.
#[inline(always)]
unsafe fn load_row<S: Simd, const V: usize>(
    simd: S,
    row: &mut [S::Register; V],
    from: *const S::Element,
) {
    for (v, register) in row.iter_mut().enumerate() {
        // SAFETY: inside the row.
        *register = unsafe { simd.load(from.add(v * S::LANES)) };
    }
}

/// # Safety
/// A whole row must be writable at `to`.
#[inline(always)]
unsafe fn store_row<S: Simd, const V: usize>(simd: S, to: *mut S::Element, row: &[S::Register; V]) {
    for (v, &register) in row.iter().enumerate() {
        // SAFETY: inside the row.
        unsafe { simd.store(to.add(v * S::LANES), register) };
    }
}

/// `sum(p, m) += source(p) · row(m)`
///
/// # Safety
/// A number must be readable `at` numbers behind each base, and a whole row at `row`.
#[inline(always)]
unsafe fn step<S: Simd, const V: usize, const P: usize>(
    simd: S,
    sum: &mut [[S::Register; V]; P],
    base: &[*const S::Element; P],
    at: usize,
    row: *const S::Element,
) {
    let mut factor = [simd.zero(); V];
    // SAFETY: as the caller promises.
    unsafe { load_row::<S, V>(simd, &mut factor, row) };
    for (sum, base) in sum.iter_mut().zip(base) {
        // SAFETY: as the caller promises.
        let value = simd.splat(unsafe { *base.add(at) });
        for (sum, &factor) in sum.iter_mut().zip(&factor) {
            *sum = simd.multiply_add(value, factor, *sum);
        }
    }
}

/// # Safety
/// Bases, taps and slots must lie in the job's slices and in the target.
#[inline(always)]
unsafe fn convolve_tile<S: Simd, const V: usize, const P: usize>(
    simd: S,
    job: &Convolve<'_, S::Element>,
    target: *mut S::Element,
    bases: &[u32],
    slots: &[u32],
    taps: &[Tap],
) {
    // Arrays, not slices: a loop over the sums of unknown length would keep them in memory instead of registers.
    let (Some(bases), Some(slots)) = (bases.first_chunk::<P>(), slots.first_chunk::<P>()) else {
        return;
    };
    let width = V * S::LANES;
    let mut sum = [[simd.zero(); V]; P];
    // SAFETY: as the caller promises.
    unsafe {
        if !job.first {
            for (sum, &slot) in sum.iter_mut().zip(slots) {
                load_row::<S, V>(simd, sum, target.add(slot as usize * width));
            }
        }
        let mut base = [job.source.as_ptr(); P];
        for (base, &pixel) in base.iter_mut().zip(bases) {
            *base = base.add(pixel as usize * job.source_stride);
        }
        let block = job.channels * width;
        for tap in taps {
            let mut weight = job.weight.as_ptr().add(tap.index as usize * block);
            let mut at = tap.offset as usize * job.source_stride;
            for _ in 0..job.channels / 2 {
                // Written out: a loop would be unrolled too late for the sums to stay in registers.
                step::<S, V, P>(simd, &mut sum, &base, at, weight);
                step::<S, V, P>(simd, &mut sum, &base, at + 1, weight.add(width));
                weight = weight.add(2 * width);
                at += 2;
            }
            if !job.channels.is_multiple_of(2) {
                step::<S, V, P>(simd, &mut sum, &base, at, weight);
            }
        }
        for (sum, &slot) in sum.iter().zip(slots) {
            store_row::<S, V>(simd, target.add(slot as usize * width), sum);
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
fn convolve_panel<S: Simd, const V: usize, const WIDE: bool>(
    simd: S,
    job: &Convolve<'_, S::Element>,
    target: &mut [S::Element],
) {
    job.check(V * S::LANES, target.len());
    let target = target.as_mut_ptr();
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
            // SAFETY: as just checked.
            unsafe {
                by_pixels!(
                    convolve_tile,
                    S,
                    V,
                    count,
                    (simd, job, target, bases, slots, taps)
                )
            }
            at += count;
            left -= count;
            tiles -= 1;
        }
    }
}

#[inline(always)]
pub(super) fn convolve<S: Simd, const WIDE: bool>(
    simd: S,
    job: &Convolve<'_, S::Element>,
    target: &mut [S::Element],
) {
    match job.vectors {
        1 => convolve_panel::<S, 1, WIDE>(simd, job, target),
        _ => convolve_panel::<S, 2, WIDE>(simd, job, target),
    }
}

/// # Safety
/// Rows and offsets must lie in the job's slices, and `P` weights from `first` on in the gradient.
#[inline(always)]
unsafe fn correlate_tile<S: Simd, const V: usize, const P: usize>(
    simd: S,
    job: &Correlate<'_, S::Element>,
    gradient: *mut S::Element,
    first: usize,
) {
    // SAFETY: as the caller promises.
    unsafe {
        let width = V * S::LANES;
        let gradient = gradient.add(first * width);
        let mut sum = [[simd.zero(); V]; P];
        for (p, sum) in sum.iter_mut().enumerate() {
            load_row::<S, V>(simd, sum, gradient.add(p * width));
        }
        let mut base = [job.source.as_ptr(); P];
        for (base, &offset) in base.iter_mut().zip(&job.offsets[first..first + P]) {
            *base = base.add(offset);
        }
        for &(source, target) in job.rows {
            let mut at = source;
            let mut from = job.target.as_ptr().add(target);
            for _ in 0..job.columns {
                step::<S, V, P>(simd, &mut sum, &base, at, from);
                from = from.add(width);
                at += job.source_step;
            }
        }
        for (p, sum) in sum.iter().enumerate() {
            store_row::<S, V>(simd, gradient.add(p * width), sum);
        }
    }
}

#[inline(always)]
fn correlate_panel<S: Simd, const V: usize, const WIDE: bool>(
    simd: S,
    job: &Correlate<'_, S::Element>,
    gradient: &mut [S::Element],
) {
    job.check(V * S::LANES, gradient.len());
    let gradient = gradient.as_mut_ptr();
    let most = const { tile_pixels(V, WIDE) };
    let mut left = job.offsets.len();
    let mut tiles = left.div_ceil(most);
    let mut at = 0;
    while left > 0 {
        let count = left.div_ceil(tiles);
        // SAFETY: as just checked.
        unsafe { by_pixels!(correlate_tile, S, V, count, (simd, job, gradient, at)) }
        at += count;
        left -= count;
        tiles -= 1;
    }
}

#[inline(always)]
pub(super) fn correlate<S: Simd, const WIDE: bool>(
    simd: S,
    job: &Correlate<'_, S::Element>,
    gradient: &mut [S::Element],
) {
    match job.vectors {
        1 => correlate_panel::<S, 1, WIDE>(simd, job, gradient),
        _ => correlate_panel::<S, 2, WIDE>(simd, job, gradient),
    }
}
