//! The pixels of a kernel's window.

use super::KernelSize;

/// The taps of a window about its centre, row by row: x to the right, y upwards.
pub(super) fn taps(size: KernelSize) -> Vec<[f64; 2]> {
    let [height, width] = size.height_and_width();
    let [top, right] = [height, width].map(|side| (side - 1) as f64 / 2.0);
    (0..height * width)
        .map(|tap| [(tap % width) as f64 - right, top - (tap / width) as f64])
        .collect()
}
