//! How far a classifier's probabilities are to be believed, and the one number that mends most of it.
//!
//! ```text
//! p_T(c) = exp(z_c / T) / Σ_k exp(z_k / T)                  temperature scaling; z scores or log-probabilities
//! T      = argmin − 1/n Σ_i log p_T(y_i)                    over validation examples i of class y_i, 0.05 ≤ T ≤ 20
//! d/dβ   = 1/n Σ_i (Σ_k p_k z_k − z_{y_i}),  β = 1/T        of the same; it grows with β, so that the minimum is where
//!                                                           it changes its sign, or an end of the range
//! ECE    = Σ_b n_b / n · |right_b − confidence_b|           over 15 bins of equal width: examples whose confidence max_c p(c)
//!                                                           is in ((b − 1)/15, b/15], their share of right answers and
//!                                                           their mean confidence
//! ```
//!
//! A temperature changes no answer. Where the network is right about every validation example nothing holds T back, and it comes
//! to the lower end of the range. Examples whose scores are not all finite are left out.
//!
//! Sources: Guo, Pleiss, Sun and Weinberger 2017, "On calibration of modern neural networks"; the expected calibration error is
//! that of Naeini, Cooper and Hauskrecht 2015.

use gcnn_models::argmax;
use gcnn_models::file::TEMPERATURES;
use serde::{Deserialize, Serialize};

use crate::task::predictions::{Predictions, probabilities};

/// Bins of the expected calibration error.
pub const BINS: usize = 15;

/// Halvings of the range of log β, whose width is 6: T is found to 12 digits.
const HALVINGS: usize = 45;

/// Examples of like confidence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// How many there are.
    pub examples: usize,
    /// The mean probability of the predicted class; 0 without examples.
    pub confidence: f64,
    /// The share of right answers; 0 without examples.
    pub right: f64,
}

/// Confidence against right answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reliability {
    /// The expected calibration error; 0 without examples.
    pub ece: f64,
    /// [`BINS`] bins, from the least confident to the most.
    pub bins: Vec<Bin>,
}

/// How well a network is calibrated, as it is and at the temperature that was fitted to validation examples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// What scores are divided by.
    pub temperature: f64,
    /// Of the scores as they are.
    pub before: Reliability,
    /// Of the divided ones.
    pub after: Reliability,
}

impl Calibration {
    /// Measures both on examples that the temperature was not fitted to.
    pub fn new(examples: &Predictions, temperature: f64) -> Self {
        Self {
            temperature,
            before: Reliability::new(examples, 1.0),
            after: Reliability::new(examples, temperature),
        }
    }

    /// Whether the temperature was held by an end of its range.
    pub fn is_at_an_end(&self) -> bool {
        TEMPERATURES
            .iter()
            .any(|end| (self.temperature / end).ln().abs() < 1e-6)
    }

    /// In words, a line.
    pub fn text(&self) -> String {
        format!(
            "  calibration error {:.4}, and {:.4} with scores divided by {:.4}\n",
            self.before.ece, self.after.ece, self.temperature
        )
    }
}

impl Reliability {
    /// Of predictions at a temperature.
    pub fn new(examples: &Predictions, temperature: f64) -> Self {
        let mut bins = [Bin::default(); BINS];
        for (row, label) in finite(examples) {
            let answer = argmax(row);
            let confidence = probabilities(row, temperature)[answer];
            let bin = &mut bins[bin_of(confidence)];
            bin.examples += 1;
            bin.confidence += confidence;
            bin.right += f64::from(u8::from(answer == label));
        }
        let all: usize = bins.iter().map(|bin| bin.examples).sum();
        let mut ece = 0.0;
        for bin in &mut bins {
            let count = bin.examples.max(1) as f64;
            bin.confidence /= count;
            bin.right /= count;
            ece += count * (bin.right - bin.confidence).abs() / all.max(1) as f64;
        }
        Self {
            ece,
            bins: bins.to_vec(),
        }
    }
}

/// The bin ((b − 1)/15, b/15] that a share is in; b counted from 0.
fn bin_of(share: f64) -> usize {
    let up = (share * BINS as f64).ceil() as usize;
    up.clamp(1, BINS) - 1
}

/// The temperature at which examples are most probable; 1 where there are none.
pub fn fit(examples: &Predictions) -> f64 {
    // The derivative of the negative log-likelihood by 1/T: of its sign the size does not matter.
    let slope = |temperature: f64| {
        let mut sum = 0.0;
        for (row, label) in finite(examples) {
            let shares = probabilities(row, temperature);
            let own = f64::from(row[label]);
            let others = row.iter().zip(shares);
            sum += others
                .map(|(score, share)| share * (f64::from(*score) - own))
                .sum::<f64>();
        }
        sum
    };
    if finite(examples).next().is_none() {
        return 1.0;
    }
    let [least, largest] = TEMPERATURES;
    if slope(least) <= 0.0 {
        return least;
    }
    if slope(largest) >= 0.0 {
        return largest;
    }
    // Of ln T: the slope falls with it.
    let [mut low, mut high] = TEMPERATURES.map(f64::ln);
    for _ in 0..HALVINGS {
        let middle = (low + high) / 2.0;
        match slope(middle.exp()) > 0.0 {
            true => low = middle,
            false => high = middle,
        }
    }
    ((low + high) / 2.0).exp()
}

/// Scores and labels of the examples whose scores are numbers.
fn finite(examples: &Predictions) -> impl Iterator<Item = (&[f32], usize)> {
    let labels = examples.labels().iter().map(|label| usize::from(*label));
    let rows = examples.rows().zip(labels);
    rows.filter(|(row, _)| row.iter().all(|score| score.is_finite()))
}

#[cfg(test)]
mod tests {
    use gcnn_datasets::Split;

    use super::*;

    /// Two classes, the first of which has these odds.
    fn of(examples: &[(f32, u8)]) -> Predictions {
        let scores = examples.iter().flat_map(|(odds, _)| [*odds, 0.0]).collect();
        let labels = examples.iter().map(|(_, label)| *label).collect();
        let classes = ["a", "b"].map(String::from).to_vec();
        Predictions::new(Split::Test, classes, labels, scores).expect("predictions")
    }

    #[test]
    fn the_temperature_makes_the_odds_those_that_are_seen() {
        // Of four examples three are right: the odds are 3, whatever the network says.
        for odds in [0.3f32, 1.0, 5.0] {
            let four = [(odds, 0), (odds, 0), (odds, 0), (odds, 1)];
            let found = fit(&of(&four));
            let expected = f64::from(odds) / 3f64.ln();
            assert!((found - expected).abs() < 1e-9, "{odds}: {found}");
            let calibration = Calibration::new(&of(&four), found);
            assert!(calibration.after.ece < 1e-9 && calibration.before.ece > 0.01);
            assert!(!calibration.is_at_an_end());
        }
    }

    #[test]
    fn the_temperature_is_the_least_of_the_likelihood() {
        let examples: Vec<(f32, u8)> = (0..200u32)
            .map(|i| {
                let odds = (i * 37 % 101) as f32 / 10.0 - 5.0;
                (odds, u8::from((i * 53 % 97) as f32 / 10.0 - 4.8 > odds))
            })
            .collect();
        let examples = of(&examples);
        let loss = |temperature: f64| -> f64 {
            let rows = examples.rows().zip(examples.labels());
            rows.map(|(row, label)| -probabilities(row, temperature)[usize::from(*label)].ln())
                .sum()
        };
        let found = fit(&examples);
        for factor in [0.9, 0.99, 1.01, 1.1] {
            assert!(loss(found) < loss(found * factor), "{found} {factor}");
        }
    }

    #[test]
    fn ends_hold_what_nothing_else_does_and_no_numbers_are_left_out() {
        let right = Calibration::new(&of(&[]), fit(&of(&[(1.0, 0), (2.0, 0)])));
        assert_eq!(right.temperature, 0.05);
        assert!(right.is_at_an_end());
        assert_eq!(fit(&of(&[(1.0, 1), (2.0, 1)])), 20.0);
        assert_eq!(fit(&of(&[])), 1.0);
        let with_none = of(&[(f32::NAN, 0), (f32::INFINITY, 1)]);
        assert_eq!(fit(&with_none), 1.0);
        assert_eq!(Reliability::new(&with_none, 1.0).ece, 0.0);
    }

    #[test]
    fn bins_counted_by_hand() {
        // Confidence 0.75 and 0.9, one of each wrong.
        let odds = |share: f32| (share / (1.0 - share)).ln();
        let examples = of(&[
            (odds(0.75), 0),
            (odds(0.75), 1),
            (odds(0.9), 0),
            (odds(0.1), 0),
        ]);
        let found = Reliability::new(&examples, 1.0);
        let bins: Vec<usize> = found.bins.iter().map(|bin| bin.examples).collect();
        assert_eq!(bins, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2, 0]);
        assert!((found.bins[11].right - 0.5).abs() < 1e-12);
        let expected = 0.5 * 0.25 + 0.5 * 0.4;
        assert!((found.ece - expected).abs() < 1e-6, "{}", found.ece);
        assert_eq!([0.0, 1.0 / 15.0, 0.067, 1.0].map(bin_of), [0, 0, 1, 14]);
    }
}
