//! Particles made from seeds by their own generators, because the device's seed is shared by all threads.

use burn::module::{ModuleMapper, Param};
use burn::prelude::*;
use gcnn_layers::{Graph, GraphTensors};
use gcnn_models::points::ParticleBatch;
use rand::{RngExt, SeedableRng, rngs::StdRng};

/// Values uniform in (−1, 1).
pub fn noise<const D: usize>(dims: [usize; D], seed: u64, device: &Device) -> Tensor<D> {
    let mut random = StdRng::seed_from_u64(seed);
    let values: Vec<f32> = (0..dims.iter().product())
        .map(|_| random.random_range(-1.0..1.0))
        .collect();
    Tensor::from_data(TensorData::new(values, dims), device)
}

/// Graphs of particles that all see each other.
pub fn particles(graphs: usize, each: usize, seed: u64, device: &Device) -> ParticleBatch {
    let nodes = graphs * each;
    let graph = Graph::fully_connected(each).and_then(|graph| graph.repeat(graphs));
    ParticleBatch::from_tensors(
        noise([nodes, 3], seed, device) * 2.0,
        noise([nodes, 3], seed + 1, device),
        noise([nodes, 1], seed + 2, device).sign(),
        GraphTensors::new(&graph.expect("a small graph"), device),
    )
    .expect("shapes fit")
}

/// The same particles in another order within their graphs: particle i of the result was particle (i + 1) mod n.
pub fn turned_round(batch: &ParticleBatch, each: usize) -> ParticleBatch {
    let move_up = |tensor: Tensor<2>| move_up(tensor, each);
    ParticleBatch::from_tensors(
        move_up(batch.positions()),
        move_up(batch.velocities()),
        move_up(batch.charges()),
        batch.graph().clone(),
    )
    .expect("the same shapes")
}

/// Row i of each graph becomes what row (i + 1) mod n was.
pub fn move_up(tensor: Tensor<2>, each: usize) -> Tensor<2> {
    let [nodes, width] = tensor.dims();
    let rows = tensor.reshape([nodes / each, each, width]);
    let first = rows.clone().slice([0..nodes / each, 0..1, 0..width]);
    let rest = rows.slice([0..nodes / each, 1..each, 0..width]);
    Tensor::cat(vec![rest, first], 1).reshape([nodes, width])
}

/// Weights drawn from a seed, so that tests repeat. Matrices get the size of a usual start, vectors the size that they
/// have, and what starts constant (scales, shifts and statistics of normalisations) stays.
pub fn seeded<M: Module>(model: M, seed: u64) -> M {
    struct Seeded(u64);
    impl ModuleMapper for Seeded {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            self.0 += 1;
            param.map(|tensor| {
                let values: Vec<f64> = tensor.to_data().iter::<f64>().collect();
                let size = match D {
                    2 => 1.0 / (tensor.dims()[0] as f64).sqrt(),
                    _ => values.iter().fold(0.0, |size, value| value.abs().max(size)),
                };
                if values.windows(2).all(|pair| pair[0] == pair[1]) {
                    return tensor;
                }
                let drawn = noise(tensor.dims(), self.0, &tensor.device()) * size;
                drawn.set_require_grad(tensor.is_require_grad())
            })
        }
    }
    model.map(&mut Seeded(seed * 1000))
}
