//! Random numbers that are a function of what they are for.
//!
//! ChaCha's key is (seed, purpose, two indices), so that the numbers for image 17 of epoch 3 are the same on every
//! machine, with any number of threads and in any order. The mappings to floats, ranges and permutations are written
//! out here, because those of general libraries may change between versions, and the sets made from them with them.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

/// What a stream of random numbers is for: streams of different purposes are independent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    /// Which digits of MNIST go into which split.
    Selection = 1,
    /// The angle of a digit in rotated MNIST.
    Rotation = 2,
    /// The order of an epoch.
    Order = 3,
    /// The random motion of a training image.
    Augmentation = 4,
    /// The initial state of charged particles.
    Charged = 5,
    /// The initial state of masses.
    Gravity = 6,
    /// The order in which tissue images are dealt to the splits.
    TissueSplit = 7,
    /// The pixels of a tissue image that patches are cut around.
    Patches = 8,
    /// The random change of a training image's colours.
    Colour = 9,
    /// Which training images a share of them has.
    Share = 10,
    /// The order in which pictures of a folder, or groups of them, are dealt to the splits.
    PictureSplit = 11,
    /// The images of a class in an epoch that has of every class equally many.
    Balance = 12,
    /// The factor that a digit is scaled by.
    Scale = 13,
    /// The factor that a clip is stretched by.
    Stretch = 14,
    /// Where a patch of a scene lies.
    Place = 15,
}

/// A number for a name.
pub(crate) fn key(name: &str) -> u64 {
    let hash = Sha256::digest(name.as_bytes());
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&hash[..8]);
    u64::from_le_bytes(bytes)
}

/// A stream of random numbers.
pub(crate) struct Random(ChaCha8Rng);

impl Random {
    pub(crate) fn new(seed: u64, purpose: Purpose, first: u64, second: u64) -> Self {
        let mut key = [0; 32];
        for (bytes, word) in key
            .chunks_exact_mut(8)
            .zip([seed, purpose as u64, first, second])
        {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        Self(ChaCha8Rng::from_seed(key))
    }

    /// Uniform in [0, 1), on a grid of 2⁻⁵³.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Three independent numbers from N(0, 1), by Box and Muller.
    pub(crate) fn normal3(&mut self) -> [f64; 3] {
        let mut pair = || {
            // 1 − u lies in (0, 1], where the logarithm is finite.
            let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
            let (sin, cos) = (std::f64::consts::TAU * self.unit()).sin_cos();
            [radius * cos, radius * sin]
        };
        let ([first, second], [third, _]) = (pair(), pair());
        [first, second, third]
    }

    /// Uniform in 0..n. The bias of multiply-and-shift, n/2⁶⁴, is beyond measuring.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.0.next_u64()) * n as u128) >> 64) as usize
    }

    /// Fisher-Yates: every order equally likely.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_depend_on_every_part_of_the_key() {
        let first = |seed, purpose, a, b| Random::new(seed, purpose, a, b).0.next_u64();
        let base = first(0, Purpose::Order, 0, 0);
        assert_eq!(base, first(0, Purpose::Order, 0, 0));
        for other in [
            first(1, Purpose::Order, 0, 0),
            first(0, Purpose::Rotation, 0, 0),
            first(0, Purpose::Order, 1, 0),
            first(0, Purpose::Order, 0, 1),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn a_shuffle_is_a_permutation_and_moves_things() {
        let mut items: Vec<usize> = (0..1000).collect();
        Random::new(0, Purpose::Order, 0, 0).shuffle(&mut items);
        assert!(
            items
                .iter()
                .enumerate()
                .filter(|(place, item)| place == *item)
                .count()
                < 20
        );
        items.sort_unstable();
        assert!(items.iter().enumerate().all(|(place, item)| place == *item));
    }

    #[test]
    fn uniform_numbers_have_the_mean_and_variance_of_uniform_numbers() {
        let mut random = Random::new(3, Purpose::Rotation, 0, 0);
        let numbers: Vec<f64> = (0..20_000).map(|_| random.unit()).collect();
        assert!(numbers.iter().all(|number| (0.0..1.0).contains(number)));
        let mean = numbers.iter().sum::<f64>() / 20_000.0;
        let variance = numbers
            .iter()
            .map(|number| (number - mean).powi(2))
            .sum::<f64>()
            / 20_000.0;
        // Five standard errors.
        assert!((mean - 0.5).abs() < 0.0103, "{mean}");
        assert!((variance - 1.0 / 12.0).abs() < 0.0027, "{variance}");
        assert!((0..1000).all(|_| random.below(7) < 7));
    }

    #[test]
    fn normal_numbers_have_the_moments_of_normal_numbers() {
        let mut random = Random::new(3, Purpose::Charged, 0, 0);
        let vectors: Vec<[f64; 3]> = (0..20_000).map(|_| random.normal3()).collect();
        for axis in 0..3 {
            let moment =
                |power: i32| vectors.iter().map(|v| v[axis].powi(power)).sum::<f64>() / 20_000.0;
            // Five standard errors: 1, √2, √15, √96 over √20,000.
            assert!(
                moment(1).abs() < 0.036 && (moment(2) - 1.0).abs() < 0.05,
                "{}",
                moment(1)
            );
            assert!(
                moment(3).abs() < 0.137 && (moment(4) - 3.0).abs() < 0.35,
                "{}",
                moment(4)
            );
        }
        let covariance = vectors.iter().map(|v| v[0] * v[1]).sum::<f64>() / 20_000.0;
        assert!(covariance.abs() < 0.036, "{covariance}");
    }
}
