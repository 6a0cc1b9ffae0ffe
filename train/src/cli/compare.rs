//! `gcnn compare`.

use std::path::PathBuf;

use clap::Args;

use crate::TrainError;
use crate::compare::{Comparison, FinishedRun, Question, draw};

#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Folders of finished runs; runs that differ in nothing but their seed are taken together
    #[arg(value_name = "RUN_DIR", required = true)]
    runs: Vec<PathBuf>,
    /// Draw curves over this setting, as in --over dataset.train_fraction
    #[arg(long, value_name = "KEY")]
    over: Option<String>,
    /// Tell runs apart by this setting, as in --by model.group; may be repeated. Left out, by all in which they differ
    #[arg(long, value_name = "KEY")]
    by: Vec<String>,
    /// Test measure to compare; left out, the one that runs are judged by first
    #[arg(long, value_name = "NAME")]
    measure: Option<String>,
    /// Draw the curves into this file
    #[arg(long, value_name = "SVG", requires = "over")]
    plot: Option<PathBuf>,
    /// Print one JSON object on standard output
    #[arg(long)]
    json: bool,
}

impl CompareArgs {
    pub fn run(self) -> Result<(), TrainError> {
        let mut runs = Vec::with_capacity(self.runs.len());
        for folder in &self.runs {
            match FinishedRun::open(folder)? {
                Some(run) => runs.push(run),
                None => eprintln!("{} is not finished and left out", folder.display()),
            }
        }
        let question = Question {
            over: self.over,
            by: self.by,
            measure: self.measure,
        };
        let comparison = Comparison::new(&runs, &question)?;
        if let Some(path) = &self.plot {
            draw(path, &comparison)?;
        }
        for note in &comparison.notes {
            eprintln!("note: {note}");
        }
        if self.json {
            println!("{}", serde_json::json!(comparison));
        } else {
            print!("{}", comparison.text());
        }
        Ok(())
    }
}
