//! Small pictures that stand within others.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

/// A small bitmap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tile {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Red, green and blue of every pixel, row by row.
    pub rgb: Vec<u8>,
}

impl Tile {
    /// Values of `[channels, height, width]`, 1 becoming 255. One channel is grey, of more the first three are shown; of two
    /// the second is shown twice.
    ///
    /// # Panics
    /// If there are fewer values, or no channel.
    pub fn of_values(values: &[f32], [channels, height, width]: [usize; 3]) -> Self {
        let pixels = height * width;
        let byte = |channel: usize, pixel: usize| {
            let value = values[channel.min(channels - 1) * pixels + pixel];
            (value.clamp(0.0, 1.0) * 255.0).round() as u8
        };
        let rgb = (0..pixels).flat_map(|pixel| [0, 1, 2].map(|channel| byte(channel, pixel)));
        Self {
            width,
            height,
            rgb: rgb.collect(),
        }
    }

    /// The curve of a signal in so many rows and columns: in every column dark from the smallest to the largest of the samples
    /// that it stands for, the loudest of all reaching the border.
    pub fn of_signal(samples: &[f32], [height, width]: [usize; 2]) -> Self {
        let loudest = samples
            .iter()
            .fold(f32::MIN_POSITIVE, |most, s| most.max(s.abs()));
        let row = |sample: f32| {
            let place = (1.0 - sample / loudest) / 2.0 * (height as f32 - 1.0);
            place.round().clamp(0.0, height as f32 - 1.0) as usize
        };
        let column = |at: usize| {
            let first = at * samples.len() / width;
            let end =
                ((at + 1) * samples.len() / width).clamp(first + 1, samples.len().max(first + 1));
            let own = samples.get(first..end).unwrap_or_default().iter().copied();
            let (low, high) = own.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), s| {
                (low.min(s), high.max(s))
            });
            row(high)..=row(low)
        };
        let columns: Vec<_> = (0..width).map(column).collect();
        let mut rgb = Vec::with_capacity(3 * width * height);
        for row in 0..height {
            for column in &columns {
                let dark = column.contains(&row);
                rgb.extend([if dark { 40 } else { 245 }; 3]);
            }
        }
        Self { width, height, rgb }
    }

    /// The tile where its sides are no longer than this, otherwise shrunk: each pixel the mean of those that it stands for.
    pub fn within(self, side: usize) -> Self {
        let longest = self.width.max(self.height);
        if longest <= side {
            return self;
        }
        let shrunk = |extent: usize| (extent * side / longest).max(1);
        let (width, height) = (shrunk(self.width), shrunk(self.height));
        let mut rgb = Vec::with_capacity(3 * width * height);
        for row in 0..height {
            let rows = row * self.height / height..(row + 1) * self.height / height;
            for column in 0..width {
                let columns = column * self.width / width..(column + 1) * self.width / width;
                let count = (rows.len() * columns.len()) as u32;
                for channel in 0..3 {
                    let sum: u32 = rows
                        .clone()
                        .flat_map(|row| columns.clone().map(move |column| (row, column)))
                        .map(|(row, column)| {
                            u32::from(self.rgb[3 * (row * self.width + column) + channel])
                        })
                        .sum();
                    rgb.push(((sum + count / 2) / count) as u8);
                }
            }
        }
        Self { width, height, rgb }
    }

    /// As an address that holds the picture itself, a PNG file, if its pixels are as many as it says.
    pub fn data_uri(&self) -> Option<String> {
        let png = self.png()?;
        Some(format!("data:image/png;base64,{}", STANDARD.encode(png)))
    }

    fn png(&self) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let (width, height) = (self.width as u32, self.height as u32);
        if self.rgb.len() != 3 * self.width * self.height {
            return None;
        }
        PngEncoder::new_with_quality(&mut bytes, CompressionType::Best, FilterType::Adaptive)
            .write_image(&self.rgb, width, height, ExtendedColorType::Rgb8)
            .ok()?;
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_comes_back_from_its_file() {
        let tile = Tile {
            width: 2,
            height: 1,
            rgb: vec![1, 2, 3, 250, 251, 252],
        };
        let bytes = tile.png().expect("a file");
        let read = image::load_from_memory(&bytes)
            .expect("a picture")
            .to_rgb8();
        assert_eq!(read.as_raw(), &tile.rgb);
        let short = Tile { width: 3, ..tile };
        assert!(short.data_uri().is_none());
    }

    #[test]
    fn values_become_pixels_and_large_tiles_small_ones() {
        // Up, at rest, down: dark from the top to the middle, in the middle, from there to the bottom.
        let curve = Tile::of_signal(&[0.0, 2.0, 0.0, 0.0, -2.0, 0.0], [3, 3]);
        let dark: Vec<bool> = curve.rgb.chunks(3).map(|pixel| pixel[0] < 100).collect();
        let [x, o] = [true, false];
        assert_eq!(dark, [x, o, o, x, x, x, o, o, x]);
        let grey = Tile::of_values(&[0.0, 0.5, 1.0, 2.0], [1, 2, 2]);
        assert_eq!(
            grey.rgb,
            [0, 0, 0, 128, 128, 128, 255, 255, 255, 255, 255, 255]
        );
        let colours = Tile::of_values(&[0.0, 0.2, 0.4, 1.0], [4, 1, 1]);
        assert_eq!(colours.rgb, [0, 51, 102]);
        assert_eq!(grey.clone().within(2), grey);
        let one = grey.within(1);
        assert_eq!((one.width, one.height), (1, 1));
        assert_eq!(one.rgb, [160; 3]);
        // A stripe keeps a pixel.
        let stripe = Tile::of_values(&vec![1.0; 300], [1, 1, 300]).within(96);
        assert_eq!(
            (stripe.width, stripe.height, stripe.rgb.len()),
            (96, 1, 3 * 96)
        );
    }
}
