//! `gcnn predict`.

use std::path::{Path, PathBuf};

use burn::prelude::*;
use clap::Args;
use gcnn_train::error::chain;
use gcnn_train::task::Split;
use gcnn_train::task::metrics::significant;
use gcnn_train::weights::evaluation::{ImageNetwork, Loaded, LoadedNetwork, ParticleNetwork};
use gcnn_train::weights::model_file::ModelFile;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::{DeviceArg, WeightsArg};
use crate::ProgramError;
use crate::output;
use crate::predict::picture::{Prediction, predict};
use crate::predict::slide::{self, MapOptions, TissueMap};
use crate::predict::trajectories::Predicted;
use crate::report::colours;

/// Side of the tiles where none is given.
const TILE: usize = 256;
/// Simulations that are predicted where no number is given.
const SIMULATIONS: usize = 6;

#[derive(Debug, Args)]
pub struct PredictArgs {
    #[command(flatten)]
    weights: WeightsArg,
    /// Image files (PNG, JPEG, TIFF, BMP, WebP); for particles a folder of .npy files, or nothing for the run's own data
    #[arg(value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    /// Where to write pictures: trajectories.csv and trajectories.svg for particles, NAME-classes.png and NAME-overlay.png
    /// for images larger than the network's patches
    #[arg(long, value_name = "DIR", default_value = "predictions")]
    output: PathBuf,
    /// For images larger than a patch: side in pixels of the tiles that are computed at once [default: 256]
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u16).range(1..=8192), conflicts_with = "resize")]
    tile: Option<u16>,
    /// For images larger than a patch: shrink the whole image to one patch in place of mapping it
    #[arg(long)]
    resize: bool,
    /// For particles: how many test simulations to predict [default: 6]
    #[arg(long, value_name = "COUNT")]
    simulations: Option<usize>,
    #[command(flatten)]
    device: DeviceArg,
    /// Print one JSON object on standard output
    #[arg(long)]
    json: bool,
}

impl PredictArgs {
    pub fn run(self) -> Result<(), ProgramError> {
        let (_, device) = self.device.open("auto")?;
        let loaded = Loaded::open(&self.weights.weights, &device)?;
        match &loaded.network {
            LoadedNetwork::Images(network) => self.images(network, &device),
            LoadedNetwork::Particles(network) => self.particles(network, &loaded.file, &device),
        }
    }

    fn images(&self, network: &ImageNetwork, device: &Device) -> Result<(), ProgramError> {
        if self.inputs.is_empty() {
            return Err(ProgramError::Refused(
                "this network classifies images: name at least one image file".into(),
            ));
        }
        if self.simulations.is_some() {
            return Err(ProgramError::Refused(
                "--simulations is for networks for particles; this one classifies images".into(),
            ));
        }
        let patches = network.experiment.dataset.has_patches() && !self.resize;
        let is_mapped = |file: &Path| {
            Ok::<_, ProgramError>(patches && slide::is_larger(&network.format, slide::size(file)?))
        };
        // A file that cannot be read is refused when its turn comes.
        let mapped = self.inputs.iter().map(PathBuf::as_path);
        slide::check_names(mapped.filter(|file| is_mapped(file).unwrap_or(false)))?;
        let names = network.format.class_names();
        let mut predictions = Vec::new();
        let mut maps = Vec::new();
        let mut faults = Faults::default();
        for file in &self.inputs {
            let answer = is_mapped(file).and_then(|is_mapped| match is_mapped {
                true => self.map(network, file, device).map(Answer::Map),
                false => predict(network, file, device).map(Answer::Class),
            });
            // One file at fault takes nothing from the others.
            match answer {
                Ok(Answer::Map(map)) if self.json => maps.push(map),
                Ok(Answer::Map(map)) => output::text(legend(&names, &map))?,
                Ok(Answer::Class(prediction)) if self.json => predictions.push(prediction),
                Ok(Answer::Class(prediction)) => output::line(words(&names, &prediction))?,
                Err(error) => faults.add(file, error),
            }
        }
        if self.json {
            let mut json = serde_json::json!({ "class_names": names, "predictions": predictions });
            if !maps.is_empty() {
                json["maps"] = serde_json::json!(maps);
            }
            if !faults.told.is_empty() {
                json["errors"] = serde_json::json!(faults.told);
            }
            output::line(&json)?;
        }
        faults.result(self.inputs.len())
    }

    fn map(
        &self,
        network: &ImageNetwork,
        file: &Path,
        device: &Device,
    ) -> Result<TissueMap, ProgramError> {
        slide::check_outputs(file, &self.output, &self.inputs)?;
        let options = MapOptions {
            output: self.output.clone(),
            tile: self.tile.map_or(TILE, usize::from),
        };
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {percent} %, {eta} to go")
        {
            bar.set_style(style);
        }
        bar.set_message(file.display().to_string());
        let map = slide::map(network, file, &options, device, |all, seen| {
            bar.set_length(all);
            bar.set_position(seen);
        });
        bar.finish_and_clear();
        map
    }

    fn particles(
        &self,
        network: &ParticleNetwork,
        file: &ModelFile,
        device: &Device,
    ) -> Result<(), ProgramError> {
        let data: Option<&Path> = match &self.inputs[..] {
            [] => None,
            [folder] => Some(folder),
            _ => {
                return Err(ProgramError::Refused(
                    "this network is for particles: give one folder of .npy files, or none".into(),
                ));
            }
        };
        if self.tile.is_some() || self.resize {
            return Err(ProgramError::Refused(
                "--tile and --resize are for networks that classify images; this one is for particles"
                    .into(),
            ));
        }
        let task = network.task(file, data, Split::Test)?;
        let graph = &network.experiment.graph;
        let predicted = Predicted::new(
            &network.model,
            graph,
            task.simulations(),
            self.simulations.unwrap_or(SIMULATIONS),
            device,
        )?;
        let [table, picture] = predicted.write(&self.output)?;
        if self.json {
            let json = serde_json::json!({
                "simulations": predicted.errors(),
                "table": table,
                "picture": picture,
            });
            output::line(&json)?;
            return Ok(());
        }
        for (index, error) in predicted.errors().iter().enumerate() {
            output::line(format_args!(
                "simulation {index}: mse {}",
                significant(*error)
            ))?;
        }
        output::line(table.display())?;
        output::line(picture.display())?;
        Ok(())
    }
}

/// What is said of a file.
enum Answer {
    Class(Prediction),
    Map(TissueMap),
}

/// Files without an answer.
#[derive(Default)]
struct Faults {
    told: Vec<Fault>,
    /// Of the first file.
    first: Option<ProgramError>,
}

#[derive(Serialize)]
struct Fault {
    file: PathBuf,
    /// What is wrong, down to the cause.
    error: String,
}

impl Faults {
    /// Notes a file.
    fn add(&mut self, file: &Path, error: ProgramError) {
        self.told.push(Fault {
            file: file.to_path_buf(),
            error: chain(&error),
        });
        self.first.get_or_insert(error);
    }

    /// Nothing, the one error of one file, or all of them, each on a line of its own.
    fn result(self, files: usize) -> Result<(), ProgramError> {
        match self.first {
            None => Ok(()),
            Some(error) if files == 1 => Err(error),
            Some(_) => Err(ProgramError::Unanswered {
                count: self.told.len(),
                files,
                errors: self.told.into_iter().map(|fault| fault.error).collect(),
            }),
        }
    }
}

/// A picture's class and the three most probable ones.
fn words(names: &[String], p: &Prediction) -> String {
    let mut ranked: Vec<(usize, f32)> = p.probabilities.iter().copied().enumerate().collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    let shown: Vec<String> = ranked
        .iter()
        .take(3)
        .map(|(class, p)| format!("{}: {:.1} %", names[*class], p * 100.0))
        .collect();
    format!(
        "{}  class {}  ({})",
        p.file.display(),
        names[p.class],
        shown.join(", ")
    )
}

/// What was mapped, with the colours of the classes and how many patches each has.
fn legend(names: &[String], map: &TissueMap) -> String {
    let TissueMap { size, patch, .. } = map;
    let mut text = format!(
        "{}: {}×{} pixels, patches of {}×{} every {} pixels\n",
        map.file.display(),
        size[1],
        size[0],
        patch[1],
        patch[0],
        map.stride
    );
    let total = map.patches.iter().sum::<u64>().max(1) as f64;
    let width = names.iter().map(|name| name.chars().count());
    let width = width.max().unwrap_or(0);
    for (class, (name, patches)) in names.iter().zip(&map.patches).enumerate() {
        let share = 100.0 * *patches as f64 / total;
        let clear = if class == 0 {
            ", clear in the overlay"
        } else {
            ""
        };
        let colour = colours::name_of_class(class);
        text.push_str(&format!(
            "  {class}  {name:width$}  {share:5.1} %  {colour}{clear}\n"
        ));
    }
    text.push_str(&format!(
        "{}\n{}\n",
        map.classes.display(),
        map.overlay.display()
    ));
    text
}
