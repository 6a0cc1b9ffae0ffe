//! Networks with weights of a seed.

use burn::module::{Module, ModuleMapper, Param};
use burn::prelude::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Replaces every parameter and every running statistic by values of a seed, so that no test needs the device's random
/// state, and no normalisation is the identity.
struct Reseed(StdRng);

impl ModuleMapper for Reseed {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let random = &mut self.0;
        let trained = parameter.is_require_grad();
        parameter.map(|tensor| {
            let dims = tensor.dims();
            let count: usize = dims.iter().product();
            // Kernels as wide as He's; scales, shifts and statistics around 1, which keeps variances positive.
            let (centre, reach) = match D {
                1 => (0.8, 0.7),
                _ => (0.0, (6.0 / (count / dims[0]) as f64).sqrt()),
            };
            let values: Vec<f32> = (0..count)
                .map(|_| (centre + reach * random.random_range(-1.0..1.0)) as f32)
                .collect();
            Tensor::from_data(TensorData::new(values, dims), &tensor.device())
                .set_require_grad(trained)
        })
    }
}

/// The network with the weights of a seed.
pub fn reseeded<M: Module>(network: M, seed: u64) -> M {
    network.map(&mut Reseed(StdRng::seed_from_u64(seed)))
}
