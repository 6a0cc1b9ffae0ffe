//! The dense 2-D convolution that every equivariant layer ends in.
//!
//! ```text
//! out(b, o, y, x) = bias(o) + Σ_c Σ_i Σ_j weight(o, c, i, j) · input(b, c, y·s + i·d − p, x·s + j·d − p)
//! ```

use burn::prelude::*;
use burn::tensor::ops::ConvOptions;

use crate::finish::Finish;

/// Stride, zero padding and dilation of a convolution, as `[vertical, horizontal]`, and its groups of channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conv2dOptions {
    /// Step between output positions, in pixels.
    pub stride: [usize; 2],
    /// Zeros added on both sides, in pixels.
    pub padding: [usize; 2],
    /// Distance between neighbouring kernel taps, in pixels.
    pub dilation: [usize; 2],
    /// How many groups of channels are convolved each by itself.
    pub groups: usize,
}

impl Default for Conv2dOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl Conv2dOptions {
    /// Stride 1, no padding, no dilation, all channels together.
    pub fn new() -> Self {
        Self {
            stride: [1, 1],
            padding: [0, 0],
            dilation: [1, 1],
            groups: 1,
        }
    }

    /// Sets the stride.
    pub fn with_stride(mut self, stride: [usize; 2]) -> Self {
        self.stride = stride;
        self
    }

    /// Sets the zero padding.
    pub fn with_padding(mut self, padding: [usize; 2]) -> Self {
        self.padding = padding;
        self
    }

    /// Sets the dilation.
    pub fn with_dilation(mut self, dilation: [usize; 2]) -> Self {
        self.dilation = dilation;
        self
    }

    /// Sets the groups of channels.
    pub fn with_groups(mut self, groups: usize) -> Self {
        self.groups = groups;
        self
    }
}

impl From<Conv2dOptions> for ConvOptions<2> {
    fn from(options: Conv2dOptions) -> Self {
        Self::new(
            options.stride,
            options.padding,
            options.dilation,
            options.groups,
        )
    }
}

/// Convolves a batch of feature maps with a filter bank.
///
/// # Shapes
/// - input: `[batch, channels_in, height, width]`
/// - weight: `[channels_out, channels_in / groups, kernel_height, kernel_width]`
/// - bias: `[channels_out]`
/// - output: `[batch, channels_out, height_out, width_out]`
pub fn conv2d(
    input: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    options: Conv2dOptions,
) -> Tensor<4> {
    #[cfg(not(feature = "flex"))]
    use burn::tensor::module::conv2d;
    #[cfg(feature = "flex")]
    use gcnn_cpu::conv2d;
    conv2d(input, weight, bias, options)
}

/// Convolves a batch of feature maps with a filter bank and applies what follows: in one pass where no gradients are
/// tracked and the CPU's kernels can take the tensors, otherwise one after the other.
///
/// # Shapes
/// - input: `[batch, channels_in, height, width]`
/// - weight: `[channels_out, channels_in / groups, kernel_height, kernel_width]`
/// - bias: `[channels_out]`
/// - output: `[batch, channels_out, height_out, width_out]`; where it pools with half the height and width
pub fn conv2d_and_finish(
    input: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    options: Conv2dOptions,
    finish: Finish,
) -> Tensor<4> {
    #[cfg(feature = "flex")]
    if finish != Finish::Nothing && !input.device().is_autodiff() && gcnn_cpu::supports(&input) {
        return gcnn_cpu::conv2d_and_finish(input, weight, bias, options, finish.into());
    }
    finish.apply(conv2d(input, weight, bias, options))
}
