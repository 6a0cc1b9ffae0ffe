//! The passes over a map. It is a row of fields, `[batch, channels]`, of `length` contiguous values each; a field is
//! small enough to stay in a core's cache, so that what a pass needs twice it reads from memory once.
//!
//! Sums run in a fixed order, in lanes within a field and then over fields in double precision: the result does not
//! depend on the number of threads.

use std::mem::MaybeUninit;

use rayon::prelude::*;

use super::activation::{Activation, Unit};
use super::loops::{self, Bits, Line, Terms};
use crate::number::Number;
use crate::shared::written;

/// How many fields there are, and how many values each has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields {
    pub batch: usize,
    pub channels: usize,
    pub length: usize,
    /// Height and width of the planes that a field consists of.
    pub plane: [usize; 2],
}

impl Fields {
    /// Fields that one task takes, so that tasks are worth their start.
    fn per_task(&self) -> usize {
        (8192 / self.length.max(1)).max(1)
    }

    /// Values per channel.
    fn population(&self) -> f64 {
        (self.batch * self.length) as f64
    }

    /// Height and width of the planes after pooling over windows of 2×2.
    pub(super) fn pooled_plane(&self) -> [usize; 2] {
        self.plane.map(|n| n / 2)
    }

    /// Values of a field after pooling.
    fn pooled_length(&self) -> usize {
        let [plane, pooled] = [self.plane, self.pooled_plane()].map(|[h, w]| h * w);
        self.length / plane.max(1) * pooled
    }

    /// Values of a field after an activation.
    fn length_after(&self, activation: Activation) -> usize {
        match activation {
            Activation::ReluMaxPool => self.pooled_length(),
            _ => self.length,
        }
    }

    /// # Panics
    /// If these are not all values of all fields, `length` each.
    fn check<T>(&self, what: &str, values: &[T], length: usize) {
        let all = self.batch * self.channels * length;
        assert_eq!(
            values.len(),
            all,
            "normalisation: {all} values of {what} are needed"
        );
    }

    /// # Panics
    /// If these are not one of something for each channel.
    fn check_channels<T>(&self, what: &str, values: &[T]) {
        let channels = self.channels;
        assert_eq!(
            values.len(),
            channels,
            "normalisation: the input has {channels} channels, {what} other ones"
        );
    }

    /// Sums what each field gives, over the batch.
    fn per_channel(&self, of_fields: &[[f64; 2]]) -> Vec<[f64; 2]> {
        let mut sums = vec![[0.0; 2]; self.channels];
        for fields in of_fields.chunks_exact(self.channels) {
            for (sum, field) in sums.iter_mut().zip(fields) {
                sum[0] += field[0];
                sum[1] += field[1];
            }
        }
        sums
    }
}

/// Mean and (biased) variance of each channel.
pub(super) fn statistics<T: Number>(input: &[T], fields: Fields) -> Vec<[f64; 2]> {
    fields.check("input", input, fields.length);
    let of_fields: Vec<[f64; 2]> = input
        .par_chunks_exact(fields.length)
        .with_min_len(fields.per_task())
        .map(loops::mean_and_spread)
        .collect();
    let means: Vec<f64> = fields
        .per_channel(&of_fields)
        .into_iter()
        .map(|[sum, _]| sum / fields.batch as f64)
        .collect();
    let spreads: Vec<[f64; 2]> = of_fields
        .iter()
        .zip(means.iter().cycle())
        .map(|([mean, spread], of_channel)| {
            let between = fields.length as f64 * (mean - of_channel).powi(2);
            [spread + between, 0.0]
        })
        .collect();
    fields
        .per_channel(&spreads)
        .into_iter()
        .zip(means)
        .map(|([spread, _], mean)| [mean, spread / fields.population()])
        .collect()
}

/// A line per channel, then the activation.
pub(super) fn affine<T: Number>(
    input: &[T],
    fields: Fields,
    lines: &[Line],
    activation: Activation,
) -> Vec<T> {
    let (length, after) = (fields.length, fields.length_after(activation));
    fields.check("input", input, length);
    fields.check_channels("the line per channel is for", lines);
    let all = |output: &mut [MaybeUninit<T>]| {
        output
            .par_chunks_exact_mut(after)
            .zip(input.par_chunks_exact(length))
            .enumerate()
            .with_min_len(fields.per_task())
            .for_each(|(index, (output, input))| {
                let line = lines[index % fields.channels];
                match activation {
                    Activation::None => loops::straight(output, input, line),
                    Activation::Relu => loops::cut(output, input, line),
                    Activation::ReluMaxPool => {
                        loops::choose_and_cut(output, input, fields.plane, line);
                    }
                    Activation::ReluDropout(mask) => {
                        let line = line.times(1.0 / (1.0 - mask.probability));
                        let bits = Bits::new(mask);
                        match mask.unit {
                            Unit::Field if bits.dropped(index as u32) => {
                                output.fill(MaybeUninit::new(T::ZERO));
                            }
                            Unit::Field => loops::cut(output, input, line),
                            Unit::Value => {
                                let first = (index * length) as u32;
                                loops::cut_and_drop(output, input, line, bits, first);
                            }
                        }
                    }
                }
            });
    };
    // SAFETY: there are as many fields of input as of output, and each loop sets all values of a field.
    unsafe { written(fields.batch * fields.channels * after, all) }
}

/// What the backward pass reads.
pub(super) struct Backward<'a, T> {
    pub input: &'a [T],
    pub output: &'a [T],
    pub gradient: &'a [T],
    /// μ and 1/√(σ² + ε), per channel.
    pub standard: &'a [[f64; 2]],
    /// γ, per channel.
    pub scale: &'a [T],
    pub activation: Activation,
}

impl<T: Number> Backward<'_, T> {
    /// Gradients with respect to the input, γ and β.
    pub(super) fn gradients(&self, fields: Fields) -> (Vec<T>, Vec<T>, Vec<T>) {
        let after = fields.length_after(self.activation);
        fields.check("input", self.input, fields.length);
        fields.check("output", self.output, after);
        fields.check("gradient", self.gradient, after);
        fields.check_channels("statistics are for", self.standard);
        fields.check_channels("the scale is for", self.scale);
        let kept = match self.activation {
            Activation::ReluDropout(mask) => 1.0 / (1.0 - mask.probability),
            _ => 1.0,
        };
        // Σ g and Σ g x̂ per channel.
        let totals: Vec<[f64; 2]> = fields
            .per_channel(&self.sums(fields))
            .into_iter()
            .zip(self.standard)
            .map(|([sum, product], [_, inverse])| [kept * sum, kept * product * inverse])
            .collect();
        let terms: Vec<Terms<T>> = (0..fields.channels)
            .map(|channel| {
                let [mean, inverse] = self.standard[channel];
                let [sum, product] = totals[channel];
                let slope = self.scale[channel].double() * inverse;
                let n = fields.population();
                Terms {
                    response: T::of(slope * kept),
                    mean: T::of(mean),
                    distance: T::of(-slope * inverse * product / n),
                    constant: T::of(-slope * sum / n),
                }
            })
            .collect();
        let for_parameter = |i: usize| totals.iter().map(|total| T::of(total[i])).collect();
        (
            self.for_input(fields, &terms),
            for_parameter(1),
            for_parameter(0),
        )
    }

    /// Σ [y > 0] dy and Σ [y > 0] dy (x − μ) per field.
    fn sums(&self, fields: Fields) -> Vec<[f64; 2]> {
        let after = fields.length_after(self.activation);
        let outputs = self.output.par_chunks_exact(after);
        let responses = outputs.zip(self.gradient.par_chunks_exact(after));
        self.input
            .par_chunks_exact(fields.length)
            .zip(responses)
            .enumerate()
            .with_min_len(fields.per_task())
            .map(|(index, (input, (output, gradient)))| {
                let channel = index % fields.channels;
                let mean = T::of(self.standard[channel][0]);
                match self.activation {
                    Activation::None => loops::gradient_sums([input, gradient], mean),
                    Activation::ReluMaxPool => {
                        let falling = self.scale[channel] < T::ZERO;
                        let choose = |chosen: &mut [MaybeUninit<T>]| {
                            loops::choose(chosen, input, fields.plane, falling);
                        };
                        // SAFETY: every value of a pooled field is chosen.
                        let chosen = unsafe { written(after, choose) };
                        loops::gated_gradient_sums([&chosen, output, gradient], mean)
                    }
                    _ => loops::gated_gradient_sums([input, output, gradient], mean),
                }
            })
            .collect()
    }

    /// The gradient with respect to the input, whose sizes have been checked.
    fn for_input(&self, fields: Fields, terms: &[Terms<T>]) -> Vec<T> {
        let after = fields.length_after(self.activation);
        let all = |target: &mut [MaybeUninit<T>]| {
            let outputs = self.output.par_chunks_exact(after);
            let responses = outputs.zip(self.gradient.par_chunks_exact(after));
            target
                .par_chunks_exact_mut(fields.length)
                .zip(self.input.par_chunks_exact(fields.length))
                .zip(responses)
                .enumerate()
                .with_min_len(fields.per_task())
                .for_each(|(index, ((target, input), (output, gradient)))| {
                    let channel = index % fields.channels;
                    let terms = terms[channel];
                    let rows = [input, output, gradient];
                    match self.activation {
                        Activation::None => {
                            loops::write_gradients(target, [input, gradient], terms);
                        }
                        Activation::ReluMaxPool => {
                            let falling = self.scale[channel] < T::ZERO;
                            loops::write_pooled_gradients(
                                target,
                                rows,
                                fields.plane,
                                terms,
                                falling,
                            );
                        }
                        _ => loops::write_gated_gradients(target, rows, terms),
                    }
                });
        };
        // SAFETY: input, output and gradient have the same fields, and each loop sets all values of a field.
        unsafe { written(self.input.len(), all) }
    }
}

#[cfg(test)]
mod tests;
