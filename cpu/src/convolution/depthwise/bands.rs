//! Images in bands of rows, so that what a task works on stays in a cache. However large an image and a kernel are, a task
//! holds no more than its panel of planes, with their borders.

use super::axis::Axis;
use super::rows::Pair;
use std::ops::Range;

/// Numbers of source and target that a task works on, unless neighbouring bands would then share most of their rows.
const BAND: usize = 1 << 17;

/// Some rows of the target, the rows of the source that they read, and the sums to be computed.
pub(super) struct Band {
    pub target: Range<usize>,
    pub source: Range<usize>,
    /// Per row of what is computed, which pairs are its.
    pub rows: Vec<Range<usize>>,
    pub pairs: Vec<Pair>,
}

impl Band {
    /// The pairs for which `pairs` is asked, row by row.
    fn new<P: Iterator<Item = Pair>>(
        axis: &Axis,
        target: Range<usize>,
        rows: Range<usize>,
        of_row: impl Fn(usize, usize) -> P,
    ) -> Self {
        let source = axis.reach(target.clone());
        let mut pairs = Vec::new();
        let rows = rows
            .map(|row| {
                let first = pairs.len();
                pairs.extend(of_row(row, source.start));
                first..pairs.len()
            })
            .collect();
        Self {
            target,
            source,
            rows,
            pairs,
        }
    }

    /// For the rows of a convolution's target: rows of the source with rows of the kernel.
    pub fn of_convolution([down, across]: &[Axis; 2], target: Range<usize>) -> Self {
        Self::new(down, target.clone(), target, |y, first| {
            (0..down.kernel).filter_map(move |i| {
                down.read(y, i).map(|row| Pair {
                    source: (row - first) * across.bordered() + across.start(),
                    factor: i * across.kernel,
                })
            })
        })
    }

    /// For the rows of a kernel's gradient: rows of the source with those of the output gradient.
    pub fn of_correlation([down, across]: &[Axis; 2], target: Range<usize>) -> Self {
        Self::new(down, target.clone(), 0..down.kernel, |i, first| {
            target.clone().filter_map(move |y| {
                down.read(y, i).map(|row| Pair {
                    source: (row - first) * across.bordered() + across.start(),
                    factor: (y - target.start) * across.target,
                })
            })
        })
    }
}

/// The rows of the target in bands of about the same size, whole multiples of `together` rows but for the last.
pub(super) fn bands(
    [down, across]: &[Axis; 2],
    lanes: usize,
    together: usize,
) -> Vec<Range<usize>> {
    let sources = across.bordered() + across.source;
    let of_row = lanes * (sources * down.stride.div_ceil(down.spacing) + across.target);
    // Neighbouring bands read the same rows where kernels overlap: a band has more rows than that.
    let extent = (down.kernel - 1) * down.dilation + 1;
    let rows = (BAND / of_row.max(1)).max(extent.div_ceil(down.stride));
    let steps = (down.target / together).max(1);
    let number = down.target.div_ceil(rows).clamp(1, steps);
    let start = |band: usize| band * steps / number * together;
    (0..number)
        .map(|band| match band + 1 {
            last if last == number => start(band)..down.target,
            next => start(band)..start(next),
        })
        .collect()
}
