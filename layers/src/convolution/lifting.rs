//! Lifting convolution, ℝ² → G: every kernel meets the image in all of its turned copies.
//!
//! ```text
//! (k ⋆ f)(x, h) = Σ_y Σ_c k_c(h⁻¹(y − x)) f_c(y) + b
//! ```
//!
//! Turning the image turns the responses and shifts them along H: (k ⋆ L_g f)(x, h) = (k ⋆ f)(g⁻¹x, g⁻¹h). Source: Cohen &
//! Welling 2016, equation 10.

use burn::prelude::*;

use super::layer::private::Sealed;
use super::{Convolution, ConvolutionConfig, Map};
use crate::expect;
use crate::group::Group;
use crate::kernel::{AngleOffsets, Spaces};

/// ℝ² → G.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lifting;

impl Sealed for Lifting {}

impl Map for Lifting {
    const LAYER: &'static str = "LiftingConv2d";

    #[expect(private_interfaces, reason = "only this crate has maps")]
    fn spaces<'a>(group: &'a Group, _input_group: &'a Group, _range: Option<usize>) -> Spaces<'a> {
        Spaces::Lifting(group)
    }
}

/// Configuration of a [`LiftingConv2d`].
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::{Group, LiftingConv2dConfig, Padding2d};
///
/// # #[cfg(feature = "flex")] {
/// let device = Device::flex();
/// let config = LiftingConv2dConfig::new(Group::cyclic(4)?, [3, 8], 5).with_padding(Padding2d::Same);
/// config.validate()?;
/// let lifting = config.init(&device);
/// let image = Tensor::<4>::ones([2, 3, 28, 28], &device);
/// assert_eq!(lifting.forward(image).dims(), [2, 8, 4, 28, 28]);
/// # }
/// # Ok::<(), gcnn_layers::LayerError>(())
/// ```
pub type LiftingConv2dConfig = ConvolutionConfig<Lifting>;

/// Lifts a feature map from the plane to the group. Made by [`LiftingConv2dConfig::init`](ConvolutionConfig::init).
pub type LiftingConv2d = Convolution<Lifting>;

impl LiftingConv2d {
    /// # Shapes
    /// - input: `[batch, channels_in, height, width]`
    /// - output: `[batch, channels_out, group, height_out, width_out]`
    ///
    /// # Panics
    /// If the input has another number of channels or numbers of another type, or is smaller than the kernel.
    pub fn forward(&self, input: Tensor<4>) -> Tensor<5> {
        self.forward_at(input, AngleOffsets::default())
    }

    /// The same with grids of angles that are turned, for the batches of a training.
    ///
    /// # Panics
    /// As [`forward`](Self::forward), and if something is turned although the kernel is not a network or the group has
    /// reflections.
    pub fn forward_at(&self, input: Tensor<4>, offsets: AngleOffsets) -> Tensor<5> {
        let ([batch, ..], [c_in, c_out]) = (input.dims(), self.channels());
        expect::channels(Lifting::LAYER, c_in, &input);
        let responses = self.correlate(input, offsets);
        let [_, _, height, width] = responses.dims();
        responses.reshape([batch, c_out, self.group.order(), height, width])
    }
    /// The responses to each input channel by itself: their sum over the channels, and the bias, are those of
    /// [`forward`](Self::forward). The caller has checked the channels.
    ///
    /// # Shapes
    /// - input: `[batch, channels_in, height, width]`
    /// - output: `[batch, channels_in, channels_out · group, height_out, width_out]`
    pub(crate) fn to_each_channel(&self, input: Tensor<4>) -> Tensor<5> {
        let bank = self.filter_bank();
        let [_, c_in, _, _] = bank.dims();
        let of_channel = |channel| {
            let (input, bank) = (input.clone(), bank.clone());
            let (input, bank) = (input.narrow(1, channel, 1), bank.narrow(1, channel, 1));
            self.window
                .correlate(Lifting::LAYER, &self.group, input, bank, None)
        };
        Tensor::stack((0..c_in).map(of_channel).collect(), 1)
    }
}
