//! Global pooling: a feature map becomes one number per channel.
//!
//! ```text
//! mean      P f = average of f(x, h) over x and h
//! maximum   P f = max_{x, h} f(x, h)
//! centre    P f = average of f(x, h) over h and over the one, two or four pixels x in the middle
//! ```
//!
//! On the plane H moves positions, on the group positions and orientations; pooling over all of them leaves nothing
//! to move, so the result is invariant: P ∘ L_g = P. The middle stays where it is when an image turns or grows about it: it is for
//! images that are asked about their central pixel (Bekkers et al. 2018, "Roto-translation covariant convolutional networks for
//! medical image analysis").

use burn::prelude::*;
use serde::{Deserialize, Serialize};

/// How [`GlobalPool2d`] pools. Written `mean`, `max` and `centre` in files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum GlobalPoolKind {
    /// The average response.
    #[default]
    Mean,
    /// The strongest response.
    Max,
    /// The average response in the middle of the map: its central pixel, or two where a side is even, four where both are.
    Centre,
}

impl GlobalPoolKind {
    /// First pixel and number of pixels that count along a side of `size` pixels.
    pub fn window(self, size: usize) -> [usize; 2] {
        match self {
            Self::Mean | Self::Max => [0, size],
            Self::Centre => [size.saturating_sub(1) / 2, 2 - size % 2],
        }
    }
}

/// Configuration of a [`GlobalPool2d`].
#[derive(Config, Debug)]
pub struct GlobalPool2dConfig {
    /// What to keep of the responses.
    #[config(default = "GlobalPoolKind::Mean")]
    pub kind: GlobalPoolKind,
}

impl GlobalPool2dConfig {
    /// Builds the layer. It has no parameters and lives on no device.
    pub fn init(&self) -> GlobalPool2d {
        GlobalPool2d { kind: self.kind }
    }
}

/// Pools a feature map over everything but its batch and channels.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::GlobalPool2dConfig;
///
/// let device = Device::flex();
/// let pool = GlobalPool2dConfig::new().init();
/// assert_eq!(pool.forward(Tensor::<4>::zeros([2, 8, 5, 5], &device)).dims(), [2, 8]);
/// assert_eq!(pool.forward(Tensor::<5>::zeros([2, 8, 4, 5, 5], &device)).dims(), [2, 8]);
/// ```
#[derive(Module, Debug)]
pub struct GlobalPool2d {
    #[module(skip)]
    kind: GlobalPoolKind,
}

impl GlobalPool2d {
    /// # Shapes
    /// - input: `[batch, channels, height, width]` or `[batch, channels, group, height, width]`
    /// - output: `[batch, channels]`
    ///
    /// # Panics
    /// If there is nothing to pool over.
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<2> {
        let dims = input.dims();
        assert!(
            D > 2 && dims[2..].iter().all(|n| *n > 0),
            "GlobalPool2d takes [batch, channels, …, height, width] with a position at least; found {dims:?}"
        );
        let middle = (D.saturating_sub(2).max(2)..D).fold(input, |map, axis| {
            let [first, count] = self.kind.window(dims[axis]);
            map.narrow(axis, first, count)
        });
        let count = middle.dims()[2..].iter().product();
        let values: Tensor<3> = middle.reshape([dims[0], dims[1], count]);
        let pooled = match self.kind {
            GlobalPoolKind::Max => values.max_dim(2),
            GlobalPoolKind::Mean | GlobalPoolKind::Centre => values.mean_dim(2),
        };
        pooled.squeeze_dim(2)
    }
}
