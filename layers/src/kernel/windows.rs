//! How far a kernel reaches under each element of a group.
//!
//! ```text
//! stretch of h    the longer side of the box about h (unit disc); 1 where h turns or mirrors
//! r               (size − 1)/2, from the centre to the outermost tap
//! taps            ⌊r · stretch⌋ on each side: what h takes the outermost taps to
//! functions       ⌈(r + 1) · stretch⌉ − 1: they vanish at the first pixel outside
//! measure         |det h| on the axes along which there is more than one tap
//! ```
//!
//! The second and third scale of a kernel of five pixels, √3 and 3, have seven and thirteen: the published windows of
//! scale-steerable networks.

use super::{KernelSize, MAX_KERNEL_SIZE};
use crate::error::LayerError;
use crate::group::Group;
use crate::group::matrix::stretches;

/// How much of a pixel is left out at the border of a window: bases are written with a few digits, and √3 · √3 should be 3.
const ROUNDED: f64 = 1e-6;

/// The windows that an element's taps fit into, for every element.
pub(super) fn of_taps(group: &Group, size: KernelSize) -> Vec<KernelSize> {
    all(group, size, |r, stretch| (r * stretch + ROUNDED).floor())
}

/// The windows outside of which a kernel's functions vanish, for every element.
pub(super) fn of_functions(group: &Group, size: KernelSize) -> Vec<KernelSize> {
    all(group, size, |r, stretch| {
        ((r + 1.0) * stretch - ROUNDED).ceil() - 1.0
    })
}

fn all(group: &Group, size: KernelSize, reach: fn(f64, f64) -> f64) -> Vec<KernelSize> {
    let along = |side: usize, stretch: f64| match side == 1 || stretch == 1.0 {
        true => side,
        false => 2 * reach((side as f64 - 1.0) / 2.0, stretch).max(0.0) as usize + 1,
    };
    let window = |h| {
        let [height, width] = size.height_and_width();
        let [x, y] = stretch(group, h, size);
        [along(height, y), along(width, x)].into()
    };
    group.elements().map(window).collect()
}

/// How many times further than without it a kernel reaches under an element, to the right and upwards. Squares stay squares.
fn stretch(group: &Group, h: usize, size: KernelSize) -> [f64; 2] {
    let [x, y] = stretches(group.matrix(h));
    match size.is_square() {
        true => [x.max(y); 2],
        false => [x, y],
    }
}

/// Whether some element stretches a kernel.
pub(super) fn enlarges(group: &Group, size: KernelSize) -> bool {
    let [height, width] = size.height_and_width();
    group.elements().any(|h| {
        let [x, y] = stretch(group, h, size);
        (width > 1 && x != 1.0) || (height > 1 && y != 1.0)
    })
}

/// |det h| on the axes along which a kernel has more than one tap: a signal, whose kernels are one pixel high, is stretched
/// along its line alone.
pub(super) fn measure(group: &Group, h: usize, size: KernelSize) -> f64 {
    let [[xx, _], [_, yy]] = group.matrix(h);
    match size.height_and_width() {
        [1, 1] => 1.0,
        [1, _] => xx.abs(),
        [_, 1] => yy.abs(),
        _ => group.determinant(h).abs(),
    }
}

/// Whether kernels of this size can be stretched as the group does.
pub(super) fn validate(group: &Group, size: KernelSize) -> Result<(), LayerError> {
    if !enlarges(group, size) {
        return Ok(());
    }
    let is_even = |side: usize| side.is_multiple_of(2);
    let group_name = || group.name().to_string();
    if size.height_and_width().into_iter().any(is_even) {
        return Err(LayerError::EvenUnderScale {
            kernel_size: size,
            group: group_name(),
        });
    }
    let windows = of_functions(group, size).into_iter().enumerate();
    let too_large = |(_, window): &(usize, KernelSize)| window.longest() > MAX_KERNEL_SIZE;
    match windows.into_iter().find(too_large) {
        Some((h, window)) => Err(LayerError::ScaledKernel {
            kernel_size: size,
            element: group.describe(h),
            window,
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_windows() {
        // SESN's windows of 5, 7 and 13 at the scales 1.5, 2.6 and 4.5, as steps of √3.
        let group: Group = "R3(1.7320508)".parse().unwrap();
        let sides = |windows: Vec<KernelSize>| -> Vec<usize> {
            windows.iter().map(|window| window.longest()).collect()
        };
        assert_eq!(sides(of_taps(&group, 5.into())), [5, 7, 13]);
        // Splines that vanish three pixels from the centre vanish 6 and 8.4 pixels from it.
        for (scale, window) in [(2.0, 11), (2.8, 17)] {
            let group = Group::scales(2, scale).unwrap();
            assert_eq!(sides(of_functions(&group, 5.into()))[1], window);
        }
        let turned: Group = "C8".parse().unwrap();
        assert_eq!(sides(of_functions(&turned, 4.into())), [4; 8]);
        let similitudes: Group = "C8xR2(2)".parse().unwrap();
        let windows = sides(of_taps(&similitudes, 5.into()));
        assert_eq!((&windows[..8], &windows[8..]), (&[5; 8][..], &[9; 8][..]));
    }

    #[test]
    fn a_signal_is_stretched_along_its_line() {
        let group: Group = "R3(2)".parse().unwrap();
        let windows = of_taps(&group, [1, 9].into());
        let of = |h: usize| windows[h].height_and_width();
        assert_eq!([of(0), of(1), of(2)], [[1, 9], [1, 17], [1, 33]]);
        assert_eq!(measure(&group, 2, [1, 9].into()), 4.0);
        assert_eq!(measure(&group, 2, 9.into()), 16.0);
        assert_eq!(measure(&group, 2, 1.into()), 1.0);
    }

    #[test]
    fn what_cannot_be_stretched_is_refused() {
        let group: Group = "R3(2)".parse().unwrap();
        let error = validate(&group, 4.into()).unwrap_err().to_string();
        assert!(error.contains("odd"), "{error}");
        let error = validate(&group, 9.into()).unwrap_err().to_string();
        assert!(error.contains("scaling by 4"), "{error}");
        assert_eq!(validate(&group, 1.into()), Ok(()));
        assert_eq!(validate(&group, 5.into()), Ok(()));
        assert_eq!(validate(&Group::trivial(), 33.into()), Ok(()));
    }
}
