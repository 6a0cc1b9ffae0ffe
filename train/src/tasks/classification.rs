//! Image classification: cross-entropy on logits, judged by accuracy.
//!
//! ```text
//! loss = − w Σ_c t_c log softmax(z)_c,   t_c = (1 − s) [c = label] + s / C,   s the label smoothing
//! w    = 1, or N / (C n) where classes are to count the same: n of the N training images have the label
//! ```
//!
//! Weights are for training alone: validation and test count every image the same.

mod cautions;
mod format;
mod goals;
mod symmetry;
mod weights;

pub use format::ImageFormat;

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

use crate::TrainError;
use crate::run_file::{ClassWeights, ImageExperiment, RunConfig, TrainingConfig};
use crate::task::metrics::{Measure, Outcomes};
use crate::task::predictions::Predictions;
use crate::task::{Batches, Goal, Inference, Split, Step, Task};
use crate::training::settings::Settings;

/// Learning to classify the images of a data set.
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
    /// The weight of each class in the training loss, where they differ.
    class_weights: Option<Vec<f32>>,
    /// What training begins with a word about.
    cautions: Vec<String>,
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
        for (split, name) in [(&splits.valid, "validation"), (&splits.test, "test")] {
            if split.is_empty() {
                return Err(TrainError::Mismatch(format!(
                    "the {name} split of the data is empty"
                )));
            }
        }
        let class_weights = match settings.training.class_weights {
            ClassWeights::None => None,
            ClassWeights::Balanced => Some(weights::balanced(&splits.train)),
        };
        let format = ImageFormat::of(&splits);
        let cautions = cautions::of(&splits, &model.sized(format.input())?, &format)?;
        Ok(Self {
            class_weights,
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
            class_weights: None,
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
    pub fn judged(&self, split: Split, outcomes: &Outcomes) -> Result<Predictions, TrainError> {
        let images = self.split_images(split)?;
        let (labels, scores) = (images.labels().to_vec(), outcomes.scores().to_vec());
        Predictions::new(split, self.class_names(), labels, scores)?
            .with_groups(self.sources(split))?
            .with_files(names_of(&images))
    }

    fn split_images(&self, split: Split) -> Result<Arc<ImageDataset>, TrainError> {
        let splits = [&self.train, &self.valid, &self.test];
        Ok(split.of(splits, ImageDataset::concatenate)?)
    }

    /// What the classes are called: by the network, or by the images it is used on, or their numbers.
    pub fn class_names(&self) -> Vec<String> {
        match (&self.format.class_names, self.test.class_names()) {
            (None, Some(names)) => names.to_vec(),
            _ => self.format.class_names(),
        }
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
        self.weighted(logits, batch, device, None)
    }

    /// The same with weights of the classes in the loss.
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
        let weights = self.class_weights.as_deref();
        Ok(self.weighted(|images| model.forward(images), batch, device, weights))
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

    fn columns(&self) -> &'static [&'static str] {
        &["loss", "accuracy"]
    }

    fn measures(&self, outcomes: &Outcomes) -> Vec<Measure> {
        goals::measures(self.training.goal, outcomes)
    }

    fn predictions(
        &self,
        split: Split,
        outcomes: &Outcomes,
    ) -> Result<Option<Predictions>, TrainError> {
        self.judged(split, outcomes).map(Some)
    }

    fn goals(&self) -> &'static [Goal] {
        goals::of(self.training.goal)
    }
}

#[cfg(test)]
mod tests;
