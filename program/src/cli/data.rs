//! `gcnn data`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use gcnn_datasets::DatasetError;
use gcnn_datasets::fetch::{
    Fetched, MNIST_MIRRORS, PCAM_MIRRORS, Progress, fetch_mnist, fetch_pcam,
};
use gcnn_datasets::folders::data_folder;
use gcnn_datasets::nbody::community::{self, Made};
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
    /// Make a data set that others published figures on, number by number, and write its files
    Make {
        /// Which one
        #[arg(value_enum)]
        name: MadeName,
        /// Folder to write them to; files that are there are left alone
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum DataName {
    /// The MNIST files that rotated MNIST is made from
    RotatedMnist,
    /// The six files of PatchCamelyon, 7.5 GiB
    Pcam,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum MadeName {
    /// The twelve files of the charged N-body benchmark, 170 MB
    NbodyCommunity,
}

impl DataArgs {
    pub fn run(self) -> Result<(), ProgramError> {
        match self.command {
            DataCommand::Fetch {
                name: DataName::RotatedMnist,
                output,
            } => {
                let folder = output.unwrap_or_else(|| data_folder().join("mnist"));
                fetch(|progress| fetch_mnist(&folder, &MNIST_MIRRORS, progress))
            }
            DataCommand::Fetch {
                name: DataName::Pcam,
                output,
            } => {
                let folder = output.unwrap_or_else(data_folder);
                fetch(|progress| fetch_pcam(&folder, &PCAM_MIRRORS, progress))
            }
            DataCommand::Make {
                name: MadeName::NbodyCommunity,
                folder,
            } => make_nbody_community(&folder),
        }
    }
}

/// A bar on standard error.
fn bar(template: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// Simulates the community's particles with a bar and says which files there are.
fn make_nbody_community(folder: &Path) -> Result<(), ProgramError> {
    let bar = bar("{msg:28} {bar:28} {pos}/{len}");
    let made = community::make(folder, &mut |making| {
        bar.set_message(format!("{} simulations", making.split));
        bar.set_length(making.total as u64);
        bar.set_position(making.done as u64);
    })?;
    bar.finish_and_clear();
    for file in made {
        match file {
            Made::Present(path) => {
                output::line(format_args!("{} was there already", path.display()))?
            }
            Made::Written(path) => output::line(format_args!("{} written", path.display()))?,
        }
    }
    Ok(())
}

/// What hears of a download.
type Listener<'a> = &'a mut dyn FnMut(Progress<'_>);

/// Runs a download with a bar and says what it brought.
fn fetch(
    download: impl FnOnce(Listener) -> Result<Vec<Fetched>, DatasetError>,
) -> Result<(), ProgramError> {
    let bar = bar("{msg:28} {bar:28} {bytes}/{total_bytes}");
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
