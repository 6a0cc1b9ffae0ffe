//! `gcnn equivariance`.

use std::path::PathBuf;

use clap::Args;
use gcnn_train::files::write_atomically;
use gcnn_train::run_file::RunFile;
use indicatif::{ProgressBar, ProgressDrawTarget};

use super::{DeviceArg, resolve};
use crate::ProgramError;
use crate::output;
use crate::report::symmetry::{Choice, picture, report, table};

#[derive(Debug, Args)]
pub struct EquivarianceArgs {
    /// Trained weights (a .safetensors file, a run folder or zoo:NAME), or a run file (.toml), whose network is measured as
    /// its training would start
    #[arg(value_name = "WEIGHTS|CONFIG")]
    source: PathBuf,
    /// Data to measure on instead of the test split of the run's: for digits a folder of IDX or .amat files or one .amat file,
    /// for nuclei the folder of tissue images, for PCam that of its .h5 files, for an image folder one with a folder for each
    /// split, for particles a folder of .npy files
    #[arg(long, value_name = "PATH")]
    data: Option<PathBuf>,
    /// How many examples to measure on
    #[arg(long, value_name = "COUNT", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    examples: u32,
    /// The example that is turned before your eyes, counted from 0; by default the image that the network is least sure of, or
    /// the first simulation
    #[arg(long, value_name = "INDEX")]
    example: Option<usize>,
    /// The layer whose maps the picture shows, such as 3 or "block 2"
    #[arg(long, value_name = "NAME", requires = "plot")]
    layer: Option<String>,
    /// Draw errors, answers and maps that turn
    #[arg(long, value_name = "FILE.svg", value_parser = super::drawing)]
    plot: Option<PathBuf>,
    /// Override a key of a run file, as in --set model.group=C8
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    #[command(flatten)]
    device: DeviceArg,
    /// Print one JSON object on standard output
    #[arg(long)]
    json: bool,
}

impl EquivarianceArgs {
    pub fn run(self) -> Result<(), ProgramError> {
        let (_, device) = self.device.open("auto")?;
        let choice = Choice {
            examples: self.examples as usize,
            example: self.example,
            layer: self.layer.clone(),
            picture: self.plot.is_some(),
        };
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
        let mut seen = |all, done| {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
        };
        let data = self.data.as_deref();
        let found = if self.source.extension().is_some_and(|end| end == "toml") {
            let file = RunFile::load(&self.source, &self.set)?;
            let config = resolve(&file)?;
            report::of_config(&self.source, &config, data, &choice, &device, &mut seen)?
        } else if self.set.is_empty() {
            report::of_weights(&self.source, data, &choice, &device, &mut seen)?
        } else {
            return Err(ProgramError::Refused(format!(
                "--set changes a run file, and {} is not one: trained weights keep the settings they were trained with",
                self.source.display()
            )));
        };
        bar.finish_and_clear();
        if self.json {
            let mut json = serde_json::json!(found);
            if let Some(path) = &self.plot {
                json["plot"] = serde_json::json!(path);
            }
            output::line(&json)?;
        } else {
            output::coloured(table::text(&found))?;
        }
        // Last: where the picture cannot be written, the numbers are there.
        if let (Some(path), Some(scene)) = (&self.plot, &found.scene) {
            write_atomically(path, picture::draw(&found, scene).as_bytes())?;
            if !self.json {
                output::line(path.display())?;
            }
        }
        Ok(())
    }
}
