//! Forward and backward times of normalisation with ReLU and pooling, beside the backend's ordinary operations.
//!
//! ```text
//! cargo bench -p gcnn-cpu --bench normalisation     medians of interleaved runs, as a table
//! ```

use std::time::Instant;

use burn::nn::pool::MaxPool2dConfig;
use burn::prelude::*;
use burn::tensor::TensorData;
use burn::tensor::activation::relu;
use gcnn_cpu::memory::keep_freed_memory;
use gcnn_cpu::normalisation::{Activation, normalise};

const EPSILON: f64 = 1e-5;

/// A map of numbers that are neither zero nor denormal.
fn filled<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    let numbers: Vec<f32> = (0..shape.iter().product::<usize>())
        .map(|i| ((i as u32).wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 24) as f32 - 0.5)
        .collect();
    Tensor::from_data(TensorData::new(numbers, shape), device)
}

/// The same by ordinary operations: what a layer without kernels of its own does.
fn ordinary(map: Tensor<4>, scale: Tensor<1>, shift: Tensor<1>, pool: bool) -> Tensor<4> {
    let [_, channels, ..] = map.dims();
    let mean = map.clone().mean_dims(&[0, 2, 3]);
    let centred = map - mean;
    let variance = centred.clone().square().mean_dims(&[0, 2, 3]);
    let slope = scale.reshape([1, channels, 1, 1]) / (variance + EPSILON).sqrt();
    let output = relu(centred * slope + shift.reshape([1, channels, 1, 1]));
    match pool {
        true => MaxPool2dConfig::new([2, 2])
            .with_strides([2, 2])
            .init()
            .forward(output),
        false => output,
    }
}

fn milliseconds(shape: [usize; 4], pool: bool, ours: bool) -> f64 {
    let device = Device::flex().autodiff();
    let map = filled(shape, &device).require_grad();
    let scale = filled([shape[1]], &device).require_grad();
    let shift = filled([shape[1]], &device).require_grad();
    let start = Instant::now();
    let output = match ours {
        true => {
            let activation = match pool {
                true => Activation::ReluMaxPool,
                false => Activation::Relu,
            };
            normalise(map, scale, shift, EPSILON, activation).0
        }
        false => ordinary(map, scale, shift, pool),
    };
    drop(output.backward());
    start.elapsed().as_secs_f64() * 1e3
}

fn main() {
    keep_freed_memory();
    println!("forward + backward, milliseconds        ours   ordinary  ratio");
    for (name, shape, pool) in [
        ("128 × 40, 26²", [128, 40, 26, 26], false),
        ("128 × 40, 24², pooled", [128, 40, 24, 24], true),
        ("128 × 40, 6²", [128, 40, 6, 6], false),
        ("32 × 96, 96², pooled", [32, 96, 96, 96], true),
    ] {
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..9 {
            for (times, ours) in times.iter_mut().zip([true, false]) {
                times.push(milliseconds(shape, pool, ours));
            }
        }
        let [ours, theirs] = times.map(|mut times| {
            times.sort_by(f64::total_cmp);
            times[times.len() / 2]
        });
        println!("{name:<36}{ours:>8.2}{theirs:>11.2}{:>7.2}", ours / theirs);
    }
}
