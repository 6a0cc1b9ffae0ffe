//! JPEG, BMP and WebP, decoded whole by the crate `image`. Of an animation the first picture is taken.

use std::io::{BufRead, Seek, SeekFrom};
use std::path::Path;

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use super::orientation::{Orientation, upright_size};
use super::{Picture, PictureFormat, PictureHeader, PictureLimits, Samples, damaged, length};
use crate::DatasetError;

/// The most pixels that a byte of a JPEG may stand for: a block of 64 takes a bit at least.
const JPEG_PIXELS: u64 = 8 * 64;

pub(super) fn header(
    stream: impl BufRead + Seek,
    format: ImageFormat,
    name: &Path,
    limits: &PictureLimits,
) -> Result<PictureHeader, DatasetError> {
    let mut decoder = decoder(stream, format, name, limits)?;
    let (width, height) = decoder.dimensions();
    let size = [height as usize, width as usize];
    let color = decoder.color_type();
    Ok(PictureHeader {
        format: match format {
            ImageFormat::Bmp => PictureFormat::Bmp,
            ImageFormat::WebP => PictureFormat::WebP,
            _ => PictureFormat::Jpeg,
        },
        channels: if color.has_color() { 3 } else { 1 },
        size: upright_size(size, orientation(&mut decoder)),
        is_bytes: color.bytes_per_pixel() == color.channel_count(),
    })
}

pub(super) fn decode(
    stream: impl BufRead + Seek,
    format: ImageFormat,
    name: &Path,
    limits: &PictureLimits,
) -> Result<Picture, DatasetError> {
    let mut decoder = decoder(stream, format, name, limits)?;
    let orientation = orientation(&mut decoder);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|e| refused(e, name))?;
    picture.apply_orientation(orientation);
    let size = [picture.height() as usize, picture.width() as usize];
    let grey = !picture.color().has_color();
    let (channels, samples) = match picture {
        DynamicImage::ImageLuma8(_) | DynamicImage::ImageLumaA8(_) => {
            (1, Samples::Bytes(picture.into_luma8().into_raw()))
        }
        DynamicImage::ImageRgb8(_) | DynamicImage::ImageRgba8(_) => {
            (3, Samples::Bytes(picture.into_rgb8().into_raw()))
        }
        DynamicImage::ImageRgb32F(_) | DynamicImage::ImageRgba32F(_) => {
            (3, Samples::Floats(picture.into_rgb32f().into_raw()))
        }
        _ if grey => (1, Samples::Words(picture.into_luma16().into_raw())),
        _ => (3, Samples::Words(picture.into_rgb16().into_raw())),
    };
    Picture::new(size, channels, samples, name)
}

/// A decoder of a picture that is not too large.
fn decoder<'a>(
    mut stream: impl BufRead + Seek + 'a,
    format: ImageFormat,
    name: &Path,
    limits: &PictureLimits,
) -> Result<impl ImageDecoder + 'a, DatasetError> {
    let length = length(&mut stream, name)?;
    if format == ImageFormat::WebP {
        check_chunks(&mut stream, length, name)?;
    }
    let mut reader = ImageReader::with_format(stream, format);
    // Sides and bytes are compared below, with words of our own.
    let mut bounds = Limits::no_limits();
    bounds.max_alloc = Some(limits.bytes);
    reader.limits(bounds);
    let decoder = reader.into_decoder().map_err(|e| refused(e, name))?;
    let (width, height) = decoder.dimensions();
    let size = [height as usize, width as usize];
    limits.check_sides(size, name)?;
    let most = length.saturating_mul(JPEG_PIXELS);
    if format == ImageFormat::Jpeg && u64::from(width) * u64::from(height) > most {
        // Its decoder makes what is not there up, in grey.
        let found = format!("{width}×{height} pixels in {length} bytes, of which most are missing");
        return Err(damaged(name, found));
    }
    let pixel = usize::from(decoder.color_type().bytes_per_pixel());
    limits.check_bytes(size, pixel, name)?;
    Ok(decoder)
}

/// Refuses a WebP with chunks that are longer than the file: its decoder takes memory for what they declare.
fn check_chunks(
    stream: &mut (impl BufRead + Seek),
    length: u64,
    name: &Path,
) -> Result<(), DatasetError> {
    let reading = |source| DatasetError::io(name, source);
    // Behind "RIFF", a length and "WEBP": a name of four bytes, a length, and as much rounded up to an even number.
    let mut place = 12;
    while place + 8 <= length {
        stream.seek(SeekFrom::Start(place + 4)).map_err(reading)?;
        let mut size = [0; 4];
        stream.read_exact(&mut size).map_err(reading)?;
        let size = u64::from(u32::from_le_bytes(size));
        place += 8 + size;
        if place > length {
            let found = format!("a part of {size} bytes in a file of {length}");
            return Err(damaged(name, found));
        }
        place += size % 2;
    }
    stream.seek(SeekFrom::Start(0)).map_err(reading)?;
    Ok(())
}

/// How the picture was held. Notes about it that make no sense say nothing.
fn orientation(decoder: &mut impl ImageDecoder) -> Orientation {
    decoder.orientation().unwrap_or(Orientation::NoTransforms)
}

fn refused(error: ImageError, name: &Path) -> DatasetError {
    match error {
        ImageError::IoError(source) if !super::is_damage(&source) => DatasetError::io(name, source),
        error => damaged(name, error.to_string()),
    }
}
