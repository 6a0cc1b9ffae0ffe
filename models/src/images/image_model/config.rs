//! The `[model]` table of a run file for images.

use std::fmt;

use burn::prelude::*;
use gcnn_layers::{Group, KernelConfig, Parameters};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::ImageModel;
use crate::{GcnnConfig, GroupDenseNetConfig, InputShape, ModelError};

/// Which network for images, with its settings. In files `kind` names the network, `gcnn` where it is left out, and
/// settings that are left out are those of the published recipe.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_models::{ImageModelConfig, InputShape};
///
/// let config: ImageModelConfig = serde_json::from_str(r#"{ "kind": "densenet", "blocks": 3, "growth": 6 }"#)?;
/// let tissue = InputShape { channels: 3, height: 32, width: 32 };
/// let model = config.init(tissue, 3, &Device::flex())?;
/// assert_eq!((config.kind(), model.num_params()), ("densenet", 20_217));
///
/// let config: ImageModelConfig = serde_json::from_str("{}")?;
/// assert_eq!((config.kind(), config.group().order()), ("gcnn", 4));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
// `remote` makes functions of what would be the traits' implementations, which stand below.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", remote = "Self")]
#[allow(missing_docs)] // The variants are the configurations of their names.
pub enum ImageModelConfig {
    Gcnn(GcnnConfig),
    #[serde(rename = "densenet")]
    DenseNet(GroupDenseNetConfig),
}

impl Default for ImageModelConfig {
    fn default() -> Self {
        Self::Gcnn(GcnnConfig::default())
    }
}

impl From<GcnnConfig> for ImageModelConfig {
    fn from(config: GcnnConfig) -> Self {
        Self::Gcnn(config)
    }
}

impl From<GroupDenseNetConfig> for ImageModelConfig {
    fn from(config: GroupDenseNetConfig) -> Self {
        Self::DenseNet(config)
    }
}

impl ImageModelConfig {
    /// One of each kind, as published.
    pub fn all() -> [Self; 2] {
        [
            Self::Gcnn(Default::default()),
            Self::DenseNet(Default::default()),
        ]
    }

    /// The network's name in files.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Gcnn(_) => "gcnn",
            Self::DenseNet(_) => "densenet",
        }
    }

    /// H: rotations and reflections that the network is equivariant under.
    pub fn group(&self) -> &Group {
        match self {
            Self::Gcnn(config) => &config.group,
            Self::DenseNet(config) => &config.group,
        }
    }

    /// What the network learns, by name and shape. Nothing is made for it, and its size is not bounded.
    pub fn parameters(&self, input: InputShape, classes: usize) -> Result<Parameters, ModelError> {
        match self {
            Self::Gcnn(config) => config.parameters(input, classes),
            Self::DenseNet(config) => config.parameters(input, classes),
        }
    }

    /// Checks every count against its limit, and the network's size, as far as that can be told without the images.
    pub fn check_counts(&self) -> Result<(), ModelError> {
        match self {
            Self::Gcnn(config) => config.check_counts(),
            Self::DenseNet(config) => config.check_counts(),
        }
    }

    /// Checks that the network can be built for such images, and with a group larger than the identity also that
    /// rotations by 90° are exact.
    pub fn validate(&self, input: InputShape) -> Result<(), ModelError> {
        match self {
            Self::Gcnn(config) => config.validate(input),
            Self::DenseNet(config) => config.validate(input),
        }
    }

    /// What kernels are made of.
    pub fn kernel(&self) -> KernelConfig {
        match self {
            Self::Gcnn(config) => config.kernel,
            Self::DenseNet(config) => config.kernel,
        }
    }

    /// Builds the network with fresh weights. They depend on nothing but the configuration and the device's random
    /// state: call `device.seed(n)` before.
    pub fn init(
        &self,
        input: InputShape,
        classes: usize,
        device: &Device,
    ) -> Result<ImageModel, ModelError> {
        Ok(match self {
            Self::Gcnn(config) => ImageModel::Gcnn(config.init(input, classes, device)?),
            Self::DenseNet(config) => ImageModel::DenseNet(config.init(input, classes, device)?),
        })
    }
}

impl Serialize for ImageModelConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, to)
    }
}

impl<'de> Deserialize<'de> for ImageModelConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Settings;
        impl<'de> Visitor<'de> for Settings {
            type Value = ImageModelConfig;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let with_kind = WithKind {
                    map,
                    missing: true,
                    at_end: false,
                };
                // The derived function, which needs the kind.
                ImageModelConfig::deserialize(MapAccessDeserializer::new(with_kind))
            }
        }
        from.deserialize_map(Settings)
    }
}

/// The key that names the network, and what it is where nobody says.
const KIND: [&str; 2] = ["kind", "gcnn"];

/// A map, with the kind added at its end where it is missing.
struct WithKind<A> {
    map: A,
    missing: bool,
    at_end: bool,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for WithKind<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        match self.map.next_key::<String>()? {
            Some(key) => {
                self.missing &= key != KIND[0];
                seed.deserialize(key.into_deserializer()).map(Some)
            }
            None if self.missing => {
                (self.missing, self.at_end) = (false, true);
                seed.deserialize(KIND[0].into_deserializer()).map(Some)
            }
            None => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        match self.at_end {
            true => seed.deserialize(KIND[1].into_deserializer()),
            false => self.map.next_value_seed(seed),
        }
    }
}
