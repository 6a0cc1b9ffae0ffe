//! Global pooling: a feature map becomes one number per channel.
//!
//! ```text
//! maximum   P f = max_{x, h} f(x, h)
//! mean      P f = average of f(x, h) over x and h
//! ```
//!
//! On the plane H moves positions, on the group positions and orientations; pooling over all of them leaves nothing
//! to move, so the result is invariant: P ∘ L_g = P.

use burn::prelude::*;

use super::ProjectionKind;

/// Configuration of a [`GlobalPool2d`].
#[derive(Config, Debug)]
pub struct GlobalPool2dConfig {
    /// What to keep of the responses.
    #[config(default = "ProjectionKind::Mean")]
    pub kind: ProjectionKind,
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
    kind: ProjectionKind,
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
        let values: Tensor<3> = input.reshape([dims[0], dims[1], dims[2..].iter().product()]);
        let pooled = match self.kind {
            ProjectionKind::Max => values.max_dim(2),
            ProjectionKind::Mean => values.mean_dim(2),
        };
        pooled.squeeze_dim(2)
    }
}
