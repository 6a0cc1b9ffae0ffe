//! Matrix products of strided parts of slices, and the vector operations between them.

use burn::tensor::Element;
use std::ops::{Add, AddAssign, Div, Mul, Sub};

/// Numbers that the kernels compute with.
pub(super) trait Number:
    Element
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + AddAssign
{
    const ZERO: Self;
    const ONE: Self;
    fn of(value: f64) -> Self;
    /// e^x.
    fn exponential(self) -> Self;
    /// 1 / (1 + e^(−x)).
    #[inline(always)]
    fn sigmoid(self) -> Self {
        Self::ONE / (Self::ONE + (Self::ZERO - self).exponential())
    }
    /// The whole storage of a tensor.
    fn storage(tensor: &burn_flex::FlexTensor) -> &[Self];
}

macro_rules! number {
    ($type:ty, $exponential:expr) => {
        impl Number for $type {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            #[inline(always)]
            fn of(value: f64) -> Self {
                value as $type
            }
            #[inline(always)]
            fn exponential(self) -> Self {
                $exponential(self)
            }
            fn storage(tensor: &burn_flex::FlexTensor) -> &[Self] {
                tensor.storage()
            }
        }
    };
}

number!(f32, exponential);
number!(f64, f64::exp);

/// e^x in single precision, to about one unit in the last place, without branches or calls, so that loops over it become
/// vector instructions.
///
/// ```text
/// e^x = 2^n e^r,   n = round(x / ln 2),   r = x − n ln 2,   |r| ≤ ln 2 / 2
/// ```
///
/// e^r by a polynomial of degree 6, as in the Cephes library (Moshier). Beyond what the exponent can hold, the result
/// stays at the least or largest that it can; what is no number stays none.
#[inline(always)]
fn exponential(x: f32) -> f32 {
    /// 1.5 · 2²³: adding it leaves whole numbers in the low bits.
    const ROUND: f32 = 12_582_912.0;
    const HIGH: f32 = 0.693_359_4;
    const LOW: f32 = -2.121_944_4e-4;
    let x = if x > 88.0 { 88.0 } else { x };
    let x = if x < -87.0 { -87.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = x - n * HIGH - n * LOW;
    let mut sum = 1.987_569_1e-4;
    for coefficient in [
        1.398_199_9e-3,
        8.333_452e-3,
        4.166_579_6e-2,
        1.666_666_5e-1,
        0.5,
    ] {
        sum = sum * r + coefficient;
    }
    let exponent = shifted.to_bits().wrapping_sub(ROUND.to_bits());
    let power = f32::from_bits(exponent.wrapping_add(127).wrapping_shl(23));
    (sum * r * r + r + 1.0) * power
}

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
    fn the_exponential_is_right_to_the_last_places() {
        for i in -8_700..=8_800 {
            let x = i as f32 * 0.01;
            let expected = f64::from(x).exp();
            let error = (f64::from(exponential(x)) / expected - 1.0).abs();
            assert!(error < 2e-7, "e^{x}: {error}");
        }
        assert_eq!(exponential(0.0), 1.0);
        assert!(exponential(f32::NAN).is_nan());
        assert!(exponential(f32::INFINITY).is_finite() && exponential(f32::INFINITY) > 1e38);
        assert!(exponential(f32::NEG_INFINITY) < 1e-37);
    }

    #[test]
    fn the_sigmoid_reaches_both_ends() {
        assert_eq!(0f32.sigmoid(), 0.5);
        assert_eq!(200f32.sigmoid(), 1.0);
        assert!((-200f32).sigmoid() < 1e-37);
        assert!(f32::NAN.sigmoid().is_nan() && f64::NAN.sigmoid().is_nan());
    }

    #[test]
    fn the_scalar_product_of_any_length() {
        for length in 0..30 {
            let a: Vec<f64> = (0..length).map(f64::from).collect();
            let expected: f64 = a.iter().map(|a| a * a).sum();
            assert_eq!(dot(&a, &a), expected);
        }
    }
}
