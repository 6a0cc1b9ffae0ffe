//! What is learned of images: their classes, by cross-entropy on logits, judged by accuracy; or numbers or labels in their place.
//!
//! ```text
//! loss = − w Σ_c t_c log softmax(z)_c,   t_c = (1 − s) [c = label] + s / C,   s the label smoothing
//! w    = 1, or N / (C n) where classes are to count the same: n of the N training images have the label
//! ```
//!
//! Weights are for training alone: validation and test count every image the same. Images that have numbers or labels in place of a
//! class are learned by the losses of `targets`, and are otherwise the same task.

mod cautions;
mod format;
mod goals;
mod symmetry;
mod targets;
mod weights;

pub use format::ImageFormat;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use burn::prelude::*;
use burn::tensor::TensorData;
use burn::tensor::activation::log_softmax;
use gcnn_datasets::{
    Augmentation, BatchLoader, BatchOptions, ChannelNormalisation, ImageBatch, ImageDataset,
    ImageSource, Splits,
};
use gcnn_models::{ImageModel, ImageModelConfig};

use self::targets::TargetTask;
use crate::TrainError;
use crate::run_file::{ClassWeights, ImageExperiment, RunConfig, TrainingConfig};
use crate::task::metrics::{Measure, Outcomes};
use crate::task::predictions::Predictions;
use crate::task::targets::{TargetFormat, TargetPredictions};
use crate::task::{Answers, Batches, Goal, Inference, Split, Step, Task};
use crate::training::settings::Settings;

/// Learning the classes of the images of a data set, or what they have in place of classes.
pub struct Classification {
    train: Arc<ImageDataset>,
    valid: Arc<ImageDataset>,
    test: Arc<ImageDataset>,
    about: String,
    format: ImageFormat,
    model: ImageModelConfig,
    augmentation: Augmentation,
    seed: u64,
    training: TrainingConfig,
    learned: Learned,
    /// What training begins with a word about.
    cautions: Vec<String>,
}

/// What is learned of an image.
enum Learned {
    /// Its class.
    Classes {
        /// The weight of each class in the training loss, where they differ.
        weights: Option<Vec<f32>>,
    },
    /// Numbers or labels.
    Targets(TargetTask),
}

impl Classification {
    /// For training: normalises by the training split's own statistics.
    pub fn new(
        splits: Splits,
        own: &ImageExperiment,
        config: &RunConfig,
    ) -> Result<Self, TrainError> {
        let (model, augmentation) = (own.model.clone(), own.augmentation.clone());
        Self::of_splits(splits, model, augmentation, &Settings::from(config))
    }

    /// For training a network on a data set of one's own, which no run file knows: [`train_own`] does it.
    ///
    /// [`train_own`]: crate::training::run::train_own
    ///
    /// # Errors
    /// Where settings of the source cannot work, its images cannot be read, or a split of it is empty.
    pub fn of_source(
        source: &dyn ImageSource,
        model: ImageModelConfig,
        augmentation: Augmentation,
        settings: &Settings,
    ) -> Result<Self, TrainError> {
        source.validate()?;
        Self::of_splits(source.load()?, model, augmentation, settings)
    }

    fn of_splits(
        splits: Splits,
        model: ImageModelConfig,
        augmentation: Augmentation,
        settings: &Settings,
    ) -> Result<Self, TrainError> {
        augmentation.validate_for(splits.train.shape())?;
        for (split, name) in [(&splits.valid, "validation"), (&splits.test, "test")] {
            if split.is_empty() {
                return Err(TrainError::Mismatch(format!(
                    "the {name} split of the data is empty"
                )));
            }
        }
        let format = ImageFormat::of(&splits)?;
        let training = &settings.training;
        let learned = match &format.targets {
            Some(targets) => {
                let task = TargetTask::new(targets.clone(), training, splits.train.targets());
                task.check(&splits)?;
                Learned::Targets(task)
            }
            None => Learned::Classes {
                weights: (training.class_weights == ClassWeights::Balanced)
                    .then(|| weights::balanced(&splits.train)),
            },
        };
        let cautions = cautions::of(&splits, &model.sized(format.input())?, &format)?;
        Ok(Self {
            learned,
            cautions,
            format,
            about: splits.description.to_string(),
            train: splits.train,
            valid: splits.valid,
            test: splits.test,
            model,
            augmentation,
            seed: settings.seed,
            training: settings.training.clone(),
        })
    }

    /// For evaluating a network that exists on some images, which become the test split. The format, with its
    /// normalisation, is the network's.
    pub fn of_images(
        images: Arc<ImageDataset>,
        about: String,
        own: &ImageExperiment,
        config: &RunConfig,
        format: ImageFormat,
    ) -> Result<Self, TrainError> {
        format.accepts(&images)?;
        let none = Arc::new(images.slice(0..0));
        let learned = match &format.targets {
            Some(targets) => {
                Learned::Targets(TargetTask::new(targets.clone(), &config.training, None))
            }
            None => Learned::Classes { weights: None },
        };
        Ok(Self {
            train: none.clone(),
            valid: none,
            test: images,
            about,
            format,
            model: own.model.clone(),
            augmentation: own.augmentation.clone(),
            seed: config.seed,
            training: config.training.clone(),
            learned,
            cautions: Vec::new(),
        })
    }

    /// For a network that exists, or is of a run that need not be trained: a split of the run's data set, or of data in
    /// another place, all of it, becomes the test split.
    pub fn of_split(
        own: &ImageExperiment,
        config: &RunConfig,
        format: ImageFormat,
        data: Option<&Path>,
        split: Split,
    ) -> Result<Self, TrainError> {
        let mut dataset = own.dataset.clone();
        if let Some(path) = data {
            dataset.use_all_of(path)?;
        }
        dataset.bring_to([format.channels, format.height, format.width]);
        let found = dataset.load_split(split)?;
        let about = format!("{split} images ({})", found.origin);
        Self::of_images(found.images, about, own, config, format)
    }

    /// Where the data comes from, in a sentence.
    pub fn about_data(&self) -> &str {
        &self.about
    }

    /// The test images.
    pub fn tested_on(&self) -> &ImageDataset {
        &self.test
    }

    /// What a network says of each image of a split.
    ///
    /// # Errors
    /// Where the outcomes are not of these images.
    pub fn answers(&self, split: Split, outcomes: &Outcomes) -> Result<Answers, TrainError> {
        let Some(format) = &self.format.targets else {
            return self.judged(split, outcomes).map(Answers::Classes);
        };
        let images = self.split_images(split)?;
        let (truths, answers) = (truths_of(&images), outcomes.scores().to_vec());
        TargetPredictions::new(split, format.kind, format.names.clone(), truths, answers)?
            .with_groups(self.sources(split))?
            .with_files(names_of(&images))
            .map(Answers::Targets)
    }

    /// Which class a network takes each image of a split for, where images have classes.
    ///
    /// # Errors
    /// Where the outcomes are not of these images.
    pub fn judged(&self, split: Split, outcomes: &Outcomes) -> Result<Predictions, TrainError> {
        let images = self.split_images(split)?;
        let (labels, scores) = (images.labels().to_vec(), outcomes.scores().to_vec());
        Predictions::new(split, self.class_names(), labels, scores)?
            .with_groups(self.sources(split))?
            .with_factors(images.factors().map(<[f32]>::to_vec))?
            .with_files(names_of(&images))
    }

    fn split_images(&self, split: Split) -> Result<Arc<ImageDataset>, TrainError> {
        let splits = [&self.train, &self.valid, &self.test];
        Ok(split.of(splits, ImageDataset::concatenate)?)
    }

    /// What the classes, or the numbers or labels in their place, are called: by the network, or by the images it is used on, or their numbers.
    pub fn class_names(&self) -> Vec<String> {
        match (&self.format.class_names, self.test.class_names()) {
            (None, Some(names)) => names.to_vec(),
            _ => self.format.output_names(),
        }
    }

    /// What images have in place of a class, where they have something.
    pub fn targets(&self) -> Option<&TargetFormat> {
        self.format.targets.as_ref()
    }

    /// What images are normalised by.
    pub fn normalisation(&self) -> &ChannelNormalisation {
        &self.format.normalisation
    }

    /// Some of the test images on a device, as the network sees them, `[range, channels, height, width]`.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn test_images(
        &self,
        range: Range<usize>,
        device: &Device,
    ) -> Result<Tensor<4>, TrainError> {
        let part = Arc::new(self.test.slice(range));
        let options = self.options(part.count().max(1));
        match Self::stream(part, options)?.next() {
            Some(batch) => batch.map(|batch| images(batch.pixels, batch.shape, device)),
            None => Err(TrainError::Mismatch(
                "there are no examples in this data".into(),
            )),
        }
    }

    /// What a network that gives logits `[batch, classes]` for images `[batch, channels, height, width]` makes of a batch.
    pub fn judge(
        &self,
        logits: impl FnOnce(Tensor<4>) -> Tensor<2>,
        batch: &ImageBatch,
        device: &Device,
    ) -> Step {
        match &self.learned {
            Learned::Targets(task) => {
                let outputs = logits(images(batch.pixels.clone(), batch.shape, device));
                task.step(outputs, batch, device, false)
            }
            Learned::Classes { .. } => self.weighted(logits, batch, device, None),
        }
    }

    /// The same for classes with weights in the loss.
    fn weighted(
        &self,
        logits: impl FnOnce(Tensor<4>) -> Tensor<2>,
        batch: &ImageBatch,
        device: &Device,
        weights: Option<&[f32]>,
    ) -> Step {
        let [count, ..] = batch.shape;
        let logits = logits(images(batch.pixels.clone(), batch.shape, device));
        let labels: Tensor<2, Int> =
            Tensor::from_data(TensorData::new(batch.labels.clone(), [count, 1]), device);
        let log_p = log_softmax(logits, 1);
        let hit = -log_p.clone().gather(1, labels.clone());
        let correct = log_p.clone().detach().argmax(1).equal(labels).float();
        let outcomes = Tensor::cat(vec![hit.clone().detach(), correct], 1);
        let smoothing = self.training.label_smoothing;
        let (own, all) = match weights {
            None => (hit, log_p.clone()),
            Some(weights) => {
                let of_label = |label: &i64| weights[*label as usize];
                let weights: Vec<f32> = batch.labels.iter().map(of_label).collect();
                let weights = TensorData::new(weights, [count, 1]);
                let weights: Tensor<2> = Tensor::from_data(weights, device);
                (hit * weights.clone(), log_p.clone() * weights)
            }
        };
        let loss = if smoothing > 0.0 {
            own.mean() * (1.0 - smoothing) - all.mean() * smoothing
        } else {
            own.mean()
        };
        Step::new(loss, outcomes).with_scores(log_p)
    }

    fn options(&self, batch_size: usize) -> BatchOptions {
        BatchOptions::new(batch_size).with_normalisation(Some(self.format.normalisation.clone()))
    }

    fn stream(
        images: Arc<ImageDataset>,
        options: BatchOptions,
    ) -> Result<Batches<ImageBatch>, TrainError> {
        let mut loader = BatchLoader::new(images, options)?;
        Ok(Box::new(std::iter::from_fn(move || {
            loader.next_batch().map_err(TrainError::from).transpose()
        })))
    }
}

/// What images are called, where they have names.
fn names_of(images: &ImageDataset) -> Option<Vec<String>> {
    let names = images.names()?.iter();
    Some(names.map(|name| name.to_string()).collect())
}

/// What images have in place of a class, row by row.
fn truths_of(images: &ImageDataset) -> Vec<f32> {
    let targets = images.targets();
    targets.map_or(Vec::new(), |targets| targets.values().to_vec())
}

/// Pixels of a batch on a device.
fn images(pixels: Vec<f32>, shape: [usize; 4], device: &Device) -> Tensor<4> {
    Tensor::from_data(TensorData::new(pixels, shape), device)
}

impl Task for Classification {
    type Model = ImageModel;
    type Batch = ImageBatch;

    fn init(&self, device: &Device) -> Result<ImageModel, TrainError> {
        self.format.network(&self.model, device)
    }

    fn describe(&self) -> serde_json::Value {
        serde_json::json!(self.format)
    }

    fn identity(&self, split: Split) -> Result<Option<String>, TrainError> {
        Ok(Some(self.split_images(split)?.identity()?))
    }

    fn unit(&self) -> &'static str {
        "images"
    }

    fn cautions(&self) -> Vec<String> {
        self.cautions.clone()
    }

    fn examples(&self, split: Split) -> usize {
        match split {
            Split::Train => self.train.count(),
            Split::Valid => self.valid.count(),
            Split::Test => self.test.count(),
            Split::All => self.train.count() + self.valid.count() + self.test.count(),
        }
    }

    fn training_batches(
        &self,
        epoch: usize,
        start: usize,
    ) -> Result<Batches<ImageBatch>, TrainError> {
        let options = self
            .options(self.training.batch_size)
            .with_seed(self.seed)
            .with_epoch(epoch)
            .with_shuffle(true)
            .with_start_batch(start)
            .with_sampling(self.training.sampling)
            .with_augmentation(self.augmentation.clone());
        Self::stream(self.train.clone(), options)
    }

    fn batches(&self, split: Split) -> Result<Batches<ImageBatch>, TrainError> {
        let options = self.options(self.training.eval_batch_size);
        Self::stream(self.split_images(split)?, options)
    }

    fn size(&self, batch: &ImageBatch) -> usize {
        batch.shape[0]
    }

    fn part(&self, batch: &ImageBatch, examples: Range<usize>) -> ImageBatch {
        batch.part(examples)
    }

    fn step(
        &self,
        model: &ImageModel,
        batch: &ImageBatch,
        device: &Device,
    ) -> Result<Step, TrainError> {
        let step = match &self.learned {
            Learned::Classes { weights } => {
                let weights = weights.as_deref();
                self.weighted(|images| model.forward(images), batch, device, weights)
            }
            Learned::Targets(task) => {
                let outputs = model.forward(images(batch.pixels.clone(), batch.shape, device));
                task.step(outputs, batch, device, true)
            }
        };
        Ok(match model.penalty() {
            Some(penalty) => Step {
                loss: step.loss + penalty,
                ..step
            },
            None => step,
        })
    }

    fn kernel_sizes(&self, model: &ImageModel) -> BTreeMap<usize, [f64; 2]> {
        model.kernel_sizes().into_iter().collect()
    }

    fn inference<'a>(
        &'a self,
        model: &'a ImageModel,
        device: &'a Device,
    ) -> Inference<'a, ImageBatch> {
        let plain = model.export();
        Box::new(move |batch| Ok(self.judge(|images| plain.forward(images), batch, device)))
    }

    fn sources(&self, split: Split) -> Option<Vec<u32>> {
        let images = match split {
            Split::Train => &self.train,
            Split::Valid => &self.valid,
            Split::Test => &self.test,
            // Put together they would be numbered twice.
            Split::All => return None,
        };
        images.sources().map(<[u32]>::to_vec)
    }

    fn labels(&self, split: Split) -> Result<Vec<u8>, TrainError> {
        Ok(match split {
            Split::Train => self.train.labels().to_vec(),
            Split::Valid => self.valid.labels().to_vec(),
            Split::Test => self.test.labels().to_vec(),
            Split::All => self.split_images(split)?.labels().to_vec(),
        })
    }

    fn truths(&self, split: Split) -> Result<Vec<f32>, TrainError> {
        Ok(match &self.learned {
            Learned::Classes { .. } => Vec::new(),
            Learned::Targets(_) => truths_of(&*self.split_images(split)?),
        })
    }

    fn columns(&self) -> &'static [&'static str] {
        match &self.learned {
            Learned::Classes { .. } => &["loss", "accuracy"],
            Learned::Targets(task) => task.columns(),
        }
    }

    fn measures(&self, outcomes: &Outcomes) -> Vec<Measure> {
        match &self.learned {
            Learned::Classes { .. } => goals::measures(self.training.goal, outcomes),
            Learned::Targets(task) => task.measures(outcomes),
        }
    }

    fn predictions(
        &self,
        split: Split,
        outcomes: &Outcomes,
    ) -> Result<Option<Answers>, TrainError> {
        self.answers(split, outcomes).map(Some)
    }

    fn goals(&self) -> &'static [Goal] {
        match &self.learned {
            Learned::Classes { .. } => goals::of(self.training.goal),
            Learned::Targets(task) => task.goals(),
        }
    }
}

#[cfg(test)]
mod tests;
