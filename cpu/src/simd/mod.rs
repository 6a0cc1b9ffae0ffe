//! Vectors of numbers, and the instruction sets they live in.
//!
//! Every kernel is written once, over [`Simd`], and compiled once per instruction set; which copy runs is decided when
//! the program runs, so that a binary built on one machine uses what another one has.

mod portable;
mod vectorised;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use portable::Portable;
pub(crate) use vectorised::vectorised;
#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Avx2F32, Avx2F64, Avx512F32, Avx512F64};

use std::ops::Div;

/// A register of `LANES` numbers and the operations that the kernels are made of.
///
/// A value of the type is a proof that the processor has the instruction set: it costs nothing, and whoever holds it may
/// compute. What it computes becomes single instructions only where it is inlined into a function that enables the set.
pub(crate) trait Simd: Copy {
    /// The number type.
    type Element: Copy + Default + From<f32> + Div<Output = Self::Element>;
    /// The register.
    type Register: Copy;
    /// Numbers in a register.
    const LANES: usize;

    /// The proof.
    ///
    /// # Safety
    /// The processor must have the instruction set.
    unsafe fn assume() -> Self;

    fn zero(self) -> Self::Register;
    /// # Safety
    /// `LANES` numbers must be readable at `from`.
    unsafe fn load(self, from: *const Self::Element) -> Self::Register;
    /// # Safety
    /// `LANES` numbers must be writable at `to`.
    unsafe fn store(self, to: *mut Self::Element, value: Self::Register);
    /// The same number in every lane.
    fn splat(self, number: Self::Element) -> Self::Register;
    /// `a · b + c`
    fn multiply_add(
        self,
        a: Self::Register,
        b: Self::Register,
        c: Self::Register,
    ) -> Self::Register;
    fn add(self, a: Self::Register, b: Self::Register) -> Self::Register;
    fn subtract(self, a: Self::Register, b: Self::Register) -> Self::Register;
    fn multiply(self, a: Self::Register, b: Self::Register) -> Self::Register;
    /// The larger of the two; `b` where one is not a number.
    fn max(self, a: Self::Register, b: Self::Register) -> Self::Register;
    /// The larger of the two; what is not a number where one isn't.
    fn largest(self, a: Self::Register, b: Self::Register) -> Self::Register;
    /// Transposes a square of `LANES` × `LANES` numbers; `from` and `to` give the distance between rows. To each row that
    /// comes out one number of `add` is added.
    ///
    /// # Safety
    /// All rows of the square must be readable at `from` and writable at `to`, and `LANES` numbers readable at `add`.
    unsafe fn transpose(
        self,
        from: *const Self::Element,
        from_stride: usize,
        to: *mut Self::Element,
        to_stride: usize,
        add: *const Self::Element,
    );
}

/// A fraction in every lane.
#[inline(always)]
pub(crate) fn ratio<S: Simd>(simd: S, numerator: i16, denominator: i16) -> S::Register {
    let [numerator, denominator] = [numerator, denominator].map(|n| S::Element::from(f32::from(n)));
    simd.splat(numerator / denominator)
}
