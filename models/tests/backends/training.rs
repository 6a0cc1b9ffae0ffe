//! A short training reaches the same loss.

use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::{AdamConfig, GradientsParams};
use burn::prelude::*;
use gcnn_layers::KernelConfig;
use gcnn_models::points::{Dynamics, DynamicsConfig};

use crate::networks::{DIGITS, digits, particles};
use crate::support::{build, noise, others, reference};

const STEPS: usize = 12;
/// Rounding errors grow from step to step.
const TOLERANCE: f64 = 1e-3;

/// The loss of each step, all on one batch.
fn losses<M: Module>(mut model: M, rate: f64, loss: impl Fn(&M) -> Tensor<1>) -> Vec<f64> {
    let mut optimizer = AdamConfig::new().init();
    let mut losses = Vec::new();
    for _ in 0..STEPS {
        let loss = loss(&model);
        let grads = GradientsParams::from_grads(loss.backward(), &model);
        losses.push(f64::from(loss.inner().into_scalar::<f32>()));
        model = optimizer.step(rate, model, grads);
    }
    losses
}

fn same(train: impl Fn(&Device) -> Vec<f64>) {
    let expected = train(&reference());
    let (first, last) = (expected[0], expected[STEPS - 1]);
    assert!(last < 0.9 * first, "the loss goes from {first} to {last}");
    for backend in others() {
        let found = train(&backend.device());
        for (step, (found, expected)) in found.iter().zip(&expected).enumerate() {
            let apart = (found - expected).abs();
            assert!(
                apart <= TOLERANCE * expected,
                "{}: step {step} has a loss of {found}, {expected} on flex",
                backend.name
            );
        }
    }
}

#[test]
fn of_a_classifier() {
    let config = digits("D4", KernelConfig::pixel());
    same(|device| {
        let network = build(device, |device| {
            config.init(DIGITS, 4, device).expect("a network")
        });
        let images = noise([16, 1, 12, 12], 1, device);
        let classes: Vec<i64> = (0..16).map(|image| image % 4).collect();
        let classes = Tensor::<1, Int>::from_data(TensorData::new(classes, [16]), device);
        let entropy = CrossEntropyLossConfig::new().init(device);
        losses(network, 1e-2, |network: &gcnn_models::Gcnn| {
            entropy.forward(network.forward(images.clone()), classes.clone())
        })
    });
}

#[test]
fn of_dynamics() {
    let config = DynamicsConfig::default();
    same(|device| {
        let model = build(device, |device| config.init(device).expect("a model"));
        let batch = particles(true, noise([20, 3], 1, device));
        let target = batch.positions() + batch.velocities();
        losses(model, 5e-3, |model: &gcnn_models::points::DynamicsModel| {
            (model.forward(&batch) - target.clone()).square().mean()
        })
    });
}
