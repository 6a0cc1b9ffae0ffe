//! The gate, forward and backward.

use super::plan::GatePlan;
use super::segments::segment;
use crate::number::Number;
use crate::simd::vectorised;
use rayon::prelude::*;

/// Channels whose sigmoids are kept at a time.
const CHANNELS: usize = 64;

pub(super) fn forward<T: Number>(plan: &GatePlan, input: &[T]) -> Vec<T> {
    let rows = input.len() / plan.input;
    let mut output = vec![T::ZERO; rows * plan.output];
    let segment = segment(rows);
    output
        .par_chunks_mut(segment * plan.output)
        .zip(input.par_chunks(segment * plan.input))
        .for_each(|(output, input)| open(plan, input, output));
    output
}

vectorised! {
    /// The gate of some rows.
    fn open<T: Number>(plan: &GatePlan, input: &[T], output: &mut [T]) {
        let (silu, gate) = (T::of(plan.silu), T::of(plan.sigmoid));
        let rows = output.chunks_exact_mut(plan.output);
        for (output, input) in rows.zip(input.chunks_exact(plan.input)) {
            for &[from, to, count] in &plan.scalars {
                let pairs = output[to..to + count].iter_mut().zip(&input[from..]);
                for (output, &x) in pairs {
                    *output = silu * x * x.sigmoid();
                }
            }
            for &[gates, from, to, components, channels] in &plan.gated {
                for start in (0..channels).step_by(CHANNELS) {
                    let here = CHANNELS.min(channels - start);
                    let mut factors = [T::ZERO; CHANNELS];
                    let factors = &mut factors[..here];
                    for (factor, &x) in factors.iter_mut().zip(&input[gates + start..]) {
                        *factor = gate * x.sigmoid();
                    }
                    for component in 0..components {
                        let place = component * channels + start;
                        let output = &mut output[to + place..][..here];
                        let input = &input[from + place..][..here];
                        for ((output, &x), &factor) in output.iter_mut().zip(input).zip(&*factors) {
                            *output = factor * x;
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn backward<T: Number>(plan: &GatePlan, input: &[T], gradient: &[T]) -> Vec<T> {
    let rows = input.len() / plan.input;
    let mut slopes = vec![T::ZERO; input.len()];
    let segment = segment(rows);
    slopes
        .par_chunks_mut(segment * plan.input)
        .zip(input.par_chunks(segment * plan.input))
        .zip(gradient.par_chunks(segment * plan.output))
        .for_each(|((slopes, input), gradient)| close(plan, input, gradient, slopes));
    slopes
}

vectorised! {
    /// The gradient of some rows of input from that of the output.
    fn close<T: Number>(plan: &GatePlan, input: &[T], gradient: &[T], slopes: &mut [T]) {
        let (silu, gate) = (T::of(plan.silu), T::of(plan.sigmoid));
        let rows = slopes
            .chunks_exact_mut(plan.input)
            .zip(input.chunks_exact(plan.input))
            .zip(gradient.chunks_exact(plan.output));
        for ((slopes, input), gradient) in rows {
            for &[from, to, count] in &plan.scalars {
                let slopes = slopes[from..from + count].iter_mut();
                let both = input[from..from + count].iter().zip(&gradient[to..]);
                for (slope, (&x, &gradient)) in slopes.zip(both) {
                    let s = x.sigmoid();
                    *slope = silu * (s + x * s * (T::ONE - s)) * gradient;
                }
            }
            for &[gates, from, to, components, channels] in &plan.gated {
                for start in (0..channels).step_by(CHANNELS) {
                    let here = CHANNELS.min(channels - start);
                    let (mut opened, mut along) = ([T::ZERO; CHANNELS], [T::ZERO; CHANNELS]);
                    let (opened, along) = (&mut opened[..here], &mut along[..here]);
                    for (s, &x) in opened.iter_mut().zip(&input[gates + start..]) {
                        *s = x.sigmoid();
                    }
                    for component in 0..components {
                        let place = component * channels + start;
                        let input = &input[from + place..][..here];
                        let gradient = &gradient[to + place..][..here];
                        let slopes = &mut slopes[from + place..][..here];
                        for channel in 0..here {
                            along[channel] += input[channel] * gradient[channel];
                            slopes[channel] = gate * opened[channel] * gradient[channel];
                        }
                    }
                    let slopes = slopes[gates + start..].iter_mut();
                    for (slope, (&s, &along)) in slopes.zip(opened.iter().zip(&*along)) {
                        *slope = gate * s * (T::ONE - s) * along;
                    }
                }
            }
        }
    }
}
