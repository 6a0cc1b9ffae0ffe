//! The part of a run file that depends on its `task`: which data, which network.
//!
//! Each task has a type of run file of its own, so that a key of another task is an unknown key. What they share stands
//! in [`RunConfig`] and is listed once, in the macro below.

use std::path::{Path, PathBuf};

use gcnn_datasets::{
    Augmentation, DatasetError, ImageFolderConfig, NBodyAugmentation, NBodyConfig, NucleiConfig,
    PcamConfig, RotatedMnistConfig,
};
use gcnn_models::ImageModelConfig;
use gcnn_models::points::{DynamicsConfig, NeighbourhoodConfig};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{FinetuneConfig, ImageSource, RunConfig, TrainingConfig};
use crate::training::optimizer::OptimizerConfig;
use crate::training::schedule::ScheduleConfig;

/// What is learned from which data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TaskName {
    /// Classification of randomly rotated digits
    #[default]
    RotatedMnist,
    /// Classification of patches of tissue around a nucleus
    Nuclei,
    /// Tumours in patches of lymph nodes
    Pcam,
    /// Classification of images in folders
    ImageFolder,
    /// Motion of particles
    #[serde(rename = "nbody")]
    NBody,
}

impl TaskName {
    /// All tasks.
    pub const ALL: [Self; 5] = [
        Self::RotatedMnist,
        Self::Nuclei,
        Self::Pcam,
        Self::ImageFolder,
        Self::NBody,
    ];
}

impl TaskName {
    /// What run files call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::RotatedMnist => "rotated-mnist",
            Self::Nuclei => "nuclei",
            Self::Pcam => "pcam",
            Self::ImageFolder => "image-folder",
            Self::NBody => "nbody",
        }
    }

    /// What it is, in a few words.
    pub fn about(self) -> &'static str {
        match self {
            Self::RotatedMnist => "Classification of randomly rotated digits",
            Self::Nuclei => "Classification of patches of tissue around a nucleus",
            Self::Pcam => "Tumours in patches of lymph nodes",
            Self::ImageFolder => "Classification of images in folders",
            Self::NBody => "Motion of particles",
        }
    }
}

impl std::fmt::Display for TaskName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Data and network of a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Experiment {
    /// Classification of images.
    Images(ImageExperiment),
    /// Motion of particles.
    NBody(ParticleExperiment),
}

/// Classification of images.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageExperiment {
    /// Where the data comes from.
    pub dataset: ImageSource,
    /// The network.
    pub model: ImageModelConfig,
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

impl ParticleExperiment {
    /// The same kind of data in another place: whatever is there, not as many simulations as the run takes.
    pub fn data_at(&self, path: &Path) -> NBodyConfig {
        NBodyConfig {
            particles: None,
            ..(self.dataset.clone().with_path(path)).with_sizes([usize::MAX; 3])
        }
    }
}

impl Experiment {
    /// The default experiment of a task.
    pub fn new(task: TaskName) -> Self {
        match task {
            TaskName::NBody => Self::NBody(Default::default()),
            images => Self::Images(ImageExperiment {
                dataset: ImageSource::new(images),
                model: Default::default(),
                augmentation: Default::default(),
            }),
        }
    }

    /// The network in a few words.
    pub fn network(&self) -> String {
        match self {
            Self::Images(own) => {
                let (group, kind) = (own.model.group(), own.model.kind());
                match (group.order(), kind) {
                    (1, "densenet") => "plain DenseNet".into(),
                    (_, "densenet") => format!("DenseNet over {group}"),
                    (1, _) => "plain CNN".into(),
                    _ => format!("G-CNN over {group}"),
                }
            }
            Self::NBody(own) => own.model.kind().into(),
        }
    }

    /// What is learned.
    pub fn task(&self) -> TaskName {
        match self {
            Self::Images(own) => own.dataset.task(),
            Self::NBody(_) => TaskName::NBody,
        }
    }
}

/// The run file of a task: what all tasks share, and the tables of its own. `$task` is the variant of [`TaskName`],
/// `$from` and `$into` say what the tables are to an [`Experiment`].
macro_rules! run_file {
    ($file:ident, $task:ident, { $($table:ident: $type:ty),* }, $from:pat => $tables:expr, $into:expr) => {
        #[derive(Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        pub(super) struct $file {
            /// What is learned from which data; it decides what the other tables may hold.
            task: TaskName,
            /// Seed of initial weights, data order, augmentation and dropout.
            seed: u64,
            /// Where to compute: "auto", "flex", "ndarray", "wgpu", "vulkan", "cuda:0" or "remote:HOST:PORT". "auto" takes a
            /// GPU that works before the CPU.
            device: String,
            /// Devices in place of one: each takes a share of every training step, the first does the rest.
            #[serde(skip_serializing_if = "Vec::is_empty")]
            devices: Vec<String>,
            /// Run folder. Left out: `runs/NAME` by the file's name, numbered if taken.
            #[serde(skip_serializing_if = "Option::is_none")]
            output: Option<PathBuf>,
            $($table: $type,)*
            #[serde(skip_serializing_if = "Option::is_none")]
            finetune: Option<FinetuneConfig>,
            optimizer: OptimizerConfig,
            schedule: ScheduleConfig,
            training: TrainingConfig,
        }

        impl Default for $file {
            fn default() -> Self {
                Self::new(RunConfig::new(TaskName::$task))
            }
        }

        impl $file {
            /// The file of a run of this task; of another task's, the tables are the defaults.
            fn new(run: RunConfig) -> Self {
                let ($($table,)*): ($($type,)*) = match run.experiment {
                    $from => $tables,
                    _ => Default::default(),
                };
                Self {
                    task: TaskName::$task,
                    seed: run.seed,
                    device: run.device,
                    devices: run.devices,
                    output: run.output,
                    $($table,)*
                    finetune: run.finetune,
                    optimizer: run.optimizer,
                    schedule: run.schedule,
                    training: run.training,
                }
            }
        }

        impl From<$file> for RunConfig {
            fn from(file: $file) -> Self {
                let into: fn($($type),*) -> Experiment = $into;
                Self {
                    seed: file.seed,
                    device: file.device,
                    devices: file.devices,
                    output: file.output,
                    experiment: into($(file.$table),*),
                    finetune: file.finetune,
                    optimizer: file.optimizer,
                    schedule: file.schedule,
                    training: file.training,
                }
            }
        }
    };
}

/// The run file of a task for images, whose data sets alone differ.
macro_rules! image_file {
    ($file:ident, $task:ident, $dataset:ty) => {
        run_file!(
            $file,
            $task,
            { dataset: $dataset, model: ImageModelConfig, augmentation: Augmentation },
            Experiment::Images(ImageExperiment {
                dataset: ImageSource::$task(dataset),
                model,
                augmentation,
            }) => (dataset, model, augmentation),
            |dataset, model, augmentation| Experiment::Images(ImageExperiment {
                dataset: ImageSource::$task(dataset),
                model,
                augmentation,
            })
        );
    };
}

image_file!(DigitFile, RotatedMnist, RotatedMnistConfig);
image_file!(NucleiFile, Nuclei, NucleiConfig);
image_file!(PcamFile, Pcam, PcamConfig);
image_file!(FolderFile, ImageFolder, ImageFolderConfig);
run_file!(
    ParticleFile,
    NBody,
    {
        dataset: NBodyConfig,
        graph: NeighbourhoodConfig,
        model: DynamicsConfig,
        augmentation: NBodyAugmentation
    },
    Experiment::NBody(own) => (own.dataset, own.graph, own.model, own.augmentation),
    |dataset, graph, model, augmentation| Experiment::NBody(ParticleExperiment {
        dataset,
        graph,
        model,
        augmentation,
    })
);

impl RunConfig {
    /// The same with what `source = "auto"` means on this machine, now: what is written down has to mean the same data
    /// elsewhere and later, or none.
    pub fn resolved(&self) -> Result<Self, DatasetError> {
        let mut config = self.clone();
        if let Experiment::Images(own) = &mut config.experiment {
            own.dataset = own.dataset.resolved()?;
        }
        Ok(config)
    }

    /// What the run file of a task may hold.
    pub(super) fn schema(task: TaskName, generator: &mut SchemaGenerator) -> Schema {
        match task {
            TaskName::RotatedMnist => DigitFile::json_schema(generator),
            TaskName::Nuclei => NucleiFile::json_schema(generator),
            TaskName::Pcam => PcamFile::json_schema(generator),
            TaskName::ImageFolder => FolderFile::json_schema(generator),
            TaskName::NBody => ParticleFile::json_schema(generator),
        }
    }

    /// Reads the run file of a task.
    pub(super) fn read<'de, D: Deserializer<'de>>(
        task: TaskName,
        from: D,
    ) -> Result<Self, D::Error> {
        match task {
            TaskName::RotatedMnist => DigitFile::deserialize(from).map(Self::from),
            TaskName::Nuclei => NucleiFile::deserialize(from).map(Self::from),
            TaskName::Pcam => PcamFile::deserialize(from).map(Self::from),
            TaskName::ImageFolder => FolderFile::deserialize(from).map(Self::from),
            TaskName::NBody => ParticleFile::deserialize(from).map(Self::from),
        }
    }
}

impl Serialize for RunConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let run = self.clone();
        match self.experiment.task() {
            TaskName::RotatedMnist => DigitFile::new(run).serialize(to),
            TaskName::Nuclei => NucleiFile::new(run).serialize(to),
            TaskName::Pcam => PcamFile::new(run).serialize(to),
            TaskName::ImageFolder => FolderFile::new(run).serialize(to),
            TaskName::NBody => ParticleFile::new(run).serialize(to),
        }
    }
}

/// The only key that is looked at before the others.
#[derive(Deserialize)]
pub(super) struct TaskKey {
    #[serde(default)]
    pub task: TaskName,
}
