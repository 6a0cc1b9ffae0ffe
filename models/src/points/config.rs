//! The `[model]` table of a run file for dynamics.

use burn::prelude::*;
use gcnn_layers::Parameters;
use serde::{Deserialize, Serialize};

use super::{
    DynamicsModel, EgnnConfig, LinearDynamicsConfig, NmpConfig, RadialFieldConfig,
    Se3TransformerConfig, SeConvConfig, SegnnDynamicsConfig, TensorFieldNetworkConfig,
};
use crate::ModelError;
use crate::kinds::{self, Kinds};
use crate::limits;

/// Which dynamics model, with its settings.
///
/// In files `kind` names the model, `segnn` where it is left out, and settings that are left out are those of the published
/// recipe.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_models::points::DynamicsConfig;
///
/// let config: DynamicsConfig = serde_json::from_str(r#"{ "kind": "egnn", "layers": 2 }"#)?;
/// let model = config.init(&Device::flex())?;
/// assert_eq!(model.num_params(), 2 * 33_473 + 128);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
// `remote` makes functions of what would be the traits' implementations, which stand below.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case", remote = "Self")]
pub enum DynamicsConfig {
    /// Every particle keeps its velocity for a time that is learned.
    Linear(LinearDynamicsConfig),
    /// Messages that see coordinates as plain numbers: no symmetry but that of permutations.
    Nmp(NmpConfig),
    /// Pushes along the edges, by distance.
    RadialField(RadialFieldConfig),
    /// Invariant messages, and pushes along the edges.
    Egnn(EgnnConfig),
    /// Linear steerable kernels.
    #[serde(rename = "tfn")]
    TensorField(TensorFieldNetworkConfig),
    /// Steerable kernels weighed by attention.
    #[serde(rename = "se3-transformer")]
    Se3Transformer(Se3TransformerConfig),
    /// Steerable group convolution, with linear or non-linear messages.
    #[serde(rename = "seconv")]
    SeConv(SeConvConfig),
    /// Steerable non-linear messages, steered by velocities too.
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

    /// What the model learns, by name and shape. Nothing is made for it, and its size is not bounded.
    pub fn parameters(&self) -> Result<Parameters, ModelError> {
        let (field, own) = match self {
            Self::Linear(config) => ("Linear", config.parameters()),
            Self::Nmp(config) => ("Nmp", config.parameters()?),
            Self::RadialField(config) => ("RadialField", config.parameters()?),
            Self::Egnn(config) => ("Egnn", config.parameters()?),
            Self::TensorField(config) => ("TensorField", config.parameters()?),
            Self::Se3Transformer(config) => ("Se3Transformer", config.parameters()?),
            Self::SeConv(config) => ("SeConv", config.parameters()?),
            Self::Segnn(config) => ("Segnn", config.parameters()?),
        };
        // A module that is one of several has the name of its variant in front.
        Ok(Parameters::new().with_module(field, own))
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
            Self::Linear(config) => config.validate()?,
            Self::Nmp(config) => config.validate()?,
            Self::RadialField(config) => config.validate()?,
            Self::Egnn(config) => config.validate()?,
            Self::TensorField(config) => config.validate()?,
            Self::Se3Transformer(config) => config.validate()?,
            Self::SeConv(config) => config.validate()?,
            Self::Segnn(config) => config.validate()?,
        }
        limits::check_numbers(self.parameters()?.numbers())
    }

    /// Builds the model with fresh weights.
    pub fn init(&self, device: &Device) -> Result<DynamicsModel, ModelError> {
        self.validate()?;
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

impl Kinds for DynamicsConfig {
    const KEY: &'static str = "kind";
    const DEFAULT: &'static str = "segnn";

    kinds::derived_read!();
}

kinds::read_and_write!(DynamicsConfig);
