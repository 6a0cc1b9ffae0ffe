//! Who hears what a run does while it works.

use std::error::Error;

use crate::training::run_folder::{EpochRecord, RunFolder};

/// What is known before the first step.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Epochs in all.
    pub epochs: usize,
    /// The first one to work on, counted from 0.
    pub first_epoch: usize,
    /// Examples of an epoch.
    pub examples: usize,
    /// Examples of a validation.
    pub validation_examples: usize,
    /// What an example is called, in the plural.
    pub unit: &'static str,
    /// Names of the training metrics.
    pub columns: &'static [&'static str],
    /// Names of those where more is better.
    pub higher_is_better: Vec<&'static str>,
}

/// The state within an epoch.
#[derive(Debug, Clone)]
pub struct Moment<'a> {
    /// Epoch, counted from 0.
    pub epoch: usize,
    /// Examples seen in it.
    pub seen: usize,
    /// Means so far, in the order of [`Plan::columns`].
    pub means: &'a [f64],
    /// Learning rate.
    pub learning_rate: f64,
    /// Speed.
    pub examples_per_second: f64,
}

/// Hears what a run does.
pub trait Reporter {
    /// The run starts, or goes on.
    fn start(&mut self, plan: &Plan);
    /// A training batch is done.
    fn batch(&mut self, moment: &Moment);
    /// Validation has come to `seen` examples.
    fn validation(&mut self, seen: usize);
    /// An epoch is done; `eta` is the expected number of seconds to the end.
    fn epoch(&mut self, record: &EpochRecord, eta: f64);
    /// The records of a run were written, of all epochs so far; `columns` are the names of the training metrics. What is drawn of
    /// them can be drawn anew.
    fn records(
        &mut self,
        _folder: &RunFolder,
        _history: &[EpochRecord],
        _columns: &[&str],
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(())
    }
    /// A message for the user.
    fn note(&mut self, text: &str);
    /// Training is over.
    fn finish(&mut self);
    /// What comes after the last epoch has come so far: `what` is being done, of which there are `all` parts, and `done` of them are.
    fn closing(&mut self, _what: &str, _done: usize, _all: usize) {}
}

/// Tells nobody.
pub struct Silent;

impl Reporter for Silent {
    fn start(&mut self, _plan: &Plan) {}
    fn batch(&mut self, _moment: &Moment) {}
    fn validation(&mut self, _seen: usize) {}
    fn epoch(&mut self, _record: &EpochRecord, _eta: f64) {}
    fn note(&mut self, _text: &str) {}
    fn finish(&mut self) {}
}
