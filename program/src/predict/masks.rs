//! Pictures get a class for each pixel, and numbers for the things in them.
//!
//! ```text
//! NAME-classes.png     the number of the class of each pixel, with a palette
//! NAME-instances.png   the number of the thing that each pixel belongs to, 16 bits, 0 for none; where the network learned things
//! NAME-overlay.png     the picture, tinted where it is not of class 0; with the outlines of the things where there are some
//! ```
//!
//! A picture of any size is seen as it is, without resizing; a large one [tile by tile](SegmentationModel::forward_in_tiles), to the same
//! scores.

use std::fs;
use std::path::{Path, PathBuf};

use burn::prelude::*;
use burn::tensor::TensorData;
use gcnn_datasets::{Picture, PictureLimits, Preparation, watershed_of_classes};
#[cfg(doc)]
use gcnn_models::SegmentationModel;
use gcnn_models::argmax;
use gcnn_train::TrainError;
use gcnn_train::tasks::segmentation::SMALLEST_SEED;
use gcnn_train::weights::evaluation::SegmentationNetwork;
use serde::Serialize;

use super::picture;
use super::slide::{self, Canvas};
use crate::ProgramError;

/// What a picture holds, and where it is written.
#[derive(Debug, Clone, Serialize)]
pub struct Masks {
    /// The picture.
    pub file: PathBuf,
    /// `[height, width]`.
    pub size: [usize; 2],
    /// Pixels of each class.
    pub pixels: Vec<usize>,
    /// How many things there are, where the network learned things.
    pub things: Option<usize>,
    /// The picture of classes.
    pub classes: PathBuf,
    /// The picture of things.
    pub instances: Option<PathBuf>,
    /// The overlay.
    pub overlay: PathBuf,
}

/// Where what is said of a picture goes.
pub struct Places {
    /// Of classes.
    pub classes: PathBuf,
    /// Of things.
    pub instances: PathBuf,
    /// Of the overlay.
    pub overlay: PathBuf,
}

impl Places {
    /// Of a picture, in a folder.
    pub fn of(file: &Path, folder: &Path) -> Self {
        Self {
            classes: slide::beside(file, folder, "-classes.png"),
            instances: slide::beside(file, folder, "-instances.png"),
            overlay: slide::beside(file, folder, "-overlay.png"),
        }
    }
}

/// Says the class of each pixel of a picture, and writes it down. The network sees no more than `tile` rows and columns at once.
pub fn segment(
    network: &SegmentationNetwork,
    file: &Path,
    folder: &Path,
    tile: usize,
    device: &Device,
) -> Result<Masks, ProgramError> {
    let format = &network.format;
    picture::check_channels(format.channels)?;
    let read = Picture::read(file, &PictureLimits::DATASET).map_err(ProgramError::image(file))?;
    let read = read.in_channels(format.channels);
    let size = read.size();
    let mut pixels = Preparation::default().apply(&read, size);
    let seen = as_seen(&pixels, format.channels);
    drop(read);
    format.normalisation.apply(&mut pixels);
    let shape = [1, format.channels, size[0], size[1]];
    let image = Tensor::<4>::from_data(TensorData::new(pixels, shape), device);
    let scores = network.model.forward_in_tiles(image, tile);
    let classes = best_classes(scores, format.class_names.len());
    let numbers = match format.instances {
        true => Some(watershed_of_classes(&classes, size, SMALLEST_SEED)?),
        false => None,
    };

    fs::create_dir_all(folder).map_err(TrainError::io("create", folder))?;
    let places = Places::of(file, folder);
    let mut map = Canvas::indexed(
        &places.classes,
        size,
        &slide::class_colours(format.class_names.len()),
    )?;
    map.write(&classes)?;
    map.finish()?;
    let mut overlay = Canvas::colour(&places.overlay, size)?;
    let marked = match &numbers {
        Some(numbers) => drawn_over(seen, &outlines(numbers, size)),
        None => slide::tinted(&seen, &classes),
    };
    overlay.write(&marked)?;
    overlay.finish()?;
    let things = numbers
        .as_ref()
        .map(|numbers| numbers.iter().copied().max().unwrap_or(0).into());
    let instances = match numbers {
        None => None,
        Some(numbers) => {
            let mut map = Canvas::numbers(&places.instances, size)?;
            let bytes: Vec<u8> = numbers
                .iter()
                .flat_map(|number| number.to_be_bytes())
                .collect();
            map.write(&bytes)?;
            map.finish()?;
            Some(places.instances)
        }
    };
    let mut counts = vec![0; format.class_names.len()];
    for class in &classes {
        counts[usize::from(*class)] += 1;
    }
    Ok(Masks {
        file: file.to_path_buf(),
        size,
        pixels: counts,
        things,
        classes: places.classes,
        instances,
        overlay: places.overlay,
    })
}

/// The likeliest class of each pixel of scores `[1, classes, height, width]`.
fn best_classes(scores: Tensor<4>, classes: usize) -> Vec<u8> {
    let scores: Vec<f32> = scores
        .permute([0, 2, 3, 1])
        .into_data()
        .iter::<f32>()
        .collect();
    // There are at most 256.
    scores
        .chunks_exact(classes)
        .map(|of_pixel| argmax(of_pixel) as u8)
        .collect()
}

/// Red, green and blue of each pixel, from values `[channels, height, width]` between 0 and 1.
fn as_seen(values: &[f32], channels: usize) -> Vec<u8> {
    let plane = values.len() / channels;
    let byte = |channel: usize, pixel: usize| {
        (values[channel.min(channels - 1) * plane + pixel] * 255.0).round() as u8
    };
    (0..plane)
        .flat_map(|pixel| [0, 1, 2].map(|channel| byte(channel, pixel)))
        .collect()
}

/// The outlines of things, in yellow, which neither tissue nor its stains have.
const OUTLINE: [u8; 3] = [0xff, 0xe1, 0x00];

/// A picture with some of its pixels in one colour.
fn drawn_over(mut seen: Vec<u8>, outlines: &[u8]) -> Vec<u8> {
    for (pixel, outline) in seen.chunks_exact_mut(3).zip(outlines) {
        if *outline != 0 {
            pixel.copy_from_slice(&OUTLINE);
        }
    }
    seen
}

/// The pixels of things that have a neighbour in a row or column which is none of theirs: 1 there, 0 elsewhere.
fn outlines(numbers: &[u16], [height, width]: [usize; 2]) -> Vec<u8> {
    let differs = |place: usize| {
        let (row, column) = (place / width, place % width);
        let own = numbers[place];
        let other = |inside: bool, place: usize| inside && numbers[place] != own;
        own > 0
            && (other(row > 0, place.wrapping_sub(width))
                || other(row + 1 < height, place + width)
                || other(column > 0, place.wrapping_sub(1))
                || other(column + 1 < width, place + 1))
    };
    (0..numbers.len())
        .map(|place| u8::from(differs(place)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outlines_are_within_things() {
        let numbers = [
            1, 1, 1, 0, //
            1, 1, 1, 2, //
            1, 1, 1, 2, //
            0, 0, 0, 2,
        ];
        let expected = [
            0, 0, 1, 0, //
            0, 0, 1, 1, //
            1, 1, 1, 1, //
            0, 0, 0, 1,
        ];
        assert_eq!(outlines(&numbers, [4, 4]), expected);
    }

    #[test]
    fn grey_is_seen_as_grey() {
        assert_eq!(as_seen(&[0.0, 1.0], 1), [0, 0, 0, 255, 255, 255]);
        assert_eq!(
            as_seen(&[0.0, 1.0, 0.2, 0.4, 1.0, 0.0], 3),
            [0, 51, 255, 255, 102, 0]
        );
    }
}
