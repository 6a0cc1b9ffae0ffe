//! What a weights file says beside its arrays.

use std::collections::HashMap;

use safetensors::tensor::SafeTensors;
use serde::de::DeserializeOwned;

use super::WeightsError;

/// Keys of the metadata of weights files.
pub mod keys {
    /// The run file.
    pub const CONFIG: &str = "gcnn.config";
    /// What the task adds to it.
    pub const DATA: &str = "gcnn.data";
    /// What the examples were that the weights were trained on.
    pub const IDENTITY: &str = "gcnn.identity";
    /// The epoch.
    pub const EPOCH: &str = "gcnn.epoch";
    /// The validation measures.
    pub const METRICS: &str = "gcnn.metrics";
    /// What class scores are divided by before they become probabilities.
    pub const TEMPERATURE: &str = "gcnn.temperature";
    /// The [card](crate::zoo::Card) of a network of the zoo.
    pub const CARD: &str = "gcnn.card";
    /// The [steps](crate::PlainNetworkConfig) of an exported network.
    pub const PLAIN: &str = "gcnn.plain";
    /// The modules of a network that was exported for PyTorch, which such files have beside the others.
    pub const TORCH_MODULES: &str = "gcnn.pytorch";
    /// The name of a network that was exported for the code that it was published with; such files have no other keys.
    pub const OFFICIAL: &str = "gcnn.official";
}

/// The metadata of a weights file: texts by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Header {
    texts: HashMap<String, String>,
}

impl Header {
    /// That of the bytes of a file, without its arrays.
    pub fn read(contents: &[u8]) -> Result<Self, WeightsError> {
        let (_, header) = SafeTensors::read_metadata(contents)
            .map_err(|e| WeightsError::Format(e.to_string()))?;
        let texts = header.metadata().clone().unwrap_or_default();
        Ok(Self { texts })
    }

    /// All texts.
    pub fn into_texts(self) -> HashMap<String, String> {
        self.texts
    }

    /// Whether there is a text.
    pub fn has(&self, key: &str) -> bool {
        self.texts.contains_key(key)
    }

    /// A text.
    pub fn text(&self, key: &'static str) -> Result<&str, WeightsError> {
        let text = self.texts.get(key).map(String::as_str);
        text.ok_or(WeightsError::NoMetadata { key })
    }

    /// What a text of JSON says.
    pub fn json<T: DeserializeOwned>(&self, key: &'static str) -> Result<T, WeightsError> {
        let read = serde_json::from_str(self.text(key)?);
        read.map_err(|e| WeightsError::Metadata {
            key,
            reason: e.to_string(),
        })
    }

    /// What a text of JSON says, where there is one.
    pub fn json_if_any<T: DeserializeOwned>(
        &self,
        key: &'static str,
    ) -> Result<Option<T>, WeightsError> {
        match self.has(key) {
            true => self.json(key).map(Some),
            false => Ok(None),
        }
    }

    /// Refuses what was exported for other programs.
    pub fn refuse_foreign(&self) -> Result<(), WeightsError> {
        let what = "a network exported for PyTorch";
        let foreign = [
            (
                keys::TORCH_MODULES,
                "PyTorch reads it, and gcnn what `gcnn export --format plain` writes",
            ),
            (keys::OFFICIAL, "`gcnn import` reads it"),
        ];
        match foreign.into_iter().find(|(key, _)| self.has(key)) {
            None => Ok(()),
            Some((key, advice)) => Err(WeightsError::Exported { what, key, advice }),
        }
    }

    /// Refuses whatever is not a trained network.
    pub fn refuse_exported(&self) -> Result<(), WeightsError> {
        self.refuse_foreign()?;
        match self.has(keys::PLAIN) {
            false => Ok(()),
            true => Err(WeightsError::Exported {
                what: "an exported network",
                key: keys::PLAIN,
                advice: "PlainNetwork::from_bytes reads it",
            }),
        }
    }
}
