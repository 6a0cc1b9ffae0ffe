//! Rotated MNIST made from upright digits with a seed.
//!
//! ```text
//! training, validation   the first 12,000 of a permutation of MNIST's training file
//! test                   50,000 of the other 58,000 digits, permuted
//! angle of digit i       2π u_i,    u_i uniform in [0, 1), a function of the seed and of i
//! ```
//!
//! Digits are numbered through MNIST's training file and then its test file, so that a digit's angle does not depend
//! on the split that it is drawn into.

use std::f64::consts::TAU;

use crate::digits::{Digits, SHAPE, SIZES, TEST_FILE_DIGITS, TRAIN_FILE_DIGITS};
use crate::random::{Purpose, Random};
use crate::rotate::{self, AffineMap, Fill, Interpolation};
use crate::{DatasetError, ImageDataset};

/// The digits of the training, validation and test split.
pub(super) fn choose(seed: u64) -> [Vec<u32>; 3] {
    let mut digits: Vec<u32> = (0..(TRAIN_FILE_DIGITS + TEST_FILE_DIGITS) as u32).collect();
    Random::new(seed, Purpose::Selection, 0, 0).shuffle(&mut digits[..TRAIN_FILE_DIGITS]);
    let mut test = digits.split_off(SIZES[0] + SIZES[1]);
    Random::new(seed, Purpose::Selection, 1, 0).shuffle(&mut test);
    test.truncate(SIZES[2]);
    let valid = digits.split_off(SIZES[0]);
    [digits, valid, test]
}

/// The angle of a digit, in radians.
pub(crate) fn angle(seed: u64, digit: u32) -> f64 {
    TAU * Random::new(seed, Purpose::Rotation, u64::from(digit), 0).unit()
}

/// How digits are turned.
pub(super) struct Rotation {
    pub(super) seed: u64,
    pub(super) interpolation: Interpolation,
}

impl Rotation {
    /// The angle of a digit.
    fn angle(&self, digit: u32) -> f64 {
        angle(self.seed, digit)
    }

    /// Turns the chosen digits.
    pub(super) fn apply(
        &self,
        digits: &Digits,
        chosen: &[u32],
    ) -> Result<ImageDataset, DatasetError> {
        digits.made(chosen, |digit, upright, turned| {
            let motion = AffineMap::rotation(self.angle(digit));
            rotate::transform(
                upright,
                SHAPE,
                motion,
                self.interpolation,
                Fill::Black,
                turned,
            );
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_are_disjoint_and_as_large_as_the_protocol_says() {
        let splits = choose(0);
        assert_eq!([0, 1, 2].map(|split| splits[split].len()), SIZES);
        assert!(
            splits[..2]
                .iter()
                .flatten()
                .all(|digit| (*digit as usize) < TRAIN_FILE_DIGITS)
        );
        let mut all = splits.concat();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), SIZES.iter().sum::<usize>());
        // 58,000 are left and 50,000 are drawn: MNIST's test file is met about 8,621 times, ± 5 deviations of 33.
        let from_test_file = splits[2]
            .iter()
            .filter(|digit| **digit as usize >= TRAIN_FILE_DIGITS)
            .count();
        assert!(
            (8_450..=8_790).contains(&from_test_file),
            "{from_test_file}"
        );
        assert_ne!(choose(1)[0], splits[0]);
        assert_eq!(choose(0), splits);
    }

    #[test]
    fn the_choice_of_seed_zero_stays_what_it_is() {
        let [train, valid, test] = choose(0);
        assert_eq!(train[..3], [14763, 58022, 2752]);
        assert_eq!(valid[..3], [22976, 30692, 35237]);
        assert_eq!(test[..3], [55125, 4703, 10502]);
    }

    #[test]
    fn angles_fill_the_circle_evenly() {
        let rotation = Rotation {
            seed: 0,
            interpolation: Interpolation::Bicubic,
        };
        let angles: Vec<f64> = (0..16_000).map(|digit| rotation.angle(digit)).collect();
        let mut counts = [0; 16];
        for angle in &angles {
            counts[(angle / TAU * 16.0) as usize] += 1;
        }
        // Five standard deviations of a binomial count around 1000.
        assert!(
            counts.iter().all(|count| (847..=1153).contains(count)),
            "{counts:?}"
        );
    }
}
