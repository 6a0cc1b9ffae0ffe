//! Layers of fields: against escnn, against the regular half, under the groups, and in depth.

mod equivariance;
mod escnn;
mod guards;
mod regular;
mod variance;
mod vectors;

use burn::prelude::*;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::{FieldType, SteerableConv2d, SteerableConv2dConfig};

fn fields(text: &str) -> FieldType {
    text.parse().unwrap()
}

fn values<const D: usize>(tensor: &Tensor<D>) -> Vec<f64> {
    tensor.to_data().iter::<f64>().collect()
}

/// ‖a − b‖ / ‖b‖.
fn relative_error<const D: usize>(a: &Tensor<D>, b: &Tensor<D>) -> f64 {
    assert_eq!(a.dims(), b.dims());
    relative(&values(a), &values(b))
}

fn relative(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let norm = |v: &mut dyn Iterator<Item = f64>| v.map(|v| v * v).sum::<f64>().sqrt();
    norm(&mut a.iter().zip(b).map(|(a, b)| a - b)) / norm(&mut b.iter().copied())
}

/// Normal numbers from a seed of its own: the device's is shared by all threads.
fn normal(dims: [usize; 3], random: &mut StdRng, device: &Device) -> Tensor<3> {
    let draw = |_| {
        let (u, v): (f64, f64) = (
            random.random_range(1e-12..1.0),
            random.random_range(0.0..1.0),
        );
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    };
    let values: Vec<f64> = (0..dims.iter().product()).map(draw).collect();
    Tensor::from_data(TensorData::new(values, dims), device)
}

/// A convolution with weights from a seed.
fn seeded(config: SteerableConv2dConfig, seed: u64, device: &Device) -> SteerableConv2d {
    let mut random = StdRng::seed_from_u64(seed);
    let draw = |dims, device: &Device| normal(dims, &mut random, device);
    config.try_init_with(draw, device).unwrap()
}
