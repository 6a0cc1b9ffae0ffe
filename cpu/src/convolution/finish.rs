//! Bias and what follows it, on pixels that are still in the cache, channels last.

use super::maps::Panel;
use super::tiles::MAX_VECTORS;
use crate::Finish;
use crate::number::Number;

/// A number per channel of a panel.
pub(super) type PanelBias<T> = [T; MAX_VECTORS * 16];

/// The part of a bias that belongs to a panel; zeros where there is no bias.
pub(super) fn panel_bias<T: Number>(bias: &[T], panel: &Panel<T>) -> PanelBias<T> {
    let mut part = [T::ZERO; MAX_VECTORS * 16];
    for (m, number) in part[..panel.channels].iter_mut().enumerate() {
        *number = bias.get(panel.start + m).copied().unwrap_or_default();
    }
    part
}

/// Finishes the pixels of a panel in place: they lie without gaps after it, `finish.size(size)` of them. Returns the bias
/// that is still to be added.
///
/// # Panics
/// If there are fewer pixels than `size` says.
pub(super) fn finish_pixels<T: Number>(
    finish: Finish,
    panel: &Panel<T>,
    pixels: &mut [T],
    size: [usize; 2],
    bias: PanelBias<T>,
) -> PanelBias<T> {
    let (kernels, width) = (panel.kernels, panel.width);
    match finish {
        Finish::Nothing => return bias,
        Finish::Relu => kernels.cut(pixels, size[0] * size[1], width, &bias),
        Finish::ReluMaxPool => kernels.cut_and_pool(pixels, size, width, &bias),
    }
    [T::ZERO; MAX_VECTORS * 16]
}
