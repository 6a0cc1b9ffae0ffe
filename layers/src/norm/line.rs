//! A line per channel: what normalisation is once its statistics are fixed.
//!
//! ```text
//! out(b, c, …) = slope_c · f(b, c, …) + offset_c
//! ```

use burn::prelude::*;

use crate::expect;
use crate::finish::Finish;

/// Multiplies every channel by a number, adds another one and applies what follows, in one pass where no gradients are
/// tracked and the CPU's kernels can take the tensors.
///
/// # Shapes
/// - input: `[batch, channels, …]`; to be pooled `[batch, channels, …, height, width]`
/// - slope and offset: `[channels]`
/// - output: the same as the input, where it pools with half the height and width
///
/// # Panics
/// If the input has another number of channels than the line, or numbers of another type.
pub fn scale_and_shift<const D: usize>(
    input: Tensor<D>,
    slope: Tensor<1>,
    offset: Tensor<1>,
    finish: Finish,
) -> Tensor<D> {
    expect::channels("a line per channel", slope.dims()[0], &input);
    expect::numbers("a line per channel", slope.dtype(), input.dtype());
    #[cfg(feature = "flex")]
    if !input.device().is_autodiff() && gcnn_cpu::normalisation::supports(&input) {
        let finish = gcnn_cpu::Finish::from(finish);
        return gcnn_cpu::normalisation::line(input, slope, offset, finish.into());
    }
    let mut shape = [1; D];
    shape[1] = slope.dims()[0];
    finish.apply(input * slope.reshape(shape) + offset.reshape(shape))
}
