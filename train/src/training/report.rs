//! What a run came to: `report.json`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::TrainError;
use crate::files::{read_text, write_atomically};
use crate::task::calibration::Calibration;
use crate::task::class_report::ClassReport;
use crate::task::equivariance::ElementError;
use crate::task::metrics::{interval_words, significant};
use crate::task::targets::TargetReport;
use crate::training::divergence::Return;
use crate::training::run_folder::RunFolder;

/// The end of a run: `report.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// The test split with the best validation weights: metrics and intervals.
    pub test: serde_json::Value,
    /// Examples in the test split.
    pub test_examples: usize,
    /// The best validation epoch, counted from 1.
    pub best_epoch: usize,
    /// Its validation measures.
    #[serde(with = "crate::task::numbers::map")]
    pub validation: BTreeMap<String, f64>,
    /// Parameters of the network.
    pub parameters: usize,
    /// The run's seed.
    pub seed: u64,
    /// Where it was computed.
    pub device: String,
    /// Where the run diverged and went back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub returns: Vec<Return>,
    /// Of a classifier: the test split, class by class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<ClassReport>,
    /// Of a classifier: how far its probabilities are to be believed, on the test split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
    /// Of a network for numbers or labels: the test split, one by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub targets: Option<TargetReport>,
    /// What was told of data, network and training that may have kept it from being better.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Equivariance of the trained network, per group element.
    pub equivariance: Vec<ElementError>,
    /// How many test examples that was measured on; older versions did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equivariance_examples: Option<usize>,
}

impl Report {
    /// The test measures by name; what was no number has none in JSON.
    pub fn test_values(&self) -> BTreeMap<String, f64> {
        let names = self.test["intervals"].as_object().into_iter().flatten();
        names
            .map(|(name, _)| (name.clone(), self.test_value(name)))
            .collect()
    }

    fn test_value(&self, name: &str) -> f64 {
        self.test["metrics"][name].as_f64().unwrap_or(f64::NAN)
    }

    /// The report of a run folder; none before the run is finished.
    pub fn read(folder: &RunFolder) -> Result<Option<Self>, TrainError> {
        let path = folder.report();
        if !path.is_file() {
            return Ok(None);
        }
        let report = serde_json::from_str(&read_text(&path)?);
        report
            .map(Some)
            .map_err(|e| TrainError::io("read", &path)(e.into()))
    }

    /// Writes `report.json`, whole or not at all.
    pub(crate) fn write(&self, folder: &RunFolder) -> Result<(), TrainError> {
        let path = folder.report();
        let json = serde_json::to_string_pretty(self)
            .map_err(|e| TrainError::io("write", &path)(e.into()))?;
        write_atomically(&path, json.as_bytes())
    }

    /// The report in words.
    pub fn text(&self) -> String {
        let mut text = format!(
            "{} parameters; best validation epoch {}\n",
            self.parameters, self.best_epoch
        );
        for gone in &self.returns {
            text.push_str(&format!(
                "diverged in epoch {} and went back to the end of epoch {}, to {} times its learning rate\n",
                gone.epoch, gone.to_epoch, gone.rate_factor
            ));
        }
        text.push_str(&format!(
            "test ({} examples, seen once):\n",
            self.test_examples
        ));
        if let Some(intervals) = self.test["intervals"].as_object() {
            let width = intervals.keys().map(String::len).max().unwrap_or(0).max(10);
            for (name, interval) in intervals {
                let end = |i: usize| interval[i].as_f64().unwrap_or(f64::NAN);
                text.push_str(&format!(
                    "  {name:<width$} {}  ({})\n",
                    significant(self.test_value(name)),
                    interval_words([end(0), end(1)])
                ));
            }
        }
        if let Some(targets) = &self.targets {
            text.push_str(&targets.text());
        }
        if let Some(calibration) = &self.calibration {
            text.push_str(&calibration.text());
        }
        if !self.equivariance.is_empty() {
            let examples = match self.equivariance_examples {
                Some(count) => format!("{count} test examples"),
                None => "test examples".into(),
            };
            text.push_str(&format!(
                "equivariance of the trained network on {examples}:\n"
            ));
            for e in &self.equivariance {
                let same = e.same_answer.map_or(String::new(), |share| {
                    format!(", same answer {:.2} %", share * 100.0)
                });
                text.push_str(&format!(
                    "  {:<44} relative error {:.1e}{same}\n",
                    e.element, e.relative_error
                ));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What versions wrote that knew no classes, and what is no number there.
    #[test]
    fn older_reports_are_read_and_newer_ones_come_back() {
        let old = r#"{"test": {"metrics": {"loss": 0.5}, "intervals": {"loss": [0.4, 0.6]}}, "test_examples": 3,
            "best_epoch": 2, "validation": {"loss": null}, "parameters": 7, "seed": 1, "device": "flex",
            "equivariance": []}"#;
        let mut report: Report = serde_json::from_str(old).expect("an old report");
        assert!(report.classes.is_none() && report.calibration.is_none());
        assert!(report.text().contains("test (3 examples, seen once)"));
        let names = ["a", "b"].map(String::from);
        report.classes = Some(ClassReport::new(&[1.0, 0.0], &[0], &names, None));
        let root = tempfile::tempdir().expect("a temporary folder");
        let folder = RunFolder::at(root.path());
        report.write(&folder).expect("written");
        let read = Report::read(&folder).expect("read").expect("a report");
        let classes = read.classes.expect("classes");
        // Of one class there is no area, and of one example no interval.
        assert!(classes.auc.is_nan() && classes.auc_interval[1].is_nan());
        assert_eq!(classes.confusion, [[1, 0], [0, 0]]);
    }
}
