//! Numbers about a model: per-example outcomes, and what is concluded from them.
//!
//! An evaluation keeps one row per example, so that every conclusion can state how far it is to be trusted:
//!
//! ```text
//! a share k of n       Wilson's score interval, (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n)
//! a mean               the normal interval, mean ± z · s / √n
//! ```
//!
//! with z = 1.96 for 95 %. Source: Wilson 1927; Brown, Cai and DasGupta 2001.

use serde::{Deserialize, Serialize};

const Z: f64 = 1.959_963_984_540_054;

/// One row of numbers per example, in columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcomes {
    names: &'static [&'static str],
    columns: Vec<Vec<f32>>,
}

impl Outcomes {
    /// An empty table.
    pub fn new(names: &'static [&'static str]) -> Self {
        Self {
            names,
            columns: vec![Vec::new(); names.len()],
        }
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

    /// The mean of a column, with its normal 95 % interval.
    pub fn mean(&self, name: &'static str) -> Measure {
        let values = self.column(name);
        let n = values.len().max(1) as f64;
        let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
        let square = values
            .iter()
            .map(|v| (f64::from(*v) - mean).powi(2))
            .sum::<f64>();
        let half = Z * (square / (n - 1.0).max(1.0) / n).sqrt();
        Measure {
            name,
            value: mean,
            low: mean - half,
            high: mean + half,
        }
    }

    /// The share of examples whose column is positive, with Wilson's 95 % interval.
    pub fn share(&self, name: &'static str) -> Measure {
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

/// Wilson's 95 % interval for `hits` out of `n`.
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

/// A named number with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Measure {
    /// The number's name, such as `accuracy`.
    pub name: &'static str,
    /// The number.
    pub value: f64,
    /// Lower end of the 95 % interval.
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
    fn sums_weigh_a_short_batch_by_its_size() {
        let mut sums = Sums::default();
        sums.extend(&[1.0, 0.0, 1.0, 0.0, 1.0, 0.0], 2);
        sums.extend(&[5.0, 1.0], 2);
        assert_eq!(sums.examples, 4);
        assert_eq!((sums.mean(0), sums.mean(1)), (2.0, 0.25));
    }
}
