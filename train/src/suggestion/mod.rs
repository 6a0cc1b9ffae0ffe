//! What suits a folder of pictures: settings by rules, each with its reason, for what a run file leaves out.
//!
//! ```text
//! what the file says  >  what suits the pictures  >  what every run has
//! ```
//!
//! A run file with `task = "image-folder"` and a path is enough: `gcnn train FOLDER` is such a file. What was chosen is written
//! into the run folder like anything else, so that a run goes on with it, whatever later versions would choose. The rules are in
//! `rules`; `gcnn init` writes them down with their reasons ([`Suggestion::to_run_file`]).

mod rules;
mod text;

pub use rules::{Pictures, Setting, Suggestion};

use std::path::Path;

use gcnn_datasets::ImageFolderConfig;
use gcnn_datasets::image_folder::Survey;
use gcnn_models::InputShape;
use toml::{Table, Value};

use crate::TrainError;
use crate::finetune;
use crate::run_file::{
    ConfigError, Experiment, ImageDatasetConfig, ImageExperiment, RunConfig, RunFile,
};

/// The run that a file describes, with what suits its pictures, the network that it starts from, and the layers that its size
/// means.
///
/// # Errors
/// Where the pictures or the network that it starts from cannot be read, or something of it cannot work.
pub fn resolve(file: &RunFile, seen: Seen) -> Result<RunConfig, TrainError> {
    sized(finetune::resolve(&complete(file, seen)?)?)
}

/// Hears how many pictures have been looked at, and how many there are.
pub type Seen<'a> = &'a mut dyn FnMut(usize, usize);

/// The run file of a folder of pictures: nothing but its path, and overrides of the form `section.key=value`.
///
/// # Errors
/// If an override cannot work.
pub fn of_folder(folder: &Path, set: &[String]) -> Result<RunFile, ConfigError> {
    let path = Value::from(folder.to_string_lossy().into_owned());
    let text = format!("task = \"image-folder\"\nseed = 1\n[dataset]\npath = {path}\n");
    RunFile::parse(&text, folder, set)
}

/// The run that a file describes, where it goes on with one that began as `before`: what the file leaves out was settled then.
///
/// # Errors
/// Where the two together cannot work.
pub fn resolve_resumed(file: &RunFile, before: &RunConfig) -> Result<RunConfig, TrainError> {
    let config = match folder_of(file) {
        Some(_) => file.completed(&table_of(before)?)?.into_config(),
        // The network is in the run folder; the weights that a fine-tuned run came from may be gone by now.
        None if file.config().finetune.is_some() => file.with_network_of(before)?,
        None => file.config().clone(),
    };
    sized(config)
}

fn table_of(run: &RunConfig) -> Result<Table, ConfigError> {
    let text = run.to_toml()?;
    text.parse::<Table>().map_err(|e| ConfigError::Write {
        reason: e.to_string(),
    })
}

/// The folder of pictures that a file names.
fn folder_of(file: &RunFile) -> Option<&ImageFolderConfig> {
    match &file.config().experiment {
        Experiment::Images(ImageExperiment {
            dataset: ImageDatasetConfig::ImageFolder(folder),
            ..
        }) => Some(folder),
        _ => None,
    }
}

/// A run file with what suits the pictures that it names for everything that it leaves out. Files of other tasks stay what they
/// are.
///
/// # Errors
/// Where the pictures cannot be looked at, or what the file says cannot work together with them.
pub fn complete(file: &RunFile, seen: Seen) -> Result<RunFile, TrainError> {
    let Some(folder) = folder_of(file) else {
        return Ok(file.clone());
    };
    let survey = Survey::with_progress(folder, seen)?;
    let pictures = Pictures::of(&survey, folder);
    let suggestion = Suggestion::new(&pictures);
    Ok(file.completed(&suggestion.table(file))?)
}

/// A run with the layers and fields that the `size` of its network means for the images of its data set.
///
/// # Errors
/// Where the settings do not tell how large the images are, or no network fits them.
pub fn sized(mut config: RunConfig) -> Result<RunConfig, TrainError> {
    if let Experiment::Images(own) = &mut config.experiment {
        size(own)?;
    }
    Ok(config)
}

fn size(own: &mut ImageExperiment) -> Result<(), TrainError> {
    if !own.model.is_sized() {
        return Ok(());
    }
    let mut dataset = own.dataset.clone();
    dataset.resolve()?;
    let Some([channels, height, width]) = dataset.shape() else {
        return Err(TrainError::Mismatch(
            "`model.size` needs the size of the images: dataset.size".into(),
        ));
    };
    let input = InputShape {
        channels,
        height,
        width,
    };
    own.model = own.model.sized(input)?;
    Ok(())
}

impl Suggestion {
    /// The settings that a file leaves room for.
    fn table(&self, file: &RunFile) -> Table {
        let mut table = Table::new();
        for setting in &self.settings {
            if setting.yields_to.iter().any(|key| file.says(key)) {
                continue;
            }
            let (section, key) = setting.key.split_once('.').unwrap_or(("", setting.key));
            let section = table.entry(section).or_insert_with(|| Table::new().into());
            if let Some(section) = section.as_table_mut() {
                section.insert(key.into(), setting.value.clone());
            }
        }
        table
    }
}
