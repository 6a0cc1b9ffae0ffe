//! Trained networks that the crate carries, each with its card. Nothing is downloaded.
//!
//! ```
//! # #[cfg(feature = "zoo")]
//! # {
//! use burn::prelude::*;
//! use gcnn_models::zoo;
//!
//! let device = Device::flex();
//! let tissue = zoo::classifier("nuclei-c4", &device)?;
//! let patches = Tensor::full([2, 3, 32, 32], 0.5, &device);
//! assert_eq!(tissue.probabilities(patches).dims(), [2, 3]);
//! # }
//! # Ok::<(), gcnn_models::zoo::ZooError>(())
//! ```
//!
//! [`load`] gives any network with its card, [`classifier`] and [`dynamics`] those of one kind; [`Pretrained::read`] reads
//! any weights file of the program `gcnn`. The networks are part of the crate's feature `zoo`, which is on by default.

mod card;
mod error;
mod pretrained;

use burn::prelude::*;

pub use card::{Card, ElementFigure, Figure, SplitSizes};
pub use error::ZooError;
pub use pretrained::{Network, Pretrained, TrainedClassifier, TrainedDynamics, TrainedSegmenter};

use crate::file::{Header, keys};

/// A carried network.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// Its weights file.
    pub bytes: &'static [u8],
}

/// Names and files, by name.
#[cfg(feature = "zoo")]
static CARRIED: &[(&str, &[u8])] = include!("../../zoo/list.rs");
#[cfg(not(feature = "zoo"))]
static CARRIED: &[(&str, &[u8])] = &[];

/// How alike two names are, from 0 to 1, for one to be a slip of the pen.
const ALIKE: f64 = 0.8;

/// All carried networks, by name.
pub fn entries() -> impl ExactSizeIterator<Item = Entry> {
    CARRIED.iter().map(|(name, bytes)| Entry { name, bytes })
}

/// The network of a name.
pub fn find(name: &str) -> Result<Entry, ZooError> {
    entries()
        .find(|entry| entry.name == name)
        .ok_or_else(|| ZooError::Unknown {
            name: name.to_string(),
            nearest: nearest(name),
            carried: entries().map(|entry| entry.name).collect(),
        })
}

/// The card of a network, without building it.
pub fn card(name: &str) -> Result<Card, ZooError> {
    let header = Header::read(find(name)?.bytes)?;
    Ok(header.json(keys::CARD)?)
}

/// Loads a network onto a device: one with gradients to train it further, any other to use it.
pub fn load(name: &str, device: &Device) -> Result<Pretrained, ZooError> {
    Pretrained::read(find(name)?.bytes, device)
}

/// Loads a network that classifies images.
pub fn classifier(name: &str, device: &Device) -> Result<TrainedClassifier, ZooError> {
    match load(name, device)?.network {
        Network::Images(network) => Ok(network),
        other => Err(kind(name, &other, "classifies images")),
    }
}

/// Loads a network that says the class of each pixel of images.
pub fn segmenter(name: &str, device: &Device) -> Result<TrainedSegmenter, ZooError> {
    match load(name, device)?.network {
        Network::Segmentation(network) => Ok(network),
        other => Err(kind(name, &other, "says the class of each pixel")),
    }
}

/// Loads a network that predicts where particles will be.
pub fn dynamics(name: &str, device: &Device) -> Result<TrainedDynamics, ZooError> {
    match load(name, device)?.network {
        Network::Particles(network) => Ok(network),
        other => Err(kind(name, &other, "predicts where particles will be")),
    }
}

fn kind(name: &str, network: &Network, expected: &'static str) -> ZooError {
    ZooError::Kind {
        name: name.to_string(),
        found: network.purpose(),
        expected,
    }
}

fn nearest(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase().replace('_', "-");
    entries()
        .map(|entry| (strsim::jaro_winkler(&name, entry.name), entry.name))
        .filter(|(score, _)| *score > ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, near)| near)
}
