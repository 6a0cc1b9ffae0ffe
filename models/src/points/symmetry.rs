//! E(3) acting on particles, and how far a model is from commuting with it.
//!
//! ```text
//! (R, s) · (x, v, q) = (R x + s, R v, q)          R orthogonal, s a shift
//! error = ‖Φ(g·p) − g·Φ(p)‖ / ‖Φ(p)‖
//! ```

use burn::prelude::*;
use gcnn_layers::irreps::{self, Matrix3};

use super::{Dynamics, ParticleBatch};

/// A motion of space: a rotation, perhaps a reflection, and a shift.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::{Graph, irreps};
/// use gcnn_models::points::{EgnnConfig, EuclideanMotion, ParticleBatch, Particles, motion_error};
///
/// let device = Device::flex();
/// let two = Particles { positions: &[0., 0., 0., 1., 0., 0.], velocities: &[0., 1., 0., 0., -1., 0.], charges: &[1., -1.] };
/// let two = ParticleBatch::new(two, &Graph::fully_connected(2)?, &device)?;
/// let model = EgnnConfig::default().init(&device)?;
/// let motion = EuclideanMotion { matrix: irreps::random_orthogonal(1), shift: [0.1, 0.2, 0.3] };
/// assert!(motion_error(&model, &two, motion) < 1e-4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EuclideanMotion {
    /// R, row by row, orthogonal: [`gcnn_layers::irreps`] makes such matrices.
    pub matrix: Matrix3,
    /// s.
    pub shift: [f64; 3],
}

impl EuclideanMotion {
    /// A shift alone.
    pub fn translation(shift: [f64; 3]) -> Self {
        let matrix = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        Self { matrix, shift }
    }

    /// R acting on vectors, `[rows, 3]`.
    pub fn turn(&self, vectors: Tensor<2>) -> Tensor<2> {
        let options = (&vectors.device(), vectors.dtype());
        let matrix = Tensor::<2>::from_data(TensorData::from(self.matrix), options);
        vectors.matmul(matrix.transpose())
    }

    /// R and s acting on positions, `[rows, 3]`.
    pub fn apply(&self, positions: Tensor<2>) -> Tensor<2> {
        let options = (&positions.device(), positions.dtype());
        let shift = Tensor::<2>::from_data(TensorData::from([self.shift]), options);
        self.turn(positions) + shift
    }

    /// R and s acting on one point.
    pub fn apply_to_point(&self, point: [f64; 3]) -> [f64; 3] {
        let turned = irreps::apply(&self.matrix, point);
        [0, 1, 2].map(|axis| turned[axis] + self.shift[axis])
    }

    /// The particles after the motion.
    pub fn apply_to_particles(&self, particles: &ParticleBatch) -> ParticleBatch {
        particles.replace(
            self.apply(particles.positions()),
            self.turn(particles.velocities()),
        )
    }
}

/// ‖Φ(g·p) − g·Φ(p)‖ / ‖Φ(p)‖, lengths taken over all particles, with Φ(p) seen from the mean of its positions so that
/// where the particles are doesn't matter.
pub fn motion_error(
    model: &dyn Dynamics,
    particles: &ParticleBatch,
    motion: EuclideanMotion,
) -> f64 {
    let predicted = model.forward(particles);
    let expected = motion.apply(predicted.clone());
    let found = model.forward(&motion.apply_to_particles(particles));
    let length = |tensor: Tensor<2>| {
        let squares = tensor.square().sum().into_data();
        squares.iter::<f64>().sum::<f64>().sqrt()
    };
    let error = length(found - expected);
    let scale = length(predicted.clone() - predicted.mean_dim(0));
    if error == 0.0 { 0.0 } else { error / scale }
}
