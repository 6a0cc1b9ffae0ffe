//! The passes over a map. It is a row of fields, `[batch, channels]`, of `length` contiguous values each; a field is
//! small enough to stay in a core's cache, so that what a pass needs twice it reads from memory once.
//!
//! Sums run in a fixed order, in lanes within a field and then over fields in double precision: the result does not
//! depend on the number of threads.

use std::mem::MaybeUninit;

use rayon::prelude::*;

use super::loops::{self, Bits, Line, Terms};
use super::{Activation, Unit};
use crate::number::Number;

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
    let (length, after) = match activation {
        Activation::ReluMaxPool => (fields.length, fields.pooled_length()),
        _ => (fields.length, fields.length),
    };
    filled(fields.batch * fields.channels * after, |output| {
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
    })
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

    /// Length of a field of the output.
    fn length_after(&self, fields: &Fields) -> usize {
        match self.activation {
            Activation::ReluMaxPool => fields.pooled_length(),
            _ => fields.length,
        }
    }

    /// Σ [y > 0] dy and Σ [y > 0] dy (x − μ) per field.
    fn sums(&self, fields: Fields) -> Vec<[f64; 2]> {
        let after = self.length_after(&fields);
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
                        let chosen = filled(after, |chosen| {
                            loops::choose(chosen, input, fields.plane, falling);
                        });
                        loops::gated_gradient_sums([&chosen, output, gradient], mean)
                    }
                    _ => loops::gated_gradient_sums([input, output, gradient], mean),
                }
            })
            .collect()
    }

    fn for_input(&self, fields: Fields, terms: &[Terms<T>]) -> Vec<T> {
        let after = self.length_after(&fields);
        filled(self.input.len(), |target| {
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
        })
    }
}

/// A vector made by a function that sets all of its values.
fn filled<T>(length: usize, set_all: impl FnOnce(&mut [MaybeUninit<T>])) -> Vec<T> {
    let mut values = Vec::with_capacity(length);
    set_all(&mut values.spare_capacity_mut()[..length]);
    // SAFETY: the capacity is there, and every value in it has been set: the functions given cut the vector into fields
    // without remainder, and the loops set all values of a field.
    unsafe { values.set_len(length) };
    values
}
