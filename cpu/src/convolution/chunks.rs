//! The loop over a batch that every method of convolution shares: some samples at a time are brought into channels-last
//! form, and what reads them runs while they are in a cache.

use super::maps::{Maps, Panel, Shared, gather_samples, stored, written};
use super::scratch::Scratch;
use crate::number::Number;

/// Which gradients are wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub input: bool,
    pub weight: bool,
}

/// How feature maps of `[batch, channels, height, width]` are held channels last.
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
    fn sample(&self) -> usize {
        self.channels * self.size[0] * self.size[1]
    }

    /// Brings samples from number `start` on into `data`.
    fn gather(&self, from: &[T], start: usize, samples: usize, data: Shared<T>) -> Maps<'a, T> {
        let maps = Maps {
            data,
            panels: self.panels,
            samples,
            pixels: self.pixels(),
        };
        gather_samples(
            &from[start * self.sample()..],
            self.channels,
            self.size,
            self.padded,
            self.before,
            &maps,
        );
        maps
    }
}

/// A convolution of `batch` samples, `chunk` at a time: `run` writes their outputs, of `out_sample` numbers each.
pub(super) fn convolved<T: Number>(
    input: &[T],
    source: &Layout<'_, T>,
    out_sample: usize,
    [batch, chunk]: [usize; 2],
    run: impl Fn(&Maps<'_, T>, Shared<T>),
) -> Vec<T> {
    let mut maps = Scratch::take(chunk * source.stored());
    let maps = Shared(maps.slice().as_mut_ptr());
    written(batch * out_sample, |out: Shared<T>| {
        for start in (0..batch).step_by(chunk) {
            let source = source.gather(input, start, chunk.min(batch - start), maps);
            // SAFETY: the chunk's outputs start here.
            run(
                &source,
                Shared(unsafe { out.get().add(start * out_sample) }),
            );
        }
    })
}

/// The gradients of a convolution: output gradients are read once for both. `of_input` writes the input gradients of some
/// samples, `of_weight` adds what they make of the weight gradient. Gives the input gradient where it is wanted.
pub(super) fn gradients_of<T: Number>(
    [input, gradient]: [&[T]; 2],
    [ins, outs]: [&Layout<'_, T>; 2],
    [batch, chunk]: [usize; 2],
    wanted: Wanted,
    of_input: impl Fn(&Maps<'_, T>, Shared<T>),
    mut of_weight: impl FnMut(&Maps<'_, T>, &Maps<'_, T>),
) -> Option<Vec<T>> {
    let mut out_maps = Scratch::take(chunk * outs.stored());
    let out_maps = Shared(out_maps.slice().as_mut_ptr());
    let mut in_maps = Scratch::take(if wanted.weight {
        chunk * ins.stored()
    } else {
        0
    });
    let in_maps = Shared(in_maps.slice().as_mut_ptr());
    let mut run = |input_gradient: Option<Shared<T>>| {
        for start in (0..batch).step_by(chunk) {
            let samples = chunk.min(batch - start);
            let outs = outs.gather(gradient, start, samples, out_maps);
            if let Some(out) = input_gradient {
                // SAFETY: the chunk's input gradients start here.
                of_input(
                    &outs,
                    Shared(unsafe { out.get().add(start * ins.sample()) }),
                );
            }
            if wanted.weight {
                of_weight(&ins.gather(input, start, samples, in_maps), &outs);
            }
        }
    };
    if wanted.input {
        return Some(written(batch * ins.sample(), |out| run(Some(out))));
    }
    run(None);
    None
}
