//! Inputs for tests: made from seeds by their own generators, because the device's seed is shared by all threads.

use burn::prelude::*;
use rand::{RngExt, SeedableRng, rngs::StdRng};

/// Values uniform in (−1, 1).
pub(crate) fn noise<const D: usize>(dims: [usize; D], seed: u64, device: &Device) -> Tensor<D> {
    let mut random = StdRng::seed_from_u64(seed);
    let values: Vec<f32> = (0..dims.iter().product())
        .map(|_| random.random_range(-1.0..1.0))
        .collect();
    Tensor::from_data(TensorData::new(values, dims), device)
}

/// Images with a few Gaussian blobs of the given standard deviation (in pixels), that vanish towards the border.
pub(crate) fn blobs(dims: [usize; 4], deviation: f64, seed: u64, device: &Device) -> Tensor<4> {
    let [batch, channels, height, width] = dims;
    let mut random = StdRng::seed_from_u64(seed);
    let mut values = Vec::with_capacity(batch * channels * height * width);
    let reach = (height.min(width) as f64 / 2.0 - 3.5 * deviation).max(0.0);
    for _ in 0..batch * channels {
        let blobs: Vec<[f64; 3]> = (0..4)
            .map(|_| {
                let angle = random.random_range(0.0..std::f64::consts::TAU);
                let radius = reach * random.random_range(0.0..1.0);
                let height = random.random_range(0.5..1.5);
                [radius * angle.cos(), radius * angle.sin(), height]
            })
            .collect();
        for pixel in 0..height * width {
            let x = (pixel % width) as f64 - (width as f64 - 1.0) / 2.0;
            let y = (height as f64 - 1.0) / 2.0 - (pixel / width) as f64;
            let value: f64 = blobs
                .iter()
                .map(|[cx, cy, peak]| {
                    let squared = (x - cx).powi(2) + (y - cy).powi(2);
                    peak * (-squared / (2.0 * deviation * deviation)).exp()
                })
                .sum();
            values.push(value as f32);
        }
    }
    Tensor::from_data(TensorData::new(values, dims), device)
}
