//! How a run shows itself while it works: a line per epoch, a bar within it, or Burn's dashboard; and curves in its folder.

mod closing;
#[cfg(feature = "tui")]
mod dashboard;
mod plain;

use std::error::Error;
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use gcnn_train::training::progress::{Moment, Plan, Reporter};
use gcnn_train::training::run_folder::{EpochRecord, RunFolder};

use crate::output;
use crate::report::{curves, kernel_sizes};
pub use closing::Closing;
use plain::Plain;

/// Shows nothing but notes.
struct Quiet;

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
/// Whichever it is, it draws the curves.
pub fn reporter(quiet: bool, dashboard: bool, interrupt: &Arc<AtomicBool>) -> Box<dyn Reporter> {
    Box::new(WithCurves(shown(quiet, dashboard, interrupt)))
}

fn shown(quiet: bool, dashboard: bool, interrupt: &Arc<AtomicBool>) -> Box<dyn Reporter> {
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

/// Passes everything on, and draws the curves of the run into its folder.
struct WithCurves(Box<dyn Reporter>);

impl Reporter for WithCurves {
    fn start(&mut self, plan: &Plan) {
        self.0.start(plan);
    }
    fn batch(&mut self, moment: &Moment) {
        self.0.batch(moment);
    }
    fn validation(&mut self, seen: usize) {
        self.0.validation(seen);
    }
    fn epoch(&mut self, record: &EpochRecord, eta: f64) {
        self.0.epoch(record, eta);
    }
    fn records(
        &mut self,
        folder: &RunFolder,
        history: &[EpochRecord],
        columns: &[&str],
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        kernel_sizes::draw(&folder.kernel_sizes(), history)?;
        Ok(curves::draw(&folder.curves(), history, columns)?)
    }
    fn note(&mut self, text: &str) {
        self.0.note(text);
    }
    fn finish(&mut self) {
        self.0.finish();
    }
    fn closing(&mut self, what: &str, done: usize, all: usize) {
        self.0.closing(what, done, all);
    }
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
