//! What a network's outputs are where they are no classes.
//!
//! ```text
//! number   answer = output · std + mean          mean and standard deviation of the training part
//! label    answer = 1 / (1 + exp(−output))       how probable it is
//! ```

use burn::prelude::*;
use burn::tensor::TensorData;
use burn::tensor::activation::sigmoid;
use gcnn_datasets::images::{TargetKind, Targets};
use serde::{Deserialize, Serialize};

use crate::TrainError;

/// How many numbers of single precision a standard deviation has to span: fewer would show in the answers.
const LEAST_STEPS: f64 = 1_000.0;

/// What a network's outputs are: numbers or labels, one for each name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetFormat {
    /// Numbers or labels.
    pub kind: TargetKind,
    /// What they are called.
    pub names: Vec<String>,
    /// The mean of each number in the training part; of labels there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mean: Vec<f64>,
    /// The standard deviation of each number in the training part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub std: Vec<f64>,
}

impl TargetFormat {
    /// The format of what is known of training images.
    ///
    /// # Errors
    /// Where a number is the same for all of them.
    pub fn of(targets: &Targets) -> Result<Self, TrainError> {
        let mut own = Self {
            kind: targets.kind(),
            names: targets.names().to_vec(),
            mean: Vec::new(),
            std: Vec::new(),
        };
        if own.kind == TargetKind::Labels {
            return Ok(own);
        }
        for (at, name) in targets.names().iter().enumerate() {
            let values: Vec<f64> = targets.known(at).map(f64::from).collect();
            let [mean, std] = spread(&values);
            if !(std > 0.0 && std.is_finite()) {
                return Err(TrainError::Mismatch(format!(
                    "the training images have no two different numbers of `{name}`: there is nothing to learn"
                )));
            }
            // Numbers are kept in single precision, which holds seven digits.
            let kept = std / (mean.abs() * f64::from(f32::EPSILON));
            if kept < LEAST_STEPS {
                return Err(TrainError::Mismatch(format!(
                    "the numbers of `{name}` lie {std:.3} about {mean:.9}, closer together than single precision tells apart: \
                     subtract what they have in common, and give it back to the answers"
                )));
            }
            own.mean.push(mean);
            own.std.push(std);
        }
        Ok(own)
    }

    /// Whether it fits so many outputs, and its numbers make sense.
    pub fn validate(&self, outputs: usize) -> Result<(), TrainError> {
        let wrong = |reason: String| Err(TrainError::Mismatch(reason));
        if self.names.len() != outputs {
            let names = self.names.len();
            return wrong(format!("there are {names} names for {outputs} outputs"));
        }
        let scales = match self.kind {
            TargetKind::Numbers => outputs,
            TargetKind::Labels => 0,
        };
        if (self.mean.len(), self.std.len()) != (scales, scales) {
            return wrong(format!("{scales} means and standard deviations are needed"));
        }
        let is_mean = |mean: &f64| (*mean as f32).is_finite();
        let is_std = |std: &f64| (*std as f32).is_finite() && *std > 0.0;
        match self.mean.iter().all(is_mean) && self.std.iter().all(is_std) {
            true => Ok(()),
            false => wrong("means and standard deviations are finite, the latter above 0".into()),
        }
    }

    /// What outputs `[batch, names]` say: numbers in their units, or how probable labels are.
    pub fn answers(&self, outputs: Tensor<2>) -> Tensor<2> {
        match self.kind {
            TargetKind::Labels => sigmoid(outputs),
            TargetKind::Numbers => {
                let device = outputs.device();
                let row = |values: &[f64]| {
                    let values: Vec<f32> = values.iter().map(|value| *value as f32).collect();
                    let count = values.len();
                    Tensor::<2>::from_data(TensorData::new(values, [1, count]), &device)
                };
                outputs * row(&self.std) + row(&self.mean)
            }
        }
    }

    /// A value as the network learns it.
    pub fn learned(&self, at: usize, value: f32) -> f32 {
        match self.kind {
            TargetKind::Numbers => ((f64::from(value) - self.mean[at]) / self.std[at]) as f32,
            TargetKind::Labels => value,
        }
    }

    /// What they are, in words.
    pub fn words(&self) -> String {
        let kind = match self.kind {
            TargetKind::Numbers => "numbers",
            TargetKind::Labels => "labels",
        };
        format!("{kind} {}", self.names.join(", "))
    }
}

/// Mean and standard deviation of values.
pub(super) fn spread(values: &[f64]) -> [f64; 2] {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    [mean, (squares / count).sqrt()]
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;

    fn targets(kind: TargetKind, values: &[f32]) -> Targets {
        let names = ["a", "b"].map(String::from);
        Targets::new(kind, names, values.to_vec()).expect("targets")
    }

    #[test]
    fn answers_have_the_unit_of_their_column() {
        let values = [10.0, 0.25, 30.0, f32::NAN, 20.0, 0.75];
        let format = TargetFormat::of(&targets(TargetKind::Numbers, &values)).expect("a format");
        assert_eq!(
            (format.mean[0], format.mean[1], format.std[1]),
            (20.0, 0.5, 0.25)
        );
        assert!(format.validate(2).is_ok() && format.validate(3).is_err());
        let outputs: Vec<f32> = [(0, 10.0), (1, 0.25), (0, 30.0), (1, 0.75)]
            .map(|(at, value)| format.learned(at, value))
            .to_vec();
        assert!((outputs[1] + 1.0).abs() < 1e-6);
        let outputs = TensorData::new(outputs, [2, 2]);
        let outputs = Tensor::<2>::from_data(outputs, &Device::flex());
        let answers: Vec<f32> = format.answers(outputs).into_data().iter().collect();
        for (found, expected) in answers.iter().zip([10.0, 0.25, 30.0, 0.75]) {
            assert!((found - expected).abs() < 1e-5, "{answers:?}");
        }
        let same = TargetFormat::of(&targets(TargetKind::Numbers, &[1.0, 2.0, 1.0, 3.0]));
        assert!(
            same.expect_err("one value")
                .to_string()
                .contains("numbers of `a`")
        );
    }

    #[test]
    fn labels_have_probabilities() {
        let format = TargetFormat::of(&targets(TargetKind::Labels, &[0.0, 1.0])).expect("labels");
        assert!(format.validate(2).is_ok() && format.mean.is_empty());
        let outputs = Tensor::<2>::from_data([[0.0, 100.0]], &Device::flex());
        let answers: Vec<f32> = format.answers(outputs).into_data().iter().collect();
        assert_eq!(answers, [0.5, 1.0]);
    }
}
