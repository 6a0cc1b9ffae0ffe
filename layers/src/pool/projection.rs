//! Projection, G → ℝ²: a feature map on the group becomes one on the plane by pooling over H.
//!
//! ```text
//! maximum   (P f)(x) = max_h f(x, h)
//! mean      (P f)(x) = 1/|H| Σ_h f(x, h)
//! ```
//!
//! Pooling over all of H forgets the orientation, so the result turns with its input and carries no group axis:
//! P ∘ L_g = L_g ∘ P. Source: Cohen & Welling 2016, section 6.3 (coset pooling with the whole stabiliser).

use burn::prelude::*;
use serde::{Deserialize, Serialize};

/// How [`Projection`] pools. Written `max` and `mean` in files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ProjectionKind {
    /// The strongest response.
    #[default]
    Max,
    /// The average response.
    Mean,
}

/// Configuration of a [`Projection`].
#[derive(Config, Debug)]
pub struct ProjectionConfig {
    /// What to keep of the responses over H.
    #[config(default = "ProjectionKind::Max")]
    pub kind: ProjectionKind,
}

impl ProjectionConfig {
    /// Builds the layer. It has no parameters and lives on no device.
    pub fn init(&self) -> Projection {
        Projection { kind: self.kind }
    }
}

/// Pools a feature map on the group over H.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::{ProjectionConfig, ProjectionKind};
///
/// let device = Device::flex();
/// let map = Tensor::<5>::zeros([1, 8, 4, 12, 12], &device);
/// let mean = ProjectionConfig::new().with_kind(ProjectionKind::Mean).init();
/// assert_eq!(mean.forward(map).dims(), [1, 8, 12, 12]);
/// ```
#[derive(Module, Debug)]
pub struct Projection {
    #[module(skip)]
    kind: ProjectionKind,
}

impl Projection {
    /// What is kept of the responses over H.
    pub fn kind(&self) -> ProjectionKind {
        self.kind
    }

    /// # Shapes
    /// - input: `[batch, channels, group, height, width]`
    /// - output: `[batch, channels, height, width]`
    ///
    /// # Panics
    /// If the group axis is empty.
    pub fn forward(&self, input: Tensor<5>) -> Tensor<4> {
        let dims = input.dims();
        assert!(
            dims[2] > 0,
            "Projection takes [batch, channels, group, height, width] with an element of the group at least; found {dims:?}"
        );
        let pooled = match self.kind {
            ProjectionKind::Max => input.max_dim(2),
            ProjectionKind::Mean => input.mean_dim(2),
        };
        pooled.squeeze_dim(2)
    }
}
