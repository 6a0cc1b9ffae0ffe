//! Digits from files: those that the crate carries, MNIST's and the community's.

use std::path::Path;

use super::find;
use super::{BUILT_IN_SIZES, CLASSES, SHAPE};
use crate::idx::LabelledBytes;
use crate::{DatasetError, ImageDataset, amat};

/// The carried digits: training, validation and test, one after the other.
pub(super) const BUILT_IN_IMAGES: &[u8] = include_bytes!("../../data/digits-images-idx3-ubyte.gz");
pub(super) const BUILT_IN_LABELS: &[u8] = include_bytes!("../../data/digits-labels-idx1-ubyte.gz");

/// The digits that the crate carries, upright.
pub(super) fn built_in() -> Result<LabelledBytes, DatasetError> {
    let names = [Path::new("built-in images"), Path::new("built-in labels")];
    let array = |bytes: &'static [u8], name: &Path, dimensions| {
        let reader =
            crate::gunzip::unpacked(bytes).map_err(|error| DatasetError::io(name, error))?;
        crate::idx::IdxArray::from_reader(reader, name, dimensions)
    };
    let digits = LabelledBytes::new(
        array(BUILT_IN_IMAGES, names[0], 3)?,
        names[0],
        array(BUILT_IN_LABELS, names[1], 1)?,
        names[1],
        CLASSES,
    )?;
    let expected = BUILT_IN_SIZES.iter().sum();
    check_digits(&digits, names[0], Some(expected))?;
    Ok(digits)
}

/// Reads the images and the labels of one of MNIST's two files.
pub(super) fn read_pair(
    folder: &Path,
    names: [&str; 2],
    count: Option<usize>,
) -> Result<LabelledBytes, DatasetError> {
    let images = find::file(folder, names[0])?;
    let digits = LabelledBytes::read(&images, &find::file(folder, names[1])?, CLASSES)?;
    check_digits(&digits, &images, count)?;
    Ok(digits)
}

fn check_digits(
    digits: &LabelledBytes,
    file: &Path,
    count: Option<usize>,
) -> Result<(), DatasetError> {
    let expected_count = count.unwrap_or_else(|| digits.count());
    if digits.size() == SHAPE[1..] && digits.count() == expected_count {
        return Ok(());
    }
    let expected = format!("{expected_count} images of {} × {}", SHAPE[1], SHAPE[2]);
    let [height, width] = digits.size();
    Err(DatasetError::malformed(
        file,
        expected,
        format!("{} of {height} × {width}", digits.count()),
    ))
}

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
