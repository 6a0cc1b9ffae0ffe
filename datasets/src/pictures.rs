//! Decoding pictures that others made: their size is bounded before memory is taken, and errors name the file.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Seek};
use std::path::Path;

use image::{DynamicImage, ImageError, ImageReader, Limits};

use crate::DatasetError;

/// The most rows and columns that are decoded.
const LONGEST_SIDE: u32 = 1 << 15;

/// The most memory that decoding may take, and so the largest picture: 512 MiB.
const MOST_BYTES: u64 = 1 << 29;

/// Decodes the picture at `path`, PNG, JPEG or TIFF by its content.
pub(crate) fn read(path: &Path) -> Result<DynamicImage, DatasetError> {
    let file = File::open(path).map_err(|source| DatasetError::io(path, source))?;
    decode(BufReader::with_capacity(1 << 16, file), path)
}

/// Decodes a picture in memory; `name` is what errors call it.
pub(crate) fn read_bytes(bytes: &[u8], name: &Path) -> Result<DynamicImage, DatasetError> {
    decode(Cursor::new(bytes), name)
}

/// `[height, width]` of the picture at `path`, from its first bytes.
pub(crate) fn read_size(path: &Path) -> Result<[usize; 2], DatasetError> {
    let file = File::open(path).map_err(|source| DatasetError::io(path, source))?;
    let (width, height) = reader(BufReader::new(file), path)?
        .into_dimensions()
        .map_err(|error| refused(error, path))?;
    Ok([height as usize, width as usize])
}

fn decode(stream: impl BufRead + Seek, name: &Path) -> Result<DynamicImage, DatasetError> {
    reader(stream, name)?
        .decode()
        .map_err(|error| refused(error, name))
}

fn reader<R: BufRead + Seek>(stream: R, name: &Path) -> Result<ImageReader<R>, DatasetError> {
    let mut reader = ImageReader::new(stream)
        .with_guessed_format()
        .map_err(|source| DatasetError::io(name, source))?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MOST_BYTES);
    reader.limits(limits);
    Ok(reader)
}

fn refused(error: ImageError, name: &Path) -> DatasetError {
    match error {
        ImageError::IoError(source) if !is_damage(&source) => DatasetError::io(name, source),
        error => DatasetError::malformed(
            name,
            "an intact picture in PNG, JPEG or TIFF",
            error.to_string(),
        ),
    }
}

/// Whether an error while reading is the file's content and not the disk's trouble.
fn is_damage(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
    matches!(
        error.kind(),
        UnexpectedEof | InvalidData | InvalidInput | Other
    )
}

/// `[height, width]` of a picture.
pub(crate) fn size(picture: &DynamicImage) -> [usize; 2] {
    [picture.height() as usize, picture.width() as usize]
}
