//! Registers of x86-64 processors.

use super::Simd;
use super::portable::transpose;
use std::arch::x86_64::*;

/// AVX2 with fused multiply-add, 32-bit.
#[derive(Clone, Copy)]
pub(crate) struct Avx2F32(());
/// AVX2 with fused multiply-add, 64-bit.
#[derive(Clone, Copy)]
pub(crate) struct Avx2F64(());
/// AVX-512, 32-bit.
#[derive(Clone, Copy)]
pub(crate) struct Avx512F32(());
/// AVX-512, 64-bit.
#[derive(Clone, Copy)]
pub(crate) struct Avx512F64(());

macro_rules! registers {
    ($name:ident, $element:ty, $register:ty, $lanes:literal, $zero:ident, $load:ident, $store:ident, $splat:ident,
     $fma:ident, $add:ident, $subtract:ident, $multiply:ident, $max:ident, $largest:ident, $transpose:ident) => {
        impl Simd for $name {
            type Element = $element;
            type Register = $register;
            const LANES: usize = $lanes;

            #[inline(always)]
            unsafe fn assume() -> Self {
                Self(())
            }
            #[inline(always)]
            fn zero(self) -> $register {
                // SAFETY: `self` proves that the processor has the instruction.
                unsafe { $zero() }
            }
            #[inline(always)]
            unsafe fn load(self, from: *const $element) -> $register {
                // SAFETY: `self` proves the instruction, the caller promises the numbers.
                unsafe { $load(from) }
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $element, value: $register) {
                // SAFETY: `self` proves the instruction, the caller promises the room.
                unsafe { $store(to, value) }
            }
            #[inline(always)]
            fn splat(self, number: $element) -> $register {
                // SAFETY: `self` proves that the processor has the instruction.
                unsafe { $splat(number) }
            }
            #[inline(always)]
            fn multiply_add(self, a: $register, b: $register, c: $register) -> $register {
                // SAFETY: `self` proves that the processor has the instruction.
                unsafe { $fma(a, b, c) }
            }
            #[inline(always)]
            fn add(self, a: $register, b: $register) -> $register {
                // SAFETY: `self` proves that the processor has the instruction.
                unsafe { $add(a, b) }
            }
            #[inline(always)]
            fn subtract(self, a: $register, b: $register) -> $register {
                // SAFETY: `self` proves that the processor has the instruction.
                unsafe { $subtract(a, b) }
            }
            #[inline(always)]
            fn multiply(self, a: $register, b: $register) -> $register {
                // SAFETY: `self` proves that the processor has the instruction.
                unsafe { $multiply(a, b) }
            }
            #[inline(always)]
            fn max(self, a: $register, b: $register) -> $register {
                // SAFETY: `self` proves that the processor has the instruction.
                unsafe { $max(a, b) }
            }
            #[inline(always)]
            fn largest(self, a: $register, b: $register) -> $register {
                $largest(self, a, b)
            }
            #[inline(always)]
            unsafe fn transpose(
                self,
                from: *const $element,
                from_stride: usize,
                to: *mut $element,
                to_stride: usize,
                add: *const $element,
            ) {
                // SAFETY: `self` proves the instructions, the caller promises the squares.
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
fn largest8(_: Avx2F32, a: __m256, b: __m256) -> __m256 {
    // SAFETY: the first argument proves that the processor has the instructions.
    unsafe { _mm256_blendv_ps(_mm256_max_ps(a, b), a, _mm256_cmp_ps::<_CMP_UNORD_Q>(a, a)) }
}

#[inline(always)]
fn largest4_f64(_: Avx2F64, a: __m256d, b: __m256d) -> __m256d {
    // SAFETY: the first argument proves that the processor has the instructions.
    unsafe { _mm256_blendv_pd(_mm256_max_pd(a, b), a, _mm256_cmp_pd::<_CMP_UNORD_Q>(a, a)) }
}

#[inline(always)]
fn largest16(_: Avx512F32, a: __m512, b: __m512) -> __m512 {
    // SAFETY: the first argument proves that the processor has the instructions.
    unsafe {
        let broken = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(a, a);
        _mm512_mask_mov_ps(_mm512_max_ps(a, b), broken, a)
    }
}

#[inline(always)]
fn largest8_f64(_: Avx512F64, a: __m512d, b: __m512d) -> __m512d {
    // SAFETY: the first argument proves that the processor has the instructions.
    unsafe {
        let broken = _mm512_cmp_pd_mask::<_CMP_UNORD_Q>(a, a);
        _mm512_mask_mov_pd(_mm512_max_pd(a, b), broken, a)
    }
}

/// # Safety
/// As for [`Simd::transpose`] with 8 lanes; the processor must have AVX.
#[inline(always)]
unsafe fn transpose8(
    from: *const f32,
    from_stride: usize,
    to: *mut f32,
    to_stride: usize,
    add: *const f32,
) {
    // SAFETY: as the caller promises.
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

/// # Safety
/// As for [`Simd::transpose`] with 16 lanes; the processor must have AVX.
#[inline(always)]
unsafe fn transpose16(
    from: *const f32,
    from_stride: usize,
    to: *mut f32,
    to_stride: usize,
    add: *const f32,
) {
    // The side whose rows are further apart is passed through eight rows at a time: sixteen, if their distance is a power
    // of two, would push each other out of the cache.
    let by_rows = from_stride > to_stride;
    // SAFETY: as the caller promises.
    unsafe {
        for outer in [0, 8] {
            for inner in [0, 8] {
                let (row, column) = if by_rows {
                    (outer, inner)
                } else {
                    (inner, outer)
                };
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

/// # Safety
/// As for [`Simd::transpose`] with 4 lanes.
#[inline(always)]
unsafe fn transpose4_f64(
    from: *const f64,
    from_stride: usize,
    to: *mut f64,
    to_stride: usize,
    add: *const f64,
) {
    // SAFETY: as the caller promises.
    unsafe { transpose::<f64, 4>(from, from_stride, to, to_stride, add) }
}

/// # Safety
/// As for [`Simd::transpose`] with 8 lanes.
#[inline(always)]
unsafe fn transpose8_f64(
    from: *const f64,
    from_stride: usize,
    to: *mut f64,
    to_stride: usize,
    add: *const f64,
) {
    // SAFETY: as the caller promises.
    unsafe { transpose::<f64, 8>(from, from_stride, to, to_stride, add) }
}
