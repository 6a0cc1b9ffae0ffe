//! What a trained convolution is at inference: an ordinary one.
//!
//! ```text
//! weight = bank[(o, h), (i, h'), z],   bias[(o, h)] = b_o
//! ```
//!
//! Channels and the group axis are one axis of C·|H| planes, as a free reshape of `[batch, C, |H|, height, width]` has them.
//! What the group does to the kernels is in the numbers, and nothing of it has to be computed any more.

use burn::module::Param;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{Initializer, PaddingConfig2d};
use burn::prelude::*;

use super::{Convolution, Map, Padding2d, Window, repeat_over_group};
use crate::FieldBatchNorm;

impl<M: Map> Convolution<M> {
    /// The same map as an ordinary convolution from C_in·|H| to C_out·|H| channels, where a side on the plane counts 1 for |H|.
    ///
    /// With [circular](Padding2d::Circular) padding it has no padding of its own: its input is to be continued
    /// periodically by [`Window::wrapped_pixels`] before.
    ///
    /// ```
    /// use burn::prelude::*;
    /// use gcnn_layers::{Group, GroupConv2dConfig};
    ///
    /// # #[cfg(feature = "flex")] {
    /// let device = Device::flex();
    /// let conv = GroupConv2dConfig::new(Group::cyclic(4)?, [3, 5], 3).init(&device);
    /// let plain = conv.export();
    /// assert_eq!(plain.weight.dims(), [20, 12, 3, 3]);
    /// let map = Tensor::<5>::ones([1, 3, 4, 9, 9], &device);
    /// let same = plain.forward(map.clone().reshape([1, 12, 9, 9])).reshape([1, 5, 4, 7, 7]);
    /// assert!((same - conv.forward(map)).abs().max().into_scalar::<f32>() < 1e-5);
    /// # }
    /// # Ok::<(), gcnn_layers::LayerError>(())
    /// ```
    pub fn export(&self) -> Conv2d {
        let (window, bank) = self.window().around(self.filter_bank());
        ordinary(bank, self.filter_bias(), window, self.channel_groups())
    }
}

/// `groups` of channels are convolved each by itself.
pub(crate) fn ordinary(
    bank: Tensor<4>,
    bias: Option<Tensor<1>>,
    window: Window,
    groups: usize,
) -> Conv2d {
    let [channels_out, seen, ..] = bank.dims();
    let channels_in = seen * groups;
    let zeros = match window.padding {
        Padding2d::None | Padding2d::Circular => [0, 0],
        Padding2d::Same => window.padding_pixels(),
    };
    let padding = match zeros {
        [0, 0] => PaddingConfig2d::Valid,
        [above, beside] => PaddingConfig2d::Explicit(above, beside, above, beside),
    };
    let size = window.kernel_size.height_and_width();
    let conv = Conv2dConfig::new([channels_in, channels_out], size)
        .with_stride([window.stride; 2])
        .with_dilation([window.dilation; 2])
        .with_padding(padding)
        .with_groups(groups)
        .with_bias(false)
        // The numbers are replaced, so that none need be drawn.
        .with_initializer(Initializer::Zeros)
        .init(&bank.device());
    Conv2d {
        weight: Param::from_tensor(bank.detach()),
        bias: bias.map(|bias| Param::from_tensor(bias.detach())),
        ..conv
    }
}

/// A convolution and the normalisation that directly follows it, in evaluation, as one convolution.
///
/// ```text
/// weight'[(o, h), …] = slope_o · weight[(o, h), …],   bias'[(o, h)] = slope_o · bias[(o, h)] + offset_o
/// ```
///
/// The convolution has a multiple of the fields that are normalised: a field has as many channels as H has elements.
///
/// # Panics
/// If the output channels cannot be shared out equally among the fields.
pub fn fold_normalisation(convolution: Conv2d, norm: &FieldBatchNorm) -> Conv2d {
    let [channels, ..] = convolution.weight.dims();
    let [slope, offset] = norm.line();
    let [fields] = slope.dims();
    assert!(
        channels.is_multiple_of(fields),
        "{channels} channels cannot be shared out among {fields} fields"
    );
    fold_line(
        convolution,
        [slope, offset].map(|line| repeat_over_group(line, channels / fields)),
    )
}

/// A convolution whose outputs are multiplied by a slope and moved by an offset, `[channels_out]` each, as one convolution.
pub(crate) fn fold_line(convolution: Conv2d, [slope, offset]: [Tensor<1>; 2]) -> Conv2d {
    let [channels, ..] = convolution.weight.dims();
    // What has been computed is no parameter where gradients are tracked.
    let bias = match &convolution.bias {
        Some(bias) => bias.val() * slope.clone() + offset,
        None => offset,
    };
    let weight = convolution.weight.val() * slope.reshape([channels, 1, 1, 1]);
    Conv2d {
        weight: Param::from_tensor(weight.detach()),
        bias: Some(Param::from_tensor(bias.detach())),
        ..convolution
    }
}
