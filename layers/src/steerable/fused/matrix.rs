//! Matrix products of strided parts of slices.

use burn::tensor::Element;
use std::ops::{Add, AddAssign, Mul, Sub};

/// Numbers that the kernels compute with.
pub(super) trait Number:
    Element + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + AddAssign
{
    const ZERO: Self;
    const ONE: Self;
    fn of(value: f64) -> Self;
    /// 1 / (1 + e^(−x)).
    fn sigmoid(self) -> Self;
    /// The whole storage of a tensor.
    fn storage(tensor: &burn_flex::FlexTensor) -> &[Self];
}

macro_rules! number {
    ($type:ty) => {
        impl Number for $type {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            fn of(value: f64) -> Self {
                value as $type
            }
            fn sigmoid(self) -> Self {
                1.0 / (1.0 + (-self).exp())
            }
            fn storage(tensor: &burn_flex::FlexTensor) -> &[Self] {
                tensor.storage()
            }
        }
    };
}

number!(f32);
number!(f64);

/// A matrix inside a slice: entry (i, j) is at `start + i · row + j · column`.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) start: usize,
    pub(super) row: usize,
    pub(super) column: usize,
}

impl Part {
    /// Rows one after the other, `row` apart.
    pub(super) fn rows(start: usize, row: usize) -> Self {
        Self {
            start,
            row,
            column: 1,
        }
    }

    /// The transpose.
    pub(super) fn transposed(self) -> Self {
        Self {
            row: self.column,
            column: self.row,
            ..self
        }
    }

    fn check(self, rows: usize, columns: usize, length: usize) {
        let last = self.start + (rows - 1) * self.row + (columns - 1) * self.column;
        assert!(last < length, "a matrix reaches beyond its slice");
    }
}

/// out = a b, or out += a b, for a of `rows` × `inner` and b of `inner` × `columns`.
pub(super) fn multiply<T: Number>(
    [rows, inner, columns]: [usize; 3],
    out: (&mut [T], Part),
    accumulate: bool,
    a: (&[T], Part),
    b: (&[T], Part),
) {
    if rows == 0 || columns == 0 || inner == 0 {
        return;
    }
    out.1.check(rows, columns, out.0.len());
    a.1.check(rows, inner, a.0.len());
    b.1.check(inner, columns, b.0.len());
    let strides = |part: Part| (part.column as isize, part.row as isize);
    let ((out_cs, out_rs), (a_cs, a_rs), (b_cs, b_rs)) =
        (strides(out.1), strides(a.1), strides(b.1));
    // SAFETY: the last entry of each matrix lies inside its slice, as checked, and so do all others, because strides
    // are not negative. `out` is borrowed alone. gemm computes in the type given (f32 and f64 are the only `Number`s).
    unsafe {
        gemm::gemm(
            rows,
            columns,
            inner,
            out.0.as_mut_ptr().add(out.1.start),
            out_cs,
            out_rs,
            accumulate,
            a.0.as_ptr().add(a.1.start),
            a_cs,
            a_rs,
            b.0.as_ptr().add(b.1.start),
            b_cs,
            b_rs,
            T::ONE,
            T::ONE,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

/// to += factor · from.
#[inline]
pub(super) fn add_scaled<T: Number>(to: &mut [T], factor: T, from: &[T]) {
    for (to, &from) in to.iter_mut().zip(from) {
        *to += factor * from;
    }
}

/// Σ a b.
#[inline]
pub(super) fn dot<T: Number>(a: &[T], b: &[T]) -> T {
    let mut sum = T::ZERO;
    for (&a, &b) in a.iter().zip(b) {
        sum += a * b;
    }
    sum
}
