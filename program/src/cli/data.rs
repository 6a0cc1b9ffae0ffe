//! `gcnn data`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use gcnn_datasets::DatasetError;
use gcnn_datasets::fetch::{
    Fetched, MNIST_MIRRORS, PCAM_MIRRORS, Progress, fetch_mnist, fetch_pcam,
};
use gcnn_datasets::folders::data_folder;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::ProgramError;
use crate::output;

#[derive(Debug, Args)]
pub struct DataArgs {
    #[command(subcommand)]
    command: DataCommand,
}

#[derive(Debug, Subcommand)]
enum DataCommand {
    /// Download a data set, check it, and put it where run files look for it
    Fetch {
        /// Which one
        #[arg(value_enum)]
        name: DataName,
        /// Folder to put it in; by default the one that run files look in
        #[arg(long, value_name = "DIR")]
        output: Option<PathBuf>,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum DataName {
    /// The MNIST files that rotated MNIST is made from
    RotatedMnist,
    /// The six files of PatchCamelyon, 7.5 GiB
    Pcam,
}

impl DataArgs {
    pub fn run(self) -> Result<(), ProgramError> {
        let DataCommand::Fetch { name, output } = self.command;
        match name {
            DataName::RotatedMnist => {
                let folder = output.unwrap_or_else(|| data_folder().join("mnist"));
                fetch(|progress| fetch_mnist(&folder, &MNIST_MIRRORS, progress))
            }
            DataName::Pcam => {
                let folder = output.unwrap_or_else(data_folder);
                fetch(|progress| fetch_pcam(&folder, &PCAM_MIRRORS, progress))
            }
        }
    }
}

/// What hears of a download.
type Listener<'a> = &'a mut dyn FnMut(Progress<'_>);

/// Runs a download with a bar and says what it brought.
fn fetch(
    download: impl FnOnce(Listener) -> Result<Vec<Fetched>, DatasetError>,
) -> Result<(), ProgramError> {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
    if let Ok(style) = ProgressStyle::with_template("{msg:28} {bar:28} {bytes}/{total_bytes}") {
        bar.set_style(style);
    }
    let fetched = download(&mut |progress| {
        bar.set_message(progress.file.to_string());
        if let Some(total) = progress.total {
            bar.set_length(total);
        }
        bar.set_position(progress.received);
    })?;
    bar.finish_and_clear();
    for file in fetched {
        match file {
            Fetched::Present(path) => {
                output::line(format_args!("{} was there already", path.display()))?
            }
            Fetched::Downloaded(path) => {
                output::line(format_args!("{} downloaded and checked", path.display()))?
            }
        }
    }
    Ok(())
}
