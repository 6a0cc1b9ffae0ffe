//! The convolutions against their definitions: equivariance, a direct implementation in loops, gradients,
//! initialisation, saving and loading.

mod att_gconvs;
mod attention;
mod b_spline;
mod equivariance;
mod hermite;
mod lifecycle;
mod network;
mod reference;
mod samplings;
mod scale;
mod separable;
mod sesn;
mod variance;
mod waveform;

use burn::module::{ModuleMapper, Param};
use burn::prelude::*;
use burn::tensor::DType;
use gcnn_layers::Group;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use safetensors::SafeTensors;
use std::collections::HashMap;

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

/// Values of other people's code in float64, by name.
struct Reference(SafeTensors<'static>);

impl Reference {
    fn new(bytes: &'static [u8]) -> Self {
        Self(SafeTensors::deserialize(bytes).unwrap())
    }

    fn values(&self, name: &str) -> Vec<f64> {
        let tensor = self.0.tensor(name);
        let tensor = tensor.unwrap_or_else(|error| panic!("{name}: {error}"));
        let bytes = tensor.data().chunks_exact(8);
        bytes
            .map(|b| f64::from_le_bytes(b.try_into().unwrap()))
            .collect()
    }

    /// A tensor in a shape of the caller's.
    fn tensor<const D: usize>(&self, name: &str, dims: [usize; D], device: &Device) -> Tensor<D> {
        tensor(&self.values(name), dims, device, DType::F64).require_grad()
    }

    fn agrees<const D: usize>(&self, found: &Tensor<D>, name: &str) {
        self.agrees_within(1e-12, found, name);
    }

    fn agrees_within<const D: usize>(&self, bound: f64, found: &Tensor<D>, name: &str) {
        let error = relative_error(&values(found), &self.values(name));
        assert!(error < bound, "{name}: {error}");
    }
}

/// Replaces every parameter of a module by the values that its path names.
struct Load {
    path: Vec<String>,
    values: HashMap<String, Vec<f64>>,
}

impl ModuleMapper for Load {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.into());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let path = self.path.join(".");
        let values = self.values.remove(&path);
        let values = values.unwrap_or_else(|| panic!("no values for {path}"));
        param.map(|old| {
            let new = tensor(&values, old.dims(), &old.device(), DType::F64);
            if old.device().is_autodiff() {
                new.require_grad()
            } else {
                new
            }
        })
    }
}

/// The module with these values; every one of them is used.
fn load<M: Module>(module: M, values: HashMap<String, Vec<f64>>) -> M {
    let mut load = Load {
        path: Vec::new(),
        values,
    };
    let module = module.map(&mut load);
    let unused: Vec<_> = load.values.keys().collect();
    assert!(unused.is_empty(), "{unused:?}");
    module
}

/// A matrix `[rows, columns]`, row by row, as its transpose.
fn transposed(values: &[f64], rows: usize) -> Vec<f64> {
    let columns = values.len() / rows;
    let entry = |place: usize| values[(place % rows) * columns + place / rows];
    (0..values.len()).map(entry).collect()
}

/// The gradients of a module's parameters, by their paths.
struct Gradients<'a> {
    path: Vec<String>,
    all: &'a burn::tensor::Gradients,
    found: HashMap<String, Vec<f64>>,
}

impl burn::module::ModuleVisitor for Gradients<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.into());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = param.val().grad(self.all) {
            self.found.insert(self.path.join("."), values(&gradient));
        }
    }
}

fn gradients<M: Module>(module: &M, of: &burn::tensor::Gradients) -> HashMap<String, Vec<f64>> {
    let mut visitor = Gradients {
        path: Vec::new(),
        all: of,
        found: HashMap::new(),
    };
    module.visit(&mut visitor);
    visitor.found
}
