//! Numbers about a model: per-example outcomes, and what is concluded from them.
//!
//! An evaluation keeps one row per example, so that every conclusion can state how far it is to be trusted:
//!
//! ```text
//! a share k of n       Wilson's score interval
//! a mean               the normal interval, mean ± z · s / √n with z = 1.96
//! either, where        the bootstrap (crate::task::bootstrap)
//!   examples are alike
//! ```
//!
//! each inside of what such numbers can be ([`crate::task::interval`]).

use serde::{Deserialize, Serialize};

use crate::task::bootstrap::Units;
use crate::task::interval::{Range, Z, wilson};

/// Draws of a bootstrap.
const DRAWS: usize = 2_000;

/// One row of numbers per example, in columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcomes {
    names: &'static [&'static str],
    columns: Vec<Vec<f32>>,
    sources: Option<Vec<u32>>,
    labels: Vec<u8>,
    truths: Vec<f32>,
    scores: Vec<f32>,
}

impl Outcomes {
    /// An empty table.
    pub fn new(names: &'static [&'static str]) -> Self {
        Self {
            names,
            columns: vec![Vec::new(); names.len()],
            sources: None,
            labels: Vec::new(),
            truths: Vec::new(),
            scores: Vec::new(),
        }
    }

    /// Says what each example was cut from. Examples of one source are alike: intervals are then a bootstrap over sources.
    pub fn with_sources(mut self, sources: Option<Vec<u32>>) -> Self {
        self.sources = sources;
        self
    }

    /// Says which class each example is of.
    pub fn with_labels(mut self, labels: Vec<u8>) -> Self {
        self.labels = labels;
        self
    }

    /// Says what each example has in place of a class, row by row; NaN where it is not known.
    pub fn with_truths(mut self, truths: Vec<f32>) -> Self {
        self.truths = truths;
        self
    }

    /// What each example has in place of a class, row by row; empty where the task has nothing of the kind.
    pub fn truths(&self) -> &[f32] {
        &self.truths
    }

    /// What each example was cut from, where it was cut from something.
    pub fn sources(&self) -> Option<&[u32]> {
        self.sources.as_deref()
    }

    /// The class of each example; empty where the task has none.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// What the bootstrap draws: examples, or what they were cut from.
    pub fn units(&self) -> Units {
        match &self.sources {
            Some(sources) => Units::by_source(sources),
            None => Units::each(self.len()),
        }
    }

    /// Appends the scores of examples, row by row, one for each class, or for what stands in place of classes.
    pub fn extend_scores(&mut self, rows: &[f32]) {
        self.scores.extend_from_slice(rows);
    }

    /// The scores of all examples, row by row; empty where the task has no classes.
    pub fn scores(&self) -> &[f32] {
        &self.scores
    }

    /// Appends rows, given row by row.
    pub fn extend(&mut self, rows: &[f32]) {
        for row in rows.chunks_exact(self.names.len().max(1)) {
            for (column, value) in self.columns.iter_mut().zip(row) {
                column.push(*value);
            }
        }
    }

    /// Number of examples.
    pub fn len(&self) -> usize {
        self.columns.first().map_or(0, Vec::len)
    }

    /// Whether there is no example.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values of one column.
    pub fn column(&self, name: &str) -> &[f32] {
        self.names
            .iter()
            .position(|n| *n == name)
            .map_or(&[], |i| &self.columns[i])
    }

    /// The mean of a column, with its normal 95 % interval, or a bootstrap's over sources.
    pub fn mean(&self, name: &'static str) -> Measure {
        if self.sources.is_some() {
            return self.bootstrap_mean(name);
        }
        let values = self.column(name);
        let n = values.len().max(1) as f64;
        let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
        let square = values
            .iter()
            .map(|v| (f64::from(*v) - mean).powi(2))
            .sum::<f64>();
        let half = Z * (square / (n - 1.0).max(1.0) / n).sqrt();
        let least = values.iter().copied().fold(f32::INFINITY, f32::min);
        let range = match least >= 0.0 {
            true => Range::NotNegative,
            false => Range::Any,
        };
        let [low, high] = range.about(mean, half);
        Measure {
            name,
            value: mean,
            low,
            high,
        }
    }

    /// The mean of a column, with a bootstrap interval over the examples (or their sources): for numbers of which a few
    /// large ones carry the mean, such as squared errors.
    pub fn bootstrap_mean(&self, name: &'static str) -> Measure {
        let values = self.column(name);
        let units = self.units();
        let mean = |examples: &[u32]| {
            let sum: f64 = examples
                .iter()
                .map(|e| f64::from(values[*e as usize]))
                .sum();
            sum / examples.len().max(1) as f64
        };
        let all: Vec<u32> = (0..values.len() as u32).collect();
        let (low, high) = units.interval(DRAWS, mean);
        // Of few units the ends are moved apart, which no mean of squares below 0 comes from.
        let least = match values.iter().all(|value| *value >= 0.0) {
            true => 0.0,
            false => f64::NEG_INFINITY,
        };
        Measure {
            name,
            value: mean(&all),
            low: low.clamp(least, f64::INFINITY),
            high,
        }
    }

    /// The share of examples whose column is positive, with Wilson's 95 % interval, or a bootstrap's over sources. The
    /// column holds zeros and ones.
    pub fn share(&self, name: &'static str) -> Measure {
        if self.sources.is_some() {
            let drawn = self.bootstrap_mean(name);
            return Measure {
                high: drawn.high.clamp(0.0, 1.0),
                ..drawn
            };
        }
        let values = self.column(name);
        let hits = values.iter().filter(|v| **v > 0.0).count();
        let (low, high) = wilson(hits, values.len());
        Measure {
            name,
            value: hits as f64 / values.len().max(1) as f64,
            low,
            high,
        }
    }
}

/// A number with at least four digits that say something.
///
/// ```
/// use gcnn_train::task::metrics::significant;
///
/// assert_eq!(significant(0.942), "0.9420");
/// assert_eq!(significant(0.0046713), "0.004671");
/// assert_eq!(significant(1.2e-9), "1.200e-9");
/// assert_eq!(significant(f64::NAN), "none");
/// ```
pub fn significant(value: f64) -> String {
    if value.is_nan() {
        return "none".into();
    }
    let size = value.abs();
    if size >= 0.1 || size == 0.0 || !size.is_finite() {
        return format!("{value:.4}");
    }
    if size < 1e-5 {
        return format!("{value:.3e}");
    }
    let digits = (3 - size.log10().floor() as i32).max(4) as usize;
    format!("{value:.digits$}")
}

/// A 95 % interval in words; there may be none.
///
/// ```
/// use gcnn_train::task::metrics::interval_words;
///
/// assert_eq!(interval_words([0.5, 0.75]), "95 % interval 0.5000 to 0.7500");
/// assert_eq!(interval_words([f64::NAN; 2]), "95 % interval none");
/// ```
pub fn interval_words(ends: [f64; 2]) -> String {
    match ends.iter().any(|end| end.is_nan()) {
        true => "95 % interval none".into(),
        false => {
            let [low, high] = ends.map(significant);
            format!("95 % interval {low} to {high}")
        }
    }
}

/// A named number with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Measure {
    /// The number's name, such as `accuracy`.
    pub name: &'static str,
    /// The number.
    pub value: f64,
    /// Lower end of the 95 % interval; no number where there is none, as of examples of a single source.
    pub low: f64,
    /// Upper end of the 95 % interval.
    pub high: f64,
}

/// Sums over the examples of an epoch so far, one per outcome column.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    /// Examples seen.
    pub examples: usize,
    /// Sum of each column.
    #[serde(with = "crate::task::numbers::list")]
    pub totals: Vec<f64>,
}

impl Sums {
    /// Adds rows of `width` columns.
    pub fn extend(&mut self, rows: &[f32], width: usize) {
        self.totals.resize(width, 0.0);
        for row in rows.chunks_exact(width.max(1)) {
            self.examples += 1;
            for (total, value) in self.totals.iter_mut().zip(row) {
                *total += f64::from(*value);
            }
        }
    }

    /// The mean of column `index`.
    pub fn mean(&self, index: usize) -> f64 {
        self.totals.get(index).copied().unwrap_or(0.0) / self.examples.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_counts_every_example_once() {
        let mut outcomes = Outcomes::new(&["loss", "accuracy"]);
        outcomes.extend(&[1.0, 1.0, 3.0, 0.0]);
        outcomes.extend(&[5.0, 1.0]);
        assert_eq!(outcomes.len(), 3);
        let loss = outcomes.mean("loss");
        assert!((loss.value - 3.0).abs() < 1e-12);
        // s = 2, n = 3
        assert!((loss.high - loss.value - Z * 2.0 / 3f64.sqrt()).abs() < 1e-12);
        assert!((outcomes.share("accuracy").value - 2.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn the_bootstrap_agrees_with_the_normal_interval_where_that_holds() {
        let mut outcomes = Outcomes::new(&["mse"]);
        let rows: Vec<f32> = (0..1000u32).map(|i| (i * 7 % 100) as f32).collect();
        outcomes.extend(&rows);
        let (normal, drawn) = (outcomes.mean("mse"), outcomes.bootstrap_mean("mse"));
        assert_eq!(normal.value, drawn.value);
        let half = normal.high - normal.value;
        assert!((drawn.low - normal.low).abs() < 0.1 * half, "{drawn:?}");
        assert!((drawn.high - normal.high).abs() < 0.1 * half, "{drawn:?}");
        assert_eq!(outcomes.bootstrap_mean("mse"), drawn);
        // One large value in many: the interval is not symmetric and stays positive.
        let mut skewed = Outcomes::new(&["mse"]);
        skewed.extend(&[0.01; 99]);
        skewed.extend(&[10.0]);
        let measure = skewed.bootstrap_mean("mse");
        assert!(measure.low > 0.0 && measure.low < measure.value);
        assert!(measure.high - measure.value > measure.value - measure.low);
        let nothing = Outcomes::new(&["mse"]).bootstrap_mean("mse");
        assert!(nothing.value == 0.0 && nothing.low.is_nan());
        // Of few numbers the interval is moved apart, but not beyond what can be.
        let mut few = Outcomes::new(&["mse"]);
        few.extend(&[0.0, 0.0, 0.0, 1.0]);
        assert_eq!(few.bootstrap_mean("mse").low, 0.0);
        let shares = few.with_sources(Some(vec![1, 2, 3, 4])).share("mse");
        assert!(
            shares.high > shares.value && shares.high <= 1.0,
            "{shares:?}"
        );
    }

    #[test]
    fn examples_of_one_source_make_the_interval_wider() {
        let mut outcomes = Outcomes::new(&["loss", "accuracy"]);
        let rows: Vec<f32> = (0..400)
            .flat_map(|i| [1.0, if i / 40 % 2 == 0 { 1.0 } else { 0.0 }])
            .collect();
        outcomes.extend(&rows);
        let alone = outcomes.share("accuracy");
        let together = outcomes
            .clone()
            .with_sources(Some((0..400).map(|i| i / 40).collect()))
            .share("accuracy");
        assert_eq!((alone.value, together.value), (0.5, 0.5));
        assert!(together.high - together.low > 4.0 * (alone.high - alone.low));
        let one = outcomes.with_sources(Some(vec![3; 400])).share("accuracy");
        assert!(one.value == 0.5 && one.low.is_nan() && one.high.is_nan());
    }

    #[test]
    fn sums_weigh_a_short_batch_by_its_size() {
        let mut sums = Sums::default();
        sums.extend(&[1.0, 0.0, 1.0, 0.0, 1.0, 0.0], 2);
        sums.extend(&[5.0, 1.0], 2);
        assert_eq!(sums.examples, 4);
        assert_eq!((sums.mean(0), sums.mean(1)), (2.0, 0.25));
    }
}
