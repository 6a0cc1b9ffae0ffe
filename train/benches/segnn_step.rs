//! Time of one training step of a dynamics model on 100 graphs of 5 particles, and where it goes.
//!
//! ```text
//! cargo bench -p gcnn-models --bench segnn_step                     SEGNN as published: 32x0e+32x1o, 4 layers
//! cargo bench -p gcnn-models --bench segnn_step -- egnn nmp         other models, by their names in files
//! ```
//!
//! A step is the forward pass with the mean squared error, the backward pass and Adam. Times are medians over the steps
//! after a warm-up, in milliseconds.

use burn::optim::{AdamConfig, GradientsParams};
use burn::prelude::*;
use gcnn_layers::{Graph, GraphTensors};
use gcnn_models::nbody::{Dynamics, DynamicsConfig, ParticleBatch};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::time::Instant;

const GRAPHS: usize = 100;
const PARTICLES: usize = 5;
const WARM_UP: usize = 10;
const STEPS: usize = 60;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut kinds: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    if kinds.is_empty() {
        kinds.push("segnn".into());
    }
    println!("{GRAPHS} graphs of {PARTICLES} particles, medians of {STEPS} steps, ms");
    println!(
        "{:16} {:>10} {:>8} {:>8} {:>9} {:>10} {:>8}",
        "model", "parameters", "step", "forward", "backward", "optimizer", "predict"
    );
    for kind in kinds {
        measure(&kind)?;
    }
    Ok(())
}

fn measure(kind: &str) -> Result<(), Box<dyn std::error::Error>> {
    let config: DynamicsConfig = serde_json::from_value(serde_json::json!({ "kind": kind }))?;
    let device = Device::flex().autodiff();
    let mut model = config.init(&device)?;
    let mut optimizer = AdamConfig::new().init();
    let parameters = model.num_params();
    let batch = particles(&device)?;
    let target = batch.positions() + batch.velocities() * 0.7;

    let mut times = [const { Vec::new() }; 4];
    for step in 0..WARM_UP + STEPS {
        let start = Instant::now();
        let loss = (model.forward(&batch) - target.clone()).square().mean();
        let forward = start.elapsed();
        let gradients = loss.backward();
        let backward = start.elapsed();
        let gradients = GradientsParams::from_grads(gradients, &model);
        model = optimizer.step(5e-4, model, gradients);
        let whole = start.elapsed();
        if step >= WARM_UP {
            let parts = [whole, forward, backward - forward, whole - backward];
            for (times, part) in times.iter_mut().zip(parts) {
                times.push(part.as_secs_f64() * 1e3);
            }
        }
    }
    let plain = particles(&Device::flex())?;
    let valid = model.valid();
    let mut predict: Vec<f64> = (0..STEPS)
        .map(|_| {
            let start = Instant::now();
            std::hint::black_box(valid.forward(&plain));
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    let [step, forward, backward, update] = times.map(|mut times| median(&mut times));
    println!(
        "{kind:16} {parameters:>10} {step:>8.2} {forward:>8.2} {backward:>9.2} {update:>10.2} {:>8.2}",
        median(&mut predict)
    );
    Ok(())
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn particles(device: &Device) -> Result<ParticleBatch, Box<dyn std::error::Error>> {
    let nodes = GRAPHS * PARTICLES;
    let mut random = StdRng::seed_from_u64(1);
    let mut draw = |width: usize| {
        let values: Vec<f32> = (0..nodes * width)
            .map(|_| random.random_range(-1.7..1.7))
            .collect();
        Tensor::<2>::from_data(TensorData::new(values, [nodes, width]), device)
    };
    let graph = Graph::fully_connected(PARTICLES)?.repeat(GRAPHS)?;
    Ok(ParticleBatch::from_tensors(
        draw(3),
        draw(3),
        draw(1).sign(),
        GraphTensors::new(&graph, device),
    )?)
}
