//! Kernels with one weight per pixel.
//!
//! ```text
//! exact groups    k_h(z) = w(h⁻¹z) on the full window
//! whole scales    the same on a window s times as wide, whose other taps are zero: dilation
//! others          Σ_z k_h(z) f(z) = Σ_j w_j (I f)(h z_j),   |z|, |z_j| ≤ size/2
//! ```
//!
//! A pixel's weight stands for a point mass, which a scaling moves and leaves as heavy as it is: Σ_z k_h(z) f(z) reads f at
//! h z_j, without the 1/|det h| of kernels that are functions.
//!
//! A signed permutation matrix maps the taps of a square to themselves, of odd and of even size, since they are taken
//! about the square's centre. Any other element sends taps between pixels: the turned kernel then sees the image where
//! its taps are, read off the interpolant I f through the taps of the disc (see `interpolation`). The disc, not the
//! square, is what such groups map to itself.

use super::interpolation::Interpolation;
use super::{KernelShape, SampledKernel};
use crate::error::LayerError;
use crate::group::Group;
use crate::group::matrix::{SAME, scaled_permutation};
use crate::kernel::taps::taps;
use crate::kernel::{KernelSize, Spaces, windows};

/// The taps that carry weights, as positions in the window.
pub(super) fn support(group: &Group, taps: &[[f64; 2]], size: KernelSize) -> Vec<usize> {
    let (square, radius) = (group.keeps_squares(), size.longest() as f64 / 2.0);
    let inside = |&tap: &usize| {
        let [x, y] = taps[tap];
        square || x.hypot(y) <= radius
    };
    (0..taps.len()).filter(inside).collect()
}

pub(crate) fn shape(spaces: &Spaces, size: KernelSize) -> KernelShape {
    let weights = support(spaces.turning(), &taps(size), size).len();
    KernelShape::linear(size, [spaces.samples().count(), weights])
}

/// Whether taps move to taps, or a disc of them turns.
pub(crate) fn validate(group: &Group, size: KernelSize) -> Result<(), LayerError> {
    let whole = |h: usize| {
        let factor = scaled_permutation(group.matrix(h));
        size.taps() == 1 || factor.is_some_and(|factor| factor >= 1.0 && factor.fract() == 0.0)
    };
    match windows::enlarges(group, size) && !group.elements().all(whole) {
        true => Err(LayerError::PixelsBetween {
            group: group.name().into(),
        }),
        false => Ok(()),
    }
}

pub(crate) fn sample(spaces: &Spaces, size: KernelSize) -> SampledKernel {
    let (group, window) = (spaces.turning(), taps(size));
    let support = support(group, &window, size);
    let places: Vec<[f64; 2]> = support.iter().map(|&tap| window[tap]).collect();
    let elements: Vec<(KernelSize, Vec<f64>)> = match windows::enlarges(group, size) {
        true => {
            let windows = windows::of_taps(group, size).into_iter();
            let moved = |(h, size)| (size, moved(group, h, &places, size));
            windows.enumerate().map(moved).collect()
        }
        false => {
            let interpolation = Interpolation::new(places.clone());
            let turned = |h| {
                (
                    size,
                    turned(group, h, &places, &support, &interpolation, window.len()),
                )
            };
            group.elements().map(turned).collect()
        }
    };
    SampledKernel::new(size, places.len(), elements, spaces.samples())
}

/// The matrix of an element that reads images between pixels.
fn turned(
    group: &Group,
    h: usize,
    places: &[[f64; 2]],
    support: &[usize],
    interpolation: &Interpolation,
    window: usize,
) -> Vec<f64> {
    let mut matrix = vec![0.0; window * places.len()];
    for (j, &place) in places.iter().enumerate() {
        let coefficients = interpolation.at(group.act(h, place));
        for (&z, value) in support.iter().zip(coefficients) {
            matrix[z * places.len() + j] = value;
        }
    }
    matrix
}

/// The matrix of an element that takes taps to taps of a larger window.
fn moved(group: &Group, h: usize, places: &[[f64; 2]], size: KernelSize) -> Vec<f64> {
    let window = taps(size);
    let mut matrix = vec![0.0; window.len() * places.len()];
    for (j, &place) in places.iter().enumerate() {
        let [x, y] = group.act(h, place);
        let is_there = |tap: &[f64; 2]| (tap[0] - x).hypot(tap[1] - y) < SAME;
        if let Some(z) = window.iter().position(is_there) {
            matrix[z * places.len() + j] = 1.0;
        }
    }
    matrix
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    fn exact_elements_permute_the_square(
        #[values("trivial", "C2", "C4", "D1", "D2", "D4")] group: &str,
        #[values(1, 2, 3, 4, 5)] size: usize,
    ) {
        let group: Group = group.parse().unwrap();
        let (kernel, square) = (
            sample(&Spaces::Lifting(&group), size.into()),
            taps(size.into()),
        );
        assert_eq!(kernel.weights(), size * size);
        assert_eq!(kernel.effective_taps(), (size * size) as f64);
        let permutation = kernel.permutation().unwrap();
        for (h, sources) in permutation.chunks(size * size).enumerate() {
            for (z, &source) in sources.iter().enumerate() {
                assert_eq!(group.act(h, square[source]), square[z]);
            }
        }
    }

    #[test]
    fn a_quarter_turn_is_counter_clockwise() {
        let c4 = Group::cyclic(4).unwrap();
        // The weight to the right of the centre goes to the top.
        let permutation = sample(&Spaces::Lifting(&c4), 3.into())
            .permutation()
            .unwrap();
        assert_eq!(permutation[9 + 1], 5);
    }

    #[rstest]
    #[case(3, 9)]
    #[case(4, 12)]
    #[case(5, 21)]
    #[case(7, 37)]
    fn other_groups_live_on_a_disc(#[case] size: usize, #[case] taps: usize) {
        let c8 = Group::cyclic(8).unwrap();
        let kernel = sample(&Spaces::Lifting(&c8), size.into());
        assert_eq!(kernel.weights(), taps);
        assert!(kernel.permutation().is_none());
        // Interpolation neither loses nor gains much: the initialisation corrects the rest.
        let ratio = kernel.effective_taps() / taps as f64;
        assert!((0.85..1.15).contains(&ratio), "{ratio}");
    }

    #[test]
    fn exact_elements_of_other_groups_still_permute() {
        let c8 = Group::cyclic(8).unwrap();
        let kernel = sample(&Spaces::Lifting(&c8), 5.into());
        for h in c8.elements().filter(|&h| c8.is_exact_element(h)) {
            let ones = kernel.values(h).iter().filter(|&&v| v == 1.0).count();
            let zeros = kernel.values(h).iter().filter(|&&v| v == 0.0).count();
            assert_eq!((ones, zeros), (21, 25 * 21 - 21));
        }
    }
}
