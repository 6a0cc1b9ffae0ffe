//! What a network makes of images that have numbers or labels in place of a class.
//!
//! ```text
//! of one number     mse   d²              d = output − (number − mean) / std
//!                   mae   |d|
//!                   huber d² / 2 where |d| ≤ 1, otherwise |d| − 1/2
//! of one label      − w₁ y log p − w₀ (1 − y) log(1 − p),   p = 1 / (1 + exp(−output))
//! of an image       the mean over what is known of it
//! w                 1, or N / (2 n) where labels are to count the same: n of the N images have it, or don't have it
//! ```
//!
//! Weights are for training alone. Sources: Huber 1964; King and Zeng 2001 (weights).

use burn::prelude::*;
use burn::tensor::TensorData;
use gcnn_datasets::images::{TargetKind, Targets};
use gcnn_datasets::{ImageBatch, Splits};

use crate::TrainError;
use crate::run_file::{BestBy, ClassWeights, LossName, TrainingConfig};
use crate::task::metrics::{Measure, Outcomes};
use crate::task::targets::measures::{ACCURACY, AUC, BALANCED, R2};
use crate::task::targets::{Judged, TargetFormat};
use crate::task::{Goal, Step};

const LOSS: Goal = Goal {
    name: "loss",
    higher_is_better: false,
};
const OF_R2: Goal = more(R2);
const OF_AUC: Goal = more(AUC);
const OF_ACCURACY: Goal = more(ACCURACY);
const OF_BALANCED: Goal = more(BALANCED);

const fn more(name: &'static str) -> Goal {
    Goal {
        name,
        higher_is_better: true,
    }
}

/// The loss and the measures of numbers or labels.
pub(super) struct TargetTask {
    format: TargetFormat,
    loss: LossName,
    goal: BestBy,
    /// What each label counts where an image does not have it, and where it does.
    weights: Option<Vec<[f32; 2]>>,
}

impl TargetTask {
    /// For a network of a format, with weights of the labels of training images where the settings ask for them.
    pub fn new(format: TargetFormat, training: &TrainingConfig, train: Option<&Targets>) -> Self {
        let is_weighted = training.class_weights == ClassWeights::Balanced;
        let train = train.filter(|_| is_weighted && format.kind == TargetKind::Labels);
        Self {
            weights: train.map(weights),
            format,
            loss: training.loss.unwrap_or_default(),
            goal: training.goal,
        }
    }

    /// Whether settings and data go together: whether the validation images can tell the best epoch.
    pub fn check(&self, splits: &Splits) -> Result<(), TrainError> {
        let Some(valid) = splits.valid.targets() else {
            return Ok(());
        };
        let differ = |at: usize| {
            let mut values = valid.known(at);
            let first = values.next();
            values.any(|value| Some(value) != first)
        };
        let needs = match (self.format.kind, self.goal) {
            (_, BestBy::Loss)
            | (TargetKind::Labels, BestBy::Accuracy | BestBy::BalancedAccuracy) => {
                return Ok(());
            }
            (TargetKind::Numbers, _) => "R²",
            (TargetKind::Labels, _) => "AUC",
        };
        if (0..self.format.names.len()).any(differ) {
            return Ok(());
        }
        Err(TrainError::Mismatch(format!(
            "the {} validation images have one value of each of {}: there is no {needs} to choose the best epoch by. More pictures, \
             or training.goal = \"loss\", help",
            valid.count(),
            self.format.names.join(", ")
        )))
    }

    /// What outputs `[batch, names]` are worth. `weighted`: with the weights of labels in the loss.
    pub fn step(
        &self,
        outputs: Tensor<2>,
        batch: &ImageBatch,
        device: &Device,
        weighted: bool,
    ) -> Step {
        let width = self.format.names.len();
        let shape = [batch.targets.len() / width, width];
        let on_device =
            |values: Vec<f32>| Tensor::<2>::from_data(TensorData::new(values, shape), device);
        let rows = batch.targets.chunks_exact(width);
        // What is not known counts nothing, and is 0 only because it has to be a number.
        let share = |row: &[f32]| 1.0 / row.iter().filter(|v| !v.is_nan()).count().max(1) as f32;
        let known = rows.clone().flat_map(|row| {
            let share = share(row);
            row.iter()
                .map(move |v| if v.is_nan() { 0.0 } else { share })
        });
        let known = on_device(known.collect());
        let learned = rows.flat_map(|row| {
            let values = row.iter().enumerate();
            values.map(|(at, value)| match value.is_nan() {
                true => 0.0,
                false => self.format.learned(at, *value),
            })
        });
        let truths = on_device(learned.collect());
        let losses = self.losses(outputs.clone(), truths.clone());
        let of_image = |each: Tensor<2>| (each * known.clone()).sum_dim(1);
        let plain = of_image(losses.clone()).detach();
        let losses = match self.weights.as_ref().filter(|_| weighted) {
            None => losses,
            Some(weights) => {
                let of = |at: usize, truth: f32| weights[at][usize::from(truth >= 0.5)];
                let each = batch.targets.iter().enumerate();
                losses
                    * on_device(
                        each.map(|(place, truth)| of(place % width, *truth))
                            .collect(),
                    )
            }
        };
        let loss = of_image(losses).mean();
        let outcomes = match self.format.kind {
            TargetKind::Numbers => plain,
            TargetKind::Labels => {
                let said = outputs.clone().detach().greater_equal_elem(0.0).float();
                let right = said.equal(truths).float();
                Tensor::cat(vec![plain, of_image(right)], 1)
            }
        };
        Step::new(loss, outcomes).with_scores(self.format.answers(outputs))
    }

    /// The loss of every output.
    fn losses(&self, outputs: Tensor<2>, truths: Tensor<2>) -> Tensor<2> {
        if self.format.kind == TargetKind::Labels {
            // − y log p − (1 − y) log(1 − p) without a probability that could be 0.
            let log = (-outputs.clone().abs()).exp().log1p();
            return outputs.clone().clamp_min(0.0) - outputs * truths + log;
        }
        let error = outputs - truths;
        match self.loss {
            LossName::Mse => error.clone() * error,
            LossName::Mae => error.abs(),
            LossName::Huber => {
                let size = error.abs();
                let near = size.clone().clamp_max(1.0);
                near.clone() * near.clone() * 0.5 + (size - near)
            }
        }
    }

    /// What is known of each example of an epoch of training.
    pub fn columns(&self) -> &'static [&'static str] {
        match self.format.kind {
            TargetKind::Numbers => &["loss"],
            TargetKind::Labels => &["loss", ACCURACY],
        }
    }

    /// All measures, those that models are compared by first.
    pub fn measures(&self, outcomes: &Outcomes) -> Vec<Measure> {
        let judged = Judged::new(
            self.format.kind,
            self.format.names.len(),
            outcomes.truths(),
            outcomes.scores(),
            outcomes.sources(),
        );
        let mut measures = judged.measures();
        measures.push(outcomes.mean("loss"));
        measures
    }

    /// What the best epoch is chosen by.
    pub fn goals(&self) -> &'static [Goal] {
        match (self.format.kind, self.goal) {
            (_, BestBy::Loss) => &[LOSS],
            (TargetKind::Numbers, _) => &[OF_R2, LOSS],
            (TargetKind::Labels, BestBy::Accuracy) => &[OF_ACCURACY, LOSS],
            (TargetKind::Labels, BestBy::BalancedAccuracy) => &[OF_BALANCED, LOSS],
            (TargetKind::Labels, _) => &[OF_AUC, LOSS],
        }
    }
}

/// What each label counts where an image does not have it, and where it does.
fn weights(targets: &Targets) -> Vec<[f32; 2]> {
    let of_label = |at: usize| {
        let mut counts = [0usize; 2];
        targets
            .known(at)
            .for_each(|value| counts[usize::from(value >= 0.5)] += 1);
        let all = counts[0] + counts[1];
        counts.map(|count| match count {
            0 => 1.0,
            count => all as f32 / (2 * count) as f32,
        })
    };
    (0..targets.names().len()).map(of_label).collect()
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;

    const NAN: f32 = f32::NAN;

    fn task(kind: TargetKind, training: &TrainingConfig, train: Option<&Targets>) -> TargetTask {
        let of = |value: f64| match kind {
            TargetKind::Numbers => vec![value; 2],
            TargetKind::Labels => Vec::new(),
        };
        let format = TargetFormat {
            kind,
            names: ["a", "b"].map(String::from).to_vec(),
            mean: of(10.0),
            std: of(2.0),
        };
        TargetTask::new(format, training, train)
    }

    fn step(task: &TargetTask, outputs: &[f32], targets: &[f32]) -> (f32, Vec<f32>, Vec<f32>) {
        let count = targets.len() / 2;
        let batch = ImageBatch {
            pixels: vec![0.0; count],
            shape: [count, 1, 1, 1],
            labels: vec![0; count],
            targets: targets.to_vec(),
            indices: (0..count as u32).collect(),
        };
        let device = Device::flex();
        let outputs = TensorData::new(outputs.to_vec(), [count, 2]);
        let step = task.step(Tensor::from_data(outputs, &device), &batch, &device, true);
        let numbers = |tensor: Tensor<2>| tensor.into_data().iter::<f32>().collect::<Vec<f32>>();
        let scores = step.scores.expect("answers");
        (
            step.loss.into_scalar::<f32>(),
            numbers(step.outcomes),
            numbers(scores),
        )
    }

    #[test]
    fn what_is_not_known_counts_nothing() {
        // 12 is learned as 1, 10 as 0: errors of 1 and 2, and of 3 where one is not known.
        let (outputs, targets) = ([2.0, 2.0, -3.0, 7.0], [12.0, 10.0, 10.0, NAN]);
        for (loss, of_images) in [
            (None, [2.5, 9.0]),
            (Some(LossName::Mae), [1.5, 3.0]),
            (Some(LossName::Huber), [1.0, 2.5]),
        ] {
            let training = TrainingConfig {
                loss,
                ..Default::default()
            };
            let task = task(TargetKind::Numbers, &training, None);
            let (mean, each, answers) = step(&task, &outputs, &targets);
            assert_eq!(each, of_images, "{loss:?}");
            assert!((mean - (of_images[0] + of_images[1]) / 2.0).abs() < 1e-6);
            assert_eq!(answers, [14.0, 14.0, 4.0, 24.0]);
        }
    }

    #[test]
    fn labels_have_cross_entropy_and_weights() {
        let plain = task(TargetKind::Labels, &TrainingConfig::default(), None);
        let (outputs, targets) = ([0.0, 100.0, -100.0, 0.0], [1.0, 1.0, 1.0, NAN]);
        let (mean, each, answers) = step(&plain, &outputs, &targets);
        let half = 2f32.ln() / 2.0;
        assert!(
            (each[0] - half).abs() < 1e-6 && (each[2] - 100.0).abs() < 1e-4,
            "{each:?}"
        );
        assert_eq!([each[1], each[3]], [1.0, 0.0]);
        assert!((mean - (half + 100.0) / 2.0).abs() < 1e-4);
        assert_eq!(answers[..2], [0.5, 1.0]);
        // One of four has the first label, two of three the second.
        let train = [1.0, 1.0, 0.0, 0.0, 0.0, NAN, 0.0, 1.0];
        let names = ["a", "b"].map(String::from);
        let train = Targets::new(TargetKind::Labels, names, train.to_vec()).expect("labels");
        let training = TrainingConfig {
            class_weights: ClassWeights::Balanced,
            ..Default::default()
        };
        let weighted = task(TargetKind::Labels, &training, Some(&train));
        assert_eq!(weighted.weights, Some(vec![[2.0 / 3.0, 2.0], [1.5, 0.75]]));
        let (more, same, _) = step(&weighted, &outputs, &targets);
        assert_eq!(same, each);
        assert!((more - (2.0 * half + 200.0) / 2.0).abs() < 1e-4, "{more}");
    }
}
