//! Reading a picture from top to bottom, some rows at a time.
//!
//! PNG, unless it is interlaced, is decoded row by row and takes no more memory than the rows that are asked for. JPEG, TIFF
//! and interlaced PNG are decoded whole, three bytes a pixel.

use std::fs::File;
use std::io::{BufReader, Seek};
use std::path::{Path, PathBuf};

use image::error::{DecodingError, ImageFormatHint};
use image::{DynamicImage, ImageError, ImageFormat, ImageReader, Limits};
use png::{ColorType, Transformations};

use crate::TrainError;

/// The most rows and columns of a picture.
const LONGEST_SIDE: u32 = 1 << 17;

/// The most memory that decoding a whole picture may take: 4 GiB.
const MOST_BYTES: u64 = 1 << 32;

/// A picture, read from top to bottom as red, green and blue bytes.
pub struct Rows {
    path: PathBuf,
    /// `[height, width]`.
    size: [usize; 2],
    next: usize,
    source: Source,
}

enum Source {
    Png(Box<png::Reader<BufReader<File>>>),
    Whole(Vec<u8>),
}

impl Rows {
    /// Opens a picture.
    pub fn open(path: &Path) -> Result<Self, TrainError> {
        let reader = reader(path)?;
        if reader.format() == Some(ImageFormat::Png)
            && let Some(rows) = Self::open_png(path)?
        {
            return Ok(rows);
        }
        let picture = decoded(path, reader)?;
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        Ok(Self {
            path: path.to_path_buf(),
            size: [height, width],
            next: 0,
            source: Source::Whole(picture.into_rgb8().into_raw()),
        })
    }

    /// Opens a PNG, unless it is interlaced.
    fn open_png(path: &Path) -> Result<Option<Self>, TrainError> {
        let file = File::open(path).map_err(TrainError::io("open", path))?;
        let mut decoder = png::Decoder::new(BufReader::new(file));
        decoder.set_transformations(Transformations::normalize_to_color8());
        let info = decoder.read_header_info().map_err(|e| damaged(path, e))?;
        let (width, height, interlaced) = (info.width, info.height, info.interlaced);
        if width > LONGEST_SIDE || height > LONGEST_SIDE {
            return Err(TrainError::Mismatch(format!(
                "{}: {width}×{height} pixels, at most {LONGEST_SIDE} a side are read",
                path.display()
            )));
        }
        if interlaced {
            return Ok(None);
        }
        let reader = decoder.read_info().map_err(|e| damaged(path, e))?;
        Ok(Some(Self {
            path: path.to_path_buf(),
            size: [height as usize, width as usize],
            next: 0,
            source: Source::Png(Box::new(reader)),
        }))
    }

    /// `[height, width]`.
    pub fn size(&self) -> [usize; 2] {
        self.size
    }

    /// Appends the next `count` rows, three bytes a pixel.
    pub fn read(&mut self, count: usize, into: &mut Vec<u8>) -> Result<(), TrainError> {
        let [height, width] = self.size;
        let count = count.min(height - self.next);
        match &mut self.source {
            Source::Whole(pixels) => {
                let row = 3 * width;
                into.extend_from_slice(&pixels[self.next * row..(self.next + count) * row]);
            }
            Source::Png(reader) => {
                let kind = reader.output_color_type().0;
                for _ in 0..count {
                    let row = reader.next_row().map_err(|e| damaged(&self.path, e))?;
                    let Some(row) = row else {
                        return Err(TrainError::Mismatch(format!(
                            "{}: fewer rows than the {height} that it declares",
                            self.path.display()
                        )));
                    };
                    extend_rgb(into, row.data(), kind);
                }
            }
        }
        self.next += count;
        Ok(())
    }
}

/// `[height, width]` of a picture, from its first bytes.
pub fn size(path: &Path) -> Result<[usize; 2], TrainError> {
    let (width, height) = reader(path)?
        .into_dimensions()
        .map_err(|e| undecodable(path, e))?;
    Ok([height as usize, width as usize])
}

/// A picture as a whole, within the bounds of all that are read.
pub fn decode(path: &Path) -> Result<DynamicImage, TrainError> {
    decoded(path, reader(path)?)
}

fn decoded(
    path: &Path,
    reader: ImageReader<impl std::io::BufRead + Seek>,
) -> Result<DynamicImage, TrainError> {
    reader.decode().map_err(|e| undecodable(path, e))
}

fn reader(path: &Path) -> Result<ImageReader<impl std::io::BufRead + Seek>, TrainError> {
    let mut reader = ImageReader::open(path)
        .map_err(TrainError::io("open", path))?
        .with_guessed_format()
        .map_err(TrainError::io("read", path))?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MOST_BYTES);
    reader.limits(limits);
    Ok(reader)
}

/// Appends a row of bytes as red, green and blue. An alpha channel of tissue says nothing.
fn extend_rgb(into: &mut Vec<u8>, row: &[u8], kind: ColorType) {
    match kind {
        ColorType::Rgb => into.extend_from_slice(row),
        ColorType::Rgba => into.extend(row.chunks_exact(4).flat_map(|pixel| &pixel[..3])),
        ColorType::GrayscaleAlpha => {
            into.extend(row.chunks_exact(2).flat_map(|pixel| [pixel[0]; 3]));
        }
        // Palettes were expanded.
        ColorType::Grayscale | ColorType::Indexed => {
            into.extend(row.iter().flat_map(|grey| [*grey; 3]));
        }
    }
}

fn damaged(path: &Path, error: png::DecodingError) -> TrainError {
    let hint = ImageFormatHint::Exact(ImageFormat::Png);
    undecodable(path, ImageError::Decoding(DecodingError::new(hint, error)))
}

fn undecodable(path: &Path, source: ImageError) -> TrainError {
    TrainError::Image {
        path: path.to_path_buf(),
        source,
    }
}
