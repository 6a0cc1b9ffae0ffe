//! Turning a picture upright, as the camera or scanner that wrote it says it was held.

pub(super) use image::metadata::Orientation;

use super::samples::{Samples, map_each};

/// `[height, width]` of a picture of that size once it is upright.
pub(super) fn upright_size([height, width]: [usize; 2], orientation: Orientation) -> [usize; 2] {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    match orientation {
        Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH => [width, height],
        _ => [height, width],
    }
}

/// The values of a picture of a size, turned upright.
pub(super) fn upright(
    samples: Samples,
    size: [usize; 2],
    channels: usize,
    orientation: Orientation,
) -> Samples {
    if orientation == Orientation::NoTransforms {
        return samples;
    }
    map_each!(samples, values => turn(&values, size, channels, orientation))
}

fn turn<T: Copy>(
    values: &[T],
    size: [usize; 2],
    channels: usize,
    orientation: Orientation,
) -> Vec<T> {
    let [height, width] = size;
    let [rows, columns] = upright_size(size, orientation);
    // The pixel of the file that is seen at a place.
    let source = |row: usize, column: usize| match orientation {
        Orientation::NoTransforms => [row, column],
        Orientation::FlipHorizontal => [row, width - 1 - column],
        Orientation::FlipVertical => [height - 1 - row, column],
        Orientation::Rotate180 => [height - 1 - row, width - 1 - column],
        Orientation::Rotate90 => [height - 1 - column, row],
        Orientation::Rotate270 => [column, width - 1 - row],
        // Reflected in the first diagonal, and in the second.
        Orientation::Rotate90FlipH => [column, row],
        Orientation::Rotate270FlipH => [height - 1 - column, width - 1 - row],
    };
    let mut turned = Vec::with_capacity(values.len());
    for row in 0..rows {
        for column in 0..columns {
            let [y, x] = source(row, column);
            let start = (y * width + x) * channels;
            turned.extend_from_slice(&values[start..start + channels]);
        }
    }
    turned
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{DynamicImage, RgbImage};

    /// The same as the crate `image` does, for all eight.
    #[test]
    fn pictures_are_turned_as_exif_says() {
        let picture = RgbImage::from_fn(4, 3, |x, y| image::Rgb([x as u8, y as u8, 7]));
        for number in 1..=8 {
            let orientation = Orientation::from_exif(number).unwrap();
            let mut expected = DynamicImage::ImageRgb8(picture.clone());
            expected.apply_orientation(orientation);
            let size = [expected.height() as usize, expected.width() as usize];
            let samples = Samples::Bytes(picture.as_raw().clone());
            assert_eq!(upright_size([3, 4], orientation), size);
            assert_eq!(
                upright(samples, [3, 4], 3, orientation),
                Samples::Bytes(expected.into_rgb8().into_raw()),
                "orientation {number}"
            );
        }
    }
}
