//! A run file with its overrides: read once, and then asked.

use std::mem::discriminant;
use std::path::{Path, PathBuf};

use gcnn_models::kinds::Kinds;
use gcnn_models::points::{DynamicsConfig, NeighbourhoodConfig};
use serde::Deserialize;
use toml::de::DeTable;
use toml::{Table, Value};

use super::diagnose::read;
use super::fault::Fault;
use super::lines::Lines;
use super::overrides::Override;
use super::settings::value_of;
use super::{ConfigError, Experiment, RunConfig, TrainingConfig};

/// A run file and the overrides on top of it.
///
/// ```
/// use gcnn_train::run_file::RunFile;
///
/// let set = ["optimizer.lr=0.1".to_string()];
/// let file = RunFile::parse("seed = 7\n", "experiment.toml".as_ref(), &set)?;
/// assert_eq!((file.config().seed, file.config().optimizer.lr), (7, 0.1));
/// # Ok::<(), gcnn_train::run_file::ConfigError>(())
/// ```
#[derive(Debug, Clone)]
pub struct RunFile {
    path: PathBuf,
    lines: Lines,
    overrides: Vec<Override>,
    /// What the file and the overrides say, and nothing else.
    given: Table,
    config: RunConfig,
}

/// The keys that choose the kind of a table.
const TAGS: [&str; 2] = [DynamicsConfig::KEY, NeighbourhoodConfig::KEY];

impl RunFile {
    /// Reads a run file and applies overrides of the form `section.key=value`.
    ///
    /// # Errors
    /// If the file cannot be read, or with the place of the first thing in it that is wrong.
    pub fn load(path: &Path, set: &[String]) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_path_buf(),
            source,
        })?;
        Self::parse(&text, path, set)
    }

    /// Reads the text of a run file; `path` is only named in errors.
    ///
    /// # Errors
    /// With the place of the first thing that is wrong.
    pub fn parse(text: &str, path: &Path, set: &[String]) -> Result<Self, ConfigError> {
        let syntax = |error: toml::de::Error| {
            let (line, column) = Lines::of_error(text, &error);
            ConfigError::File {
                path: path.to_path_buf(),
                line,
                column,
                message: error.message().trim().replace('\n', "; "),
            }
        };
        let document = DeTable::parse(text).map_err(syntax)?;
        let lines = Lines::new(text, document.get_ref());
        let mut given = Table::deserialize(toml::Deserializer::from(document)).map_err(syntax)?;
        let overrides = set.iter().map(|typed| Override::parse(typed));
        let overrides = overrides.collect::<Result<Vec<_>, _>>()?;
        for one in &overrides {
            one.apply(&mut given)?;
        }
        let mut file = Self {
            path: path.to_path_buf(),
            lines,
            overrides,
            given,
            config: RunConfig::default(),
        };
        file.config = file.read()?;
        file.config.check().map_err(|fault| file.error(fault))?;
        file.check_size().map_err(|fault| file.error(fault))?;
        Ok(file)
    }

    /// A network that is given by its size has its layers from there.
    fn check_size(&self) -> Result<(), Fault> {
        // A U-Net takes the number of its levels from the length of `channels`, whatever they are.
        let has_levels = matches!(self.config.experiment, Experiment::Segmentation(_));
        if has_levels || !self.says("model.size") {
            return Ok(());
        }
        let layers = [
            "channels",
            "kernel_sizes",
            "pool_after",
            "padding",
            "bias",
            "head",
        ];
        match layers.iter().find(|key| self.says(&format!("model.{key}"))) {
            Some(key) => Err(Fault::of_key(
                &format!("model.{key}"),
                format!(
                    "`{key}` has no place beside `size`, which stands for it; leave out one of them"
                ),
            )),
            None => Ok(()),
        }
    }

    /// The whole run, with everything that the file leaves out.
    pub fn config(&self) -> &RunConfig {
        &self.config
    }

    /// The run, without the file.
    pub fn into_config(self) -> RunConfig {
        self.config
    }

    /// Whether the file or an override says something of a table (`section`) or key (`section.key`).
    pub fn says(&self, name: &str) -> bool {
        value_of(&self.given, name).is_some()
    }

    /// The same file with values for what it leaves out. Where a table of it chooses another kind than these values are for, they
    /// have no place in it.
    ///
    /// # Errors
    /// If the two together cannot work.
    pub fn completed(&self, defaults: &Table) -> Result<Self, ConfigError> {
        let mut whole = self.given.clone();
        for (section, value) in defaults {
            let own = whole.entry(section).or_insert_with(|| match value {
                Value::Table(_) => Table::new().into(),
                value => value.clone(),
            });
            let (Value::Table(own), Value::Table(defaults)) = (own, value) else {
                continue;
            };
            let is_other = |tag: &&str| {
                let kind = own.get(*tag);
                kind.is_some() && kind != defaults.get(*tag)
            };
            if TAGS.iter().any(is_other) {
                continue;
            }
            for (key, value) in defaults {
                own.entry(key).or_insert_with(|| value.clone());
            }
        }
        let config = read(&whole).map_err(|fault| self.error(fault))?;
        config.check().map_err(|fault| self.error(fault))?;
        // What was left out is said now: a network that it starts from does not take its place.
        Ok(Self {
            config,
            given: whole,
            ..self.clone()
        })
    }

    /// Keys that the file or an override sets although the task has no use for them, in words.
    pub fn without_effect(&self) -> Vec<String> {
        let Experiment::NBody(_) = &self.config.experiment else {
            return Vec::new();
        };
        let (task, training) = (self.config.experiment.task(), &self.config.training);
        // A file that says everything says of each that it isn't wanted.
        let none = TrainingConfig::default();
        [
            ("label_smoothing", training.label_smoothing > 0.0),
            (
                "class_weights",
                training.class_weights != none.class_weights,
            ),
            ("sampling", training.sampling != none.sampling),
            ("goal", training.goal != none.goal),
        ]
        .into_iter()
        .map(|(key, asked)| (format!("training.{key}"), asked))
        .filter(|(key, asked)| *asked && self.says(key))
        .map(|(key, _)| format!("`{key}` has no effect with task = \"{task}\""))
        .collect()
    }

    /// This run with the network of `source` (and, for particles, its edges), but for the keys of it that the file or an
    /// override sets. A file of another task, or that chooses another kind of network, keeps its own.
    ///
    /// # Errors
    /// If the two together cannot work.
    pub fn with_network_of(&self, source: &RunConfig) -> Result<RunConfig, ConfigError> {
        let own = self.config.clone();
        if discriminant(&own.experiment) != discriminant(&source.experiment) {
            return Ok(own);
        }
        let table = |run: &RunConfig| {
            Table::try_from(run).map_err(|e| ConfigError::Write {
                reason: e.to_string(),
            })
        };
        let (mut whole, other) = (table(&own)?, table(source)?);
        for (section, tag) in [
            ("model", DynamicsConfig::KEY),
            ("graph", NeighbourhoodConfig::KEY),
        ] {
            let Some(Value::Table(mut inner)) = other.get(section).cloned() else {
                continue;
            };
            let given = self.given.get(section).and_then(Value::as_table);
            let kind = given.and_then(|given| given.get(tag));
            if kind.is_some_and(|kind| Some(kind) != inner.get(tag)) {
                match section {
                    "model" => return Ok(own),
                    _ => continue,
                }
            }
            inner.extend(given.cloned().unwrap_or_default());
            whole.insert(section.into(), inner.into());
        }
        let config = read(&whole).map_err(|fault| self.error(fault))?;
        config.check().map_err(|fault| self.error(fault))?;
        Ok(config)
    }

    /// What file and overrides say, as a run. An override whose value reads as a number, but is meant as a text, becomes one.
    fn read(&mut self) -> Result<RunConfig, ConfigError> {
        loop {
            let fault = match read(&self.given) {
                Ok(config) => return Ok(config),
                Err(fault) => fault,
            };
            let texts = |one: &Override| one.as_text().filter(|_| one.sets(&fault.key));
            let position = self.overrides.iter().rposition(|one| texts(one).is_some());
            let Some((position, text)) =
                position.and_then(|at| Some((at, texts(&self.overrides[at])?)))
            else {
                return Err(self.error(fault));
            };
            let mut given = self.given.clone();
            text.apply(&mut given)?;
            // An error speaks of what was typed.
            if read(&given).is_err_and(|again| again.key == fault.key) {
                return Err(self.error(fault));
            }
            (self.given, self.overrides[position]) = (given, text);
        }
    }

    /// A fault with the override or the line that it comes from.
    fn error(&self, fault: Fault) -> ConfigError {
        if let Some(one) = (self.overrides.iter().rev()).find(|one| one.concerns(&fault.key)) {
            return one.fault(fault.reason);
        }
        let (line, column) = self.lines.of_fault(&fault);
        ConfigError::File {
            path: self.path.clone(),
            line,
            column,
            message: fault.reason,
        }
    }
}

impl RunConfig {
    /// Reads a run file and applies overrides of the form `section.key=value`.
    ///
    /// # Errors
    /// As [`RunFile::load`].
    pub fn load(path: &Path, set: &[String]) -> Result<Self, ConfigError> {
        RunFile::load(path, set).map(RunFile::into_config)
    }

    /// Reads the text of a run file; `path` is only named in errors.
    ///
    /// # Errors
    /// As [`RunFile::parse`].
    pub fn parse(text: &str, path: &Path, set: &[String]) -> Result<Self, ConfigError> {
        RunFile::parse(text, path, set).map(RunFile::into_config)
    }
}
