//! The list of a folder's images, `index.csv`: comma-separated values as programs for tables write them.
//!
//! ```text
//! image,stain,…        the first line names the columns; `image` has to be among them, `stain` may be
//! 007,purple,…         the name of a file without `.png`, how it was stained
//! ```
//!
//! Values may stand in quotes, the file may begin with a byte order mark. Between values stand commas, semicolons (where
//! the comma is the decimal sign) or tabs: whichever makes `image` one of the names in the first line. Every error names
//! line and column. Source: RFC 4180; the parser is the crate `csv`.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use csv::{ByteRecord, ReaderBuilder, Trim};

use super::names::{MOST_IMAGES, TissueName};
use crate::{DatasetError, files};

/// The longest list of images that is read.
const LONGEST: u64 = 1 << 22;

/// What may stand between values.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// The column of names.
const IMAGE: &str = "image";

/// The column of stains.
const STAIN: &str = "stain";

/// Reads a list of images.
pub(super) fn read(path: &Path) -> Result<Vec<TissueName>, DatasetError> {
    let file = File::open(path).map_err(|source| DatasetError::io(path, source))?;
    let mut text = Vec::new();
    file.take(LONGEST + 1)
        .read_to_end(&mut text)
        .map_err(|error| files::reading(path, error))?;
    if text.len() as u64 > LONGEST {
        let expected = format!("at most {LONGEST} bytes");
        return Err(DatasetError::malformed(path, expected, "more"));
    }
    parse(&text, path)
}

/// Parses a list of images, which is sorted by name. Columns other than `image` and `stain` aren't looked at.
pub(super) fn parse(text: &[u8], path: &Path) -> Result<Vec<TissueName>, DatasetError> {
    let list = List::new(text, path)?;
    let mut images = Vec::new();
    list.each(|record, offset| {
        let name = list.value(record, offset, list.image)?;
        // A name is a file in this folder and nowhere else.
        let elsewhere = |c: char| matches!(c, '/' | '\\') || c.is_control();
        if name.is_empty() || name.contains(elsewhere) {
            let found = format!("{} in {}", shown(name), list.place(offset, list.image));
            return Err(list.wrong("the name of an image of this folder", found));
        }
        let stain = match list.stain {
            Some(stain) => list.value(record, offset, stain)?,
            None => "",
        };
        let image = TissueName {
            stain: stain.to_string(),
            name: name.to_string(),
        };
        images.push((image, offset));
        Ok(())
    })?;
    images.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
    let twice = images
        .windows(2)
        .find(|pair| pair[0].0.name == pair[1].0.name);
    if let Some([(image, first), (_, second)]) = twice {
        let found = format!(
            "{} in line {} and in {}",
            shown(&image.name),
            list.line(*first),
            list.place(*second, list.image)
        );
        return Err(list.wrong("every image once", found));
    }
    if images.is_empty() || images.len() > MOST_IMAGES {
        let expected = format!("1 to {MOST_IMAGES} images");
        return Err(list.wrong(expected, images.len().to_string()));
    }
    Ok(images.into_iter().map(|(image, _)| image).collect())
}

/// A list whose first line has been understood.
struct List<'a> {
    text: &'a [u8],
    path: &'a Path,
    delimiter: u8,
    header: ByteRecord,
    /// The number of the column of names, from 0.
    image: usize,
    /// The number of the column of stains, from 0.
    stain: Option<usize>,
}

impl<'a> List<'a> {
    fn new(text: &'a [u8], path: &'a Path) -> Result<Self, DatasetError> {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let malformed = |expected: &str, found| DatasetError::malformed(path, expected, found);
        for delimiter in DELIMITERS {
            let mut header = ByteRecord::new();
            if !reader(text, delimiter)
                .read_byte_record(&mut header)
                .map_err(|error| malformed("comma-separated values", error.to_string()))?
            {
                break;
            }
            let columns = |name: &str| {
                let found = header.iter().enumerate();
                let mut found = found.filter(|(_, column)| *column == name.as_bytes());
                (found.next().map(|(place, _)| place), found.count())
            };
            let (Some(image), more) = columns(IMAGE) else {
                continue;
            };
            let (stain, more_stains) = columns(STAIN);
            for (name, more) in [(IMAGE, more), (STAIN, more_stains)] {
                if more > 0 {
                    let found = format!("{} columns `{name}` in line 1", more + 1);
                    return Err(malformed("every column named once", found));
                }
            }
            return Ok(Self {
                text,
                path,
                delimiter,
                header,
                image,
                stain,
            });
        }
        let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let expected = match std::str::from_utf8(first) {
            Ok(_) => {
                "a first line that names the column `image`, between commas, semicolons or tabs"
            }
            Err(_) => "text in UTF-8 whose first line names the column `image`",
        };
        Err(malformed(
            expected,
            format!("{} in line 1", shown(&String::from_utf8_lossy(first))),
        ))
    }

    /// Takes every line behind the first, with where it begins.
    fn each(
        &self,
        mut take: impl FnMut(&ByteRecord, usize) -> Result<(), DatasetError>,
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
            let offset = place + blank;
            if record.len() != self.header.len() {
                let expected = format!("{} values in a line, as in the first", self.header.len());
                let column = usize::min(record.len(), self.header.len());
                let what = match self.header.get(column) {
                    Some(name) => format!("`{}` is missing", String::from_utf8_lossy(name)),
                    None => format!("{} has no name", shown(&self.lossy(&record, column))),
                };
                let found = format!(
                    "{} in line {}: column {}, {what}",
                    record.len(),
                    self.line(offset),
                    column + 1
                );
                return Err(self.wrong(expected, found));
            }
            take(&record, offset)?;
        }
    }

    /// A value as text.
    fn value<'r>(
        &self,
        record: &'r ByteRecord,
        offset: usize,
        column: usize,
    ) -> Result<&'r str, DatasetError> {
        let bytes = record.get(column).unwrap_or_default();
        std::str::from_utf8(bytes).map_err(|_| {
            let found = shown(&self.lossy(record, column));
            let found = format!("{found} in {}", self.place(offset, column));
            self.wrong("text in UTF-8", found)
        })
    }

    fn lossy(&self, record: &ByteRecord, column: usize) -> String {
        String::from_utf8_lossy(record.get(column).unwrap_or_default()).into_owned()
    }

    /// The number of the line that begins at a place.
    fn line(&self, offset: usize) -> usize {
        let before = self.text.get(..offset).unwrap_or(self.text);
        1 + before.iter().filter(|byte| **byte == b'\n').count()
    }

    /// Line and column, in words.
    fn place(&self, offset: usize, column: usize) -> String {
        let name = String::from_utf8_lossy(self.header.get(column).unwrap_or_default());
        format!(
            "line {}, column {} (`{name}`)",
            self.line(offset),
            column + 1
        )
    }

    fn wrong(&self, expected: impl Into<String>, found: impl Into<String>) -> DatasetError {
        DatasetError::malformed(self.path, expected, found)
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
fn shown(value: &str) -> String {
    let mut start: String = value.chars().take(40).collect();
    if start.len() < value.len() {
        start.push('…');
    }
    format!("{start:?}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn read_text(text: &[u8]) -> Result<Vec<TissueName>, DatasetError> {
        parse(text, Path::new("index.csv"))
    }

    #[rstest]
    #[case::plain(b"source,image,stain\nx,b,purple\ny,a,white\n")]
    #[case::line_ends_and_blank_lines(
        b"source,image,stain\r\n\r\nx,b,purple\r\n \r\ny,a,white\r\n\n\n"
    )]
    #[case::no_last_line_end(b"source,image,stain\nx,b,purple\ny,a,white")]
    #[case::byte_order_mark(b"\xef\xbb\xbfimage,stain\nb,purple\na,white\n")]
    #[case::quotes(b"\"source\",\"image\",\"stain\"\n\"x, \"\"of\"\" y\",\"b\",purple\n\"two\nlines\",a,\"white\"\n")]
    #[case::semicolons(b"image;share;stain\nb;0,5;purple\na;0,25;white\n")]
    #[case::tabs(b"image\tstain\nb\tpurple\na\twhite\n")]
    #[case::everything(b"\xef\xbb\xbf\"stain\";\"image\"\r\n\"purple\";\"b\"\r\nwhite; a \r\n")]
    #[case::other_columns_of_any_bytes(b"image,stain,note\nb,purple,caf\xe9\na,white,\n")]
    fn lists_are_read_by_the_names_of_their_columns(#[case] text: &[u8]) {
        let images = read_text(text).unwrap();
        let found: Vec<_> = images
            .iter()
            .map(|image| (&image.name[..], &image.stain[..]))
            .collect();
        assert_eq!(found, [("a", "white"), ("b", "purple")]);
    }

    #[test]
    fn stains_need_not_be_known() {
        let images = read_text(b"image\n007\n").unwrap();
        assert_eq!((&images[0].name[..], &images[0].stain[..]), ("007", ""));
    }

    #[rstest]
    #[case::empty(b"", "expected a first line that names the column `image`, ")]
    #[case::no_column(b"name\n1\n", "found \"name\" in line 1")]
    #[case::twice_a_column(b"image,image\na,b\n", "found 2 columns `image` in line 1")]
    #[case::too_few(
        b"image,stain\na,b\nc\n",
        "expected 2 values in a line, as in the first, found 1 in line 3: column 2, `stain` is missing"
    )]
    #[case::too_many(
        b"image;stain\na;b;c\n",
        "found 3 in line 2: column 3, \"c\" has no name"
    )]
    #[case::elsewhere(
        b"stain,image\nx,a\n\ny,../../secret\n",
        "found \"../../secret\" in line 4, column 2 (`image`)"
    )]
    #[case::no_name(b"stain,image\nx,\n", "found \"\" in line 2, column 2 (`image`)")]
    #[case::open_quote(b"image,stain\na,b\n\"c,d\ne,f\n", "in line 3")]
    #[case::twice(
        b"image\na\nb\na\n",
        "every image once, found \"a\" in line 2 and in line 4, column 1 (`image`)"
    )]
    #[case::latin_1(
        b"image,stain\na,b\nc,caf\xe9\n",
        "expected text in UTF-8, found \"caf\u{fffd}\" in line 3, column 2 (`stain`)"
    )]
    #[case::utf_16(
        b"\xff\xfei\0m\0a\0g\0e\0\n\0",
        "expected text in UTF-8 whose first line"
    )]
    #[case::none(b"image\n", "expected 1 to 100000 images, found 0")]
    fn errors_name_line_and_column(#[case] text: &[u8], #[case] message: &str) {
        let error = read_text(text).unwrap_err().to_string();
        assert!(
            error.starts_with("index.csv: expected ") && error.contains(message),
            "{error}"
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(
            head in prop::sample::select(vec!["", "image\n", "image,stain\n", "image;x\r\n"]),
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            text in "[a-z,;\t\"\r\n ]{0,60}",
        ) {
            let _ = read_text(&[head.as_bytes(), &bytes].concat());
            let _ = read_text(&[head, &text].concat().into_bytes());
        }
    }
}
