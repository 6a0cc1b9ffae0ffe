//! The loops. A map is a row of fields, `[batch, channels]`, of `length` contiguous values each; a field is small enough
//! to stay in a core's cache, so that what a pass needs twice it reads from memory once.
//!
//! Sums run in a fixed order, in 16 lanes within a field and then over fields in double precision: the result does not
//! depend on the number of threads.

use std::mem::MaybeUninit;
use std::ops::{Add, Mul, Sub};

use rayon::prelude::*;

use super::{Activation, DropoutUnit, Mask};

/// The numbers that the kernels work on.
pub(super) trait Number:
    Copy + PartialOrd + Send + Sync + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self>
{
    const ZERO: Self;
    fn from_f64(value: f64) -> Self;
    fn to_f64(self) -> f64;
}

macro_rules! number {
    ($number:ty) => {
        impl Number for $number {
            const ZERO: Self = 0.0;
            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as $number
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
        }
    };
}
number!(f32);
number!(f64);

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

const LANES: usize = 16;

/// Runs a loop compiled for the vector instructions that this processor has.
#[inline(always)]
fn vectorised<R>(run: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2")]
        fn with_avx2<R>(run: impl FnOnce() -> R) -> R {
            run()
        }
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has the instructions.
            return unsafe { with_avx2(run) };
        }
    }
    run()
}

/// Σ of one or two terms per value, lane by lane.
#[inline(always)]
fn sums<T: Number>(length: usize, term: impl Fn(usize) -> [T; 2]) -> [f64; 2] {
    let (mut first, mut second) = ([T::ZERO; LANES], [T::ZERO; LANES]);
    let whole = length / LANES * LANES;
    for start in (0..whole).step_by(LANES) {
        // Both arrays have a fixed length, so that this loop becomes one or two vector instructions a term.
        for (lane, (first, second)) in first.iter_mut().zip(&mut second).enumerate() {
            let [a, b] = term(start + lane);
            *first = *first + a;
            *second = *second + b;
        }
    }
    for (index, (first, second)) in (whole..length).zip(first.iter_mut().zip(&mut second)) {
        let [a, b] = term(index);
        *first = *first + a;
        *second = *second + b;
    }
    [first, second].map(|lanes| lanes.into_iter().map(T::to_f64).sum())
}

/// Mean and (biased) variance of each channel.
pub(super) fn statistics<T: Number>(input: &[T], fields: Fields) -> Vec<[f64; 2]> {
    // Per field: the mean, then the spread around it, which does not cancel where the mean is large.
    let of_fields: Vec<[f64; 2]> = input
        .par_chunks_exact(fields.length)
        .with_min_len(fields.per_task())
        .map(|field| {
            vectorised(|| {
                let n = field.len();
                let mean = sums(n, |i| [field[i], T::ZERO])[0] / n as f64;
                let centre = T::from_f64(mean);
                let [off, spread] = sums(n, |i| {
                    let distance = field[i] - centre;
                    [distance, distance * distance]
                });
                // `centre` is the mean rounded: what it is off by, in the first order, belongs to the mean.
                let off = off / n as f64;
                [centre.to_f64() + off, spread - off * off * n as f64]
            })
        })
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

/// slope · x + offset per channel, then the activation.
pub(super) fn affine<T: Number>(
    input: &[T],
    fields: Fields,
    lines: &[Line],
    activation: Activation,
) -> Vec<T> {
    filled(input.len(), |output: &mut [MaybeUninit<T>]| {
        output
            .par_chunks_exact_mut(fields.length)
            .zip(input.par_chunks_exact(fields.length))
            .enumerate()
            .with_min_len(fields.per_task())
            .for_each(|(index, (output, input))| {
                let line = &lines[index % fields.channels];
                let (slope, offset) = (T::from_f64(line.slope), T::from_f64(line.offset));
                vectorised(|| match activation {
                    Activation::None => {
                        fill(output, input, |_, x| slope * x + offset);
                    }
                    Activation::Relu | Activation::ReluMaxPool => {
                        fill(output, input, |_, x| relu(slope * x + offset));
                    }
                    Activation::ReluDropout(mask) => {
                        let kept = T::from_f64(1.0 / (1.0 - mask.probability));
                        let (slope, offset) = (slope * kept, offset * kept);
                        let bits = Bits::new(mask);
                        match mask.unit {
                            DropoutUnit::Field if bits.dropped(index as u32) => {
                                fill(output, input, |_, _| T::ZERO);
                            }
                            DropoutUnit::Field => {
                                fill(output, input, |_, x| relu(slope * x + offset));
                            }
                            DropoutUnit::Value => {
                                let first = (index * input.len()) as u32;
                                fill(output, input, |i, x| {
                                    let y = relu(slope * x + offset);
                                    let dropped = bits.dropped(first.wrapping_add(i as u32));
                                    if dropped { T::ZERO } else { y }
                                });
                            }
                        }
                    }
                });
            });
    })
}

/// A straight line, for one channel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub slope: f64,
    pub offset: f64,
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
        match self.activation {
            Activation::None => self.gradients_with(fields, 1.0, |gradient, _| gradient),
            Activation::Relu => self.gradients_with(fields, 1.0, through),
            Activation::ReluMaxPool => self.pooled_gradients(fields),
            Activation::ReluDropout(mask) => {
                self.gradients_with(fields, 1.0 / (1.0 - mask.probability), through)
            }
        }
    }

    fn gradients_with(
        &self,
        fields: Fields,
        kept: f64,
        through: impl Fn(T, T) -> T + Copy + Send + Sync,
    ) -> (Vec<T>, Vec<T>, Vec<T>) {
        let length = fields.length;
        let of_fields: Vec<[f64; 2]> = self
            .input
            .par_chunks_exact(length)
            .zip(self.output.par_chunks_exact(length))
            .zip(self.gradient.par_chunks_exact(length))
            .enumerate()
            .with_min_len(fields.per_task())
            .map(|(index, ((input, output), gradient))| {
                let mean = T::from_f64(self.standard[index % fields.channels][0]);
                vectorised(|| {
                    let (input, output) = (&input[..length], &output[..length]);
                    let gradient = &gradient[..length];
                    sums(length, |i| {
                        let g = through(gradient[i], output[i]);
                        [g, g * (input[i] - mean)]
                    })
                })
            })
            .collect();
        let totals = self.totals(&fields, &of_fields, kept);
        let input_gradient = filled(self.input.len(), |target: &mut [MaybeUninit<T>]| {
            target
                .par_chunks_exact_mut(length)
                .zip(self.input.par_chunks_exact(length))
                .zip(self.output.par_chunks_exact(length))
                .zip(self.gradient.par_chunks_exact(length))
                .enumerate()
                .with_min_len(fields.per_task())
                .for_each(|(index, (((target, input), output), gradient))| {
                    let terms = self.terms(&fields, &totals, index % fields.channels, kept);
                    vectorised(|| {
                        let (input, output) = (&input[..length], &output[..length]);
                        fill(target, gradient, |i, dy| {
                            terms.response * through(dy, output[i])
                                + terms.without_response(input[i])
                        });
                    });
                });
        });
        let (scale, shift) = parameter_gradients(&totals);
        (input_gradient, scale, shift)
    }

    /// Σ g and Σ g x̂ per channel, from Σ [y > 0] dy and Σ [y > 0] dy (x − μ) per field.
    fn totals(&self, fields: &Fields, of_fields: &[[f64; 2]], kept: f64) -> Vec<[f64; 2]> {
        let sums = fields.per_channel(of_fields).into_iter();
        sums.zip(self.standard)
            .map(|([sum, product], [_, inverse])| [kept * sum, kept * product * inverse])
            .collect()
    }

    fn terms(&self, fields: &Fields, totals: &[[f64; 2]], channel: usize, kept: f64) -> Terms<T> {
        let [mean, inverse] = self.standard[channel];
        let [sum, product] = totals[channel];
        let slope = self.scale[channel].to_f64() * inverse;
        let n = fields.population();
        Terms {
            response: T::from_f64(slope * kept),
            mean: T::from_f64(mean),
            distance: T::from_f64(-slope * inverse * product / n),
            constant: T::from_f64(-slope * sum / n),
        }
    }
}

/// dx = response · [y > 0] dy + distance · (x − mean) + constant, for one channel.
#[derive(Clone, Copy)]
struct Terms<T> {
    response: T,
    mean: T,
    distance: T,
    constant: T,
}

impl<T: Number> Terms<T> {
    #[inline(always)]
    fn without_response(&self, x: T) -> T {
        self.distance * (x - self.mean) + self.constant
    }
}

/// Gradients with respect to γ and β.
fn parameter_gradients<T: Number>(totals: &[[f64; 2]]) -> (Vec<T>, Vec<T>) {
    let column = |i: usize| totals.iter().map(|total| T::from_f64(total[i])).collect();
    (column(1), column(0))
}

/// slope · x + offset per channel, cut at zero, and the maximum of each window of 2×2.
pub(super) fn affine_pool<T: Number>(input: &[T], fields: Fields, lines: &[Line]) -> Vec<T> {
    let pooled = fields.pooled_length();
    filled(
        fields.batch * fields.channels * pooled,
        |output: &mut [MaybeUninit<T>]| {
            output
                .par_chunks_exact_mut(pooled)
                .zip(input.par_chunks_exact(fields.length))
                .enumerate()
                .with_min_len(fields.per_task())
                .for_each(|(index, (output, input))| {
                    let line = &lines[index % fields.channels];
                    let (slope, offset) = (T::from_f64(line.slope), T::from_f64(line.offset));
                    vectorised(|| {
                        // The order of the values is that of the responses, or where the slope is negative its reverse.
                        if slope < T::ZERO {
                            pool_rows(output, input, &fields, |window| {
                                relu(slope * least(window) + offset)
                            });
                        } else {
                            pool_rows(output, input, &fields, |window| {
                                relu(slope * largest(window) + offset)
                            });
                        }
                    });
                });
        },
    )
}

/// Sets every value of a pooled field from its window `[top left, top right, bottom left, bottom right]`.
#[inline(always)]
fn pool_rows<T: Number>(
    output: &mut [MaybeUninit<T>],
    input: &[T],
    fields: &Fields,
    value: impl Fn([T; 4]) -> T,
) {
    let ([height, width], [_, out_width]) = (fields.plane, fields.pooled_plane());
    let planes = input.chunks_exact(height * width);
    let rows = planes.flat_map(|plane| plane.chunks_exact(2 * width).take(height / 2));
    for (output, rows) in output.chunks_exact_mut(out_width).zip(rows) {
        let (top, bottom) = rows.split_at(width);
        let windows = top.as_chunks().0.iter().zip(bottom.as_chunks().0);
        for (output, ([a, b], [c, d])) in output.iter_mut().zip(windows) {
            output.write(value([*a, *b, *c, *d]));
        }
    }
}

#[inline(always)]
fn largest<T: Number>([a, b, c, d]: [T; 4]) -> T {
    let larger = |a: T, b: T| if b > a { b } else { a };
    larger(larger(a, b), larger(c, d))
}

#[inline(always)]
fn least<T: Number>([a, b, c, d]: [T; 4]) -> T {
    let smaller = |a: T, b: T| if b < a { b } else { a };
    smaller(smaller(a, b), smaller(c, d))
}

impl<T: Number> Backward<'_, T> {
    /// As [`gradients`](Self::gradients), where the output and its gradient are those of [`affine_pool`].
    pub(super) fn pooled_gradients(&self, fields: Fields) -> (Vec<T>, Vec<T>, Vec<T>) {
        let (length, pooled) = (fields.length, fields.pooled_length());
        let inputs = self.input.par_chunks_exact(length);
        let outputs = self.output.par_chunks_exact(pooled);
        let of_fields: Vec<[f64; 2]> = inputs
            .zip(outputs.zip(self.gradient.par_chunks_exact(pooled)))
            .enumerate()
            .with_min_len(fields.per_task())
            .map(|(index, (input, (output, gradient)))| {
                let channel = index % fields.channels;
                let mean = T::from_f64(self.standard[channel][0]);
                let falling = self.scale[channel] < T::ZERO;
                vectorised(|| {
                    let mut chosen = Vec::with_capacity(pooled);
                    let chosen_slots = &mut chosen.spare_capacity_mut()[..pooled];
                    if falling {
                        pool_rows(chosen_slots, input, &fields, least);
                    } else {
                        pool_rows(chosen_slots, input, &fields, largest);
                    }
                    // SAFETY: `pool_rows` has set every value of the pooled field.
                    unsafe { chosen.set_len(pooled) };
                    let (chosen, output) = (&chosen[..pooled], &output[..pooled]);
                    let gradient = &gradient[..pooled];
                    sums(pooled, |i| {
                        let g = through(gradient[i], output[i]);
                        [g, g * (chosen[i] - mean)]
                    })
                })
            })
            .collect();
        let totals = self.totals(&fields, &of_fields, 1.0);
        let input_gradient = filled(self.input.len(), |target: &mut [MaybeUninit<T>]| {
            let outputs = self.output.par_chunks_exact(pooled);
            target
                .par_chunks_exact_mut(length)
                .zip(self.input.par_chunks_exact(length))
                .zip(outputs.zip(self.gradient.par_chunks_exact(pooled)))
                .enumerate()
                .with_min_len(fields.per_task())
                .for_each(|(index, ((target, input), (output, gradient)))| {
                    let channel = index % fields.channels;
                    let terms = self.terms(&fields, &totals, channel, 1.0);
                    let falling = self.scale[channel] < T::ZERO;
                    vectorised(|| {
                        fill(target, input, |_, x| terms.without_response(x));
                        let responses = (output, gradient);
                        if falling {
                            add_to_chosen(target, input, responses, &fields, terms.response, least);
                        } else {
                            add_to_chosen(
                                target,
                                input,
                                responses,
                                &fields,
                                terms.response,
                                largest,
                            );
                        }
                    });
                });
        });
        let (scale, shift) = parameter_gradients(&totals);
        (input_gradient, scale, shift)
    }
}

/// Adds the gradient of each pooled value to the first value of its window that it was taken from.
#[inline(always)]
fn add_to_chosen<T: Number>(
    target: &mut [MaybeUninit<T>],
    input: &[T],
    (output, gradient): (&[T], &[T]),
    fields: &Fields,
    factor: T,
    choose: impl Fn([T; 4]) -> T,
) {
    let ([height, width], [_, out_width]) = (fields.plane, fields.pooled_plane());
    let rows = |values: usize| values / (height * width) * (height / 2);
    let row_starts = (0..rows(input.len())).map(|row| {
        let (plane, row) = (row / (height / 2), row % (height / 2));
        plane * height * width + row * 2 * width
    });
    let responses = output
        .chunks_exact(out_width)
        .zip(gradient.chunks_exact(out_width));
    for (start, (output, gradient)) in row_starts.zip(responses) {
        let (top, bottom) = input[start..start + 2 * width].split_at(width);
        let (to_top, to_bottom) = target[start..start + 2 * width].split_at_mut(width);
        let windows = top.as_chunks().0.iter().zip(bottom.as_chunks().0);
        let targets = to_top.as_chunks_mut().0.iter_mut();
        let targets = targets.zip(to_bottom.as_chunks_mut().0);
        for (((window, target), output), gradient) in windows.zip(targets).zip(output).zip(gradient)
        {
            let ([a, b], [c, d]) = window;
            let values = [*a, *b, *c, *d];
            let ([a, b], [c, d]) = target;
            let targets = [a, b, c, d];
            let chosen = choose(values);
            let mut left = factor * through(*gradient, *output);
            for (target, value) in targets.into_iter().zip(values) {
                let is_chosen = value == chosen;
                // SAFETY: the caller has set every value before.
                let old = unsafe { target.assume_init() };
                target.write(if is_chosen { old + left } else { old });
                left = if is_chosen { T::ZERO } else { left };
            }
        }
    }
}

#[inline(always)]
fn relu<T: Number>(value: T) -> T {
    // As written, a value that is not a number stays one.
    if value < T::ZERO { T::ZERO } else { value }
}

/// The gradient that passes an output cut at zero.
#[inline(always)]
fn through<T: Number>(gradient: T, output: T) -> T {
    if output > T::ZERO { gradient } else { T::ZERO }
}

/// Sets every value of a field.
#[inline(always)]
fn fill<T: Number>(output: &mut [MaybeUninit<T>], input: &[T], value: impl Fn(usize, T) -> T) {
    for (index, (output, input)) in output.iter_mut().zip(input).enumerate() {
        output.write(value(index, *input));
    }
}

/// A vector made by a function that sets all of its values.
fn filled<T>(length: usize, set_all: impl FnOnce(&mut [MaybeUninit<T>])) -> Vec<T> {
    let mut values = Vec::with_capacity(length);
    set_all(&mut values.spare_capacity_mut()[..length]);
    // SAFETY: the capacity is there, and every value in it has been set: the length is a multiple of the field's.
    unsafe { values.set_len(length) };
    values
}

/// Bits from a counter: three rounds of xor-shift and multiplication of the counter and the seed.
struct Bits {
    seed: [u32; 2],
    threshold: u32,
}

impl Bits {
    fn new(mask: Mask) -> Self {
        Self {
            seed: mask.seed,
            threshold: (mask.probability * 2f64.powi(32)) as u32,
        }
    }

    #[inline(always)]
    fn dropped(&self, counter: u32) -> bool {
        let mut x = counter ^ self.seed[0];
        x ^= x >> 16;
        x = x.wrapping_mul(0x7FEB_352D);
        x ^= self.seed[1];
        x ^= x >> 15;
        x = x.wrapping_mul(0x846C_A68B);
        x ^= x >> 16;
        x < self.threshold
    }
}
