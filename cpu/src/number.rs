//! The numbers that the kernels compute with.

use burn::tensor::Element;
use burn_flex::FlexTensor;
use std::ops::{Add, AddAssign, Div, Mul, Sub};

use crate::convolution::kernels::{self, Kernels};

/// A float of 32 or 64 bits.
pub(crate) trait Number:
    Element
    + PartialOrd
    + From<f32>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + AddAssign
{
    const ZERO: Self;
    const ONE: Self;
    /// The nearest number.
    fn of(value: f64) -> Self;
    /// The same number in double precision.
    fn double(self) -> f64;
    fn is_nan(self) -> bool;
    /// e^x.
    fn exponential(self) -> Self;
    /// 1 / (1 + e^(−x)).
    #[inline(always)]
    fn sigmoid(self) -> Self {
        Self::ONE / (Self::ONE + (Self::ZERO - self).exponential())
    }
    /// The whole storage of a tensor.
    ///
    /// # Panics
    /// If it holds other numbers.
    fn storage(tensor: &FlexTensor) -> &[Self];
    /// The convolution's inner loops for the processor that this runs on.
    fn kernels() -> &'static Kernels<Self>;
    /// The same with half as many lanes, where there are such.
    fn half_kernels() -> Option<&'static Kernels<Self>>;
}

macro_rules! number {
    ($type:ident, $exponential:expr) => {
        impl Number for $type {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            #[inline(always)]
            fn of(value: f64) -> Self {
                value as $type
            }
            #[inline(always)]
            fn double(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                self != self
            }
            #[inline(always)]
            fn exponential(self) -> Self {
                $exponential(self)
            }
            fn storage(tensor: &FlexTensor) -> &[Self] {
                tensor.storage()
            }
            fn kernels() -> &'static Kernels<Self> {
                kernels::$type::widest()
            }
            fn half_kernels() -> Option<&'static Kernels<Self>> {
                kernels::$type::half()
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
}
