//! Attention to what the convolutions of a network see.
//!
//! ```text
//! f ↦ f − α_S α_C f            before a convolution: see gcnn_layers::attention
//! ```
//!
//! Source: Romero et al. 2020, whose f-attentive P4CNN has a gate before each of its seven convolutions.

use gcnn_layers::{AttentiveGateConfig, AttentivePlaneGateConfig, LiftingConv2dConfig};
use serde::{Deserialize, Serialize};

use crate::{ModelError, limits};

/// A gate before each group convolution: it damps channels, orientations and places that matter less, and turns with the map. In
/// a run file: `attention = { ratio = 2, kernel_size = 7 }`, or `{}` for the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct AttentionConfig {
    /// How many times fewer hidden fields the attention to channels has than the map; there is one at least.
    pub ratio: usize,
    /// Side of the kernel of the attention to places: odd, up to 33. It is parametrised as the network's kernels are, and sees
    /// zeros beyond the border.
    pub kernel_size: usize,
    /// Puts a gate before the first convolution too, over the image: pixels between the taps of its kernel, up to 33; published
    /// with 4. Left out: the image is seen as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_dilation: Option<usize>,
}

impl Default for AttentionConfig {
    fn default() -> Self {
        Self {
            ratio: 2,
            kernel_size: 7,
            image_dilation: None,
        }
    }
}

impl AttentionConfig {
    /// Refuses counts beyond their limits.
    pub(super) fn check(&self) -> Result<(), ModelError> {
        limits::check_all(&[
            ("attention.ratio", self.ratio, limits::CHANNELS),
            (
                "attention.kernel_size",
                self.kernel_size,
                limits::KERNEL_SIZE,
            ),
            (
                "attention.image_dilation",
                self.image_dilation.unwrap_or(1),
                limits::KERNEL_SIZE,
            ),
        ])
    }

    /// A gate before a group convolution, with its settings.
    pub(super) fn of(&self, gate: AttentiveGateConfig) -> AttentiveGateConfig {
        gate.with_ratio(self.ratio)
            .with_kernel_size(self.kernel_size)
    }

    /// The gate before the lifting convolution, if there is to be one. Images have few channels: it hides none.
    pub(super) fn of_image(
        &self,
        lifting: &LiftingConv2dConfig,
    ) -> Option<AttentivePlaneGateConfig> {
        let [channels, _] = lifting.channels;
        let gate = AttentivePlaneGateConfig::new(lifting.group.clone(), channels)
            .with_ratio(1)
            .with_kernel_size(self.kernel_size)
            .with_kernel(lifting.kernel);
        self.image_dilation.map(|pixels| gate.with_dilation(pixels))
    }
}
