//! Classifying image files.
//!
//! A picture is brought to the network's format: grey or RGB as the network wants, padded to the network's aspect
//! ratio with the colour of its border, resized, and normalised like the training images. For a network that was trained on
//! digits, which are light on dark, dark on light is turned into light on dark.

use std::path::{Path, PathBuf};

use burn::prelude::*;
use burn::tensor::TensorData;
use burn::tensor::activation::softmax;
use image::imageops::{self, FilterType};
use image::{DynamicImage, Rgb32FImage};
use serde::Serialize;

use crate::TrainError;
use crate::classification::{ImageFormat, argmax};
use crate::evaluation::ImageNetwork;
use crate::slide;

/// What a network says about a picture.
#[derive(Debug, Clone, Serialize)]
pub struct Prediction {
    /// The picture.
    pub file: PathBuf,
    /// The most probable class.
    pub class: usize,
    /// Probability of each class.
    pub probabilities: Vec<f32>,
}

/// Classifies an image file.
pub fn predict(
    network: &ImageNetwork,
    file: &Path,
    device: &Device,
) -> Result<Prediction, TrainError> {
    let f = &network.format;
    let pixels = read(file, f, network.experiment.dataset.is_light_on_dark())?;
    let shape = [1, f.channels, f.height, f.width];
    let input = Tensor::<4>::from_data(TensorData::new(pixels, shape), device);
    let probabilities: Vec<f32> = softmax(network.model.forward(input), 1)
        .into_data()
        .iter::<f32>()
        .collect();
    Ok(Prediction {
        file: file.to_path_buf(),
        class: argmax(&probabilities),
        probabilities,
    })
}

/// Red, green and blue as grey: the luminance of BT.709.
pub(crate) fn luma([red, green, blue]: [f32; 3]) -> f32 {
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/// A file's picture as the network's input, `[channels, height, width]`.
fn read(file: &Path, format: &ImageFormat, light_on_dark: bool) -> Result<Vec<f32>, TrainError> {
    if !matches!(format.channels, 1 | 3) {
        return Err(TrainError::Mismatch(format!(
            "the network wants {} channels; image files have 1 or 3",
            format.channels
        )));
    }
    Ok(prepare(slide::decode(file)?, format, light_on_dark))
}

/// Brings a picture to the network's format. `light_on_dark` says that a grey network knows nothing else.
fn prepare(image: DynamicImage, format: &ImageFormat, light_on_dark: bool) -> Vec<f32> {
    let image = image.into_rgb32f();
    let grey = format.channels == 1;
    let border = border_colour(&image);
    let padded = pad(image, format.width as f64 / format.height as f64, border);
    let (width, height) = (format.width as u32, format.height as u32);
    let sized = if padded.dimensions() == (width, height) {
        padded
    } else {
        // Averages over the source pixels under a target pixel when it shrinks.
        imageops::resize(&padded, width, height, FilterType::Triangle)
    };
    let invert = light_on_dark && grey && luma(border) > 0.5;
    let mut pixels: Vec<f32> = (0..format.channels)
        .flat_map(|channel| {
            sized.pixels().map(move |p| match grey {
                true => luma(p.0),
                false => p.0[channel],
            })
        })
        .collect();
    if invert {
        pixels.iter_mut().for_each(|p| *p = 1.0 - *p);
    }
    format.normalisation.apply(&mut pixels);
    pixels
}

/// Mean colour of the outermost pixels.
fn border_colour(image: &Rgb32FImage) -> [f32; 3] {
    let (width, height) = image.dimensions();
    let mut sum = [0.0f64; 3];
    let mut count = 0.0f64;
    for (x, y, pixel) in image.enumerate_pixels() {
        if x == 0 || y == 0 || x + 1 == width || y + 1 == height {
            count += 1.0;
            for (sum, value) in sum.iter_mut().zip(pixel.0) {
                *sum += f64::from(value);
            }
        }
    }
    sum.map(|s| (s / count.max(1.0)) as f32)
}

/// Surrounds a picture with a colour so that it gets an aspect ratio (width over height), itself in the middle.
fn pad(image: Rgb32FImage, aspect: f64, colour: [f32; 3]) -> Rgb32FImage {
    let (width, height) = image.dimensions();
    let target = (
        width.max((f64::from(height) * aspect).round() as u32),
        height.max((f64::from(width) / aspect).round() as u32),
    );
    if target == (width, height) {
        return image;
    }
    let mut padded = Rgb32FImage::from_pixel(target.0, target.1, image::Rgb(colour));
    let (x, y) = ((target.0 - width) / 2, (target.1 - height) / 2);
    imageops::replace(&mut padded, &image, i64::from(x), i64::from(y));
    padded
}

#[cfg(test)]
mod tests {
    use gcnn_datasets::Normalisation;
    use image::{GrayImage, Luma};

    use super::*;

    fn format() -> ImageFormat {
        ImageFormat {
            channels: 1,
            height: 4,
            width: 4,
            classes: 10,
            class_names: None,
            normalisation: Normalisation {
                mean: vec![0.0],
                std: vec![1.0],
            },
        }
    }

    #[test]
    fn a_picture_of_the_right_size_keeps_its_pixels() {
        let image = GrayImage::from_fn(4, 4, |x, y| Luma([(x + 4 * y) as u8]));
        let pixels = prepare(DynamicImage::ImageLuma8(image), &format(), true);
        for (i, pixel) in pixels.iter().enumerate() {
            assert!((pixel - i as f32 / 255.0).abs() < 1e-5);
        }
    }

    #[test]
    fn dark_digits_are_turned_around_and_wide_pictures_are_padded() {
        let image = GrayImage::from_fn(8, 4, |x, _| Luma([if x == 4 { 0 } else { 255 }]));
        let image = DynamicImage::ImageLuma8(image);
        let pixels = prepare(image.clone(), &format(), true);
        assert_eq!(pixels.len(), 16);
        // What is no digit may be light.
        for (turned, pixel) in pixels.iter().zip(prepare(image, &format(), false)) {
            assert!((turned + pixel - 1.0).abs() < 1e-6, "{turned} and {pixel}");
        }
        // The rows of padding are as dark as the turned-around ground.
        let row = |y: usize| pixels[4 * y..4 * y + 4].iter().copied().fold(0.0, f32::max);
        assert!(row(0) < 0.2 && row(3) < 0.2, "{pixels:?}");
        assert!(row(1) > 0.3, "{pixels:?}");
    }
}
