//! What a trained gate is at inference: ordinary convolutions, and statistics of what neighbouring channels were.
//!
//! ```text
//! α_C = σ(W₂ (ReLU(W₁ mean_x f) + ReLU(W₁ max_x f)))          W₁, W₂: 1×1 convolutions of all C·|H| channels
//! α_S = σ(k ∗ [mean_c α_C f, max_c α_C f])                     k: a convolution of 2·|H| channels
//! out = f − α_S α_C f
//! ```
//!
//! No group, basis or kernel of this crate is needed to compute it. What is left beside convolutions depends on the map, so that
//! nothing of a gate can be folded into its neighbours.

use burn::nn::conv::Conv2d;
use burn::prelude::*;

use super::banks::Banks;
use super::{Gated, InputAttention};
use crate::convolution::Convolution;
use crate::expect;

const GATE: &str = "PlainGate";

/// A gate of ordinary convolutions without biases, of maps whose channels are fields times elements of H.
#[derive(Module, Debug)]
pub struct PlainGate {
    /// W₁: 1×1, from all channels to hidden ones.
    pub squeeze: Conv2d,
    /// W₂: 1×1, and back.
    pub excite: Conv2d,
    /// k: from the means over fields, one for each element, and then the maxima, to a multiple of the order; of the responses
    /// that belong to one element the largest counts. It keeps the size of the map.
    pub spatial: Conv2d,
    /// How many neighbouring channels were one field's: |H|, and 1 on the plane.
    pub order: usize,
}

impl PlainGate {
    /// # Shapes
    /// - map: `[batch, fields · order, height, width]`
    /// - output: the same
    ///
    /// # Panics
    /// If the map has another number of channels, no pixels, or numbers of another type.
    pub fn forward(&self, map: Tensor<4>) -> Tensor<4> {
        let [_, channels, _, _] = self.squeeze.weight.dims();
        expect::channels(GATE, channels, &map);
        expect::numbers(GATE, self.squeeze.weight.val().dtype(), map.dtype());
        expect::positions(GATE, &map);
        let [batch, _, height, width] = map.dims();
        let banks = Banks {
            squeeze: self.squeeze.weight.val(),
            excite: self.excite.weight.val(),
            spatial: self.spatial.weight.val(),
            dilation: self.spatial.dilation,
        };
        let fields = map.reshape([batch, channels / self.order, self.order, height, width]);
        banks.gate(fields).flatten(1, 2)
    }
}

impl<M: Gated> InputAttention<Convolution<M>> {
    /// The same map of ordinary convolutions, on C·|H| channels.
    ///
    /// ```
    /// use burn::prelude::*;
    /// use gcnn_layers::{AttentiveGateConfig, Group};
    ///
    /// # #[cfg(feature = "flex")] {
    /// let device = Device::flex();
    /// let gate = AttentiveGateConfig::new(Group::cyclic(4)?, 6).init(&device);
    /// let plain = gate.export();
    /// assert_eq!(plain.squeeze.weight.dims(), [12, 24, 1, 1]);
    /// assert_eq!(plain.spatial.weight.dims(), [4, 8, 7, 7]);
    /// let map = Tensor::<5>::ones([1, 6, 4, 9, 9], &device);
    /// let same = plain.forward(map.clone().reshape([1, 24, 9, 9])).reshape([1, 6, 4, 9, 9]);
    /// assert!((same - gate.forward(map)).abs().max().into_scalar::<f32>() < 1e-6);
    /// # }
    /// # Ok::<(), gcnn_layers::LayerError>(())
    /// ```
    pub fn export(&self) -> PlainGate {
        PlainGate {
            squeeze: self.squeeze.export(),
            excite: self.excite.export(),
            spatial: self.spatial.export(),
            order: self.squeeze.group().order(),
        }
    }
}
