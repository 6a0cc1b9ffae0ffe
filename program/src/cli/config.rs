//! `gcnn config`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::TypedValueParser;
use gcnn_train::run_file::{RunFile, TaskName, explain, schema};

use super::{one_of, resolve};
use crate::ProgramError;
use crate::output;

#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// Run file to show with all defaults filled in
    #[arg(value_name = "FILE", required_unless_present_any = ["explain", "schema"])]
    file: Option<PathBuf>,
    /// Print every key of a task's run files with its type, default and meaning
    #[arg(long, value_name = "TASK", conflicts_with_all = ["file", "set", "schema"], num_args = 0..=1, default_missing_value = "rotated-mnist",
          value_parser = task_parser())]
    explain: Option<TaskName>,
    /// Print the JSON schema of run files, by which editors complete and check them
    #[arg(long, conflicts_with_all = ["file", "set"])]
    schema: bool,
    /// Override a key, as in --set training.epochs=3
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

fn task_parser() -> impl TypedValueParser<Value = TaskName> {
    one_of(TaskName::ALL.map(|task| (task, task.name(), task.about())))
}

impl ConfigArgs {
    pub fn run(self) -> Result<(), ProgramError> {
        if self.schema {
            output::text(format!("{:#}\n", schema()))?;
        }
        if let Some(task) = self.explain {
            output::text(explain(task))?;
        }
        if let Some(file) = &self.file {
            let file = RunFile::load(file, &self.set)?;
            output::text(resolve(&file)?.to_toml()?)?;
        }
        Ok(())
    }
}
