//! Plain networks out of the files that `gcnn export` writes.

use burn::prelude::*;

use super::{PlainNetwork, PlainNetworkConfig};
use crate::ModelError;
use crate::file::{WeightsError, WeightsFile, compare, keys};
use crate::weights::{self, Weights, parameters_in};

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
    /// The steps of the description do not fit together.
    #[error("`gcnn.plain` in its metadata: {0}")]
    Steps(#[from] ModelError),
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
        let file = WeightsFile::parse(contents)?;
        if !file.header().has(DESCRIPTION) {
            return Err(PlainFileError::NotPlain);
        }
        let config: PlainNetworkConfig = file.header().json(DESCRIPTION)?;
        config.classes()?;
        let arrays = file.arrays(&config.parameters())?;
        let network = config.with_weights(&arrays, device)?;
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
        // Before it takes memory.
        compare(&self.parameters(), &parameters_in(weights))?;
        let network = weights::apply(self.init(device)?, weights)?;
        Ok(network.valid())
    }
}
