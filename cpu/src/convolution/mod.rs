//! 2-D convolution, dense or depthwise, its gradients, and what follows it at inference.
//!
//! ```text
//! dense       out(b, o, y, x) = bias(o) + Σ_c Σ_i Σ_j weight(o, c, i, j) · input(b, c, y·s + i·d − p, x·s + j·d − p)
//! depthwise   out(b, c, y, x) = bias(c) +     Σ_i Σ_j weight(c, 0, i, j) · input(b, c, y·s + i·d − p, x·s + j·d − p)
//! ```

mod arrays;
mod chunks;
mod correlation;
mod depthwise;
mod direct;
mod extension;
mod finish;
mod geometry;
pub(crate) mod kernels;
mod maps;
mod moves;
mod plan;
mod scratch;
// Too slow under Miri, which has those on small arrays (`arrays/tests.rs`).
#[cfg(all(test, not(miri)))]
mod tests;
mod tiles;
mod winograd;

use burn::backend::Dispatch;
use burn::prelude::*;
use burn::tensor::ops::ConvOptions;

use crate::{Finish, supports};
use extension::{FinishedConvolution, PlainConvolution};

/// Convolves a batch of feature maps with a filter bank: [`burn::tensor::module::conv2d`], faster on flex.
///
/// What these kernels do not compute goes to Burn's convolution: other devices, other numbers than floats of 32 and 64
/// bits, groups of more than one channel, and padding that differs between the two sides.
///
/// # Shapes
/// - x: `[batch, channels_in, height, width]`
/// - weight: `[channels_out, channels_in, kernel_height, kernel_width]`; with as many groups as channels
///   `[channels, 1, kernel_height, kernel_width]`
/// - bias: `[channels_out]`
/// - output: `[batch, channels_out, height_out, width_out]`
///
/// # Panics
/// If shapes or numbers do not fit together, as Burn's convolution does.
pub fn conv2d(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    options: impl Into<ConvOptions<2>>,
) -> Tensor<4> {
    let options = options.into();
    if !computes(&x, &weight, &options) {
        return burn::tensor::module::conv2d(x, weight, bias, options);
    }
    let bias = bias_or_empty(bias, &x, &weight);
    Tensor::from_dispatch(Dispatch::convolve(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        options,
    ))
}

/// Convolves a batch of feature maps with a filter bank and applies what follows: in one pass where no gradients are
/// tracked and these kernels compute the convolution, otherwise one after the other.
///
/// # Shapes
/// - x: `[batch, channels_in, height, width]`
/// - weight: `[channels_out, channels_in, kernel_height, kernel_width]`; with as many groups as channels
///   `[channels, 1, kernel_height, kernel_width]`
/// - bias: `[channels_out]`
/// - output: `[batch, channels_out, height_out, width_out]`; where it pools with half the height and width
///
/// # Panics
/// If shapes or numbers do not fit together, as Burn's convolution does.
pub fn conv2d_and_finish(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    options: impl Into<ConvOptions<2>>,
    finish: Finish,
) -> Tensor<4> {
    let options = options.into();
    if finish == Finish::Nothing || x.device().is_autodiff() || !computes(&x, &weight, &options) {
        return finish.apply(conv2d(x, weight, bias, options));
    }
    let bias = bias_or_empty(bias, &x, &weight);
    Tensor::from_dispatch(Dispatch::convolve_and_finish(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        options,
        finish,
    ))
}

/// Whether these kernels compute the convolution.
fn computes(x: &Tensor<4>, weight: &Tensor<4>, options: &ConvOptions<2>) -> bool {
    let ([_, channels, ..], [channels_out, per_group, ..]) = (x.dims(), weight.dims());
    let depthwise = per_group == 1 && [channels, channels_out] == [options.groups; 2];
    supports(x) && (options.groups == 1 || depthwise) && !options.is_asymmetric()
}

/// The bias, or an empty one where there is none.
fn bias_or_empty(bias: Option<Tensor<1>>, x: &Tensor<4>, weight: &Tensor<4>) -> Tensor<1> {
    let Some(bias) = bias else {
        return Tensor::zeros([0], (&x.device(), x.dtype()));
    };
    let ([channels], [channels_out, ..]) = (bias.dims(), weight.dims());
    assert_eq!(
        channels, channels_out,
        "conv2d: the bias is for {channels} channels, the weight has {channels_out}"
    );
    bias
}
