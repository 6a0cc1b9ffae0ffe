//! The loop over a batch that every method of convolution shares: some samples at a time are brought into channels-last
//! form, and what reads them runs while they are in a cache.

use super::maps::{Layout, Maps};
use super::scratch::Scratch;
use crate::number::Number;
use crate::shared::written;
use std::mem::MaybeUninit;

/// Which gradients are wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub input: bool,
    pub weight: bool,
}

/// A convolution of `batch` samples, `chunk` at a time: `run` writes the outputs of some, `out_sample` numbers each.
///
/// # Safety
/// `run` must set every number of the outputs that it is given.
pub(super) unsafe fn convolved<T: Number>(
    input: &[T],
    source: &Layout<'_, T>,
    out_sample: usize,
    [batch, chunk]: [usize; 2],
    run: impl Fn(&Maps<'_, T>, &mut [MaybeUninit<T>]),
) -> Vec<T> {
    let mut maps = Scratch::take(chunk * source.stored());
    let maps = maps.slice();
    let all = |out: &mut [MaybeUninit<T>]| {
        for start in (0..batch).step_by(chunk) {
            let samples = chunk.min(batch - start);
            let source = source.gather(input, start, samples, maps);
            run(
                &source,
                &mut out[start * out_sample..][..samples * out_sample],
            );
        }
    };
    // SAFETY: the chunks cover the batch, and `run` sets all numbers of a chunk, as the caller promises.
    unsafe { written(batch * out_sample, all) }
}

/// The gradients of a convolution: output gradients are read once for both. `of_input` writes the input gradients of some
/// samples, `of_weight` adds what they make of the weight gradient. Gives the input gradient where it is wanted.
///
/// # Safety
/// `of_input` must set every number of the input gradients that it is given.
pub(super) unsafe fn gradients_of<T: Number>(
    [input, gradient]: [&[T]; 2],
    [ins, outs]: [&Layout<'_, T>; 2],
    [batch, chunk]: [usize; 2],
    wanted: Wanted,
    of_input: impl Fn(&Maps<'_, T>, &mut [MaybeUninit<T>]),
    mut of_weight: impl FnMut(&Maps<'_, T>, &Maps<'_, T>),
) -> Option<Vec<T>> {
    let mut out_maps = Scratch::take(chunk * outs.stored());
    let out_maps = out_maps.slice();
    let mut in_maps = Scratch::take(if wanted.weight {
        chunk * ins.stored()
    } else {
        0
    });
    let in_maps = in_maps.slice();
    let mut run = |mut input_gradient: Option<&mut [MaybeUninit<T>]>| {
        for start in (0..batch).step_by(chunk) {
            let samples = chunk.min(batch - start);
            let outs = outs.gather(gradient, start, samples, out_maps);
            if let Some(out) = &mut input_gradient {
                let sample = ins.sample();
                of_input(&outs, &mut out[start * sample..][..samples * sample]);
            }
            if wanted.weight {
                of_weight(&ins.gather(input, start, samples, in_maps), &outs);
            }
        }
    };
    if wanted.input {
        // SAFETY: the chunks cover the batch, and `of_input` sets all numbers of a chunk, as the caller promises.
        return Some(unsafe { written(batch * ins.sample(), |out| run(Some(out))) });
    }
    run(None);
    None
}
