//! Opening files that may be gzipped, and telling damage from trouble with the disk.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use crate::DatasetError;
use crate::gunzip::Gunzip;

/// Opens a file for reading, unpacking it if it starts as gzip does, whatever its name.
pub(crate) fn open(path: &Path) -> Result<Box<dyn Read>, DatasetError> {
    let file = File::open(path).map_err(|source| DatasetError::io(path, source))?;
    unpacked(BufReader::with_capacity(1 << 16, file))
        .map_err(|source| DatasetError::io(path, source))
}

/// The bytes of a stream, unpacked if it starts as gzip does.
pub(crate) fn unpacked<'a>(mut stream: impl io::BufRead + 'a) -> io::Result<Box<dyn Read + 'a>> {
    Ok(if stream.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
        Box::new(Gunzip::new(stream))
    } else {
        Box::new(stream)
    })
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
