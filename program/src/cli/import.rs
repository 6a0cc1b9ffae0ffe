//! `gcnn import`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use gcnn_models::export::official::{OfficialModel, OfficialOptions, from_official};
use gcnn_models::points::DynamicsConfig;
use gcnn_train::TrainError;
use gcnn_train::exchange::export;
use gcnn_train::exchange::pytorch::{self, Checkpoint};
use gcnn_train::files::same_file;
use gcnn_train::run_file::{Experiment, ParticleExperiment, RunConfig, TaskName};
use gcnn_train::tasks::dynamics::SystemFormat;
use gcnn_train::weights::model_file::ModelFile;

use super::DeviceArg;
use crate::ProgramError;
use crate::output;

/// Particles of the published experiment.
const PARTICLES: usize = 5;

#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Checkpoint of the published EGNN code: EGNN or NMP of its N-body experiment (.pt, .pth or .safetensors)
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The weights file to write; by default the checkpoint's name with .safetensors, or with -gcnn.safetensors
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// EGNN was trained with `--tanh True`, which its weights don't tell
    #[arg(long)]
    tanh: bool,
    /// EGNN was trained with `--norm_diff True`, which its weights don't tell
    #[arg(long, alias = "norm_diff")]
    norm_diff: bool,
    #[command(flatten)]
    device: DeviceArg,
}

impl ImportArgs {
    pub fn run(self) -> Result<(), ProgramError> {
        // Nothing is computed: the device is taken as other commands take one, and need not be there.
        self.device.check()?;
        let mut kind = OfficialModel::Egnn;
        let checkpoint = pytorch::read(&self.file, |names| {
            let (found, prefix) = OfficialModel::find(names)?;
            kind = found;
            Ok(prefix)
        })?;
        let options = OfficialOptions {
            tanh: self.tanh,
            norm_diff: self.norm_diff,
        };
        let options = options.or(stated(&checkpoint));
        let (model, weights) = from_official(kind, options, &checkpoint.weights)
            .map_err(|reason| TrainError::weights(&self.file, reason))?;
        let output = match &self.output {
            Some(output) => output.clone(),
            None => self.beside(),
        };
        let about = format!(
            "{}: {}, {} parameters",
            output.display(),
            model.kind(),
            weights.values().map(|a| a.values.len()).sum::<usize>()
        );
        let experiment = ParticleExperiment {
            model,
            ..Default::default()
        };
        let file = ModelFile {
            config: RunConfig {
                experiment: Experiment::NBody(experiment),
                ..RunConfig::new(TaskName::NBody)
            },
            data: serde_json::json!(SystemFormat {
                particles: PARTICLES
            }),
            identity: Default::default(),
            placed: false,
            epoch: 0,
            measures: BTreeMap::new(),
            temperature: None,
            card: None,
            plain: None,
        };
        if same_file(&self.file, &output) {
            return Err(ProgramError::Refused(format!(
                "{} is the checkpoint itself; choose another --output",
                output.display()
            )));
        }
        // A name that nobody chose takes no file's place.
        if self.output.is_none() && output.exists() {
            return Err(ProgramError::Refused(format!(
                "{} is there already; name the weights file to write by --output",
                output.display()
            )));
        }
        file.save(&output, &weights)?;
        output::line(&about)?;
        Ok(())
    }

    fn beside(&self) -> PathBuf {
        let plain = self.file.with_extension("safetensors");
        if plain != self.file {
            return plain;
        }
        let stem = self.file.file_stem().unwrap_or_default().to_string_lossy();
        self.file.with_file_name(format!("{stem}-gcnn.safetensors"))
    }
}

/// The options that a file states which `gcnn export` wrote.
fn stated(checkpoint: &Checkpoint) -> OfficialOptions {
    let model = checkpoint.metadata.get(export::OFFICIAL_MODEL);
    let model = model.and_then(|text| serde_json::from_str::<DynamicsConfig>(text).ok());
    model.map_or_else(OfficialOptions::default, |model| {
        OfficialOptions::of(&model)
    })
}
