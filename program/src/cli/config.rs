//! `gcnn config`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::TypedValueParser;
use gcnn_train::finetune::load_run_file;
use gcnn_train::run_file::{TaskName, keys};

use super::one_of;
use crate::ProgramError;
use crate::output;

#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// Run file to show with all defaults filled in
    #[arg(value_name = "FILE", required_unless_present = "explain")]
    file: Option<PathBuf>,
    /// Print every key of a task's run files with its type, default and meaning
    #[arg(long, value_name = "TASK", num_args = 0..=1, default_missing_value = "rotated-mnist",
          value_parser = task_parser())]
    explain: Option<TaskName>,
    /// Override a key, as in --set training.epochs=3
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

fn task_parser() -> impl TypedValueParser<Value = TaskName> {
    one_of(TaskName::ALL.map(|task| (task, task.name(), task.about())))
}

impl ConfigArgs {
    pub fn run(self) -> Result<(), ProgramError> {
        if let Some(task) = self.explain {
            output::text(keys::explain(task)?)?;
        }
        if let Some(file) = &self.file {
            output::text(load_run_file(file, &self.set)?.to_toml()?)?;
        }
        Ok(())
    }
}
