//! IDX, the format of MNIST's files: a big-endian header, then the bytes.
//!
//! ```text
//! 0 0 8 d            8: unsigned bytes; d: the number of dimensions
//! n₁ … n_d           each 4 bytes, the slowest dimension first
//! n₁·…·n_d bytes
//! ```
//!
//! Files are plain or gzipped, whatever their name says. They are not trusted: sizes are checked against a limit
//! before anything is read, and memory is taken only for bytes that are there. Source: the description of the format
//! on the MNIST page (LeCun, Cortes, Burges).

use std::io::{self, Read, Write};
use std::path::Path;

use crate::DatasetError;
use crate::files;

/// The most bytes that an array may hold.
const LIMIT: usize = 1 << 30;

/// An array of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdxArray {
    /// Its extents, the slowest first.
    pub shape: Vec<usize>,
    /// Its values.
    pub bytes: Vec<u8>,
}

impl IdxArray {
    /// Reads the file at `path`, which must have so many dimensions.
    pub fn read(path: &Path, dimensions: usize) -> Result<Self, DatasetError> {
        Self::from_reader(files::open(path)?, path, dimensions)
    }

    /// Reads a stream (already unpacked); `name` is what errors call it.
    pub fn from_reader(
        mut reader: impl Read,
        name: &Path,
        dimensions: usize,
    ) -> Result<Self, DatasetError> {
        let shape = header(&mut reader, name, dimensions)?;
        let size = shape.iter().product::<usize>();
        let expected = || format!("{size} bytes after the header, for an array of {shape:?}");
        let mut bytes = Vec::new();
        // One byte more than there should be, to notice that there is more.
        reader
            .take(size as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| files::reading(name, error))?;
        match bytes.len() {
            found if found == size => Ok(Self { shape, bytes }),
            found if found < size => Err(DatasetError::malformed(
                name,
                expected(),
                format!("only {found}"),
            )),
            _ => Err(DatasetError::malformed(name, expected(), "more")),
        }
    }

    /// Writes the array, not packed.
    pub fn write(&self, mut writer: impl Write) -> io::Result<()> {
        let too_large = || io::Error::new(io::ErrorKind::InvalidInput, "more than IDX can say");
        let dimensions = u8::try_from(self.shape.len()).map_err(|_| too_large())?;
        writer.write_all(&[0, 0, 8, dimensions])?;
        for extent in &self.shape {
            writer.write_all(
                &u32::try_from(*extent)
                    .map_err(|_| too_large())?
                    .to_be_bytes(),
            )?;
        }
        writer.write_all(&self.bytes)
    }
}

/// The shape that a file's header states; the rest of the file is not read.
pub fn read_shape(path: &Path, dimensions: usize) -> Result<Vec<usize>, DatasetError> {
    header(&mut files::open(path)?, path, dimensions)
}

fn header(
    reader: &mut impl Read,
    name: &Path,
    dimensions: usize,
) -> Result<Vec<usize>, DatasetError> {
    let magic = word(reader, name)?;
    if magic[..3] != [0, 0, 8] || usize::from(magic[3]) != dimensions {
        let expected = format!(
            "an IDX file of bytes in {dimensions} dimensions (it starts with 00 00 08 {dimensions:02x})"
        );
        let found = magic.map(|byte| format!("{byte:02x}")).join(" ");
        return Err(DatasetError::malformed(name, expected, found));
    }
    let mut shape = Vec::with_capacity(dimensions);
    for _ in 0..dimensions {
        shape.push(u32::from_be_bytes(word(reader, name)?) as usize);
    }
    let size = shape
        .iter()
        .try_fold(1usize, |size, extent| size.checked_mul(*extent));
    if size.is_none_or(|size| size > LIMIT) {
        return Err(DatasetError::malformed(
            name,
            format!("at most {LIMIT} bytes"),
            format!("an array of {shape:?}"),
        ));
    }
    Ok(shape)
}

fn word(reader: &mut impl Read, name: &Path) -> Result<[u8; 4], DatasetError> {
    let mut word = [0; 4];
    let mut filled = 0;
    while filled < word.len() {
        match reader.read(&mut word[filled..]) {
            Ok(0) => {
                return Err(DatasetError::malformed(
                    name,
                    "an IDX header",
                    "the end of the file",
                ));
            }
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(files::reading(name, error)),
        }
    }
    Ok(word)
}

/// Images and their labels, from a pair of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledBytes {
    /// The images, `[count, height, width]`.
    pub images: IdxArray,
    /// A label below `classes` for each.
    pub labels: Vec<u8>,
}

impl LabelledBytes {
    /// Reads a pair of files: as many labels as images, each label below `classes`.
    pub fn read(images: &Path, labels: &Path, classes: usize) -> Result<Self, DatasetError> {
        let (image_array, label_array) = (IdxArray::read(images, 3)?, IdxArray::read(labels, 1)?);
        Self::new(image_array, images, label_array, labels, classes)
    }

    /// Takes a pair of arrays under the same conditions; the files' names are what errors call them.
    pub fn new(
        images: IdxArray,
        image_file: &Path,
        labels: IdxArray,
        label_file: &Path,
        classes: usize,
    ) -> Result<Self, DatasetError> {
        if images.shape.contains(&0) {
            return Err(DatasetError::malformed(
                image_file,
                "images",
                format!("an array of {:?}", images.shape),
            ));
        }
        if images.shape[0] != labels.shape[0] {
            let expected = format!(
                "{} labels, one for each image of {}",
                images.shape[0],
                image_file.display()
            );
            return Err(DatasetError::malformed(
                label_file,
                expected,
                labels.shape[0].to_string(),
            ));
        }
        if let Some((place, label)) = labels
            .bytes
            .iter()
            .enumerate()
            .find(|(_, label)| usize::from(**label) >= classes)
        {
            let expected = format!("labels from 0 to {}", classes.saturating_sub(1));
            return Err(DatasetError::malformed(
                label_file,
                expected,
                format!("{label} at place {place}"),
            ));
        }
        Ok(Self {
            images,
            labels: labels.bytes,
        })
    }

    /// How many images there are.
    pub fn count(&self) -> usize {
        self.labels.len()
    }

    /// Rows and columns of an image.
    pub fn size(&self) -> [usize; 2] {
        [self.images.shape[1], self.images.shape[2]]
    }

    /// The bytes of image `index`. Panics if there is none.
    pub fn image(&self, index: usize) -> &[u8] {
        let len = self.size().iter().product::<usize>();
        &self.images.bytes[index * len..(index + 1) * len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use proptest::prelude::*;
    use rstest::rstest;
    use std::path::PathBuf;

    fn array() -> IdxArray {
        IdxArray {
            shape: vec![3, 2, 2],
            bytes: (0..12).collect(),
        }
    }

    fn plain() -> Vec<u8> {
        let mut bytes = Vec::new();
        array().write(&mut bytes).unwrap();
        bytes
    }

    fn gzipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn read(bytes: &[u8]) -> Result<IdxArray, DatasetError> {
        let folder = tempfile::tempdir().unwrap();
        let path: PathBuf = folder.path().join("images");
        std::fs::write(&path, bytes).unwrap();
        IdxArray::read(&path, 3)
    }

    #[test]
    fn plain_and_gzipped_files_are_read() {
        assert_eq!(read(&plain()).unwrap(), array());
        assert_eq!(read(&gzipped(&plain())).unwrap(), array());
    }

    /// 60 labels and 512 zeros behind the gzip data; made for this project.
    #[test]
    fn zeros_behind_gzip_are_padding_and_other_bytes_an_error() {
        let packed = include_bytes!("fixtures/padding-behind-labels-idx1-ubyte.gz");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("train-labels-idx1-ubyte.gz");
        std::fs::write(&path, packed).unwrap();
        let labels = IdxArray::read(&path, 1).unwrap();
        assert_eq!(
            (&labels.shape[..], &labels.bytes[..4]),
            (&[60][..], &[0, 1, 2, 3][..])
        );

        std::fs::write(&path, [&packed[..], b"?"].concat()).unwrap();
        let error = IdxArray::read(&path, 1).unwrap_err().to_string();
        assert!(
            error.contains("neither gzip nor zeros") && error.contains("train-labels"),
            "{error}"
        );
    }

    #[rstest]
    #[case::empty(vec![], "the end of the file")]
    #[case::cut_header(plain()[..9].to_vec(), "the end of the file")]
    #[case::cut_content(plain()[..20].to_vec(), "only 4")]
    #[case::too_long([plain(), vec![0]].concat(), "found more")]
    #[case::other_format(b"\x89PNG\r\n\x1a\n....".to_vec(), "found 89 50 4e 47")]
    #[case::other_dimensions(vec![0, 0, 8, 1, 0, 0, 0, 0], "found 00 00 08 01")]
    #[case::floats(vec![0, 0, 13, 3, 0, 0, 0, 0], "found 00 00 0d 03")]
    #[case::enormous([vec![0, 0, 8, 3], vec![255; 12]].concat(), "at most 1073741824 bytes")]
    #[case::overflowing([vec![0, 0, 8, 3], vec![128; 12]].concat(), "at most")]
    #[case::cut_gzip(gzipped(&plain())[..24].to_vec(), "intact gzip data")]
    #[case::wrong_gzip([&gzipped(&plain())[..14], &[7; 30]].concat(), "images")]
    fn damaged_files_are_named(#[case] bytes: Vec<u8>, #[case] message: &str) {
        let error = read(&bytes).unwrap_err().to_string();
        assert!(
            error.contains(message) && error.contains("images"),
            "{error}"
        );
    }

    #[test]
    fn pairs_must_fit_together() {
        let labels = |bytes: Vec<u8>| IdxArray {
            shape: vec![bytes.len()],
            bytes,
        };
        let pair =
            |images, labels| LabelledBytes::new(images, Path::new("i"), labels, Path::new("l"), 3);
        let both = pair(array(), labels(vec![0, 1, 2])).unwrap();
        assert_eq!(
            (both.count(), both.size(), both.image(1)),
            (3, [2, 2], &[4, 5, 6, 7][..])
        );
        assert!(
            pair(array(), labels(vec![0, 1]))
                .unwrap_err()
                .to_string()
                .contains("3 labels")
        );
        assert!(
            pair(array(), labels(vec![0, 1, 3]))
                .unwrap_err()
                .to_string()
                .contains("3 at place 2")
        );
        let none = IdxArray {
            shape: vec![0, 2, 2],
            bytes: vec![],
        };
        assert!(pair(none, labels(vec![])).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = IdxArray::from_reader(&bytes[..], Path::new("x"), 3);
            let packed = crate::gunzip::unpacked(&bytes[..]).unwrap();
            let _ = IdxArray::from_reader(packed, Path::new("x"), 1);
        }

        #[test]
        fn one_changed_byte_gives_an_error_or_an_array_of_the_stated_size(place in 0usize..28, value: u8) {
            let mut bytes = plain();
            bytes[place] = value;
            if let Ok(array) = IdxArray::from_reader(&bytes[..], Path::new("x"), 3) {
                prop_assert_eq!(array.bytes.len(), array.shape.iter().product::<usize>());
            }
        }

        #[test]
        fn one_changed_byte_of_a_gzip_file_does_not_go_unnoticed(place in 10usize..40, change in 1u8..) {
            let mut bytes = gzipped(&plain());
            let place = place.min(bytes.len() - 1);
            bytes[place] ^= change;
            let unpacked = crate::gunzip::unpacked(&bytes[..]).unwrap();
            if let Ok(read) = IdxArray::from_reader(unpacked, Path::new("x"), 3) {
                prop_assert_eq!(read, array());
            }
        }
    }
}
