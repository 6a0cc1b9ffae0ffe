//! Run files as they are written: the tables of each task.
//!
//! Each task has a type of run file of its own, so that a key of another task is an unknown key. What they share stands
//! in [`RunConfig`] and is listed once, in the macro below; the data sets of images are listed in
//! [`image_datasets`](super::image_datasets).

use std::path::PathBuf;

use gcnn_datasets::{
    AudioFolderConfig, Augmentation, DatasetError, ImageFolderConfig, NBodyAugmentation,
    NBodyConfig, NucleiConfig, PcamConfig, RotatedMnistConfig, ScaledMnistConfig,
    SegmentationConfig,
};
use gcnn_models::points::{DynamicsConfig, NeighbourhoodConfig};
use gcnn_models::{ImageModelConfig, SegmentationModelConfig};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::image_datasets::{DatasetTable, ImageDatasetConfig, TaskName, image_datasets};
use super::{
    Experiment, FinetuneConfig, ImageExperiment, ParticleExperiment, RunConfig,
    SegmentationExperiment, TrainingConfig,
};
use crate::training::optimizer::OptimizerConfig;
use crate::training::schedule::ScheduleConfig;

/// The run file of a task: what all tasks share, and the tables of its own. Of a task for images, `$dataset` is the first of them.
macro_rules! run_file {
    (
        $(#[$doc:meta])*
        $file:ident $(<$dataset:ident>)? of $task:expr, { $($table:ident: $type:ty),* }, $experiment:expr
    ) => {
        #[derive(Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        $(#[$doc])*
        pub(super) struct $file $(<$dataset>)? {
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

        impl $(<$dataset: DatasetTable>)? Default for $file $(<$dataset>)? {
            fn default() -> Self {
                Self::new(RunConfig::new($task), $(<$type>::default()),*)
            }
        }

        impl $(<$dataset: DatasetTable>)? $file $(<$dataset>)? {
            /// The file of a run with these tables.
            fn new(run: RunConfig, $($table: $type),*) -> Self {
                Self {
                    task: $task,
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

        impl $(<$dataset: DatasetTable>)? From<$file $(<$dataset>)?> for RunConfig {
            fn from(file: $file $(<$dataset>)?) -> Self {
                let experiment: fn($($type),*) -> Experiment = $experiment;
                Self {
                    seed: file.seed,
                    device: file.device,
                    devices: file.devices,
                    output: file.output,
                    experiment: experiment($(file.$table),*),
                    finetune: file.finetune,
                    optimizer: file.optimizer,
                    schedule: file.schedule,
                    training: file.training,
                }
            }
        }
    };
}

run_file!(
    /// The run file of a task for images, whose data sets alone differ.
    #[schemars(bound = "D: DatasetTable")]
    ImageFile<D> of D::TASK,
    { dataset: D, model: ImageModelConfig, augmentation: Augmentation },
    |dataset, model, augmentation| Experiment::Images(ImageExperiment {
        dataset: dataset.erase(),
        model,
        augmentation,
    })
);

run_file!(
    /// The run file of classes of pixels.
    SegmentationFile of TaskName::Segmentation,
    { dataset: SegmentationConfig, model: SegmentationModelConfig, augmentation: Augmentation },
    |dataset, model, augmentation| Experiment::Segmentation(SegmentationExperiment {
        dataset,
        model,
        augmentation,
    })
);

run_file!(
    /// The run file of particles in motion.
    ParticleFile of TaskName::NBody,
    {
        dataset: NBodyConfig,
        graph: NeighbourhoodConfig,
        model: DynamicsConfig,
        augmentation: NBodyAugmentation
    },
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
        match &mut config.experiment {
            Experiment::Images(own) => own.dataset.resolve()?,
            Experiment::Segmentation(own) => own.dataset.resolve()?,
            Experiment::NBody(_) => {}
        }
        Ok(config)
    }
}

/// Reading and writing by the task, for every data set of images in the list.
macro_rules! by_task {
    ($($name:literal, $about:literal: $variant:ident($table:ident);)*) => {
        impl RunConfig {
            /// What the run file of a task may hold.
            pub(super) fn schema(task: TaskName, generator: &mut SchemaGenerator) -> Schema {
                match task {
                    $(TaskName::$variant => ImageFile::<$table>::json_schema(generator),)*
                    TaskName::Segmentation => SegmentationFile::json_schema(generator),
                    TaskName::NBody => ParticleFile::json_schema(generator),
                }
            }

            /// Reads the run file of a task.
            pub(super) fn read<'de, D: Deserializer<'de>>(
                task: TaskName,
                from: D,
            ) -> Result<Self, D::Error> {
                match task {
                    $(TaskName::$variant => ImageFile::<$table>::deserialize(from).map(Self::from),)*
                    TaskName::Segmentation => SegmentationFile::deserialize(from).map(Self::from),
                    TaskName::NBody => ParticleFile::deserialize(from).map(Self::from),
                }
            }
        }

        impl Serialize for RunConfig {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                let run = self.clone();
                match self.experiment.clone() {
                    Experiment::Images(own) => match own.dataset {
                        $(ImageDatasetConfig::$variant(dataset) => {
                            ImageFile::new(run, dataset, own.model, own.augmentation).serialize(to)
                        })*
                    },
                    Experiment::Segmentation(own) => {
                        SegmentationFile::new(run, own.dataset, own.model, own.augmentation)
                            .serialize(to)
                    }
                    Experiment::NBody(own) => {
                        ParticleFile::new(run, own.dataset, own.graph, own.model, own.augmentation)
                            .serialize(to)
                    }
                }
            }
        }
    };
}

image_datasets!(by_task);

/// The only key that is looked at before the others.
#[derive(Deserialize)]
pub(super) struct TaskKey {
    #[serde(default)]
    pub task: TaskName,
}
