//! How large what is seen in a picture is.
//!
//! ```text
//! extent = the least s for which a window of s H × s W pixels has 95 % of Σ |v − border|²
//! ```
//!
//! on a grid of at most 64 × 64 cells over the picture, s in whole cells.

use crate::picture::{Picture, Preparation};

/// The most cells of an axis, and the steps of the extent.
const CELLS: usize = 64;

/// The share of the squared differences in the window.
const SHARE: f64 = 0.95;

/// Squared differences that are rounding, a value.
const ROUNDING: f64 = 1e-9;

/// The extent of what differs from the border; none where nothing does.
pub(super) fn extent(picture: &Picture) -> Option<f64> {
    let ([height, width], channels) = (picture.size(), picture.channels());
    let border = Preparation::default().border_colour(picture);
    let [rows, columns] = [height, width].map(|side| side.min(CELLS));
    // sums(i, j) is the sum over the cells above i and left of j.
    let mut sums = vec![vec![0.0f64; columns + 1]; rows + 1];
    let mut values = picture.samples().values(0..height * width * channels);
    for row in 0..height {
        let cells = &mut sums[row * rows / height + 1];
        for column in 0..width {
            let cell = &mut cells[column * columns / width + 1];
            for (border, value) in border.iter().zip(values.by_ref()) {
                *cell += f64::from(value - border).powi(2);
            }
        }
    }
    for row in 1..=rows {
        let (above, own) = sums.split_at_mut(row);
        let mut sum = 0.0;
        for (cell, above) in own[0].iter_mut().zip(&above[row - 1]) {
            sum += *cell;
            *cell = sum + above;
        }
    }
    let whole = sums[rows][columns];
    if whole <= ROUNDING * (height * width) as f64 {
        return None;
    }
    let reaches = |steps: usize| {
        let [down, across] = [rows, columns].map(|cells| (steps * cells).div_ceil(CELLS));
        let most =
            (0..=rows - down).flat_map(|top| (0..=columns - across).map(move |left| [top, left]));
        let most = most.map(|[top, left]| {
            let (bottom, right) = (top + down, left + across);
            sums[bottom][right] - sums[top][right] - sums[bottom][left] + sums[top][left]
        });
        most.fold(0.0, f64::max) >= SHARE * whole
    };
    // A larger window has no less, so half of the steps can be left out each time.
    let (mut fewest, mut enough) = (0, CELLS);
    while enough - fewest > 1 {
        let middle = (fewest + enough) / 2;
        match reaches(middle) {
            true => enough = middle,
            false => fewest = middle,
        }
    }
    let cells = rows.max(columns);
    Some((enough * cells).div_ceil(CELLS) as f64 / cells as f64)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::picture::Samples;

    /// A light rectangle on a ground, `[top, left, height, width]`.
    fn picture(size: [usize; 2], [top, left, height, width]: [usize; 4]) -> Picture {
        let mut values = vec![30u8; size[0] * size[1]];
        for row in top..top + height {
            values[row * size[1] + left..][..width].fill(200);
        }
        Picture::new(size, 1, Samples::Bytes(values), Path::new("made")).unwrap()
    }

    #[test]
    fn the_extent_is_the_side_of_what_is_seen() {
        for (size, place, expected) in [
            ([100, 100], [20, 30, 50, 50], 0.5),
            ([300, 100], [30, 10, 75, 25], 0.25),
            ([16, 16], [2, 9, 4, 4], 0.25),
            ([640, 640], [1, 1, 638, 638], 1.0),
            // One side decides: the window has the picture's shape.
            ([128, 128], [10, 20, 8, 64], 0.5),
        ] {
            let found = extent(&picture(size, place)).unwrap();
            assert!(
                (found - expected).abs() <= 0.04,
                "{size:?}, {place:?}: {found}"
            );
        }
        assert_eq!(extent(&picture([50, 20], [0, 0, 50, 20])), None);
        assert!(extent(&picture([1, 3], [0, 1, 1, 1])).unwrap() <= 1.0);
    }
}
