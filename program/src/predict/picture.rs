//! Classifying files: pictures, and clips of sound by networks that were trained on such.
//!
//! A picture is brought to the network's format: grey or RGB as the network wants, resized as the pictures that it was trained
//! on were (by default in the middle of a ground that has the network's aspect ratio and the colour of the picture's border),
//! and normalised like the training images. A picture that has the network's size has the values that training reads from it.
//! For a network that was trained on digits, which are light on dark, dark on light is turned into light on dark.

use std::path::{Path, PathBuf};

use burn::prelude::*;
use burn::tensor::TensorData;
use gcnn_datasets::{Picture, Preparation};
use gcnn_models::argmax;
use gcnn_train::tasks::classification::ImageFormat;
use gcnn_train::weights::evaluation::ImageNetwork;
use rayon::prelude::*;
use serde::Serialize;

use crate::ProgramError;
use crate::predict::slide;

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

/// Pictures that pass through the network at once.
const BATCH: usize = 32;

/// Classifies image files, in their order: `answer` hears what the network says of each, or why it can't be read.
pub fn predict(
    network: &ImageNetwork,
    files: &[PathBuf],
    device: &Device,
    mut answer: impl FnMut(&Path, Result<Prediction, ProgramError>) -> Result<(), ProgramError>,
) -> Result<(), ProgramError> {
    ask(network, files, device, |file, row| {
        let prediction = row.map(|row| Prediction {
            file: file.to_path_buf(),
            class: argmax(row),
            probabilities: row.to_vec(),
        });
        answer(file, prediction)
    })
}

/// Asks a network about image files, in their order: `answer` hears its row of answers to each, which are probabilities of classes
/// or labels, or numbers; or why a file can't be read.
pub fn ask(
    network: &ImageNetwork,
    files: &[PathBuf],
    device: &Device,
    mut answer: impl FnMut(&Path, Result<&[f32], ProgramError>) -> Result<(), ProgramError>,
) -> Result<(), ProgramError> {
    let format = &network.format;
    let dataset = &network.experiment.dataset;
    let (preparation, is_light) = (dataset.preparation(), dataset.is_light_on_dark());
    for files in files.chunks(BATCH) {
        let read = |file: &PathBuf| match dataset.read_example(file) {
            Some(example) => {
                let mut example = example?;
                format.normalisation.apply(&mut example);
                Ok(example)
            }
            None => read(file, format, &preparation, is_light),
        };
        let pictures: Vec<Result<Vec<f32>, ProgramError>> = files.par_iter().map(read).collect();
        let pixels: Vec<f32> = pictures.iter().flatten().flatten().copied().collect();
        let count = pictures.iter().flatten().count();
        let mut answers: Vec<f32> = Vec::new();
        if count > 0 {
            let shape = [count, format.channels, format.height, format.width];
            let input = Tensor::<4>::from_data(TensorData::new(pixels, shape), device);
            answers.extend(network.answers(input).into_data().iter::<f32>());
        }
        let mut rows = answers.chunks_exact(format.classes);
        for (file, picture) in files.iter().zip(pictures) {
            let row = picture.map(|_| rows.next().unwrap_or_default());
            answer(file, row)?;
        }
    }
    Ok(())
}

/// Red, green and blue as grey: the luminance of BT.709.
fn luma(colour: &[f32]) -> f32 {
    match colour {
        [red, green, blue] => 0.2126 * red + 0.7152 * green + 0.0722 * blue,
        grey => grey[0],
    }
}

/// Refuses networks for other channels than those of image files.
pub(super) fn check_channels(channels: usize) -> Result<(), ProgramError> {
    match channels {
        1 | 3 => Ok(()),
        _ => Err(ProgramError::Refused(format!(
            "the network wants {channels} channels; image files have 1 or 3"
        ))),
    }
}

/// A file's picture as the network's input, `[channels, height, width]`.
fn read(
    file: &Path,
    format: &ImageFormat,
    preparation: &Preparation,
    light_on_dark: bool,
) -> Result<Vec<f32>, ProgramError> {
    check_channels(format.channels)?;
    let picture = Picture::read(file, slide::LIMITS).map_err(ProgramError::image(file))?;
    Ok(prepare(picture, format, preparation, light_on_dark))
}

/// Brings a picture to the network's format. `light_on_dark` says that a grey network knows nothing else.
fn prepare(
    picture: Picture,
    format: &ImageFormat,
    preparation: &Preparation,
    light_on_dark: bool,
) -> Vec<f32> {
    let picture = picture.in_channels(format.channels);
    let mut pixels = preparation.apply(&picture, [format.height, format.width]);
    let is_dark_on_light = || luma(&preparation.border_colour(&picture)) > 0.5;
    if light_on_dark && format.channels == 1 && is_dark_on_light() {
        pixels.iter_mut().for_each(|p| *p = 1.0 - *p);
    }
    format.normalisation.apply(&mut pixels);
    pixels
}

#[cfg(test)]
mod tests;
