//! The values of pixels, in the depth that they were read with.

use std::ops::Range;
use std::path::Path;

use image::{DynamicImage, ImageBuffer, RgbImage};

use crate::DatasetError;

/// How many pixels are turned to grey at once.
const CHUNK: usize = 1 << 16;

/// Values of a picture, all of them from 0 to 1 once they are [floats](Self::value).
#[derive(Debug, Clone, PartialEq)]
pub enum Samples {
    /// v / 255.
    Bytes(Vec<u8>),
    /// v / 65535.
    Words(Vec<u16>),
    /// v.
    Floats(Vec<f32>),
}

/// Does the same to values of each depth.
macro_rules! each {
    ($samples:expr, $values:ident => $do:expr) => {
        match $samples {
            Samples::Bytes($values) => $do,
            Samples::Words($values) => $do,
            Samples::Floats($values) => $do,
        }
    };
}

/// Does the same to values of each depth, and takes the result for values of that depth.
macro_rules! map_each {
    ($samples:expr, $values:ident => $do:expr) => {
        match $samples {
            Samples::Bytes($values) => Samples::Bytes($do),
            Samples::Words($values) => Samples::Words($do),
            Samples::Floats($values) => Samples::Floats($do),
        }
    };
}
pub(super) use map_each;

impl Samples {
    /// How many values there are.
    pub fn len(&self) -> usize {
        each!(self, values => values.len())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A value from 0 to 1; panics where there is none.
    pub fn value(&self, place: usize) -> f32 {
        match self {
            Self::Bytes(bytes) => f32::from(bytes[place]) / 255.0,
            Self::Words(words) => f32::from(words[place]) / 65535.0,
            Self::Floats(floats) => floats[place],
        }
    }

    /// Some of the values, each from 0 to 1; panics where they are not there.
    pub fn values(&self, range: Range<usize>) -> impl Iterator<Item = f32> {
        range.map(|place| self.value(place))
    }

    /// A value as a screen shows it: of 8 bits.
    pub fn byte(&self, place: usize) -> u8 {
        match self {
            Self::Bytes(bytes) => bytes[place],
            _ => (self.value(place) * 255.0).round() as u8,
        }
    }

    /// No values, of the same depth.
    pub fn none(&self) -> Self {
        map_each!(self, _values => Vec::new())
    }

    /// Puts copies of some values of another picture of the same depth behind these. Values of another depth are not.
    pub fn extend(&mut self, other: &Self, range: Range<usize>) {
        match (self, other) {
            (Self::Bytes(own), Self::Bytes(more)) => own.extend_from_slice(&more[range]),
            (Self::Words(own), Self::Words(more)) => own.extend_from_slice(&more[range]),
            (Self::Floats(own), Self::Floats(more)) => own.extend_from_slice(&more[range]),
            (own, more) => debug_assert!(more.is_empty(), "{} and others", own.depth()),
        }
    }

    /// Some of the values, of pixels of `found` channels, in `wanted` channels; 1 or 3 each. Colour becomes its luminance
    /// (BT.709, rounded to the depth of the values), grey three equal colours.
    pub fn in_channels(&self, range: Range<usize>, found: usize, wanted: usize) -> Self {
        let mut part = self.none();
        part.extend(self, range);
        match (found, wanted) {
            (3, 1) => part.to_grey(),
            (1, 3) => part.to_colour(),
            _ => part,
        }
    }

    /// Forgets the first values.
    pub fn forget(&mut self, count: usize) {
        each!(self, values => drop(values.drain(..count)));
    }

    /// In words.
    pub(crate) fn depth(&self) -> &'static str {
        match self {
            Self::Bytes(_) => "8 bits",
            Self::Words(_) => "16 bits",
            Self::Floats(_) => "32 bits",
        }
    }

    /// The luminance of values in threes. Whole numbers are rounded as the crate `image` does it, which is how sets of 8
    /// bits were always read.
    fn to_grey(&self) -> Self {
        match self {
            Self::Bytes(bytes) => Self::Bytes(
                bytes
                    .chunks(3 * CHUNK)
                    .filter_map(|part| RgbImage::from_raw(part.len() as u32 / 3, 1, part.to_vec()))
                    .flat_map(|part| DynamicImage::ImageRgb8(part).into_luma8().into_raw())
                    .collect(),
            ),
            Self::Words(words) => Self::Words(
                words
                    .chunks(3 * CHUNK)
                    .filter_map(|part| {
                        ImageBuffer::from_raw(part.len() as u32 / 3, 1, part.to_vec())
                    })
                    .flat_map(|part| DynamicImage::ImageRgb16(part).into_luma16().into_raw())
                    .collect(),
            ),
            // Weights that sum to one may still round above it.
            Self::Floats(floats) => Self::Floats(
                floats
                    .as_chunks::<3>()
                    .0
                    .iter()
                    .map(|[red, green, blue]| 0.2126 * red + 0.7152 * green + 0.0722 * blue)
                    .map(|grey| grey.min(1.0))
                    .collect(),
            ),
        }
    }

    /// Each value three times.
    fn to_colour(&self) -> Self {
        map_each!(self, values => values.iter().flat_map(|grey| [*grey; 3]).collect())
    }

    /// Refuses floats that are no numbers or stand for something else than 0 to 1: what, nobody can know.
    pub(super) fn check_range(&self, name: &Path) -> Result<(), DatasetError> {
        let Self::Floats(floats) = self else {
            return Ok(());
        };
        if let Some(value) = floats.iter().find(|value| !value.is_finite()) {
            return Err(DatasetError::malformed(
                name,
                "numbers; fill the gaps first, for example with numpy.nan_to_num",
                format!("a pixel of value {value}"),
            ));
        }
        let low = floats.iter().copied().fold(f32::MAX, f32::min);
        let high = floats.iter().copied().fold(f32::MIN, f32::max);
        if (0.0..=1.0).contains(&low) && (0.0..=1.0).contains(&high) {
            return Ok(());
        }
        Err(DatasetError::malformed(
            name,
            "floating-point values from 0 to 1. Bring all pictures to that range by the same factor, for example \
             by `gdal_translate -scale 0 255 0 1 in.tif out.tif` or in Python by \
             `tifffile.imwrite(\"out.tif\", tifffile.imread(\"in.tif\") / 255)`",
            format!("values from {low} to {high}"),
        ))
    }
}
