//! Which pixel reads which, in a convolution and in the gradient with respect to its input.
//!
//! Both are sums over kernel taps with source positions that are a base plus an offset, per axis:
//!
//! ```text
//! convolution       source(y, i) = y·s − p + i·d
//! input gradient    source(y, i) = (y + p − i·d) / s, for the taps i for which that is whole
//! ```
//!
//! Pixels are grouped by the taps that fall inside the source, so that nothing is computed for those that do not. The
//! source is stored with a border of zeros, which makes it harmless to compute more taps for a pixel than it has.

use super::tiles::{Run, Tap};
use std::ops::Range;

/// A target position along one axis.
#[derive(Debug, Clone, Copy)]
struct Position {
    /// Where its taps' offsets count from, in the padded source.
    base: usize,
    /// The class of positions that share their tap offsets.
    residue: usize,
    /// Those of the class's taps that fall inside the source.
    valid: (usize, usize),
}

/// One axis of a pass.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    /// Zeros in front of the source.
    pub before: usize,
    /// Kernel size.
    kernel: usize,
    /// Source size with zeros on both sides.
    pub padded: usize,
    /// Per residue, kernel index and offset of each tap, by growing kernel index.
    taps: Vec<Vec<(usize, usize)>>,
    /// Per target position.
    positions: Vec<Position>,
}

impl Axis {
    pub fn forward(
        input: usize,
        output: usize,
        kernel: usize,
        stride: usize,
        padding: usize,
        dilation: usize,
    ) -> Self {
        let taps: Vec<_> = (0..kernel).map(|i| (i, i * dilation)).collect();
        let inside = |y: usize, i: usize| {
            let at = y * stride + i * dilation;
            at >= padding && at < padding + input
        };
        let positions = (0..output)
            .map(|y| Position {
                base: y * stride,
                residue: 0,
                valid: bounds(kernel, |i| inside(y, i)),
            })
            .collect();
        let reach = (output - 1) * stride + (kernel - 1) * dilation + 1;
        Self {
            before: padding,
            kernel,
            padded: reach.max(padding + input),
            taps: vec![taps],
            positions,
        }
    }

    pub fn backward(
        input: usize,
        output: usize,
        kernel: usize,
        stride: usize,
        padding: usize,
        dilation: usize,
    ) -> Self {
        let at = |y: usize, i: usize| (y + padding) as isize - (i * dilation) as isize;
        let whole = |y: usize, i: usize| at(y, i).rem_euclid(stride as isize) == 0;
        let source = |y: usize, i: usize| at(y, i).div_euclid(stride as isize);
        let before = (0..input.min(stride))
            .map(|y| -source(y, kernel - 1))
            .max()
            .unwrap_or(0)
            .max(0);
        // Offsets are the same for all positions with the same residue: they are taken at the first one.
        let taps: Vec<Vec<_>> = (0..stride.min(input.max(1)))
            .map(|y| {
                (0..kernel)
                    .filter(|&i| whole(y, i))
                    .map(|i| (i, (source(y, i) - source(y, kernel - 1)) as usize))
                    .collect()
            })
            .collect();
        let mut padded = before as usize + output;
        let positions = (0..input)
            .map(|y| {
                let residue = y % stride;
                let base = (source(y, kernel - 1) + before) as usize;
                let taps = &taps[residue];
                for &(_, offset) in taps {
                    padded = padded.max(base + offset + 1);
                }
                let inside = |i: usize| (0..output as isize).contains(&source(y, taps[i].0));
                Position {
                    base,
                    residue,
                    valid: bounds(taps.len(), inside),
                }
            })
            .collect();
        Self {
            before: before as usize,
            kernel,
            padded,
            taps,
            positions,
        }
    }

    /// The positions of `range`, grouped by the taps that they use.
    fn classes(&self, range: Range<usize>) -> Vec<Class> {
        let mut classes: Vec<Class> = Vec::new();
        for target in range {
            let position = self.positions[target];
            let member = (target, position.base);
            match classes
                .iter_mut()
                .find(|c| c.residue == position.residue && c.valid == position.valid)
            {
                Some(class) => class.members.push(member),
                None => classes.push(Class {
                    residue: position.residue,
                    valid: position.valid,
                    members: vec![member],
                }),
            }
        }
        classes
    }
}

/// The first and one past the last of `0..count` for which `inside` holds (it holds for all in between).
fn bounds(count: usize, inside: impl Fn(usize) -> bool) -> (usize, usize) {
    let start = (0..count).find(|&i| inside(i)).unwrap_or(0);
    let end = (start..count)
        .rev()
        .find(|&i| inside(i))
        .map_or(start, |i| i + 1);
    (start, end)
}

/// Positions along one axis that use the same taps.
#[derive(Debug, Clone)]
struct Class {
    residue: usize,
    valid: (usize, usize),
    /// Target position and base.
    members: Vec<(usize, usize)>,
}

/// A convolution or an input gradient: target pixels, and where in the source their taps are.
#[derive(Debug, Clone)]
pub(super) struct Pass {
    axes: [Axis; 2],
}

impl Pass {
    pub fn new(axes: [Axis; 2]) -> Self {
        Self { axes }
    }

    /// Rows and columns of the padded source.
    pub fn padded(&self) -> [usize; 2] {
        [self.axes[0].padded, self.axes[1].padded]
    }

    /// Zeros above and left of the source.
    pub fn before(&self) -> [usize; 2] {
        [self.axes[0].before, self.axes[1].before]
    }

    /// Rows and columns of the target.
    pub fn target(&self) -> [usize; 2] {
        [self.axes[0].positions.len(), self.axes[1].positions.len()]
    }

    /// The pixels of some rows of some samples: what the kernels work through.
    pub fn pixels(&self, samples: usize, rows: Range<usize>) -> Pixels {
        let [height, width] = self.padded();
        let columns = self.axes[1].positions.len();
        let most = samples * height * width;
        assert!(
            most.max(samples * rows.len() * columns) <= u32::MAX as usize,
            "conv2d: planes have at most {} pixels, with their border",
            u32::MAX
        );
        let kernel_columns = self.axes[1].kernel;
        let mut pixels = Pixels::default();
        let first_row = rows.start;
        let number = rows.len() * columns;
        let row_classes = self.axes[0].classes(rows);
        let column_classes = self.axes[1].classes(0..columns);
        for row_class in &row_classes {
            let row_taps = &self.axes[0].taps[row_class.residue];
            let mut add = |columns: &[&Class], valid: (usize, usize)| {
                let tap = pixels.taps.len();
                let column_taps = &self.axes[1].taps[columns[0].residue];
                for &(i, row) in &row_taps[row_class.valid.0..row_class.valid.1] {
                    for &(j, column) in &column_taps[valid.0..valid.1] {
                        pixels.taps.push(Tap {
                            offset: (row * width + column) as u32,
                            index: (i * kernel_columns + j) as u32,
                        });
                    }
                }
                let first = pixels.bases.len();
                for sample in 0..samples {
                    for &(y, base_y) in &row_class.members {
                        for &(x, base_x) in columns.iter().flat_map(|c| &c.members) {
                            let base = (sample * height + base_y) * width + base_x;
                            let slot = sample * number
                                + (y - first_row) * self.axes[1].positions.len()
                                + x;
                            pixels.bases.push(base as u32);
                            pixels.slots.push(slot as u32);
                        }
                    }
                }
                pixels.runs.push(Run {
                    first: first as u32,
                    count: (pixels.bases.len() - first) as u32,
                    tap: tap as u32,
                    taps: (pixels.taps.len() - tap) as u32,
                });
            };
            // A class of three pixels or fewer would leave most of a tile empty: neighbours share one and compute some
            // zeros instead.
            let mut small: Vec<&Class> = Vec::new();
            for class in &column_classes {
                if samples * row_class.members.len() * class.members.len() >= 4 {
                    add(&[class], class.valid);
                } else {
                    small.push(class);
                }
            }
            small.sort_by_key(|c| (c.residue, c.valid));
            while let Some(class) = small.first().copied() {
                let mut count = 0;
                let mut valid = class.valid;
                let mut end = 0;
                for other in &small {
                    let more = samples * row_class.members.len() * other.members.len();
                    if other.residue != class.residue || (count > 0 && count + more > 6) {
                        break;
                    }
                    valid = (valid.0.min(other.valid.0), valid.1.max(other.valid.1));
                    count += more;
                    end += 1;
                }
                add(&small[..end], valid);
                small.drain(..end);
            }
        }
        pixels
    }
}

/// Target pixels in runs, with their taps.
#[derive(Debug, Clone, Default)]
pub(super) struct Pixels {
    pub runs: Vec<Run>,
    pub taps: Vec<Tap>,
    pub bases: Vec<u32>,
    pub slots: Vec<u32>,
}

impl Pixels {
    /// The most taps that any pixel has.
    pub fn most_taps(&self) -> usize {
        self.runs.iter().map(|r| r.taps as usize).max().unwrap_or(0)
    }
}
