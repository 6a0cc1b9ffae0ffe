//! Two networks for numbers or labels on the same test images.
//!
//! ```text
//! numbers      difference = MAE of the second less that of the first, in standard deviations where there are several
//! labels       difference = mean AUC of the second less that of the first
//! interval     bootstrap over the images, or over what they were cut from, of both networks at once
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gcnn_datasets::TargetKind;
use gcnn_train::task::bootstrap::Units;
use gcnn_train::task::metrics::{interval_words, significant};
use gcnn_train::task::targets::measures::{AUC, MAE};
use gcnn_train::task::targets::{TargetPredictions, report};
use serde::Serialize;

use crate::ProgramError;

/// Draws of the bootstrap.
const DRAWS: usize = 1_000;

/// Two networks on the same images.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairedTargets {
    /// The run folders or weights files.
    pub weights: [PathBuf; 2],
    /// What is compared: `mae`, of which less is better, or `auc`.
    pub measure: &'static str,
    /// Test images.
    pub examples: usize,
    /// The larger images that they were cut from, or the images themselves.
    pub units: usize,
    /// The measure of each.
    pub values: [f64; 2],
    /// Of the second less that of the first.
    pub difference: f64,
    /// Its 95 % interval; no numbers where all images were cut from one.
    pub interval: [f64; 2],
}

impl PairedTargets {
    /// From what both said, in whatever order each has the images, where these have names.
    ///
    /// # Errors
    /// Where they are not of the same targets and images.
    pub fn new(weights: [&Path; 2], said: [TargetPredictions; 2]) -> Result<Self, ProgramError> {
        let differ = |what: &str| {
            let [a, b] = weights.map(Path::display);
            Err(ProgramError::Refused(format!(
                "{a} and {b} are of different {what}"
            )))
        };
        let [first, second] = said;
        if (first.kind(), first.names()) != (second.kind(), second.names()) {
            return differ("numbers or labels");
        }
        let Some(second) = in_order_of(&first, second) else {
            return differ("pictures");
        };
        let same = first.truths().iter().zip(second.truths());
        if !same
            .into_iter()
            .all(|(a, b)| a == b || a.is_nan() && b.is_nan())
        {
            return differ("values of the same pictures");
        }
        let measure = match first.kind() {
            TargetKind::Numbers => MAE,
            TargetKind::Labels => AUC,
        };
        let examples = first.len();
        let units = first
            .groups()
            .map_or_else(|| Units::each(examples), Units::by_source);
        let judged = [first.judged(), second.judged()];
        let values = |drawn: &[u32]| judged.each_ref().map(|one| one.over_all(measure, drawn));
        let less = |[first, second]: [f64; 2]| second - first;
        let all: Vec<u32> = (0..examples as u32).collect();
        let (low, high) = units.interval(DRAWS, |drawn| less(values(drawn)));
        Ok(Self {
            weights: weights.map(Path::to_path_buf),
            measure,
            examples,
            units: units.count(),
            values: values(&all),
            difference: less(values(&all)),
            interval: [low, high],
        })
    }

    /// In words.
    pub fn text(&self) -> String {
        let names = self
            .weights
            .each_ref()
            .map(|path| path.display().to_string());
        let difference = "second less first";
        let width = names
            .iter()
            .map(|name| name.chars().count())
            .max()
            .unwrap_or(0);
        let width = width.max(difference.len());
        let [first, second] = self.values.map(significant);
        format!(
            "{} on the same {} test images (bootstrap over {} of them or of what they were cut from):\n  {:width$}  {first}\n  \
             {:width$}  {second}\n  {difference:width$}  {}  ({})\n",
            report::title(self.measure),
            self.examples,
            self.units,
            names[0],
            names[1],
            significant(self.difference),
            interval_words(self.interval),
        )
    }
}

/// The second set's examples in the order of the first one's, by their names; as they are where they have none. None where they
/// are others.
fn in_order_of(first: &TargetPredictions, second: TargetPredictions) -> Option<TargetPredictions> {
    if first.len() != second.len() {
        return None;
    }
    let (Some(names), Some(others)) = (first.files(), second.files()) else {
        return Some(second);
    };
    let places: BTreeMap<&String, usize> = others.iter().zip(0..).collect();
    let order: Option<Vec<usize>> = names.iter().map(|name| places.get(name).copied()).collect();
    Some(second.select(&order?))
}

#[cfg(test)]
mod tests {
    use gcnn_datasets::Split;

    use super::*;

    fn said(kind: TargetKind, files: &[&str], rows: &[[f32; 2]]) -> TargetPredictions {
        let names = vec!["mass".to_string()];
        let truths = rows.iter().map(|[truth, _]| *truth).collect();
        let answers = rows.iter().map(|[_, answer]| *answer).collect();
        let files = files.iter().map(|file| file.to_string()).collect();
        TargetPredictions::new(Split::Test, kind, names, truths, answers)
            .and_then(|own| own.with_files(Some(files)))
            .expect("answers")
    }

    #[test]
    fn differences_are_of_the_same_pictures_in_any_order() {
        let paths = ["a", "b"].map(Path::new);
        let numbers = TargetKind::Numbers;
        let first = said(
            numbers,
            &["x", "y", "z"],
            &[[0.0, 1.0], [1.0, 2.0], [5.0, 4.0]],
        );
        let second = said(
            numbers,
            &["z", "x", "y"],
            &[[5.0, 4.5], [0.0, 0.5], [1.0, 1.5]],
        );
        let found = PairedTargets::new(paths, [first.clone(), second]).expect("the same");
        assert_eq!(
            (found.measure, found.values, found.difference),
            ("mae", [1.0, 0.5], -0.5)
        );
        // Each picture gains the same.
        assert!(
            found.interval.iter().all(|end| (end + 0.5).abs() < 1e-9),
            "{found:?}"
        );
        assert!(
            found.text().contains("second less first"),
            "{}",
            found.text()
        );
        let other = said(
            numbers,
            &["x", "y", "q"],
            &[[0.0, 1.0], [1.0, 2.0], [5.0, 4.0]],
        );
        let error = PairedTargets::new(paths, [first.clone(), other]).expect_err("others");
        assert!(error.to_string().contains("different pictures"), "{error}");
        let other = said(
            numbers,
            &["x", "y", "z"],
            &[[0.5, 1.0], [1.0, 2.0], [5.0, 4.0]],
        );
        let error = PairedTargets::new(paths, [first.clone(), other]).expect_err("others");
        assert!(error.to_string().contains("values of the same"), "{error}");
        let labels = said(TargetKind::Labels, &["x"], &[[1.0, 0.5]]);
        assert!(PairedTargets::new(paths, [first, labels]).is_err());
    }
}
