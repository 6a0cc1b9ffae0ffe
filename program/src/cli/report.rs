//! `gcnn report`.

use std::path::PathBuf;

use clap::Args;
use gcnn_train::training::run_folder::RunFolder;

use super::DeviceArg;
use crate::ProgramError;
use crate::output;
use crate::progress::Closing;
use crate::report::page::gather;

#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Run folder of a finished run of a classifier, whose data are where they were
    #[arg(value_name = "RUN_DIR")]
    run: PathBuf,
    #[command(flatten)]
    device: DeviceArg,
}

impl ReportArgs {
    pub fn run(self) -> Result<(), ProgramError> {
        let (_, device) = self.device.open("auto")?;
        let mut closing = Closing::default();
        let folder = RunFolder::at(&self.run);
        let page = gather::write(&folder, None, &device, &mut |what, done, all| {
            closing.hear(what, done, all);
        })?;
        match page {
            Some(path) => output::line(path.display()),
            None => Err(ProgramError::Refused(format!(
                "{} is a run on particles; pages are about classifiers of images",
                self.run.display()
            ))),
        }
    }
}
