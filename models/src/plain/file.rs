//! Plain networks out of the files that `gcnn export` writes.

use burn::prelude::*;

use super::{PlainNetwork, PlainNetworkConfig};
use crate::ModelError;
use crate::weights::{self, Weights, WeightsError, keys};

/// The metadata key of the description.
pub const DESCRIPTION: &str = keys::PLAIN;

/// What is wrong with a file of a plain network.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PlainFileError {
    /// The arrays cannot be read, or are not those of the description.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// It holds something else.
    #[error("there is no `gcnn.plain` in its metadata: `gcnn export --format plain` writes it")]
    NotPlain,
    /// The description cannot be read.
    #[error("`gcnn.plain` in its metadata: {0}")]
    Description(String),
    /// The steps of the description do not fit together.
    #[error("`gcnn.plain` in its metadata: {0}")]
    Steps(#[from] ModelError),
    /// The description is of a larger network than the arrays.
    #[error("`gcnn.plain` in its metadata: steps with {} numbers, the arrays hold {found}", .expected.map_or("too many".into(), |n| n.to_string()))]
    Size {
        /// Numbers of the steps' weights; `None` where they are too many to count.
        expected: Option<usize>,
        /// Numbers in the file.
        found: usize,
    },
}

impl PlainNetwork {
    /// The network in the bytes of a file that `gcnn export` wrote, and its description. It takes no more memory than a
    /// small multiple of the file's size.
    ///
    /// ```no_run
    /// use burn::prelude::*;
    /// use gcnn_models::PlainNetwork;
    ///
    /// let contents = std::fs::read("runs/my/best-plain.safetensors")?;
    /// let (network, _) = PlainNetwork::from_bytes(&contents, &Device::flex())?;
    /// let logits = network.forward(Tensor::zeros([1, 1, 28, 28], &Device::flex()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_bytes(
        contents: &[u8],
        device: &Device,
    ) -> Result<(Self, PlainNetworkConfig), PlainFileError> {
        let (weights, metadata) = weights::from_bytes(contents)?;
        let text = metadata.get(DESCRIPTION).ok_or(PlainFileError::NotPlain)?;
        let config: PlainNetworkConfig =
            serde_json::from_str(text).map_err(|e| PlainFileError::Description(e.to_string()))?;
        let network = config.with_weights(&weights, device)?;
        Ok((network, config))
    }
}

impl PlainNetworkConfig {
    /// Builds the network and puts weights into it.
    pub fn with_weights(
        &self,
        weights: &Weights,
        device: &Device,
    ) -> Result<PlainNetwork, PlainFileError> {
        self.classes()?;
        let found = weights.values().map(|array| array.values.len()).sum();
        // Before it takes memory.
        let expected = self.numbers();
        if expected.is_none_or(|expected| expected > found) {
            return Err(PlainFileError::Size { expected, found });
        }
        let network = weights::apply(self.init(device)?, weights)?;
        Ok(network.valid())
    }
}
