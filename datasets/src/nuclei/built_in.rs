//! The tissue images that the crate carries, `datasets/data/nuclei`.

use std::path::PathBuf;

use super::Tissue;
use crate::DatasetError;

/// The list of the carried images.
pub(super) const INDEX: &str = include_str!("../../data/nuclei/index.csv");

/// One list for names and files, which `include_bytes!` needs as literals.
macro_rules! carried {
    ($($name:literal)*) => {
        /// The names of the images that the crate carries.
        pub const BUILT_IN_NAMES: &[&str] = &[$($name),*];

        /// Image and labels of each.
        const FILES: &[[&[u8]; 2]] = &[$([
            include_bytes!(concat!("../../data/nuclei/", $name, ".png")),
            include_bytes!(concat!("../../data/nuclei/", $name, "_labels.png")),
        ]),*];
    };
}

carried! {
    "001" "003" "012" "013" "020" "026" "031" "033" "038" "043" "047" "051"
    "058" "061" "065" "066" "072" "076" "082" "087" "088" "095" "102" "105"
}

/// A file that the crate carries, and what errors call it.
pub(crate) type Carried = (&'static [u8], PathBuf);

/// Image and labels of a carried image.
pub(crate) fn files(name: &str) -> Result<[Carried; 2], DatasetError> {
    let files = BUILT_IN_NAMES
        .iter()
        .position(|carried| *carried == name)
        .map(|place| FILES[place]);
    let Some([image, labels]) = files else {
        let expected = format!("one of {}", BUILT_IN_NAMES.join(", "));
        return Err(DatasetError::setting("name", expected, name));
    };
    Ok([
        (image, PathBuf::from(format!("built-in {name}.png"))),
        (labels, PathBuf::from(format!("built-in {name}_labels.png"))),
    ])
}

/// Reads a carried image.
pub(super) fn read(name: &str) -> Result<Tissue, DatasetError> {
    let [image, labels] = files(name)?;
    Tissue::from_bytes((image.0, &image.1), (labels.0, &labels.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_carried_files_are_small() {
        let size: usize = FILES.iter().flatten().map(|file| file.len()).sum();
        assert!(size < 3_000_000, "{size} bytes");
    }
}
