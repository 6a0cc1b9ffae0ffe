//! A run with everything that it depends on.

use std::path::PathBuf;

use gcnn_datasets::Sampling;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ConfigError, Experiment, FinetuneConfig, TaskName};
use crate::training::divergence::OnDivergence;
use crate::training::optimizer::OptimizerConfig;
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

/// How long to train, and in which portions.
///
/// The `[training]` table of a run file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TrainingConfig {
    /// Passes over the training set, at least 1.
    pub epochs: usize,
    /// Examples per optimizer step, at least 1.
    pub batch_size: usize,
    /// Examples that pass through the network at once, for less memory: gradients of a batch's parts are summed, and batch
    /// normalisation sees the parts. 0 takes whole batches.
    pub micro_batch_size: usize,
    /// Examples per batch when evaluating, at least 1.
    pub eval_batch_size: usize,
    /// Steps between checkpoints within an epoch; 0 keeps to one after each epoch.
    pub checkpoint_every: usize,
    /// The loss of numbers: "mse", "mae" or "huber". Classes, labels and particles have their own. Left out: "mse".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<LossName>,
    /// What the best epoch is chosen by, on validation, and what `patience` waits for.
    pub goal: BestBy,
    /// Epochs without progress on validation before the run ends; 0 never ends it.
    pub patience: usize,
    /// Largest norm of the whole gradient, 0 or more; 0 does not clip.
    pub clip_norm: f64,
    /// Share of the target spread over all classes, at least 0 and below 1; particles have no classes.
    pub label_smoothing: f64,
    /// How much the classes count in the loss; particles have none.
    pub class_weights: ClassWeights,
    /// Which training images an epoch has; of particles it has all.
    pub sampling: Sampling,
    /// What to do when the loss is no number or rises far above where it was.
    pub on_divergence: OnDivergence,
    /// Decay per step of the running average of the weights that is evaluated and kept, at least 0 and below 1; 0 keeps the
    /// weights themselves.
    pub average: f64,
}

/// What the best epoch is chosen by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BestBy {
    /// What the task is judged by: accuracy, of numbers R², of labels the area under the curve, or of particles the error.
    #[default]
    Task,
    /// The share of images that are classified rightly.
    Accuracy,
    /// The mean over the classes of their share, so that small classes count as much as large ones.
    BalancedAccuracy,
    /// The area under the curve of the receiver's operating characteristic.
    Auc,
    /// Of numbers: 1 less the share of their variance that is left.
    R2,
    /// The loss.
    Loss,
}

/// The loss of numbers, of errors in standard deviations of the training part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LossName {
    /// The squared error.
    #[default]
    Mse,
    /// The absolute error, for which outliers count less.
    Mae,
    /// Half the squared error up to one standard deviation, beyond it the absolute error less a half.
    Huber,
}

/// How much each class counts in the training loss. Written `none` and `balanced` in files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ClassWeights {
    /// Every image counts the same.
    #[default]
    None,
    /// Every class counts the same: n images of N in C classes count N / (C n) each. Of labels: those that have one as much as
    /// those that don't.
    Balanced,
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            epochs: 30,
            batch_size: 128,
            micro_batch_size: 0,
            eval_batch_size: 500,
            checkpoint_every: 0,
            loss: None,
            goal: BestBy::Task,
            patience: 0,
            clip_norm: 0.0,
            label_smoothing: 0.0,
            class_weights: ClassWeights::None,
            sampling: Sampling::All,
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
}
