//! NumPy's array format `.npy`, for arrays of numbers.
//!
//! ```text
//! 93 'N' 'U' 'M' 'P' 'Y'   major minor   header length (2 bytes in version 1, 4 later; little endian)
//! {'descr': '<f8', 'fortran_order': False, 'shape': (3000, 49, 3, 5), }   padded with spaces, then a line end
//! the values, the last dimension fastest
//! ```
//!
//! Read are floats and integers of 4 and 8 bytes, little endian, in C order; written is float64. Files are not trusted:
//! headers are bounded, sizes compared with the file's length before memory is taken, and no Python is interpreted beyond
//! this one form.
//! Source: NumPy's description of the format (`numpy.lib.format`).

mod header;

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use crate::{DatasetError, files};
use header::{Header, fill};

/// An array of numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct NpyArray {
    /// Its extents, the slowest first.
    pub shape: Vec<usize>,
    /// Its values.
    pub values: Vec<f64>,
}

impl NpyArray {
    /// Reads the file at `path`.
    pub fn read(path: &Path) -> Result<Self, DatasetError> {
        let io = |source| DatasetError::io(path, source);
        let file = File::open(path).map_err(io)?;
        let length = file.metadata().map_err(io)?;
        let reader = BufReader::with_capacity(1 << 16, file);
        // What is no plain file, a pipe for instance, has no length before its end.
        Self::of_length(reader, path, length.is_file().then_some(length.len()))
    }

    /// Reads a stream; `name` is what errors call it.
    pub fn from_reader(reader: impl Read, name: &Path) -> Result<Self, DatasetError> {
        Self::of_length(reader, name, None)
    }

    /// Reads a stream of so many bytes in all, where that is known.
    fn of_length(
        mut reader: impl Read,
        name: &Path,
        length: Option<u64>,
    ) -> Result<Self, DatasetError> {
        let Header {
            kind,
            shape,
            length: start,
        } = Header::read(&mut reader, name)?;
        let count: usize = shape.iter().product();
        let expected = || format!("{count} values after the header, for an array of {shape:?}");
        if let Some(length) = length {
            let content = length.saturating_sub(start as u64);
            if content < (count * kind.size()) as u64 {
                let found = format!("only {}, in {content} bytes", content / kind.size() as u64);
                return Err(DatasetError::malformed(name, expected(), found));
            }
        }
        // A stream is believed as far as it goes.
        let mut values = Vec::with_capacity(if length.is_some() { count } else { 0 });
        // A multiple of every value's size: only the last chunk can hold part of a value.
        let mut chunk = vec![0; 1 << 16];
        loop {
            let filled =
                fill(&mut reader, &mut chunk).map_err(|error| files::reading(name, error))?;
            if filled % kind.size() != 0 {
                return Err(DatasetError::malformed(
                    name,
                    expected(),
                    "the end of the file within a value",
                ));
            }
            kind.decode(&chunk[..filled], &mut values);
            if values.len() > count {
                return Err(DatasetError::malformed(name, expected(), "more"));
            }
            if filled < chunk.len() {
                break;
            }
        }
        if values.len() < count {
            return Err(DatasetError::malformed(
                name,
                expected(),
                format!("only {}", values.len()),
            ));
        }
        Ok(Self { shape, values })
    }

    /// Writes the array as float64, version 1.
    pub fn write(&self, mut writer: impl Write) -> io::Result<()> {
        let extents: String = self
            .shape
            .iter()
            .map(|extent| format!("{extent}, "))
            .collect();
        // One extent keeps its comma, several lose the last one, as Python writes tuples.
        let extents = if self.shape.len() == 1 {
            extents.trim_end()
        } else {
            extents.trim_end_matches(", ")
        };
        let mut text =
            format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({extents}), }}");
        // The values start at a multiple of 64 bytes.
        let padding = (64 - (10 + text.len() + 1) % 64) % 64;
        text.extend(std::iter::repeat_n(' ', padding));
        text.push('\n');
        let length = u16::try_from(text.len())
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "too many dimensions"))?;
        writer.write_all(b"\x93NUMPY\x01\x00")?;
        writer.write_all(&length.to_le_bytes())?;
        writer.write_all(text.as_bytes())?;
        for value in &self.values {
            writer.write_all(&value.to_le_bytes())?;
        }
        writer.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn file(header: &str, content: &[u8]) -> Vec<u8> {
        let length = (header.len() as u16).to_le_bytes();
        [
            b"\x93NUMPY\x01\x00",
            &length[..],
            header.as_bytes(),
            content,
        ]
        .concat()
    }

    fn read(bytes: &[u8]) -> Result<NpyArray, DatasetError> {
        NpyArray::from_reader(bytes, Path::new("loc.npy"))
    }

    #[test]
    fn arrays_come_back_as_they_were_written() {
        for shape in [
            vec![],
            vec![3],
            vec![2, 3],
            vec![2, 0, 5],
            vec![7, 49, 3, 5],
        ] {
            let count = shape.iter().product();
            let array = NpyArray {
                shape,
                values: (0..count)
                    .map(|value| f64::from(value as u32).sqrt())
                    .collect(),
            };
            let mut bytes = Vec::new();
            array.write(&mut bytes).unwrap();
            assert_eq!((bytes.len() - 8 * count) % 64, 0);
            assert_eq!(read(&bytes).unwrap(), array);
        }
    }

    #[test]
    fn headers_are_written_as_numpy_writes_them() {
        let mut bytes = Vec::new();
        NpyArray {
            shape: vec![2],
            values: vec![1.0, 2.0],
        }
        .write(&mut bytes)
        .unwrap();
        let text = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }";
        assert_eq!(&bytes[..10], b"\x93NUMPY\x01\x00\x76\x00");
        assert_eq!(
            std::str::from_utf8(&bytes[10..128]).unwrap().trim_end(),
            text
        );
        assert_eq!(bytes.len(), 128 + 16);
    }

    #[test]
    fn other_types_and_spellings_are_read() {
        let integers = [1i64.to_le_bytes(), (-1i64).to_le_bytes()].concat();
        let header = "{\"shape\": (2, 1), 'fortran_order':False, 'descr' : '<i8'}   \n";
        assert_eq!(
            read(&file(header, &integers)).unwrap(),
            NpyArray {
                shape: vec![2, 1],
                values: vec![1.0, -1.0]
            }
        );
        let floats = 0.5f32.to_le_bytes();
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (), }";
        assert_eq!(read(&file(header, &floats)).unwrap().values, [0.5]);
    }

    #[rstest]
    #[case::empty(vec![], "the end of the file")]
    #[case::other_format(b"PK\x03\x04......".to_vec(), "found 50 4b 03 04")]
    #[case::cut_header(file("{'descr'", &[])[..14].to_vec(), "the end of the file")]
    #[case::objects(file("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", &[]), "<f8")]
    #[case::big_endian(file("{'descr': '>f8', 'fortran_order': False, 'shape': (2,), }", &[]), "<f8")]
    #[case::fortran(file("{'descr': '<f8', 'fortran_order': True, 'shape': (2,), }", &[]), "C order")]
    #[case::no_shape(file("{'descr': '<f8', 'fortran_order': False}", &[]), "a dictionary")]
    #[case::negative(file("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }", &[]), "a dictionary")]
    #[case::nested(file(&"[".repeat(9000), &[]), "a dictionary")]
    #[case::enormous(
        file("{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", &[]),
        "at most 536870912 values"
    )]
    #[case::cut(file("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }", &[0; 8]), "only 1")]
    #[case::cut_value(file("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }", &[0; 12]), "within a value")]
    #[case::too_long(file("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }", &[0; 24]), "found more")]
    fn damaged_files_are_named(#[case] bytes: Vec<u8>, #[case] message: &str) {
        let error = read(&bytes).unwrap_err().to_string();
        assert!(
            error.contains("loc.npy") && error.contains(message),
            "{error}"
        );
    }

    #[test]
    fn a_files_length_is_compared_with_its_header_before_memory_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("loc.npy");
        // 4 GiB of values, of which two are there.
        let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (536870912,), }";
        std::fs::write(&path, file(header, &[0; 20])).unwrap();
        let error = NpyArray::read(&path).unwrap_err().to_string();
        assert!(
            error.contains("536870912 values after the header")
                && error.contains("only 2, in 20 bytes"),
            "{error}"
        );
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
        std::fs::write(&path, file(header, &[0; 8])).unwrap();
        assert_eq!(NpyArray::read(&path).unwrap().values, [0.0; 2]);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
            let _ = read(&[b"\x93NUMPY\x01\x00".to_vec(), bytes].concat());
        }

        #[test]
        fn no_header_makes_the_reader_panic(
            header in "\\{?('descr'|'shape'|'fortran_order'|[\":'(), é0-9<f8]|True|False){0,12}\\}?",
        ) {
            let _ = read(&file(&header, &[0; 16]));
        }
    }
}
