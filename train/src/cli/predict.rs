//! `gcnn predict`.

use std::path::{Path, PathBuf};

use burn::prelude::*;
use clap::Args;

use super::{DeviceArg, WeightsArg};
use crate::TrainError;
use crate::evaluation::{ImageNetwork, Loaded, LoadedNetwork, ParticleNetwork};
use crate::metrics::significant;
use crate::model_file::ModelFile;
use crate::prediction::predict;
use crate::task::Split;
use crate::trajectories::Predicted;

#[derive(Debug, Args)]
pub struct PredictArgs {
    #[command(flatten)]
    weights: WeightsArg,
    /// Image files (PNG, JPEG, TIFF); for particles a folder of .npy files, or nothing for the run's own data
    #[arg(value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    /// For particles: where to write trajectories.csv and trajectories.svg
    #[arg(long, value_name = "DIR", default_value = "predictions")]
    output: PathBuf,
    /// For particles: how many test simulations to predict
    #[arg(long, value_name = "COUNT", default_value_t = 6)]
    simulations: usize,
    #[command(flatten)]
    device: DeviceArg,
    /// Print one JSON object on standard output
    #[arg(long)]
    json: bool,
}

impl PredictArgs {
    pub fn run(self) -> Result<(), TrainError> {
        let (_, device) = self.device.open("auto")?;
        let loaded = Loaded::open(&self.weights.weights, &device)?;
        match &loaded.network {
            LoadedNetwork::Images(network) => self.images(network, &device),
            LoadedNetwork::Particles(network) => self.particles(network, &loaded.file, &device),
        }
    }

    fn images(&self, network: &ImageNetwork, device: &Device) -> Result<(), TrainError> {
        if self.inputs.is_empty() {
            return Err(TrainError::Mismatch(
                "this network classifies images: name at least one image file".into(),
            ));
        }
        let predictions = predict(network, &self.inputs, device)?;
        if self.json {
            println!("{}", serde_json::json!({ "predictions": predictions }));
            return Ok(());
        }
        for p in &predictions {
            let mut ranked: Vec<(usize, f32)> =
                p.probabilities.iter().copied().enumerate().collect();
            ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
            let shown: Vec<String> = ranked
                .iter()
                .take(3)
                .map(|(class, p)| format!("{class}: {:.1} %", p * 100.0))
                .collect();
            println!(
                "{}  class {}  ({})",
                p.file.display(),
                p.class,
                shown.join(", ")
            );
        }
        Ok(())
    }

    fn particles(
        &self,
        network: &ParticleNetwork,
        file: &ModelFile,
        device: &Device,
    ) -> Result<(), TrainError> {
        let data: Option<&Path> = match &self.inputs[..] {
            [] => None,
            [folder] => Some(folder),
            _ => {
                return Err(TrainError::Mismatch(
                    "this network is for particles: give one folder of .npy files, or none".into(),
                ));
            }
        };
        let task = network.task(file, data, Split::Test)?;
        let graph = &network.experiment.graph;
        let predicted = Predicted::new(
            &network.model,
            graph,
            task.simulations(),
            self.simulations,
            device,
        )?;
        let [table, picture] = predicted.write(&self.output)?;
        if self.json {
            let json = serde_json::json!({
                "simulations": predicted.errors(),
                "table": table,
                "picture": picture,
            });
            println!("{json}");
            return Ok(());
        }
        for (index, error) in predicted.errors().iter().enumerate() {
            println!("simulation {index}: mse {}", significant(*error));
        }
        println!("{}\n{}", table.display(), picture.display());
        Ok(())
    }
}
