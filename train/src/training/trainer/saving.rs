//! Checkpoints of a run, and its weights.

use std::collections::BTreeMap;
use std::path::Path;

use burn::module::Module;
use gcnn_models::weights::parameters_of;

use super::Trainer;
use crate::TrainError;
use crate::task::Task;
use crate::training::checkpoint::{Checkpoint, Content};
use crate::training::divergence::OnDivergence;
use crate::weights::arrays::{self as weights, Weights};
use crate::weights::model_file::About;

impl<T: Task> Trainer<'_, T> {
    pub(super) fn save(&self) -> Result<(), TrainError> {
        self.save_to(&self.folder.checkpoint())
    }

    pub(super) fn save_to(&self, path: &Path) -> Result<(), TrainError> {
        let (optimizer, scalars) = self.updater.state();
        Checkpoint {
            progress: self.progress.clone(),
            // `valid` brings pending updates of running statistics in.
            model: weights::collect(&self.model.valid()),
            average: self.average.as_ref().map(weights::collect),
            best: self.best.clone(),
            optimizer,
            scalars,
        }
        .save(path)
    }

    pub(super) fn restore(&mut self, path: &Path) -> Result<(), TrainError> {
        let fault = |reason: String| TrainError::weights(path, reason);
        let parameters = parameters_of(&self.model);
        let checkpoint = Checkpoint::load_of(
            path,
            &Content {
                parameters: &parameters,
                optimizer: &self.settings.optimizer,
                averaged: self.average.is_some(),
            },
        )?;
        // A run that goes on whatever it comes to may have come to no numbers.
        if self.settings.training.on_divergence != OnDivergence::Continue {
            checkpoint.check_finite().map_err(fault)?;
        }
        self.updater
            .restore(
                &parameters,
                &checkpoint.optimizer,
                &checkpoint.scalars,
                &self.device.clone().inner(),
            )
            .map_err(fault)?;
        self.model = weights::apply(self.model.clone(), &checkpoint.model).map_err(fault)?;
        if let (Some(average), Some(saved)) = (self.average.take(), &checkpoint.average) {
            self.average = Some(weights::apply(average, saved).map_err(fault)?);
        }
        self.best = checkpoint.best;
        self.progress = checkpoint.progress;
        // More epochs may be asked for than the run was started with.
        let p = &mut self.progress;
        let patience = self.settings.training.patience;
        p.finished =
            p.epoch >= self.settings.training.epochs || (patience > 0 && p.since_best >= patience);
        // A kill may have come between the weights of an epoch and its checkpoint.
        if let (Some(weights), Some(best)) = (&self.best, &self.progress.best) {
            self.save_weights(&self.folder.best(), best.epoch, &best.measures, weights)?;
        }
        Ok(())
    }

    /// Writes weights that rebuild their network, whole or not at all.
    pub(super) fn save_weights(
        &self,
        path: &Path,
        epoch: usize,
        measures: &BTreeMap<String, f64>,
        weights: &Weights,
    ) -> Result<(), TrainError> {
        let about = About {
            config: self.settings.to_weights_toml()?,
            data: &self.task.describe(),
            identity: &self.identity,
            epoch,
            measures,
            temperature: None,
        };
        weights::save(path, weights, about.metadata(path)?)
    }
}
