//! Classifying image files.
//!
//! A picture is brought to the network's format: grey or RGB as the network wants, in the middle of a ground that has the
//! network's aspect ratio and the colour of the picture's border, resized, and normalised like the training images. A picture
//! that has the network's size has the values that training reads from it. For a network that was trained on digits, which are
//! light on dark, dark on light is turned into light on dark.

mod fit;

use std::path::{Path, PathBuf};

use burn::prelude::*;
use burn::tensor::TensorData;
use gcnn_datasets::Picture;
use gcnn_models::argmax;
use gcnn_train::tasks::classification::ImageFormat;
use gcnn_train::weights::evaluation::ImageNetwork;
use serde::Serialize;

use crate::ProgramError;
use crate::predict::slide;
use fit::fit;

/// What a network says about a picture.
#[derive(Debug, Clone, Serialize)]
pub struct Prediction {
    /// The picture.
    pub file: PathBuf,
    /// The most probable class.
    pub class: usize,
    /// Probability of each class, at the temperature that the network was calibrated to.
    pub probabilities: Vec<f32>,
}

/// Classifies an image file.
pub fn predict(
    network: &ImageNetwork,
    file: &Path,
    device: &Device,
) -> Result<Prediction, ProgramError> {
    let f = &network.format;
    let pixels = read(file, f, network.experiment.dataset.is_light_on_dark())?;
    let shape = [1, f.channels, f.height, f.width];
    let input = Tensor::<4>::from_data(TensorData::new(pixels, shape), device);
    let probabilities = network.probabilities(input).into_data();
    let probabilities: Vec<f32> = probabilities.iter::<f32>().collect();
    Ok(Prediction {
        file: file.to_path_buf(),
        class: argmax(&probabilities),
        probabilities,
    })
}

/// Red, green and blue as grey: the luminance of BT.709.
fn luma(colour: &[f32]) -> f32 {
    match colour {
        [red, green, blue] => 0.2126 * red + 0.7152 * green + 0.0722 * blue,
        grey => grey[0],
    }
}

/// A file's picture as the network's input, `[channels, height, width]`.
fn read(file: &Path, format: &ImageFormat, light_on_dark: bool) -> Result<Vec<f32>, ProgramError> {
    if !matches!(format.channels, 1 | 3) {
        return Err(ProgramError::Refused(format!(
            "the network wants {} channels; image files have 1 or 3",
            format.channels
        )));
    }
    let picture = Picture::read(file, slide::LIMITS).map_err(ProgramError::image(file))?;
    Ok(prepare(picture, format, light_on_dark))
}

/// Brings a picture to the network's format. `light_on_dark` says that a grey network knows nothing else.
fn prepare(picture: Picture, format: &ImageFormat, light_on_dark: bool) -> Vec<f32> {
    let picture = picture.in_channels(format.channels);
    let border = border_colour(&picture);
    let mut pixels = fit(&picture, [format.height, format.width], &border);
    if light_on_dark && format.channels == 1 && luma(&border) > 0.5 {
        pixels.iter_mut().for_each(|p| *p = 1.0 - *p);
    }
    format.normalisation.apply(&mut pixels);
    pixels
}

/// Mean colour of the outermost pixels, a value for each channel.
fn border_colour(picture: &Picture) -> Vec<f32> {
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
                *sum += f64::from(picture.samples().value(place + channel));
            }
        }
    }
    sum.iter().map(|sum| (sum / count) as f32).collect()
}

#[cfg(test)]
mod tests;
