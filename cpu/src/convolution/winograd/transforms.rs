//! Winograd's transforms of tiles, channels last, one register of channels at a time.
//!
//! All of them apply one small matrix to the columns of a square and then to its rows; the matrices are in [`two`](super::two)
//! and [`four`](super::four).

use crate::shared::Shared;
use crate::simd::Simd;

/// A small matrix that maps `N` numbers to `M`.
pub(crate) trait Linear<const N: usize, const M: usize> {
    fn apply<S: Simd>(simd: S, x: [S::Register; N]) -> [S::Register; M];
}

/// A row of neighbouring squares, as pixels and as points.
pub(crate) struct Tiles<'a, T> {
    /// The first pixel of the first square, or its first point.
    pub from: &'a [T],
    /// Where the other form goes.
    pub to: Shared<'a, T>,
    /// Where in there the first number goes.
    pub start: usize,
    /// Numbers from one pixel to the next.
    pub pixel: usize,
    /// Numbers from one row of pixels to the next.
    pub row: usize,
    /// Numbers from one square to the next, among points.
    pub tile: usize,
    /// Numbers from one point to the next.
    pub point: usize,
    /// How many squares.
    pub count: usize,
    /// How many channels: at least one register.
    pub channels: usize,
}

impl<T> Tiles<'_, T> {
    /// Numbers from the first to the last of the squares' pixels: squares of `size` × `size`, `step` pixels apart.
    #[inline(always)]
    fn pixels(&self, size: usize, step: usize) -> usize {
        match self.count {
            0 => 0,
            count => {
                (step * (count - 1) + size - 1) * self.pixel + (size - 1) * self.row + self.channels
            }
        }
    }

    /// Numbers from the first to the last of `number` points of each square.
    #[inline(always)]
    fn points(&self, number: usize) -> usize {
        match self.count {
            0 => 0,
            count => (count - 1) * self.tile + (number - 1) * self.point + self.channels,
        }
    }

    /// The first number that is read and the first that is written, both with as many behind them as given.
    ///
    /// # Panics
    /// If there are fewer, or fewer channels than a register has lanes.
    #[inline(always)]
    fn check(&self, lanes: usize, read: usize, write: usize) -> (*const T, *mut T)
    where
        T: Copy,
    {
        assert!(
            self.channels >= lanes && read <= self.from.len(),
            "tiles are read from beyond their source"
        );
        (self.from.as_ptr(), self.to.at(self.start, write))
    }
}

/// First channels of the registers that cover all; the last one goes over some a second time where they do not divide.
#[inline(always)]
fn registers<S: Simd>(channels: usize) -> impl Iterator<Item = usize> {
    let last = channels.saturating_sub(S::LANES);
    (0..channels.div_ceil(S::LANES)).map(move |r| (r * S::LANES).min(last))
}

/// `N` registers, `stride` numbers apart.
///
/// # Safety
/// All of them must be readable at `from`.
#[inline(always)]
unsafe fn load<S: Simd, const N: usize>(
    simd: S,
    from: *const S::Element,
    stride: usize,
) -> [S::Register; N] {
    let mut line = [simd.zero(); N];
    for (i, register) in line.iter_mut().enumerate() {
        // SAFETY: as the caller promises.
        *register = unsafe { simd.load(from.add(i * stride)) };
    }
    line
}

/// Squares of `N` × `N` pixels, `STEP` pixels apart, to `M` × `M` points.
///
/// # Safety
/// No one else may use the points meanwhile.
///
/// # Panics
/// If the squares lead out of the slices.
#[inline(always)]
pub(crate) unsafe fn to_points<
    S: Simd,
    L: Linear<N, M>,
    const N: usize,
    const M: usize,
    const STEP: usize,
>(
    simd: S,
    job: &Tiles<'_, S::Element>,
) {
    let (source, target) = job.check(S::LANES, job.pixels(N, STEP), job.points(M * M));
    // Columns that neighbours have in common are transformed once.
    let shared = const { N.saturating_sub(STEP) };
    for c in registers::<S>(job.channels) {
        // SAFETY: registers cover the channels, and squares and points lie in the slices, as checked.
        unsafe {
            let mut columns = [[simd.zero(); M]; N];
            for (x, column) in columns.iter_mut().enumerate().take(shared) {
                let from = source.add(x * job.pixel + c);
                *column = L::apply(simd, load::<S, N>(simd, from, job.row));
            }
            for tile in 0..job.count {
                for (x, column) in columns.iter_mut().enumerate().skip(shared) {
                    let from = source.add((STEP * tile + x) * job.pixel + c);
                    *column = L::apply(simd, load::<S, N>(simd, from, job.row));
                }
                let to = target.add(tile * job.tile + c);
                for i in 0..M {
                    let mut row = [simd.zero(); N];
                    for (number, column) in row.iter_mut().zip(&columns) {
                        *number = column[i];
                    }
                    for (j, point) in L::apply(simd, row).into_iter().enumerate() {
                        simd.store(to.add((M * i + j) * job.point), point);
                    }
                }
                columns.copy_within(N - shared.., 0);
            }
        }
    }
}

/// `N` × `N` points to squares of `M` × `M` pixels, `STEP` pixels apart.
///
/// # Safety
/// No one else may use the pixels meanwhile.
///
/// # Panics
/// If the squares lead out of the slices.
#[inline(always)]
pub(crate) unsafe fn from_points<
    S: Simd,
    L: Linear<N, M>,
    const N: usize,
    const M: usize,
    const STEP: usize,
>(
    simd: S,
    job: &Tiles<'_, S::Element>,
) {
    let (source, target) = job.check(S::LANES, job.points(N * N), job.pixels(M, STEP));
    for c in registers::<S>(job.channels) {
        for tile in 0..job.count {
            // SAFETY: registers cover the channels, and squares and points lie in the slices, as checked.
            unsafe {
                let from = source.add(tile * job.tile + c);
                let mut columns = [[simd.zero(); M]; N];
                for (j, column) in columns.iter_mut().enumerate() {
                    let line = load::<S, N>(simd, from.add(j * job.point), N * job.point);
                    *column = L::apply(simd, line);
                }
                let to = target.add(STEP * tile * job.pixel + c);
                for y in 0..M {
                    let mut row = [simd.zero(); N];
                    for (number, column) in row.iter_mut().zip(&columns) {
                        *number = column[y];
                    }
                    for (x, pixel) in L::apply(simd, row).into_iter().enumerate() {
                        simd.store(to.add(y * job.row + x * job.pixel), pixel);
                    }
                }
            }
        }
    }
}
