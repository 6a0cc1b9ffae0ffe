//! Weights files that explain themselves: the metadata holds everything that rebuilds the network.
//!
//! | metadata key | content |
//! | --- | --- |
//! | `gcnn.version` | version of this crate |
//! | `gcnn.config` | the run's complete configuration, TOML |
//! | `gcnn.data` | what the task adds, JSON: for images their size, number of classes and normalisation |
//! | `gcnn.identity` | what the examples of each split were, JSON |
//! | `gcnn.epoch` | the epoch of these weights, counted from 1 |
//! | `gcnn.metrics` | their validation measures, JSON |
//! | `gcnn.card` | networks of the zoo: what is known about them, JSON |
//! | `gcnn.plain` | of an exported network: the steps that it consists of, JSON; then the weights are theirs |
//!
//! The same run writes the same bytes wherever it ran: nothing of the machine, its folders or devices is in them. And the other
//! way round, a file chooses no places here: data are looked for where the program looks by itself, where `--data` says, or, for
//! weights in a run folder, where its `config.toml` says.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use gcnn_models::PlainNetworkConfig;
use gcnn_models::weights::keys;
use gcnn_models::zoo::{self, Card};

use crate::TrainError;
use crate::config::RunConfig;
use crate::run_data::Identities;
use crate::run_folder::{RunFolder, to_json};
use crate::task::Task;
use crate::weights::{self, Weights};

/// What a weights file tells about its weights.
#[derive(Debug, Clone)]
pub struct ModelFile {
    /// The run that made them.
    pub config: RunConfig,
    /// What the task adds.
    pub data: serde_json::Value,
    /// What the examples of each split were; empty where nobody wrote it down.
    pub identity: Identities,
    /// Whether the places in the configuration are those of the run folder that the file lies in; otherwise there are none.
    pub placed: bool,
    /// Their epoch, counted from 1; 0 where they were not trained here.
    pub epoch: usize,
    /// Their validation measures.
    pub measures: BTreeMap<String, f64>,
    /// Networks of the zoo have a card.
    pub card: Option<Card>,
    /// The steps of an exported network, whose weights these are in place of those of the configured one.
    pub plain: Option<PlainNetworkConfig>,
}

/// What stands in front of a name of the zoo where a weights file is asked for.
pub const ZOO: &str = "zoo:";

impl ModelFile {
    /// Describes weights of a run.
    pub fn new<T: Task>(
        task: &T,
        config: &RunConfig,
        identity: &Identities,
        epoch: usize,
        measures: &BTreeMap<String, f64>,
    ) -> Result<Self, TrainError> {
        Ok(Self {
            config: config.clone(),
            data: task.describe(),
            identity: identity.clone(),
            placed: false,
            epoch,
            measures: measures.clone(),
            card: None,
            plain: None,
        })
    }

    /// Writes weights with this description, whole or not at all.
    pub fn save(&self, path: &Path, weights: &Weights) -> Result<(), TrainError> {
        weights::save(path, weights, self.metadata(path)?)
    }

    /// This description as metadata; `path` is only named in errors.
    pub fn metadata(&self, path: &Path) -> Result<HashMap<String, String>, TrainError> {
        // Where and on what a run was computed says nothing about its weights.
        let bare = RunConfig {
            device: "auto".into(),
            devices: Vec::new(),
            ..self.config.clone().without_places()
        };
        let mut metadata = HashMap::from([
            ("gcnn.version".into(), env!("CARGO_PKG_VERSION").into()),
            (keys::CONFIG.into(), bare.to_toml()?),
            (keys::DATA.into(), to_json(path, &self.data)?),
            (keys::EPOCH.into(), self.epoch.to_string()),
            (keys::METRICS.into(), to_json(path, &self.measures)?),
        ]);
        if !self.identity.is_empty() {
            metadata.insert(keys::IDENTITY.into(), to_json(path, &self.identity)?);
        }
        if let Some(card) = &self.card {
            metadata.insert(keys::CARD.into(), to_json(path, card)?);
        }
        if let Some(plain) = &self.plain {
            metadata.insert(keys::PLAIN.into(), to_json(path, plain)?);
        }
        Ok(metadata)
    }

    /// Reads a weights file; of a run folder, the best weights; of `zoo:NAME`, those that the program carries.
    pub fn load(path: &Path) -> Result<(Self, Weights), TrainError> {
        let (path, contents) = read(path)?;
        let (weights, metadata) = gcnn_models::weights::from_bytes(&contents)
            .map_err(|e| TrainError::weights(&path, e.to_string()))?;
        let fault = |reason: String| TrainError::weights(&path, reason);
        if metadata.contains_key(keys::TORCH_MODULES) {
            return Err(fault(
                "exported for PyTorch; gcnn reads what `gcnn export --format plain` writes".into(),
            ));
        }
        if metadata.contains_key(keys::OFFICIAL) {
            return Err(fault("exported for PyTorch; `gcnn import` reads it".into()));
        }
        let text = |key: &str| {
            metadata.get(key).ok_or_else(|| {
                fault(format!(
                    "not a weights file of gcnn: `{key}` is missing in its metadata"
                ))
            })
        };
        let json = |key: &str, e: serde_json::Error| fault(format!("`{key}` in its metadata: {e}"));
        let config = RunConfig::parse(text(keys::CONFIG)?, &path, &[])?.without_places();
        let run = places(&path);
        let placed = run.is_some();
        let config = run.map_or(config.clone(), |run| config.with_places_of(&run));
        Ok((
            Self {
                config,
                data: serde_json::from_str(text(keys::DATA)?).map_err(|e| json(keys::DATA, e))?,
                placed,
                identity: match metadata.get(keys::IDENTITY) {
                    Some(text) => {
                        serde_json::from_str(text).map_err(|e| json(keys::IDENTITY, e))?
                    }
                    None => Identities::new(),
                },
                epoch: text(keys::EPOCH)?
                    .parse()
                    .map_err(|e| fault(format!("`gcnn.epoch` in its metadata: {e}")))?,
                measures: serde_json::from_str(text(keys::METRICS)?)
                    .map_err(|e| json(keys::METRICS, e))?,
                card: match metadata.get(keys::CARD) {
                    Some(card) => {
                        Some(serde_json::from_str(card).map_err(|e| json(keys::CARD, e))?)
                    }
                    None => None,
                },
                plain: metadata
                    .get(keys::PLAIN)
                    .map(|text| serde_json::from_str(text).map_err(|e| json(keys::PLAIN, e)))
                    .transpose()?,
            },
            weights,
        ))
    }
}

/// Refuses to look for data where only a weights file's own machine could find them.
pub(crate) fn check_place(file: &ModelFile, data: Option<&Path>) -> Result<(), TrainError> {
    match data.is_none() && !file.placed && file.config.needs_a_place() {
        true => Err(TrainError::Mismatch(
            "a weights file outside of its run folder does not say where its data lie: name them with --data".into(),
        )),
        false => Ok(()),
    }
}

/// The configuration of the run folder that a weights file lies in, which is of this machine.
fn places(path: &Path) -> Option<RunConfig> {
    let config = RunFolder::at(path.parent()?).config();
    let run = config.is_file().then(|| RunConfig::load(&config, &[]));
    run?.ok()
}

/// The weights file that a path means, and what is in it.
pub fn read(path: &Path) -> Result<(PathBuf, Cow<'static, [u8]>), TrainError> {
    if let Some(name) = path.to_str().and_then(|text| text.strip_prefix(ZOO)) {
        return Ok((path.to_path_buf(), zoo::find(name)?.bytes.into()));
    }
    let path = resolve(path)?;
    let contents = fs::read(&path).map_err(TrainError::io("read", &path))?;
    Ok((path, contents.into()))
}

/// The weights file that a path means.
fn resolve(path: &Path) -> Result<PathBuf, TrainError> {
    if !path.is_dir() {
        return Ok(path.to_path_buf());
    }
    let best = RunFolder::at(path).best();
    if best.exists() {
        return Ok(best);
    }
    Err(TrainError::RunFolder(format!(
        "{} holds no best.safetensors: its run has not finished an epoch yet, or it is not a run folder",
        path.display()
    )))
}
