//! What the loop takes of a run: everything but data and network, which are the task's.
//!
//! A run file is turned into settings by `Settings::from(&config)`; a task of one's own, which no run file knows, has
//! [`Settings::own`].

use serde::{Deserialize, Serialize};

use crate::run_file::FinetuneConfig;
use crate::run_file::{ConfigError, Experiment, RunConfig, TrainingConfig};
use crate::training::optimizer::OptimizerConfig;
use crate::training::schedule::ScheduleConfig;

/// How a network is trained, whatever it is and whatever it learns.
///
/// ```
/// use gcnn_train::run_file::TrainingConfig;
/// use gcnn_train::training::settings::Settings;
///
/// let training = TrainingConfig { epochs: 5, batch_size: 32, ..Default::default() };
/// let settings = Settings::own("springs").with_seed(1).with_training(training);
/// assert!(settings.to_toml()?.starts_with("task = \"springs\"\nseed = 1\n"));
/// # Ok::<(), gcnn_train::run_file::ConfigError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Settings {
    /// Seed of initial weights, data order, augmentation and dropout.
    pub seed: u64,
    /// How weights move.
    pub optimizer: OptimizerConfig,
    /// How the learning rate changes.
    pub schedule: ScheduleConfig,
    /// How long and in which portions.
    pub training: TrainingConfig,
    origin: Origin,
}

/// Who says what is learned.
#[derive(Debug, Clone)]
enum Origin {
    /// A run file.
    RunFile(Box<RunConfig>),
    /// A program that has a task of its own, of this name.
    Own(String),
}

/// What is written down of a task of one's own.
#[derive(Serialize, Deserialize)]
struct OwnFile {
    task: String,
    seed: u64,
    optimizer: OptimizerConfig,
    schedule: ScheduleConfig,
    training: TrainingConfig,
}

impl OwnFile {
    fn to_toml(&self) -> Result<String, ConfigError> {
        toml::to_string(self).map_err(|e| ConfigError::Write {
            reason: e.to_string(),
        })
    }
}

impl From<&RunConfig> for Settings {
    fn from(config: &RunConfig) -> Self {
        Self {
            seed: config.seed,
            optimizer: config.optimizer.clone(),
            schedule: config.schedule.clone(),
            training: config.training.clone(),
            origin: Origin::RunFile(Box::new(config.clone())),
        }
    }
}

impl Settings {
    /// The defaults for a task of one's own; run folders and weights files carry its name.
    pub fn own(task: impl Into<String>) -> Self {
        Self {
            seed: 0,
            optimizer: Default::default(),
            schedule: Default::default(),
            training: Default::default(),
            origin: Origin::Own(task.into()),
        }
    }

    /// With another seed.
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// With another rule by which weights move.
    pub fn with_optimizer(self, optimizer: OptimizerConfig) -> Self {
        Self { optimizer, ..self }
    }

    /// With another course of the learning rate.
    pub fn with_schedule(self, schedule: ScheduleConfig) -> Self {
        Self { schedule, ..self }
    }

    /// With another length and other portions.
    pub fn with_training(self, training: TrainingConfig) -> Self {
        Self { training, ..self }
    }

    /// The task's name.
    pub fn task(&self) -> String {
        match &self.origin {
            Origin::RunFile(config) => config.experiment.task().to_string(),
            Origin::Own(task) => task.clone(),
        }
    }

    /// Values that are of the right type but cannot work.
    ///
    /// # Errors
    /// The first of them, with what is expected.
    pub fn check(&self) -> Result<(), ConfigError> {
        let run = match &self.origin {
            Origin::RunFile(config) => (**config).clone(),
            Origin::Own(_) => RunConfig::default(),
        };
        RunConfig {
            seed: self.seed,
            optimizer: self.optimizer.clone(),
            schedule: self.schedule.clone(),
            training: self.training.clone(),
            ..run
        }
        .validate()
    }

    /// What trained weights to start from, and what of them may move.
    pub(crate) fn finetune(&self) -> Option<&FinetuneConfig> {
        match &self.origin {
            Origin::RunFile(config) => config.finetune.as_ref(),
            Origin::Own(_) => None,
        }
    }

    /// Data and network of the run file.
    pub(crate) fn experiment(&self) -> Option<&Experiment> {
        match &self.origin {
            Origin::RunFile(config) => Some(&config.experiment),
            Origin::Own(_) => None,
        }
    }

    /// Everything, as TOML: what run folders keep.
    pub fn to_toml(&self) -> Result<String, ConfigError> {
        match &self.origin {
            Origin::RunFile(config) => config.to_toml(),
            Origin::Own(task) => OwnFile {
                task: task.clone(),
                seed: self.seed,
                optimizer: self.optimizer.clone(),
                schedule: self.schedule.clone(),
                training: self.training.clone(),
            }
            .to_toml(),
        }
    }

    /// What a run folder kept of a task of one's own, as this version writes it.
    pub(crate) fn rewritten(text: &str) -> Result<String, ConfigError> {
        let file: OwnFile = toml::from_str(text).map_err(|e| ConfigError::Value {
            reason: e.message().trim().to_string(),
        })?;
        file.to_toml()
    }

    /// What weights files say of it: nothing of where it was computed.
    pub(crate) fn to_weights_toml(&self) -> Result<String, ConfigError> {
        match &self.origin {
            Origin::RunFile(config) => config.without_machine().to_toml(),
            Origin::Own(_) => self.to_toml(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_former_versions_kept_is_what_this_one_writes() {
        let now = Settings::own("springs").to_toml().expect("TOML");
        let training = now.split_once("[training]").expect("a table").1;
        let before = format!(
            "task = \"springs\"\nseed = 0\n\
             [optimizer]\nkind = \"adam\"\nlr = 0.001\nweight_decay = 0.0\nbeta_1 = 0.9\nbeta_2 = 0.999\n\
             epsilon = 0.00000001\nmomentum = 0.9\nnesterov = false\n\
             [schedule]\nkind = \"constant\"\nwarmup_epochs = 0.0\nevery = 20\nfactor = 0.5\nstart = 0\n\
             floor = 0.0\npatience = 10\n[training]{training}"
        );
        assert_eq!(Settings::rewritten(&before).ok(), Some(now.clone()));
        assert_eq!(Settings::rewritten(&now).ok(), Some(now));
    }
}
