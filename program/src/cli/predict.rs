//! `gcnn predict`.

mod faults;
mod masks;
mod pictures;
mod targets;

use std::path::{Path, PathBuf};

use burn::prelude::*;
use clap::Args;
use gcnn_train::task::Split;
use gcnn_train::task::metrics::significant;
use gcnn_train::weights::evaluation::{ImageNetwork, Loaded, LoadedNetwork, ParticleNetwork};
use gcnn_train::weights::model_file::ModelFile;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use self::faults::Faults;
use super::{DeviceArg, WeightsArg};
use crate::ProgramError;
use crate::output;
use crate::predict::inputs;
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
    /// Image files (PNG, JPEG, TIFF, BMP, WebP), folders of them, or patterns such as 'scans/*.tif'; for particles a folder of
    /// .npy files, or nothing for the run's own data
    #[arg(value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    /// Where to write pictures: trajectories.csv and trajectories.svg for particles, NAME-classes.png and NAME-overlay.png
    /// with --map, and with NAME-instances.png where every pixel has a class
    #[arg(long, value_name = "DIR", default_value = "predictions")]
    output: PathBuf,
    /// For images larger than the network's patches: a class for every patch of them, as a map and an overlay
    #[arg(long)]
    map: bool,
    /// With --map, or where every pixel has a class: side in pixels of the tiles that are computed at once [default: 256 or 512]
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u16).range(1..=8192))]
    tile: Option<u16>,
    /// What is done without --map anyway: the whole image is brought to the network's size
    #[arg(long, hide = true, conflicts_with = "map")]
    resize: bool,
    /// Score the answers: a table with the columns file (beside the table) and class (or those that the network was trained
    /// on), or `folders`, where the name of a picture's folder is its class
    #[arg(long, value_name = "FILE.csv|folders", conflicts_with = "map")]
    labels: Option<PathBuf>,
    /// Print a table of comma-separated values on standard output: file, class, confidence, and the probability of each class;
    /// or file, and each number or the probability of each label
    #[arg(long, conflicts_with_all = ["json", "map"])]
    csv: bool,
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
            LoadedNetwork::Segmentation(network) => masks::answer(&self, network, &device),
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
        let dataset = &network.experiment.dataset;
        if self.tile.is_some() && !self.map {
            return Err(ProgramError::Refused(
                "--tile is for --map, and for networks that say the class of each pixel".into(),
            ));
        }
        let files = inputs::expand(&self.inputs, &|file| dataset.is_example(file))?;
        match (&network.format.targets, self.map) {
            (Some(_), true) => Err(ProgramError::Refused(
                "--map is for networks that classify patches; this one says numbers or labels of whole pictures"
                    .into(),
            )),
            (Some(format), false) => targets::answer(self, network, format, &files, device),
            (None, true) => self.maps(network, &files, device),
            (None, false) => pictures::answer(self, network, &files, device),
        }
    }

    /// A class for every patch of each picture.
    fn maps(
        &self,
        network: &ImageNetwork,
        files: &[PathBuf],
        device: &Device,
    ) -> Result<(), ProgramError> {
        if !network.experiment.dataset.has_patches() {
            return Err(ProgramError::Refused(
                "--map is for networks that classify patches; this one reads whole images".into(),
            ));
        }
        slide::check_names(files.iter().map(PathBuf::as_path))?;
        let names = network.format.class_names();
        let mut maps = Vec::new();
        let mut faults = Faults::default();
        for file in files {
            // One file at fault takes nothing from the others.
            match self.map(network, file, device) {
                Ok(map) if self.json => maps.push(map),
                Ok(map) => output::text(legend(&names, &map))?,
                Err(error) => faults.add(file, error),
            }
        }
        if self.json {
            let mut json = serde_json::json!({ "class_names": names, "maps": maps });
            faults.tell(&mut json);
            output::line(&json)?;
        }
        faults.result(files.len())
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
        if self.map || self.resize || self.csv || self.labels.is_some() {
            return Err(ProgramError::Refused(
                "--map, --csv and --labels are for networks that classify images; this one is for particles"
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
