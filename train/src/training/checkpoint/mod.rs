//! Everything a run needs to go on as if nothing had happened, in one file that is replaced as a whole.
//!
//! Randomness needs no state of its own: the order and augmentation of the data depend on (seed, epoch), dropout on
//! (seed, step). What is left is the weights, the optimizer, and the counts in [`Progress`].

mod content;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

pub use content::Content;
use gcnn_models::file::{WeightsFile, check_finite};
use serde::{Deserialize, Serialize};

use crate::TrainError;
use crate::task::metrics::Sums;
use crate::training::divergence::{Return, Watch};
use crate::training::optimizer::UpdaterScalars;
use crate::training::run_folder::EpochRecord;
use crate::training::schedule::Standstill;
use crate::weights::arrays::{self as weights, Weights};

const FORMAT: &str = "1";

/// The best epoch so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// Epoch, counted from 1.
    pub epoch: usize,
    /// Its validation measures.
    #[serde(with = "crate::task::numbers::map")]
    pub measures: BTreeMap<String, f64>,
}

/// How far a run has come.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The epoch in work, counted from 0.
    pub epoch: usize,
    /// Batches of it that are done.
    pub batch: usize,
    /// Optimizer steps done.
    pub step: u64,
    /// Training metrics of the epoch in work.
    pub sums: Sums,
    /// What the losses so far say.
    #[serde(default)]
    pub watch: Watch,
    /// How often it went back because it diverged.
    #[serde(default)]
    pub returns: Vec<Return>,
    /// Seconds spent on the epoch in work.
    pub seconds: f64,
    /// The finished epochs.
    pub history: Vec<EpochRecord>,
    /// The best of them.
    pub best: Option<Best>,
    /// Epochs since the best one.
    pub since_best: usize,
    /// What the learning rate's `plateau` schedule remembers.
    pub plateau: Standstill,
    /// Whether training is over (the epochs are done, or early stopping ended them).
    pub finished: bool,
}

/// A run, frozen between two steps.
pub struct Checkpoint {
    /// Counts and records.
    pub progress: Progress,
    /// The weights.
    pub model: Weights,
    /// Their running average, where one is kept.
    pub average: Option<Weights>,
    /// The weights of the best epoch.
    pub best: Option<Weights>,
    /// The optimizer's arrays.
    pub optimizer: Weights,
    /// The optimizer's numbers.
    pub scalars: UpdaterScalars,
}

impl Checkpoint {
    /// Writes the file, whole or not at all.
    pub fn save(&self, path: &Path) -> Result<(), TrainError> {
        let mut arrays = Weights::new();
        let groups = [
            ("model", Some(&self.model)),
            ("average", self.average.as_ref()),
            ("best", self.best.as_ref()),
            ("optimizer", Some(&self.optimizer)),
        ];
        for (group, weights) in groups {
            for (name, array) in weights.into_iter().flatten() {
                arrays.insert(format!("{group}/{name}"), array.clone());
            }
        }
        let metadata = HashMap::from([
            ("checkpoint".to_string(), FORMAT.to_string()),
            (
                "progress".to_string(),
                crate::training::run_folder::to_json(path, &self.progress)?,
            ),
            (
                "optimizer".to_string(),
                crate::training::run_folder::to_json(path, &self.scalars)?,
            ),
        ]);
        weights::save(path, &arrays, metadata)
    }

    /// Reads a file that [`save`](Self::save) wrote, of whatever run.
    pub fn load(path: &Path) -> Result<Self, TrainError> {
        Self::read(path, &weights::bytes(path)?, None)
    }

    /// Reads a file that [`save`](Self::save) wrote in a run of this content; arrays of other names or shapes are refused before
    /// any is copied.
    pub fn load_of(path: &Path, content: &Content<'_>) -> Result<Self, TrainError> {
        Self::read(path, &weights::bytes(path)?, Some(content))
    }

    fn read(
        path: &Path,
        contents: &[u8],
        content: Option<&Content<'_>>,
    ) -> Result<Self, TrainError> {
        let fault = |reason: String| TrainError::weights(path, reason);
        let file = WeightsFile::parse(contents).map_err(|e| fault(e.to_string()))?;
        let missing = |key: &str| format!("not a checkpoint: `{key}` is missing in its metadata");
        let text = |key: &'static str| {
            let text = file.header().text(key);
            text.map_err(|_| fault(missing(key)))
        };
        let format = text("checkpoint")?;
        if format != FORMAT {
            return Err(fault(format!(
                "a checkpoint of format {format}; this program reads format {FORMAT}"
            )));
        }
        let progress: Progress = serde_json::from_str(text("progress")?)
            .map_err(|e| fault(format!("its progress cannot be read: {e}")))?;
        let scalars: UpdaterScalars = serde_json::from_str(text("optimizer")?)
            .map_err(|e| fault(format!("its optimizer state cannot be read: {e}")))?;
        if let Some(content) = content {
            let checked = content.check(&file.parameters(), &scalars);
            checked.map_err(|reason| fault(format!("not a checkpoint of this run: {reason}")))?;
        }
        let arrays = file.all_arrays().map_err(|e| fault(e.to_string()))?;
        let mut groups: HashMap<String, Weights> = HashMap::new();
        for (name, array) in arrays {
            let (group, name) = name
                .split_once('/')
                .ok_or_else(|| fault(format!("unexpected array `{name}`")))?;
            groups
                .entry(group.to_string())
                .or_default()
                .insert(name.to_string(), array);
        }
        Ok(Self {
            progress,
            model: groups.remove("model").unwrap_or_default(),
            average: groups.remove("average"),
            best: groups.remove("best"),
            optimizer: groups.remove("optimizer").unwrap_or_default(),
            scalars,
        })
    }

    /// Refuses a value anywhere that is infinite or no number, and says where it is.
    pub fn check_finite(&self) -> Result<(), String> {
        let groups = [
            Some(&self.model),
            self.average.as_ref(),
            self.best.as_ref(),
            Some(&self.optimizer),
        ];
        let mut groups = groups.into_iter().flatten();
        let checked = groups.try_for_each(check_finite);
        checked.map_err(|e| e.to_string())
    }
}
