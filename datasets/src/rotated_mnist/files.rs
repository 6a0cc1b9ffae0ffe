//! Images from files that are taken as they are: IDX files and the community's.

use std::path::Path;

use super::{CLASSES, SHAPE};
use crate::idx::LabelledBytes;
use crate::{DatasetError, ImageDataset, amat};

/// Digits as a file has them.
pub(super) fn as_stored(digits: LabelledBytes) -> Result<ImageDataset, DatasetError> {
    ImageDataset::from_bytes(digits.images.bytes, digits.labels, SHAPE, CLASSES)
}

/// Reads one of the community's files, of so many images where that is known.
pub(super) fn read_amat(file: &Path, count: Option<usize>) -> Result<ImageDataset, DatasetError> {
    let images = amat::read(file, SHAPE, CLASSES)?;
    match count {
        Some(count) if count != images.count() => Err(DatasetError::malformed(
            file,
            format!("{count} lines"),
            images.count().to_string(),
        )),
        _ => Ok(images),
    }
}

/// Training and validation images: the protocol's 5 to 1, in the file's order.
pub(super) fn cut(all: ImageDataset, limits: [usize; 3]) -> (ImageDataset, ImageDataset) {
    let train = all.count() - all.count() / 6;
    let valid_end = train.saturating_add(limits[1]);
    (
        all.slice(0..train.min(limits[0])),
        all.slice(train..valid_end),
    )
}
