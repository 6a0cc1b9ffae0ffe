//! Cardinal B-splines on the line.
//!
//! ```text
//! Bⁿ = (n + 1)-fold convolution of the indicator of [−½, ½]
//! Bⁿ(x) = 1/n! Σ_k (−1)^k C(n+1, k) ((n+1)/2 − k − |x|)₊ⁿ,   zero for |x| ≥ (n+1)/2
//! ```
//!
//! The splines at the integers add up to 1, and combinations of them are all polynomials of degree n and less. The sum
//! runs over −|x| in place of x (Bⁿ is even): no term is then larger than the spline's support, and none of them cancels
//! another where the spline is zero. Source: Unser 1999 (Splines: a perfect fit);
//! Bekkers 2020.

use burn::prelude::*;
use burn::tensor::activation::relu;

/// The knots on one side of the centre: how far each lies out, and the factor of the power that ends there.
fn knots(order: usize) -> impl Iterator<Item = (f64, f64)> {
    let n = order as f64;
    let factorial: f64 = (1..=order).map(|i| i as f64).product();
    let mut factor = 1.0 / factorial;
    (0..=order / 2).map(move |k| {
        let knot = ((n + 1.0) / 2.0 - k as f64, factor);
        // (−1)^k C(n+1, k) / n!, from k to k + 1.
        factor *= -(n + 1.0 - k as f64) / (k as f64 + 1.0);
        knot
    })
}

/// Bⁿ(x). B⁰ is ½ at its two jumps, which keeps it even and the sum over the integers 1.
pub(super) fn cardinal(order: usize, x: f64) -> f64 {
    if order == 0 {
        return match x.abs() {
            x if x < 0.5 => 1.0,
            0.5 => 0.5,
            _ => 0.0,
        };
    }
    knots(order)
        .map(|(knot, factor)| factor * (knot - x.abs()).max(0.0).powi(order as i32))
        .sum()
}

/// Bⁿ of every element of a tensor, for n ≥ 1: B⁰ has no derivative to learn from.
pub(super) fn cardinal_tensor<const D: usize>(order: usize, x: Tensor<D>) -> Tensor<D> {
    let x = x.abs();
    let power = |base: Tensor<D>| (1..order).fold(base.clone(), |power, _| power * base.clone());
    knots(order)
        .map(|(knot, factor)| power(relu(-x.clone() + knot)) * factor)
        .reduce(|sum, term| sum + term)
        .unwrap_or_else(|| x.zeros_like())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// Points that are no multiples of anything.
    fn points() -> impl Iterator<Item = f64> {
        (0..200).map(|i| (i as f64 * 0.618_033_988_749_895).fract() * 3.0 - 1.5)
    }

    #[rstest]
    #[case(0, &[1.0, 0.0])]
    #[case(1, &[1.0, 0.0])]
    #[case(2, &[3.0 / 4.0, 1.0 / 8.0, 0.0])]
    #[case(3, &[2.0 / 3.0, 1.0 / 6.0, 0.0])]
    #[case(4, &[115.0 / 192.0, 19.0 / 96.0, 1.0 / 384.0, 0.0])]
    #[case(5, &[11.0 / 20.0, 13.0 / 60.0, 1.0 / 120.0, 0.0])]
    fn values_at_the_integers(#[case] order: usize, #[case] values: &[f64]) {
        for (x, value) in values.iter().enumerate() {
            for x in [x as f64, -(x as f64)] {
                assert!((cardinal(order, x) - value).abs() < 1e-14, "{order} {x}");
            }
        }
    }

    #[rstest]
    fn integer_shifts_add_up_to_one(#[values(0, 1, 2, 3, 4, 5)] order: usize) {
        for x in points().chain([0.0, 0.5, -0.5, 1.0]) {
            let sum: f64 = (-6..=6).map(|j| cardinal(order, x - j as f64)).sum();
            assert!((sum - 1.0).abs() < 1e-13, "{order} {x}: {sum}");
        }
    }

    /// s(x) = Σ_j j^d Bⁿ(x − j) is x^d and lower powers for d ≤ n: its d-th differences are d! step^d, further ones zero.
    #[rstest]
    fn polynomials_up_to_the_order_are_reproduced(#[values(0, 1, 2, 3, 4, 5)] order: usize) {
        let step: f64 = 0.271_828_182_8;
        for degree in 0..=order {
            let s = |x: f64| -> f64 {
                let term = |j: i32| f64::from(j).powi(degree as i32);
                (-8..=8)
                    .map(|j| term(j) * cardinal(order, x - f64::from(j)))
                    .sum()
            };
            let mut differences: Vec<f64> =
                (0..degree + 2).map(|i| s(-0.7 + step * i as f64)).collect();
            for _ in 0..degree {
                differences = differences.windows(2).map(|w| w[1] - w[0]).collect();
            }
            let factorial: f64 = (1..=degree).map(|i| i as f64).product();
            let expected = factorial * step.powi(degree as i32);
            assert!((differences[0] - expected).abs() < 1e-11, "{differences:?}");
            assert!((differences[1] - expected).abs() < 1e-11, "{differences:?}");
        }
    }

    #[test]
    fn a_higher_power_is_not_reproduced() {
        let s = |x: f64| -> f64 {
            (-8..=8)
                .map(|j| f64::from(j * j) * cardinal(1, x - f64::from(j)))
                .sum()
        };
        let curvature = s(0.0) - 2.0 * s(0.3) + s(0.6);
        assert!((curvature - 2.0 * 0.09).abs() > 0.05);
    }

    #[rstest]
    fn tensors_agree_with_numbers(#[values(1, 2, 3, 4, 5)] order: usize) {
        let x: Vec<f64> = points().map(|x| 3.0 * x).collect();
        let tensor = Tensor::<1>::from_data(x.as_slice(), &Device::flex());
        let values: Vec<f64> = cardinal_tensor(order, tensor).to_data().iter().collect();
        for (x, value) in x.into_iter().zip(values) {
            assert!((cardinal(order, x) - value).abs() < 1e-5, "{order} {x}");
        }
    }
}
