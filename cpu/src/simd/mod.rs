//! Vectors of numbers, and the instruction sets they live in.
//!
//! Every kernel is written once, over [`Simd`], and compiled once per instruction set; which copy runs is decided when
//! the program runs, so that a binary built on one machine uses what another one has.

mod vectorised;

pub(crate) use vectorised::vectorised;

use std::ops::{Add, Div, Mul, Sub};

/// A register of `LANES` numbers and the operations that the kernels are made of.
///
/// # Safety
/// The methods may only be called where the instruction set is available, inlined into a function that enables it.
pub(crate) trait Simd {
    /// The number type.
    type Element: Copy + From<f32> + Div<Output = Self::Element>;
    /// The register.
    type Register: Copy;
    /// Numbers in a register.
    const LANES: usize;

    unsafe fn zero() -> Self::Register;
    unsafe fn load(from: *const Self::Element) -> Self::Register;
    unsafe fn store(to: *mut Self::Element, value: Self::Register);
    /// The same number in every lane.
    unsafe fn splat(from: *const Self::Element) -> Self::Register;
    /// `a · b + c`
    unsafe fn multiply_add(
        a: Self::Register,
        b: Self::Register,
        c: Self::Register,
    ) -> Self::Register;
    unsafe fn add(a: Self::Register, b: Self::Register) -> Self::Register;
    unsafe fn subtract(a: Self::Register, b: Self::Register) -> Self::Register;
    unsafe fn multiply(a: Self::Register, b: Self::Register) -> Self::Register;
    /// The larger of the two; `b` where one is not a number.
    unsafe fn max(a: Self::Register, b: Self::Register) -> Self::Register;
    /// The larger of the two; what is not a number where one isn't.
    unsafe fn largest(a: Self::Register, b: Self::Register) -> Self::Register;
    /// Transposes a square of `LANES` × `LANES` numbers; `from` and `to` give the distance between rows.
    unsafe fn transpose(
        from: *const Self::Element,
        from_stride: usize,
        to: *mut Self::Element,
        to_stride: usize,
        add: *const Self::Element,
    );
}

/// A fraction in every lane.
#[inline(always)]
pub(crate) unsafe fn ratio<S: Simd>(numerator: i16, denominator: i16) -> S::Register {
    let [numerator, denominator] = [numerator, denominator].map(|n| S::Element::from(f32::from(n)));
    unsafe { S::splat(&(numerator / denominator)) }
}

/// What every processor has: arrays that the compiler turns into whatever vectors the target guarantees.
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
    unsafe fn zero() -> [T; 8] {
        [T::default(); 8]
    }
    #[inline(always)]
    unsafe fn load(from: *const T) -> [T; 8] {
        unsafe { from.cast::<[T; 8]>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store(to: *mut T, value: [T; 8]) {
        unsafe { to.cast::<[T; 8]>().write_unaligned(value) }
    }
    #[inline(always)]
    unsafe fn splat(from: *const T) -> [T; 8] {
        [unsafe { *from }; 8]
    }
    #[inline(always)]
    unsafe fn multiply_add(a: [T; 8], b: [T; 8], c: [T; 8]) -> [T; 8] {
        std::array::from_fn(|i| a[i] * b[i] + c[i])
    }
    #[inline(always)]
    unsafe fn add(a: [T; 8], b: [T; 8]) -> [T; 8] {
        std::array::from_fn(|i| a[i] + b[i])
    }
    #[inline(always)]
    unsafe fn subtract(a: [T; 8], b: [T; 8]) -> [T; 8] {
        std::array::from_fn(|i| a[i] - b[i])
    }
    #[inline(always)]
    unsafe fn multiply(a: [T; 8], b: [T; 8]) -> [T; 8] {
        std::array::from_fn(|i| a[i] * b[i])
    }
    #[inline(always)]
    unsafe fn max(a: [T; 8], b: [T; 8]) -> [T; 8] {
        std::array::from_fn(|i| if a[i] > b[i] { a[i] } else { b[i] })
    }
    #[inline(always)]
    unsafe fn largest(a: [T; 8], b: [T; 8]) -> [T; 8] {
        let is_nan = |x: T| x.partial_cmp(&x).is_none();
        let first = |i: usize| a[i] > b[i] || is_nan(a[i]);
        std::array::from_fn(|i| if first(i) { a[i] } else { b[i] })
    }
    #[inline(always)]
    unsafe fn transpose(
        from: *const T,
        from_stride: usize,
        to: *mut T,
        to_stride: usize,
        add: *const T,
    ) {
        unsafe { transpose_scalar::<T, 8>(from, from_stride, to, to_stride, add) }
    }
}

/// The transposition without vectors.
#[inline(always)]
unsafe fn transpose_scalar<T: Copy + Add<Output = T>, const N: usize>(
    from: *const T,
    from_stride: usize,
    to: *mut T,
    to_stride: usize,
    add: *const T,
) {
    unsafe {
        for row in 0..N {
            for column in 0..N {
                *to.add(column * to_stride + row) =
                    *from.add(row * from_stride + column) + *add.add(column);
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Avx2F32, Avx2F64, Avx512F32, Avx512F64};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Simd, transpose_scalar};
    use std::arch::x86_64::*;

    /// AVX2 with fused multiply-add, 32-bit.
    pub(crate) struct Avx2F32;
    /// AVX2 with fused multiply-add, 64-bit.
    pub(crate) struct Avx2F64;
    /// AVX-512, 32-bit.
    pub(crate) struct Avx512F32;
    /// AVX-512, 64-bit.
    pub(crate) struct Avx512F64;

    macro_rules! registers {
        ($name:ident, $element:ty, $register:ty, $lanes:literal, $zero:ident, $load:ident, $store:ident, $splat:ident,
         $fma:ident, $add:ident, $subtract:ident, $multiply:ident, $max:ident, $largest:ident, $transpose:ident) => {
            impl Simd for $name {
                type Element = $element;
                type Register = $register;
                const LANES: usize = $lanes;

                #[inline(always)]
                unsafe fn zero() -> $register {
                    unsafe { $zero() }
                }
                #[inline(always)]
                unsafe fn load(from: *const $element) -> $register {
                    unsafe { $load(from) }
                }
                #[inline(always)]
                unsafe fn store(to: *mut $element, value: $register) {
                    unsafe { $store(to, value) }
                }
                #[inline(always)]
                unsafe fn splat(from: *const $element) -> $register {
                    unsafe { $splat(*from) }
                }
                #[inline(always)]
                unsafe fn multiply_add(a: $register, b: $register, c: $register) -> $register {
                    unsafe { $fma(a, b, c) }
                }
                #[inline(always)]
                unsafe fn add(a: $register, b: $register) -> $register {
                    unsafe { $add(a, b) }
                }
                #[inline(always)]
                unsafe fn subtract(a: $register, b: $register) -> $register {
                    unsafe { $subtract(a, b) }
                }
                #[inline(always)]
                unsafe fn multiply(a: $register, b: $register) -> $register {
                    unsafe { $multiply(a, b) }
                }
                #[inline(always)]
                unsafe fn max(a: $register, b: $register) -> $register {
                    unsafe { $max(a, b) }
                }
                #[inline(always)]
                unsafe fn largest(a: $register, b: $register) -> $register {
                    unsafe { $largest(a, b) }
                }
                #[inline(always)]
                unsafe fn transpose(
                    from: *const $element,
                    from_stride: usize,
                    to: *mut $element,
                    to_stride: usize,
                    add: *const $element,
                ) {
                    unsafe { $transpose(from, from_stride, to, to_stride, add) }
                }
            }
        };
    }

    registers!(
        Avx2F32,
        f32,
        __m256,
        8,
        _mm256_setzero_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_set1_ps,
        _mm256_fmadd_ps,
        _mm256_add_ps,
        _mm256_sub_ps,
        _mm256_mul_ps,
        _mm256_max_ps,
        largest8,
        transpose8
    );
    registers!(
        Avx2F64,
        f64,
        __m256d,
        4,
        _mm256_setzero_pd,
        _mm256_loadu_pd,
        _mm256_storeu_pd,
        _mm256_set1_pd,
        _mm256_fmadd_pd,
        _mm256_add_pd,
        _mm256_sub_pd,
        _mm256_mul_pd,
        _mm256_max_pd,
        largest4_f64,
        transpose4_f64
    );
    registers!(
        Avx512F32,
        f32,
        __m512,
        16,
        _mm512_setzero_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_set1_ps,
        _mm512_fmadd_ps,
        _mm512_add_ps,
        _mm512_sub_ps,
        _mm512_mul_ps,
        _mm512_max_ps,
        largest16,
        transpose16
    );
    registers!(
        Avx512F64,
        f64,
        __m512d,
        8,
        _mm512_setzero_pd,
        _mm512_loadu_pd,
        _mm512_storeu_pd,
        _mm512_set1_pd,
        _mm512_fmadd_pd,
        _mm512_add_pd,
        _mm512_sub_pd,
        _mm512_mul_pd,
        _mm512_max_pd,
        largest8_f64,
        transpose8_f64
    );

    // The maximum is `b` where one of the two is not a number: that leaves `a` to be looked at.
    #[inline(always)]
    unsafe fn largest8(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_blendv_ps(_mm256_max_ps(a, b), a, _mm256_cmp_ps::<_CMP_UNORD_Q>(a, a)) }
    }
    #[inline(always)]
    unsafe fn largest4_f64(a: __m256d, b: __m256d) -> __m256d {
        unsafe { _mm256_blendv_pd(_mm256_max_pd(a, b), a, _mm256_cmp_pd::<_CMP_UNORD_Q>(a, a)) }
    }
    #[inline(always)]
    unsafe fn largest16(a: __m512, b: __m512) -> __m512 {
        unsafe {
            let broken = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(a, a);
            _mm512_mask_mov_ps(_mm512_max_ps(a, b), broken, a)
        }
    }
    #[inline(always)]
    unsafe fn largest8_f64(a: __m512d, b: __m512d) -> __m512d {
        unsafe {
            let broken = _mm512_cmp_pd_mask::<_CMP_UNORD_Q>(a, a);
            _mm512_mask_mov_pd(_mm512_max_pd(a, b), broken, a)
        }
    }

    #[inline(always)]
    unsafe fn transpose8(
        from: *const f32,
        from_stride: usize,
        to: *mut f32,
        to_stride: usize,
        add: *const f32,
    ) {
        unsafe {
            let added = _mm256_loadu_ps(add);
            let row = |i: usize| _mm256_add_ps(_mm256_loadu_ps(from.add(i * from_stride)), added);
            let (r0, r1, r2, r3) = (row(0), row(1), row(2), row(3));
            let (r4, r5, r6, r7) = (row(4), row(5), row(6), row(7));
            let (a0, a1) = (_mm256_unpacklo_ps(r0, r1), _mm256_unpackhi_ps(r0, r1));
            let (a2, a3) = (_mm256_unpacklo_ps(r2, r3), _mm256_unpackhi_ps(r2, r3));
            let (a4, a5) = (_mm256_unpacklo_ps(r4, r5), _mm256_unpackhi_ps(r4, r5));
            let (a6, a7) = (_mm256_unpacklo_ps(r6, r7), _mm256_unpackhi_ps(r6, r7));
            let b0 = _mm256_shuffle_ps::<0x44>(a0, a2);
            let b1 = _mm256_shuffle_ps::<0xEE>(a0, a2);
            let b2 = _mm256_shuffle_ps::<0x44>(a1, a3);
            let b3 = _mm256_shuffle_ps::<0xEE>(a1, a3);
            let b4 = _mm256_shuffle_ps::<0x44>(a4, a6);
            let b5 = _mm256_shuffle_ps::<0xEE>(a4, a6);
            let b6 = _mm256_shuffle_ps::<0x44>(a5, a7);
            let b7 = _mm256_shuffle_ps::<0xEE>(a5, a7);
            let put = |i: usize, value: __m256| _mm256_storeu_ps(to.add(i * to_stride), value);
            put(0, _mm256_permute2f128_ps::<0x20>(b0, b4));
            put(1, _mm256_permute2f128_ps::<0x20>(b1, b5));
            put(2, _mm256_permute2f128_ps::<0x20>(b2, b6));
            put(3, _mm256_permute2f128_ps::<0x20>(b3, b7));
            put(4, _mm256_permute2f128_ps::<0x31>(b0, b4));
            put(5, _mm256_permute2f128_ps::<0x31>(b1, b5));
            put(6, _mm256_permute2f128_ps::<0x31>(b2, b6));
            put(7, _mm256_permute2f128_ps::<0x31>(b3, b7));
        }
    }

    #[inline(always)]
    unsafe fn transpose16(
        from: *const f32,
        from_stride: usize,
        to: *mut f32,
        to_stride: usize,
        add: *const f32,
    ) {
        unsafe {
            for row in [0, 8] {
                for column in [0, 8] {
                    transpose8(
                        from.add(row * from_stride + column),
                        from_stride,
                        to.add(column * to_stride + row),
                        to_stride,
                        add.add(column),
                    );
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn transpose4_f64(
        from: *const f64,
        from_stride: usize,
        to: *mut f64,
        to_stride: usize,
        add: *const f64,
    ) {
        unsafe { transpose_scalar::<f64, 4>(from, from_stride, to, to_stride, add) }
    }

    #[inline(always)]
    unsafe fn transpose8_f64(
        from: *const f64,
        from_stride: usize,
        to: *mut f64,
        to_stride: usize,
        add: *const f64,
    ) {
        unsafe { transpose_scalar::<f64, 8>(from, from_stride, to, to_stride, add) }
    }
}
