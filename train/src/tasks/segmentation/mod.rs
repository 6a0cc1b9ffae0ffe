//! Learning the classes of pixels: images with masks, cut into patches for training and seen whole for evaluation.
//!
//! Measures are means over images, with a bootstrap over them; where masks hold instances, the answers become instances
//! again ([`watershed_of_classes`]), and F1 counts those that overlap with a true one by more than half:
//!
//! ```text
//! F1 = 2 TP / (2 TP + FP + FN)        over all images together
//! ```
//!
//! Source: Caicedo et al. 2019, "Nucleus segmentation across imaging experiments: the 2018 Data Science Bowl".

mod format;
mod loss;
mod symmetry;

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use burn::prelude::*;
use gcnn_datasets::segmentation::match_instances;
use gcnn_datasets::{
    Augmentation, BatchOptions, MaskKind, PatchLoader, SceneLoader, SegmentationBatch,
    SegmentationDataset, SegmentationSplits, watershed_of_classes,
};
use gcnn_models::{SegmentationModel, SegmentationModelConfig};

pub use self::format::SegmentationFormat;
use self::loss::{Judged, judge};
use crate::TrainError;
use crate::run_file::{BestBy, ClassWeights, RunConfig, SegmentationExperiment, TrainingConfig};
use crate::task::metrics::{Measure, Outcomes};
use crate::task::{Batches, Goal, Inference, Split, Step, Task};

/// Pixels of the smallest interior that an instance grows from.
pub const SMALLEST_SEED: usize = 4;

/// Rows and columns of images that a network sees at once where it is used: scores are those of the whole image, tile by tile.
pub const TILE: usize = 512;

/// By how much an instance has to overlap with a true one.
const THRESHOLD: f64 = 0.5;

/// Draws of a bootstrap.
const DRAWS: usize = 2_000;

const COLUMNS: [&str; 4] = ["loss", "dice", "iou", "accuracy"];

/// Learning the class of each pixel of images.
pub struct Segmentation {
    train: Arc<SegmentationDataset>,
    valid: Arc<SegmentationDataset>,
    test: Arc<SegmentationDataset>,
    about: String,
    format: SegmentationFormat,
    model: SegmentationModelConfig,
    augmentation: Augmentation,
    patch_size: usize,
    patches_per_image: usize,
    seed: u64,
    training: TrainingConfig,
    /// The weight of each class in the training loss, where they differ.
    weights: Option<Vec<f32>>,
}

impl Segmentation {
    /// For training: normalises by the training split's own statistics.
    ///
    /// # Errors
    /// Where a split is empty, or the augmentation does not fit the images.
    pub fn new(
        splits: SegmentationSplits,
        own: &SegmentationExperiment,
        config: &RunConfig,
    ) -> Result<Self, TrainError> {
        let size = own.dataset.patch_size;
        own.augmentation
            .validate_for([splits.train.channels(), size, size])?;
        for (split, name) in [(&splits.valid, "validation"), (&splits.test, "test")] {
            if split.is_empty() {
                return Err(TrainError::Mismatch(format!(
                    "the {name} split of the data is empty"
                )));
            }
        }
        let format = SegmentationFormat::of(&splits, &own.dataset);
        let balanced = config.training.class_weights == ClassWeights::Balanced;
        let weights = balanced.then(|| balanced_weights(&splits.train.class_shares()));
        let about = splits.description.to_string();
        let sets = [splits.train, splits.valid, splits.test];
        Ok(Self {
            weights,
            ..Self::of(sets, about, own, config, format)
        })
    }

    /// For evaluating a network that exists on some images, which become the test split. The format, with its
    /// normalisation, is the network's.
    ///
    /// # Errors
    /// Where the images have other channels or classes.
    pub fn of_images(
        images: SegmentationDataset,
        about: String,
        own: &SegmentationExperiment,
        config: &RunConfig,
        format: SegmentationFormat,
    ) -> Result<Self, TrainError> {
        format.accepts(&images)?;
        let none = Arc::new(images.slice(0..0));
        let sets = [none.clone(), none, Arc::new(images)];
        Ok(Self::of(sets, about, own, config, format))
    }

    fn of(
        [train, valid, test]: [Arc<SegmentationDataset>; 3],
        about: String,
        own: &SegmentationExperiment,
        config: &RunConfig,
        format: SegmentationFormat,
    ) -> Self {
        Self {
            train,
            valid,
            test,
            about,
            format,
            model: own.model.clone(),
            augmentation: own.augmentation.clone(),
            patch_size: own.dataset.patch_size,
            patches_per_image: own.dataset.patches_per_image,
            seed: config.seed,
            training: config.training.clone(),
            weights: None,
        }
    }

    /// For a network that exists, or is of a run that need not be trained: a split of the run's data set, or of data in
    /// another place, all of it, becomes the test split.
    pub fn of_split(
        own: &SegmentationExperiment,
        config: &RunConfig,
        format: SegmentationFormat,
        data: Option<&Path>,
        split: Split,
    ) -> Result<Self, TrainError> {
        let mut dataset = own.dataset.clone();
        if let Some(path) = data {
            dataset.use_all_of(path);
        }
        // The classes are the network's, whatever a weights file's own settings say.
        dataset.grey = format.channels == 1;
        if !format.instances {
            dataset.masks = MaskKind::Classes;
            dataset.classes = format.class_names.clone();
        }
        let images = dataset.load_split(split)?;
        let about = format!("{split} images ({})", dataset.origin());
        Self::of_images(images, about, own, config, format)
    }

    /// Where the data comes from, in a sentence.
    pub fn about_data(&self) -> &str {
        &self.about
    }

    /// The test images.
    pub fn tested_on(&self) -> &Arc<SegmentationDataset> {
        &self.test
    }

    /// What the images and their classes look like.
    pub fn format(&self) -> &SegmentationFormat {
        &self.format
    }

    fn split_images(&self, split: Split) -> Result<Arc<SegmentationDataset>, TrainError> {
        let splits = [&self.train, &self.valid, &self.test];
        Ok(split.of(splits, SegmentationDataset::concatenate)?)
    }

    /// Scores of a batch's pixels compared with the truth.
    fn judged(
        &self,
        scores: Tensor<4>,
        batch: &SegmentationBatch,
        weights: Option<&[f32]>,
    ) -> Judged {
        let device = &scores.device();
        let shape = [batch.count, 1, batch.height, batch.width];
        let truth = batch.classes.iter().map(|class| i64::from(*class));
        let truth = TensorData::new(truth.collect::<Vec<i64>>(), shape);
        judge(scores, Tensor::from_data(truth, device), weights)
    }

    /// True and false positives and false negatives of each image, row by row.
    fn counted(
        &self,
        batch: &SegmentationBatch,
        answers: Tensor<4, Int>,
        truth: &[u16],
    ) -> Result<Vec<f32>, TrainError> {
        let answers: Vec<u8> = answers.into_data().iter::<u8>().collect();
        let size = [batch.height, batch.width];
        let plane = size[0] * size[1];
        let mut rows = Vec::with_capacity(3 * batch.count);
        for (answer, truth) in answers.chunks(plane).zip(truth.chunks(plane)) {
            let found = watershed_of_classes(answer, size, SMALLEST_SEED)?;
            let matches = match_instances(truth, &found);
            rows.extend([
                matches.true_positives(THRESHOLD) as f32,
                matches.false_positives(THRESHOLD) as f32,
                matches.false_negatives(THRESHOLD) as f32,
            ]);
        }
        Ok(rows)
    }
}

/// So that every class has the same share in the cross-entropy: w_c = 1 / (C share_c), 1 where there is no pixel of it.
fn balanced_weights(shares: &[f64]) -> Vec<f32> {
    let present = shares.iter().filter(|share| **share > 0.0).count() as f64;
    let weight = |share: &f64| match *share > 0.0 {
        true => (1.0 / (present * share)) as f32,
        false => 1.0,
    };
    shares.iter().map(weight).collect()
}

/// Pixels of a batch on a device.
fn images(batch: &SegmentationBatch, device: &Device) -> Tensor<4> {
    let shape = [batch.count, batch.channels, batch.height, batch.width];
    Tensor::from_data(TensorData::new(batch.images.clone(), shape), device)
}

/// F1 of rows of true positives, false positives and false negatives.
fn f1(rows: &[f32], images: &[u32]) -> f64 {
    let mut sums = [0.0; 3];
    for image in images {
        let row = &rows[3 * *image as usize..][..3];
        for (sum, count) in sums.iter_mut().zip(row) {
            *sum += f64::from(*count);
        }
    }
    let [hits, invented, missed] = sums;
    // Without a thing in the truth and in the answer nothing is wrong.
    match 2.0 * hits + invented + missed {
        0.0 => 1.0,
        all => 2.0 * hits / all,
    }
}

impl Task for Segmentation {
    type Model = SegmentationModel;
    type Batch = SegmentationBatch;

    fn init(&self, device: &Device) -> Result<SegmentationModel, TrainError> {
        let classes = self.format.class_names.len();
        Ok(self.model.init(self.format.input(), classes, device)?)
    }

    fn describe(&self) -> serde_json::Value {
        serde_json::json!(self.format)
    }

    fn identity(&self, split: Split) -> Result<Option<String>, TrainError> {
        Ok(Some(self.split_images(split)?.identity()))
    }

    fn unit(&self) -> &'static str {
        "images"
    }

    fn examples(&self, split: Split) -> usize {
        match split {
            // What training sees at once are patches.
            Split::Train => self.train.len() * self.patches_per_image,
            Split::Valid => self.valid.len(),
            Split::Test => self.test.len(),
            Split::All => self.train.len() + self.valid.len() + self.test.len(),
        }
    }

    fn training_batches(
        &self,
        epoch: usize,
        start: usize,
    ) -> Result<Batches<SegmentationBatch>, TrainError> {
        let options = BatchOptions::new(self.training.batch_size)
            .with_normalisation(Some(self.format.normalisation.clone()))
            .with_seed(self.seed)
            .with_epoch(epoch)
            .with_shuffle(true)
            .with_start_batch(start)
            .with_augmentation(self.augmentation.clone());
        let (train, patches) = (self.train.clone(), self.patches_per_image);
        let loader = PatchLoader::new(train, self.patch_size, patches, &options)?;
        Ok(Box::new(loader.map(Ok)))
    }

    fn batches(&self, split: Split) -> Result<Batches<SegmentationBatch>, TrainError> {
        let normalisation = Some(self.format.normalisation.clone());
        let loader = SceneLoader::new(self.split_images(split)?);
        Ok(Box::new(loader.with_normalisation(normalisation)?.map(Ok)))
    }

    fn size(&self, batch: &SegmentationBatch) -> usize {
        batch.count
    }

    fn part(&self, batch: &SegmentationBatch, examples: Range<usize>) -> SegmentationBatch {
        batch.part(examples)
    }

    fn step(
        &self,
        model: &SegmentationModel,
        batch: &SegmentationBatch,
        device: &Device,
    ) -> Result<Step, TrainError> {
        let scores = model.forward(images(batch, device));
        let judged = self.judged(scores, batch, self.weights.as_deref());
        Ok(Step::new(judged.loss, judged.outcomes))
    }

    fn inference<'a>(
        &'a self,
        model: &'a SegmentationModel,
        device: &'a Device,
    ) -> Inference<'a, SegmentationBatch> {
        Box::new(move |batch| {
            let scores = model.forward_in_tiles(images(batch, device), TILE);
            let judged = self.judged(scores, batch, None);
            let step = Step::new(judged.loss, judged.outcomes);
            let truth = batch.instances.as_deref();
            let Some(truth) = truth.filter(|_| self.format.instances) else {
                return Ok(step);
            };
            let rows = self.counted(batch, judged.answers, truth)?;
            let rows = TensorData::new(rows, [batch.count, 3]);
            Ok(step.with_scores(Tensor::from_data(rows, device)))
        })
    }

    fn columns(&self) -> &'static [&'static str] {
        &COLUMNS
    }

    fn measures(&self, outcomes: &Outcomes) -> Vec<Measure> {
        let mut measures = [1, 2, 3]
            .map(|column| within_one(outcomes.bootstrap_mean(COLUMNS[column])))
            .to_vec();
        let counts = outcomes.scores();
        if self.format.instances && counts.len() == 3 * outcomes.len() {
            let units = outcomes.units();
            let all: Vec<u32> = (0..outcomes.len() as u32).collect();
            let (low, high) = units.interval(DRAWS, |images| f1(counts, images));
            measures.push(within_one(Measure {
                name: "f1",
                value: f1(counts, &all),
                low,
                high,
            }));
        }
        measures.push(outcomes.bootstrap_mean("loss"));
        measures
    }

    fn goals(&self) -> &'static [Goal] {
        const DICE: Goal = Goal {
            name: "dice",
            higher_is_better: true,
        };
        const ACCURACY: Goal = Goal {
            name: "accuracy",
            higher_is_better: true,
        };
        const LOSS: Goal = Goal {
            name: "loss",
            higher_is_better: false,
        };
        match self.training.goal {
            BestBy::Loss => &[LOSS, DICE],
            BestBy::Accuracy => &[ACCURACY, DICE],
            // Others are refused.
            _ => &[DICE, LOSS],
        }
    }
}

/// A share has its interval within what shares can be.
fn within_one(measure: Measure) -> Measure {
    Measure {
        low: measure.low.clamp(0.0, 1.0),
        high: measure.high.clamp(0.0, 1.0),
        ..measure
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests;
