//! Matrix products of strided parts of slices, and the vector operations between them.

use crate::number::Number;

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

    /// # Panics
    /// If the last entry, and with it any, lies beyond the slice.
    fn check(self, rows: usize, columns: usize, length: usize) {
        let last = || {
            let down = (rows - 1).checked_mul(self.row)?;
            let across = (columns - 1).checked_mul(self.column)?;
            self.start.checked_add(down)?.checked_add(across)
        };
        assert!(
            last().is_some_and(|last| last < length),
            "a matrix reaches beyond its slice"
        );
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
    // are not negative. `out` is borrowed alone. gemm computes in the type given (f32 and f64 are the only `Number`s). It runs on
    // this thread alone, so that entries of `out` that share a place are written one after the other..
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
#[inline(always)]
pub(super) fn add_scaled<T: Number>(to: &mut [T], factor: T, from: &[T]) {
    for (to, &from) in to.iter_mut().zip(from) {
        *to += factor * from;
    }
}

/// Σ a b, in eight interleaved sums, so that it becomes vector instructions.
#[inline(always)]
pub(super) fn dot<T: Number>(a: &[T], b: &[T]) -> T {
    const LANES: usize = 8;
    let length = a.len().min(b.len());
    let ((a, a_rest), (b, b_rest)) = (
        a[..length].as_chunks::<LANES>(),
        b[..length].as_chunks::<LANES>(),
    );
    let mut sums = [T::ZERO; LANES];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let mut sum = T::ZERO;
    for (&a, &b) in a_rest.iter().zip(b_rest) {
        sum += a * b;
    }
    for lane in sums {
        sum += lane;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scalar_product_of_any_length() {
        for length in 0..30 {
            let a: Vec<f64> = (0..length).map(f64::from).collect();
            let expected: f64 = a.iter().map(|a| a * a).sum();
            assert_eq!(dot(&a, &a), expected);
        }
    }
}
