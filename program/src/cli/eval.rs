//! `gcnn eval`.

use std::path::PathBuf;

use clap::Args;
use gcnn_train::task::Split;
use gcnn_train::task::metrics::{interval_words, significant};
use gcnn_train::weights::evaluation::{self, Loaded};
use indicatif::{ProgressBar, ProgressDrawTarget};

use super::{DeviceArg, WeightsArg};
use crate::ProgramError;
use crate::output;

#[derive(Debug, Args)]
pub struct EvalArgs {
    #[command(flatten)]
    weights: WeightsArg,
    /// Data to evaluate on instead of the run's: for digits a folder of IDX or .amat files or one .amat file, for nuclei the
    /// folder of tissue images, for PCam that of its .h5 files, for an image folder one with a folder for each split, for
    /// particles a folder of .npy files
    #[arg(long, value_name = "PATH")]
    data: Option<PathBuf>,
    /// Part of the data: train, valid, test, or all of it, whatever share and limits of images the run had
    #[arg(long, default_value_t = Split::Test)]
    split: Split,
    #[command(flatten)]
    device: DeviceArg,
    /// Print one JSON object on standard output
    #[arg(long)]
    json: bool,
}

impl EvalArgs {
    pub fn run(self) -> Result<(), ProgramError> {
        let (name, device) = self.device.open("auto")?;
        let loaded = Loaded::open(&self.weights.weights, &device)?;
        let split = self.split;
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
        let found = loaded.evaluate(self.data.as_deref(), split, &device, |all, seen| {
            bar.set_length(all as u64);
            bar.set_position(seen as u64);
        })?;
        bar.finish_and_clear();
        output::say(format_args!("data: {}", found.about));
        if found.same_data == Some(false) {
            output::say(format_args!(
                "note: these are not the {split} examples that the run had; --data names others on purpose"
            ));
        }
        let measures = &found.measures;
        if self.json {
            let mut json = evaluation::to_json(measures);
            json["split"] = serde_json::json!(split);
            json["examples"] = serde_json::json!(found.examples);
            json["weights"] = serde_json::json!(self.weights.weights);
            json["epoch"] = serde_json::json!(loaded.file.epoch);
            if let Some(classes) = &found.classes {
                json["classes"] = serde_json::json!(classes);
            }
            if let Some(targets) = &found.targets {
                json["targets"] = serde_json::json!(targets);
            }
            if let Some(calibration) = &found.calibration {
                json["calibration"] = serde_json::json!(calibration);
            }
            if let Some(same) = found.same_data {
                json["same_data"] = serde_json::json!(same);
            }
            json["device"] = serde_json::json!(name.to_string());
            output::line(&json)?;
        } else {
            output::line(format_args!("{split}, {} {}:", found.examples, found.unit))?;
            let width = measures
                .iter()
                .map(|m| m.name.len())
                .max()
                .unwrap_or(0)
                .max(10);
            for m in measures {
                output::line(format_args!(
                    "  {:<width$} {}  ({})",
                    m.name,
                    significant(m.value),
                    interval_words([m.low, m.high])
                ))?;
            }
            if let Some(classes) = &found.classes {
                output::text(classes.text())?;
            }
            if let Some(targets) = &found.targets {
                output::text(targets.text())?;
            }
            if let Some(calibration) = &found.calibration {
                output::text(calibration.text())?;
            }
        }
        Ok(())
    }
}
