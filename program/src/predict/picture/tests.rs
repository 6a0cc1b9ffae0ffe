//! Pictures as networks get them.

use std::io::Cursor;

use gcnn_datasets::{ChannelNormalisation, PictureLimits};
use image::{DynamicImage, GrayImage, ImageFormat as FileFormat, Luma};

use super::*;

fn format() -> ImageFormat {
    ImageFormat {
        channels: 1,
        height: 4,
        width: 4,
        classes: 10,
        class_names: None,
        targets: None,
        normalisation: ChannelNormalisation {
            mean: vec![0.0],
            std: vec![1.0],
        },
    }
}

/// A picture as a file holds it.
fn picture(image: impl Into<DynamicImage>) -> Picture {
    let mut bytes = Cursor::new(Vec::new());
    image
        .into()
        .write_to(&mut bytes, FileFormat::Png)
        .expect("a PNG");
    let limits = &PictureLimits::SLIDE;
    Picture::from_bytes(bytes.get_ref(), "made".as_ref(), limits).expect("a picture")
}

/// A picture as a network gets it that was trained on pictures of its size.
fn prepared(picture: Picture, format: &ImageFormat, light_on_dark: bool) -> Vec<f32> {
    prepare(picture, format, &Preparation::default(), light_on_dark)
}

#[test]
fn a_picture_of_the_right_size_keeps_its_pixels() {
    let image = GrayImage::from_fn(4, 4, |x, y| Luma([(x + 4 * y) as u8]));
    let pixels = prepared(picture(image), &format(), true);
    for (i, pixel) in pixels.iter().enumerate() {
        assert_eq!(*pixel, i as f32 / 255.0);
    }
}

#[test]
fn dark_digits_are_turned_around_and_wide_pictures_are_padded() {
    let image = GrayImage::from_fn(8, 4, |x, _| Luma([if x == 4 { 0 } else { 255 }]));
    let pixels = prepared(picture(image.clone()), &format(), true);
    assert_eq!(pixels.len(), 16);
    // What is no digit may be light.
    for (turned, pixel) in pixels
        .iter()
        .zip(prepared(picture(image), &format(), false))
    {
        assert!((turned + pixel - 1.0).abs() < 1e-6, "{turned} and {pixel}");
    }
    // The rows of padding are as dark as the turned-around ground.
    let row = |y: usize| pixels[4 * y..4 * y + 4].iter().copied().fold(0.0, f32::max);
    assert!(row(0) < 0.2 && row(3) < 0.2, "{pixels:?}");
    assert!(row(1) > 0.3, "{pixels:?}");
}

/// 32,000 pixels in a row, whose square ground would take 12 GB.
#[test]
fn a_long_picture_takes_no_more_memory_than_it_has_pixels() {
    let line = GrayImage::from_fn(32_000, 1, |x, _| Luma([(x % 2 * 20) as u8]));
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(line)
        .write_to(&mut bytes, FileFormat::Png)
        .expect("written");
    let limits = &PictureLimits::SLIDE;
    let line = Picture::from_bytes(bytes.get_ref(), "line.png".as_ref(), limits);
    let line = line.expect("a picture");
    assert_eq!(line.size(), [1, 32_000]);
    let large = ImageFormat {
        height: 28,
        width: 28,
        ..format()
    };
    // Its border is all of it, and so is its ground.
    let grey = Preparation::default().border_colour(&line)[0];
    for pixel in prepared(line, &large, false) {
        assert!((pixel - grey).abs() < 1e-3, "{pixel} and {grey}");
    }
}
