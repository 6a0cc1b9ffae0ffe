//! The table of a folder's pictures, `labels.csv`, in place of folders of classes.
//!
//! ```text
//! file,class,group,split      the first line names the columns; `file` and `class` have to be among them
//! scans/007.tif,cat,p3,train  a picture, relative to the folder and inside of it; its class; what it belongs to; its split
//! ```
//!
//! Any [table](crate::tables) with these columns will do; other columns aren't looked at, unless they are what is learned in place of
//! the class ([`TargetColumns`]). Each file stands in it once.

use std::path::Path;

use unicode_normalization::UnicodeNormalization;

use super::targets::{self, TargetColumns};
use crate::DatasetError;
use crate::images::{Split, TargetKind};
use crate::tables::{self, Table, shown};

/// The largest table: 64 MiB.
const LONGEST: u64 = 1 << 26;

/// The most pictures.
const MOST_PICTURES: usize = 1 << 20;

/// The longest name of a class or a group.
const LONGEST_NAME: usize = 255;

/// A line of a table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    /// The picture's path below the folder, `/` between its parts.
    pub(super) file: String,
    /// In the composed form (NFC); empty where the table has no classes and needs none.
    pub(super) class: String,
    /// What is learned in place of the class.
    pub(super) targets: Vec<f32>,
    pub(super) group: Option<String>,
    pub(super) split: Option<Split>,
    /// The number of the line.
    pub(super) number: usize,
}

/// What is asked of a table.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted<'a> {
    /// Classes.
    Classes,
    /// What stands in these columns; classes, where there are some, are looked at too.
    Targets(&'a TargetColumns),
    /// Classes, where there are some.
    Anything,
}

/// The text of a table.
pub(super) fn text(path: &Path) -> Result<Vec<u8>, DatasetError> {
    tables::read(path, LONGEST)
}

/// Reads a table.
pub(super) fn read(path: &Path, wanted: Wanted) -> Result<Vec<Line>, DatasetError> {
    parse(&text(path)?, path, wanted)
}

/// Parses a table. Its lines keep their order.
pub(super) fn parse(text: &[u8], path: &Path, wanted: Wanted) -> Result<Vec<Line>, DatasetError> {
    let table = Table::new(text, path, "file")?;
    let file = table.needed("file")?;
    let class = match wanted {
        Wanted::Classes => Some(needed_class(&table)?),
        Wanted::Targets(_) | Wanted::Anything => table.column("class")?,
    };
    let targets = match wanted {
        Wanted::Targets(columns) => Some((columns, columns.places(&table)?)),
        Wanted::Classes | Wanted::Anything => None,
    };
    let (group, split) = (table.column("group")?, table.column("split")?);
    let mut lines = Vec::new();
    // Lines are counted on the way: from the beginning each time would take the square of their number.
    let (mut number, mut counted) = (1, 0);
    table.each(|row| {
        number += table.lines_between(counted, row.offset);
        counted = row.offset;
        let name = row.value(file)?;
        let name = name.strip_prefix("./").unwrap_or(name);
        check_relative(name).map_err(|expected| row.wrong(file, expected))?;
        let of_name = |column: usize, expected: &str| {
            let name: String = row.value(column)?.nfc().collect();
            let is_name = !name.is_empty() && name.len() <= LONGEST_NAME;
            match is_name && !name.contains(char::is_control) {
                true => Ok(name),
                false => Err(row.wrong(column, expected)),
            }
        };
        let split = match split.map(|column| (column, row.value(column))) {
            None => None,
            Some((_, Ok("train"))) => Some(Split::Train),
            Some((_, Ok("valid"))) => Some(Split::Valid),
            Some((_, Ok("test"))) => Some(Split::Test),
            Some((_, Err(error))) => return Err(error),
            Some((column, Ok(_))) => return Err(row.wrong(column, "train, valid or test")),
        };
        if lines.len() == MOST_PICTURES {
            return Err(row.wrong(file, format!("at most {MOST_PICTURES} pictures")));
        }
        lines.push(Line {
            file: name.to_string(),
            class: match class {
                Some(column) => of_name(column, "the name of a class")?,
                None => String::new(),
            },
            targets: match &targets {
                Some((columns, places)) => columns.row(row, places)?,
                None => Vec::new(),
            },
            group: match group {
                Some(column) => Some(of_name(column, "the name of a group")?),
                None => None,
            },
            split,
            number,
        });
        Ok(())
    })?;
    if lines.is_empty() {
        return Err(table.wrong("at least one picture", "none"));
    }
    check_once(&lines, &table)?;
    Ok(lines)
}

/// The column of the classes; where there is none, the error says what else could be learned.
fn needed_class(table: &Table) -> Result<usize, DatasetError> {
    let error = match table.needed("class") {
        Ok(class) => return Ok(class),
        Err(error) => error,
    };
    let guesses = targets::guess(table)?;
    let Some(first) = guesses.first() else {
        return Err(error);
    };
    let DatasetError::Malformed {
        path,
        expected,
        found,
    } = error
    else {
        return Err(error);
    };
    let kind = match first.kind {
        TargetKind::Numbers => "numbers",
        TargetKind::Labels => "labels",
    };
    let name = &first.name;
    let found =
        format!("{found}; to learn {name:?}: target = {{ {kind} = [{name:?}] }} in [dataset]");
    Err(DatasetError::malformed(&path, expected, found))
}

/// Refuses a file that stands in the table twice, in whatever form of Unicode.
fn check_once(lines: &[Line], table: &Table) -> Result<(), DatasetError> {
    let mut names: Vec<(String, usize)> = lines
        .iter()
        .map(|line| (line.file.nfc().collect(), line.number))
        .collect();
    names.sort_unstable();
    let twice = names.windows(2).find(|pair| pair[0].0 == pair[1].0);
    let Some([(name, first), (_, second)]) = twice else {
        return Ok(());
    };
    let found = format!("{} in line {first} and in line {second}", shown(name));
    Err(table.wrong("every file once in the column `file`", found))
}

/// Refuses what is no path to a place below a folder; says what is expected.
pub(super) fn check_relative(name: &str) -> Result<(), &'static str> {
    // A letter and a colon begin a path of Windows.
    let is_drive = name.as_bytes().get(1) == Some(&b':');
    if name.contains('\\') || name.contains(char::is_control) || is_drive {
        return Err("a file of this folder, with / between the parts of its path");
    }
    let is_part = |part: &str| !part.is_empty() && part != "." && part != "..";
    match name.split('/').all(is_part) {
        true => Ok(()),
        false => Err("a file of this folder: relative, without . or .. in its path"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn read_text(text: &[u8]) -> Result<Vec<Line>, DatasetError> {
        parse(text, Path::new("labels.csv"), Wanted::Classes)
    }

    #[test]
    fn columns_are_known_by_their_names() {
        let text = "\u{feff}note;split;class;file;group\r\n;train;caf\u{65}\u{301};\"a/ü 1.png\";p1\r\n\r\n\
            \"two\nlines\";test;dog;./b.tif;p2\r\n";
        let lines = read_text(text.as_bytes()).unwrap();
        let expected = |file: &str, class: &str, group: &str, split, number| Line {
            file: file.into(),
            class: class.into(),
            targets: Vec::new(),
            group: Some(group.into()),
            split: Some(split),
            number,
        };
        let first = expected("a/ü 1.png", "caf\u{e9}", "p1", Split::Train, 2);
        let second = expected("b.tif", "dog", "p2", Split::Test, 4);
        assert_eq!(lines, [first, second]);
        let plain = read_text(b"class\tfile\nx\ty.png\n").unwrap();
        assert_eq!((&plain[0].group, plain[0].split), (&None, None));
    }

    #[rstest]
    #[case::empty(b"", "a first line that names the column `file`")]
    #[case::no_header(b"a.png,cat\n", "found \"a.png,cat\" in line 1")]
    #[case::no_class(
        b"file,label\na,b\n",
        "names the column `class`, found \"file, label\" in line 1"
    )]
    #[case::above(
        b"file,class\na,c\n../b,c\n",
        "found \"../b\" in line 3, column 1 (`file`)"
    )]
    #[case::within(b"file,class\na/../b,c\n", "without . or .. in its path")]
    #[case::dot(b"file,class\na/./b,c\n", "without . or .. in its path")]
    #[case::absolute(b"file,class\n/etc/passwd,c\n", "found \"/etc/passwd\" in line 2")]
    #[case::drive(b"file,class\nC:/a.png,c\n", "with / between the parts")]
    #[case::backslash(b"class,file\nc,a\\b.png\n", "line 2, column 2 (`file`)")]
    #[case::no_file(b"file,class\n,c\n", "found \"\" in line 2, column 1 (`file`)")]
    #[case::no_name(
        b"file,class\na,\n",
        "the name of a class, found \"\" in line 2, column 2"
    )]
    #[case::no_group(b"file,class,group\na,b, \n", "column 3 (`group`)")]
    #[case::unknown_split(
        b"file,class,split\na,b,train\nc,b,validation\n",
        "expected train, valid or test, found \"validation\" in line 3, column 3 (`split`)"
    )]
    #[case::no_split(
        b"file,class,split\na,b,\n",
        "expected train, valid or test, found \"\""
    )]
    #[case::twice(
        b"file,class\na,b\nc,b\n\n./a,d\n",
        "every file once in the column `file`, found \"a\" in line 2 and in line 5"
    )]
    #[case::twice_in_other_forms(
        "file,class\ncaf\u{e9},b\ncafe\u{301},b\n".as_bytes(),
        "in line 2 and in line 3"
    )]
    #[case::twice_a_column(b"file,class,class\na,b,b\n", "2 columns `class`")]
    #[case::too_few(b"file,class\na\n", "found 1 in line 2: column 2, `class` is missing")]
    #[case::none(b"file,class\n", "at least one picture")]
    #[case::latin_1(b"file,class\na,caf\xe9\n", "text in UTF-8")]
    fn errors_name_line_and_column(#[case] text: &[u8], #[case] message: &str) {
        let error = read_text(text).unwrap_err().to_string();
        assert!(
            error.starts_with("labels.csv: expected ") && error.contains(message),
            "{error}"
        );
    }

    #[rstest]
    #[case::no_column(
        b"file,mas,radius\na,1,2\n",
        "the column `mass` of dataset.target, found \"file, mas, radius\" in line 1; did you mean `mas`?"
    )]
    #[case::text(
        b"file,mass,radius\na,1,2\nb,heavy,2\n",
        "expected a number, or nothing where it is not known, found \"heavy\" in line 3, column 2 (`mass`)"
    )]
    #[case::infinite(
        b"file,mass,radius\na,1,inf\n",
        "expected a finite number below 3.4e38, or nothing where it is not known, found \"inf\" in line 2, column 3 (`radius`)"
    )]
    #[case::nan(b"file,mass,radius\na,NaN,1\n", "found \"NaN\" in line 2")]
    #[case::nothing(
        b"file,mass,radius\na,,\n",
        "something known of each picture in mass, radius, found \"\" in line 2, column 2 (`mass`)"
    )]
    #[case::twice(b"file,mass,mass,radius\na,1,1,1\n", "2 columns `mass` in line 1")]
    fn targets_that_are_none_are_named(#[case] text: &[u8], #[case] message: &str) {
        let columns = TargetColumns::numbers(["mass", "radius"]);
        let read = parse(text, Path::new("labels.csv"), Wanted::Targets(&columns));
        let error = read.unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }

    #[test]
    fn targets_stand_beside_what_else_a_table_says() {
        let columns = TargetColumns::numbers(["mass", "radius"]);
        let text = b"radius;file;mass;class\n2,5;a;;x\n1;b;-3;y\n";
        let lines = parse(text, Path::new("labels.csv"), Wanted::Targets(&columns)).unwrap();
        assert!(lines[0].targets[0].is_nan() && lines[0].targets[1] == 2.5);
        assert_eq!(
            (&lines[1].targets[..], &lines[1].class[..]),
            (&[-3.0, 1.0][..], "y")
        );
        let error = read_text(b"file,mass\na,1\nb,2\n").unwrap_err().to_string();
        assert!(
            error.ends_with("to learn \"mass\": target = { numbers = [\"mass\"] } in [dataset]"),
            "{error}"
        );
        let any = parse(text, Path::new("labels.csv"), Wanted::Anything).unwrap();
        assert!(any[0].targets.is_empty() && any[0].class == "x");
    }

    #[test]
    fn names_are_not_too_long() {
        let text = format!("file,class\na,{}\n", "x".repeat(256));
        let error = read_text(text.as_bytes()).unwrap_err().to_string();
        assert!(
            error.contains("the name of a class") && error.len() < 200,
            "{error}"
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(
            head in prop::sample::select(vec!["", "file,class\n", "file,class,split,group\n", "file;class\r\n"]),
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            text in "[a-z,;./\t\"\r\n ]{0,60}",
        ) {
            let _ = read_text(&[head.as_bytes(), &bytes].concat());
            let columns = TargetColumns::labels(["class"]);
            let any = [head.as_bytes(), &bytes].concat();
            for wanted in [Wanted::Anything, Wanted::Targets(&columns)] {
                if let Ok(lines) = parse(&any, Path::new("labels.csv"), wanted) {
                    prop_assert!(lines.iter().flat_map(|line| &line.targets).all(|v| !v.is_infinite()));
                }
            }
            if let Ok(lines) = read_text(&[head, &text].concat().into_bytes()) {
                for line in lines {
                    prop_assert!(line.file.split('/').all(|part| !part.is_empty() && part != ".."));
                }
            }
        }
    }
}
