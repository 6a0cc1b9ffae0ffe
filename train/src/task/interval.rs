//! 95 % intervals that stay in the range of what they are of.
//!
//! ```text
//! a share k of n       Wilson's score interval, (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n),  z = 1.96
//! a mean m of n        m ± h,  h = t s / √n,  P(|T| ≤ t) = 95 % with n − 1 degrees of freedom
//! where m ± h leaves the range of the quantity, the interval is taken on the scale on which it has no bounds:
//!   0 ≤ m              m exp(± h / m)
//!   0 ≤ m ≤ 1          logit⁻¹(logit m ± h / (m (1 − m)))
//! ```
//!
//! Student's interval supposes normal values. That it leaves the range shows that they are not; the other two are what the
//! delta method makes of its half width on the scale of the logarithm and of the log odds. Two values have Student's interval by
//! the book, with t = 12.7: it says nothing, and none is given.
//!
//! Sources: Wilson 1927; Brown, Cai and DasGupta 2001; Student 1908; Agresti 2013, section 3.1 (delta method).

use statrs::distribution::{ContinuousCDF, StudentsT};

/// Of a normal distribution, 95 % lie within so many standard deviations.
pub const Z: f64 = 1.959_963_984_540_054;

/// Values that it takes for an interval of their mean.
pub const FEWEST: usize = 3;

/// What a quantity can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// Any number.
    Any,
    /// 0 and more: losses, squared errors.
    NotNegative,
    /// From 0 to 1: accuracies, areas under curves.
    Share,
    /// 1 and less: shares of a variance that are explained.
    AtMostOne,
}

impl Range {
    /// The range of a measure of this program's tasks.
    pub fn of_measure(name: &str) -> Self {
        match name {
            "accuracy" | "balanced_accuracy" | "auc" | "average_precision" | "exact_match" => {
                Self::Share
            }
            "loss" | "mse" | "mae" | "rmse" => Self::NotNegative,
            "r2" => Self::AtMostOne,
            _ => Self::Any,
        }
    }

    /// The number within the range that is nearest to one.
    pub fn nearest(self, value: f64) -> f64 {
        match self {
            Self::Any => value,
            Self::NotNegative => value.clamp(0.0, f64::INFINITY),
            Self::Share => value.clamp(0.0, 1.0),
            Self::AtMostOne => value.min(1.0),
        }
    }

    /// The interval of this half width about an estimate.
    pub fn about(self, mean: f64, half: f64) -> [f64; 2] {
        let plain = [mean - half, mean + half];
        match self {
            Self::NotNegative if plain[0] < 0.0 && mean > 0.0 => {
                [-1.0, 1.0].map(|sign: f64| mean * (sign * half / mean).exp())
            }
            Self::Share if (plain[0] < 0.0 || plain[1] > 1.0) && mean > 0.0 && mean < 1.0 => {
                let rest = 1.0 - mean;
                let odds = (mean / rest).ln();
                [-1.0, 1.0].map(|sign: f64| {
                    let odds = odds + sign * half / (mean * rest);
                    1.0 / (1.0 + (-odds).exp())
                })
            }
            Self::AtMostOne => plain.map(|end| self.nearest(end)),
            _ => plain,
        }
    }
}

/// Wilson's interval for `hits` out of `n`.
pub fn wilson(hits: usize, n: usize) -> (f64, f64) {
    if n == 0 {
        return (0.0, 1.0);
    }
    let (n, p) = (n as f64, hits as f64 / n as f64);
    let z2 = Z * Z;
    let centre = p + z2 / (2.0 * n);
    let half = Z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z2 / n;
    (
        ((centre - half) / scale).max(0.0),
        ((centre + half) / scale).min(1.0),
    )
}

/// Mean of a few values, and its interval where there are [`FEWEST`] of them.
pub fn of_mean(values: &[f64], range: Range) -> (f64, Option<[f64; 2]>) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    if values.len() < FEWEST {
        return (mean, None);
    }
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let half = student(values.len() - 1) * (squares / (n - 1.0) / n).sqrt();
    (mean, Some(range.about(mean, half)))
}

/// The t with P(|T| ≤ t) = 95 %, for at least one degree of freedom.
pub fn student(freedom: usize) -> f64 {
    // Location, scale and freedom are positive numbers, for which there is a distribution.
    StudentsT::new(0.0, 1.0, freedom.max(1) as f64).map_or(f64::NAN, |t| t.inverse_cdf(0.975))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_agrees_with_published_values() {
        // Newcombe 1998, table I: 81/263 and 15/148, method 3.
        let (low, high) = wilson(81, 263);
        assert!((low - 0.2553).abs() < 5e-5 && (high - 0.3662).abs() < 5e-5);
        let (low, high) = wilson(15, 148);
        assert!((low - 0.0624).abs() < 5e-5 && (high - 0.1605).abs() < 5e-5);
        assert_eq!(wilson(0, 0), (0.0, 1.0));
        assert!(wilson(10, 10).1 <= 1.0 && wilson(0, 10).0 >= 0.0);
    }

    #[test]
    fn students_quantiles_are_those_of_the_tables() {
        for (freedom, expected) in [
            (1, 12.706),
            (2, 4.303),
            (3, 3.182),
            (4, 2.776),
            (9, 2.262),
            (30, 2.042),
            (1000, 1.962),
        ] {
            let found = student(freedom);
            assert!((found - expected).abs() < 6e-4, "{freedom}: {found}");
        }
    }

    #[test]
    fn a_mean_of_three_by_hand_and_none_of_two() {
        let (mean, interval) = of_mean(&[1.0, 2.0, 3.0], Range::Any);
        let [low, high] = interval.expect("three values");
        // s = 1, so that the half is 4.3027 / √3.
        assert_eq!(mean, 2.0);
        assert!((high - 2.0 - 2.484).abs() < 1e-3 && (low + high - 4.0).abs() < 1e-12);
        assert_eq!(of_mean(&[0.5, 0.9], Range::Share), (0.7, None));
        let (_, equal) = of_mean(&[0.7; 3], Range::Share);
        assert!(equal.is_some_and(|[low, high]| (high - low).abs() < 1e-12));
    }

    #[test]
    fn intervals_stay_in_their_range_and_hold_their_mean() {
        for values in [
            [0.99, 1.0, 0.7],
            [0.02, 0.0, 0.5],
            [1.0, 1.0, 1.0],
            [0.0; 3],
        ] {
            let (mean, interval) = of_mean(&values, Range::Share);
            let [low, high] = interval.expect("three values");
            assert!(
                0.0 <= low && low <= mean && mean <= high && high <= 1.0,
                "{low} {high}"
            );
        }
        for values in [[1e-4, 2e-4, 9e-3], [0.0, 0.0, 1.0], [0.0; 3]] {
            let (mean, interval) = of_mean(&values, Range::NotNegative);
            let [low, high] = interval.expect("three values");
            assert!(0.0 <= low && low <= mean && mean <= high, "{low} {high}");
        }
        // Inside of the range it is Student's.
        let values = [0.84, 0.85, 0.87];
        assert_eq!(of_mean(&values, Range::Share), of_mean(&values, Range::Any));
        assert!(
            of_mean(&[0.99, 1.0, 0.7], Range::Any)
                .1
                .is_some_and(|[_, high]| high > 1.0)
        );
    }
}
