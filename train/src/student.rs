//! Intervals for the mean of a few numbers, by Student's t.
//!
//! ```text
//! mean ± t · s / √n,    P(|T| ≤ t) = 95 % with ν = n − 1 degrees of freedom
//!
//! with θ = arctan(t / √ν)
//! P(|T| ≤ t) = sin θ (1 + 1/2 cos² θ + 1·3/(2·4) cos⁴ θ + … up to cos^(ν−2) θ)                 ν even
//!            = 2/π (θ + sin θ (cos θ + 2/3 cos³ θ + 2·4/(3·5) cos⁵ θ + … up to cos^(ν−2) θ))   ν odd
//! ```
//!
//! Source: Student 1908; Abramowitz and Stegun 1964, 26.7.3 and 26.7.4.

use std::f64::consts::PI;

/// Mean of the values, and its 95 % interval where there are at least two.
pub fn mean_interval(values: &[f64]) -> (f64, Option<[f64; 2]>) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    if values.len() < 2 {
        return (mean, None);
    }
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let half = quantile(0.95, values.len() - 1) * (squares / (n - 1.0) / n).sqrt();
    (mean, Some([mean - half, mean + half]))
}

/// The t with P(|T| ≤ t) = `share`, for at least one degree of freedom.
pub fn quantile(share: f64, freedom: usize) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while within(high, freedom) < share {
        high *= 2.0;
    }
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        match within(middle, freedom) < share {
            true => low = middle,
            false => high = middle,
        }
    }
    0.5 * (low + high)
}

/// P(|T| ≤ t).
fn within(t: f64, freedom: usize) -> f64 {
    let angle = (t / (freedom as f64).sqrt()).atan();
    let (sin, cos) = angle.sin_cos();
    let odd = freedom % 2;
    // The terms up to cos^(ν−2): each is the one before times (k − 1) / k cos², k the exponent and odd + 1 … on.
    let mut term = if odd == 1 { cos } else { 1.0 };
    let mut sum = if freedom > 1 { term } else { 0.0 };
    for exponent in (odd + 2..freedom.saturating_sub(1)).step_by(2) {
        term *= (exponent - 1) as f64 / exponent as f64 * cos * cos;
        sum += term;
    }
    match odd {
        1 => 2.0 / PI * (angle + sin * sum),
        _ => sin * sum,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (freedom, expected) in [
            (1, 12.706),
            (2, 4.303),
            (3, 3.182),
            (4, 2.776),
            (5, 2.571),
            (9, 2.262),
            (10, 2.228),
            (30, 2.042),
            (1000, 1.962),
        ] {
            let found = quantile(0.95, freedom);
            assert!((found - expected).abs() < 6e-4, "{freedom}: {found}");
        }
    }

    #[test]
    fn a_mean_of_three_by_hand() {
        let (mean, interval) = mean_interval(&[1.0, 2.0, 3.0]);
        let [low, high] = interval.expect("three values");
        // s = 1, so that the half is 4.3027 / √3.
        assert_eq!(mean, 2.0);
        assert!((high - 2.0 - 2.484).abs() < 1e-3 && (low + high - 4.0).abs() < 1e-12);
        assert_eq!(mean_interval(&[0.5]), (0.5, None));
        let (_, equal) = mean_interval(&[0.7, 0.7]);
        assert!(equal.is_some_and(|[low, high]| (high - low).abs() < 1e-12));
    }
}
