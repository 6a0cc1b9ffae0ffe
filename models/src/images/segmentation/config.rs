//! The `[model]` table of a run file for segmentation.

use burn::prelude::*;
use gcnn_layers::{Group, KernelConfig, Parameters};
use serde::{Deserialize, Serialize};

use super::SegmentationModel;
use crate::kinds::{self, Kinds};
use crate::{GroupUnetConfig, InputShape, ModelError};

/// Which network gives every pixel its class scores, with its settings.
///
/// In files `kind` names the network, `unet` where it is left out.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_models::{InputShape, SegmentationModelConfig};
///
/// let text = r#"{ "kind": "unet", "group": "D4", "channels": [2, 4], "blocks": 1 }"#;
/// let config: SegmentationModelConfig = serde_json::from_str(text)?;
/// let tissue = InputShape { channels: 3, height: 32, width: 32 };
/// let model = config.init(tissue, 2, &Device::flex())?;
/// let scores = model.forward(Tensor::zeros([1, 3, 32, 40], &Device::flex()));
/// assert_eq!(scores.dims(), [1, 2, 32, 40]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
// `remote` makes functions of what would be the traits' implementations, which stand below.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case", remote = "Self")]
pub enum SegmentationModelConfig {
    /// Group convolutions on maps that are halved and doubled again, with skips.
    Unet(GroupUnetConfig),
}

impl Default for SegmentationModelConfig {
    fn default() -> Self {
        Self::Unet(GroupUnetConfig::default())
    }
}

impl From<GroupUnetConfig> for SegmentationModelConfig {
    fn from(config: GroupUnetConfig) -> Self {
        Self::Unet(config)
    }
}

impl SegmentationModelConfig {
    /// One of each kind.
    pub fn all() -> [Self; 1] {
        [Self::default()]
    }

    /// The network's name in files.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unet(_) => "unet",
        }
    }

    /// H: rotations and reflections that the network is equivariant under.
    pub fn group(&self) -> &Group {
        match self {
            Self::Unet(config) => &config.group,
        }
    }

    /// What kernels are made of.
    pub fn kernel(&self) -> KernelConfig {
        match self {
            Self::Unet(config) => config.kernel,
        }
    }

    /// What the network learns, by name and shape. Nothing is made for it, and its size is not bounded.
    pub fn parameters(&self, input: InputShape, classes: usize) -> Result<Parameters, ModelError> {
        let (field, own) = match self {
            Self::Unet(config) => ("Unet", config.parameters(input, classes)?),
        };
        // A module that is one of several has the name of its variant in front.
        Ok(Parameters::new().with_module(field, own))
    }

    /// Checks every count against its limit, and the network's size, as far as that can be told without the images.
    pub fn check_counts(&self) -> Result<(), ModelError> {
        match self {
            Self::Unet(config) => config.check_counts(),
        }
    }

    /// Checks that the network can be built for such images.
    pub fn validate(&self, input: InputShape) -> Result<(), ModelError> {
        match self {
            Self::Unet(config) => config.validate(input),
        }
    }

    /// Whether the network is given by its size, so that its fields depend on the images' channels.
    pub fn is_sized(&self) -> bool {
        match self {
            Self::Unet(config) => config.size.is_some(),
        }
    }

    /// The same with its fields, where it is given by its size.
    ///
    /// # Errors
    /// Where counts are out of their limits.
    pub fn sized(&self, input: InputShape) -> Result<Self, ModelError> {
        match self {
            Self::Unet(config) => Ok(Self::Unet(config.sized(input)?)),
        }
    }

    /// How many pixels of an image, along a side, a score depends on.
    ///
    /// # Errors
    /// Where counts are out of their limits.
    pub fn receptive_field(&self) -> Result<usize, ModelError> {
        match self {
            Self::Unet(config) => config.receptive_field(),
        }
    }

    /// Builds the network with fresh weights. They depend on nothing but the configuration and the device's random
    /// state: call `device.seed(n)` before.
    ///
    /// # Errors
    /// What [`validate`](Self::validate) refuses, and no classes.
    pub fn init(
        &self,
        input: InputShape,
        classes: usize,
        device: &Device,
    ) -> Result<SegmentationModel, ModelError> {
        Ok(match self {
            Self::Unet(config) => SegmentationModel::Unet(config.init(input, classes, device)?),
        })
    }
}

impl Kinds for SegmentationModelConfig {
    const KEY: &'static str = "kind";
    const DEFAULT: &'static str = "unet";

    kinds::derived_read!();
}

kinds::read_and_write!(SegmentationModelConfig);
