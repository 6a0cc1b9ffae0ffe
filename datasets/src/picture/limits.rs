//! How large a picture may be, checked before memory is taken for it.

use std::path::Path;

use crate::DatasetError;

/// The most bytes that a byte of a large file may stand for.
const MOST_UNPACKED: u64 = 2048;

/// Bounds of what is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PictureLimits {
    /// The most rows and columns.
    pub longest_side: usize,
    /// The most bytes that the decoded values may take where a picture is decoded whole.
    pub bytes: u64,
}

impl PictureLimits {
    /// For the pictures of a data set: 2¹⁵ a side, 512 MiB.
    pub const DATASET: Self = Self {
        longest_side: 1 << 15,
        bytes: 1 << 29,
    };

    /// For slides and what is predicted on: 2¹⁷ a side, 4 GiB where it cannot be read row by row, of which more than 512 MiB
    /// only for files of some size: 2048 bytes for each of theirs, more than JPEG and Deflate can pack into one.
    pub const SLIDE: Self = Self {
        longest_side: 1 << 17,
        bytes: 1 << 32,
    };

    /// The bounds for a file of so many bytes: a few of them don't ask for gigabytes.
    pub(super) fn of_file(&self, length: u64) -> Self {
        let unpacked = length.saturating_mul(MOST_UNPACKED);
        Self {
            bytes: self.bytes.min(unpacked.max(Self::DATASET.bytes)),
            ..*self
        }
    }

    /// Refuses sides that are too long.
    pub(super) fn check_sides(
        &self,
        [height, width]: [usize; 2],
        name: &Path,
    ) -> Result<(), DatasetError> {
        let longest = self.longest_side;
        if height <= longest && width <= longest {
            return Ok(());
        }
        let expected = format!(
            "a picture of at most {longest} pixels a side; cut it into pieces or shrink it"
        );
        Err(DatasetError::malformed(
            name,
            expected,
            format!("{width}×{height}"),
        ))
    }

    /// Refuses more bytes than may be taken for a whole picture, of so many bytes a pixel.
    pub(super) fn check_bytes(
        &self,
        [height, width]: [usize; 2],
        pixel: usize,
        name: &Path,
    ) -> Result<(), DatasetError> {
        let bytes = (height as u64).saturating_mul(width as u64);
        if bytes.saturating_mul(pixel as u64) <= self.bytes {
            return Ok(());
        }
        let expected = format!(
            "a picture that a file of its size unpacks to at most {} MiB; a PNG that is not interlaced is read row by row and \
             may be a larger slide",
            self.bytes >> 20
        );
        let found = format!("{width}×{height} pixels of {pixel} bytes");
        Err(DatasetError::malformed(name, expected, found))
    }
}
