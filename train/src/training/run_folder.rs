//! The folder that a run writes.
//!
//! ```text
//! config.toml          the complete configuration
//! data.json            which data that meant
//! metrics.jsonl        one line per epoch
//! curves.svg           loss and score over the epochs
//! kernel-sizes.svg     sizes of kernels over the epochs, where they are trained
//! checkpoint/          everything a run needs to go on, and to go back where it diverges
//! best.safetensors     weights of the best validation epoch
//! last.safetensors     weights of the last epoch
//! report.json          the final test result
//! predictions.csv      of a classifier: what it said of every validation and test example
//! report.html          of a classifier: a page to look at (the program's)
//! .lock                locked while somebody writes
//! ```

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::TrainError;
use crate::files::{read_text, write_atomically};
use crate::training::divergence::Return;

/// Numbers of one pass over a split.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PassRecord {
    /// Measures by name.
    #[serde(flatten, with = "crate::task::numbers::map")]
    pub measures: BTreeMap<String, f64>,
    /// Speed.
    pub examples_per_second: f64,
}

/// One line of `metrics.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Epoch, counted from 1.
    pub epoch: usize,
    /// Optimizer steps done so far.
    pub step: u64,
    /// Learning rate of the last step.
    pub learning_rate: f64,
    /// Means over the training batches as they were seen, with dropout and augmentation.
    pub training: PassRecord,
    /// The validation split after the epoch.
    pub validation: PassRecord,
    /// Whether this is the best epoch so far.
    pub best: bool,
    /// Height and width of the kernels whose size is trained, in pixels, by the number of their layer.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kernel_sizes: BTreeMap<usize, [f64; 2]>,
    /// Where the run diverged before it came here a second time, if it did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub returns: Vec<Return>,
    /// Wall-clock seconds.
    pub seconds: f64,
}

/// Paths inside a run folder.
#[derive(Debug, Clone)]
pub struct RunFolder {
    root: PathBuf,
}

/// A run folder that nobody else writes to as long as this value lives.
#[derive(Debug)]
pub struct Held {
    _lock: File,
}

/// What is locked while somebody writes.
const LOCK: &str = ".lock";

impl RunFolder {
    /// Names a folder without touching it.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Makes the folder and takes it, as long as the value that is returned lives. A folder that holds a run is refused, unless it is
    /// to be `resumed`; so is one in which somebody is at work.
    ///
    /// Of several that begin at once, one gets it: the lock is the system's, and goes with a process that is killed.
    pub fn take(&self, resumed: bool) -> Result<Held, TrainError> {
        let root = self.root.display();
        if !resumed && self.is_taken() {
            return Err(self.taken());
        }
        fs::create_dir_all(&self.root).map_err(TrainError::io("create", &self.root))?;
        let path = self.root.join(LOCK);
        let lock = File::create(&path).map_err(TrainError::io("create", &path))?;
        match lock.try_lock() {
            // A file system without locks protects nobody, and works otherwise.
            Ok(()) | Err(TryLockError::Error(_)) => {}
            Err(TryLockError::WouldBlock) if resumed => {
                return Err(TrainError::RunFolder(format!(
                    "somebody is training in {root} already: wait for its end, or stop it"
                )));
            }
            Err(TryLockError::WouldBlock) => return Err(self.taken()),
        }
        // Somebody may have come, worked and gone between the first look and the lock.
        if !resumed && self.is_taken() {
            return Err(self.taken());
        }
        let checkpoints = self.root.join("checkpoint");
        fs::create_dir_all(&checkpoints).map_err(TrainError::io("create", &checkpoints))?;
        Ok(Held { _lock: lock })
    }

    /// That a new run cannot have the folder.
    pub fn taken(&self) -> TrainError {
        TrainError::Taken {
            folder: self.root.clone(),
        }
    }

    /// Whether anything is in the folder; a lock alone is nothing.
    pub fn is_taken(&self) -> bool {
        match fs::read_dir(&self.root) {
            Ok(entries) => entries
                .filter_map(Result::ok)
                .any(|entry| entry.file_name() != LOCK),
            // Something that is not a readable folder is in the way.
            Err(_) => self.root.exists(),
        }
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `config.toml`.
    pub fn config(&self) -> PathBuf {
        self.root.join("config.toml")
    }

    /// `data.json`.
    pub fn data(&self) -> PathBuf {
        self.root.join("data.json")
    }

    /// `metrics.jsonl`.
    pub fn metrics(&self) -> PathBuf {
        self.root.join("metrics.jsonl")
    }

    /// `kernel-sizes.svg`.
    pub fn kernel_sizes(&self) -> PathBuf {
        self.root.join("kernel-sizes.svg")
    }

    /// `curves.svg`.
    pub fn curves(&self) -> PathBuf {
        self.root.join("curves.svg")
    }

    /// The checkpoint.
    pub fn checkpoint(&self) -> PathBuf {
        self.root.join("checkpoint").join("latest.safetensors")
    }

    /// The checkpoint of the last epoch after which all was well: where a run that diverges goes back to.
    pub fn good_checkpoint(&self) -> PathBuf {
        self.root.join("checkpoint").join("good.safetensors")
    }

    /// `best.safetensors`.
    pub fn best(&self) -> PathBuf {
        self.root.join("best.safetensors")
    }

    /// `last.safetensors`.
    pub fn last(&self) -> PathBuf {
        self.root.join("last.safetensors")
    }

    /// `report.json`.
    pub fn report(&self) -> PathBuf {
        self.root.join("report.json")
    }

    /// `predictions.csv`.
    pub fn predictions(&self) -> PathBuf {
        self.root.join("predictions.csv")
    }

    /// `report.html`.
    pub fn page(&self) -> PathBuf {
        self.root.join("report.html")
    }

    /// Reads the history.
    pub fn read_metrics(&self) -> Result<Vec<EpochRecord>, TrainError> {
        let path = self.metrics();
        let lines = read_text(&path)?;
        let records = lines
            .lines()
            .map(serde_json::from_str)
            .collect::<Result<_, _>>();
        records.map_err(|e| TrainError::io("read", &path)(e.into()))
    }

    /// Writes the history as `metrics.jsonl`, whole: after a kill it never disagrees with the checkpoint for long.
    pub fn write_metrics(&self, history: &[EpochRecord]) -> Result<(), TrainError> {
        let path = self.metrics();
        let mut text = String::new();
        for record in history {
            text.push_str(&to_json(&path, record)?);
            text.push('\n');
        }
        write_atomically(&path, text.as_bytes())
    }
}

/// JSON on one line.
pub fn to_json<T: Serialize>(path: &Path, value: &T) -> Result<String, TrainError> {
    serde_json::to_string(value).map_err(|e| TrainError::Io {
        action: "write",
        path: path.to_path_buf(),
        source: e.into(),
    })
}
