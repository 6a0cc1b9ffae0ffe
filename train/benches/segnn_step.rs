//! Time of one training step of a dynamics model on 100 graphs of 5 particles, and where it goes.
//!
//! ```text
//! cargo bench -p gcnn-train --bench segnn_step                      SEGNN as published: 32x0e+32x1o, 4 layers
//! cargo bench -p gcnn-train --bench segnn_step -- egnn nmp          other models, by their names in files
//! cargo bench -p gcnn-train --bench segnn_step -- serve             steps on request, for comparisons
//! ```
//!
//! Served lines are `repetitions`; the answer is the milliseconds of that many training steps, then of that many
//! predictions. A step is the forward pass with the mean squared error, the backward pass and Adam. Times are medians over the steps
//! after a warm-up, in milliseconds.

use burn::optim::{AdamConfig, GradientsParams};
use burn::prelude::*;
use burn::tensor::Distribution;
use gcnn_layers::{Graph, GraphTensors};
use gcnn_models::points::{Dynamics, DynamicsConfig, ParticleBatch};
use gcnn_train::memory::keep_freed_memory;
use std::io::BufRead;
use std::time::Instant;

const GRAPHS: usize = 100;
const PARTICLES: usize = 5;
const WARM_UP: usize = 10;
const STEPS: usize = 60;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    keep_freed_memory();
    let mut kinds: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    if kinds.iter().any(|kind| kind == "serve") {
        return serve();
    }
    if kinds.is_empty() {
        kinds.push("segnn".into());
    }
    println!("{GRAPHS} graphs of {PARTICLES} particles, medians of {STEPS} steps, ms");
    println!(
        "{:16} {:>10} {:>8} {:>8} {:>9} {:>10} {:>8}",
        "model", "parameters", "step", "forward", "backward", "optimizer", "predict"
    );
    for kind in kinds {
        let times = Times::measure(&kind, STEPS)?;
        let [step, forward, backward, update] = times.steps.map(|mut times| median(&mut times));
        let predict = median(&mut times.predictions.clone());
        println!(
            "{kind:16} {:>10} {step:>8.2} {forward:>8.2} {backward:>9.2} {update:>10.2} {predict:>8.2}",
            times.parameters
        );
    }
    Ok(())
}

/// Runs what the standard input asks for.
fn serve() -> Result<(), Failure> {
    for line in std::io::stdin().lock().lines() {
        let repetitions: usize = line?.trim().parse()?;
        let times = Times::measure("segnn", repetitions)?;
        let all = times.steps[0].iter().chain(&times.predictions);
        let all: Vec<String> = all.map(|time| format!("{time:.3}")).collect();
        println!("{}", all.join(" "));
    }
    Ok(())
}

/// Milliseconds.
struct Times {
    parameters: usize,
    /// Whole steps, their forward and backward passes and updates.
    steps: [Vec<f64>; 4],
    predictions: Vec<f64>,
}

impl Times {
    fn measure(kind: &str, steps: usize) -> Result<Self, Failure> {
        let config: DynamicsConfig = serde_json::from_value(serde_json::json!({ "kind": kind }))?;
        let device = Device::flex().autodiff();
        let mut model = config.init(&device)?;
        let mut optimizer = AdamConfig::new().init();
        let parameters = model.num_params();
        let batch = particles(&device)?;
        let target = batch.positions() + batch.velocities() * 0.7;

        let mut times = [const { Vec::new() }; 4];
        for step in 0..WARM_UP + steps {
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
        let predict = || {
            let start = Instant::now();
            std::hint::black_box(valid.forward(&plain));
            start.elapsed().as_secs_f64() * 1e3
        };
        let predictions: Vec<f64> = (0..WARM_UP + steps).map(|_| predict()).collect();
        Ok(Self {
            parameters,
            steps: times,
            predictions: predictions[WARM_UP..].to_vec(),
        })
    }
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn particles(device: &Device) -> Result<ParticleBatch, Failure> {
    let nodes = GRAPHS * PARTICLES;
    let plain = device.clone().inner();
    plain.seed(1);
    let draw = |width: usize| {
        let between = Distribution::Uniform(-1.7, 1.7);
        let numbers = Tensor::<2>::random([nodes, width], between, &plain);
        Tensor::<2>::from_data(numbers.into_data(), device)
    };
    let graph = Graph::fully_connected(PARTICLES)?.repeat(GRAPHS)?;
    Ok(ParticleBatch::from_tensors(
        draw(3),
        draw(3),
        draw(1).sign(),
        GraphTensors::new(&graph, device),
    )?)
}
