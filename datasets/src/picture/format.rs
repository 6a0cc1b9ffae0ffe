//! What kind of file a picture is, by its first bytes.

use std::fmt;
use std::io::{BufRead, Read, Seek, SeekFrom};
use std::path::Path;

use image::ImageFormat;
use serde::Serialize;

use super::damaged;
use crate::DatasetError;

/// What kind of file a picture is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PictureFormat {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// TIFF and BigTIFF.
    Tiff,
    /// BMP.
    Bmp,
    /// WebP.
    WebP,
}

impl fmt::Display for PictureFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::Tiff => "TIFF",
            Self::Bmp => "BMP",
            Self::WebP => "WebP",
        })
    }
}

/// Who decodes a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Png,
    Tiff,
    /// JPEG, BMP or WebP.
    Other(ImageFormat),
}

impl Format {
    /// Looks at the first bytes and goes back to them.
    pub(super) fn guess(
        stream: &mut (impl BufRead + Seek),
        name: &Path,
    ) -> Result<Self, DatasetError> {
        let mut start = Vec::with_capacity(16);
        let reading = |source| DatasetError::io(name, source);
        stream
            .by_ref()
            .take(16)
            .read_to_end(&mut start)
            .map_err(reading)?;
        stream.seek(SeekFrom::Start(0)).map_err(reading)?;
        // The version of TIFF with 64-bit offsets, which `image` decodes but does not recognise.
        if [b"II\x2b\0\x08\0", b"MM\0\x2b\0\x08"].contains(&start.first_chunk().unwrap_or(&[0; 6]))
        {
            return Ok(Self::Tiff);
        }
        match image::guess_format(&start) {
            Ok(ImageFormat::Png) => Ok(Self::Png),
            Ok(ImageFormat::Tiff) => Ok(Self::Tiff),
            Ok(format @ (ImageFormat::Jpeg | ImageFormat::Bmp | ImageFormat::WebP)) => {
                Ok(Self::Other(format))
            }
            Ok(other) => Err(damaged(name, format!("{other:?}; convert it"))),
            Err(_) if start.is_empty() => Err(damaged(name, "an empty file")),
            Err(_) => Err(damaged(name, "another kind of file")),
        }
    }
}
