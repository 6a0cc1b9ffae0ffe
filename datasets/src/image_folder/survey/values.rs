//! What the values of a sample of pictures say.

use serde::Serialize;

use super::extent::extent;
use crate::picture::{Picture, Samples};

/// The shares of the values below what counts as the lowest and the highest.
const PERCENTILES: [f64; 2] = [0.01, 0.99];

/// Which part of the range from 0 to 1 pictures use: medians over a sample.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Values {
    /// Below it lies 1 % of a picture's values.
    pub low: f64,
    /// Above it lies 1 % of a picture's values.
    pub high: f64,
    /// The share of the range between 1 % and 99 % of a picture's values. Little of it calls for a stretch.
    pub used: f64,
    /// The largest value of the pictures of 16 bits, of 65,535; none where there is no such picture.
    pub largest_word: Option<u16>,
}

/// What is seen in one picture.
#[derive(Debug)]
pub(super) struct Seen {
    range: [f32; 2],
    largest_word: Option<u16>,
    pub(super) has_colours: bool,
    /// Whether it has colours that are all grey.
    pub(super) has_equal_channels: bool,
    pub(super) extent: Option<f64>,
}

impl Seen {
    pub(super) fn of(picture: &Picture) -> Self {
        let has_colours = picture.channels() == 3;
        Self {
            range: picture.samples().quantiles(PERCENTILES),
            largest_word: match picture.samples() {
                Samples::Words(words) => words.iter().copied().max(),
                _ => None,
            },
            has_colours,
            has_equal_channels: has_colours && is_grey(picture.samples()),
            extent: extent(picture),
        }
    }
}

/// Whether values in threes are equal.
fn is_grey(samples: &Samples) -> bool {
    fn all<T: PartialEq>(values: &[T]) -> bool {
        let (pixels, _) = values.as_chunks::<3>();
        pixels.iter().all(|[r, g, b]| r == g && g == b)
    }
    match samples {
        Samples::Bytes(values) => all(values),
        Samples::Words(values) => all(values),
        Samples::Floats(values) => all(values),
    }
}

impl Values {
    pub(super) fn of(seen: &[Seen]) -> Option<Self> {
        let of = |value: fn(&Seen) -> f32| {
            let values = seen.iter().map(|seen| f64::from(value(seen)));
            median(values.collect())
        };
        Some(Self {
            low: of(|seen| seen.range[0])?,
            high: of(|seen| seen.range[1])?,
            used: of(|seen| seen.range[1] - seen.range[0])?,
            largest_word: seen.iter().filter_map(|seen| seen.largest_word).max(),
        })
    }
}

/// The number in the middle, the lower one of two.
pub(super) fn median(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len().checked_sub(1)? / 2;
    Some(numbers[middle])
}
