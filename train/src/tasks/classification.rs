//! Image classification: cross-entropy on logits, judged by accuracy.
//!
//! ```text
//! loss = − w Σ_c t_c log softmax(z)_c,   t_c = (1 − s) [c = label] + s / C,   s the label smoothing
//! w    = 1, or N / (C n) where classes are to count the same: n of the N training images have the label
//! ```
//!
//! Weights are for training alone: validation and test count every image the same.

mod format;

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
use crate::task::class_report::ClassReport;
use crate::task::equivariance::images::{own_elements, survey};
use crate::task::equivariance::{Survey, Symmetric};
use crate::task::metrics::{Measure, Outcomes};
use crate::task::{Batches, Goal, Inference, Split, Step, Task};
use crate::training::settings::Settings;

/// Images of the equivariance report: enough to see every class many times.
const REPORT_IMAGES: usize = 128;

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
            ClassWeights::Balanced => Some(balanced_weights(&splits.train)),
        };
        Ok(Self {
            class_weights,
            format: ImageFormat::of(&splits),
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

    /// How a network does on the test images, class by class.
    pub fn class_report(&self, outcomes: &Outcomes) -> ClassReport {
        ClassReport::new(
            outcomes.scores(),
            self.test.labels(),
            &self.class_names(),
            self.test.sources(),
        )
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

/// N / (C n) for each class of n images; 1 where there are none.
fn balanced_weights(images: &ImageDataset) -> Vec<f32> {
    let mut counts = vec![0usize; images.classes()];
    for label in images.labels() {
        counts[usize::from(*label)] += 1;
    }
    let present = counts.iter().filter(|count| **count > 0).count();
    let weight = |count: usize| match count {
        0 => 1.0,
        count => images.count() as f32 / (present * count) as f32,
    };
    counts.into_iter().map(weight).collect()
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
        let images = split.of(
            [&self.train, &self.valid, &self.test],
            ImageDataset::concatenate,
        )?;
        Ok(Some(images.identity()?))
    }

    fn unit(&self) -> &'static str {
        "images"
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
        let splits = [&self.train, &self.valid, &self.test];
        let images = split.of(splits, ImageDataset::concatenate)?;
        Self::stream(images, options)
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

    fn columns(&self) -> &'static [&'static str] {
        &["loss", "accuracy"]
    }

    fn measures(&self, outcomes: &Outcomes) -> Vec<Measure> {
        vec![outcomes.share("accuracy"), outcomes.mean("loss")]
    }

    fn goals(&self) -> &'static [Goal] {
        &[
            Goal {
                name: "accuracy",
                higher_is_better: true,
            },
            Goal {
                name: "loss",
                higher_is_better: false,
            },
        ]
    }
}

/// Under the elements of the network's own group.
impl Symmetric for Classification {
    fn survey(&self, model: &ImageModel, device: &Device) -> Result<Survey, TrainError> {
        let count = self.test.count().min(REPORT_IMAGES);
        let images = self.test_images(0..count, device)?;
        let group = model.group();
        Ok(survey(group, own_elements(group), images, &|images| {
            model.outputs(images)
        }))
    }
}

#[cfg(test)]
mod tests;
