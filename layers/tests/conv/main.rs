//! The convolutions against their definitions: equivariance, a direct implementation in loops, gradients,
//! initialisation, saving and loading.

mod att_gconvs;
mod attention;
mod b_spline;
mod equivariance;
mod hermite;
mod lifecycle;
mod reference;
mod samplings;
mod scale;
mod sesn;
mod variance;
mod waveform;

use burn::module::{ModuleMapper, Param};
use burn::prelude::*;
use burn::tensor::DType;
use gcnn_layers::Group;
use rand::{RngExt, SeedableRng, rngs::StdRng};

fn device() -> Device {
    Device::flex()
}

fn group(name: &str) -> Group {
    name.parse().expect("a group's name")
}

/// Values uniform in (−1, 1).
fn noise(count: usize, seed: u64) -> Vec<f64> {
    let mut random = StdRng::seed_from_u64(seed);
    (0..count).map(|_| random.random_range(-1.0..1.0)).collect()
}

fn tensor<const D: usize>(
    values: &[f64],
    dims: [usize; D],
    device: &Device,
    dtype: DType,
) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values.to_vec(), dims), (device, dtype))
}

fn values<const D: usize>(tensor: &Tensor<D>) -> Vec<f64> {
    tensor.to_data().iter::<f64>().collect()
}

/// ‖a − b‖ / ‖b‖.
fn relative_error(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let norm = |v: &mut dyn Iterator<Item = f64>| v.map(|v| v * v).sum::<f64>().sqrt();
    norm(&mut a.iter().zip(b).map(|(a, b)| a - b)) / norm(&mut b.iter().copied())
}

/// Replaces every parameter of a module by seeded noise in a given type: the device's own seed is shared by all threads.
struct Reseed {
    seed: u64,
    dtype: DType,
}

impl ModuleMapper for Reseed {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        self.seed += 1;
        let (seed, dtype) = (self.seed, self.dtype);
        param.map(|old| {
            let dims = old.dims();
            let values = noise(dims.iter().product(), seed);
            let device = old.device();
            let new = tensor(&values, dims, &device, dtype);
            if device.is_autodiff() {
                new.require_grad()
            } else {
                new
            }
        })
    }
}

fn reseed<M: Module>(module: M, seed: u64, dtype: DType) -> M {
    module.map(&mut Reseed { seed, dtype })
}
