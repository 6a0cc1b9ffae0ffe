//! The convolution behind lifting, group and isotropic convolution.
//!
//! ```text
//! (k ⋆ f)(x, h) = Σ_h' Σ_y Σ_c k_c(h⁻¹(y − x), h⁻¹h') f_c(y, h') + b
//! ```
//!
//! Where a side of it lies on the plane, its sum over h' or its h falls away. Weights become a filter bank
//! ([`Kernel::bank`]), and the bank meets the map in one [dense](super::dense::conv2d) convolution, with the channels and the
//! group axis flattened. Under scalings the responses of each scale have a window of their own, and see scales of their own:
//! there is one dense convolution for each, and no multiplication by what would be zero in a common window.

use std::fmt::Debug;
use std::marker::PhantomData;

use burn::module::{Content, DisplaySettings, ModuleDisplay, Param};
use burn::prelude::*;

use super::{Window, repeat_over_group};
use crate::expect;
use crate::group::Group;
use crate::kernel::{AngleOffsets, Kernel, KernelConfig, Spaces};
use crate::mark::Mark;

/// Between which spaces a convolution maps: [`Lifting`](super::Lifting), [`OnGroup`](super::OnGroup) or
/// [`Isotropic`](super::Isotropic), and with fields that stay apart [`Depthwise`](super::Depthwise) and
/// [`Spatial`](super::Spatial).
pub trait Map:
    private::Sealed + Clone + Debug + Default + PartialEq + Send + Sync + 'static
{
    /// What a layer of this kind is called.
    const LAYER: &'static str;
    /// Whether a field is seen by itself alone.
    const FIELDS_APART: bool = false;
    /// Whether an element of H is seen by itself alone, in a map that lives on the group.
    const ELEMENTS_APART: bool = false;
    #[doc(hidden)]
    #[expect(private_interfaces, reason = "only this crate has maps")]
    fn spaces<'a>(group: &'a Group, input_group: &'a Group, range: Option<usize>) -> Spaces<'a>;
}

/// Maps whose input lives on the group: [`OnGroup`](super::OnGroup), [`Depthwise`](super::Depthwise) and
/// [`Spatial`](super::Spatial).
pub trait FromGroup: Map {}

pub(super) mod private {
    /// What a kernel is for is known here alone.
    pub trait Sealed {}
}

/// Correlates a feature map with the kernels of every response.
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct Convolution<M: Map> {
    /// `[channels_out, channels_in / groups, group_weights, weights]`; of pixel kernels the third axis is the relative element
    /// h⁻¹h', of others a basis of functions of it. It is 1 where the input lies on the plane. Of isotropic kernels the last
    /// is a weight per invariant kernel.
    pub weight: Param<Tensor<4>>,
    /// `[channels_out]`, one per field: one per element would single out elements.
    pub bias: Option<Param<Tensor<1>>>,
    pub(super) basis: Kernel,
    pub(super) mark: Mark,
    #[module(skip)]
    pub(super) window: Window,
    /// Into how many groups fields are divided, where they don't all stay apart.
    #[module(skip)]
    pub(super) groups: usize,
    #[module(skip)]
    pub(super) order_out: usize,
    #[module(skip)]
    pub(super) order_in: usize,
    #[module(skip)]
    pub(super) group: Group,
    #[module(skip)]
    pub(super) input_group: Group,
    #[module(skip)]
    pub(super) kernel: KernelConfig,
    #[module(skip)]
    pub(super) map: PhantomData<M>,
}

impl<M: Map> Convolution<M> {
    /// The convolution of planes: `[batch, channels_in · order_in, height, width]` to
    /// `[batch, channels_out · order_out, height_out, width_out]`.
    pub(super) fn correlate(&self, planes: Tensor<4>, offsets: AngleOffsets) -> Tensor<4> {
        expect::numbers(M::LAYER, self.weight.val().dtype(), planes.dtype());
        if self.basis.is_in_parts() || self.basis.is_cropped() {
            return self.correlate_in_parts(planes, offsets);
        }
        let (bank, bias) = (self.filter_bank_at(offsets), self.filter_bias());
        self.window
            .correlate(M::LAYER, &self.group, planes, bank, bias)
    }

    /// The same, with a convolution for each window.
    fn correlate_in_parts(&self, planes: Tensor<4>, offsets: AngleOffsets) -> Tensor<4> {
        let [batch, _, height, width] = planes.dims();
        let [c_in, c_out] = self.channels();
        let order_in = match M::ELEMENTS_APART {
            true => self.order_out,
            false => self.order_in,
        };
        let maps: Tensor<5> = planes.reshape([batch, c_in, order_in, height, width]);
        let banks = self.basis.banks(self.weight.val(), offsets);
        let parts = self.basis.parts().iter().zip(banks);
        let responses = parts.map(|(part, bank)| {
            let [_, _, rows, columns] = bank.dims();
            let (window, [above, beside]) = self.window.of_size([rows, columns].into());
            let seen = match M::ELEMENTS_APART {
                true => part.own(maps.clone()),
                false => part.seen(maps.clone()),
            };
            let (height, width) = (height - 2 * above, width - 2 * beside);
            let seen = match [above, beside] {
                [0, 0] => seen,
                _ => seen.narrow(3, above, height).narrow(4, beside, width),
            };
            let [_, _, inputs, _, _] = seen.dims();
            let seen = seen.reshape([batch, c_in * inputs, height, width]);
            let bias = self.bias.as_ref();
            let bias = bias.map(|bias| repeat_over_group(bias.val(), part.responses()));
            let responses = window.correlate(M::LAYER, &self.group, seen, bank, bias);
            let [_, _, height, width] = responses.dims();
            responses.reshape([batch, c_out, part.responses(), height, width])
        });
        let responses = self.basis.in_order(Tensor::cat(responses.collect(), 2));
        let [_, _, _, height, width] = responses.dims();
        responses.reshape([batch, c_out * self.order_out, height, width])
    }

    /// The number of input fields and of output fields.
    pub(super) fn channels(&self) -> [usize; 2] {
        let [c_out, c_in, _, _] = self.weight.dims();
        match M::FIELDS_APART {
            true => [c_out, c_out],
            false => [c_in * self.groups, c_out],
        }
    }

    /// Into how many groups of channels, in the sense of ordinary convolutions, the bank falls.
    pub(super) fn channel_groups(&self) -> usize {
        let [c_out, ..] = self.weight.dims();
        match (M::FIELDS_APART, M::ELEMENTS_APART) {
            (true, true) => c_out * self.order_out,
            (true, false) => c_out,
            (false, _) => self.groups,
        }
    }

    /// The kernels of an ordinary convolution: `[channels_out · order_out, channels_in · order_in, height, width]`, where
    /// fields that stay apart have one input channel and groups of them their own, and a
    /// side on the plane has order 1. All have the largest window, with zeros around those that are smaller; where windows are
    /// trained, the largest that is needed.
    pub fn filter_bank(&self) -> Tensor<4> {
        self.basis.bank(self.weight.val())
    }

    pub(super) fn filter_bank_at(&self, offsets: AngleOffsets) -> Tensor<4> {
        self.basis.bank_at(self.weight.val(), offsets)
    }

    /// The bias of that ordinary convolution: `[channels_out · order_out]`.
    pub fn filter_bias(&self) -> Option<Tensor<1>> {
        let bias = self.bias.as_ref();
        bias.map(|bias| repeat_over_group(bias.val(), self.order_out))
    }

    /// How the weights become kernels, with the centres of splines that are trained.
    pub fn basis(&self) -> &Kernel {
        &self.basis
    }

    /// The group H.
    pub fn group(&self) -> &Group {
        &self.group
    }

    /// Where the kernel is put, in the largest of its windows.
    pub fn window(&self) -> Window {
        self.window
    }
}

impl<M: FromGroup> Convolution<M> {
    /// # Shapes
    /// - input: `[batch, channels_in, group, height, width]`
    /// - output: `[batch, channels_out, group, height_out, width_out]`
    ///
    /// # Panics
    /// If the input has another number of channels or lives on another group, is smaller than the kernel, or has numbers of
    /// another type than the weights.
    pub fn forward(&self, input: Tensor<5>) -> Tensor<5> {
        self.forward_at(input, AngleOffsets::default())
    }

    /// The same with grids of angles that are turned, for the batches of a training.
    ///
    /// # Panics
    /// As [`forward`](Self::forward), and if something is turned although the kernel is not a network or the group has
    /// reflections.
    pub fn forward_at(&self, input: Tensor<5>, offsets: AngleOffsets) -> Tensor<5> {
        let ([batch, _, _, height, width], [c_in, c_out]) = (input.dims(), self.channels());
        expect::on_group(M::LAYER, c_in, &self.input_group, &input);
        let planes = input.reshape([batch, c_in * self.input_group.order(), height, width]);
        let responses = self.correlate(planes, offsets);
        let [_, _, height, width] = responses.dims();
        responses.reshape([batch, c_out, self.group.order(), height, width])
    }
}

impl<M: Map> ModuleDisplay for Convolution<M> {
    fn custom_settings(&self) -> Option<DisplaySettings> {
        DisplaySettings::new()
            .with_new_line_after_attribute(false)
            .optional()
    }

    fn custom_content(&self, content: Content) -> Option<Content> {
        let ([c_in, c_out], window) = (self.channels(), &self.window);
        content
            .set_top_level_type(M::LAYER)
            .add_debug_attribute("group", &self.group)
            .add("ch_in", &c_in)
            .add("ch_out", &c_out)
            .add_debug_attribute("kernel_size", &window.kernel_size)
            .add("stride", &window.stride)
            .add("dilation", &window.dilation)
            .add_debug_attribute("padding", &window.padding)
            .add_debug_attribute("kernel", &self.kernel)
            .add("bias", &self.bias.is_some())
            .optional()
    }
}
