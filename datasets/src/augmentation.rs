//! Random motions of training images, what a network without the symmetry has to learn from data instead, and random
//! changes of their [colours](crate::colour), what no symmetry of the plane helps against.
//!
//! Both are functions of (seed, epoch, image), so neither the order of the batches nor the number of threads changes
//! them. An image is resampled once, for scaling, rotation, reflection and translation together; colours change before that, so
//! that zeros that come in from outside the image stay zeros.

use serde::{Deserialize, Serialize};

use crate::DatasetError;
use crate::colour::ColourChange;
use crate::random::{Purpose, Random};
use crate::rotate::{self, AffineMap, Fill, Interpolation};

/// By which angles training images are turned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

/// Random motions of training images, and random changes of the colours of those with three channels.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Augmentation {
    /// By which angles to turn: "none", "right-angles" or "continuous".
    pub rotation: RotationAugmentation,
    /// Whether to reflect every other image.
    pub flip: bool,
    /// The largest translation in pixels, uniform in both directions.
    pub translation: f64,
    /// How far width and height vary, each by its own factor of 1 plus or minus up to so much, at most 0.5. A signal becomes longer or
    /// shorter.
    pub scale: f64,
    /// How to read between pixels: "bicubic" or "bilinear".
    pub interpolation: Interpolation,
    /// What comes in from outside: "black", or "mirror", the image again.
    pub fill: Fill,
    /// How far brightness varies: values are multiplied by 1 plus or minus up to so much.
    pub brightness: f64,
    /// How far contrast varies, around the image's mean grey.
    pub contrast: f64,
    /// How far saturation varies, around each pixel's grey.
    pub saturation: f64,
    /// How far the hue varies, in turns, at most 0.5.
    pub hue: f64,
    /// How far the amounts of haematoxylin and of eosin vary, each by its own factor.
    pub stain: f64,
}

impl Augmentation {
    /// No motion at all.
    pub fn none() -> Self {
        Self::default()
    }

    /// Whether images stay as they are.
    pub fn is_none(&self) -> bool {
        self.rotation == RotationAugmentation::None
            && !self.flip
            && self.translation == 0.0
            && self.scale == 0.0
            && !self.changes_colour()
    }

    /// Whether colours change, which takes images with three channels.
    pub fn changes_colour(&self) -> bool {
        self.colours().iter().any(|(_, extent, _)| *extent != 0.0)
    }

    /// The settings of colour with their names and their largest values.
    fn colours(&self) -> [(&'static str, f64, f64); 5] {
        [
            ("augmentation.brightness", self.brightness, 1.0),
            ("augmentation.contrast", self.contrast, 1.0),
            ("augmentation.saturation", self.saturation, 1.0),
            ("augmentation.hue", self.hue, 0.5),
            ("augmentation.stain", self.stain, 1.0),
        ]
    }

    /// Whether the settings make sense.
    pub fn validate(&self) -> Result<(), DatasetError> {
        if !(self.translation.is_finite() && self.translation >= 0.0) {
            return Err(DatasetError::setting(
                "augmentation.translation",
                "a number of pixels, 0 or more",
                self.translation,
            ));
        }
        let scale = ("augmentation.scale", self.scale, 0.5);
        for (field, extent, largest) in self.colours().into_iter().chain([scale]) {
            if !(0.0..=largest).contains(&extent) {
                let expected = format!("0 to {largest}");
                return Err(DatasetError::setting(field, expected, extent));
            }
        }
        Ok(())
    }

    /// Whether the settings make sense for images of `[channels, height, width]`. Images of height 1 are signals: they are
    /// moved and scaled along their axis, and have nothing to be turned or reflected.
    pub fn validate_for(&self, [channels, height, _]: [usize; 3]) -> Result<(), DatasetError> {
        self.validate()?;
        if height == 1 && self.rotation != RotationAugmentation::None {
            let expected = "\"none\" for signals, which have one axis";
            let found = format!("{:?}", self.rotation);
            return Err(DatasetError::setting(
                "augmentation.rotation",
                expected,
                found,
            ));
        }
        if height == 1 && self.flip {
            let expected = "false for signals, which have one axis";
            return Err(DatasetError::setting(
                "augmentation.flip",
                expected,
                self.flip,
            ));
        }
        if channels == 3 {
            return Ok(());
        }
        let used = self
            .colours()
            .into_iter()
            .find(|(_, extent, _)| *extent != 0.0);
        used.map_or(Ok(()), |(field, extent, _)| {
            let expected = format!("0 for images of {channels} channels: colours have three");
            Err(DatasetError::setting(field, expected, extent))
        })
    }

    /// The motion of an image in an epoch.
    pub fn motion(&self, seed: u64, epoch: usize, image: usize) -> AffineMap {
        let mut random = Random::new(seed, Purpose::Augmentation, epoch as u64, image as u64);
        // Always the same draws, so that switching one motion on leaves the others as they were.
        let [turn, flip, right, up, wide, high] = [(); 6].map(|()| random.unit());
        let rotation = match self.rotation {
            RotationAugmentation::None => AffineMap::rotation(0.0),
            RotationAugmentation::RightAngles => AffineMap::quarter_turns((turn * 4.0) as usize),
            RotationAugmentation::Continuous => AffineMap::rotation(turn * std::f64::consts::TAU),
        };
        let shift = [right, up].map(|unit| (2.0 * unit - 1.0) * self.translation);
        let scale = [wide, high].map(|unit| 1.0 + (2.0 * unit - 1.0) * self.scale);
        rotation
            .with_scale(scale)
            .with_mirror(self.flip && flip < 0.5)
            .with_shift(shift)
    }

    /// The change of an image's colours in an epoch.
    pub fn colour(&self, seed: u64, epoch: usize, image: usize) -> ColourChange {
        let mut random = Random::new(seed, Purpose::Colour, epoch as u64, image as u64);
        // Always the same draws, as for the motion.
        let [haematoxylin, eosin, brightness, contrast, saturation, hue] =
            [(); 6].map(|()| 2.0 * random.unit() - 1.0);
        ColourChange {
            stains: [haematoxylin, eosin].map(|u| 1.0 + self.stain * u),
            brightness: 1.0 + self.brightness * brightness,
            contrast: 1.0 + self.contrast * contrast,
            saturation: 1.0 + self.saturation * saturation,
            hue: self.hue * hue,
        }
    }

    /// Moves an image, `[channels, height, width]`, in place. `scratch` is any vector, kept between calls.
    pub(crate) fn apply(
        &self,
        image: &mut [f32],
        shape: [usize; 3],
        motion: AffineMap,
        scratch: &mut Vec<f32>,
    ) {
        // Across the axis of a signal there is nothing to move.
        let motion = match shape[1] {
            1 => motion.along_rows(),
            _ => motion,
        };
        if motion.is_identity() {
            return;
        }
        scratch.clear();
        scratch.extend_from_slice(image);
        let (interpolation, fill) = (self.interpolation, self.fill);
        rotate::transform(scratch, shape, motion, interpolation, fill, image);
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
            let turns = (0..4).position(|turns| motion == AffineMap::quarter_turns(turns));
            counts[turns.unwrap()] += 1;
        }
        // Five standard deviations of a binomial count around 1000.
        assert!(
            counts.iter().all(|count| (863..=1137).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn colours_vary_by_as_much_as_is_asked() {
        let augmentation = Augmentation {
            brightness: 0.25,
            hue: 0.1,
            stain: 0.5,
            ..Augmentation::none()
        };
        assert!(!augmentation.is_none() && augmentation.changes_colour());
        let changes: Vec<_> = (0..2000)
            .map(|image| augmentation.colour(1, 2, image))
            .collect();
        let spread = |value: &dyn Fn(&ColourChange) -> f64| {
            let values = changes.iter().map(value);
            values.fold([f64::MAX, f64::MIN], |[low, high], value| {
                [low.min(value), high.max(value)]
            })
        };
        for ([low, high], expected) in [
            (spread(&|change| change.brightness), [0.75, 1.25]),
            (spread(&|change| change.hue), [-0.1, 0.1]),
            (spread(&|change| change.stains[0]), [0.5, 1.5]),
            (spread(&|change| change.stains[1]), [0.5, 1.5]),
            (spread(&|change| change.contrast), [1.0, 1.0]),
        ] {
            let inside = low >= expected[0] && high <= expected[1];
            let room = 0.01 * (expected[1] - expected[0]);
            assert!(
                inside && low - expected[0] <= room && expected[1] - high <= room,
                "{low} to {high}, not {expected:?}"
            );
        }
        assert!(
            changes
                .iter()
                .any(|change| { (change.stains[0] - change.stains[1]).abs() > 0.5 })
        );
        assert_eq!(Augmentation::none().colour(1, 2, 3), ColourChange::NONE);
        assert_eq!(
            augmentation.motion(1, 2, 3),
            Augmentation::none().motion(1, 2, 3)
        );
    }

    #[test]
    fn impossible_colours_are_refused() {
        for text in [
            "hue = 0.6",
            "brightness = -0.1",
            "stain = nan",
            "contrast = inf",
        ] {
            let augmentation: Augmentation = toml::from_str(text).unwrap();
            let error = augmentation.validate().unwrap_err().to_string();
            assert!(error.contains(text.split(' ').next().unwrap()), "{error}");
        }
        let augmentation: Augmentation = toml::from_str("stain = 0.2").unwrap();
        assert!(augmentation.validate_for([3, 8, 8]).is_ok());
        let error = augmentation
            .validate_for([1, 8, 8])
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("augmentation.stain: expected 0 for images of 1 channels"),
            "{error}"
        );
        assert!(Augmentation::none().validate_for([1, 8, 8]).is_ok());
    }

    #[test]
    fn signals_move_along_their_axis_alone() {
        let augmentation = Augmentation {
            translation: 3.0,
            scale: 0.2,
            ..Augmentation::none()
        };
        assert!(augmentation.validate_for([1, 1, 40]).is_ok());
        // A bump in the middle, below 0 on its right side.
        let signal: Vec<f32> = (0..40)
            .map(|t| (19.5 - t as f32) * (-(t as f32 - 19.5).powi(2) / 20.0).exp())
            .collect();
        for image in 0..20 {
            let mut moved = signal.clone();
            let motion = augmentation.motion(0, 0, image);
            augmentation.apply(&mut moved, [1, 1, 40], motion, &mut Vec::new());
            let range = |signal: &[f32]| {
                signal
                    .iter()
                    .fold([0.0f32; 2], |[low, high], v| [low.min(*v), high.max(*v)])
            };
            let ([low, high], [own_low, own_high]) = (range(&moved), range(&signal));
            assert!(
                low < 0.9 * own_low && high > 0.9 * own_high,
                "{low} to {high}"
            );
            assert_ne!(moved, signal);
        }
        for text in ["flip = true", "rotation = \"continuous\""] {
            let augmentation: Augmentation = toml::from_str(text).unwrap();
            assert!(augmentation.validate_for([1, 8, 8]).is_ok());
            let error = augmentation
                .validate_for([1, 1, 64])
                .unwrap_err()
                .to_string();
            assert!(error.contains("for signals"), "{error}");
        }
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
