//! Finished runs: their settings and what they found.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gcnn_train::TrainError;
use gcnn_train::files::read_text;
use gcnn_train::run_file::{RunConfig, TaskName, flatten, value_of};
use gcnn_train::training::run::Report;
use gcnn_train::training::run_folder::RunFolder;
use serde::Deserialize;
use toml::{Table, Value};

use crate::ProgramError;

/// Settings that say nothing about what is compared: repetitions, and what only takes time and memory. Not among them is
/// `dataset.chunk_memory_mib`, by which PatchCamelyon's patches are shuffled in larger or smaller windows.
const INDIFFERENT: [&str; 9] = [
    "seed",
    "device",
    "devices",
    "output",
    "training.eval_batch_size",
    "training.checkpoint_every",
    "dataset.cache",
    "dataset.cache_path",
    "dataset.memory_limit_mib",
];

/// What a cross-validation is told by.
pub const FOLDS: &str = "folds.json";

/// What is read of it.
#[derive(Deserialize)]
struct Pooled {
    each: Vec<Option<f64>>,
    pictures: usize,
    #[serde(flatten)]
    measures: PooledMeasures,
}

/// Of classes, or of numbers or labels.
#[derive(Deserialize)]
#[serde(untagged)]
enum PooledMeasures {
    Classes {
        accuracy: PooledMeasure,
        balanced_accuracy: PooledMeasure,
    },
    Targets {
        goal: String,
        measures: Vec<PooledMeasure>,
    },
}

#[derive(Deserialize)]
struct PooledMeasure {
    name: String,
    value: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
}

/// A run with a report.
#[derive(Debug, Clone)]
pub struct FinishedRun {
    /// Its folder.
    pub folder: PathBuf,
    /// What it learned.
    pub task: TaskName,
    /// Its configuration, complete.
    pub settings: Table,
    /// Its end.
    pub report: Report,
    /// Of a cross-validation, how many folds there are.
    pub folds: Option<usize>,
}

impl FinishedRun {
    /// Reads a run folder, or that of a cross-validation; none if the run has no report yet.
    pub fn open(path: &Path) -> Result<Option<Self>, ProgramError> {
        let folder = RunFolder::at(path);
        if path.join(FOLDS).is_file() {
            return Self::of_folds(path).map(Some);
        }
        if !folder.config().is_file() {
            return Err(ProgramError::Refused(format!(
                "{} is not a run folder: it holds no config.toml",
                path.display()
            )));
        }
        let config = RunConfig::load(&folder.config(), &[])?;
        let Some(report) = Report::read(&folder)? else {
            return Ok(None);
        };
        let settings: Table = config.to_toml()?.parse().map_err(|e: toml::de::Error| {
            TrainError::io("read", folder.config())(std::io::Error::other(e.to_string()))
        })?;
        Ok(Some(Self {
            folder: path.to_path_buf(),
            task: config.experiment.task(),
            settings,
            report,
            folds: None,
        }))
    }

    /// All folds as one run: what they say of all pictures together.
    fn of_folds(path: &Path) -> Result<Self, ProgramError> {
        let file = path.join(FOLDS);
        let text = read_text(&file)?;
        let fault = |reason: String| TrainError::weights(&file, reason);
        let found: Pooled = serde_json::from_str(&text).map_err(|e| fault(e.to_string()))?;
        let first = path.join("fold-0");
        let Some(mut run) = Self::open(&first)? else {
            return Err(fault("its first fold is not finished".into()).into());
        };
        let (mut metrics, mut intervals) = (serde_json::Map::new(), serde_json::Map::new());
        let (goal, measures) = match found.measures {
            PooledMeasures::Classes {
                accuracy,
                balanced_accuracy,
            } => ("accuracy".to_string(), vec![accuracy, balanced_accuracy]),
            PooledMeasures::Targets { goal, measures } => (goal, measures),
        };
        for measure in measures {
            metrics.insert(measure.name.clone(), measure.value.into());
            intervals.insert(measure.name, vec![measure.low, measure.high].into());
        }
        run.report.test = serde_json::json!({
            "metrics": metrics,
            "intervals": intervals,
            "goal": goal,
        });
        run.report.test_examples = found.pictures;
        if let Some(dataset) = run
            .settings
            .get_mut("dataset")
            .and_then(Value::as_table_mut)
        {
            dataset.remove("fold");
        }
        Ok(Self {
            folder: path.to_path_buf(),
            folds: Some(found.each.len()),
            ..run
        })
    }

    /// The 95 % interval of a test measure.
    pub fn interval(&self, name: &str) -> Option<[f64; 2]> {
        let ends = &self.report.test["intervals"][name];
        Some([ends[0].as_f64()?, ends[1].as_f64()?])
    }

    /// A setting, by its full name.
    pub fn setting(&self, key: &str) -> Option<Value> {
        value_of(&self.settings, key).cloned()
    }

    /// Every setting that matters, by its full name.
    pub fn flat(&self) -> BTreeMap<String, Value> {
        let mut flat = flatten(&self.settings);
        flat.retain(|key, _| !INDIFFERENT.contains(&key.as_str()));
        flat
    }

    /// The test measure that runs of the task are judged by first.
    pub fn first_measure(&self) -> Option<String> {
        if let Some(goal) = self.report.test["goal"].as_str() {
            return Some(goal.to_string());
        }
        // Reports of older versions do not name it.
        let measures = self.measures();
        let known = ["accuracy", "mse"];
        let found = known
            .iter()
            .find(|name| measures.iter().any(|m| m == *name));
        found.map(|name| name.to_string())
    }

    /// The names of all test measures.
    pub fn measures(&self) -> Vec<String> {
        self.report.test_values().into_keys().collect()
    }

    /// A test measure, which may be no number.
    pub fn measure(&self, name: &str) -> Option<f64> {
        self.report.test_values().get(name).copied()
    }
}

/// The names of the settings in which runs differ.
pub fn differing<'a>(runs: impl Iterator<Item = &'a FinishedRun>) -> Vec<String> {
    let flat: Vec<BTreeMap<String, Value>> = runs.map(FinishedRun::flat).collect();
    let mut names: Vec<String> = flat.iter().flat_map(|run| run.keys().cloned()).collect();
    names.sort();
    names.dedup();
    names.retain(|name| flat.iter().any(|run| run.get(name) != flat[0].get(name)));
    names
}

/// A setting's value as people write it, without quotes.
pub fn words(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => "-".into(),
    }
}
