//! Weights files that explain themselves: the metadata holds everything that rebuilds the network.
//!
//! | metadata key | content |
//! | --- | --- |
//! | `gcnn.version` | version of this crate |
//! | `gcnn.config` | the run's complete configuration, TOML |
//! | `gcnn.data` | what the task adds, JSON: for images their size, number of outputs and normalisation, and under `targets` the names and scale of numbers or labels |
//! | `gcnn.identity` | what the examples of each split were, JSON |
//! | `gcnn.epoch` | the epoch of these weights, counted from 1 |
//! | `gcnn.metrics` | their validation measures, JSON |
//! | `gcnn.temperature` | classifiers: what scores are divided by before they become probabilities, JSON |
//! | `gcnn.card` | networks of the zoo: what is known about them, JSON |
//! | `gcnn.plain` | of an exported network: the steps that it consists of, JSON; then the weights are theirs |
//!
//! The same run writes the same bytes wherever it ran: nothing of the machine, its folders or devices is in them. And the other
//! way round, a file chooses no places here: data are looked for where the program looks by itself, where `--data` says, or, for
//! weights in a run folder, where its `config.toml` says.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use gcnn_models::file::{Header, WeightsError, WeightsFile, keys};
use gcnn_models::zoo::{self, Card};
use gcnn_models::{ModelError, Parameters, PlainNetworkConfig};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::TrainError;
use crate::error::chain;
use crate::run_file::{Experiment, RunConfig};
use crate::task::Identities;
use crate::tasks::classification::ImageFormat;
use crate::tasks::segmentation::SegmentationFormat;
use crate::training::run_folder::{RunFolder, to_json};
use crate::weights::arrays::{self as weights, Weights};

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
    /// What class scores are divided by before they become probabilities, where it was fitted.
    pub temperature: Option<f64>,
    /// Networks of the zoo have a card.
    pub card: Option<Card>,
    /// The steps of an exported network, whose weights these are in place of those of the configured one.
    pub plain: Option<PlainNetworkConfig>,
}

/// What every weights file says.
pub(crate) struct About<'a> {
    /// The run's configuration, TOML, without a word of where it was computed: that says nothing about its weights.
    pub config: String,
    /// What the task adds.
    pub data: &'a serde_json::Value,
    /// What the examples of each split were.
    pub identity: &'a Identities,
    /// The epoch, counted from 1.
    pub epoch: usize,
    /// The validation measures.
    pub measures: &'a BTreeMap<String, f64>,
    /// What class scores are divided by, where it was fitted.
    pub temperature: Option<f64>,
}

impl About<'_> {
    /// As metadata; `path` is only named in errors.
    pub fn metadata(&self, path: &Path) -> Result<HashMap<String, String>, TrainError> {
        let mut metadata = HashMap::from([
            ("gcnn.version".into(), env!("CARGO_PKG_VERSION").into()),
            (keys::CONFIG.into(), self.config.clone()),
            (keys::DATA.into(), to_json(path, self.data)?),
            (keys::EPOCH.into(), self.epoch.to_string()),
            (keys::METRICS.into(), to_json(path, self.measures)?),
        ]);
        if !self.identity.is_empty() {
            metadata.insert(keys::IDENTITY.into(), to_json(path, self.identity)?);
        }
        if let Some(temperature) = self.temperature {
            metadata.insert(keys::TEMPERATURE.into(), to_json(path, &temperature)?);
        }
        Ok(metadata)
    }
}

/// Measures as JSON has them, of which some may be no number.
#[derive(Deserialize)]
struct Measures(#[serde(with = "crate::task::numbers::map")] BTreeMap<String, f64>);

/// What stands in front of a name of the zoo where a weights file is asked for.
pub const ZOO: &str = "zoo:";

impl ModelFile {
    /// Writes weights with this description, whole or not at all.
    pub fn save(&self, path: &Path, weights: &Weights) -> Result<(), TrainError> {
        weights::save(path, weights, self.metadata(path)?)
    }

    /// This description as metadata; `path` is only named in errors.
    pub fn metadata(&self, path: &Path) -> Result<HashMap<String, String>, TrainError> {
        let about = About {
            config: self.config.without_machine().to_toml()?,
            data: &self.data,
            identity: &self.identity,
            epoch: self.epoch,
            measures: &self.measures,
            temperature: self.temperature,
        };
        let mut metadata = about.metadata(path)?;
        if let Some(card) = &self.card {
            metadata.insert(keys::CARD.into(), to_json(path, card)?);
        }
        if let Some(plain) = &self.plain {
            metadata.insert(keys::PLAIN.into(), to_json(path, plain)?);
        }
        Ok(metadata)
    }

    /// Reads a weights file; of a run folder, the best weights; of `zoo:NAME`, those that the program carries. Its arrays are
    /// compared with those of the network that it tells of before any is copied.
    pub fn load(path: &Path) -> Result<(Self, Weights), TrainError> {
        let (path, contents) = read(path)?;
        let fault = |e: WeightsError| TrainError::weights(&path, e.to_string());
        let file = WeightsFile::parse(&contents).map_err(fault)?;
        let about = Self::of_header(file.header(), &path)?;
        let arrays = file.arrays(&about.parameters(&path)?).map_err(fault)?;
        Ok((about, arrays))
    }

    fn of_header(header: &Header, path: &Path) -> Result<Self, TrainError> {
        let fault = |e: WeightsError| TrainError::weights(path, e.to_string());
        header.refuse_foreign().map_err(fault)?;
        let text = header.text(keys::CONFIG).map_err(fault)?;
        let config = RunConfig::parse(text, path, &[])?.without_places();
        let run = places(path);
        let placed = run.is_some();
        let config = run.map_or(config.clone(), |run| config.with_places_of(&run));
        let identity = header.json_if_any(keys::IDENTITY).map_err(fault)?;
        Ok(Self {
            config,
            data: header.json(keys::DATA).map_err(fault)?,
            placed,
            identity: identity.unwrap_or_default(),
            epoch: header.json(keys::EPOCH).map_err(fault)?,
            measures: header.json::<Measures>(keys::METRICS).map_err(fault)?.0,
            temperature: header.temperature().map_err(fault)?,
            card: header.json_if_any(keys::CARD).map_err(fault)?,
            plain: header.json_if_any(keys::PLAIN).map_err(fault)?,
        })
    }

    /// What the arrays beside this description are, by name and shape. No network is made for it.
    fn parameters(&self, path: &Path) -> Result<Parameters, TrainError> {
        let steps = |e: ModelError| {
            TrainError::weights(path, format!("`{}` in its metadata: {e}", keys::PLAIN))
        };
        Ok(match (&self.plain, &self.config.experiment) {
            (Some(plain), _) => {
                plain.classes().map_err(steps)?;
                plain.parameters()
            }
            (None, Experiment::Images(own)) => {
                let format = self.image_format(path)?;
                own.model.parameters(format.input(), format.classes)?
            }
            (None, Experiment::Segmentation(own)) => {
                let format = self.segmentation_format(path)?;
                own.model
                    .parameters(format.input(), format.class_names.len())?
            }
            (None, Experiment::NBody(own)) => own.model.parameters()?,
        })
    }

    /// What the images of its network look like.
    pub(crate) fn image_format(&self, path: &Path) -> Result<ImageFormat, TrainError> {
        let format: ImageFormat = self.format(path)?;
        format
            .validate()
            .map_err(|e| TrainError::weights(path, chain(&e)))?;
        Ok(format)
    }

    /// What the images of a network for pixels look like.
    pub(crate) fn segmentation_format(
        &self,
        path: &Path,
    ) -> Result<SegmentationFormat, TrainError> {
        let format: SegmentationFormat = self.format(path)?;
        format
            .validate()
            .map_err(|e| TrainError::weights(path, chain(&e)))?;
        Ok(format)
    }

    /// What its task added to the description of its weights.
    pub(crate) fn format<T: DeserializeOwned>(&self, path: &Path) -> Result<T, TrainError> {
        serde_json::from_value(self.data.clone()).map_err(|e| {
            TrainError::weights(path, format!("`{}` in its metadata: {e}", keys::DATA))
        })
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
    let contents = weights::bytes(&path)?;
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
