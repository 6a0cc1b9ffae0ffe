//! The convolution and its gradients on plain arrays.
//!
//! Every number of a result is summed in one fixed order, however the work is divided among threads.

use super::chunks::{Wanted, convolved, gradients_of};
use super::correlation::{correlate, unpack_gradient};
use super::depthwise;
use super::direct::{Direct, pack_weights};
use super::geometry::Geometry;
use super::maps::{Layout, Maps, chunk_samples, register_panels, source_panels, stored};
use super::scratch::Scratch;
use super::winograd;
use crate::Finish;
use crate::number::Number;
use rayon::prelude::*;
use std::mem::MaybeUninit;

/// The convolution, with what follows it.
///
/// # Panics
/// If the slices have other lengths than the sizes say.
pub(super) fn convolve<T: Number>(
    input: &[T],
    weight: &[T],
    bias: Option<&[T]>,
    sizes: &Geometry,
    finish: Finish,
) -> Vec<T> {
    sizes.check_input(input);
    sizes.check_weight(weight);
    if let Some(bias) = bias {
        assert_eq!(
            bias.len(),
            sizes.channels_out,
            "conv2d: numbers of the bias"
        );
    }
    let [height, width] = finish.size(sizes.output);
    let out_sample = sizes.channels_out * height * width;
    if sizes.channels_in == 0 || sizes.batch * out_sample == 0 {
        return vec![T::ZERO; sizes.batch * out_sample];
    }
    if sizes.is_depthwise() {
        return depthwise::convolve(input, weight, bias, sizes, finish);
    }
    if let Some(tile) = winograd::fits(sizes) {
        return winograd::convolve(input, weight, bias, sizes, tile, finish);
    }
    let taps = sizes.taps();
    let pass = sizes.forward();
    let targets = register_panels(sizes.channels_out);
    let sources = source_panels(sizes.channels_in, taps);
    let mut packed = Scratch::take(stored(&targets) * sizes.channels_in * taps);
    pack_weights(
        weight,
        taps,
        &targets,
        sizes.channels_in * taps,
        &sources,
        taps,
        packed.slice(),
    );
    let source = Layout {
        panels: &sources,
        channels: sizes.channels_in,
        size: sizes.input,
        padded: pass.padded(),
        before: pass.before(),
    };
    let chunk = chunk_samples(sizes.batch, source.stored());
    let packed = packed.slice();
    let run = |source: &Maps<'_, T>, out: &mut [MaybeUninit<T>]| {
        let direct = Direct {
            pass: &pass,
            source,
            weights: packed,
            taps,
            targets: &targets,
            channels: sizes.channels_out,
            bias: bias.unwrap_or_default(),
            finish,
        };
        direct.run(out);
    };
    // SAFETY: a direct convolution sets all of its output.
    unsafe { convolved(input, &source, out_sample, [sizes.batch, chunk], run) }
}

/// The gradients of a convolution with respect to its input and its weight, given that of its output. What a gradient that
/// is not wanted needs may be empty.
///
/// # Panics
/// If the slices have other lengths than the sizes say.
pub(super) fn gradients<T: Number>(
    input: &[T],
    weight: &[T],
    gradient: &[T],
    sizes: &Geometry,
    wanted: Wanted,
) -> (Option<Vec<T>>, Option<Vec<T>>) {
    sizes.check_output(gradient);
    if wanted.weight {
        sizes.check_input(input);
    }
    if wanted.input {
        sizes.check_weight(weight);
    }
    let in_sample = sizes.channels_in * sizes.input[0] * sizes.input[1];
    let out_sample = sizes.channels_out * sizes.output[0] * sizes.output[1];
    if sizes.batch * out_sample * in_sample == 0 {
        return (
            wanted.input.then(|| vec![T::ZERO; sizes.batch * in_sample]),
            wanted.weight.then(|| vec![T::ZERO; sizes.weights()]),
        );
    }
    if sizes.is_depthwise() {
        return depthwise::gradients(input, weight, gradient, sizes, wanted);
    }
    if let Some(tiles) = winograd::fits_gradients(sizes) {
        return winograd::gradients(input, weight, gradient, sizes, tiles, wanted);
    }
    let taps = sizes.taps();
    let (forward, backward) = (sizes.forward(), sizes.backward());
    // Output gradients serve as source of the input gradient and as target of the weight gradient.
    let outs = register_panels(sizes.channels_out);
    let ins = source_panels(sizes.channels_in, taps);
    let targets = register_panels(sizes.channels_in);
    let mut packed = Scratch::take(if wanted.input {
        stored(&targets) * sizes.channels_out * taps
    } else {
        0
    });
    if wanted.input {
        pack_weights(
            weight,
            taps,
            &targets,
            taps,
            &outs,
            sizes.channels_in * taps,
            packed.slice(),
        );
    }
    let out_padded = if wanted.input {
        backward.padded()
    } else {
        sizes.output
    };
    let out_before = if wanted.input {
        backward.before()
    } else {
        [0, 0]
    };
    let outs_layout = Layout {
        panels: &outs,
        channels: sizes.channels_out,
        size: sizes.output,
        padded: out_padded,
        before: out_before,
    };
    let ins_layout = Layout {
        panels: &ins,
        channels: sizes.channels_in,
        size: sizes.input,
        padded: forward.padded(),
        before: forward.before(),
    };
    let chunk = chunk_samples(sizes.batch, outs_layout.stored() + ins_layout.stored());
    let mut sums = Scratch::take(if wanted.weight {
        stored(&outs) * sizes.channels_in * taps
    } else {
        0
    });
    let sums = sums.slice();
    sums.fill(T::ZERO);
    let packed = packed.slice();
    let of_input = |out_maps: &Maps<'_, T>, to: &mut [MaybeUninit<T>]| {
        let direct = Direct {
            pass: &backward,
            source: out_maps,
            weights: packed,
            taps,
            targets: &targets,
            channels: sizes.channels_in,
            bias: &[],
            finish: Finish::Nothing,
        };
        direct.run(to);
    };
    let of_weight = |in_maps: &Maps<'_, T>, out_maps: &Maps<'_, T>| {
        correlate(
            sizes,
            in_maps,
            forward.padded(),
            out_maps,
            out_padded,
            out_before,
            sums,
        );
    };
    // SAFETY: a direct convolution sets all of its output.
    let input_gradient = unsafe {
        gradients_of(
            [input, gradient],
            [&ins_layout, &outs_layout],
            [sizes.batch, chunk],
            wanted,
            of_input,
            of_weight,
        )
    };
    let weight_gradient = wanted
        .weight
        .then(|| unpack_gradient(sizes, &outs, &ins, sums));
    (input_gradient, weight_gradient)
}

/// The gradient with respect to the bias: the sum over samples and pixels.
///
/// # Panics
/// If the gradient has another length than the sizes say.
pub(super) fn bias_gradient<T: Number>(gradient: &[T], sizes: &Geometry) -> Vec<T> {
    sizes.check_output(gradient);
    let plane = sizes.output[0] * sizes.output[1];
    (0..sizes.channels_out)
        .into_par_iter()
        .map(|channel| {
            let mut total = [T::ZERO; 16];
            for sample in 0..sizes.batch {
                let start = (sample * sizes.channels_out + channel) * plane;
                let (whole, rest) = gradient[start..start + plane].as_chunks::<16>();
                let mut sums = [T::ZERO; 16];
                for numbers in whole {
                    for (sum, &number) in sums.iter_mut().zip(numbers) {
                        *sum += number;
                    }
                }
                for (sum, &number) in sums.iter_mut().zip(rest) {
                    *sum += number;
                }
                for (total, sum) in total.iter_mut().zip(sums) {
                    *total += sum;
                }
            }
            total.into_iter().fold(T::ZERO, |a, b| a + b)
        })
        .collect()
}

#[cfg(test)]
mod tests;
