//! Kernels with one weight per pixel.
//!
//! ```text
//! exact groups    k_h(z) = w(h⁻¹z) on the full window
//! others          Σ_z k_h(z) f(z) = Σ_j w_j (I f)(h z_j),   |z|, |z_j| ≤ size/2
//! ```
//!
//! A signed permutation matrix maps the taps of a square to themselves, of odd and of even size, since they are taken
//! about the square's centre. Any other element sends taps between pixels: the turned kernel then sees the image where
//! its taps are, read off the interpolant I f through the taps of the disc (see `interpolation`). The disc, not the
//! square, is what such groups map to itself.

use super::interpolation::Interpolation;
use super::{KernelShape, SampledKernel};
use crate::group::Group;
use crate::kernel::taps::taps;
use crate::kernel::{KernelSize, Spaces};

/// The taps that carry weights, as positions in the window.
pub(super) fn support(group: &Group, taps: &[[f64; 2]], size: KernelSize) -> Vec<usize> {
    let (exact, radius) = (group.is_exact(), size.longest() as f64 / 2.0);
    let inside = |&tap: &usize| {
        let [x, y] = taps[tap];
        exact || x.hypot(y) <= radius
    };
    (0..taps.len()).filter(inside).collect()
}

pub(crate) fn shape(spaces: &Spaces, size: KernelSize) -> KernelShape {
    KernelShape {
        size,
        weights: support(spaces.turning(), &taps(size), size).len(),
        group_weights: spaces.relative().map_or(1, Group::order),
        learned_plane: false,
        learned_rotations: false,
    }
}

pub(crate) fn sample(spaces: &Spaces, size: KernelSize) -> SampledKernel {
    let (group, window) = (spaces.turning(), taps(size));
    let support = support(group, &window, size);
    let taps: Vec<[f64; 2]> = support.iter().map(|&tap| window[tap]).collect();
    let interpolation = Interpolation::new(taps.clone());
    let elements = group.elements().map(|h| {
        let mut matrix = vec![0.0; window.len() * taps.len()];
        for (j, &tap) in taps.iter().enumerate() {
            let coefficients = interpolation.at(group.act(h, tap));
            for (&z, value) in support.iter().zip(coefficients) {
                matrix[z * taps.len() + j] = value;
            }
        }
        matrix
    });
    let relative = spaces.relative().map_or(1, Group::order);
    SampledKernel::new(size, taps.len(), elements.collect(), relative)
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
