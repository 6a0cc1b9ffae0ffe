//! `.amat`, the text format of the community's rotated MNIST: one line an image.
//!
//! ```text
//! v₁ v₂ … v₇₈₄ label        values from 0 to 1, row by row
//! ```
//!
//! Values are separated by spaces or tabs, the label may be written as a float (`7.0000`). Blank lines at the end are no
//! images; one between images is an error, since an image may be missing there. Files may be gzipped. They are read in
//! blocks of a few megabytes, whose lines are parsed in parallel; memory is taken only for lines that are long enough to
//! be images, and for a bounded number of values. Source: Larochelle, Erhan, Courville, Bergstra and Bengio 2007, "An
//! empirical evaluation of deep architectures on problems with many factors of variation".

use std::io::{self, Read};
use std::path::Path;

use rayon::prelude::*;

use crate::{DatasetError, ImageDataset, files};

/// How much text is read at once; no line may be longer.
const BLOCK: usize = 4 << 20;

/// The most values of images that a file may hold: 512 MiB in memory, 171,196 images of 28×28, more than three times the
/// largest published file.
const MOST_VALUES: usize = 1 << 27;

/// Reads a file of images of `[channels, height, width]` with labels below `classes`.
pub fn read(path: &Path, shape: [usize; 3], classes: usize) -> Result<ImageDataset, DatasetError> {
    from_reader(files::open(path)?, path, shape, classes)
}

/// Reads a stream (already unpacked); `name` is what errors call it.
pub fn from_reader(
    reader: impl Read,
    name: &Path,
    shape: [usize; 3],
    classes: usize,
) -> Result<ImageDataset, DatasetError> {
    bounded(reader, name, shape, classes, MOST_VALUES)
}

/// Reads a stream with at most so many values of images.
fn bounded(
    mut reader: impl Read,
    name: &Path,
    shape: [usize; 3],
    classes: usize,
    most_values: usize,
) -> Result<ImageDataset, DatasetError> {
    let image_len = shape.iter().product();
    let most_images = most_values / usize::max(image_len, 1);
    let mut images = Images {
        image_len,
        classes,
        lines: 0,
        blank: None,
        pixels: Vec::new(),
        labels: Vec::new(),
    };
    let mut block = Vec::with_capacity(BLOCK);
    loop {
        let ended = fill(&mut reader, &mut block).map_err(|error| files::reading(name, error))?;
        let end = match block.iter().rposition(|byte| *byte == b'\n') {
            // The last line may lack its end.
            _ if ended => block.len(),
            Some(place) => place + 1,
            None => {
                let found = format!("a line of more than {BLOCK} bytes");
                return Err(DatasetError::malformed(
                    name,
                    format!("lines of {} numbers", image_len + 1),
                    found,
                ));
            }
        };
        let text = block[..end].strip_suffix(b"\n").unwrap_or(&block[..end]);
        if !text.is_empty() || !ended {
            images.read(text).map_err(
                |Wrong {
                     line,
                     expected,
                     found,
                 }| {
                    DatasetError::malformed(name, expected, format!("{found} in line {line}"))
                },
            )?;
        }
        if images.labels.len() > most_images {
            return Err(DatasetError::malformed(
                name,
                format!("at most {most_images} images of {image_len} values"),
                "more",
            ));
        }
        if ended {
            break;
        }
        block.drain(..end);
    }
    if images.labels.is_empty() {
        return Err(DatasetError::malformed(
            name,
            format!("lines of {} numbers", image_len + 1),
            "no line",
        ));
    }
    ImageDataset::from_floats(images.pixels, images.labels, shape, classes)
}

/// Fills the block up; true at the end of the stream.
fn fill(reader: &mut impl Read, block: &mut Vec<u8>) -> io::Result<bool> {
    let room = BLOCK.saturating_sub(block.len()) as u64;
    let read = reader.take(room).read_to_end(block)?;
    Ok((read as u64) < room)
}

/// What is wrong in which line, counted from 1.
struct Wrong {
    line: usize,
    expected: String,
    found: String,
}

/// The images of the lines so far.
struct Images {
    image_len: usize,
    classes: usize,
    /// How many lines there were.
    lines: usize,
    /// The first of the blank lines that were last.
    blank: Option<usize>,
    pixels: Vec<f32>,
    labels: Vec<u8>,
}

impl Images {
    /// Reads the whole lines of a block.
    fn read(&mut self, text: &[u8]) -> Result<(), Wrong> {
        // Without its numbers' digits and the spaces between them a line is no image: none behind the first such line
        // is looked at, so that a block of line ends takes no more memory than one of images.
        let least = 2 * self.image_len + 1;
        let mut lines = Vec::new();
        for line in text.split(|byte| *byte == b'\n') {
            let number = self.lines + 1;
            self.lines = number;
            if line.trim_ascii().is_empty() {
                self.blank = self.blank.or(Some(number));
                continue;
            }
            if let Some(blank) = self.blank {
                // What was wrong before it is told first.
                self.parse(&lines)?;
                return Err(Wrong {
                    line: blank,
                    expected: format!("{} numbers in a line", self.image_len + 1),
                    found: "none".into(),
                });
            }
            lines.push((number, line));
            if line.len() < least {
                break;
            }
        }
        self.parse(&lines)
    }

    /// Parses numbered lines, the first wrong one of which is the error.
    fn parse(&mut self, lines: &[(usize, &[u8])]) -> Result<(), Wrong> {
        let parsed: Vec<Result<(Vec<f32>, u8), Wrong>> = lines
            .par_iter()
            .map(|(number, line)| parse_line(line, *number, self.image_len, self.classes))
            .collect();
        self.pixels.reserve(lines.len() * self.image_len);
        for line in parsed {
            let (image, label) = line?;
            self.pixels.extend_from_slice(&image);
            self.labels.push(label);
        }
        Ok(())
    }
}

fn parse_line(
    text: &[u8],
    line: usize,
    image_len: usize,
    classes: usize,
) -> Result<(Vec<f32>, u8), Wrong> {
    let mut image = Vec::with_capacity(image_len + 1);
    for field in text
        .split(u8::is_ascii_whitespace)
        .filter(|field| !field.is_empty())
    {
        let value = std::str::from_utf8(field)
            .ok()
            .and_then(|field| field.parse::<f32>().ok());
        let Some(value) = value else {
            let found = format!(
                "`{}`",
                String::from_utf8_lossy(&field[..field.len().min(20)])
            );
            return Err(Wrong {
                line,
                expected: "numbers".into(),
                found,
            });
        };
        if image.len() > image_len {
            return Err(Wrong {
                line,
                expected: format!("{} numbers in a line", image_len + 1),
                found: "more".into(),
            });
        }
        image.push(value);
    }
    let Some(label) = image.pop().filter(|_| image.len() == image_len) else {
        // The label was taken off, if there was one.
        let found = if image.is_empty() {
            "none or one".to_string()
        } else {
            (image.len() + 1).to_string()
        };
        return Err(Wrong {
            line,
            expected: format!("{} numbers in a line", image_len + 1),
            found,
        });
    };
    if let Some((place, value)) = image
        .iter()
        .enumerate()
        .find(|(_, value)| !(0.0..=1.0).contains(*value))
    {
        let found = format!("{value} at place {}", place + 1);
        return Err(Wrong {
            line,
            expected: "values from 0 to 1".into(),
            found,
        });
    }
    if label.fract() != 0.0 || !(0.0..classes as f32).contains(&label) {
        let expected = format!("a label from 0 to {} at the end", classes.saturating_sub(1));
        return Err(Wrong {
            line,
            expected,
            found: label.to_string(),
        });
    }
    Ok((image, label as u8))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    const SHAPE: [usize; 3] = [1, 1, 3];

    fn read_text(text: &str) -> Result<ImageDataset, DatasetError> {
        from_reader(text.as_bytes(), Path::new("digits.amat"), SHAPE, 10)
    }

    #[rstest]
    #[case::plain("0 0.5 1 7\n0.25 0 0 0\n")]
    #[case::as_published(
        "   0.0000000e+00   5.0000000e-01   1.0000000e+00   7.0000000e+00\n .25 0 0 0"
    )]
    #[case::tabs_and_carriage_returns("0\t0.5\t1\t7.0\r\n0.25\t0\t0\t0\r\n")]
    #[case::a_blank_last_line("0 0.5 1 7\n0.25 0 0 0\n\n")]
    #[case::blank_last_lines("0 0.5 1 7\n0.25 0 0 0\n\n \t\r\n\r\n  ")]
    fn lines_are_images(#[case] text: &str) {
        let images = read_text(text).unwrap();
        assert_eq!(images.labels(), [7, 0]);
        assert_eq!(
            (images.image(0), images.image(1)),
            (vec![0.0, 0.5, 1.0], vec![0.25, 0.0, 0.0])
        );
    }

    #[rstest]
    #[case::empty("", "no line")]
    #[case::too_few("0 0 0 1\n0 0 1\n", "expected 4 numbers in a line, found 3 in line 2")]
    #[case::too_many("0 0 0 0 0 1\n", "found more in line 1")]
    #[case::words("0 0 zero 1\n", "expected numbers, found `zero` in line 1")]
    #[case::blank_line(
        "0 0 0 1\n\n0 0 0 1\n",
        "expected 4 numbers in a line, found none in line 2"
    )]
    #[case::wrong_before_blank("0 0 1\n\n0 0 0 1\n", "found 3 in line 1")]
    #[case::blank_lines_alone("\n \n\n", "no line")]
    #[case::too_bright("0 0 3.5 1\n", "found 3.5 at place 3 in line 1")]
    #[case::not_a_number("0 0 nan 1\n", "found NaN at place 3")]
    #[case::no_class(
        "0 0 0 11\n",
        "expected a label from 0 to 9 at the end, found 11 in line 1"
    )]
    #[case::half_a_label("0 0 0 1.5\n", "found 1.5")]
    fn wrong_lines_are_named(#[case] text: &str, #[case] message: &str) {
        let error = read_text(text).unwrap_err().to_string();
        assert!(
            error.contains("digits.amat") && error.contains(message),
            "{error}"
        );
    }

    #[test]
    fn lines_that_cross_blocks_stay_whole() {
        // 60 bytes a line: more than two blocks.
        let line = |index: usize| {
            format!(
                "0.{:017} 0.{:017} 0.{:016} {}\n",
                index,
                index * 3,
                0,
                index % 10
            )
        };
        let count = 2 * BLOCK / line(0).len() + 1000;
        let images = read_text(&(0..count).map(line).collect::<String>()).unwrap();
        assert_eq!(images.count(), count);
        assert!(
            images
                .labels()
                .iter()
                .enumerate()
                .all(|(index, label)| usize::from(*label) == index % 10)
        );
    }

    #[test]
    fn blank_lines_may_end_a_file_over_several_blocks_and_stand_nowhere_else() {
        let blank = "\n".repeat(BLOCK + 10);
        let images = read_text(&format!("0 0.5 1 7\n{blank}")).unwrap();
        assert_eq!(images.labels(), [7]);
        let error = read_text(&format!("0 0.5 1 7\n{blank}0 0 0 1\n"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("found none in line 2"), "{error}");
    }

    #[test]
    fn more_values_than_memory_is_meant_for_are_refused() {
        let read = |count: usize| {
            let text = "0 0.5 1 7\n".repeat(count);
            bounded(text.as_bytes(), Path::new("digits.amat"), SHAPE, 10, 16)
        };
        assert_eq!(read(5).unwrap().count(), 5);
        let error = read(6).unwrap_err().to_string();
        assert!(
            error.contains("at most 5 images of 3 values, found more"),
            "{error}"
        );
    }

    #[test]
    fn endless_lines_are_refused() {
        let error = from_reader(io::repeat(b'0'), Path::new("zeros"), SHAPE, 10)
            .unwrap_err()
            .to_string();
        assert!(error.contains("a line of more than"), "{error}");
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = from_reader(&bytes[..], Path::new("x"), SHAPE, 10);
        }

        #[test]
        fn no_line_of_near_numbers_makes_the_reader_panic(text in "[0-9. e+-]{0,40}\n[0-9. ]{0,20}") {
            let _ = read_text(&text);
        }
    }
}
