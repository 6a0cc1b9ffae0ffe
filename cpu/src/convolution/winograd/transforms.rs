//! Winograd's transforms of tiles, channels last, one register of channels at a time.
//!
//! All of them apply one small matrix to the columns of a square and then to its rows; the matrices are in [`two`](super::two)
//! and [`four`](super::four).

use crate::simd::Simd;

/// A small matrix that maps `N` numbers to `M`.
pub(crate) trait Linear<const N: usize, const M: usize> {
    unsafe fn apply<S: Simd>(x: [S::Register; N]) -> [S::Register; M];
}

/// A row of neighbouring squares, as pixels and as points.
pub(crate) struct Tiles<T> {
    /// The first pixel of the first square, or its first point.
    pub from: *const T,
    /// Where the other form goes.
    pub to: *mut T,
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

/// First channels of the registers that cover all; the last one goes over some a second time where they do not divide.
#[inline(always)]
fn registers<S: Simd>(channels: usize) -> impl Iterator<Item = usize> {
    let last = channels.saturating_sub(S::LANES);
    (0..channels.div_ceil(S::LANES)).map(move |r| (r * S::LANES).min(last))
}

/// `N` registers, `stride` numbers apart.
#[inline(always)]
unsafe fn load<S: Simd, const N: usize>(
    from: *const S::Element,
    stride: usize,
) -> [S::Register; N] {
    let mut line = [unsafe { S::zero() }; N];
    for (i, register) in line.iter_mut().enumerate() {
        *register = unsafe { S::load(from.add(i * stride)) };
    }
    line
}

/// Squares of `N` × `N` pixels, `STEP` pixels apart, to `M` × `M` points.
#[inline(always)]
pub(crate) unsafe fn to_points<
    S: Simd,
    L: Linear<N, M>,
    const N: usize,
    const M: usize,
    const STEP: usize,
>(
    job: &Tiles<S::Element>,
) {
    // Columns that neighbours have in common are transformed once.
    let shared = const { N.saturating_sub(STEP) };
    for c in registers::<S>(job.channels) {
        unsafe {
            let mut columns = [[S::zero(); M]; N];
            for (x, column) in columns.iter_mut().enumerate().take(shared) {
                let from = job.from.add(x * job.pixel + c);
                *column = L::apply::<S>(load::<S, N>(from, job.row));
            }
            for tile in 0..job.count {
                for (x, column) in columns.iter_mut().enumerate().skip(shared) {
                    let from = job.from.add((STEP * tile + x) * job.pixel + c);
                    *column = L::apply::<S>(load::<S, N>(from, job.row));
                }
                let to = job.to.add(tile * job.tile + c);
                for i in 0..M {
                    let mut row = [S::zero(); N];
                    for (number, column) in row.iter_mut().zip(&columns) {
                        *number = column[i];
                    }
                    for (j, point) in L::apply::<S>(row).into_iter().enumerate() {
                        S::store(to.add((M * i + j) * job.point), point);
                    }
                }
                columns.copy_within(N - shared.., 0);
            }
        }
    }
}

/// `N` × `N` points to squares of `M` × `M` pixels, `STEP` pixels apart.
#[inline(always)]
pub(crate) unsafe fn from_points<
    S: Simd,
    L: Linear<N, M>,
    const N: usize,
    const M: usize,
    const STEP: usize,
>(
    job: &Tiles<S::Element>,
) {
    for c in registers::<S>(job.channels) {
        for tile in 0..job.count {
            unsafe {
                let from = job.from.add(tile * job.tile + c);
                let mut columns = [[S::zero(); M]; N];
                for (j, column) in columns.iter_mut().enumerate() {
                    *column = L::apply::<S>(load::<S, N>(from.add(j * job.point), N * job.point));
                }
                let to = job.to.add(STEP * tile * job.pixel + c);
                for y in 0..M {
                    let mut row = [S::zero(); N];
                    for (number, column) in row.iter_mut().zip(&columns) {
                        *number = column[y];
                    }
                    for (x, pixel) in L::apply::<S>(row).into_iter().enumerate() {
                        S::store(to.add(y * job.row + x * job.pixel), pixel);
                    }
                }
            }
        }
    }
}
