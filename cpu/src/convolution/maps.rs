//! Feature maps as the kernels read them: by panels of channels, channels last.

use super::kernels::{Kernels, MAX_VECTORS};
use crate::number::Number;
use rayon::prelude::*;

/// Kernel steps (taps × channels) whose weights stay in the first-level cache while all pixels pass by.
pub(super) const STEPS: usize = 256;
/// Numbers of a batch held channels last at once.
const CHUNK: usize = 1 << 22;

/// A pointer that tasks write disjoint parts through.
#[derive(Clone, Copy)]
pub(super) struct Shared<T>(pub *mut T);
// SAFETY: every use writes parts that no other task touches.
unsafe impl<T> Send for Shared<T> {}
unsafe impl<T> Sync for Shared<T> {}
impl<T> Shared<T> {
    /// The pointer (a method, so that closures capture the wrapper).
    pub fn get(self) -> *mut T {
        self.0
    }
}

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
    pub data: Shared<T>,
    pub panels: &'a [Panel<T>],
    pub samples: usize,
    pub pixels: usize,
}

impl<T: Copy> Maps<'_, T> {
    pub fn panel(&self, panel: &Panel<T>) -> *mut T {
        // SAFETY: inside the buffer, by construction.
        unsafe {
            self.data
                .get()
                .add(panel.before * self.samples * self.pixels)
        }
    }
}

/// Brings some samples of `[batch, channels, height, width]` into channels-last form with a border of zeros.
pub(super) fn gather_samples<T: Number>(
    from: &[T],
    channels: usize,
    size: [usize; 2],
    padded: [usize; 2],
    before: [usize; 2],
    to: &Maps<'_, T>,
) {
    let [height, width] = size;
    let plane = height * width;
    let tasks = to.samples * to.panels.len();
    (0..tasks).into_par_iter().for_each(|task| {
        let (sample, panel) = (task / to.panels.len(), &to.panels[task % to.panels.len()]);
        let source = from[(sample * channels + panel.start) * plane..].as_ptr();
        // SAFETY: the panel has room for `pixels` × `width` numbers per sample, and each task has its own part.
        unsafe {
            let target = to.panel(panel).add(sample * to.pixels * panel.width);
            if size == padded {
                (panel.kernels.gather)(source, plane, panel.channels, plane, target, panel.width);
                return;
            }
            let part = std::slice::from_raw_parts_mut(target, to.pixels * panel.width);
            part.fill(T::ZERO);
            for y in 0..height {
                (panel.kernels.gather)(
                    source.add(y * width),
                    plane,
                    panel.channels,
                    width,
                    target.add(((y + before[0]) * padded[1] + before[1]) * panel.width),
                    panel.width,
                );
            }
        }
    });
}

pub(super) fn stored_channels<T>(panels: &[Panel<T>]) -> usize {
    panels.iter().map(|p| p.channels).sum()
}

/// How many samples to hold channels last at once.
pub(super) fn chunk_samples(batch: usize, numbers: usize) -> usize {
    (CHUNK / numbers.max(1)).clamp(1, batch.max(1))
}

/// A vector whose numbers are all written by `fill`.
pub(super) fn written<T: Number>(length: usize, fill: impl FnOnce(Shared<T>)) -> Vec<T> {
    let mut numbers = Vec::with_capacity(length);
    fill(Shared(numbers.as_mut_ptr()));
    // SAFETY: `fill` wrote all of them.
    unsafe { numbers.set_len(length) };
    numbers
}
