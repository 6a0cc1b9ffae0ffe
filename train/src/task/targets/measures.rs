//! How good answers are where they are numbers or labels.
//!
//! ```text
//! of one number     MAE  = mean |answer − truth|          RMSE = √ mean (answer − truth)²
//!                   R²   = 1 − Σ (answer − truth)² / Σ (truth − mean truth)²
//! of one label      AUC, average precision, and at a probability of ½ accuracy and balanced accuracy
//! of several        the mean over them; MAE and RMSE of several numbers in standard deviations of their truths
//! exact match       the share of examples whose known labels are all answered rightly
//! ```
//!
//! Over the examples of which the truth is known. Where something has no number (a label that all have, a number that is the
//! same everywhere) it is left out of a mean. Intervals are those of the bootstrap, of shares of single examples Wilson's.

use gcnn_datasets::images::TargetKind;

use super::figure::Figure;
use super::format::spread;
use crate::task::bootstrap::Units;
use crate::task::interval::{Range, wilson};
use crate::task::metrics::Measure;
use crate::task::ranking::Ranking;

/// Draws of a bootstrap.
const DRAWS: usize = 500;

/// 1 less the share of the variance that is left.
pub const R2: &str = "r2";
/// The mean absolute error.
pub const MAE: &str = "mae";
/// The root of the mean squared error.
pub const RMSE: &str = "rmse";
/// The area under the curve of the receiver's operating characteristic.
pub const AUC: &str = "auc";
/// The area under the curve of precision over recall.
pub const PRECISION: &str = "average_precision";
/// The mean of the shares of right answers among those that have a label and those that don't.
pub const BALANCED: &str = "balanced_accuracy";
/// The share of right answers.
pub const ACCURACY: &str = "accuracy";
/// The share of examples whose labels are all right.
pub const EXACT: &str = "exact_match";

/// The measures of a kind, the one that it is judged by first.
pub fn names(kind: TargetKind) -> &'static [&'static str] {
    match kind {
        TargetKind::Numbers => &[R2, MAE, RMSE],
        TargetKind::Labels => &[AUC, PRECISION, BALANCED, ACCURACY],
    }
}

/// Answers beside truths.
pub struct Judged<'a> {
    kind: TargetKind,
    width: usize,
    truths: &'a [f32],
    answers: &'a [f32],
    sources: Option<&'a [u32]>,
    /// What errors of each number are divided by in a mean.
    scales: Vec<f64>,
    /// Of labels, the examples in the order of each.
    rankings: Vec<Ranking>,
}

impl<'a> Judged<'a> {
    /// Of rows of truths and answers, `width` in each; `sources` are units of the bootstrap, where examples have some.
    ///
    /// # Panics
    /// Where there are not as many answers as truths.
    pub fn new(
        kind: TargetKind,
        width: usize,
        truths: &'a [f32],
        answers: &'a [f32],
        sources: Option<&'a [u32]>,
    ) -> Self {
        assert_eq!(truths.len(), answers.len(), "an answer for each truth");
        let count = truths.len() / width.max(1);
        let mut own = Self {
            kind,
            width,
            truths,
            answers,
            sources,
            scales: Vec::new(),
            rankings: Vec::new(),
        };
        for at in 0..width {
            let known = (0..count as u32).filter(|example| !own.truth(*example, at).is_nan());
            match kind {
                TargetKind::Numbers => {
                    let values: Vec<f64> = known.map(|e| f64::from(own.truth(e, at))).collect();
                    let scale = if width == 1 { 1.0 } else { spread(&values)[1] };
                    own.scales.push(scale);
                }
                TargetKind::Labels => {
                    let known: Vec<u32> = known.collect();
                    own.rankings
                        .push(Ranking::new(known, |e| own.answer(e, at)));
                }
            }
        }
        own
    }

    fn truth(&self, example: u32, at: usize) -> f32 {
        self.truths[example as usize * self.width + at]
    }

    fn answer(&self, example: u32, at: usize) -> f32 {
        self.answers[example as usize * self.width + at]
    }

    fn all(&self) -> Vec<u32> {
        (0..(self.truths.len() / self.width.max(1)) as u32).collect()
    }

    /// The examples of which a target is known.
    fn examples(&self, at: usize) -> Vec<u32> {
        let all = self.all().into_iter();
        all.filter(|example| !self.truth(*example, at).is_nan())
            .collect()
    }

    /// Of how many examples a target is known.
    pub fn known(&self, at: usize) -> usize {
        self.examples(at).len()
    }

    /// All measures, those that models are compared by first.
    pub fn measures(&self) -> Vec<Measure> {
        let exact = (self.kind == TargetKind::Labels).then_some(EXACT);
        let names = names(self.kind).iter().copied().chain(exact);
        names.map(|name| self.measure(name)).collect()
    }

    /// One of them over all targets.
    pub fn measure(&self, name: &'static str) -> Measure {
        let statistic = |drawn: &[u32]| self.over_all(name, drawn);
        let is_share = name == EXACT || name == ACCURACY && self.width == 1;
        let [value, low, high] = self.with_interval(name, is_share, &self.all(), statistic);
        Measure {
            name,
            value,
            low,
            high,
        }
    }

    /// One of them of one target.
    pub fn figure(&self, name: &'static str, at: usize) -> Figure {
        let statistic = |drawn: &[u32]| self.of_one(name, at, drawn);
        let examples = self.examples(at);
        let [value, low, high] = self.with_interval(name, name == ACCURACY, &examples, statistic);
        Figure {
            name: name.into(),
            value,
            interval: [low, high],
        }
    }

    /// A statistic of some examples with its interval, in which single examples or what they were cut from are drawn. `is_share`:
    /// each example is right or wrong, and the statistic is how many are right.
    fn with_interval(
        &self,
        name: &str,
        is_share: bool,
        examples: &[u32],
        statistic: impl Fn(&[u32]) -> f64,
    ) -> [f64; 3] {
        let value = statistic(examples);
        let units = Units::among(examples.iter().copied(), self.sources);
        // Where all are right, or none, the bootstrap would be certain.
        let (low, high) = match is_share && self.sources.is_none() && !examples.is_empty() {
            true => {
                let count = examples.len();
                wilson((value * count as f64).round() as usize, count)
            }
            false => units.interval(DRAWS, statistic),
        };
        // Of few units the ends are moved apart, not beyond what there can be.
        let [low, high] = [low, high].map(|end| Range::of_measure(name).nearest(end));
        [value, low, high]
    }

    /// The mean over the targets of some examples, each as often as it is named.
    pub fn over_all(&self, name: &str, drawn: &[u32]) -> f64 {
        if name == EXACT {
            let exact = drawn.iter().filter(|example| self.is_exact(**example));
            return exact.count() as f64 / drawn.len() as f64;
        }
        let has_unit = [MAE, RMSE].contains(&name);
        let each = (0..self.width).map(|at| {
            let value = self.of_one(name, at, drawn);
            if has_unit {
                value / self.scales[at]
            } else {
                value
            }
        });
        let each: Vec<f64> = each.filter(|value| value.is_finite()).collect();
        each.iter().sum::<f64>() / each.len() as f64
    }

    fn is_exact(&self, example: u32) -> bool {
        (0..self.width).all(|at| {
            let truth = self.truth(example, at);
            truth.is_nan() || self.is_right(example, at)
        })
    }

    /// Whether the more probable answer to a label is the right one.
    fn is_right(&self, example: u32, at: usize) -> bool {
        (self.answer(example, at) >= 0.5) == (self.truth(example, at) >= 0.5)
    }

    /// A measure of one target.
    fn of_one(&self, name: &str, at: usize, drawn: &[u32]) -> f64 {
        let known = drawn
            .iter()
            .copied()
            .filter(|example| !self.truth(*example, at).is_nan());
        match name {
            R2 | MAE | RMSE => {
                let pairs = known.map(|e| [self.truth(e, at), self.answer(e, at)].map(f64::from));
                of_numbers(name, pairs)
            }
            AUC | PRECISION => {
                let mut times = vec![0u32; self.truths.len() / self.width];
                known.for_each(|example| times[example as usize] += 1);
                let has = |example: u32| self.truth(example, at) >= 0.5;
                match name {
                    AUC => self.rankings[at].area(has, &times),
                    _ => self.rankings[at].average_precision(has, &times),
                }
            }
            _ => {
                // Of those that don't have the label, and of those that do.
                let mut counts = [[0u32; 2]; 2];
                for example in known {
                    let [all, right] = &mut counts[usize::from(self.truth(example, at) >= 0.5)];
                    *all += 1;
                    *right += u32::from(self.is_right(example, at));
                }
                let share = |[all, right]: [u32; 2]| f64::from(right) / f64::from(all);
                match name {
                    BALANCED => {
                        let shares = counts.into_iter().filter(|[all, _]| *all > 0).map(share);
                        let shares: Vec<f64> = shares.collect();
                        shares.iter().sum::<f64>() / shares.len() as f64
                    }
                    _ => share([counts[0][0] + counts[1][0], counts[0][1] + counts[1][1]]),
                }
            }
        }
    }
}

/// A measure of pairs of truth and answer.
fn of_numbers(name: &str, pairs: impl Iterator<Item = [f64; 2]>) -> f64 {
    let pairs: Vec<[f64; 2]> = pairs.collect();
    let count = pairs.len() as f64;
    let squares = || {
        pairs
            .iter()
            .map(|[truth, answer]| (answer - truth).powi(2))
            .sum::<f64>()
    };
    match name {
        MAE => {
            pairs
                .iter()
                .map(|[truth, answer]| (answer - truth).abs())
                .sum::<f64>()
                / count
        }
        RMSE => (squares() / count).sqrt(),
        _ => {
            let mean = pairs.iter().map(|[truth, _]| truth).sum::<f64>() / count;
            let all: f64 = pairs.iter().map(|[truth, _]| (truth - mean).powi(2)).sum();
            // Of one value there is nothing to explain.
            if all > 0.0 {
                1.0 - squares() / all
            } else {
                f64::NAN
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAN: f32 = f32::NAN;

    #[test]
    fn numbers_by_hand() {
        // Errors 1, 0, −1, and 2 where the truth is not known.
        let truths = [0.0, 2.0, 4.0, NAN];
        let answers = [1.0, 2.0, 3.0, 5.0];
        let judged = Judged::new(TargetKind::Numbers, 1, &truths, &answers, None);
        let value = |name| judged.measure(name).value;
        assert!((value(MAE) - 2.0 / 3.0).abs() < 1e-12 && judged.known(0) == 3);
        assert!((value(RMSE) - (2.0f64 / 3.0).sqrt()).abs() < 1e-12);
        assert!((value(R2) - 0.75).abs() < 1e-12);
        let names: Vec<&str> = judged.measures().iter().map(|m| m.name).collect();
        assert_eq!(names, ["r2", "mae", "rmse"]);
        let found = judged.measure(MAE);
        assert!(found.low >= 0.0 && found.low <= found.value && found.high >= found.value);
        // The example that is not known is not drawn.
        let figure = judged.figure(MAE, 0);
        let known = Judged::new(TargetKind::Numbers, 1, &truths[..3], &answers[..3], None);
        assert_eq!(figure, known.figure(MAE, 0));
        assert_eq!(figure.value, found.value);
    }

    #[test]
    fn errors_of_several_numbers_are_in_standard_deviations() {
        // The second number is a hundred times the first, its errors too.
        let truths = [0.0, 0.0, 2.0, 200.0, 4.0, 400.0];
        let answers = [1.0, 100.0, 2.0, 200.0, 3.0, 300.0];
        let judged = Judged::new(TargetKind::Numbers, 2, &truths, &answers, None);
        let scale = (8.0f64 / 3.0).sqrt();
        assert!((judged.measure(MAE).value - 2.0 / 3.0 / scale).abs() < 1e-12);
        assert!((judged.figure(MAE, 1).value - 200.0 / 3.0).abs() < 1e-9);
        // A number that is the same everywhere has no R², and is left out.
        let same = [1.0, 5.0, 2.0, 5.0];
        let judged = Judged::new(TargetKind::Numbers, 2, &same, &same, None);
        assert!(judged.figure(R2, 1).value.is_nan());
        assert_eq!(judged.measure(R2).value, 1.0);
        // What is known of a single example says nothing about others.
        let judged = Judged::new(TargetKind::Numbers, 1, &[1.0, NAN], &[2.0, 2.0], None);
        let one = judged.figure(MAE, 0);
        assert!(one.value == 1.0 && one.interval[0].is_nan());
    }

    #[test]
    fn labels_by_hand() {
        let truths = [1.0, 0.0, 0.0, 1.0, 1.0, NAN, 0.0, 1.0];
        let answers = [0.9, 0.2, 0.6, 0.8, 0.7, 0.9, 0.1, 0.4];
        let judged = Judged::new(TargetKind::Labels, 2, &truths, &answers, None);
        // The first label: all but one of four right, and perfectly ranked.
        let accuracy = judged.figure(ACCURACY, 0);
        assert_eq!(
            (accuracy.value, accuracy.interval),
            (0.75, wilson(3, 4).into())
        );
        assert_eq!(judged.figure(BALANCED, 0).value, 0.75);
        assert_eq!(
            (
                judged.figure(AUC, 0).value,
                judged.figure(PRECISION, 0).value
            ),
            (1.0, 1.0)
        );
        // The second: right, right, not known, wrong.
        assert!((judged.figure(ACCURACY, 1).value - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(judged.known(1), 3);
        assert!((judged.measure(ACCURACY).value - (0.75 + 2.0 / 3.0) / 2.0).abs() < 1e-12);
        // Examples 0 and 2 are right in all that is known.
        assert_eq!(judged.measure(EXACT).value, 0.5);
        assert_eq!(judged.measures()[0].name, AUC);
        let none = Judged::new(TargetKind::Labels, 2, &[], &[], None);
        assert!(none.measure(AUC).value.is_nan() && none.measure(EXACT).value.is_nan());
    }

    #[test]
    fn examples_of_one_source_are_drawn_together() {
        let truths: Vec<f32> = (0..400).map(|i| (i / 40) as f32).collect();
        let answers: Vec<f32> = (0..400).map(|i| (i / 40 + i / 40 % 2) as f32).collect();
        let width = |sources: Option<&[u32]>| {
            let judged = Judged::new(TargetKind::Numbers, 1, &truths, &answers, sources);
            let found = judged.measure(MAE);
            found.high - found.low
        };
        let sources: Vec<u32> = (0..400).map(|i| i / 40).collect();
        assert!(width(Some(&sources)) > 4.0 * width(None));
    }
}
