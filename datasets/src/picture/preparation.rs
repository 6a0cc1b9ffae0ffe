//! A picture as a network gets it, before the normalisation: the same for training and for what is predicted on.

use super::resize::{Fit, resized};
use super::stretch::{Curve, Stretch};
use super::{Picture, Samples};

/// What is done to a picture on its way to a network. By default it stands in a ground of its border's colour where its shape
/// is another one, and its values stay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Preparation {
    /// How it is brought to a size.
    pub fit: Fit,
    /// How its values are spread, before that.
    pub stretch: Stretch,
}

impl Preparation {
    /// The picture in `[height, width]`: `[channels, height, width]`, values from 0 to 1. A picture of that size keeps its
    /// values, but for the stretch.
    ///
    /// # Panics
    /// Panics if a side of the size is 0.
    pub fn apply(&self, picture: &Picture, size: [usize; 2]) -> Vec<f32> {
        assert!(!size.contains(&0), "a size with pixels: {size:?}");
        if picture.size() == size && self.stretch == Stretch::None {
            // What is computed below, faster.
            let (channels, samples) = (picture.channels(), picture.samples());
            let places = (0..channels).flat_map(|c| (c..samples.len()).step_by(channels));
            return places.map(|place| samples.value(place)).collect();
        }
        let curve = self.stretch.curve(picture.samples());
        resized(picture, size, self.fit, curve, &border(picture, curve))
    }

    /// The mean colour of the outermost pixels, a value for each channel, after the stretch: what ground is made of.
    pub fn border_colour(&self, picture: &Picture) -> Vec<f32> {
        border(picture, self.stretch.curve(picture.samples()))
    }

    /// Whether whole bytes can stand for the values of a picture of 8 bits, to half a step.
    pub(crate) fn keeps_bytes(&self) -> bool {
        self.stretch == Stretch::None
    }

    /// The same as [`Self::apply`] for a picture of 8 bits whose values stay, rounded to bytes.
    pub(crate) fn apply_in_bytes(&self, picture: &Picture, size: [usize; 2]) -> Vec<u8> {
        if let (true, Samples::Bytes(bytes)) = (picture.size() == size, picture.samples()) {
            let channels = picture.channels();
            let channel = |channel| bytes.iter().skip(channel).step_by(channels).copied();
            return (0..channels).flat_map(channel).collect();
        }
        let values = self.apply(picture, size).into_iter();
        values.map(|value| (value * 255.0).round() as u8).collect()
    }
}

fn border(picture: &Picture, curve: Curve) -> Vec<f32> {
    let ([height, width], channels) = (picture.size(), picture.channels());
    let sides = [0, width - 1];
    let mut sum = vec![0.0f64; channels];
    let mut count = 0.0f64;
    for row in 0..height {
        let whole = row == 0 || row + 1 == height;
        // A picture of one column has one side.
        let columns: Vec<usize> = match whole {
            true => (0..width).collect(),
            false => sides[..width.min(2)].to_vec(),
        };
        for column in columns {
            count += 1.0;
            let place = (row * width + column) * channels;
            for (channel, sum) in sum.iter_mut().enumerate() {
                *sum += f64::from(curve.at(picture.samples().value(place + channel)));
            }
        }
    }
    sum.iter().map(|sum| (sum / count) as f32).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_border_is_each_outer_pixel_once_and_stretched() {
        let grey = |size, values: &[u8]| {
            let samples = Samples::Bytes(values.to_vec());
            Picture::new(size, 1, samples, Path::new("made")).unwrap()
        };
        let border = |picture: &Picture| Preparation::default().border_colour(picture);
        assert_eq!(
            border(&grey([3, 3], &[51, 51, 51, 51, 0, 51, 51, 51, 51])),
            [0.2]
        );
        assert_eq!(border(&grey([3, 1], &[0, 255, 0])), [1.0 / 3.0]);
        let stretched = Preparation {
            stretch: Stretch::Percentiles,
            ..Preparation::default()
        };
        let picture = grey([1, 2], &[51, 102]);
        assert_eq!(stretched.border_colour(&picture), [0.5]);
        assert_eq!(stretched.apply(&picture, [1, 2]), [0.0, 1.0]);
    }

    #[test]
    fn bytes_are_rounded_values() {
        let samples = Samples::Bytes((0..48).map(|value| value * 5).collect());
        let picture = Picture::new([4, 4], 3, samples, Path::new("made")).unwrap();
        let preparation = Preparation::default();
        for size in [[4, 4], [3, 3], [7, 2]] {
            let bytes = preparation.apply_in_bytes(&picture, size);
            for (byte, value) in bytes.iter().zip(preparation.apply(&picture, size)) {
                assert!((f32::from(*byte) - 255.0 * value).abs() <= 0.5);
            }
        }
    }
}
