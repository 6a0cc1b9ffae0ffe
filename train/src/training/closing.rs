//! What comes after the last epoch: the one look at the test split, and for classifiers the temperature and the table of
//! everything that they say.

use burn::prelude::*;

use crate::TrainError;
use crate::task::calibration::{self, Calibration};
use crate::task::metrics::Outcomes;
use crate::task::predictions::{self, Predictions};
use crate::task::targets::{self, TargetPredictions};
use crate::task::{Answers, Identities, Split, Task, evaluate};
use crate::training::progress::Reporter;
use crate::training::run_folder::RunFolder;
use crate::training::settings::Settings;
use crate::training::trainer::Finished;
use crate::weights::arrays as weights;
use crate::weights::model_file::About;

/// What comes after the last epoch.
pub(super) struct Closing<'a, T: Task> {
    pub task: &'a T,
    pub settings: &'a Settings,
    pub identity: &'a Identities,
    pub finished: &'a Finished<T::Model>,
    pub folder: &'a RunFolder,
    pub device: &'a Device,
}

impl<T: Task> Closing<'_, T> {
    /// What the network makes of a split.
    fn evaluate(
        &self,
        split: Split,
        what: &str,
        reporter: &mut dyn Reporter,
    ) -> Result<(Outcomes, Option<Answers>), TrainError> {
        let all = self.task.examples(split);
        let model = &self.finished.model;
        let outcomes = evaluate(self.task, model, split, self.device, |seen| {
            reporter.closing(what, seen, all);
        })?;
        let judged = self.task.predictions(split, &outcomes)?;
        Ok((outcomes, judged))
    }

    /// The one look at the test split.
    pub fn test(
        &self,
        reporter: &mut dyn Reporter,
    ) -> Result<(Outcomes, Option<Answers>), TrainError> {
        self.evaluate(Split::Test, "testing", reporter)
    }

    /// Fits the temperature to the validation split, writes it into the weights file, and everything that the network says
    /// into a table.
    pub fn calibrate(
        &self,
        tested: &Predictions,
        reporter: &mut dyn Reporter,
    ) -> Result<Calibration, TrainError> {
        let (_, valid) = self.evaluate(Split::Valid, "calibrating", reporter)?;
        let valid = valid.and_then(Answers::classes);
        let temperature = valid.as_ref().map_or(1.0, calibration::fit);
        let best = &self.finished.best;
        let about = About {
            config: self.settings.to_weights_toml()?,
            data: &self.task.describe(),
            identity: self.identity,
            epoch: best.epoch,
            measures: &best.measures,
            temperature: Some(temperature),
        };
        let path = self.folder.best();
        let arrays = weights::collect(&self.finished.model);
        weights::save(&path, &arrays, about.metadata(&path)?)?;
        let splits: Vec<&Predictions> = valid.iter().chain([tested]).collect();
        predictions::write(&self.folder.predictions(), &splits, temperature)?;
        Ok(Calibration::new(tested, temperature))
    }

    /// Writes everything that a network for numbers or labels says into a table.
    pub fn tabulate(
        &self,
        tested: &TargetPredictions,
        reporter: &mut dyn Reporter,
    ) -> Result<(), TrainError> {
        let (_, valid) = self.evaluate(Split::Valid, "answering", reporter)?;
        let valid = valid.and_then(Answers::targets);
        let splits: Vec<&TargetPredictions> = valid.iter().chain([tested]).collect();
        targets::predictions::write(&self.folder.predictions(), &splits)
    }
}
