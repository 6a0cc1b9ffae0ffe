//! The gate, forward and backward.

use super::matrix::Number;
use super::plan::GatePlan;
use super::segment;
use crate::steerable::gate::{SIGMOID_SCALE, SILU_SCALE};
use rayon::prelude::*;

pub(super) fn forward<T: Number>(plan: &GatePlan, input: &[T]) -> Vec<T> {
    let rows = input.len() / plan.input;
    let mut output = vec![T::ZERO; rows * plan.output];
    let segment = segment(rows);
    let (silu, gate) = (T::of(SILU_SCALE), T::of(SIGMOID_SCALE));
    output
        .par_chunks_mut(segment * plan.output)
        .zip(input.par_chunks(segment * plan.input))
        .for_each(|(output, input)| {
            let rows = output.chunks_exact_mut(plan.output);
            for (output, input) in rows.zip(input.chunks_exact(plan.input)) {
                for &[from, to, count] in &plan.scalars {
                    let pairs = output[to..to + count].iter_mut().zip(&input[from..]);
                    for (output, &x) in pairs {
                        *output = silu * x * x.sigmoid();
                    }
                }
                for &[gates, from, to, components, channels] in &plan.gated {
                    for channel in 0..channels {
                        let factor = gate * input[gates + channel].sigmoid();
                        for component in 0..components {
                            let place = component * channels + channel;
                            output[to + place] = factor * input[from + place];
                        }
                    }
                }
            }
        });
    output
}

pub(super) fn backward<T: Number>(plan: &GatePlan, input: &[T], gradient: &[T]) -> Vec<T> {
    let rows = input.len() / plan.input;
    let mut slopes = vec![T::ZERO; input.len()];
    let segment = segment(rows);
    let (silu, gate) = (T::of(SILU_SCALE), T::of(SIGMOID_SCALE));
    slopes
        .par_chunks_mut(segment * plan.input)
        .zip(input.par_chunks(segment * plan.input))
        .zip(gradient.par_chunks(segment * plan.output))
        .for_each(|((slopes, input), gradient)| {
            let rows = slopes
                .chunks_exact_mut(plan.input)
                .zip(input.chunks_exact(plan.input))
                .zip(gradient.chunks_exact(plan.output));
            for ((slopes, input), gradient) in rows {
                for &[from, to, count] in &plan.scalars {
                    for place in 0..count {
                        let x = input[from + place];
                        let s = x.sigmoid();
                        let slope = s + x * s * (T::ONE - s);
                        slopes[from + place] = silu * slope * gradient[to + place];
                    }
                }
                for &[gates, from, to, components, channels] in &plan.gated {
                    for channel in 0..channels {
                        let s = input[gates + channel].sigmoid();
                        let mut along = T::ZERO;
                        for component in 0..components {
                            let place = component * channels + channel;
                            along += input[from + place] * gradient[to + place];
                            slopes[from + place] = gate * s * gradient[to + place];
                        }
                        slopes[gates + channel] = gate * s * (T::ONE - s) * along;
                    }
                }
            }
        });
    slopes
}
