//! Real Clebsch-Gordan tensors: how two irreps couple to a third.
//!
//! ```text
//! invariance   Σ_ij C_ijk D^l₁(R)_ii' D^l₂(R)_jj' = Σ_k' C_i'j'k' D^l₃(R)_kk'      so (x ⊗ y)_k = Σ C_ijk x_i y_j turns
//! norm         Σ_ijk C_ijk² = 1,   Σ_ij C_ijk C_ijk' = δ_kk' / (2l₃ + 1)
//!
//! complex      c(m₁, m₂) = ⟨l₁m₁ l₂m₂ | l₃ m₁+m₂⟩ / √(2l₃+1)
//!                        = √(Π_i (l_i+m_i)! (l_i−m_i)! / ((l₁+l₂+l₃+1)! a! b! c!))
//!                          · Σ_t (−1)^t binom(a, t) binom(b, l₁−m₁−t) binom(c, l₂+m₂−t)
//!              a = l₁+l₂−l₃,  b = l₁−l₂+l₃,  c = −l₁+l₂+l₃
//! real         C = Σ Q^l₁(m₁, i) Q^l₂(m₂, j) conj Q^l₃(m₃, k) c(m₁, m₂)
//!              Q^l(m, ±|m|) = (−i)^l / √2 · { 1, −i for m < 0;  (−1)^m, i (−1)^m for m > 0 },   Q^l(0, 0) = (−i)^l
//! ```
//!
//! The sum over t cancels heavily at high degrees; here it is a sum of integers, and exact. With the factor (−i)^l all
//! tensors are real, odd l₁+l₂+l₃ included. Source: Racah 1942 (Varshalovich et al. 1988, section 8.2); signs as in e3nn.

use std::sync::OnceLock;

use super::{IrrepsError, L_MAX, check_degree};

const DEGREES: usize = L_MAX + 1;

/// Entries below are rounding errors of zero: the smallest entry of any tensor is larger than 1e-7.
const ZERO: f64 = 1e-12;

/// One entry of a Clebsch-Gordan tensor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coupling {
    /// Component of the first factor, from 0 to 2l₁.
    pub left: usize,
    /// Component of the second factor, from 0 to 2l₂.
    pub right: usize,
    /// Component of the product, from 0 to 2l₃.
    pub output: usize,
    /// The entry, not zero.
    pub value: f64,
}

/// A real Clebsch-Gordan tensor `[2l₁+1, 2l₂+1, 2l₃+1]` of unit Frobenius norm, as the list of its nonzero entries.
#[derive(Debug, Clone, PartialEq)]
pub struct ClebschGordan {
    degrees: [usize; 3],
    couplings: Vec<Coupling>,
}

impl ClebschGordan {
    /// l₁, l₂, l₃.
    pub fn degrees(&self) -> [usize; 3] {
        self.degrees
    }

    /// 2l₁+1, 2l₂+1, 2l₃+1.
    pub fn shape(&self) -> [usize; 3] {
        self.degrees.map(|degree| 2 * degree + 1)
    }

    /// The nonzero entries, by rising (left, right, output).
    pub fn couplings(&self) -> &[Coupling] {
        &self.couplings
    }

    /// The whole tensor, zeros included, the last index fastest.
    pub fn dense(&self) -> Vec<f64> {
        let [left, right, output] = self.shape();
        let mut values = vec![0.0; left * right * output];
        for entry in &self.couplings {
            values[(entry.left * right + entry.right) * output + entry.output] = entry.value;
        }
        values
    }
}

/// The Clebsch-Gordan tensor of degrees l₁ ⊗ l₂ → l₃, built at the first call and kept.
///
/// ```
/// // 1 ⊗ 1 → 1 is the cross product, up to 1/√6.
/// let cross = gcnn_layers::irreps::clebsch_gordan(1, 1, 1)?;
/// let first = cross.couplings()[0];
/// assert_eq!((first.left, first.right, first.output), (0, 1, 2));
/// assert!((first.value - 1.0 / 6f64.sqrt()).abs() < 1e-15);
/// # Ok::<(), gcnn_layers::irreps::IrrepsError>(())
/// ```
pub fn clebsch_gordan(
    left: usize,
    right: usize,
    output: usize,
) -> Result<&'static ClebschGordan, IrrepsError> {
    static TABLES: [OnceLock<ClebschGordan>; DEGREES * DEGREES * DEGREES] =
        [const { OnceLock::new() }; DEGREES * DEGREES * DEGREES];
    let degrees = [left, right, output];
    for degree in degrees {
        check_degree(degree)?;
    }
    if output < left.abs_diff(right) || output > left + right {
        return Err(IrrepsError::NoCoupling {
            left,
            right,
            output,
        });
    }
    let table = &TABLES[(left * DEGREES + right) * DEGREES + output];
    Ok(table.get_or_init(|| build(degrees)))
}

fn build(degrees: [usize; 3]) -> ClebschGordan {
    let [size1, size2, size3] = degrees.map(|degree| 2 * degree + 1);
    let [l1, l2, l3] = degrees.map(|degree| degree as i64);
    let mut dense = vec![0.0; size1 * size2 * size3];
    for m1 in -l1..=l1 {
        for m2 in (-l2).max(-l3 - m1)..=l2.min(l3 - m1) {
            let value = complex(degrees, m1, m2);
            for (i, power1, scale1) in real_components(l1, m1) {
                for (j, power2, scale2) in real_components(l2, m2) {
                    for (k, power3, scale3) in real_components(l3, m1 + m2) {
                        // The imaginary parts, odd powers of i, cancel.
                        let sign = match (power1 + power2 - power3).rem_euclid(4) {
                            0 => 1.0,
                            2 => -1.0,
                            _ => continue,
                        };
                        dense[(i * size2 + j) * size3 + k] +=
                            sign * scale1 * scale2 * scale3 * value;
                    }
                }
            }
        }
    }
    let couplings = dense
        .into_iter()
        .enumerate()
        .filter(|(_, value)| value.abs() > ZERO)
        .map(|(index, value)| Coupling {
            left: index / (size2 * size3),
            right: index / size3 % size2,
            output: index % size3,
            value,
        })
        .collect();
    ClebschGordan { degrees, couplings }
}

/// The row m of Q^l: real component from 0 to 2l, power of i, absolute value.
pub(super) fn real_components(l: i64, m: i64) -> impl Iterator<Item = (usize, i64, f64)> + Clone {
    let (cosine, sine) = ((l + m.abs()) as usize, (l - m.abs()) as usize);
    let alternating = if m % 2 == 0 { 0 } else { 2 };
    let half = std::f64::consts::FRAC_1_SQRT_2;
    let row = match m.signum() {
        -1 => [(cosine, 0, half), (sine, -1, half)],
        1 => [(cosine, alternating, half), (sine, alternating + 1, half)],
        _ => [(cosine, 0, 1.0), (sine, 0, 0.0)],
    };
    let components = if m == 0 { 1 } else { 2 };
    row.into_iter()
        .take(components)
        .map(move |(component, power, scale)| (component, power - l, scale))
}

/// c(m₁, m₂).
fn complex(degrees: [usize; 3], m1: i64, m2: i64) -> f64 {
    let [l1, l2, l3] = degrees.map(|degree| degree as i64);
    let (a, b, c) = (l1 + l2 - l3, l1 - l2 + l3, l2 + l3 - l1);
    let sum: i64 = (0..=a)
        .map(|t| {
            let term = binomial(a, t) * binomial(b, l1 - m1 - t) * binomial(c, l2 + m2 - t);
            if t % 2 == 0 { term } else { -term }
        })
        .sum();
    let m3 = m1 + m2;
    let above: f64 = [(l1, m1), (l2, m2), (l3, m3)]
        .map(|(l, m)| factorial(l + m) * factorial(l - m))
        .iter()
        .product();
    let below = factorial(l1 + l2 + l3 + 1) * factorial(a) * factorial(b) * factorial(c);
    (above / below).sqrt() * sum as f64
}

/// a, b and c are at most 2 · L_MAX.
const ROWS: usize = 2 * L_MAX + 1;

/// Pascal's triangle. As a + b + c ≤ 3 · L_MAX, a product of three is at most 2^33.
const BINOMIALS: [[i64; ROWS]; ROWS] = {
    let mut table = [[0; ROWS]; ROWS];
    let mut n = 0;
    while n < ROWS {
        table[n][0] = 1;
        let mut k = 1;
        while k <= n {
            table[n][k] = table[n - 1][k - 1] + table[n - 1][k];
            k += 1;
        }
        n += 1;
    }
    table
};

/// n! for n up to 3 · L_MAX + 1.
const FACTORIALS: [f64; 3 * L_MAX + 2] = {
    let mut table = [1.0; 3 * L_MAX + 2];
    let mut n = 1;
    while n < table.len() {
        table[n] = table[n - 1] * n as f64;
        n += 1;
    }
    table
};

/// 0 for k outside 0 … n.
fn binomial(n: i64, k: i64) -> i64 {
    usize::try_from(k).map_or(0, |k| BINOMIALS[n as usize].get(k).copied().unwrap_or(0))
}

fn factorial(n: i64) -> f64 {
    FACTORIALS[n as usize]
}
