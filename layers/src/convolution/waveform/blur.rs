//! What a signal is smoothed with before it is looked at from afar.
//!
//! ```text
//! blur_s(j) = B₂(j/s) / s,   |j| < 3s/2          B₂(x) = ¾ − x² for |x| < ½,  ½ (3/2 − |x|)² up to 3/2
//! ```
//!
//! The quadratic spline at the whole numbers adds up to s at every whole scale, so that a constant stays what it is. In blocks of
//! B samples, a multiple of s, it is a convolution with few taps and a channel for each place in a block, which a dense
//! convolution computes much faster than one channel with many taps:
//!
//! ```text
//! y[p, u] = Σ_n Σ_q blur_s(n B + q − p) x[q, u + n]        x[q, u] = f(B u + q)
//! ```
//!
//! Source: Romero et al. 2021 (Wavelet Networks).

use burn::prelude::*;

use crate::convolution::dense::{Conv2dOptions, conv2d};

/// Fewer places in a block than that are no work for a dense convolution.
const LEAST_BLOCK: usize = 16;

/// The phases of a signal at a scale: what lies that many samples apart is a signal of its own.
///
/// # Shapes
/// - signals: `[signals, time]`, time being a multiple of [`block`]
/// - output: `[signals, phases, time / scale]`, of every phase whose number is a multiple of `every`
pub(super) fn phases(signals: Tensor<2>, scale: usize, every: usize, blur: bool) -> Tensor<3> {
    let [count, time] = signals.dims();
    let (block, kept) = (block(scale), scale / every);
    let (blocks, within) = (time / block, block / scale);
    let places: Tensor<3> = signals.reshape([count, blocks, block]);
    let places = match blur {
        false => places
            .reshape([count, blocks * within * kept, every])
            .narrow(2, 0, 1)
            .reshape([count, blocks * within, kept]),
        true => {
            let reach = taps(scale).len() / 2;
            let beside = reach.div_ceil(block);
            let bank = bank(scale, every, [block, beside]);
            let dims = [block / every, block, 1, 2 * beside + 1];
            let (device, dtype) = (places.device(), places.dtype());
            let bank = Tensor::from_data(TensorData::new(bank, dims), (&device, dtype));
            let options = Conv2dOptions::new().with_padding([0, beside]);
            let channels: Tensor<4> = places.swap_dims(1, 2).unsqueeze_dim(2);
            conv2d(channels, bank, None, options)
                .reshape([count, within, kept, blocks])
                .permute([0, 3, 1, 2])
                .reshape([count, blocks * within, kept])
        }
    };
    places.swap_dims(1, 2)
}

/// Samples of a block at a scale.
pub(super) fn block(scale: usize) -> usize {
    scale * LEAST_BLOCK.div_ceil(scale)
}

/// The blur from places of blocks to places of one, `[places / every, places, blocks]` row by row.
fn bank(scale: usize, every: usize, [block, beside]: [usize; 2]) -> Vec<f64> {
    let taps = taps(scale);
    let middle = (taps.len() / 2) as i64;
    let value = |p: usize, q: usize, n: usize| {
        let distance = (n as i64 - beside as i64) * block as i64 + q as i64 - p as i64;
        let tap = usize::try_from(distance + middle).ok();
        tap.and_then(|tap| taps.get(tap)).copied().unwrap_or(0.0)
    };
    let rows = (0..block).step_by(every);
    rows.flat_map(|p| (0..block).flat_map(move |q| (0..2 * beside + 1).map(move |n| (p, q, n))))
        .map(|(p, q, n)| value(p, q, n))
        .collect()
}

/// The taps of the blur at a whole scale, about their centre.
fn taps(scale: usize) -> Vec<f64> {
    let scale = scale as f64;
    let reach = (1.5 * scale).ceil() as i64 - 1;
    let at = |j: i64| quadratic(j as f64 / scale) / scale;
    (-reach..=reach).map(at).collect()
}

/// B₂.
fn quadratic(x: f64) -> f64 {
    match x.abs() {
        x if x < 0.5 => 0.75 - x * x,
        x if x < 1.5 => 0.5 * (1.5 - x).powi(2),
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taps_are_those_by_hand_and_keep_constants() {
        assert_eq!(taps(1), [0.125, 0.75, 0.125]);
        let doubled: Vec<f64> = taps(2).iter().map(|tap| 2.0 * tap).collect();
        assert_eq!(doubled, [0.125, 0.5, 0.75, 0.5, 0.125]);
        for scale in [1, 2, 3, 4, 8, 16, 32, 256] {
            let sum: f64 = taps(scale).iter().sum();
            assert!((sum - 1.0).abs() < 1e-12, "{scale}: {sum}");
        }
    }
}
