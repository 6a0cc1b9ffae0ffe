//! `gcnn compare`.

use std::path::PathBuf;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget};

use super::DeviceArg;
use crate::ProgramError;
use crate::output;
use crate::report::compare::{Comparison, FinishedRun, PairedRuns, Question, draw};

#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Folders of finished runs; runs that differ in nothing but their seed are taken together
    #[arg(value_name = "RUN_DIR", required = true)]
    runs: Vec<PathBuf>,
    /// Draw curves over this setting, as in --over dataset.train_fraction; --over factor is what test examples were scaled by
    #[arg(long, value_name = "KEY")]
    over: Option<String>,
    /// Tell runs apart by this setting, as in --by model.group; may be repeated. Left out, by all in which they differ
    #[arg(long, value_name = "KEY")]
    by: Vec<String>,
    /// Test measure to compare; left out, the one that runs are judged by first
    #[arg(long, value_name = "NAME")]
    measure: Option<String>,
    /// Draw the curves into this file
    #[arg(long, value_name = "FILE.svg", requires = "over", value_parser = super::drawing)]
    plot: Option<PathBuf>,
    /// Of two networks for images: run both over their test images, which have to be the same, and take the interval of the
    /// difference over these images
    #[arg(long, conflicts_with_all = ["over", "by", "measure", "plot"])]
    paired: bool,
    #[command(flatten)]
    device: DeviceArg,
    /// Print one JSON object on standard output
    #[arg(long)]
    json: bool,
}

impl CompareArgs {
    pub fn run(self) -> Result<(), ProgramError> {
        if self.paired {
            return self.run_paired();
        }
        if self.device.device.is_some() {
            return Err(ProgramError::Refused(
                "--device is for --paired, which runs the networks; reports of runs are compared without one".into(),
            ));
        }
        let mut runs = Vec::with_capacity(self.runs.len());
        for folder in &self.runs {
            match FinishedRun::open(folder)? {
                Some(run) => runs.push(run),
                None => output::say(format_args!(
                    "{} is not finished and left out",
                    folder.display()
                )),
            }
        }
        let question = Question {
            over: self.over,
            by: self.by,
            measure: self.measure,
        };
        let comparison = Comparison::new(&runs, &question)?;
        for note in &comparison.notes {
            output::say(format_args!("note: {note}"));
        }
        if self.json {
            output::line(serde_json::json!(comparison))?;
        } else {
            output::text(comparison.text())?;
        }
        // Last: where the picture cannot be written, the numbers are there.
        match &self.plot {
            Some(path) => draw(path, &comparison),
            None => Ok(()),
        }
    }

    fn run_paired(&self) -> Result<(), ProgramError> {
        let [first, second] = &self.runs[..] else {
            return Err(ProgramError::Refused(format!(
                "--paired compares two runs, {} are named",
                self.runs.len()
            )));
        };
        let (_, device) = self.device.open("auto")?;
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
        let found = PairedRuns::new([first, second], &device, |all, done| {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
        })?;
        bar.finish_and_clear();
        if self.json {
            output::line(serde_json::json!(found))?;
        } else {
            output::text(found.text())?;
        }
        Ok(())
    }
}
