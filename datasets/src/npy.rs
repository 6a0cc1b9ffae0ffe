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

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use crate::{DatasetError, files};

/// The longest header that is read.
const LONGEST_HEADER: usize = 1 << 14;

/// The most values that an array may hold: 4 GiB of float64.
const MOST_VALUES: usize = 1 << 29;

/// An array of numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct NpyArray {
    /// Its extents, the slowest first.
    pub shape: Vec<usize>,
    /// Its values.
    pub values: Vec<f64>,
}

/// How a value is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    F4,
    F8,
    I4,
    I8,
}

impl Kind {
    fn size(self) -> usize {
        match self {
            Self::F4 | Self::I4 => 4,
            Self::F8 | Self::I8 => 8,
        }
    }

    fn decode(self, bytes: &[u8], values: &mut Vec<f64>) {
        let (four, _) = bytes.as_chunks::<4>();
        let (eight, _) = bytes.as_chunks::<8>();
        match self {
            Self::F4 => values.extend(
                four.iter()
                    .map(|value| f64::from(f32::from_le_bytes(*value))),
            ),
            Self::I4 => values.extend(
                four.iter()
                    .map(|value| f64::from(i32::from_le_bytes(*value))),
            ),
            Self::F8 => values.extend(eight.iter().map(|value| f64::from_le_bytes(*value))),
            Self::I8 => values.extend(eight.iter().map(|value| i64::from_le_bytes(*value) as f64)),
        }
    }
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
        } = header(&mut reader, name)?;
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

/// Reads until the buffer is full or the stream ends, and returns how much it got.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// What stands before the values.
struct Header {
    kind: Kind,
    shape: Vec<usize>,
    /// Where the values start.
    length: usize,
}

fn header(reader: &mut impl Read, name: &Path) -> Result<Header, DatasetError> {
    let mut bytes = |length: usize| {
        let mut bytes = vec![0; length];
        let filled = fill(reader, &mut bytes).map_err(|error| files::reading(name, error))?;
        if filled < length {
            return Err(DatasetError::malformed(
                name,
                "a NumPy header",
                "the end of the file",
            ));
        }
        Ok(bytes)
    };
    let start = bytes(8)?;
    if &start[..6] != b"\x93NUMPY" || !(1..=3).contains(&start[6]) {
        let found = start
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<Vec<_>>()
            .join(" ");
        return Err(DatasetError::malformed(
            name,
            "a NumPy file (it starts with 93 4e 55 4d 50 59)",
            found,
        ));
    }
    let digits = bytes(if start[6] == 1 { 2 } else { 4 })?;
    let length = digits
        .iter()
        .rev()
        .fold(0usize, |length, byte| length << 8 | usize::from(*byte));
    if length > LONGEST_HEADER {
        let expected = format!("a header of at most {LONGEST_HEADER} bytes");
        return Err(DatasetError::malformed(name, expected, length.to_string()));
    }
    let text = bytes(length)?;
    let text = String::from_utf8_lossy(&text);
    let wrong = |expected: &str| {
        DatasetError::malformed(name, expected, format!("the header {}", text.trim()))
    };
    let dictionary =
        parse(&text).ok_or_else(|| wrong("a dictionary of descr, fortran_order and shape"))?;
    let kind = match dictionary.descr {
        "<f4" => Kind::F4,
        "<f8" => Kind::F8,
        "<i4" => Kind::I4,
        "<i8" => Kind::I8,
        _ => return Err(wrong("numbers of type <f8, <f4, <i8 or <i4")),
    };
    if dictionary.fortran_order {
        return Err(wrong("values in C order"));
    }
    let size = dictionary
        .shape
        .iter()
        .try_fold(1usize, |size, extent| size.checked_mul(*extent));
    if size.is_none_or(|size| size > MOST_VALUES) {
        return Err(wrong(&format!("at most {MOST_VALUES} values")));
    }
    Ok(Header {
        kind,
        shape: dictionary.shape,
        length: start.len() + digits.len() + length,
    })
}

/// What a header says.
#[derive(Debug, PartialEq)]
struct Dictionary<'a> {
    descr: &'a str,
    fortran_order: bool,
    shape: Vec<usize>,
}

/// Parses a header: each of the three keys once, in any order.
fn parse(text: &str) -> Option<Dictionary<'_>> {
    let mut rest = text.trim().strip_prefix('{')?;
    let (mut descr, mut fortran_order, mut shape) = (None, None, None);
    loop {
        rest = rest.trim_start();
        if rest == "}" {
            break;
        }
        let (key, after) = string(rest)?;
        rest = after.trim_start().strip_prefix(':')?.trim_start();
        rest = match key {
            "descr" if descr.is_none() => {
                let (value, after) = string(rest)?;
                descr = Some(value);
                after
            }
            "fortran_order" if fortran_order.is_none() => {
                let value = rest.starts_with("True");
                fortran_order = Some(value);
                rest.strip_prefix(if value { "True" } else { "False" })?
            }
            "shape" if shape.is_none() => {
                let (inner, after) = rest.strip_prefix('(')?.split_once(')')?;
                let inner = inner.trim();
                let inner = inner.strip_suffix(',').unwrap_or(inner);
                let extents = inner
                    .split(',')
                    .map(|extent| extent.trim().parse::<usize>().ok());
                shape = Some(if inner.is_empty() {
                    Vec::new()
                } else {
                    extents.collect::<Option<_>>()?
                });
                after
            }
            _ => return None,
        };
        rest = rest.trim_start();
        rest = match rest.strip_prefix(',') {
            Some(after) => after,
            None if rest == "}" => rest,
            None => return None,
        };
    }
    Some(Dictionary {
        descr: descr?,
        fortran_order: fortran_order?,
        shape: shape?,
    })
}

/// A quoted string without escapes, and what follows it.
fn string(text: &str) -> Option<(&str, &str)> {
    let quote = text
        .chars()
        .next()
        .filter(|quote| matches!(quote, '\'' | '"'))?;
    text[1..].split_once(quote)
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
