//! The commands of the program `gcnn`.

mod compare;
mod config;
mod data;
mod devices;
mod equivariance;
mod eval;
mod export;
mod import;
mod init;
mod predict;
mod report;
mod serve;
mod train;
mod zoo;

use std::path::PathBuf;

use burn::prelude::*;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use gcnn_train::device::DeviceName;
use gcnn_train::run_file::{RunConfig, RunFile};
use gcnn_train::suggestion;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::ProgramError;

/// The name of a picture that is drawn, whose lines and words stay such.
fn drawing(name: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(name);
    match path.extension() {
        Some(extension) if !extension.eq_ignore_ascii_case("svg") => Err(format!(
            "pictures are drawn as SVG, which every browser shows: {}",
            path.with_extension("svg").display()
        )),
        _ => Ok(path),
    }
}

/// Trains and evaluates group-equivariant networks.
#[derive(Debug, Parser)]
#[command(name = "gcnn", version, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Look at a folder of pictures, and write a run file that suits them
    Init(init::InitArgs),
    /// Train a network as a run file says, or on a folder of pictures
    Train(train::TrainArgs),
    /// Measure trained weights on a data set
    Eval(eval::EvalArgs),
    /// Classify image files, or predict where particles will be
    Predict(predict::PredictArgs),
    /// Measure how far a network is from turning with its input, layer by layer, before and after training
    Equivariance(equivariance::EquivarianceArgs),
    /// Write the page about a finished run of a classifier again
    Report(report::ReportArgs),
    /// Compare finished runs: mean and interval over seeds, as a table and as curves
    Compare(compare::CompareArgs),
    /// Turn trained weights into a network of ordinary layers, or into a file for PyTorch
    Export(export::ExportArgs),
    /// Read weights of published PyTorch code
    Import(import::ImportArgs),
    /// Show a run file with all its defaults, or explain every key
    Config(config::ConfigArgs),
    /// Download data sets
    Data(data::DataArgs),
    /// List the trained networks that the program carries
    Zoo(zoo::ZooArgs),
    /// List the devices this build can compute on
    Devices,
    /// Lend this machine's devices to `--device remote:HOST:PORT` elsewhere
    Serve(serve::ServeArgs),
}

/// A bar for a look at many pictures.
fn looking() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
    if let Ok(style) =
        ProgressStyle::with_template("looking at the pictures {wide_bar} {percent} %")
    {
        bar.set_style(style);
    }
    bar
}

/// What a run file means, with a bar for the pictures that it leaves something to.
fn resolve(file: &RunFile) -> Result<RunConfig, ProgramError> {
    let bar = looking();
    let config = suggestion::resolve(file, &mut |done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    Ok(config?)
}

/// Where to compute, for commands without a run file.
#[derive(Debug, Args)]
struct DeviceArg {
    /// Where to compute: auto, flex, ndarray, wgpu, vulkan, cuda:0, remote:HOST:PORT
    #[arg(long, value_name = "DEVICE")]
    device: Option<String>,
}

impl DeviceArg {
    /// Whether it names a device.
    fn check(&self) -> Result<(), ProgramError> {
        if let Some(name) = &self.device {
            DeviceName::parse(name)?;
        }
        Ok(())
    }

    fn open(&self, otherwise: &str) -> Result<(DeviceName, Device), ProgramError> {
        let name = self.device.as_deref().unwrap_or(otherwise);
        Ok(DeviceName::parse(name)?.open()?)
    }
}

/// Takes one of some values by name, each with words about it for `--help`.
fn one_of<T: Copy + Send + Sync + 'static, const N: usize>(
    values: [(T, &'static str, &'static str); N],
) -> impl TypedValueParser<Value = T> {
    let named = values.map(|(_, name, about)| PossibleValue::new(name).help(about));
    PossibleValuesParser::new(named).try_map(move |given| {
        let found = values.iter().find(|(_, name, _)| *name == given);
        found.map(|(value, ..)| *value).ok_or("no such value")
    })
}

/// A weights file, run folder or network of the zoo.
#[derive(Debug, Args)]
struct WeightsArg {
    /// Weights file (.safetensors), a run folder, whose best weights are meant, or zoo:NAME
    #[arg(value_name = "WEIGHTS|RUN_DIR|zoo:NAME")]
    weights: PathBuf,
}

impl Cli {
    /// Does what the command line says.
    pub fn run(self) -> Result<(), ProgramError> {
        match self.command {
            Command::Init(args) => args.run(),
            Command::Train(args) => args.run(),
            Command::Eval(args) => args.run(),
            Command::Predict(args) => args.run(),
            Command::Equivariance(args) => args.run(),
            Command::Report(args) => args.run(),
            Command::Compare(args) => args.run(),
            Command::Export(args) => args.run(),
            Command::Import(args) => args.run(),
            Command::Config(args) => args.run(),
            Command::Data(args) => args.run(),
            Command::Zoo(args) => args.run(),
            Command::Devices => devices::run(),
            Command::Serve(args) => args.run(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawings_are_svg() {
        for name in ["errors.svg", "errors.SVG", "errors"] {
            assert_eq!(drawing(name), Ok(PathBuf::from(name)));
        }
        let said = drawing("runs/errors.png").unwrap_err();
        assert!(said.contains("errors.svg"), "{said}");
    }
}
