//! `gcnn config`.

use std::path::PathBuf;

use clap::Args;

use crate::TrainError;
use crate::config::{RunConfig, keys};

#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// Run file to show with all defaults filled in
    #[arg(value_name = "FILE", required_unless_present = "explain")]
    file: Option<PathBuf>,
    /// Print every key with its type, default and meaning
    #[arg(long)]
    explain: bool,
    /// Override a key, as in --set training.epochs=3
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

impl ConfigArgs {
    pub fn run(self) -> Result<(), TrainError> {
        if self.explain {
            print!("{}", keys::explain()?);
        }
        if let Some(file) = &self.file {
            print!("{}", RunConfig::load(file, &self.set)?.to_toml()?);
        }
        Ok(())
    }
}
