//! What the loop needs to know about a learning problem, and nothing else.
//!
//! The loop ([`crate::training::trainer`]) owns time: epochs, steps, learning rate, checkpoints, records. A [`Task`] owns
//! meaning: what a batch is, what the loss is, which numbers describe a model.

pub mod balanced;
pub mod bootstrap;
pub mod calibration;
pub mod class_report;
pub mod equivariance;
pub mod folds;
pub mod interval;
pub mod metrics;
pub mod numbers;
pub mod predictions;
mod ranking;
pub mod targets;

use std::collections::BTreeMap;
use std::ops::Range;

use crate::TrainError;
use crate::task::metrics::{Measure, Outcomes};
use crate::task::predictions::Predictions;
use crate::task::targets::TargetPredictions;
use burn::module::Module;
use burn::prelude::*;
pub use gcnn_datasets::Split;

/// What one batch gives.
pub struct Step {
    /// The quantity to descend, one number.
    pub loss: Tensor<1>,
    /// One row per example, one column per name in [`Task::columns`]; carries no gradient.
    pub outcomes: Tensor<2>,
    /// One row per example, one score per class, or one answer for each of what stands in place of classes, or what was counted in
    /// it; carries no gradient.
    pub scores: Option<Tensor<2>>,
}

impl Step {
    /// A loss and what is known of each example, `[batch, columns]`; there are no classes.
    pub fn new(loss: Tensor<1>, outcomes: Tensor<2>) -> Self {
        Self {
            loss,
            outcomes: without_gradient(outcomes),
            scores: None,
        }
    }

    /// With log-probabilities of classes, `[batch, classes]`, or answers for what stands in place of classes.
    pub fn with_scores(self, scores: Tensor<2>) -> Self {
        let scores = Some(without_gradient(scores));
        Self { scores, ..self }
    }
}

fn without_gradient(tensor: Tensor<2>) -> Tensor<2> {
    match tensor.device().is_autodiff() {
        true => tensor.detach().inner(),
        false => tensor,
    }
}

/// What a network said of every example of a split.
#[derive(Debug, Clone, PartialEq)]
pub enum Answers {
    /// How probable each class is.
    Classes(Predictions),
    /// Numbers, or how probable each label is.
    Targets(TargetPredictions),
}

impl Answers {
    /// Those that are a choice between classes.
    pub fn classes(self) -> Option<Predictions> {
        match self {
            Self::Classes(predictions) => Some(predictions),
            Self::Targets(_) => None,
        }
    }

    /// Those that are none.
    pub fn targets(self) -> Option<TargetPredictions> {
        match self {
            Self::Classes(_) => None,
            Self::Targets(predictions) => Some(predictions),
        }
    }
}

/// A measure to choose the best epoch by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Goal {
    /// Name of the measure.
    pub name: &'static str,
    /// Whether more is better.
    pub higher_is_better: bool,
}

/// What the examples of each split are, by the split's name.
pub type Identities = BTreeMap<String, String>;

/// A stream of batches.
pub type Batches<B> = Box<dyn Iterator<Item = Result<B, TrainError>>>;

/// What a network makes of a batch.
pub type Inference<'a, B> = Box<dyn Fn(&B) -> Result<Step, TrainError> + 'a>;

/// A learning problem: data, network, loss and measures.
pub trait Task: Sync {
    /// The network.
    type Model: Module;
    /// What the network sees at once.
    type Batch: Sync;

    /// A fresh network on a device, its weights drawn from the device's random stream.
    fn init(&self, device: &Device) -> Result<Self::Model, TrainError>;

    /// What, beside the run's configuration, rebuilding the network and reading its input takes; goes into weights files.
    fn describe(&self) -> serde_json::Value {
        serde_json::json!({})
    }

    /// What an example is called, in the plural.
    fn unit(&self) -> &'static str {
        "examples"
    }

    /// What the examples of a split are, in a few digits that are equal where all of them are; none where the task has no way
    /// to tell. A run goes on with the same examples or not at all.
    fn identity(&self, _split: Split) -> Result<Option<String>, TrainError> {
        Ok(None)
    }

    /// What of data and network makes it unlikely that training goes well, in words: told before the first step.
    fn cautions(&self) -> Vec<String> {
        Vec::new()
    }

    /// Number of examples of a split.
    fn examples(&self, split: Split) -> usize;

    /// Training batches of an epoch from batch `start` on. They depend on nothing but the run's seed and the epoch.
    fn training_batches(
        &self,
        epoch: usize,
        start: usize,
    ) -> Result<Batches<Self::Batch>, TrainError>;

    /// All examples of a split once, in order.
    fn batches(&self, split: Split) -> Result<Batches<Self::Batch>, TrainError>;

    /// Number of examples of a batch.
    fn size(&self, batch: &Self::Batch) -> usize;

    /// A batch of some of the examples of another.
    fn part(&self, batch: &Self::Batch, examples: Range<usize>) -> Self::Batch;

    /// Forward pass and loss, a mean over examples.
    fn step(
        &self,
        model: &Self::Model,
        batch: &Self::Batch,
        device: &Device,
    ) -> Result<Step, TrainError>;

    /// Steps of a network that no longer changes, which may be prepared for once.
    fn inference<'a>(
        &'a self,
        model: &'a Self::Model,
        device: &'a Device,
    ) -> Inference<'a, Self::Batch> {
        Box::new(move |batch| self.step(model, batch, device))
    }

    /// Height and width of a network's kernels in pixels, by the number of their layer, where they are trained.
    fn kernel_sizes(&self, _model: &Self::Model) -> BTreeMap<usize, [f64; 2]> {
        BTreeMap::new()
    }

    /// What each example of a split was cut from, where several were cut from one thing and are alike.
    fn sources(&self, _split: Split) -> Option<Vec<u32>> {
        None
    }

    /// The class of each example of a split; none where there are no classes.
    fn labels(&self, _split: Split) -> Result<Vec<u8>, TrainError> {
        Ok(Vec::new())
    }

    /// What each example of a split has in place of a class, row by row, NaN where it is not known; none where there is nothing of
    /// the kind.
    fn truths(&self, _split: Split) -> Result<Vec<f32>, TrainError> {
        Ok(Vec::new())
    }

    /// Names of the outcome columns, the loss first; their means over an epoch are the training metrics.
    fn columns(&self) -> &'static [&'static str] {
        &["loss"]
    }

    /// The measures of an evaluation: the means of the columns, with bootstrap intervals, where a task says nothing else.
    fn measures(&self, outcomes: &Outcomes) -> Vec<Measure> {
        let columns = self.columns().iter();
        columns.map(|name| outcomes.bootstrap_mean(name)).collect()
    }

    /// What a network said of every example of a split, given the outcomes of [`evaluate`], where an answer is a choice between
    /// classes, or what stands in their place. A run then writes a table of it; a network that chooses between classes it calibrates.
    fn predictions(
        &self,
        _split: Split,
        _outcomes: &Outcomes,
    ) -> Result<Option<Answers>, TrainError> {
        Ok(None)
    }

    /// Measures to choose the best epoch by; later ones decide where earlier ones are equal. A small loss, where a task says
    /// nothing else.
    fn goals(&self) -> &'static [Goal] {
        &[Goal {
            name: "loss",
            higher_is_better: false,
        }]
    }
}

/// Runs a network without gradients over a split; `seen` hears the number of examples so far.
pub fn evaluate<T: Task>(
    task: &T,
    model: &T::Model,
    split: Split,
    device: &Device,
    seen: impl FnMut(usize),
) -> Result<Outcomes, TrainError> {
    evaluate_by(task, split, task.inference(model, device), seen)
}

/// The same for whatever takes the steps.
pub fn evaluate_by<T: Task>(
    task: &T,
    split: Split,
    step: impl Fn(&T::Batch) -> Result<Step, TrainError>,
    mut seen: impl FnMut(usize),
) -> Result<Outcomes, TrainError> {
    let mut outcomes = Outcomes::new(task.columns())
        .with_sources(task.sources(split))
        .with_labels(task.labels(split)?)
        .with_truths(task.truths(split)?);
    for batch in task.batches(split)? {
        let step = step(&batch?)?;
        let rows: Vec<f32> = step.outcomes.into_data().iter::<f32>().collect();
        outcomes.extend(&rows);
        if let Some(scores) = step.scores {
            let rows: Vec<f32> = scores.into_data().iter::<f32>().collect();
            outcomes.extend_scores(&rows);
        }
        seen(outcomes.len());
    }
    Ok(outcomes)
}
