//! The statistics that normalise images.
//!
//! ```text
//! normalised(c) = (pixel(c) − mean_c) / std_c        c a channel, statistics over the training split alone
//! ```

use serde::{Deserialize, Serialize};

use super::ImageDataset;
use crate::DatasetError;

/// Stretches of images that are measured where images are read when they are asked for, and images in each.
const SAMPLE: [usize; 2] = [64, 32];

/// Mean and standard deviation of each channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelNormalisation {
    /// What is subtracted, per channel.
    pub mean: Vec<f32>,
    /// What is divided by, per channel.
    pub std: Vec<f32>,
}

impl ChannelNormalisation {
    /// The statistics of a set of images in memory. A channel without variation gets the standard deviation 1.
    ///
    /// # Panics
    /// Panics if images are read when they are asked for and can't be read: see [`Self::measure`].
    pub fn of(images: &ImageDataset) -> Self {
        match Self::measure(images) {
            Ok(normalisation) => normalisation,
            Err(error) => panic!("{error}"),
        }
    }

    /// The statistics of a set of images: of all of them, or, where they are read when they are asked for, of 64
    /// stretches of 32 images each, spread evenly.
    pub fn measure(images: &ImageDataset) -> Result<Self, DatasetError> {
        let [channels, height, width] = images.shape();
        let mut sums = Sums::new(channels);
        let mut image = vec![0.0; images.image_len()];
        for index in measured(images) {
            images.try_copy_image(index, &mut image)?;
            sums.add(&image, height * width);
        }
        Ok(sums.normalisation())
    }

    /// How many channels it is for.
    pub fn channels(&self) -> usize {
        self.mean.len()
    }

    /// Normalises one image, `[channels, height, width]`, in place.
    pub fn apply(&self, image: &mut [f32]) {
        let plane = image.len() / self.mean.len().max(1);
        if plane == 0 {
            return;
        }
        for ((pixels, mean), std) in image.chunks_exact_mut(plane).zip(&self.mean).zip(&self.std) {
            let scale = 1.0 / std;
            for pixel in pixels {
                *pixel = (*pixel - mean) * scale;
            }
        }
    }

    /// Whether it fits images of that many channels and divides by no zero.
    pub fn validate(&self, channels: usize) -> Result<(), DatasetError> {
        if self.mean.len() != channels || self.std.len() != channels {
            let found = format!(
                "{} means and {} deviations",
                self.mean.len(),
                self.std.len()
            );
            return Err(DatasetError::setting(
                "normalisation",
                format!("statistics of {channels} channels"),
                found,
            ));
        }
        let usable = |value: &&f32| value.is_finite() && **value > 0.0;
        if self.mean.iter().all(|mean| mean.is_finite()) && self.std.iter().all(|std| usable(&std))
        {
            return Ok(());
        }
        let found = format!("mean {:?}, deviation {:?}", self.mean, self.std);
        Err(DatasetError::setting(
            "normalisation",
            "finite means and positive deviations",
            found,
        ))
    }
}

/// What means and deviations are made of.
pub(crate) struct Sums {
    /// Of each channel the sum of its values and that of their squares.
    channels: Vec<[f64; 2]>,
    /// Values of a channel.
    count: usize,
}

impl Sums {
    /// Of no pixel.
    pub(crate) fn new(channels: usize) -> Self {
        Self {
            channels: vec![[0.0; 2]; channels],
            count: 0,
        }
    }

    /// Adds an image whose channels have so many pixels.
    pub(crate) fn add(&mut self, image: &[f32], plane: usize) {
        for (sum, pixels) in self.channels.iter_mut().zip(image.chunks_exact(plane)) {
            for pixel in pixels {
                let pixel = f64::from(*pixel);
                sum[0] += pixel;
                sum[1] += pixel * pixel;
            }
        }
        self.count += plane;
    }

    /// The statistics. A channel without variation gets the standard deviation 1.
    pub(crate) fn normalisation(&self) -> ChannelNormalisation {
        let count = self.count.max(1) as f64;
        let mean = |sum: &[f64; 2]| sum[0] / count;
        let std = |sum: &[f64; 2]| {
            let variance = sum[1] / count - mean(sum).powi(2);
            if variance > 1e-12 {
                variance.sqrt()
            } else {
                1.0
            }
        };
        ChannelNormalisation {
            mean: self.channels.iter().map(|sum| mean(sum) as f32).collect(),
            std: self.channels.iter().map(|sum| std(sum) as f32).collect(),
        }
    }
}

/// The images that are measured.
fn measured(images: &ImageDataset) -> Vec<usize> {
    let [stretches, length] = SAMPLE;
    let count = images.count();
    if !images.is_lazy() || count <= stretches * length {
        return (0..count).collect();
    }
    (0..stretches)
        .map(|stretch| stretch * (count - length) / (stretches - 1))
        .flat_map(|start| start..start + length)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_those_of_each_channel() {
        let normalisation = ChannelNormalisation::of(&two_channels());
        assert!((normalisation.mean[0] - 0.3).abs() < 1e-6);
        assert!((normalisation.std[0] - 0.05f32.sqrt()).abs() < 1e-6);
        // The second channel is constant.
        assert_eq!((normalisation.mean[1], normalisation.std[1]), (0.5, 1.0));
        let mut image = two_channels().image(0);
        normalisation.apply(&mut image);
        assert!((image[0] + 0.3 / 0.05f32.sqrt()).abs() < 1e-5);
        assert_eq!(image[2..], [0.0, 0.0]);
        assert!(normalisation.validate(2).is_ok());
        assert!(normalisation.validate(1).is_err());
        assert!(
            ChannelNormalisation {
                mean: vec![0.0],
                std: vec![0.0]
            }
            .validate(1)
            .is_err()
        );
    }

    fn two_channels() -> ImageDataset {
        let pixels = vec![0.0, 0.2, 0.5, 0.5, 0.4, 0.6, 0.5, 0.5];
        ImageDataset::from_floats(pixels, vec![0, 2], [2, 1, 2], 3).unwrap()
    }
}
