//! The `[model]` table of a run file for images.

use burn::prelude::*;
use gcnn_layers::{Group, KernelConfig, Parameters};
use serde::{Deserialize, Serialize};

use super::ImageModel;
use crate::kinds::{self, Kinds};
use crate::{GcnnConfig, GroupDenseNetConfig, InputShape, ModelError, WaveletConfig};

/// Which network for images, with its settings.
///
/// In files `kind` names the network, `gcnn` where it is left out, and settings that are left out are those of the published
/// recipe.
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case", remote = "Self")]
pub enum ImageModelConfig {
    /// Group convolutions, one after the other. The defaults are P4CNN's.
    Gcnn(GcnnConfig),
    /// Densely connected blocks of group convolutions. The defaults are P4M-DenseNet's, for patches of 96×96 pixels.
    #[serde(rename = "densenet")]
    DenseNet(GroupDenseNetConfig),
    /// Convolutions over time and scale, for waveforms. The defaults are for a second of speech at 8 kHz.
    Wavelet(WaveletConfig),
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

impl From<WaveletConfig> for ImageModelConfig {
    fn from(config: WaveletConfig) -> Self {
        Self::Wavelet(config)
    }
}

impl From<GroupDenseNetConfig> for ImageModelConfig {
    fn from(config: GroupDenseNetConfig) -> Self {
        Self::DenseNet(config)
    }
}

impl ImageModelConfig {
    /// One of each kind, as published.
    pub fn all() -> [Self; 3] {
        [
            Self::Gcnn(Default::default()),
            Self::DenseNet(Default::default()),
            Self::Wavelet(Default::default()),
        ]
    }

    /// The network's name in files.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Gcnn(_) => "gcnn",
            Self::DenseNet(_) => "densenet",
            Self::Wavelet(_) => "wavelet",
        }
    }

    /// H: rotations and reflections that the network is equivariant under.
    pub fn group(&self) -> &Group {
        match self {
            Self::Gcnn(config) => &config.group,
            Self::DenseNet(config) => &config.group,
            Self::Wavelet(config) => &config.group,
        }
    }

    /// What the network learns, by name and shape. Nothing is made for it, and its size is not bounded.
    pub fn parameters(&self, input: InputShape, classes: usize) -> Result<Parameters, ModelError> {
        match self {
            Self::Gcnn(config) => config.parameters(input, classes),
            Self::DenseNet(config) => config.parameters(input, classes),
            Self::Wavelet(config) => config.parameters(input, classes),
        }
    }

    /// Checks every count against its limit, and the network's size, as far as that can be told without the images.
    pub fn check_counts(&self) -> Result<(), ModelError> {
        match self {
            Self::Gcnn(config) => config.check_counts(),
            Self::DenseNet(config) => config.check_counts(),
            Self::Wavelet(config) => config.check_counts(),
        }
    }

    /// Checks that the network can be built for such images, and with a group larger than the identity also that
    /// rotations by 90° are exact.
    pub fn validate(&self, input: InputShape) -> Result<(), ModelError> {
        match self {
            Self::Gcnn(config) => config.validate(input),
            Self::DenseNet(config) => config.validate(input),
            Self::Wavelet(config) => config.validate(input),
        }
    }

    /// Whether the network is given by its size, so that its layers depend on the images.
    pub fn is_sized(&self) -> bool {
        match self {
            Self::Gcnn(config) => config.size.is_some(),
            Self::DenseNet(_) | Self::Wavelet(_) => false,
        }
    }

    /// The same with its layers and fields for such images, where it is given by its size.
    ///
    /// # Errors
    /// Where images have no pixels, or more than networks take.
    pub fn sized(&self, input: InputShape) -> Result<Self, ModelError> {
        match self {
            Self::Gcnn(config) => Ok(Self::Gcnn(config.sized(input)?)),
            Self::DenseNet(_) | Self::Wavelet(_) => Ok(self.clone()),
        }
    }

    /// How many pixels of an image, along a side, the last hidden layer sees at once.
    ///
    /// # Errors
    /// Where settings don't belong together.
    pub fn receptive_field(&self, input: InputShape) -> Result<usize, ModelError> {
        match self {
            Self::Gcnn(config) => config.receptive_field(input),
            Self::DenseNet(config) => config.receptive_field(input),
            Self::Wavelet(config) => config.receptive_field(),
        }
    }

    /// What kernels are made of; those of waveforms are weights.
    pub fn kernel(&self) -> KernelConfig {
        match self {
            Self::Gcnn(config) => config.kernel,
            Self::DenseNet(config) => config.kernel,
            Self::Wavelet(_) => KernelConfig::pixel(),
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
            Self::Wavelet(config) => ImageModel::Wavelet(config.init(input, classes, device)?),
        })
    }
}

impl Kinds for ImageModelConfig {
    const KEY: &'static str = "kind";
    const DEFAULT: &'static str = "gcnn";

    kinds::derived_read!();
}

kinds::read_and_write!(ImageModelConfig);
