//! What stands before an array's values: their type, and the extents of the array.

use std::io::{self, Read};
use std::path::Path;

use crate::{DatasetError, files};

/// The longest header that is read.
const LONGEST_HEADER: usize = 1 << 14;

/// The most values that an array may hold: 4 GiB of float64.
const MOST_VALUES: usize = 1 << 29;

/// How a value is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    F4,
    F8,
    I4,
    I8,
}

impl Kind {
    pub(super) fn size(self) -> usize {
        match self {
            Self::F4 | Self::I4 => 4,
            Self::F8 | Self::I8 => 8,
        }
    }

    /// Appends the values that are whole in some bytes.
    pub(super) fn decode(self, bytes: &[u8], values: &mut Vec<f64>) {
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

/// What stands before the values.
pub(super) struct Header {
    pub(super) kind: Kind,
    /// Extents whose product is bounded.
    pub(super) shape: Vec<usize>,
    /// Where the values start.
    pub(super) length: usize,
}

impl Header {
    /// Reads a header, up to where the values start; `name` is what errors call the stream.
    pub(super) fn read(reader: &mut impl Read, name: &Path) -> Result<Self, DatasetError> {
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
        Ok(Self {
            kind,
            shape: dictionary.shape,
            length: start.len() + digits.len() + length,
        })
    }
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

/// Reads until the buffer is full or the stream ends, and returns how much it got.
pub(super) fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
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
