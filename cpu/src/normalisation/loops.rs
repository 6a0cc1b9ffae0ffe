//! The loops over one field, written so that the compiler turns them into vector instructions: fixed numbers of lanes,
//! no branches, one definition for both kinds of numbers.

use std::mem::MaybeUninit;

use super::activation::Mask;
use crate::number::Number;
use crate::simd::vectorised;

/// slope · x + offset, for one channel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub slope: f64,
    pub offset: f64,
}

impl Line {
    pub(super) fn times(self, factor: f64) -> Self {
        Self {
            slope: self.slope * factor,
            offset: self.offset * factor,
        }
    }

    #[inline(always)]
    fn rounded<T: Number>(self) -> (T, T) {
        (T::of(self.slope), T::of(self.offset))
    }
}

/// dx = response · [y > 0] dy + distance · (x − mean) + constant, for one channel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms<T> {
    pub response: T,
    pub mean: T,
    pub distance: T,
    pub constant: T,
}

impl<T: Number> Terms<T> {
    #[inline(always)]
    fn without_response(&self, x: T) -> T {
        self.distance * (x - self.mean) + self.constant
    }
}

/// Bits from a counter: three rounds of xor-shift and multiplication of the counter and the seed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bits {
    seed: [u32; 2],
    threshold: u32,
}

impl Bits {
    pub(super) fn new(mask: Mask) -> Self {
        Self {
            seed: mask.seed,
            threshold: (mask.probability * 2f64.powi(32)) as u32,
        }
    }

    /// 1 with the mask's probability.
    #[inline(always)]
    pub(super) fn dropped(&self, counter: u32) -> bool {
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

vectorised! {
    /// Mean of a field, and the sum of the squared distances from it. The distances come second, because a sum of
    /// squares would cancel where the mean is large.
    fn mean_and_spread<T: Number>(field: &[T]) -> [f64; 2] {
        let n = field.len() as f64;
        let centre = T::of(sums([field], |[x]| [x])[0] / n);
        let [off, spread] = sums([field], |[x]| {
            let distance = x - centre;
            [distance, distance * distance]
        });
        // `centre` is the mean rounded: what it is off by belongs to the mean.
        let off = off / n;
        [centre.double() + off, spread - off * off * n]
    }
}

vectorised! {
    fn straight<T: Number>(output: &mut [MaybeUninit<T>], input: &[T], line: Line) {
        let (slope, offset) = line.rounded::<T>();
        fill(output, [input], |[x]| slope * x + offset);
    }
}

vectorised! {
    fn cut<T: Number>(output: &mut [MaybeUninit<T>], input: &[T], line: Line) {
        let (slope, offset) = line.rounded::<T>();
        fill(output, [input], |[x]| relu(slope * x + offset));
    }
}

vectorised! {
    fn cut_and_drop<T: Number>(
        output: &mut [MaybeUninit<T>],
        input: &[T],
        line: Line,
        bits: Bits,
        first: u32,
    ) {
        let (slope, offset) = line.rounded::<T>();
        for (i, (output, &x)) in output.iter_mut().zip(input).enumerate() {
            let y = relu(slope * x + offset);
            let dropped = bits.dropped(first.wrapping_add(i as u32));
            output.write(if dropped { T::ZERO } else { y });
        }
    }
}

vectorised! {
    /// The response of each window: that of its largest value, or its least where the line falls.
    fn choose_and_cut<T: Number>(
        output: &mut [MaybeUninit<T>],
        input: &[T],
        plane: [usize; 2],
        line: Line,
    ) {
        let (slope, offset) = line.rounded::<T>();
        if slope < T::ZERO {
            pool_rows(output, input, plane, |window| relu(slope * least(window) + offset));
        } else {
            pool_rows(output, input, plane, |window| relu(slope * largest(window) + offset));
        }
    }
}

vectorised! {
    /// The value of each window that its response was made of.
    fn choose<T: Number>(
        chosen: &mut [MaybeUninit<T>],
        input: &[T],
        plane: [usize; 2],
        falling: bool,
    ) {
        if falling {
            pool_rows(chosen, input, plane, least);
        } else {
            pool_rows(chosen, input, plane, largest);
        }
    }
}

vectorised! {
    /// Σ dy and Σ dy (x − mean) over rows x and dy.
    fn gradient_sums<T: Number>(rows: [&[T]; 2], mean: T) -> [f64; 2] {
        sums(rows, |[x, dy]| [dy, dy * (x - mean)])
    }
}

vectorised! {
    /// Σ g and Σ g (x − mean) over rows x, y and dy, with g = [y > 0] dy.
    fn gated_gradient_sums<T: Number>(rows: [&[T]; 3], mean: T) -> [f64; 2] {
        sums(rows, |[x, y, dy]| {
            let g = through(dy, y);
            [g, g * (x - mean)]
        })
    }
}

vectorised! {
    /// From rows x and dy.
    fn write_gradients<T: Number>(
        target: &mut [MaybeUninit<T>],
        rows: [&[T]; 2],
        terms: Terms<T>,
    ) {
        fill(target, rows, |[x, dy]| terms.response * dy + terms.without_response(x));
    }
}

vectorised! {
    /// From rows x, y and dy.
    fn write_gated_gradients<T: Number>(
        target: &mut [MaybeUninit<T>],
        rows: [&[T]; 3],
        terms: Terms<T>,
    ) {
        fill(target, rows, |[x, y, dy]| {
            terms.response * through(dy, y) + terms.without_response(x)
        });
    }
}

vectorised! {
    /// From rows x and, pooled, y and dy.
    fn write_pooled_gradients<T: Number>(
        target: &mut [MaybeUninit<T>],
        rows: [&[T]; 3],
        plane: [usize; 2],
        terms: Terms<T>,
        falling: bool,
    ) {
        if falling {
            unpool_rows(target, rows, plane, terms, least);
        } else {
            unpool_rows(target, rows, plane, terms, largest);
        }
    }
}

const LANES: usize = 16;

/// Sums of terms over rows of equal length, lane by lane.
#[inline(always)]
fn sums<T: Number, const ROWS: usize, const TERMS: usize>(
    rows: [&[T]; ROWS],
    terms: impl Fn([T; ROWS]) -> [T; TERMS],
) -> [f64; TERMS] {
    let length = rows[0].len();
    let rows = rows.map(|row| row[..length].as_chunks::<LANES>());
    let mut sums = [[T::ZERO; LANES]; TERMS];
    let mut add = |lane: usize, values: [T; ROWS]| {
        for (sum, term) in sums.iter_mut().zip(terms(values)) {
            sum[lane] += term;
        }
    };
    for block in 0..length / LANES {
        let blocks = rows.map(|(blocks, _)| &blocks[block]);
        for lane in 0..LANES {
            add(lane, blocks.map(|block| block[lane]));
        }
    }
    for lane in 0..length % LANES {
        add(lane, rows.map(|(_, rest)| rest[lane]));
    }
    sums.map(|lanes| lanes.into_iter().map(T::double).sum())
}

/// Sets every value of a field, from rows of the same length.
#[inline(always)]
fn fill<T: Number, const ROWS: usize>(
    output: &mut [MaybeUninit<T>],
    rows: [&[T]; ROWS],
    value: impl Fn([T; ROWS]) -> T,
) {
    let rows = rows.map(|row| &row[..output.len()]);
    for (index, output) in output.iter_mut().enumerate() {
        output.write(value(rows.map(|row| row[index])));
    }
}

/// Sets every value of a pooled field from its window `[top left, top right, bottom left, bottom right]`.
#[inline(always)]
fn pool_rows<T: Number>(
    output: &mut [MaybeUninit<T>],
    input: &[T],
    [height, width]: [usize; 2],
    value: impl Fn([T; 4]) -> T,
) {
    let [out_height, out_width] = [height / 2, width / 2];
    let planes = input.chunks_exact(height * width);
    let rows = planes.flat_map(|plane| plane.chunks_exact(2 * width).take(out_height));
    for (output, rows) in output.chunks_exact_mut(out_width).zip(rows) {
        let (top, bottom) = rows.split_at(width);
        let [top, bottom] = [top, bottom].map(|row| &row.as_chunks().0[..out_width]);
        for (i, output) in output.iter_mut().enumerate() {
            let ([a, b], [c, d]) = (top[i], bottom[i]);
            output.write(value([a, b, c, d]));
        }
    }
}

/// Sets the gradient of every value of a field. The first value of a window that equals the chosen one gets that of the
/// response; what no window covers gets the rest alone.
#[inline(always)]
fn unpool_rows<T: Number>(
    target: &mut [MaybeUninit<T>],
    [input, output, gradient]: [&[T]; 3],
    [height, width]: [usize; 2],
    terms: Terms<T>,
    choose: impl Fn([T; 4]) -> T,
) {
    let [out_height, out_width] = [height / 2, width / 2];
    if 2 * out_height < height || 2 * out_width < width {
        fill(target, [input], |[x]| terms.without_response(x));
    }
    let planes = input.chunks_exact(height * width);
    let rows = planes.flat_map(|plane| plane.chunks_exact(2 * width).take(out_height));
    let targets = target.chunks_exact_mut(height * width);
    let targets = targets.flat_map(|plane| plane.chunks_exact_mut(2 * width).take(out_height));
    let outputs = output.chunks_exact(out_width);
    let responses = outputs.zip(gradient.chunks_exact(out_width));
    for ((rows, target), (output, gradient)) in rows.zip(targets).zip(responses) {
        let (top, bottom) = rows.split_at(width);
        let (to_top, to_bottom) = target.split_at_mut(width);
        let [top, bottom] = [top, bottom].map(|row| &row.as_chunks().0[..out_width]);
        let [to_top, to_bottom] =
            [to_top, to_bottom].map(|row| &mut row.as_chunks_mut().0[..out_width]);
        for i in 0..out_width {
            let ([a, b], [c, d]) = (top[i], bottom[i]);
            let chosen = choose([a, b, c, d]);
            let response = terms.response * through(gradient[i], output[i]);
            // What is left of the response after each value: all of it until the chosen one, then nothing.
            let after_a = if a == chosen { T::ZERO } else { response };
            let after_b = if b == chosen { T::ZERO } else { after_a };
            let after_c = if c == chosen { T::ZERO } else { after_b };
            let [a, b, c, d] = [a, b, c, d].map(|x| terms.without_response(x));
            to_top[i] = [a + (response - after_a), b + (after_a - after_b)].map(MaybeUninit::new);
            to_bottom[i] = [c + (after_b - after_c), d + after_c].map(MaybeUninit::new);
        }
    }
}

#[inline(always)]
fn largest<T: Number>([a, b, c, d]: [T; 4]) -> T {
    // What is not a number wins, as in Burn's pooling.
    let larger = |a: T, b: T| if b > a || b.is_nan() { b } else { a };
    larger(larger(a, b), larger(c, d))
}

#[inline(always)]
fn least<T: Number>([a, b, c, d]: [T; 4]) -> T {
    let smaller = |a: T, b: T| if b < a || b.is_nan() { b } else { a };
    smaller(smaller(a, b), smaller(c, d))
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
