//! The part of a run file that depends on its `task`: which data, which network.
//!
//! Each task has a type of run file of its own, so that a key of another task is an unknown key. What they share stands
//! in [`RunConfig`] and is listed once, in the macro below.

use std::path::PathBuf;

use gcnn_datasets::{Augmentation, NBodyAugmentation, NBodyConfig, RotatedMnistConfig};
use gcnn_models::GcnnConfig;
use gcnn_models::nbody::{DynamicsConfig, NeighbourhoodConfig};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{RunConfig, TrainingConfig};
use crate::optimizer::OptimizerConfig;
use crate::schedule::ScheduleConfig;

/// What is learned from which data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum TaskName {
    /// Classification of randomly rotated digits
    #[default]
    RotatedMnist,
    /// Motion of particles
    #[serde(rename = "nbody")]
    #[value(name = "nbody")]
    NBody,
}

impl TaskName {
    /// All tasks.
    pub const ALL: [Self; 2] = [Self::RotatedMnist, Self::NBody];
}

impl std::fmt::Display for TaskName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::RotatedMnist => "rotated-mnist",
            Self::NBody => "nbody",
        })
    }
}

/// Data and network of a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Experiment {
    /// Classification of randomly rotated digits.
    RotatedMnist(DigitExperiment),
    /// Motion of particles.
    NBody(ParticleExperiment),
}

/// Classification of randomly rotated digits.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DigitExperiment {
    /// Where the data comes from.
    pub dataset: RotatedMnistConfig,
    /// The network.
    pub model: GcnnConfig,
    /// Random changes of training images.
    pub augmentation: Augmentation,
}

/// Motion of particles.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ParticleExperiment {
    /// Where the data comes from.
    pub dataset: NBodyConfig,
    /// Which particles hear each other.
    pub graph: NeighbourhoodConfig,
    /// The network.
    pub model: DynamicsConfig,
    /// Random symmetries of training simulations.
    pub augmentation: NBodyAugmentation,
}

impl Experiment {
    /// The default experiment of a task.
    pub fn new(task: TaskName) -> Self {
        match task {
            TaskName::RotatedMnist => Self::RotatedMnist(Default::default()),
            TaskName::NBody => Self::NBody(Default::default()),
        }
    }

    /// What is learned.
    pub fn task(&self) -> TaskName {
        match self {
            Self::RotatedMnist(_) => TaskName::RotatedMnist,
            Self::NBody(_) => TaskName::NBody,
        }
    }
}

/// The run file of a task: what all tasks share, and the tables of its own.
macro_rules! run_file {
    ($file:ident, $experiment:ident, $task:ident, { $($table:ident: $type:ty),* }) => {
        #[derive(Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub(super) struct $file {
            task: TaskName,
            seed: u64,
            device: String,
            #[serde(skip_serializing_if = "Option::is_none")]
            output: Option<PathBuf>,
            $($table: $type,)*
            optimizer: OptimizerConfig,
            schedule: ScheduleConfig,
            training: TrainingConfig,
        }

        impl Default for $file {
            fn default() -> Self {
                Self::new(RunConfig::new(TaskName::$task), Default::default())
            }
        }

        impl $file {
            fn new(run: RunConfig, experiment: $experiment) -> Self {
                let $experiment { $($table),* } = experiment;
                Self {
                    task: TaskName::$task,
                    seed: run.seed,
                    device: run.device,
                    output: run.output,
                    $($table,)*
                    optimizer: run.optimizer,
                    schedule: run.schedule,
                    training: run.training,
                }
            }
        }

        impl From<$file> for RunConfig {
            fn from(file: $file) -> Self {
                let $file { $($table,)* .. } = file;
                Self {
                    seed: file.seed,
                    device: file.device,
                    output: file.output,
                    experiment: Experiment::$task($experiment { $($table),* }),
                    optimizer: file.optimizer,
                    schedule: file.schedule,
                    training: file.training,
                }
            }
        }
    };
}

run_file!(DigitFile, DigitExperiment, RotatedMnist, {
    dataset: RotatedMnistConfig,
    model: GcnnConfig,
    augmentation: Augmentation
});
run_file!(ParticleFile, ParticleExperiment, NBody, {
    dataset: NBodyConfig,
    graph: NeighbourhoodConfig,
    model: DynamicsConfig,
    augmentation: NBodyAugmentation
});

impl RunConfig {
    /// Reads the run file of a task.
    pub(super) fn read<'de, D: Deserializer<'de>>(
        task: TaskName,
        from: D,
    ) -> Result<Self, D::Error> {
        match task {
            TaskName::RotatedMnist => DigitFile::deserialize(from).map(Self::from),
            TaskName::NBody => ParticleFile::deserialize(from).map(Self::from),
        }
    }
}

impl Serialize for RunConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.experiment.clone() {
            Experiment::RotatedMnist(own) => DigitFile::new(self.clone(), own).serialize(to),
            Experiment::NBody(own) => ParticleFile::new(self.clone(), own).serialize(to),
        }
    }
}

/// The only key that is looked at before the others.
#[derive(Deserialize)]
pub(super) struct TaskKey {
    #[serde(default)]
    pub task: TaskName,
}
