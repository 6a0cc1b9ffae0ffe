//! Feature maps as the kernels read them: by panels of channels, channels last.

use super::kernels::Kernels;
use super::moves::Lines;
use super::tiles::MAX_VECTORS;
use crate::number::Number;
use crate::shared::Shared;
use rayon::prelude::*;

/// Kernel steps (taps × channels) whose weights stay in the first-level cache while all pixels pass by.
pub(super) const STEPS: usize = 256;
/// Numbers of a batch held channels last at once.
const CHUNK: usize = 1 << 22;

/// A panel of channels.
pub(super) struct Panel<T: 'static> {
    /// Its first channel.
    pub start: usize,
    /// Channels in it.
    pub channels: usize,
    /// Channels as stored.
    pub width: usize,
    /// Stored channels in front of it.
    pub before: usize,
    /// The instruction set that works on it.
    pub kernels: &'static Kernels<T>,
}

/// Panels as registers hold them. What is left at the end and fits half a register gets one, so that 40 channels cost
/// two and a half registers of 16, and not three.
pub(super) fn register_panels<T: Number>(channels: usize) -> Vec<Panel<T>> {
    let (whole, half) = (T::kernels(), T::half_kernels());
    let mut panels = Vec::new();
    let (mut start, mut before) = (0, 0);
    while start < channels {
        let left = channels - start;
        let fits_half = |numbers: usize| half.filter(|half| numbers <= half.lanes);
        let (kernels, vectors) = match left.checked_sub(whole.lanes) {
            None | Some(0) => (fits_half(left).unwrap_or(whole), 1),
            Some(more) if fits_half(more).is_some() => (whole, 1),
            Some(_) => (whole, MAX_VECTORS),
        };
        let width = vectors * kernels.lanes;
        let here = width.min(left);
        panels.push(Panel {
            start,
            channels: here,
            width,
            before,
            kernels,
        });
        start += here;
        before += width;
    }
    panels
}

/// Panels of source channels: only as wide as they are.
pub(super) fn source_panels<T: Number>(channels: usize, taps: usize) -> Vec<Panel<T>> {
    let most = (STEPS / taps).clamp(16, 64);
    let number = channels.div_ceil(most);
    // Multiples of eight, for whole squares in the transposition.
    let width = channels.div_ceil(number).next_multiple_of(8);
    (0..channels)
        .step_by(width)
        .map(|start| {
            let here = width.min(channels - start);
            Panel {
                start,
                channels: here,
                width: here,
                before: start,
                kernels: T::kernels(),
            }
        })
        .collect()
}

pub(super) fn stored<T>(panels: &[Panel<T>]) -> usize {
    panels.iter().map(|p| p.width).sum()
}

/// Feature maps, channels last: `[panel][sample][padded pixel][channel]`.
pub(super) struct Maps<'a, T: 'static> {
    pub data: &'a [T],
    pub panels: &'a [Panel<T>],
    pub samples: usize,
    pub pixels: usize,
}

impl<'a, T> Maps<'a, T> {
    pub fn panel(&self, panel: &Panel<T>) -> &'a [T] {
        let numbers = self.samples * self.pixels;
        &self.data[panel.before * numbers..][..panel.width * numbers]
    }
}

/// How feature maps of `[batch, channels, height, width]` are held channels last.
#[derive(Clone, Copy)]
pub(super) struct Layout<'a, T: 'static> {
    pub panels: &'a [Panel<T>],
    pub channels: usize,
    /// Height and width.
    pub size: [usize; 2],
    /// The same with a border of zeros.
    pub padded: [usize; 2],
    /// The border above and to the left.
    pub before: [usize; 2],
}

impl<'a, T: Number> Layout<'a, T> {
    /// Numbers that a sample takes.
    pub fn stored(&self) -> usize {
        stored(self.panels) * self.pixels()
    }

    fn pixels(&self) -> usize {
        self.padded[0] * self.padded[1]
    }

    /// Numbers of a sample before it is brought into this form.
    pub fn sample(&self) -> usize {
        self.channels * self.size[0] * self.size[1]
    }

    /// Brings samples from number `start` on into `data`.
    pub fn gather<'m>(
        &self,
        from: &[T],
        start: usize,
        samples: usize,
        data: &'m mut [T],
    ) -> Maps<'m, T>
    where
        'a: 'm,
    {
        let (panels, from) = (self.panels, &from[start * self.sample()..]);
        let to = Shared::new(&mut *data);
        let tasks = samples * panels.len();
        (0..tasks).into_par_iter().for_each(|task| {
            let (sample, panel) = (task / panels.len(), &panels[task % panels.len()]);
            let start = (panel.before * samples + sample * panel.width) * self.pixels();
            // SAFETY: each task has a panel of a sample of its own, and the data has content.
            let target = unsafe { to.part(start, self.pixels() * panel.width) };
            self.gather_panel(from, sample, panel, target);
        });
        Maps {
            data,
            panels,
            samples,
            pixels: self.pixels(),
        }
    }

    /// Brings a panel of a sample into `target`, with a border of zeros.
    fn gather_panel(&self, from: &[T], sample: usize, panel: &Panel<T>, target: &mut [T]) {
        let [height, width] = self.size;
        let plane = height * width;
        let source = &from[(sample * self.channels + panel.start) * plane..];
        let lines = |length: usize| Lines {
            stride: plane,
            channels: panel.channels,
            length,
        };
        if self.size == self.padded {
            panel
                .kernels
                .gather(source, lines(plane), target, panel.width);
            return;
        }
        target.fill(T::ZERO);
        for y in 0..height {
            let pixel = (y + self.before[0]) * self.padded[1] + self.before[1];
            let target = &mut target[pixel * panel.width..];
            let source = &source[y * width..];
            panel
                .kernels
                .gather(source, lines(width), target, panel.width);
        }
    }
}

pub(super) fn stored_channels<T>(panels: &[Panel<T>]) -> usize {
    panels.iter().map(|p| p.channels).sum()
}

/// How many samples to hold channels last at once.
pub(super) fn chunk_samples(batch: usize, numbers: usize) -> usize {
    (CHUNK / numbers.max(1)).clamp(1, batch.max(1))
}
