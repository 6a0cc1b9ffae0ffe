//! Values that are of the right type but cannot work.

use super::fault::Fault;
use gcnn_datasets::{Sampling, TargetKind};
use gcnn_models::ImageModelConfig;

use super::{BestBy, ClassWeights, ConfigError, Experiment, RunConfig, limits};
use crate::device::DeviceName;
use crate::training::optimizer::UpdateRule;
use crate::training::schedule::ScheduleShape;

/// The largest number below 1 that decays take.
const BELOW_ONE: f64 = 0.999_999_9;

impl RunConfig {
    /// Whether all values can work, of a configuration that was not read from a file.
    ///
    /// # Errors
    /// The first value that cannot, with what is expected.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.check().map_err(|fault| ConfigError::Value {
            reason: fault.reason,
        })
    }

    /// The first value that cannot work.
    pub(super) fn check(&self) -> Result<(), Fault> {
        limits::check(self)?;
        self.check_numbers()?;
        if let UpdateRule::Sgd(sgd) = &self.optimizer.rule
            && sgd.nesterov
            && sgd.momentum == 0.0
        {
            let expected = "false where momentum is 0";
            return Err(Fault::new("optimizer.nesterov", "true", expected));
        }
        if let Some((key, found, expected)) = self.finetune.as_ref().and_then(|f| f.fault()) {
            return Err(Fault::new(key, &found, expected));
        }
        self.check_experiment()?;
        self.check_learned()?;
        self.check_places()
    }

    /// Numbers and where they may lie; not a number lies nowhere.
    fn check_numbers(&self) -> Result<(), Fault> {
        let (t, o, s) = (&self.training, &self.optimizer, &self.schedule);
        let (least, most) = (f64::MIN_POSITIVE, f64::MAX);
        let (above, from) = ("a number > 0", "a number ≥ 0");
        let (share, part) = ("a number in [0, 1)", "a number in (0, 1]");
        let mut numbers = vec![
            ("training.clip_norm", t.clip_norm, 0.0, most, from),
            (
                "training.label_smoothing",
                t.label_smoothing,
                0.0,
                0.999,
                share,
            ),
            ("training.average", t.average, 0.0, BELOW_ONE, share),
            ("optimizer.lr", o.lr, least, most, above),
            ("optimizer.weight_decay", o.weight_decay, 0.0, most, from),
        ];
        match &o.rule {
            UpdateRule::Adam(rule) | UpdateRule::AdamW(rule) => numbers.extend([
                ("optimizer.beta_1", rule.beta_1, 0.0, BELOW_ONE, share),
                ("optimizer.beta_2", rule.beta_2, 0.0, BELOW_ONE, share),
                ("optimizer.epsilon", rule.epsilon, least, most, above),
            ]),
            UpdateRule::Sgd(rule) => {
                numbers.push(("optimizer.momentum", rule.momentum, 0.0, BELOW_ONE, share));
            }
        }
        let (warmup, epochs) = (s.warmup_epochs, t.epochs as f64);
        let expected = "between 0 and training.epochs";
        numbers.push(("schedule.warmup_epochs", warmup, 0.0, epochs, expected));
        numbers.extend(match &s.shape {
            ScheduleShape::Constant {} => None,
            ScheduleShape::Step(shape) => Some(("schedule.factor", shape.factor, least, 1.0, part)),
            ScheduleShape::Exponential(shape) => {
                Some(("schedule.factor", shape.factor, least, 1.0, part))
            }
            ScheduleShape::Plateau(shape) => {
                Some(("schedule.factor", shape.factor, least, 1.0, part))
            }
            ScheduleShape::Cosine(shape) => Some((
                "schedule.floor",
                shape.floor,
                0.0,
                1.0,
                "a number in [0, 1]",
            )),
        });
        if let Experiment::Images(own) = &self.experiment
            && let ImageModelConfig::Gcnn(model) = &own.model
        {
            numbers.push(("model.dropout", model.dropout, 0.0, BELOW_ONE, share));
        }
        for (key, value, low, high, expected) in numbers {
            if !(low..=high).contains(&value) {
                return Err(Fault::new(key, &value.to_string(), expected));
            }
        }
        Ok(())
    }

    /// Whether loss, goal and weights are those of what is learned.
    fn check_learned(&self) -> Result<(), Fault> {
        let training = &self.training;
        let kind = match &self.experiment {
            Experiment::Images(own) => own.dataset.targets(),
            Experiment::Segmentation(_) | Experiment::NBody(_) => None,
        };
        match (kind, training.goal) {
            (Some(TargetKind::Numbers), BestBy::Task | BestBy::R2 | BestBy::Loss) => {}
            (Some(TargetKind::Numbers), found) => {
                return Err(goal(
                    found,
                    "\"r2\", \"loss\" or \"task\": numbers are learned (dataset.target)",
                ));
            }
            (_, BestBy::R2) => {
                return Err(goal(
                    BestBy::R2,
                    "another one: no numbers are learned (dataset.target)",
                ));
            }
            _ => {}
        }
        if let Experiment::Segmentation(_) = &self.experiment {
            self.check_segmentation()?;
        }
        if training.loss.is_some() && kind != Some(TargetKind::Numbers) {
            let expected = "none: it is for numbers (dataset.target)";
            return Err(Fault::new("training.loss", "one", expected));
        }
        let Some(kind) = kind else {
            return Ok(());
        };
        self.check_without_classes([
            "0: it is for classes, and numbers or labels are learned (dataset.target)",
            "\"all\": without classes there is nothing to balance (dataset.target)",
        ])?;
        if training.class_weights == ClassWeights::Balanced && kind == TargetKind::Numbers {
            let expected = "\"none\": numbers have no classes (dataset.target)";
            return Err(Fault::new(
                "training.class_weights",
                "\"balanced\"",
                expected,
            ));
        }
        Ok(())
    }

    /// Whether what is learned of pixels is something that pixels have.
    fn check_segmentation(&self) -> Result<(), Fault> {
        let training = &self.training;
        if !matches!(
            training.goal,
            BestBy::Task | BestBy::Loss | BestBy::Accuracy
        ) {
            let expected = "\"task\" (the overlap with the truth), \"accuracy\" or \"loss\": classes of pixels are learned";
            return Err(goal(training.goal, expected));
        }
        self.check_without_classes([
            "0: it is for classes of whole images",
            "\"all\": a patch has pixels of several classes",
        ])
    }

    /// Refuses what is for examples of one class each; `expected` of smoothed labels and of balanced batches.
    fn check_without_classes(&self, expected: [&'static str; 2]) -> Result<(), Fault> {
        let training = &self.training;
        if training.label_smoothing != 0.0 {
            let found = training.label_smoothing.to_string();
            return Err(Fault::new("training.label_smoothing", &found, expected[0]));
        }
        match training.sampling == Sampling::Balanced {
            true => Err(Fault::new("training.sampling", "\"balanced\"", expected[1])),
            false => Ok(()),
        }
    }

    fn check_experiment(&self) -> Result<(), Fault> {
        match &self.experiment {
            Experiment::Images(own) => {
                own.model
                    .check_counts()
                    .map_err(|error| Fault::network("model", &error))?;
                own.dataset
                    .validate()
                    .map_err(|error| Fault::table("dataset", &error))?;
                own.augmentation
                    .validate()
                    .map_err(|error| Fault::table("augmentation", &error))
            }
            Experiment::Segmentation(own) => {
                own.model
                    .check_counts()
                    .map_err(|error| Fault::network("model", &error))?;
                own.dataset
                    .validate()
                    .map_err(|error| Fault::table("dataset", &error))?;
                own.augmentation
                    .validate()
                    .map_err(|error| Fault::table("augmentation", &error))
            }
            Experiment::NBody(own) => {
                own.dataset
                    .validate()
                    .map_err(|error| Fault::table("dataset", &error))?;
                own.model
                    .validate()
                    .map_err(|error| Fault::network("model", &error))?;
                own.graph
                    .validate()
                    .map_err(|error| Fault::network("graph", &error))
            }
        }
    }

    fn check_places(&self) -> Result<(), Fault> {
        if self
            .output
            .as_ref()
            .is_some_and(|output| output.as_os_str().is_empty())
        {
            let expected = "a folder; left out, it is one by the file's name";
            return Err(Fault::new("output", "\"\"", expected));
        }
        device("device", &self.device)?;
        let mut devices = Vec::new();
        for name in &self.devices {
            // One device has several names: cuda is cuda:0.
            let parsed = device("devices", name)?;
            if devices.contains(&parsed) {
                let found = format!("\"{name}\", a device that is named already");
                return Err(Fault::new("devices", &found, "different devices"));
            }
            devices.push(parsed);
        }
        Ok(())
    }
}

/// A measure that the best epoch cannot be chosen by.
fn goal(found: BestBy, expected: &str) -> Fault {
    let found = serde_json::to_string(&found).unwrap_or_default();
    Fault::new("training.goal", &found, expected)
}

fn device(key: &'static str, name: &str) -> Result<DeviceName, Fault> {
    DeviceName::parse(name).map_err(|_| {
        let expected =
            "auto, flex, ndarray, wgpu, vulkan, cuda:0 (or another number) or remote:HOST:PORT";
        Fault::new(key, &format!("\"{name}\""), expected)
    })
}
