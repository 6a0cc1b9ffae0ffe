//! TIFF and BigTIFF of 1, 8, 16 and 32 bits and of floats, in grey, colour and CMYK.

use std::io::{BufRead, Seek};
use std::path::Path;

use ::tiff::decoder::{BufferLayoutPreference, Decoder, DecodingResult, Limits};
use ::tiff::tags::{SampleFormat, Tag};
use ::tiff::{ColorType, TiffError};

use super::orientation::{Orientation, upright, upright_size};
use super::{Picture, PictureFormat, PictureHeader, PictureLimits, Samples, damaged, is_damage};
use crate::DatasetError;

/// The most bytes of lists of strips and tiles, and of notes: 16 MiB.
const NOTES: usize = 1 << 24;

/// A TIFF whose first directory is read.
pub(super) struct Opened<R: BufRead + Seek> {
    decoder: Decoder<R>,
    /// `[height, width]`, as it lies in the file.
    size: [usize; 2],
    color: ColorType,
    orientation: Orientation,
}

impl<R: BufRead + Seek> Opened<R> {
    pub(super) fn new(
        stream: R,
        name: &Path,
        limits: &PictureLimits,
    ) -> Result<Self, DatasetError> {
        let fault = |error| refused(error, name);
        let mut bounds = Limits::default();
        bounds.ifd_value_size = NOTES;
        let mut decoder = Decoder::new(stream).map_err(fault)?.with_limits(bounds);
        let (width, height) = decoder.dimensions().map_err(fault)?;
        let size = [height as usize, width as usize];
        limits.check_sides(size, name)?;
        let color = decoder.colortype().map_err(fault)?;
        let found = samples(color);
        let bits = usize::from(color.bit_depth());
        let format = decoder
            .find_tag_unsigned_vec::<u16>(Tag::SampleFormat)
            .map_err(fault)?;
        let format = format.and_then(|formats| formats.first().copied());
        let is_known = match format.map_or(Some(SampleFormat::Uint), SampleFormat::from_u16) {
            Some(SampleFormat::Uint) => [8, 16, 32].contains(&bits) || (found, bits) == (1, 1),
            Some(SampleFormat::IEEEFP) => [16, 32, 64].contains(&bits),
            _ => false,
        };
        if found == 0 || !is_known {
            return Err(unknown(name, color, format));
        }
        limits.check_bytes(size, found * bits.div_ceil(8), name)?;
        // A strip or tile may be a little larger than its part of the picture, never larger than the whole by much.
        let whole = size[0]
            .saturating_mul(size[1])
            .saturating_mul(found * bits.div_ceil(8));
        let mut bounds = Limits::default();
        bounds.ifd_value_size = NOTES;
        bounds.decoding_buffer_size = whole;
        bounds.intermediate_buffer_size = whole.saturating_mul(2).saturating_add(NOTES);
        decoder = decoder.with_limits(bounds);
        let orientation = decoder
            .find_tag_unsigned::<u8>(Tag::Orientation)
            .ok()
            .flatten()
            .and_then(Orientation::from_exif)
            .unwrap_or(Orientation::NoTransforms);
        Ok(Self {
            decoder,
            size,
            color,
            orientation,
        })
    }

    pub(super) fn header(&self) -> PictureHeader {
        PictureHeader {
            format: PictureFormat::Tiff,
            size: upright_size(self.size, self.orientation),
            channels: channels(self.color),
            is_bytes: self.color.bit_depth() <= 8,
        }
    }

    pub(super) fn decode(mut self, name: &Path) -> Result<Picture, DatasetError> {
        let mut result = DecodingResult::U8(Vec::new());
        let layout = self
            .decoder
            .read_image_to_buffer(&mut result)
            .map_err(|error| refused(error, name))?;
        let size = self.size;
        let place = Place::new(size, self.color, &layout, &result);
        let samples = match result {
            DecodingResult::U8(values) if self.color == ColorType::Gray(1) => {
                Samples::Bytes(bits(&values, size))
            }
            DecodingResult::U8(values) => match self.color {
                ColorType::CMYK(_) => Samples::Bytes(uncovered(&place.take(&values), 255.0)),
                _ => Samples::Bytes(place.take(&values)),
            },
            DecodingResult::U16(values) => match self.color {
                ColorType::CMYK(_) => Samples::Words(uncovered(&place.take(&values), 65535.0)),
                _ => Samples::Words(place.take(&values)),
            },
            DecodingResult::U32(values) => {
                let floats = place.take(&values).into_iter();
                let most = f64::from(u32::MAX);
                Samples::Floats(floats.map(|v| (f64::from(v) / most) as f32).collect())
            }
            DecodingResult::F16(values) => {
                Samples::Floats(place.take(&values).iter().map(|v| v.to_f32()).collect())
            }
            DecodingResult::F32(values) => Samples::Floats(place.take(&values)),
            DecodingResult::F64(values) => {
                Samples::Floats(place.take(&values).iter().map(|v| *v as f32).collect())
            }
            _ => return Err(unknown(name, self.color, None)),
        };
        let channels = channels(self.color);
        if samples.len() != size[0] * size[1] * channels {
            return Err(damaged(name, "fewer values than pixels"));
        }
        let samples = upright(samples, size, channels, self.orientation);
        Picture::new(
            upright_size(size, self.orientation),
            channels,
            samples,
            name,
        )
    }
}

/// How many values a pixel has in the file; none for what is not read.
fn samples(color: ColorType) -> usize {
    match color {
        ColorType::Gray(_) => 1,
        ColorType::GrayA(_) => 2,
        ColorType::RGB(_) => 3,
        ColorType::RGBA(_) | ColorType::CMYK(_) => 4,
        _ => 0,
    }
}

/// How many of them are colours.
fn samples_kept(color: ColorType) -> usize {
    match color {
        ColorType::Gray(_) | ColorType::GrayA(_) => 1,
        ColorType::CMYK(_) => 4,
        _ => 3,
    }
}

/// 1 for grey, 3 for colours.
fn channels(color: ColorType) -> usize {
    if samples_kept(color) == 1 { 1 } else { 3 }
}

/// Where the values of a pixel lie: beside each other, or each in a plane of its own.
struct Place {
    pixels: usize,
    kept: usize,
    /// From a pixel to the next.
    pixel: usize,
    /// From a channel to the next.
    channel: usize,
}

impl Place {
    fn new(
        [height, width]: [usize; 2],
        color: ColorType,
        layout: &BufferLayoutPreference,
        result: &DecodingResult,
    ) -> Self {
        let found = samples(color);
        let bytes = match result {
            DecodingResult::U8(_) | DecodingResult::I8(_) => 1,
            DecodingResult::U16(_) | DecodingResult::I16(_) | DecodingResult::F16(_) => 2,
            DecodingResult::U32(_) | DecodingResult::I32(_) | DecodingResult::F32(_) => 4,
            DecodingResult::U64(_) | DecodingResult::I64(_) | DecodingResult::F64(_) => 8,
        };
        let plane = layout.plane_stride.map_or(0, usize::from) / bytes;
        let [pixel, channel] = if layout.planes > 1 {
            [1, plane]
        } else {
            [found, 1]
        };
        Self {
            pixels: height * width,
            kept: samples_kept(color),
            pixel,
            channel,
        }
    }

    /// The colours of each pixel; fewer where values are missing.
    fn take<T: Copy>(&self, values: &[T]) -> Vec<T> {
        let mut taken = Vec::with_capacity(self.pixels * self.kept);
        for pixel in 0..self.pixels {
            let places = (0..self.kept).map(|channel| pixel * self.pixel + channel * self.channel);
            taken.extend(places.filter_map(|place| values.get(place).copied()));
        }
        taken
    }
}

/// Black and white, eight pixels in a byte and each row from a byte of its own.
fn bits(packed: &[u8], [_, width]: [usize; 2]) -> Vec<u8> {
    let rows = packed.chunks_exact(width.div_ceil(8).max(1));
    let pixel = |row: &[u8], column: usize| 255 * (row[column / 8] >> (7 - column % 8) & 1);
    rows.flat_map(|row| (0..width).map(move |column| pixel(row, column)))
        .collect()
}

/// What four inks leave of the light: (most − ink) (1 − black), rounded down.
fn uncovered<T: Copy + Into<f32> + FromFloat>(inks: &[T], most: f32) -> Vec<T> {
    let (pixels, _) = inks.as_chunks::<4>();
    let light = pixels.iter().flat_map(|pixel| {
        let [cyan, magenta, yellow, black] = pixel.map(Into::into);
        let left = 1.0 - black / most;
        [cyan, magenta, yellow].map(|ink| T::from_float((most - ink) * left))
    });
    light.collect()
}

/// Whole numbers from floats in their range.
trait FromFloat {
    fn from_float(value: f32) -> Self;
}

impl FromFloat for u8 {
    fn from_float(value: f32) -> Self {
        value as u8
    }
}

impl FromFloat for u16 {
    fn from_float(value: f32) -> Self {
        value as u16
    }
}

fn unknown(name: &Path, color: ColorType, format: Option<u16>) -> DatasetError {
    let signed = match format.and_then(SampleFormat::from_u16) {
        Some(SampleFormat::Int) => ", signed",
        Some(SampleFormat::IEEEFP) => ", floating-point",
        _ => "",
    };
    DatasetError::malformed(
        name,
        "a TIFF in grey, RGB or CMYK of 8, 16 or 32 bits or of floats; `magick in.tif out.png` or \
         `gdal_translate -ot UInt16 in.tif out.tif` converts it",
        format!("{color:?}{signed}"),
    )
}

fn refused(error: TiffError, name: &Path) -> DatasetError {
    match error {
        TiffError::IoError(source) if !is_damage(&source) => DatasetError::io(name, source),
        error => damaged(name, error.to_string()),
    }
}
