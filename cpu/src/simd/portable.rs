//! Registers without vector instructions.

use super::Simd;
use std::ops::{Add, Div, Mul, Sub};

/// What every processor has: arrays that the compiler turns into whatever vectors the target guarantees.
#[derive(Clone, Copy)]
pub(crate) struct Portable<T>(std::marker::PhantomData<T>);

impl<T> Simd for Portable<T>
where
    T: Copy
        + Default
        + PartialOrd
        + From<f32>
        + Add<Output = T>
        + Sub<Output = T>
        + Mul<Output = T>
        + Div<Output = T>,
{
    type Element = T;
    type Register = [T; 8];
    const LANES: usize = 8;

    #[inline(always)]
    unsafe fn assume() -> Self {
        Self(std::marker::PhantomData)
    }
    #[inline(always)]
    fn zero(self) -> [T; 8] {
        [T::default(); 8]
    }
    #[inline(always)]
    unsafe fn load(self, from: *const T) -> [T; 8] {
        // SAFETY: as the caller promises.
        unsafe { from.cast::<[T; 8]>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut T, value: [T; 8]) {
        // SAFETY: as the caller promises.
        unsafe { to.cast::<[T; 8]>().write_unaligned(value) }
    }
    #[inline(always)]
    fn splat(self, number: T) -> [T; 8] {
        [number; 8]
    }
    #[inline(always)]
    fn multiply_add(self, a: [T; 8], b: [T; 8], c: [T; 8]) -> [T; 8] {
        std::array::from_fn(|i| a[i] * b[i] + c[i])
    }
    #[inline(always)]
    fn add(self, a: [T; 8], b: [T; 8]) -> [T; 8] {
        std::array::from_fn(|i| a[i] + b[i])
    }
    #[inline(always)]
    fn subtract(self, a: [T; 8], b: [T; 8]) -> [T; 8] {
        std::array::from_fn(|i| a[i] - b[i])
    }
    #[inline(always)]
    fn multiply(self, a: [T; 8], b: [T; 8]) -> [T; 8] {
        std::array::from_fn(|i| a[i] * b[i])
    }
    #[inline(always)]
    fn max(self, a: [T; 8], b: [T; 8]) -> [T; 8] {
        std::array::from_fn(|i| if a[i] > b[i] { a[i] } else { b[i] })
    }
    #[inline(always)]
    fn largest(self, a: [T; 8], b: [T; 8]) -> [T; 8] {
        let is_nan = |x: T| x.partial_cmp(&x).is_none();
        let first = |i: usize| a[i] > b[i] || is_nan(a[i]);
        std::array::from_fn(|i| if first(i) { a[i] } else { b[i] })
    }
    #[inline(always)]
    unsafe fn transpose(
        self,
        from: *const T,
        from_stride: usize,
        to: *mut T,
        to_stride: usize,
        add: *const T,
    ) {
        // SAFETY: as the caller promises.
        unsafe { transpose::<T, 8>(from, from_stride, to, to_stride, add) }
    }
}

/// The transposition of a square of `N` × `N` numbers.
///
/// # Safety
/// As for [`Simd::transpose`] with `N` lanes.
#[inline(always)]
pub(super) unsafe fn transpose<T: Copy + Add<Output = T>, const N: usize>(
    from: *const T,
    from_stride: usize,
    to: *mut T,
    to_stride: usize,
    add: *const T,
) {
    for row in 0..N {
        for column in 0..N {
            // SAFETY: inside the squares, as the caller promises.
            unsafe {
                *to.add(column * to_stride + row) =
                    *from.add(row * from_stride + column) + *add.add(column);
            }
        }
    }
}
