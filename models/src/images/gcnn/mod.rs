//! The group-convolutional classifier: lifting, group convolutions, projection.
//!
//! ```text
//! image → [lifting convolution → normalise → ReLU → dropout or pool]
//!       → [group convolution   → normalise → ReLU → dropout or pool] …
//!       → head: class scores as fields → pool over H → pool over the plane → logits
//! ```
//!
//! Every arrow before the head commutes with rotations and reflections in H, and the head forgets them, so the logits
//! are invariant under H. With [attention](AttentionConfig) a gate stands before each group convolution. With the trivial group the same definition is an ordinary convolutional network.
//! Source: Cohen & Welling 2016, section 8.1.

mod attention;
mod config;
mod export;
mod input;
mod layer;
mod network;
mod size;
mod sized;
mod trace;

pub use attention::AttentionConfig;
pub use config::{GcnnConfig, Head, Normalisation};
pub(crate) use config::{POOL_SIZE, at_least, layer};
pub use input::InputShape;
pub use network::{Gcnn, LayerAttention, LayerFeatures};
pub use size::NetworkSize;
pub(crate) use sized::widest;
