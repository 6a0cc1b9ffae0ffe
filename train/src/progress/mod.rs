//! How a run shows itself while it works: a line per epoch, a bar within it, or Burn's dashboard.

#[cfg(feature = "tui")]
mod dashboard;
mod plain;

use crate::output;
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

pub use plain::Plain;

use crate::run_folder::EpochRecord;

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
    /// A message for the user.
    fn note(&mut self, text: &str);
    /// Training is over.
    fn finish(&mut self);
}

/// Shows nothing but notes.
pub struct Quiet;

impl Reporter for Quiet {
    fn start(&mut self, _plan: &Plan) {}
    fn batch(&mut self, _moment: &Moment) {}
    fn validation(&mut self, _seen: usize) {}
    fn epoch(&mut self, _record: &EpochRecord, _eta: f64) {}
    fn note(&mut self, text: &str) {
        output::say(text);
    }
    fn finish(&mut self) {}
}

/// The reporter for this terminal: Burn's dashboard where standard output is a terminal and the feature `tui` is
/// compiled in, lines otherwise. The dashboard sets `interrupt` when the user asks it to stop.
pub fn reporter(quiet: bool, dashboard: bool, interrupt: &Arc<AtomicBool>) -> Box<dyn Reporter> {
    if quiet {
        return Box::new(Quiet);
    }
    if dashboard && std::io::stdout().is_terminal() {
        #[cfg(feature = "tui")]
        return Box::new(dashboard::Dashboard::new(interrupt.clone()));
    }
    let _ = interrupt;
    Box::new(Plain::default())
}

/// Seconds in words of at most two units.
pub fn duration(seconds: f64) -> String {
    let s = seconds.max(0.0).round() as u64;
    match s {
        0..60 => format!("{s}s"),
        60..3600 => format!("{}m{:02}s", s / 60, s % 60),
        _ => format!("{}h{:02}m", s / 3600, s % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_read_well() {
        let read: Vec<String> = [0.2, 59.4, 61.0, 3599.0, 7384.0].map(duration).into();
        assert_eq!(read, ["0s", "59s", "1m01s", "59m59s", "2h03m"]);
    }
}
