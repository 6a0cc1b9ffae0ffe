//! The training loop: time, records and checkpoints around any [`Task`].
//!
//! ```text
//! for each epoch, for each batch t:   w ← update(w, ∇ loss(w, batch_t), rate(t))
//! after each epoch:                   validate; keep the best; write records, weights, checkpoint
//! at the end:                         test the best weights, once
//! ```
//!
//! Bit-exact resumption rests on one rule: whatever is random at step t depends on the seed and on t alone, never on
//! what was drawn before.

mod returning;
mod saving;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use burn::module::Module;
use burn::prelude::*;
use gcnn_models::file::{WeightsError, check_finite};

use crate::TrainError;
use crate::finetune::{self, Tuning};
use crate::task::metrics::{Measure, Outcomes, Sums};
use crate::task::{Identities, Split, Task, evaluate};
use crate::training::average;
use crate::training::best::improves;
use crate::training::checkpoint::{Best, Progress};
use crate::training::divergence::{Divergence, Return};
use crate::training::optimizer::ModuleUpdater;
use crate::training::parallel;
use crate::training::progress::{Moment, Plan, Reporter};
use crate::training::random::{fresh, mix};
use crate::training::run_folder::{EpochRecord, PassRecord, RunFolder};
use crate::training::schedule::Schedule;
use crate::training::settings::Settings;
use crate::weights::arrays::{self as weights, Weights};

/// Batches whose outcomes may wait on the device before they are read; reading stops a GPU's pipeline.
const PENDING: usize = 8;

/// A run in work.
pub struct Trainer<'a, T: Task> {
    task: &'a T,
    settings: Settings,
    device: Device,
    /// Devices that take a share of every training step; the first is `device`.
    devices: Vec<Device>,
    folder: RunFolder,
    identity: Identities,
    reporter: &'a mut dyn Reporter,
    interrupt: Arc<AtomicBool>,
    model: T::Model,
    average: Option<T::Model>,
    best: Option<Weights>,
    updater: ModuleUpdater,
    tuning: Tuning,
    parameters: usize,
    schedule: Schedule,
    progress: Progress,
}

/// What a finished run is left with.
pub struct Finished<M> {
    /// The network with the weights of the best validation epoch, ready for inference.
    pub model: M,
    /// The best epoch.
    pub best: Best,
    /// Trainable parameters.
    pub parameters: usize,
    /// Where it diverged and went back.
    pub returns: Vec<Return>,
}

impl<'a, T: Task> Trainer<'a, T> {
    /// Prepares a run in a folder, which is not written to before [`run`](Self::run): there may be none yet. `identity` goes into
    /// the weights files.
    pub fn new(
        task: &'a T,
        settings: Settings,
        device: &Device,
        folder: RunFolder,
        identity: Identities,
        reporter: &'a mut dyn Reporter,
        interrupt: Arc<AtomicBool>,
    ) -> Result<Self, TrainError> {
        let device = device.clone().autodiff();
        settings.check()?;
        let training = &settings.training;
        let steps_per_epoch = task.examples(Split::Train).div_ceil(training.batch_size);
        let mut model = fresh(task, settings.seed, &device)?;
        let parameters = weights::count_trainable(&model);
        let mut tuning = Tuning::default();
        if let Some(finetune) = settings.finetune() {
            tuning = Tuning::new(finetune, &model)?;
            // A run that goes on has its weights in the checkpoint: the source may be gone by then.
            if !folder.checkpoint().exists() {
                let random = weights::collect(&model);
                let (from, experiment) = (&finetune.from, settings.experiment());
                let (start, lines) = finetune::start(task, experiment, from, &random, &tuning)?;
                model = weights::apply(model, &start).map_err(TrainError::Finetune)?;
                lines.iter().for_each(|line| reporter.note(line));
            }
            model = tuning.freeze(model);
        }
        let average = (training.average > 0.0).then(|| model.valid());
        Ok(Self {
            task,
            devices: vec![device.clone()],
            device,
            folder,
            identity,
            reporter,
            interrupt,
            model,
            average,
            best: None,
            updater: settings
                .optimizer
                .init(training.clip_norm)
                .with_factors(tuning.factors().clone()),
            tuning,
            parameters,
            schedule: settings.schedule.init(
                settings.optimizer.lr,
                steps_per_epoch,
                training.epochs,
            ),
            progress: Progress::default(),
            settings,
        })
    }

    /// Where the folder holds a checkpoint, goes on from it; otherwise writes the first one.
    fn begin(&mut self) -> Result<(), TrainError> {
        let checkpoint = self.folder.checkpoint();
        if checkpoint.exists() {
            return self.restore(&checkpoint);
        }
        self.save()?;
        self.save_to(&self.folder.good_checkpoint())
    }

    /// Lets other devices take a share of every training step, see [`crate::training::parallel`].
    pub fn with_helpers(mut self, helpers: &[Device]) -> Self {
        let helpers = helpers.iter().map(|device| device.clone().autodiff());
        self.devices.extend(helpers);
        self
    }

    /// Trains to the end, or until interrupted: then everything is saved and the error says how to go on.
    pub fn run(mut self) -> Result<Finished<T::Model>, TrainError> {
        self.begin()?;
        let plan = Plan {
            epochs: self.settings.training.epochs,
            first_epoch: self.progress.epoch,
            examples: self.task.examples(Split::Train),
            validation_examples: self.task.examples(Split::Valid),
            unit: self.task.unit(),
            columns: self.task.columns(),
            higher_is_better: self
                .task
                .goals()
                .iter()
                .filter(|g| g.higher_is_better)
                .map(|g| g.name)
                .collect(),
        };
        if !self.progress.finished {
            self.reporter.start(&plan);
            let outcome = self.epochs();
            self.reporter.finish();
            outcome?;
        }
        self.write_records()?;
        let fault = |reason: String| TrainError::weights(self.folder.checkpoint(), reason);
        let (Some(best), Some(weights)) = (self.progress.best.clone(), &self.best) else {
            let goals = self.task.goals().iter().map(|goal| goal.name);
            let goals: Vec<&str> = goals.collect();
            return Err(fault(format!(
                "the run is over, but no epoch is its best: on validation {} never came to numbers; a lower optimizer.lr may help",
                goals.join(" and ")
            )));
        };
        let model = weights::apply(self.model.valid(), weights).map_err(fault)?;
        Ok(Finished {
            model,
            best,
            parameters: self.parameters,
            returns: self.progress.returns,
        })
    }

    fn epochs(&mut self) -> Result<(), TrainError> {
        while !self.progress.finished {
            self.epoch()?;
        }
        Ok(())
    }

    fn epoch(&mut self) -> Result<(), TrainError> {
        let before = self.progress.seconds;
        let start = Instant::now();
        let width = self.task.columns().len();
        let batches = self
            .task
            .training_batches(self.progress.epoch, self.progress.batch)?;
        let mut pending: Vec<Tensor<2>> = Vec::new();
        // A run may go on after the last batch of an epoch, whose record has that batch's rate.
        let mut rate = self.rate_of(self.progress.step - u64::from(self.progress.batch > 0));
        let first = self.progress.sums.examples;
        for batch in batches {
            rate = self.rate_of(self.progress.step);
            let outcomes = self.step(&batch?, rate)?;
            pending.push(outcomes);
            let stop = self.interrupt.load(Ordering::SeqCst);
            let every = self.settings.training.checkpoint_every as u64;
            let due = every > 0 && self.progress.step.is_multiple_of(every);
            if pending.len() >= PENDING || stop || due || self.progress.step < PENDING as u64 {
                if let Some(found) = self.read(&mut pending, width)
                    && self.diverged(found.to_string(), found.loss)?
                {
                    return Ok(());
                }
                let seconds = start.elapsed().as_secs_f64();
                self.progress.seconds = before + seconds;
                let means: Vec<f64> = (0..width).map(|i| self.progress.sums.mean(i)).collect();
                let seen = self.progress.sums.examples;
                self.reporter.batch(&Moment {
                    epoch: self.progress.epoch,
                    seen,
                    means: &means,
                    learning_rate: rate,
                    examples_per_second: (seen - first) as f64 / seconds.max(1e-9),
                });
            }
            if stop || due {
                self.save()?;
            }
            if stop {
                return Err(self.interrupted());
            }
        }
        if let Some(found) = self.read(&mut pending, width)
            && self.diverged(found.to_string(), found.loss)?
        {
            return Ok(());
        }
        self.progress.seconds = before + start.elapsed().as_secs_f64();
        self.close_epoch(rate)
    }

    /// One optimizer step; gives the outcomes of its batch.
    fn step(&mut self, batch: &T::Batch, rate: f64) -> Result<Tensor<2>, TrainError> {
        // Devices of one backend may share a random stream, which is then left as the first wants it.
        for (index, device) in self.devices.iter().enumerate().rev() {
            device.seed(mix(self.settings.seed, self.progress.step) ^ index as u64);
        }
        let at_once = self.settings.training.micro_batch_size;
        let (grads, outcomes) =
            parallel::step(self.task, &self.model, batch, &self.devices, at_once)?;
        self.model = self.updater.step(rate, self.model.clone(), grads);
        if let Some(average) = self.average.take() {
            self.average = Some(average::blend(
                average,
                &self.model.valid(),
                self.settings.training.average,
                self.progress.step,
                self.tuning.frozen(),
            ));
        }
        self.progress.step += 1;
        self.progress.batch += 1;
        Ok(outcomes)
    }

    fn rate_of(&self, step: u64) -> f64 {
        let returns = self.progress.returns.last();
        let factor = returns.map_or(1.0, |gone| gone.rate_factor);
        factor * self.schedule.rate(step, &self.progress.plateau)
    }

    /// Reads the outcomes that wait on the device; the first column is the loss, which is watched.
    fn read(&mut self, pending: &mut Vec<Tensor<2>>, width: usize) -> Option<Divergence> {
        let mut found = None;
        for outcomes in pending.drain(..) {
            let rows: Vec<f32> = outcomes.into_data().iter::<f32>().collect();
            let mut batch = Sums::default();
            batch.extend(&rows, width);
            let seen = self.progress.watch.see(batch.mean(0));
            found = found.or(seen);
            self.progress.sums.extend(&rows, width);
        }
        found
    }

    /// Validation, records, weights and checkpoint after the last batch of an epoch.
    fn close_epoch(&mut self, rate: f64) -> Result<(), TrainError> {
        let start = Instant::now();
        let model = match &self.average {
            Some(average) => average.clone(),
            None => self.model.valid(),
        };
        let device = self.device.clone().inner();
        let reporter = &mut self.reporter;
        let outcomes: Outcomes = evaluate(self.task, &model, Split::Valid, &device, |seen| {
            reporter.validation(seen);
        })?;
        let validation_seconds = start.elapsed().as_secs_f64();
        let measures = values(&self.task.measures(&outcomes));
        let before = self.progress.best.as_ref().map(|best| &best.measures);
        let better = improves(self.task.goals(), &measures, before);
        let current = weights::collect(&model);
        if let Err(WeightsError::NotFinite { name, value, .. }) = check_finite(&current)
            && self.diverged(format!("`{name}` came to hold {value}"), f64::NAN)?
        {
            return Ok(());
        }
        let p = &mut self.progress;
        let training = self
            .task
            .columns()
            .iter()
            .enumerate()
            .map(|(i, name)| (name.to_string(), p.sums.mean(i)))
            .collect();
        let record = EpochRecord {
            epoch: p.epoch + 1,
            step: p.step,
            learning_rate: rate,
            training: PassRecord {
                measures: training,
                examples_per_second: p.sums.examples as f64 / p.seconds.max(1e-9),
            },
            validation: PassRecord {
                measures: measures.clone(),
                examples_per_second: outcomes.len() as f64 / validation_seconds.max(1e-9),
            },
            best: better,
            kernel_sizes: self.task.kernel_sizes(&model),
            returns: p
                .returns
                .iter()
                .filter(|gone| gone.to_epoch == p.epoch)
                .cloned()
                .collect(),
            seconds: p.seconds + validation_seconds,
        };
        let epoch = record.epoch;
        self.save_weights(&self.folder.last(), epoch, &measures, &current)?;
        if better {
            self.save_weights(&self.folder.best(), epoch, &measures, &current)?;
        }
        let p = &mut self.progress;
        if better {
            self.best = Some(current);
            p.best = Some(Best {
                epoch: record.epoch,
                measures,
            });
            p.since_best = 0;
        } else {
            p.since_best += 1;
        }
        self.schedule.observe(better, &mut p.plateau);
        p.history.push(record.clone());
        p.epoch += 1;
        p.batch = 0;
        p.sums = Default::default();
        p.seconds = 0.0;
        let patience = self.settings.training.patience;
        let stalled = patience > 0 && p.since_best >= patience;
        p.finished = p.epoch >= self.settings.training.epochs || stalled;
        let seconds: Vec<f64> = p.history.iter().rev().take(5).map(|r| r.seconds).collect();
        let eta = seconds.iter().sum::<f64>() / seconds.len().max(1) as f64
            * self.settings.training.epochs.saturating_sub(p.epoch) as f64;
        self.write_records()?;
        self.save()?;
        if better || self.progress.watch.is_calm() {
            self.save_to(&self.folder.good_checkpoint())?;
        }
        self.reporter.epoch(&record, eta);
        if stalled {
            self.reporter.note(&format!(
                "no progress on validation for {patience} epochs: training ends here"
            ));
        }
        if self.interrupt.load(Ordering::SeqCst) && !self.progress.finished {
            return Err(self.interrupted());
        }
        Ok(())
    }

    fn write_records(&mut self) -> Result<(), TrainError> {
        self.folder.write_metrics(&self.progress.history)?;
        let history = &self.progress.history;
        let shown = (self.reporter).records(&self.folder, history, self.task.columns());
        shown.map_err(|source| TrainError::Reporter {
            folder: self.folder.root().to_path_buf(),
            source,
        })
    }

    fn interrupted(&self) -> TrainError {
        TrainError::Interrupted {
            epoch: self.progress.epoch + 1,
            folder: self.folder.root().to_path_buf(),
        }
    }
}

fn values(measures: &[Measure]) -> BTreeMap<String, f64> {
    measures
        .iter()
        .map(|m| (m.name.to_string(), m.value))
        .collect()
}

#[cfg(test)]
mod tests;
