//! Random motions of training images: what a network without the symmetry has to learn from data instead.
//!
//! The motion of an image is a function of (seed, epoch, image), so neither the order of the batches nor the number of
//! threads changes it. An image is resampled once, for rotation, reflection and translation together.

use serde::{Deserialize, Serialize};

use crate::DatasetError;
use crate::random::{Purpose, Random};
use crate::rotate::{self, Interpolation, Motion};

/// By which angles training images are turned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RotationAugmentation {
    /// Not at all.
    #[default]
    None,
    /// By 0°, 90°, 180° or 270°, which moves pixels exactly.
    RightAngles,
    /// By any angle, uniformly.
    Continuous,
}

/// Random motions of training images.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Augmentation {
    /// By which angles to turn: "none", "right-angles" or "continuous".
    pub rotation: RotationAugmentation,
    /// Whether to reflect every other image.
    pub flip: bool,
    /// The largest translation in pixels, uniform in both directions.
    pub translation: f64,
    /// How to read between pixels: "bicubic" or "bilinear".
    pub interpolation: Interpolation,
}

impl Augmentation {
    /// No motion at all.
    pub fn none() -> Self {
        Self::default()
    }

    /// Whether images stay as they are.
    pub fn is_none(&self) -> bool {
        self.rotation == RotationAugmentation::None && !self.flip && self.translation == 0.0
    }

    /// Whether the settings make sense.
    pub fn validate(&self) -> Result<(), DatasetError> {
        if self.translation.is_finite() && self.translation >= 0.0 {
            return Ok(());
        }
        Err(DatasetError::setting(
            "augmentation.translation",
            "a number of pixels, 0 or more",
            self.translation,
        ))
    }

    /// The motion of an image in an epoch.
    pub fn motion(&self, seed: u64, epoch: usize, image: usize) -> Motion {
        let mut random = Random::new(seed, Purpose::Augmentation, epoch as u64, image as u64);
        // Always the same draws, so that switching one motion on leaves the others as they were.
        let [turn, flip, right, up] = [(); 4].map(|()| random.unit());
        let rotation = match self.rotation {
            RotationAugmentation::None => Motion::rotation(0.0),
            RotationAugmentation::RightAngles => Motion::quarter_turns((turn * 4.0) as usize),
            RotationAugmentation::Continuous => Motion::rotation(turn * std::f64::consts::TAU),
        };
        let shift = [right, up].map(|unit| (2.0 * unit - 1.0) * self.translation);
        rotation
            .with_mirror(self.flip && flip < 0.5)
            .with_shift(shift)
    }

    /// Moves an image, `[channels, height, width]`, in place. `scratch` is any vector, kept between calls.
    pub(crate) fn apply(
        &self,
        image: &mut [f32],
        shape: [usize; 3],
        motion: Motion,
        scratch: &mut Vec<f32>,
    ) {
        if motion.is_identity() {
            return;
        }
        scratch.clear();
        scratch.extend_from_slice(image);
        rotate::transform(scratch, shape, motion, self.interpolation, image);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_moves_by_default() {
        let augmentation = Augmentation::none();
        assert!(augmentation.is_none());
        assert!((0..50).all(|image| augmentation.motion(1, 2, image).is_identity()));
    }

    #[test]
    fn motions_depend_on_seed_epoch_and_image_alone() {
        let augmentation = Augmentation {
            rotation: RotationAugmentation::Continuous,
            ..Augmentation::none()
        };
        let motion = augmentation.motion(1, 2, 3);
        assert_eq!(motion, augmentation.motion(1, 2, 3));
        for other in [(2, 2, 3), (1, 3, 3), (1, 2, 4)] {
            assert_ne!(motion, augmentation.motion(other.0, other.1, other.2));
        }
    }

    #[test]
    fn right_angles_are_all_met_equally_often() {
        let augmentation = Augmentation {
            rotation: RotationAugmentation::RightAngles,
            ..Augmentation::none()
        };
        let mut counts = [0; 4];
        for image in 0..4000 {
            let motion = augmentation.motion(0, 0, image);
            let turns = (0..4).position(|turns| motion == Motion::quarter_turns(turns));
            counts[turns.unwrap()] += 1;
        }
        // Five standard deviations of a binomial count around 1000.
        assert!(
            counts.iter().all(|count| (863..=1137).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn impossible_translations_are_refused() {
        for translation in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(
                Augmentation {
                    translation,
                    ..Augmentation::none()
                }
                .validate()
                .is_err()
            );
        }
        assert!(
            Augmentation {
                translation: 2.0,
                ..Augmentation::none()
            }
            .validate()
            .is_ok()
        );
    }
}
