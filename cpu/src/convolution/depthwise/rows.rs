//! The inner loop: a pixel is a register, which holds that pixel of several planes, one in each lane.
//!
//! ```text
//! target(r, x) = Σ_(source, factor) of r Σ_t factor(t) · source(x · step + t · term_step)
//! ```
//!
//! A convolution and a weight gradient are the same sums, of which only the names differ:
//!
//! | | r | x | t | source | factor |
//! | --- | --- | --- | --- | --- | --- |
//! | convolution | row of the output | its columns | kernel columns | row of the input | row of the kernel |
//! | weight gradient | row of the kernel | its columns | output columns | row of the input | row of output gradients |

use crate::simd::Simd;
use std::ops::Range;

/// Pixels of the target in one tile, each a sum in a register: together with a factor they fit into sixteen.
const TILE: usize = 14;

/// Calls the tile of `$count` pixels.
macro_rules! by_count {
    ($count:expr, tile::<$simd:ident, $next:ident>$arguments:tt) => {
        by_count!($count, $simd, $next, $arguments, 1 2 3 4 5 6 7 8 9 10 11 12 13)
    };
    ($count:expr, $simd:ident, $next:ident, $arguments:tt, $($pixels:literal)+) => {
        match $count {
            $($pixels => tile::<$simd, $pixels, $next>$arguments,)+
            _ => tile::<$simd, TILE, $next>$arguments,
        }
    };
}

/// Two rows that are multiplied: where they begin, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pair {
    pub source: usize,
    pub factor: usize,
}

/// Sums of products of rows. Pixels are as many numbers as a register has lanes.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a, T> {
    pub source: &'a [T],
    pub factors: &'a [T],
    /// Per row of the target, which pairs are its.
    pub rows: &'a [Range<usize>],
    /// Pairs of rows.
    pub pairs: &'a [Pair],
    /// Pixels in a row of the target.
    pub columns: usize,
    /// Pixels of the source from one pixel of the target to the next.
    pub step: usize,
    /// Pixels in a row of factors.
    pub terms: usize,
    /// Pixels of the source from one factor to the next.
    pub term_step: usize,
}

impl<T> Rows<'_, T> {
    /// # Panics
    /// If a row leads out of its slice, or there are more pixels than `target` numbers.
    #[inline(always)]
    fn check(&self, lanes: usize, target: usize) {
        assert!(
            self.rows.len() * self.columns * lanes <= target,
            "rows are written beyond their target"
        );
        let [mut source, mut factor] = [0, 0];
        for row in self.rows {
            for pair in &self.pairs[row.clone()] {
                source = source.max(pair.source);
                factor = factor.max(pair.factor);
            }
        }
        let nothing = self.columns == 0 || self.terms == 0 || self.rows.iter().all(Range::is_empty);
        let across = self.columns.saturating_sub(1) * self.step
            + self.terms.saturating_sub(1) * self.term_step;
        assert!(
            nothing
                || ((source + across + 1) * lanes <= self.source.len()
                    && (factor + self.terms) * lanes <= self.factors.len()),
            "rows are read beyond their source or their factors"
        );
    }
}

/// `P` pixels of a row of the target, from `column` on. With `NEXT` they read pixels that lie side by side.
///
/// # Safety
/// The pairs must lie in the job's slices, and the pixels in the row and the target.
#[inline(always)]
unsafe fn tile<S: Simd, const P: usize, const NEXT: bool>(
    simd: S,
    job: &Rows<'_, S::Element>,
    pairs: &[Pair],
    column: usize,
    target: *mut S::Element,
) {
    let step = if NEXT { S::LANES } else { job.step * S::LANES };
    let mut sum = [simd.zero(); P];
    for pair in pairs {
        let mut at = pair.source * S::LANES + column * step;
        let mut factor = pair.factor * S::LANES;
        for _ in 0..job.terms {
            // SAFETY: pixels of the pair's rows, which lie in the slices as the caller promises.
            unsafe {
                let number = simd.load(job.factors.as_ptr().add(factor));
                let source = job.source.as_ptr().add(at);
                for (p, sum) in sum.iter_mut().enumerate() {
                    *sum = simd.multiply_add(simd.load(source.add(p * step)), number, *sum);
                }
            }
            at += job.term_step * S::LANES;
            factor += S::LANES;
        }
    }
    for (p, &sum) in sum.iter().enumerate() {
        // SAFETY: as the caller promises.
        unsafe { simd.store(target.add((column + p) * S::LANES), sum) };
    }
}

#[inline(always)]
fn run<S: Simd, const NEXT: bool>(simd: S, job: &Rows<'_, S::Element>, target: &mut [S::Element]) {
    job.check(S::LANES, target.len());
    for (row, pairs) in job.rows.iter().enumerate() {
        let pairs = &job.pairs[pairs.clone()];
        let target = target[row * job.columns * S::LANES..].as_mut_ptr();
        let (mut at, mut left) = (0, job.columns);
        let mut tiles = left.div_ceil(TILE);
        while left > 0 {
            let count = left.div_ceil(tiles);
            // SAFETY: `count` pixels from `at` on are in the row; rows, pairs and the target have been checked.
            unsafe { by_count!(count, tile::<S, NEXT>(simd, job, pairs, at, target)) }
            at += count;
            left -= count;
            tiles -= 1;
        }
    }
}

/// Writes the sums to the target, `[row][column][lane]`.
///
/// # Panics
/// If the job leads out of its slices or the target.
#[inline(always)]
pub(in crate::convolution) fn sum_rows<S: Simd>(
    simd: S,
    job: &Rows<'_, S::Element>,
    target: &mut [S::Element],
) {
    match job.step {
        1 => run::<S, true>(simd, job, target),
        _ => run::<S, false>(simd, job, target),
    }
}
