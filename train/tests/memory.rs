//! Memory that a process holds after thousands of training steps. The only test of its program: no other one's memory
//! counts.

use burn::optim::{AdamConfig, GradientsParams};
use burn::prelude::*;
use burn::tensor::Distribution;
use gcnn_layers::Graph;
use gcnn_models::points::{Dynamics, DynamicsConfig, ParticleBatch, Particles};
use gcnn_models::{GcnnConfig, InputShape};

/// Resident memory of this process in bytes, where the system tells.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

/// Steps before memory is looked at for the first time, and at its end.
const STEPS: [usize; 2] = [200, 2_000];
/// What a step allocates and frees is some megabytes in either network; a leak of one kilobyte a step would be 1.8.
const SLACK: u64 = 1 << 20;

fn growth(mut step: impl FnMut()) -> Option<u64> {
    (0..STEPS[0]).for_each(|_| step());
    let before = resident()?;
    (STEPS[0]..STEPS[1]).for_each(|_| step());
    Some(resident()?.saturating_sub(before))
}

#[test]
fn two_thousand_steps_need_no_more_memory_than_two_hundred() {
    gcnn_train::memory::keep_freed_memory();
    if resident().is_none() {
        println!("skipped: this system does not tell how much memory a process holds");
        return;
    }
    let device = Device::flex().autodiff();
    device.seed(0);

    let config: GcnnConfig = serde_json::from_value(serde_json::json!({
        "channels": [4, 4],
        "kernel_sizes": [3, 3, 3],
        "pool_after": [1],
    }))
    .expect("a configuration");
    let shape = InputShape {
        channels: 1,
        height: 12,
        width: 12,
    };
    let mut network = config.init(shape, 3, &device).expect("a network");
    let mut optimizer = AdamConfig::new().init();
    let images = Tensor::<4>::random([8, 1, 12, 12], Distribution::Default, &device);
    let grown = growth(|| {
        let loss = network.forward(images.clone()).square().mean();
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        network = optimizer.step(1e-3, network.clone(), gradients);
    });
    assert!(
        grown <= Some(SLACK),
        "the G-CNN's steps kept {grown:?} bytes"
    );

    let config: DynamicsConfig = serde_json::from_value(serde_json::json!({
        "kind": "segnn", "hidden": "4x0e+4x1o", "layers": 2,
    }))
    .expect("a configuration");
    let mut network = config.init(&device).expect("a network");
    let mut optimizer = AdamConfig::new().init();
    let numbers: Vec<f32> = (0..24).map(|i| (i as f32).sin()).collect();
    let particles = Particles {
        positions: &numbers,
        velocities: &numbers,
        charges: &numbers[..8],
    };
    let graph = Graph::fully_connected(4)
        .and_then(|graph| graph.repeat(2))
        .expect("a graph");
    let batch = ParticleBatch::new(particles, &graph, &device).expect("particles");
    let grown = growth(|| {
        let loss = (network.forward(&batch) - batch.positions())
            .square()
            .mean();
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        network = optimizer.step(1e-3, network.clone(), gradients);
    });
    assert!(
        grown <= Some(SLACK),
        "the SEGNN's steps kept {grown:?} bytes"
    );
}
