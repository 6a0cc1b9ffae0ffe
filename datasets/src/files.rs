//! Opening files that may be gzipped, telling damage from trouble with the disk, and writing beside a place.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::Path;

use crate::gunzip::unpacked;
use crate::{DatasetError, Unfinished};

/// Opens a file for reading, unpacking it if it starts as gzip does, whatever its name.
pub(crate) fn open(path: &Path) -> Result<Box<dyn Read>, DatasetError> {
    let file = File::open(path).map_err(|source| DatasetError::io(path, source))?;
    unpacked(BufReader::with_capacity(1 << 16, file))
        .map_err(|source| DatasetError::io(path, source))
}

/// An error while reading: a damaged gzip stream is a malformed file, the rest is the operating system's.
pub(crate) fn reading(path: &Path, source: io::Error) -> DatasetError {
    match source.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
            DatasetError::malformed(path, "intact gzip data", source.to_string())
        }
        _ => DatasetError::io(path, source),
    }
}

/// What is written for a place before it takes it; the folder is made where there is none.
pub(crate) fn part(place: &Path) -> Result<Unfinished, DatasetError> {
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder).map_err(|error| DatasetError::io(folder, error))?;
    }
    Unfinished::beside(place).map_err(|error| DatasetError::io(place, error))
}

/// Puts what was written into its place.
pub(crate) fn put(part: Unfinished, place: &Path) -> Result<(), DatasetError> {
    part.put().map_err(|error| DatasetError::io(place, error))
}
