//! The time of a whole training step of P4CNN on batches of 28×28 images: forward, backward and Adam.
//!
//! ```text
//! cargo bench -p gcnn-train --bench training_step            the median, and the parts
//! cargo bench -p gcnn-train --bench training_step -- serve   runs what the standard input asks for
//! ```
//!
//! Served lines are `batch repetitions`; the answer is the milliseconds of each repetition.

use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::{AdamConfig, GradientsParams, decay::WeightDecayConfig};
use burn::prelude::*;
use burn::tensor::TensorData;
use gcnn_models::gcnn::{GcnnConfig, InputShape};
use std::io::{BufRead, Write};
use std::time::Instant;

/// Milliseconds of forward and of whole steps.
fn measure(batch: usize, repetitions: usize) -> Vec<[f64; 2]> {
    let device = Device::flex().autodiff();
    device.seed(1);
    let input = InputShape {
        channels: 1,
        height: 28,
        width: 28,
    };
    let mut model = match GcnnConfig::p4cnn().init(input, 10, &device) {
        Ok(model) => model,
        Err(error) => {
            eprintln!("{error}");
            return Vec::new();
        }
    };
    let pixels: Vec<f32> = (0..batch * 28 * 28)
        .map(|i| ((i as u32).wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 24) as f32 - 0.5)
        .collect();
    let images = Tensor::<4>::from_data(TensorData::new(pixels, [batch, 1, 28, 28]), &device);
    let labels: Vec<i64> = (0..batch).map(|i| i as i64 % 10).collect();
    let labels = Tensor::<1, Int>::from_data(TensorData::new(labels, [batch]), &device);
    let loss = CrossEntropyLossConfig::new().init(&device);
    let mut optimizer = AdamConfig::new()
        .with_weight_decay(Some(WeightDecayConfig::new(1e-4)))
        .init();
    let mut times = Vec::new();
    for _ in 0..=repetitions {
        let start = Instant::now();
        let logits = model.forward(images.clone());
        let value = loss.forward(logits, labels.clone());
        let forward = start.elapsed().as_secs_f64() * 1e3;
        let gradients = GradientsParams::from_grads(value.backward(), &model);
        model = optimizer.step(1e-3, model, gradients);
        times.push([forward, start.elapsed().as_secs_f64() * 1e3]);
    }
    // The first step allocates.
    times.remove(0);
    times
}

fn median(times: impl Iterator<Item = f64>) -> f64 {
    let mut times: Vec<f64> = times.collect();
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

fn main() {
    if !std::env::args().any(|argument| argument == "serve") {
        let times = measure(128, 20);
        let forward = median(times.iter().map(|t| t[0]));
        let step = median(times.iter().map(|t| t[1]));
        println!("P4CNN, batch 128: step {step:.1} ms, of which forward {forward:.1} ms");
        return;
    }
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let numbers: Vec<usize> = line.split_whitespace().flat_map(str::parse).collect();
        let [batch, repetitions] = numbers[..] else {
            eprintln!("not understood: {line}");
            return;
        };
        let times = measure(batch, repetitions);
        let times: Vec<String> = times.iter().map(|t| format!("{:.3}", t[1])).collect();
        println!("{}", times.join(" "));
        let _ = std::io::stdout().flush();
    }
}
