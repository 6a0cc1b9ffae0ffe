//! Input attention: a gate before a convolution.
//!
//! ```text
//! out = f − α_S α_C f             α_C and α_S: see the module's page
//! ```
//!
//! The published code calls it f-attention, for feature maps: the attention is one for all output fields of the convolution that
//! follows. L_g f has the attentions L_g α_C and L_g α_S, so the gate commutes with L_g.

use burn::prelude::*;

use super::banks::{Attended, Banks};
use crate::convolution::{Convolution, GroupConv2d, Lifting, LiftingConv2d, Map, OnGroup};
use crate::expect;
use crate::group::Group;

/// Where a gate stands: before a convolution [on the group](OnGroup) or before a [lifting](Lifting) one.
pub trait Gated: Map {
    /// What a gate of this kind is called.
    const GATE: &'static str;
    #[doc(hidden)]
    fn of_input(group: &Group) -> Group;
}

impl Gated for OnGroup {
    const GATE: &'static str = "AttentiveGate";

    fn of_input(group: &Group) -> Group {
        group.clone()
    }
}

impl Gated for Lifting {
    const GATE: &'static str = "AttentivePlaneGate";

    /// On the plane there is nothing to turn but places.
    fn of_input(_group: &Group) -> Group {
        Group::trivial()
    }
}

/// Damps what matters less in a map; `C` is the convolution that looks at places. See [`AttentiveGate`] and
/// [`AttentivePlaneGate`].
#[derive(Module, Debug)]
pub struct InputAttention<C: Module> {
    /// W₁: 1×1, from the channels to fewer hidden ones.
    pub squeeze: GroupConv2d,
    /// W₂: 1×1, and back.
    pub excite: GroupConv2d,
    /// k: from the mean and the maximum over channels to one field.
    pub spatial: C,
}

/// Attention to a map on the group, before a group convolution. Made by
/// [`AttentiveGateConfig::init`](super::InputAttentionConfig::init).
pub type AttentiveGate = InputAttention<GroupConv2d>;

/// Attention to a map on the plane, before a lifting convolution. Made by
/// [`AttentivePlaneGateConfig::init`](super::InputAttentionConfig::init).
pub type AttentivePlaneGate = InputAttention<LiftingConv2d>;

impl AttentiveGate {
    /// # Shapes
    /// - input: `[batch, channels, group, height, width]`
    /// - output: the same
    ///
    /// # Panics
    /// If the input has another number of channels, lives on another group, has no pixels, or has numbers of another type.
    pub fn forward(&self, input: Tensor<5>) -> Tensor<5> {
        self.expect(&input);
        self.banks().gate(input)
    }

    /// The attention to channels and elements, α_C, and the one to places and elements, α_S.
    ///
    /// # Shapes
    /// - input: `[batch, channels, group, height, width]`
    /// - output: `[batch, channels, group, 1, 1]` and `[batch, 1, group, height, width]`, between 0 and 1
    ///
    /// # Panics
    /// As [`forward`](Self::forward).
    pub fn attention(&self, input: Tensor<5>) -> (Tensor<5>, Tensor<5>) {
        self.expect(&input);
        let Attended {
            channel, spatial, ..
        } = self.banks().attend(input);
        (channel, spatial)
    }

    fn expect(&self, input: &Tensor<5>) {
        let group = self.group();
        expect::on_group(OnGroup::GATE, self.channels(), group, input);
        self.expect_numbers(input);
    }
}

impl AttentivePlaneGate {
    /// # Shapes
    /// - input: `[batch, channels, height, width]`
    /// - output: the same
    ///
    /// # Panics
    /// If the input has another number of channels, no pixels, or numbers of another type.
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        self.expect(&input);
        self.banks().gate(input.unsqueeze_dim(2)).squeeze_dim(2)
    }

    /// The attention to channels, α_C, and the one to places, α_S.
    ///
    /// # Shapes
    /// - input: `[batch, channels, height, width]`
    /// - output: `[batch, channels, 1, 1]` and `[batch, 1, height, width]`, between 0 and 1
    ///
    /// # Panics
    /// As [`forward`](Self::forward).
    pub fn attention(&self, input: Tensor<4>) -> (Tensor<4>, Tensor<4>) {
        self.expect(&input);
        let Attended {
            channel, spatial, ..
        } = self.banks().attend(input.unsqueeze_dim(2));
        (channel.squeeze_dim(2), spatial.squeeze_dim(2))
    }

    fn expect(&self, input: &Tensor<4>) {
        expect::channels(Lifting::GATE, self.channels(), input);
        self.expect_numbers(input);
    }
}

impl<M: Gated> InputAttention<Convolution<M>> {
    /// The group H.
    pub fn group(&self) -> &Group {
        self.spatial.group()
    }

    fn channels(&self) -> usize {
        self.squeeze.weight.dims()[1]
    }

    fn expect_numbers<const D: usize>(&self, input: &Tensor<D>) {
        expect::numbers(M::GATE, self.squeeze.weight.val().dtype(), input.dtype());
        expect::positions(M::GATE, input);
    }

    pub(super) fn banks(&self) -> Banks {
        Banks {
            squeeze: self.squeeze.filter_bank(),
            excite: self.excite.filter_bank(),
            spatial: self.spatial.filter_bank(),
            dilation: [self.spatial.window().dilation; 2],
        }
    }
}
