//! Run files: one TOML file describes one experiment.
//!
//! Every key has a default, so a file states only what differs; an unknown key is an error. `--set section.key=value`
//! is applied on top of the file. What every key means is told in one place, [`keys`].

mod diagnose;
mod error;
mod experiment;
mod finetune;
mod image_datasets;
pub mod keys;
pub mod limits;
mod overrides;
pub(crate) mod pattern;
mod places;

use std::mem::discriminant;
use std::path::{Path, PathBuf};

use gcnn_models::ModelError;
use serde::{Deserialize, Serialize};

pub use diagnose::nearest;
pub use error::ConfigError;
use experiment::TaskKey;
pub use experiment::{Experiment, ImageExperiment, ParticleExperiment};
pub use finetune::FinetuneConfig;
pub use image_datasets::{ImageDatasetConfig, TaskName};
pub use overrides::flatten;
pub use places::last_part;

use crate::device::DeviceName;
use crate::training::divergence::OnDivergence;
use crate::training::optimizer::{OptimizerConfig, OptimizerKind};
use crate::training::schedule::ScheduleConfig;

/// One experiment: everything a run depends on.
///
/// ```
/// use gcnn_train::run_file::{RunConfig, TaskName};
///
/// let text = "task = \"nbody\"\n[model]\nkind = \"egnn\"\n";
/// let set = ["training.epochs=3".to_string()];
/// let config = RunConfig::parse(text, "experiment.toml".as_ref(), &set)?;
/// assert_eq!((config.experiment.task(), config.training.epochs), (TaskName::NBody, 3));
///
/// let error = RunConfig::parse("[training]\nepoch = 3\n", "experiment.toml".as_ref(), &[]);
/// let text = error.expect_err("no such key").to_string();
/// assert!(text.starts_with("experiment.toml:2:1: unknown key `epoch` in [training]; did you mean `epochs`?"));
/// # Ok::<(), gcnn_train::run_file::ConfigError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RunConfig {
    /// Seed of initial weights, data order, augmentation and dropout.
    pub seed: u64,
    /// Where to compute.
    pub device: String,
    /// Devices that share the work of training, in place of one `device`.
    pub devices: Vec<String>,
    /// Run folder; `None` chooses one under `runs/` by the file's name.
    pub output: Option<PathBuf>,
    /// Data and network, by the file's `task`.
    pub experiment: Experiment,
    /// Trained weights to start from, where there are any.
    pub finetune: Option<FinetuneConfig>,
    /// How weights move.
    pub optimizer: OptimizerConfig,
    /// How the learning rate changes.
    pub schedule: ScheduleConfig,
    /// How long and in which portions.
    pub training: TrainingConfig,
}

impl Default for RunConfig {
    fn default() -> Self {
        Self::new(TaskName::default())
    }
}

/// The `[training]` table of a run file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainingConfig {
    /// Passes over the training set.
    pub epochs: usize,
    /// Examples per optimizer step.
    pub batch_size: usize,
    /// Examples that pass through the network at once; gradients of a batch's parts are summed. 0 takes whole batches.
    pub micro_batch_size: usize,
    /// Examples per batch when evaluating.
    pub eval_batch_size: usize,
    /// Steps between checkpoints within an epoch; 0 keeps to one after each epoch.
    pub checkpoint_every: usize,
    /// Epochs without progress on validation before the run ends; 0 never ends it.
    pub patience: usize,
    /// Largest norm of the whole gradient; 0 does not clip.
    pub clip_norm: f64,
    /// Share of the target spread over all classes.
    pub label_smoothing: f64,
    /// What to do with a run that diverges.
    pub on_divergence: OnDivergence,
    /// Decay per step of the running average of the weights that is evaluated and kept; 0 keeps the weights themselves.
    pub average: f64,
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            epochs: 30,
            batch_size: 128,
            micro_batch_size: 0,
            eval_batch_size: 500,
            checkpoint_every: 0,
            patience: 0,
            clip_norm: 0.0,
            label_smoothing: 0.0,
            on_divergence: OnDivergence::default(),
            average: 0.0,
        }
    }
}

impl RunConfig {
    /// The default run of a task.
    pub fn new(task: TaskName) -> Self {
        Self {
            seed: 0,
            device: "auto".into(),
            devices: Vec::new(),
            output: None,
            experiment: Experiment::new(task),
            finetune: None,
            optimizer: Default::default(),
            schedule: Default::default(),
            training: Default::default(),
        }
    }

    /// Reads a run file and applies overrides of the form `section.key=value`.
    pub fn load(path: &Path, set: &[String]) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_path_buf(),
            source,
        })?;
        Self::parse(&text, path, set)
    }

    /// Reads the text of a run file; `path` is only named in errors.
    pub fn parse(text: &str, path: &Path, set: &[String]) -> Result<Self, ConfigError> {
        let fault = |e: toml::de::Error| diagnose::file_error(path, text, &e);
        let TaskKey { task } = toml::from_str(text).map_err(fault)?;
        let document = toml::Deserializer::parse(text).map_err(fault)?;
        let file = Self::read(task, document);
        let config = match set {
            [] => file.map_err(fault)?,
            // Another task may be among the overrides: then only what comes out of them counts.
            _ => overrides::apply(path, text, set)?,
        };
        config
            .check()
            .map_err(|fault| diagnose::value_error(path, text, set, fault))?;
        Ok(config)
    }

    /// Keys that a file or override sets although they do nothing with the chosen kinds, in words.
    pub fn without_effect(&self, text: &str, set: &[String]) -> Vec<String> {
        let given = overrides::given(text, set);
        let task = self.experiment.task();
        let mut kinds = vec![
            (
                "optimizer.",
                "optimizer.kind",
                keys::name_of(&self.optimizer.kind),
            ),
            (
                "schedule.",
                "schedule.kind",
                keys::name_of(&self.schedule.kind),
            ),
            ("training.", "task", task.to_string()),
        ];
        if let Experiment::NBody(own) = &self.experiment {
            kinds.push(("graph.", "graph.edges", keys::name_of(&own.graph.edges)));
        }
        let mut notes = Vec::new();
        for key in keys::of(task).filter(|k| !k.with.is_empty()) {
            let kind = kinds.iter().find(|(table, ..)| key.name.starts_with(table));
            if let Some((_, chooser, kind)) = kind
                && !key.with.contains(&kind.as_str())
                && keys::value_of(&given, key.name).is_some()
            {
                notes.push(format!(
                    "`{}` has no effect with {chooser} = \"{kind}\"",
                    key.name
                ));
            }
        }
        notes
    }

    /// This run with the network of `source` (and, for particles, its edges), but for the keys of it that the file or an
    /// override sets. A file of another task, or that chooses another kind of network, keeps its own.
    pub fn with_network_of(
        self,
        source: &Self,
        path: &Path,
        text: &str,
        set: &[String],
    ) -> Result<Self, ConfigError> {
        if discriminant(&self.experiment) != discriminant(&source.experiment) {
            return Ok(self);
        }
        let table = |run: &Self| {
            toml::Table::try_from(run).map_err(|e| ConfigError::Write {
                reason: e.to_string(),
            })
        };
        let (mut whole, other) = (table(&self)?, table(source)?);
        let given = overrides::given(text, set);
        for section in ["model", "graph"] {
            let Some(toml::Value::Table(mut inner)) = other.get(section).cloned() else {
                continue;
            };
            let own = given.get(section).and_then(|own| own.as_table());
            let kind = own.and_then(|own| own.get("kind"));
            if kind.is_some_and(|kind| Some(kind) != inner.get("kind")) {
                return Ok(self);
            }
            inner.extend(
                own.into_iter()
                    .flatten()
                    .map(|(k, v)| (k.clone(), v.clone())),
            );
            whole.insert(section.into(), inner.into());
        }
        let fault = |fault| diagnose::value_error(path, text, set, fault);
        let config = Self::read(self.experiment.task(), whole)
            .map_err(|e| fault(Fault::table("model", &e)))?;
        config.check().map_err(fault)?;
        Ok(config)
    }

    /// The complete configuration as a run file.
    pub fn to_toml(&self) -> Result<String, ConfigError> {
        toml::to_string(self).map_err(|e| ConfigError::Write {
            reason: e.to_string(),
        })
    }

    /// The same without a word of where it is computed, which says nothing about the weights that come of it.
    pub fn without_machine(&self) -> Self {
        Self {
            device: "auto".into(),
            devices: Vec::new(),
            ..self.clone().without_places()
        }
    }

    /// Whether all values can work, of a configuration that was not read from a file.
    ///
    /// # Errors
    /// The first value that cannot, with what is expected.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.check()
            .map_err(|Fault { reason, .. }| ConfigError::Value { reason })
    }

    /// Values that are of the right type but cannot work.
    fn check(&self) -> Result<(), Fault> {
        let t = &self.training;
        let o = &self.optimizer;
        let s = &self.schedule;
        limits::check(self)?;
        within(
            "training.clip_norm",
            t.clip_norm,
            0.0,
            f64::MAX,
            "a number ≥ 0",
        )?;
        within(
            "training.label_smoothing",
            t.label_smoothing,
            0.0,
            0.999,
            "a number in [0, 1)",
        )?;
        within(
            "training.average",
            t.average,
            0.0,
            0.999_999_9,
            "a number in [0, 1)",
        )?;
        within(
            "optimizer.lr",
            o.lr,
            f64::MIN_POSITIVE,
            f64::MAX,
            "a number > 0",
        )?;
        within(
            "optimizer.weight_decay",
            o.weight_decay,
            0.0,
            f64::MAX,
            "a number ≥ 0",
        )?;
        within(
            "optimizer.beta_1",
            o.beta_1,
            0.0,
            0.999_999_9,
            "a number in [0, 1)",
        )?;
        within(
            "optimizer.beta_2",
            o.beta_2,
            0.0,
            0.999_999_9,
            "a number in [0, 1)",
        )?;
        within(
            "optimizer.epsilon",
            o.epsilon,
            f64::MIN_POSITIVE,
            f64::MAX,
            "a number > 0",
        )?;
        within(
            "optimizer.momentum",
            o.momentum,
            0.0,
            0.999_999_9,
            "a number in [0, 1)",
        )?;
        if o.nesterov && o.momentum == 0.0 && o.kind == OptimizerKind::Sgd {
            return Err(Fault::new(
                "optimizer.nesterov",
                "true",
                "false where momentum is 0",
            ));
        }
        within(
            "schedule.warmup_epochs",
            s.warmup_epochs,
            0.0,
            t.epochs as f64,
            "between 0 and training.epochs",
        )?;
        within(
            "schedule.factor",
            s.factor,
            f64::MIN_POSITIVE,
            1.0,
            "a number in (0, 1]",
        )?;
        within("schedule.floor", s.floor, 0.0, 1.0, "a number in [0, 1]")?;
        if let Some((key, found, expected)) = self.finetune.as_ref().and_then(|f| f.fault()) {
            return Err(Fault::new(key, &found, expected));
        }
        match &self.experiment {
            Experiment::Images(own) => {
                own.model
                    .check_counts()
                    .map_err(|error| Fault::network("model", &error))?;
                own.dataset
                    .validate()
                    .map_err(|error| Fault::table("dataset", &error))?;
                own.augmentation
                    .validate()
                    .map_err(|error| Fault::table("augmentation", &error))?;
            }
            Experiment::NBody(own) => {
                own.dataset
                    .validate()
                    .map_err(|error| Fault::table("dataset", &error))?;
                own.model
                    .validate()
                    .map_err(|error| Fault::network("model", &error))?;
                own.graph
                    .validate()
                    .map_err(|error| Fault::network("graph", &error))?;
            }
        }
        device("device", &self.device)?;
        let mut devices = Vec::new();
        for name in &self.devices {
            // One device has several names: cuda is cuda:0.
            let parsed = device("devices", name)?;
            if devices.contains(&parsed) {
                let found = format!("\"{name}\", a device that is named already");
                return Err(Fault::new("devices", &found, "different devices"));
            }
            devices.push(parsed);
        }
        Ok(())
    }
}

/// A value that cannot work.
pub(crate) struct Fault {
    key: String,
    reason: String,
}

impl Fault {
    fn new(key: &str, found: &str, expected: &str) -> Self {
        Self::of_key(key, format!("`{key}` is {found}, expected {expected}"))
    }

    fn of_key(key: &str, reason: String) -> Self {
        Self {
            key: key.into(),
            reason,
        }
    }

    /// What a whole table is refused for.
    fn table(key: &str, error: &dyn std::error::Error) -> Self {
        let reasons = crate::error::chain(error).replace("\n  because", "");
        Self::of_key(key, format!("[{key}]: {reasons}"))
    }

    /// The same for the tables of the network: a count outside of its limits is one of their keys.
    fn network(table: &str, error: &ModelError) -> Self {
        let ModelError::Count {
            key,
            counted,
            found,
            least,
            most,
        } = error
        else {
            return Self::table(table, error);
        };
        let (key, found) = (format!("{table}.{key}"), counted.words(*found));
        let reason = format!("`{key}` {found}, expected {least} to {most}");
        Self { key, reason }
    }
}

fn device(key: &'static str, name: &str) -> Result<DeviceName, Fault> {
    DeviceName::parse(name).map_err(|_| {
        let expected =
            "auto, flex, ndarray, wgpu, vulkan, cuda:0 (or another number) or remote:HOST:PORT";
        Fault::new(key, &format!("\"{name}\""), expected)
    })
}

fn within(key: &'static str, value: f64, low: f64, high: f64, expected: &str) -> Result<(), Fault> {
    if !(low..=high).contains(&value) {
        return Err(Fault::new(key, &value.to_string(), expected));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
