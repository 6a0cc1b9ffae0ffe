//! The `[model]` table of a run file for dynamics.

use burn::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    DynamicsModel, EgnnConfig, LinearDynamicsConfig, NmpConfig, RadialFieldConfig,
    Se3TransformerConfig, SeConvConfig, SegnnDynamicsConfig, TensorFieldNetworkConfig,
};
use crate::ModelError;

/// Which dynamics model, with its settings. In files `kind` names the model, and settings that are left out are those of
/// the published recipe.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_models::nbody::DynamicsConfig;
///
/// let config: DynamicsConfig = serde_json::from_str(r#"{ "kind": "egnn", "layers": 2 }"#)?;
/// let model = config.init(&Device::flex())?;
/// assert_eq!(model.num_params(), 2 * 33_473 + 128);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[allow(missing_docs)] // The variants are the configurations of their names.
pub enum DynamicsConfig {
    Linear(LinearDynamicsConfig),
    Nmp(NmpConfig),
    RadialField(RadialFieldConfig),
    Egnn(EgnnConfig),
    #[serde(rename = "tfn")]
    TensorField(TensorFieldNetworkConfig),
    #[serde(rename = "se3-transformer")]
    Se3Transformer(Se3TransformerConfig),
    #[serde(rename = "seconv")]
    SeConv(SeConvConfig),
    Segnn(SegnnDynamicsConfig),
}

impl Default for DynamicsConfig {
    fn default() -> Self {
        Self::Segnn(SegnnDynamicsConfig::default())
    }
}

impl DynamicsConfig {
    /// One of each kind, as published.
    pub fn all() -> [Self; 8] {
        [
            Self::Linear(Default::default()),
            Self::Nmp(Default::default()),
            Self::RadialField(Default::default()),
            Self::TensorField(Default::default()),
            Self::Se3Transformer(Default::default()),
            Self::Egnn(Default::default()),
            Self::SeConv(Default::default()),
            Self::Segnn(Default::default()),
        ]
    }

    /// A lower bound of the parameters: weights with fewer numbers cannot belong to the model. Costs no memory.
    pub fn least_parameters(&self) -> usize {
        let layers = |layers: usize, width: usize| layers.saturating_mul(width);
        let square = |width: usize| width.saturating_mul(width);
        match self {
            Self::Linear(_) => 1,
            Self::Nmp(config) => layers(config.layers, square(config.hidden)),
            Self::RadialField(config) => layers(config.layers, config.hidden),
            Self::Egnn(config) => layers(config.layers, square(config.hidden)),
            Self::TensorField(config) => {
                layers(config.layers, config.channels).max(config.radial_hidden)
            }
            Self::Se3Transformer(config) => {
                layers(config.layers, config.channels).max(config.radial_hidden)
            }
            Self::SeConv(config) => layers(config.layers, squares(&config.hidden)),
            Self::Segnn(config) => layers(config.layers, squares(&config.hidden)),
        }
    }

    /// The model's name in files.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Linear(_) => "linear",
            Self::Nmp(_) => "nmp",
            Self::RadialField(_) => "radial-field",
            Self::Egnn(_) => "egnn",
            Self::TensorField(_) => "tfn",
            Self::Se3Transformer(_) => "se3-transformer",
            Self::SeConv(_) => "seconv",
            Self::Segnn(_) => "segnn",
        }
    }

    /// Checks that the model can be built.
    pub fn validate(&self) -> Result<(), ModelError> {
        match self {
            Self::Linear(config) => config.validate(),
            Self::Nmp(config) => config.validate(),
            Self::RadialField(config) => config.validate(),
            Self::Egnn(config) => config.validate(),
            Self::TensorField(config) => config.validate(),
            Self::Se3Transformer(config) => config.validate(),
            Self::SeConv(config) => config.validate(),
            Self::Segnn(config) => config.validate(),
        }
    }

    /// Builds the model with fresh weights.
    pub fn init(&self, device: &Device) -> Result<DynamicsModel, ModelError> {
        Ok(match self {
            Self::Linear(config) => DynamicsModel::Linear(config.init(device)?),
            Self::Nmp(config) => DynamicsModel::Nmp(config.init(device)?),
            Self::RadialField(config) => DynamicsModel::RadialField(config.init(device)?),
            Self::Egnn(config) => DynamicsModel::Egnn(config.init(device)?),
            Self::TensorField(config) => DynamicsModel::TensorField(config.init(device)?),
            Self::Se3Transformer(config) => DynamicsModel::Se3Transformer(config.init(device)?),
            Self::SeConv(config) => DynamicsModel::SeConv(config.init(device)?),
            Self::Segnn(config) => DynamicsModel::Segnn(config.init(device)?),
        })
    }
}

/// The squares of the channels of each block, together.
fn squares(irreps: &gcnn_layers::so3::Irreps) -> usize {
    let blocks = irreps.blocks().iter();
    let square =
        |block: &gcnn_layers::so3::Block| block.multiplicity.saturating_mul(block.multiplicity);
    blocks.fold(0, |sum, block| sum.saturating_add(square(block)))
}

/// Checks a number of layers or features.
pub(super) fn at_least_one(settings: &[(&'static str, usize)]) -> Result<(), ModelError> {
    match settings.iter().find(|(_, value)| *value == 0) {
        Some(&(what, value)) => Err(ModelError::TooFew {
            what,
            value,
            least: 1,
        }),
        None => Ok(()),
    }
}
