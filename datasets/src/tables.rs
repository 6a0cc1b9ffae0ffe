//! Tables of values with named columns, as programs for tables write them.
//!
//! The first line names the columns. Values may stand in quotes, the file may begin with a byte order mark. Between values stand
//! commas, semicolons (where the comma is the decimal sign) or tabs: whichever makes the column that is needed first one of the
//! names in the first line. Every error names line and column. Source: RFC 4180; the parser is the crate `csv`.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use csv::{ByteRecord, ReaderBuilder, Trim};

use crate::{DatasetError, files};

/// What may stand between values.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// Reads a table of at most so many bytes.
pub(crate) fn read(path: &Path, longest: u64) -> Result<Vec<u8>, DatasetError> {
    let file = File::open(path).map_err(|source| DatasetError::io(path, source))?;
    let mut text = Vec::new();
    file.take(longest + 1)
        .read_to_end(&mut text)
        .map_err(|error| files::reading(path, error))?;
    if text.len() as u64 > longest {
        let expected = format!("at most {longest} bytes");
        return Err(DatasetError::malformed(path, expected, "more"));
    }
    Ok(text)
}

/// A table whose first line has been understood.
pub(crate) struct Table<'a> {
    text: &'a [u8],
    path: &'a Path,
    delimiter: u8,
    header: ByteRecord,
}

/// A line of a table, or several where a value has line ends.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    table: &'a Table<'a>,
    record: &'a ByteRecord,
    /// Where it begins in the text.
    pub(crate) offset: usize,
}

impl<'a> Table<'a> {
    /// Understands the first line, in which the column `needed` has to be named.
    pub(crate) fn new(text: &'a [u8], path: &'a Path, needed: &str) -> Result<Self, DatasetError> {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        for delimiter in DELIMITERS {
            let mut header = ByteRecord::new();
            if !reader(text, delimiter)
                .read_byte_record(&mut header)
                .map_err(|error| {
                    DatasetError::malformed(path, "comma-separated values", error.to_string())
                })?
            {
                break;
            }
            let own = Self {
                text,
                path,
                delimiter,
                header,
            };
            if own.column(needed)?.is_some() {
                return Ok(own);
            }
        }
        let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let expected = match std::str::from_utf8(first) {
            Ok(_) => format!(
                "a first line that names the column `{needed}`, between commas, semicolons or tabs"
            ),
            Err(_) => format!("text in UTF-8 whose first line names the column `{needed}`"),
        };
        let found = format!("{} in line 1", shown(&String::from_utf8_lossy(first)));
        Err(DatasetError::malformed(path, expected, found))
    }

    /// The number of a column, from 0, where there is one of that name.
    pub(crate) fn column(&self, name: &str) -> Result<Option<usize>, DatasetError> {
        let found = self.header.iter().enumerate();
        let mut found = found.filter(|(_, column)| *column == name.as_bytes());
        let Some((place, _)) = found.next() else {
            return Ok(None);
        };
        match found.count() {
            0 => Ok(Some(place)),
            more => {
                let found = format!("{} columns `{name}` in line 1", more + 1);
                Err(self.wrong("every column named once", found))
            }
        }
    }

    /// The names of the columns.
    pub(crate) fn names(&self) -> Vec<String> {
        let names = self.header.iter();
        names
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .collect()
    }

    /// The number of a column that has to be there.
    pub(crate) fn needed(&self, name: &str) -> Result<usize, DatasetError> {
        self.column(name)?.ok_or_else(|| {
            let found = format!("{} in line 1", shown(&self.names().join(", ")));
            self.wrong(
                format!("a first line that names the column `{name}`"),
                found,
            )
        })
    }

    /// Takes every line behind the first.
    pub(crate) fn each(
        &self,
        mut take: impl FnMut(Row<'_>) -> Result<(), DatasetError>,
    ) -> Result<(), DatasetError> {
        let mut reader = reader(self.text, self.delimiter);
        let mut record = ByteRecord::new();
        let mut first = true;
        loop {
            let more = reader
                .read_byte_record(&mut record)
                .map_err(|error| self.wrong("comma-separated values", error.to_string()))?;
            if !more {
                return Ok(());
            }
            if std::mem::take(&mut first) {
                continue;
            }
            // A line of nothing but spaces is blank too.
            if record.len() == 1 && record[0].is_empty() {
                continue;
            }
            // Blank lines that the parser passed over are before the record, not in it.
            let place = record.position().map_or(0, |place| place.byte() as usize);
            let rest = self.text.get(place..).unwrap_or_default();
            let blank = rest
                .iter()
                .take_while(|byte| matches!(byte, b'\r' | b'\n'))
                .count();
            let row = Row {
                table: self,
                record: &record,
                offset: place + blank,
            };
            row.check_length()?;
            take(row)?;
        }
    }

    /// The number of the line that begins at a place.
    pub(crate) fn line(&self, offset: usize) -> usize {
        1 + self.lines_between(0, offset)
    }

    /// How many lines end between two places.
    pub(crate) fn lines_between(&self, start: usize, end: usize) -> usize {
        let end = end.min(self.text.len());
        let between = self.text.get(start..end).unwrap_or_default();
        between.iter().filter(|byte| **byte == b'\n').count()
    }

    /// Line and column, in words.
    pub(crate) fn place(&self, offset: usize, column: usize) -> String {
        let name = String::from_utf8_lossy(self.header.get(column).unwrap_or_default());
        format!(
            "line {}, column {} (`{name}`)",
            self.line(offset),
            column + 1
        )
    }

    pub(crate) fn wrong(
        &self,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> DatasetError {
        DatasetError::malformed(self.path, expected, found)
    }
}

impl<'a> Row<'a> {
    /// A value as text.
    pub(crate) fn value(&self, column: usize) -> Result<&'a str, DatasetError> {
        let bytes = self.record.get(column).unwrap_or_default();
        std::str::from_utf8(bytes).map_err(|_| {
            let found = format!("{} in {}", shown(&self.lossy(column)), self.place(column));
            self.table.wrong("text in UTF-8", found)
        })
    }

    /// Whether numbers may have commas in place of points: they don't stand between values.
    pub(crate) fn has_decimal_commas(&self) -> bool {
        self.table.delimiter != b','
    }

    /// What is wrong with a value.
    pub(crate) fn wrong(&self, column: usize, expected: impl Into<String>) -> DatasetError {
        let found = format!("{} in {}", shown(&self.lossy(column)), self.place(column));
        self.table.wrong(expected, found)
    }

    fn place(&self, column: usize) -> String {
        self.table.place(self.offset, column)
    }

    fn lossy(&self, column: usize) -> String {
        String::from_utf8_lossy(self.record.get(column).unwrap_or_default()).into_owned()
    }

    fn check_length(&self) -> Result<(), DatasetError> {
        let header = &self.table.header;
        let found = self.record.len();
        if found == header.len() {
            return Ok(());
        }
        let expected = format!("{} values in a line, as in the first", header.len());
        let column = usize::min(found, header.len());
        let what = match header.get(column) {
            Some(name) => format!("`{}` is missing", String::from_utf8_lossy(name)),
            None => format!("{} has no name", shown(&self.lossy(column))),
        };
        let line = self.table.line(self.offset);
        let found = format!("{found} in line {line}: column {}, {what}", column + 1);
        Err(self.table.wrong(expected, found))
    }
}

fn reader(text: &[u8], delimiter: u8) -> csv::Reader<&[u8]> {
    ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .from_reader(text)
}

/// A value as errors show it: in quotes and not too long.
pub(crate) fn shown(value: &str) -> String {
    let mut start: String = value.chars().take(40).collect();
    if start.len() < value.len() {
        start.push('…');
    }
    format!("{start:?}")
}
