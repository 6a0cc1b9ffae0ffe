//! The dense 2-D convolution that every equivariant layer ends in.
//!
//! ```text
//! out(b, o, y, x) = bias(o) + Σ_c Σ_i Σ_j weight(o, c, i, j) · input(b, c, y·s + i·d − p, x·s + j·d − p)
//! ```

#[cfg(feature = "flex")]
mod chunks;
#[cfg(feature = "flex")]
mod cpu;
#[cfg(feature = "flex")]
mod extension;
#[cfg(feature = "flex")]
mod finish;
#[cfg(feature = "flex")]
mod kernels;
#[cfg(feature = "flex")]
mod maps;
#[cfg(feature = "flex")]
mod moves;
#[cfg(feature = "flex")]
mod plan;
#[cfg(feature = "flex")]
mod scratch;
#[cfg(feature = "flex")]
mod simd;
#[cfg(all(test, feature = "flex"))]
mod tests;
#[cfg(feature = "flex")]
mod winograd;

use burn::prelude::*;
use burn::tensor::ops::ConvOptions;

use crate::Finish;

/// Stride, zero padding and dilation of a convolution, as `[vertical, horizontal]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conv2dOptions {
    /// Step between output positions, in pixels.
    pub stride: [usize; 2],
    /// Zeros added on both sides, in pixels.
    pub padding: [usize; 2],
    /// Distance between neighbouring kernel taps, in pixels.
    pub dilation: [usize; 2],
}

impl Default for Conv2dOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl Conv2dOptions {
    /// Stride 1, no padding, no dilation.
    pub fn new() -> Self {
        Self {
            stride: [1, 1],
            padding: [0, 0],
            dilation: [1, 1],
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
}

/// Convolves a batch of feature maps with a filter bank.
///
/// # Shapes
/// - input: `[batch, channels_in, height, width]`
/// - weight: `[channels_out, channels_in, kernel_height, kernel_width]`
/// - bias: `[channels_out]`
/// - output: `[batch, channels_out, height_out, width_out]`
pub fn conv2d(
    input: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    options: Conv2dOptions,
) -> Tensor<4> {
    #[cfg(feature = "flex")]
    if on_flex(&input) {
        use burn::backend::Dispatch;
        use extension::DenseConvolution;
        let (input, weight) = (input.into_dispatch(), weight.into_dispatch());
        return Tensor::from_dispatch(match bias {
            Some(bias) => {
                Dispatch::convolve_with_bias(input, weight, bias.into_dispatch(), options)
            }
            None => Dispatch::convolve(input, weight, options),
        });
    }
    let options = ConvOptions::new(options.stride, options.padding, options.dilation, 1);
    burn::tensor::module::conv2d(input, weight, bias, options)
}

/// Convolves a batch of feature maps with a filter bank and applies what follows: in one pass where no gradients are
/// tracked and this crate's kernels can take the tensors, otherwise one after the other.
///
/// # Shapes
/// - input: `[batch, channels_in, height, width]`
/// - weight: `[channels_out, channels_in, kernel_height, kernel_width]`
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
    if finish != Finish::Nothing && !input.device().is_autodiff() && on_flex(&input) {
        use burn::backend::Dispatch;
        use extension::FinishedConvolution;
        let [channels_out, ..] = weight.dims();
        let on = (&input.device(), input.dtype());
        let bias = bias.unwrap_or_else(|| Tensor::zeros([channels_out], on));
        return Tensor::from_dispatch(Dispatch::convolve_and_finish(
            input.into_dispatch(),
            weight.into_dispatch(),
            bias.into_dispatch(),
            options,
            finish,
        ));
    }
    finish.apply(conv2d(input, weight, bias, options))
}

/// Whether the kernels of this crate can take the tensor.
#[cfg(feature = "flex")]
fn on_flex(tensor: &Tensor<4>) -> bool {
    use burn::backend::DispatchDevice;
    let device = tensor.device().inner();
    matches!(device.as_dispatch(), DispatchDevice::Flex(_)) && extension::supports(tensor.dtype())
}
