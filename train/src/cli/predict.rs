//! `gcnn predict`.

use std::path::PathBuf;

use clap::Args;

use super::{DeviceArg, WeightsArg};
use crate::TrainError;
use crate::evaluation::Loaded;
use crate::prediction::predict;

#[derive(Debug, Args)]
pub struct PredictArgs {
    #[command(flatten)]
    weights: WeightsArg,
    /// Image files (PNG, JPEG, TIFF)
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<PathBuf>,
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
        let predictions = predict(&loaded, &self.images, &device)?;
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
}
