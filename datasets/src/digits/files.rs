//! Files of digits: MNIST's four, under whichever of their names, and the two that the crate carries.

use std::path::{Path, PathBuf};

use super::{BUILT_IN_SIZES, CLASSES, SHAPE, TRAIN_FILE_DIGITS};
use crate::idx::LabelledBytes;
use crate::{DatasetError, idx};

/// MNIST's training file: images and labels.
pub(crate) const TRAIN_FILES: [&str; 2] = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"];

/// MNIST's test file: images and labels.
pub(crate) const TEST_FILES: [&str; 2] = ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

/// Where people keep these files inside their data folder.
pub(crate) const INNER: [&str; 4] = ["rotated-mnist", "mnist", "mnist_rotation_new", "MNIST/raw"];

/// What to do where nothing was found.
pub(crate) const HINT: &str = "`gcnn data fetch rotated-mnist` downloads MNIST's files, `path` or GCNN_DATA names a folder that \
                    has them, and `source = \"built-in\"` needs no files";

/// The carried digits: training, validation and test, one after the other.
pub(crate) const BUILT_IN_IMAGES: &[u8] = include_bytes!("../../data/digits-images-idx3-ubyte.gz");
pub(crate) const BUILT_IN_LABELS: &[u8] = include_bytes!("../../data/digits-labels-idx1-ubyte.gz");

/// The digits that the crate carries, upright.
pub(crate) fn built_in() -> Result<LabelledBytes, DatasetError> {
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
pub(crate) fn read_pair(
    folder: &Path,
    names: [&str; 2],
    count: Option<usize>,
) -> Result<LabelledBytes, DatasetError> {
    let images = file(folder, names[0])?;
    let digits = LabelledBytes::read(&images, &file(folder, names[1])?, CLASSES)?;
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

/// Whether any of MNIST's four files, or one that is named so, is in a folder.
pub(crate) fn has_idx(folder: &Path) -> bool {
    TRAIN_FILES
        .iter()
        .chain(&TEST_FILES)
        .any(|name| candidates(folder, name).iter().any(|file| file.is_file()))
}

/// Whether a folder's training file is MNIST's, by its header. Where it can't be read, reading it as MNIST will say why.
pub(crate) fn is_mnist(folder: &Path) -> bool {
    let Ok(file) = file(folder, TRAIN_FILES[0]) else {
        return false;
    };
    idx::read_shape(&file, 3).map_or(true, |shape| {
        shape == [TRAIN_FILE_DIGITS, SHAPE[1], SHAPE[2]]
    })
}

/// The names under which one of MNIST's files is known: plain or gzipped, with a dash or a dot before `idx`.
fn candidates(folder: &Path, name: &str) -> [PathBuf; 4] {
    let dotted = name.replace("-idx", ".idx");
    [
        folder.join(name),
        folder.join(format!("{name}.gz")),
        folder.join(&dotted),
        folder.join(format!("{dotted}.gz")),
    ]
}

/// One of MNIST's files, under whichever of its names it is there.
pub(crate) fn file(folder: &Path, name: &str) -> Result<PathBuf, DatasetError> {
    candidates(folder, name)
        .into_iter()
        .find(|file| file.is_file())
        .ok_or_else(|| DatasetError::Missing {
            path: folder.join(name),
            expected: "one of MNIST's four files, plain or with the ending .gz".into(),
            hint: HINT.into(),
        })
}
