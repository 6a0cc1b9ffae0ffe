//! A steerable multilayer perceptron in a graph model of one's own: it predicts the force on every particle of a cloud.
//!
//! ```sh
//! cargo run --release --example forces
//! ```
//!
//! ```text
//! a_ij = Y(x_j − x_i)                                  spherical harmonics of the direction: what steers
//! m_ij = MLP_a(q_i q_j, ‖x_j − x_i‖)                   scalars in, a scalar and a vector out
//! F_i  = Σ_j m_ij                                      turns with the cloud, whatever the weights are
//! ```

use std::error::Error;

use burn::optim::{AdamConfig, GradientsParams};
use burn::prelude::*;
use burn::tensor::Distribution;
use gcnn_layers::irreps::Irreps;
use gcnn_layers::steerable::{
    Attributes, SphericalHarmonics, SphericalHarmonicsConfig, SteerableMlp, SteerableMlpConfig,
};
use gcnn_layers::{Graph, GraphTensors, LayerError};

/// Forces by one round of messages.
#[derive(Module, Debug)]
struct Forces {
    harmonics: SphericalHarmonics,
    message: SteerableMlp,
}

impl Forces {
    fn new(device: &Device) -> Result<Self, LayerError> {
        let harmonics = SphericalHarmonicsConfig::new(1).init();
        let [input, hidden, output] = ["2x0e", "32x0e+8x1o", "1x1o"];
        let [input, hidden, output]: [Irreps; 3] =
            [input.parse()?, hidden.parse()?, output.parse()?];
        let message = SteerableMlpConfig::new(input, harmonics.irreps().clone(), hidden, output)
            .with_hidden_layers(2);
        message.validate()?;
        Ok(Self {
            message: message.init(device),
            harmonics,
        })
    }

    /// Positions `[nodes, 3]` and charges `[nodes, 1]` to forces `[nodes, 3]`.
    fn forward(
        &self,
        positions: Tensor<2>,
        charges: Tensor<2>,
        graph: &GraphTensors,
    ) -> Result<Tensor<2>, LayerError> {
        let edges = graph.relative_positions(positions);
        let distances = edges.clone().square().sum_dim(1).sqrt();
        let products = graph.gather_sources(charges.clone()) * graph.gather_targets(charges);
        let scalars = Tensor::cat(vec![products, distances], 1);
        let steering = Attributes::new(self.harmonics.irreps(), self.harmonics.forward(edges))?;
        Ok(graph.sum_to_targets(self.message.forward(scalars, &steering)))
    }
}

/// Clouds of charges, and what they do to each other: F_i = Σ_j q_i q_j (x_i − x_j) / (1 + ‖x_i − x_j‖²)^(3/2).
struct Clouds {
    graph: GraphTensors,
    positions: Tensor<2>,
    charges: Tensor<2>,
    forces: Tensor<2>,
}

impl Clouds {
    fn random(clouds: usize, device: &Device) -> Result<Self, LayerError> {
        let graph = GraphTensors::new(&Graph::fully_connected(5)?.repeat(clouds)?, device);
        let nodes = graph.graph().nodes();
        let positions = Tensor::random([nodes, 3], Distribution::Normal(0.0, 1.0), device);
        let charges = Tensor::random([nodes, 1], Distribution::Uniform(-1.0, 1.0), device).sign();
        let edges = graph.relative_positions(positions.clone());
        let softened = edges.clone().square().sum_dim(1).add_scalar(1.0);
        let products: Tensor<2> =
            graph.gather_sources(charges.clone()) * graph.gather_targets(charges.clone());
        let forces = graph.sum_to_targets(edges.neg() * products / softened.powf_scalar(1.5));
        Ok(Self {
            graph,
            positions,
            charges,
            forces,
        })
    }
}

/// Trains on fresh clouds; gives the model and the mean squared error of its last batches.
fn train(steps: usize, device: &Device) -> Result<(Forces, f64), LayerError> {
    let training = device.clone().autodiff();
    let mut model = Forces::new(&training)?;
    let mut optimizer = AdamConfig::new().init();
    let mut mean = 0.0;
    for step in 0..steps {
        let Clouds {
            graph,
            positions,
            charges,
            forces,
        } = Clouds::random(50, &training)?;
        let loss = (model.forward(positions, charges, &graph)? - forces)
            .square()
            .mean();
        let grads = GradientsParams::from_grads(loss.backward(), &model);
        let loss = f64::from(loss.inner().into_scalar::<f32>());
        mean = if step == 0 {
            loss
        } else {
            0.9 * mean + 0.1 * loss
        };
        if step % 50 == 0 {
            println!("step {step:>4}: mean squared error {mean:.4}");
        }
        model = optimizer.step(5e-3, model, grads);
    }
    Ok((model.valid(), mean))
}

/// Turned by 0.7 about the z axis, then by 1.2 about the x axis: `[nodes, 3]` to `[nodes, 3]`.
fn turned(vectors: Tensor<2>) -> Tensor<2> {
    let ((a, b), (c, d)) = (0.7f32.sin_cos(), 1.2f32.sin_cos());
    let about_z = Tensor::from_floats([[b, a, 0.], [-a, b, 0.], [0., 0., 1.]], &vectors.device());
    let about_x = Tensor::from_floats([[1., 0., 0.], [0., d, c], [0., -c, d]], &vectors.device());
    vectors.matmul(about_z).matmul(about_x)
}

/// The largest difference between turned forces and the forces on turned clouds, and the largest force.
fn change(model: &Forces, clouds: &Clouds) -> Result<[f32; 2], LayerError> {
    let forces = |positions| model.forward(positions, clouds.charges.clone(), &clouds.graph);
    let as_they_are = forces(clouds.positions.clone())?;
    let apart = turned(as_they_are.clone()) - forces(turned(clouds.positions.clone()))?;
    Ok([apart, as_they_are].map(|vectors| vectors.abs().max().into_scalar::<f32>()))
}

fn main() -> Result<(), Box<dyn Error>> {
    let device = Device::flex();
    device.seed(1);
    let (model, error) = train(500, &device)?;
    let clouds = Clouds::random(200, &device)?;
    let variance = clouds.forces.clone().square().mean().into_scalar::<f32>();
    println!("mean squared error {error:.4}, forces have a mean square of {variance:.4}");
    let [apart, largest] = change(&model, &clouds)?;
    println!("forces turn with the cloud: {apart:.1e} apart, where the largest is {largest:.2}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learns_forces_that_turn_with_the_cloud() {
        let device = Device::flex();
        device.seed(1);
        let (model, error) = train(150, &device).expect("trained");
        let clouds = Clouds::random(50, &device).expect("clouds");
        let variance = clouds.forces.clone().square().mean().into_scalar::<f32>();
        assert!(error < 0.3 * f64::from(variance), "{error} of {variance}");
        let [apart, largest] = change(&model, &clouds).expect("forces");
        assert!(apart < 1e-5 * largest, "{apart} of {largest}");
    }
}
