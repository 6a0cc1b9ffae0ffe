//! Pictures in other sizes.

use std::path::Path;

use image::imageops::{self, FilterType};
use image::{DynamicImage, RgbImage};

use super::*;
use crate::picture::{Preparation, Samples};

fn colours(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([(x * 37 + y) as u8, (x * y * 11) as u8, (y * 53) as u8])
    })
}

fn picture(image: &RgbImage) -> Picture {
    let size = [image.height() as usize, image.width() as usize];
    let samples = Samples::Bytes(image.as_raw().clone());
    Picture::new(size, 3, samples, Path::new("made")).unwrap()
}

fn prepared(image: &RgbImage, size: [usize; 2], fit: Fit) -> Vec<f32> {
    let preparation = Preparation {
        fit,
        ..Preparation::default()
    };
    preparation.apply(&picture(image), size)
}

/// What the crate `image` makes of a picture, in the order of networks.
fn scaled(image: &image::Rgb32FImage, [height, width]: [usize; 2]) -> Vec<f32> {
    let expected = imageops::resize(image, width as u32, height as u32, FilterType::Triangle);
    let channel = |channel| expected.pixels().map(move |pixel| pixel.0[channel]);
    (0..3).flat_map(channel).collect()
}

/// The picture padded first and resized then: the same to the bit where nothing is padded, and to rounding elsewhere.
#[test]
fn resizing_in_a_ground_is_padding_and_resizing() {
    for (size, target) in [
        ((12, 12), [4, 4]),
        ((9, 9), [28, 28]),
        ((10, 5), [4, 8]),
        ((31, 7), [4, 4]),
        ((3, 20), [6, 5]),
    ] {
        let image = colours(size.0, size.1);
        let border = Preparation::default().border_colour(&picture(&image));
        let found = prepared(&image, target, Fit::Pad);

        let image = DynamicImage::ImageRgb8(image).into_rgb32f();
        let aspect = target[1] as f64 / target[0] as f64;
        let padded = (
            size.0.max((f64::from(size.1) * aspect).round() as u32),
            size.1.max((f64::from(size.0) / aspect).round() as u32),
        );
        let ground = image::Rgb([border[0], border[1], border[2]]);
        let mut whole = image::Rgb32FImage::from_pixel(padded.0, padded.1, ground);
        let at = [(padded.0 - size.0) / 2, (padded.1 - size.1) / 2].map(i64::from);
        imageops::replace(&mut whole, &image, at[0], at[1]);
        for (own, value) in found.into_iter().zip(scaled(&whole, target)) {
            match padded == size {
                true => assert_eq!(own, value, "{size:?}"),
                false => assert!((own - value).abs() < 1e-6, "{own}, {value} of {size:?}"),
            }
        }
    }
}

#[test]
fn stretching_and_cutting_are_those_of_the_crate_image_to_the_bit() {
    let image = colours(31, 7);
    let floats = DynamicImage::ImageRgb8(image.clone()).into_rgb32f();
    for target in [[4, 4], [12, 5], [9, 40]] {
        assert_eq!(
            prepared(&image, target, Fit::Resize),
            scaled(&floats, target)
        );
    }
    // Seven of the thirty-one columns, twelve on each side of them.
    let middle = imageops::crop_imm(&floats, 12, 0, 7, 7).to_image();
    assert_eq!(prepared(&image, [4, 4], Fit::Crop), scaled(&middle, [4, 4]));
    let line = prepared(&colours(9, 1), [1, 100], Fit::Crop);
    assert_eq!(line.len(), 300);
}

#[test]
fn a_picture_of_the_size_stays_as_it_is() {
    let image = colours(6, 5);
    for fit in [Fit::Resize, Fit::Pad, Fit::Crop] {
        let found = prepared(&image, [5, 6], fit);
        for (channel, plane) in found.chunks_exact(30).enumerate() {
            for (value, pixel) in plane.iter().zip(image.pixels()) {
                assert_eq!(*value, f32::from(pixel[channel]) / 255.0);
            }
        }
    }
}

/// A white square on black: where shapes stay, it has as many columns as rows.
#[test]
fn shapes_stay_but_where_axes_have_their_own_scales() {
    let square = RgbImage::from_fn(80, 40, |x, y| {
        let inside = (32..48).contains(&x) && (12..28).contains(&y);
        image::Rgb([255 * u8::from(inside); 3])
    });
    let extents = |fit| {
        let plane = prepared(&square, [20, 20], fit);
        let light = |index: usize| plane[index] > 0.5;
        let rows = (0..20).filter(|row| (0..20).any(|column| light(row * 20 + column)));
        let columns = (0..20).filter(|column| (0..20).any(|row| light(row * 20 + column)));
        [rows.count(), columns.count()]
    };
    assert_eq!(extents(Fit::Resize), [8, 4]);
    assert_eq!(extents(Fit::Pad), [4, 4]);
    assert_eq!(extents(Fit::Crop), [8, 8]);
}
