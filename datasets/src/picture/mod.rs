//! Pictures that others made: the one reader that training, evaluation, prediction and slides share.
//!
//! ```text
//! 8 bits      v / 255            16 bits   v / 65535          32 bits   v / (2³² − 1)
//! floats      v, if all of them are from 0 to 1; otherwise refused, not guessed
//! grey        one channel        colour    red, green, blue; palettes are expanded
//! alpha       left out: colours count as they stand, however transparent they are
//! turned      upright, as the orientation in the file's EXIF or TIFF tags says
//! ```
//!
//! Nothing is rounded to 8 bits that was read with more. A picture is refused, with its name, before memory is taken that
//! it should not have: its size is bounded, colour profiles and texts are not unpacked, and a decoder that panics is an
//! error like others. `docs/pictures.md` says the same to users.

mod format;
mod limits;
mod orientation;
mod other;
mod png;
mod preparation;
mod quantiles;
mod resize;
mod rows;
mod samples;
mod stretch;
mod tiff;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Seek, SeekFrom};
use std::path::Path;

use self::format::Format;
use crate::DatasetError;
use crate::shield;
pub use format::PictureFormat;
pub use limits::PictureLimits;
pub use preparation::Preparation;
pub use resize::Fit;
pub use rows::PictureRows;
pub use samples::Samples;
pub use stretch::Stretch;

/// What a decoder hands on: values that are upright and have no alpha.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    size: [usize; 2],
    channels: usize,
    samples: Samples,
}

/// What the first bytes of a picture say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PictureHeader {
    /// What kind of file it is.
    pub format: PictureFormat,
    /// `[height, width]`, upright.
    pub size: [usize; 2],
    /// 1 for grey, 3 for red, green and blue.
    pub channels: usize,
    /// Whether its values have 8 bits or fewer, so that bytes hold them.
    pub is_bytes: bool,
}

impl PictureHeader {
    /// Reads the beginning of the picture at `path`.
    pub fn read(path: &Path, limits: &PictureLimits) -> Result<Self, DatasetError> {
        shielded(path, || {
            let mut stream = open(path)?;
            let limits = &limits.of_file(length(&mut stream, path)?);
            match Format::guess(&mut stream, path)? {
                Format::Png => Ok(png::Opened::new(stream, path, limits)?.header()),
                Format::Tiff => Ok(tiff::Opened::new(stream, path, limits)?.header()),
                Format::Other(format) => other::header(stream, format, path, limits),
            }
        })
    }
}

impl Picture {
    /// Decodes the picture at `path`, by its content and not by its name.
    pub fn read(path: &Path, limits: &PictureLimits) -> Result<Self, DatasetError> {
        shielded(path, || decode(open(path)?, path, limits))
    }

    /// Decodes a picture whose pixels are numbers of something, classes or instances: of a PNG with a palette the places in it,
    /// of one of few bits the values as they are, not spread over the range. Other pictures are decoded as ever.
    pub(crate) fn read_numbers(path: &Path, limits: &PictureLimits) -> Result<Self, DatasetError> {
        shielded(path, || decode_numbers(open(path)?, path, limits))
    }

    /// The same of a picture in memory.
    pub(crate) fn numbers_from_bytes(
        bytes: &[u8],
        name: &Path,
        limits: &PictureLimits,
    ) -> Result<Self, DatasetError> {
        shielded(name, || decode_numbers(Cursor::new(bytes), name, limits))
    }

    /// Decodes a picture in memory; `name` is what errors call it.
    pub fn from_bytes(
        bytes: &[u8],
        name: &Path,
        limits: &PictureLimits,
    ) -> Result<Self, DatasetError> {
        shielded(name, || decode(Cursor::new(bytes), name, limits))
    }

    /// Checks that there is a value for each channel of each pixel, and that all are from 0 to 1.
    pub(crate) fn new(
        size: [usize; 2],
        channels: usize,
        samples: Samples,
        name: &Path,
    ) -> Result<Self, DatasetError> {
        let expected = size[0] * size[1] * channels;
        if samples.len() != expected || expected == 0 {
            return Err(damaged(
                name,
                format!(
                    "{} values for {} × {} pixels",
                    samples.len(),
                    size[0],
                    size[1]
                ),
            ));
        }
        samples.check_range(name)?;
        Ok(Self {
            size,
            channels,
            samples,
        })
    }

    /// `[height, width]`.
    pub fn size(&self) -> [usize; 2] {
        self.size
    }

    /// 1 for grey, 3 for red, green and blue.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// The values of all channels of the first pixel, of the next one in its row, and so on, row by row.
    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    /// [`Self::samples`], without the picture.
    pub fn into_samples(self) -> Samples {
        self.samples
    }

    /// The picture in as many channels, 1 or 3, as [`Samples::in_channels`] has them.
    pub fn in_channels(self, channels: usize) -> Self {
        if self.channels == channels {
            return self;
        }
        let all = 0..self.samples.len();
        Self {
            samples: self.samples.in_channels(all, self.channels, channels),
            channels,
            ..self
        }
    }

    /// Depth and channels in words.
    pub(crate) fn kind(&self) -> String {
        let colour = if self.channels == 1 { "grey" } else { "colour" };
        format!("{colour} of {}", self.samples.depth())
    }
}

fn open(path: &Path) -> Result<BufReader<File>, DatasetError> {
    let file = File::open(path).map_err(|source| DatasetError::io(path, source))?;
    Ok(BufReader::with_capacity(1 << 16, file))
}

/// How many bytes there are; goes back to the first one.
fn length(stream: &mut impl Seek, name: &Path) -> Result<u64, DatasetError> {
    let reading = |source| DatasetError::io(name, source);
    let length = stream.seek(SeekFrom::End(0)).map_err(reading)?;
    stream.seek(SeekFrom::Start(0)).map_err(reading)?;
    Ok(length)
}

fn decode(
    mut stream: impl BufRead + Seek,
    name: &Path,
    limits: &PictureLimits,
) -> Result<Picture, DatasetError> {
    let limits = &limits.of_file(length(&mut stream, name)?);
    match Format::guess(&mut stream, name)? {
        Format::Png => png::Opened::new(stream, name, limits)?.decode(name),
        Format::Tiff => tiff::Opened::new(stream, name, limits)?.decode(name),
        Format::Other(format) => other::decode(stream, format, name, limits),
    }
}

fn decode_numbers(
    mut stream: impl BufRead + Seek,
    name: &Path,
    limits: &PictureLimits,
) -> Result<Picture, DatasetError> {
    let of_file = limits.of_file(length(&mut stream, name)?);
    match Format::guess(&mut stream, name)? {
        Format::Png => png::Opened::of_numbers(stream, name, &of_file)?.decode(name),
        _ => decode(stream, name, limits),
    }
}

/// What a picture should be.
const INTACT: &str = "an intact picture in PNG, JPEG, TIFF, BMP or WebP";

/// A file that is no intact picture.
fn damaged(name: &Path, found: impl Into<String>) -> DatasetError {
    DatasetError::malformed(name, INTACT, found)
}

/// Does the work of a decoder of pictures, one that panics as well.
fn shielded<T>(
    name: &Path,
    work: impl FnOnce() -> Result<T, DatasetError>,
) -> Result<T, DatasetError> {
    shield::shielded(name, INTACT, work)
}

/// Whether an error while reading is the file's content and not the disk's trouble.
fn is_damage(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
    matches!(
        error.kind(),
        UnexpectedEof | InvalidData | InvalidInput | Other
    )
}

#[cfg(test)]
mod tests;
