//! Evaluating weights that exist, from nothing but their file.

use std::path::Path;

use burn::module::Module;
use burn::prelude::*;
use burn::tensor::activation::softmax;
use gcnn_datasets::ImageBatch;
use gcnn_models::points::DynamicsModel;
use gcnn_models::{ImageModel, PlainNetwork, SegmentationModel};

use crate::TrainError;
use crate::run_file::{Experiment, ImageExperiment, ParticleExperiment, SegmentationExperiment};
use crate::task::calibration::Calibration;
use crate::task::class_report::ClassReport;
use crate::task::metrics::{Measure, Outcomes};
use crate::task::targets::TargetReport;
use crate::task::{Answers, Inference, Split, Step, Task, evaluate_by};
use crate::tasks::classification::{Classification, ImageFormat};
use crate::tasks::dynamics::{ParticleDynamics, SystemFormat};
use crate::tasks::segmentation::{Segmentation, SegmentationFormat};
use crate::weights::arrays::{self as weights, Weights};
use crate::weights::model_file::{ModelFile, check_place};

/// A network rebuilt from a weights file, ready for inference.
pub struct Loaded {
    /// The network.
    pub network: LoadedNetwork,
    /// What its file tells.
    pub file: ModelFile,
}

/// The network of a weights file, by the task that it was trained for.
#[allow(clippy::large_enum_variant)] // There is one of them.
pub enum LoadedNetwork {
    /// Classifies images, or says numbers or labels of them.
    Images(ImageNetwork),
    /// Says the class of each pixel of an image.
    Segmentation(SegmentationNetwork),
    /// Predicts where particles will be.
    Particles(ParticleNetwork),
}

/// A network for images.
pub struct ImageNetwork {
    /// What the network is at inference: of ordinary layers, its filters expanded and normalisation folded once.
    pub model: PlainNetwork,
    /// The network that was trained; there is none where the weights are those of an exported one.
    pub trained: Option<ImageModel>,
    /// What its images look like.
    pub format: ImageFormat,
    /// What class scores are divided by before they become probabilities; 1 where nobody fitted it.
    pub temperature: f64,
    /// What it was trained on.
    pub experiment: ImageExperiment,
}

/// A network for pixels.
pub struct SegmentationNetwork {
    /// The network.
    pub model: SegmentationModel,
    /// What its images and classes look like.
    pub format: SegmentationFormat,
    /// What it was trained on.
    pub experiment: SegmentationExperiment,
}

/// A network for particles.
pub struct ParticleNetwork {
    /// The network.
    pub model: DynamicsModel,
    /// What its simulations look like.
    pub format: SystemFormat,
    /// What it was trained on.
    pub experiment: ParticleExperiment,
}

/// What an evaluation finds.
pub struct Evaluation {
    /// Where the data came from, in a sentence.
    pub about: String,
    /// Whether they are what the run had; none where data were named, or nobody knows.
    pub same_data: Option<bool>,
    /// What an example is called, in the plural.
    pub unit: &'static str,
    /// The measures.
    pub measures: Vec<Measure>,
    /// How many examples there were.
    pub examples: usize,
    /// Class by class, where there are classes.
    pub classes: Option<ClassReport>,
    /// How far probabilities are to be believed, where the network was calibrated.
    pub calibration: Option<Calibration>,
    /// One by one, where there are numbers or labels.
    pub targets: Option<TargetReport>,
}

impl Loaded {
    /// Rebuilds the network of a weights file or run folder.
    pub fn open(path: &Path, device: &Device) -> Result<Self, TrainError> {
        let (file, arrays) = ModelFile::load(path)?;
        let network = match &file.config.experiment {
            Experiment::Images(own) => {
                LoadedNetwork::Images(ImageNetwork::open(path, own, &file, &arrays, device)?)
            }
            Experiment::Segmentation(own) => LoadedNetwork::Segmentation(
                SegmentationNetwork::open(path, own, &file, &arrays, device)?,
            ),
            Experiment::NBody(own) => {
                LoadedNetwork::Particles(ParticleNetwork::open(path, own, &file, &arrays, device)?)
            }
        };
        Ok(Self { network, file })
    }

    /// Whether a task's examples, which are its test split, are those of this split of the run.
    fn same_data<T: Task>(
        &self,
        task: &T,
        data: Option<&Path>,
        split: Split,
    ) -> Result<Option<bool>, TrainError> {
        let before = self.file.identity.get(&split.to_string());
        let (None, Some(before)) = (data, before) else {
            return Ok(None);
        };
        Ok(task.identity(Split::Test)?.map(|now| now == *before))
    }

    /// Measures the network on a split of its own data set, or of data in another place. `seen` hears how many examples
    /// there are and how many are done.
    pub fn evaluate(
        &self,
        data: Option<&Path>,
        split: Split,
        device: &Device,
        mut seen: impl FnMut(usize, usize),
    ) -> Result<Evaluation, TrainError> {
        match &self.network {
            LoadedNetwork::Images(network) => {
                let task = network.task(&self.file, data, split)?;
                let step = network.inference(&task, device);
                let outcomes = outcomes(&task, step, &mut seen)?;
                let (mut classes, mut calibration, mut targets) = (None, None, None);
                match task.answers(Split::Test, &outcomes)? {
                    Answers::Classes(judged) => {
                        let fitted = self.file.temperature;
                        calibration = fitted.map(|fitted| Calibration::new(&judged, fitted));
                        classes = Some(judged.class_report());
                    }
                    Answers::Targets(judged) => targets = Some(judged.report()),
                }
                let same_data = self.same_data(&task, data, split)?;
                let about = task.about_data();
                Ok(Evaluation {
                    classes,
                    calibration,
                    targets,
                    ..Evaluation::of(&task, &outcomes, about, same_data)
                })
            }
            LoadedNetwork::Segmentation(network) => {
                let task = network.task(&self.file, data, split)?;
                let step = task.inference(&network.model, device);
                let outcomes = outcomes(&task, step, &mut seen)?;
                let same_data = self.same_data(&task, data, split)?;
                let about = task.about_data();
                Ok(Evaluation::of(&task, &outcomes, about, same_data))
            }
            LoadedNetwork::Particles(network) => {
                let task = network.task(&self.file, data, split)?;
                let step = task.inference(&network.model, device);
                let outcomes = outcomes(&task, step, &mut seen)?;
                let same_data = self.same_data(&task, data, split)?;
                let about = task.about_data();
                Ok(Evaluation::of(&task, &outcomes, about, same_data))
            }
        }
    }
}

impl Evaluation {
    /// The measures of a task's test split, and nothing about single examples.
    fn of<T: Task>(task: &T, outcomes: &Outcomes, about: &str, same_data: Option<bool>) -> Self {
        Self {
            about: about.into(),
            same_data,
            unit: task.unit(),
            measures: task.measures(outcomes),
            examples: outcomes.len(),
            classes: None,
            calibration: None,
            targets: None,
        }
    }
}

/// Runs a network over all examples of a task's test split.
fn outcomes<T: Task>(
    task: &T,
    step: impl Fn(&T::Batch) -> Result<Step, TrainError>,
    seen: &mut dyn FnMut(usize, usize),
) -> Result<Outcomes, TrainError> {
    let examples = task.examples(Split::Test);
    let outcomes = evaluate_by(task, Split::Test, step, |done| seen(examples, done))?;
    if outcomes.is_empty() {
        return Err(TrainError::Mismatch(
            "there are no examples in this data".into(),
        ));
    }
    Ok(outcomes)
}

impl ImageNetwork {
    fn open(
        path: &Path,
        own: &ImageExperiment,
        file: &ModelFile,
        arrays: &Weights,
        device: &Device,
    ) -> Result<Self, TrainError> {
        let format = file.image_format(path)?;
        let temperature = file.temperature.unwrap_or(1.0);
        if let Some(plain) = &file.plain {
            let fault = |reason: String| TrainError::weights(path, reason);
            let model = plain
                .with_weights(arrays, device)
                .map_err(|e| fault(e.to_string()))?;
            if (plain.input, plain.classes()?) != (format.input(), format.classes) {
                return Err(fault(
                    "`gcnn.plain` and `gcnn.data` tell of different images or classes".into(),
                ));
            }
            return Ok(Self {
                model,
                trained: None,
                format,
                temperature,
                experiment: own.clone(),
            });
        }
        let trained = weights::apply(format.network(&own.model, device)?, arrays)
            .map_err(|reason| TrainError::weights(path, reason))?
            .valid();
        Ok(Self {
            model: trained.export(),
            trained: Some(trained),
            format,
            temperature,
            experiment: own.clone(),
        })
    }

    /// The network that was trained, or that there is none.
    pub fn trained(&self) -> Result<&ImageModel, TrainError> {
        self.trained.as_ref().ok_or_else(|| {
            TrainError::Mismatch(
                "this network was exported to ordinary layers; give the weights that it is from"
                    .into(),
            )
        })
    }

    /// Probabilities of the classes for normalised images.
    ///
    /// # Shapes
    /// - images: `[batch, channels, height, width]`
    /// - output: `[batch, classes]`
    pub fn probabilities(&self, images: Tensor<4>) -> Tensor<2> {
        softmax(self.model.forward(images).div_scalar(self.temperature), 1)
    }

    /// What the network says of normalised images: probabilities of the classes, or numbers in their units, or how probable labels are.
    ///
    /// # Shapes
    /// - images: `[batch, channels, height, width]`
    /// - output: `[batch, outputs]`
    pub fn answers(&self, images: Tensor<4>) -> Tensor<2> {
        match &self.format.targets {
            Some(targets) => targets.answers(self.model.forward(images)),
            None => self.probabilities(images),
        }
    }

    /// What the network makes of a task's batches.
    pub fn inference<'a>(
        &'a self,
        task: &'a Classification,
        device: &'a Device,
    ) -> Inference<'a, ImageBatch> {
        Box::new(move |batch| Ok(task.judge(|images| self.model.forward(images), batch, device)))
    }

    /// The images of a split of the network's own data set, or of data in another place, as a task.
    pub fn task(
        &self,
        file: &ModelFile,
        data: Option<&Path>,
        split: Split,
    ) -> Result<Classification, TrainError> {
        check_place(file, data)?;
        let format = self.format.clone();
        Classification::of_split(&self.experiment, &file.config, format, data, split)
    }
}

impl SegmentationNetwork {
    fn open(
        path: &Path,
        own: &SegmentationExperiment,
        file: &ModelFile,
        arrays: &Weights,
        device: &Device,
    ) -> Result<Self, TrainError> {
        let format = file.segmentation_format(path)?;
        let fresh = own
            .model
            .init(format.input(), format.class_names.len(), device)?;
        let model = weights::apply(fresh, arrays)
            .map_err(|reason| TrainError::weights(path, reason))?
            .valid();
        Ok(Self {
            model,
            format,
            experiment: own.clone(),
        })
    }

    /// The images of a split of the network's own data set, or of data in another place, as a task.
    pub fn task(
        &self,
        file: &ModelFile,
        data: Option<&Path>,
        split: Split,
    ) -> Result<Segmentation, TrainError> {
        check_place(file, data)?;
        let format = self.format.clone();
        Segmentation::of_split(&self.experiment, &file.config, format, data, split)
    }
}

impl ParticleNetwork {
    fn open(
        path: &Path,
        own: &ParticleExperiment,
        file: &ModelFile,
        arrays: &Weights,
        device: &Device,
    ) -> Result<Self, TrainError> {
        let format: SystemFormat = file.format(path)?;
        let model = weights::apply(own.model.init(device)?, arrays)
            .map_err(|reason| TrainError::weights(path, reason))?;
        Ok(Self {
            model: model.valid(),
            format,
            experiment: own.clone(),
        })
    }

    /// The simulations of a split of the network's own data set, or of data in another place, as a task.
    pub fn task(
        &self,
        file: &ModelFile,
        data: Option<&Path>,
        split: Split,
    ) -> Result<ParticleDynamics, TrainError> {
        check_place(file, data)?;
        let task = ParticleDynamics::of_split(&self.experiment, &file.config, data, split)?;
        let found = task.simulations().particles();
        if found != self.format.particles {
            tracing::warn!(
                "the network was trained on {} particles, these simulations have {found}",
                self.format.particles
            );
        }
        Ok(task)
    }
}

/// Measures as the JSON object that `gcnn eval --json` prints.
///
/// `goal` names the first measure, the one that models are compared by, and `interval_low` and `interval_high` bound it; they
/// stand beside `metrics` and, for readers that look at nothing else, inside it. `intervals` has those of all measures.
pub fn to_json(measures: &[Measure]) -> serde_json::Value {
    let mut metrics = serde_json::Map::new();
    let mut intervals = serde_json::Map::new();
    for m in measures {
        metrics.insert(m.name.to_string(), serde_json::json!(m.value));
        intervals.insert(m.name.to_string(), serde_json::json!([m.low, m.high]));
    }
    let (low, high) = measures.first().map_or((0.0, 0.0), |m| (m.low, m.high));
    metrics.insert("interval_low".into(), serde_json::json!(low));
    metrics.insert("interval_high".into(), serde_json::json!(high));
    serde_json::json!({
        "goal": measures.first().map(|m| m.name),
        "metrics": metrics,
        "interval_low": low,
        "interval_high": high,
        "intervals": intervals,
    })
}
