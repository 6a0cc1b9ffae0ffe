//! The planes of a batch in the lanes of registers.
//!
//! Each channel is convolved by itself, so that planes of `[batch, channels, height, width]` need not know of each other:
//! a panel is as many of them as a register has lanes, one behind the other and across samples, stored
//! `[pixel][lane]`. Channels repeat after a number of panels, and their weights with them.

use super::axis::Axis;
use crate::convolution::kernels::Kernels;
use crate::convolution::maps::Panel;
use crate::convolution::moves::Lines;
use crate::convolution::scratch::Scratch;
use crate::number::Number;
use rayon::prelude::*;
use std::ops::Range;

/// The planes of a batch.
pub(super) struct Planes<T: 'static> {
    batch: usize,
    channels: usize,
    kernels: &'static Kernels<T>,
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 {
        a
    } else {
        greatest_common_divisor(b, a % b)
    }
}

impl<T: Number> Planes<T> {
    /// In the registers that they fill best.
    pub fn new(batch: usize, channels: usize) -> Self {
        let half = T::half_kernels().filter(|half| batch * channels <= half.lanes);
        Self {
            batch,
            channels,
            kernels: half.unwrap_or(T::kernels()),
        }
    }

    /// Planes in a panel.
    pub fn lanes(&self) -> usize {
        self.kernels.lanes
    }

    /// How many planes there are.
    pub fn total(&self) -> usize {
        self.batch * self.channels
    }

    /// How many panels there are. The last may have empty lanes.
    pub fn panels(&self) -> usize {
        self.total().div_ceil(self.lanes())
    }

    /// Panels that hold different channels; those that follow repeat them.
    pub fn classes(&self) -> usize {
        let repeated = self.channels / greatest_common_divisor(self.channels, self.lanes());
        repeated.min(self.panels())
    }

    /// The channel in a lane of a panel.
    pub fn channel(&self, panel: usize, lane: usize) -> usize {
        (panel * self.lanes() + lane) % self.channels
    }

    /// A panel, whose channels are counted over the whole batch.
    pub fn panel(&self, index: usize) -> Panel<T> {
        let start = index * self.lanes();
        Panel {
            start,
            channels: self.lanes().min(self.total() - start),
            width: self.lanes(),
            before: 0,
            kernels: self.kernels,
        }
    }

    /// Kernels by class, tap and lane; turned by 180° for the input gradient.
    pub fn pack_weights(&self, weight: &[T], taps: usize, turned: bool, packed: &mut [T]) {
        packed
            .par_chunks_mut(taps * self.lanes())
            .enumerate()
            .for_each(|(class, packed)| {
                for (tap, lanes) in packed.chunks_mut(self.lanes()).enumerate() {
                    let tap = if turned { taps - 1 - tap } else { tap };
                    for (lane, number) in lanes.iter_mut().enumerate() {
                        *number = weight[self.channel(class, lane) * taps + tap];
                    }
                }
            });
    }
}

/// Brings some rows of planes, `[height, width]` each, into the lanes of a panel.
pub(super) fn gather<T: Number>(
    panel: &Panel<T>,
    from: &[T],
    [height, width]: [usize; 2],
    rows: Range<usize>,
    to: &mut [T],
) {
    let lines = Lines {
        stride: height * width,
        channels: panel.channels,
        length: rows.len() * width,
    };
    let from = &from[panel.start * height * width + rows.start * width..];
    panel.kernels.gather(from, lines, to, panel.width);
}

/// The same for a source: its rows get zeros before, between and behind.
pub(super) fn gather_source<T: Number>(
    panel: &Panel<T>,
    from: &[T],
    [down, across]: &[Axis; 2],
    rows: Range<usize>,
    to: &mut [T],
) {
    let size = [down.source, across.source];
    if across.bordered() == across.source {
        return gather(panel, from, size, rows, to);
    }
    let mut pixels = Scratch::take(rows.len() * across.source * panel.width);
    gather(panel, from, size, rows, pixels.slice());
    spread(pixels.slice(), across, panel.width, to);
}

/// Copies rows of pixels to where they have zeros before, between and behind.
fn spread<T: Number>(rows: &[T], axis: &Axis, lanes: usize, to: &mut [T]) {
    if axis.source == 0 {
        return to.fill(T::ZERO);
    }
    let rows = rows.chunks_exact(axis.source * lanes);
    let to = to.chunks_exact_mut(axis.bordered() * lanes);
    for (row, to) in rows.zip(to) {
        let (before, inside) = to.split_at_mut(axis.before() * lanes);
        before.fill(T::ZERO);
        if axis.spacing == 1 {
            let (inside, behind) = inside.split_at_mut(row.len());
            inside.copy_from_slice(row);
            behind.fill(T::ZERO);
        } else {
            inside.fill(T::ZERO);
            let pixels = inside.chunks_mut(axis.spacing * lanes);
            for (pixel, to) in row.chunks_exact(lanes).zip(pixels) {
                to[..lanes].copy_from_slice(pixel);
            }
        }
    }
}
