//! The list of a folder's images, `index.csv`: comma-separated values as programs for tables write them.
//!
//! ```text
//! image,stain,…        the first line names the columns; `image` has to be among them, `stain` may be
//! 007,purple,…         the name of a file without `.png`, how it was stained
//! ```
//!
//! Any other [table](crate::tables) with that column will do. Where whole images are read, a column `split` says which of them are
//! for training, validation and test.

use std::path::Path;

use super::names::{MOST_IMAGES, TissueName};
use crate::DatasetError;
use crate::images::Split;
use crate::tables::{self, Table, shown};

/// The longest list of images that is read.
const LONGEST: u64 = 1 << 22;

/// The column of names.
const IMAGE: &str = "image";

/// The column of stains.
const STAIN: &str = "stain";

/// The column of splits, where whole images are read.
const SPLIT: &str = "split";

/// Reads a list of images.
pub(crate) fn read(path: &Path) -> Result<Vec<TissueName>, DatasetError> {
    parse(&tables::read(path, LONGEST)?, path)
}

/// The same with the split of each image, where there is a column `split`: train, valid or test.
pub(crate) fn read_splits(
    path: &Path,
) -> Result<(Vec<TissueName>, Option<Vec<Split>>), DatasetError> {
    let lines = lines(&tables::read(path, LONGEST)?, path, true)?;
    // All lines have one, or none has.
    let splits: Option<Vec<Split>> = lines.iter().map(|(_, split)| *split).collect();
    Ok((lines.into_iter().map(|(image, _)| image).collect(), splits))
}

/// Parses a list of images, which is sorted by name. Columns other than `image` and `stain` aren't looked at.
pub(super) fn parse(text: &[u8], path: &Path) -> Result<Vec<TissueName>, DatasetError> {
    let lines = lines(text, path, false)?;
    Ok(lines.into_iter().map(|(image, _)| image).collect())
}

/// The lines of a list by name, and their splits, where these are asked for and there is a column of them.
fn lines(
    text: &[u8],
    path: &Path,
    with_splits: bool,
) -> Result<Vec<(TissueName, Option<Split>)>, DatasetError> {
    let list = Table::new(text, path, IMAGE)?;
    let (image, stain) = (list.needed(IMAGE)?, list.column(STAIN)?);
    let split = if with_splits {
        list.column(SPLIT)?
    } else {
        None
    };
    let mut images = Vec::new();
    list.each(|row| {
        let name = row.value(image)?;
        // A name is a file in this folder and nowhere else.
        let elsewhere = |c: char| matches!(c, '/' | '\\') || c.is_control();
        if name.is_empty() || name.contains(elsewhere) {
            return Err(row.wrong(image, "the name of an image of this folder"));
        }
        let stain = match stain {
            Some(stain) => row.value(stain)?,
            None => "",
        };
        let split = match split {
            None => None,
            Some(column) => match row.value(column)?.parse() {
                Ok(split @ (Split::Train | Split::Valid | Split::Test)) => Some(split),
                _ => return Err(row.wrong(column, "train, valid or test")),
            },
        };
        let image = TissueName {
            stain: stain.to_string(),
            name: name.to_string(),
        };
        images.push(((image, split), row.offset));
        Ok(())
    })?;
    images.sort_by(|((one, _), _), ((other, _), _)| one.name.cmp(&other.name));
    let twice = images
        .windows(2)
        .find(|pair| pair[0].0.0.name == pair[1].0.0.name);
    if let Some([((twice, _), first), (_, second)]) = twice {
        let found = format!(
            "{} in line {} and in {}",
            shown(&twice.name),
            list.line(*first),
            list.place(*second, image)
        );
        return Err(list.wrong("every image once", found));
    }
    if images.is_empty() || images.len() > MOST_IMAGES {
        let expected = format!("1 to {MOST_IMAGES} images");
        return Err(list.wrong(expected, images.len().to_string()));
    }
    Ok(images.into_iter().map(|(line, _)| line).collect())
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
