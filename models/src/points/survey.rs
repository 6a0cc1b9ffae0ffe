//! What a dynamics model knows after each of its rounds, and how far all of it is from the symmetries of the laws of motion.
//!
//! ```text
//! error_l(g) = ‖L_g Φ_l(p) − Φ_l(g·p)‖ / ‖Φ_l(p)‖          Φ_l: the model up to round l
//! positions   L_g x = R x + s        ‖·‖ measured from the mean position
//! features    L_g h = ρ(R) h         ρ as their irreps say, the identity for scalars
//! ```
//!
//! A model that doesn't claim the symmetry is measured by the same rule: features that nothing makes turn count as
//! scalars, which is what they would have to be if the model were equivariant.

use gcnn_layers::LayerError;
use gcnn_layers::equivariance::OutputErrors;
use gcnn_layers::irreps::Irreps;

use super::{Dynamics, EuclideanMotion, ParticleBatch, ParticleFeature};
use crate::ModelError;
use crate::error::steerable;

/// What the laws of motion don't notice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Symmetry {
    /// A rotation, reflection or shift of all particles together.
    Motion(EuclideanMotion),
    /// The particles in reverse order, graph by graph.
    ReversedOrder,
}

/// Measures every round of a model, and its prediction, under every symmetry.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::{Graph, irreps};
/// use gcnn_models::points::{EgnnConfig, EuclideanMotion, ParticleBatch, Particles, Symmetry, survey};
///
/// let device = Device::flex();
/// let two = Particles { positions: &[0., 0., 0., 1., 0., 0.], velocities: &[0., 1., 0., 0., -1., 0.], charges: &[1., -1.] };
/// let two = ParticleBatch::new(two, &Graph::fully_connected(2)?, &device)?;
/// let turn = EuclideanMotion { matrix: irreps::random_rotation(1), shift: [0.0; 3] };
/// let symmetries = [Symmetry::Motion(turn), Symmetry::ReversedOrder];
/// let found = survey(&EgnnConfig::default().init(&device)?, &two, &symmetries)?;
/// // Features and positions of four rounds, and the prediction.
/// assert_eq!(found.len(), 2 * 4 + 1);
/// assert!(found.iter().all(|output| output.errors.iter().all(|error| *error < 1e-4)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If the matrix of a motion is not orthogonal.
pub fn survey(
    model: &dyn Dynamics,
    particles: &ParticleBatch,
    symmetries: &[Symmetry],
) -> Result<Vec<OutputErrors>, ModelError> {
    survey_portions(model, std::slice::from_ref(particles), symmetries)
}

/// The same for particles in several portions, each of which passes through the model by itself: norms are over all of them
/// together, and what is kept of the model's rounds is bounded by the largest portion.
///
/// # Errors
/// If the matrix of a motion is not orthogonal.
pub fn survey_portions(
    model: &dyn Dynamics,
    portions: &[ParticleBatch],
    symmetries: &[Symmetry],
) -> Result<Vec<OutputErrors>, ModelError> {
    let mut tallies: Vec<Tally> = Vec::new();
    for particles in portions {
        let outputs = outputs(model, particles);
        if tallies.is_empty() {
            let tally = |output| Tally::new(output, symmetries.len());
            tallies = outputs.iter().map(tally).collect();
        }
        for (tally, output) in tallies.iter_mut().zip(&outputs) {
            tally.size.add(output);
        }
        let starts = particles.graph().graph().starts();
        for (index, symmetry) in symmetries.iter().enumerate() {
            let moved = match symmetry {
                Symmetry::Motion(motion) => motion.apply_to_particles(particles),
                Symmetry::ReversedOrder => particles.reversed()?,
            };
            let of_moved = self::outputs(model, &moved);
            for ((tally, output), of_moved) in tallies.iter_mut().zip(&outputs).zip(of_moved) {
                let expected = output.moved(symmetry, starts)?;
                let differences = expected.iter().zip(&of_moved.values).map(|(a, b)| a - b);
                tally.differences[index] += squares(differences);
            }
        }
    }
    Ok(tallies.into_iter().map(Tally::finish).collect())
}

/// Sums over portions of what an [`OutputErrors`] is made of.
struct Tally {
    name: String,
    width: usize,
    differences: Vec<f64>,
    size: Size,
}

impl Tally {
    fn new(output: &Output, symmetries: usize) -> Self {
        Self {
            name: output.name.clone(),
            width: output.width,
            differences: vec![0.0; symmetries],
            size: Size::default(),
        }
    }

    fn finish(self) -> OutputErrors {
        let size = self.size.squares;
        let relative = |difference: f64| match difference {
            0.0 => 0.0,
            _ => (difference / size).sqrt(),
        };
        OutputErrors {
            name: self.name,
            shape: vec![self.width],
            errors: self.differences.into_iter().map(relative).collect(),
            same_largest: None,
        }
    }
}

/// The squared norm of a feature of some particles; of positions, as they are seen from their mean.
#[derive(Default)]
struct Size {
    count: f64,
    mean: [f64; 3],
    squares: f64,
}

impl Size {
    /// Adds those of more particles. Means and squares of positions are put together as Chan, Golub and LeVeque 1979 do.
    fn add(&mut self, output: &Output) {
        if !matches!(output.kind, Kind::Positions) {
            self.squares += squares(output.values.iter().copied());
            return;
        }
        let (rows, _) = output.values.as_chunks::<3>();
        let count = rows.len() as f64;
        let mean = [0, 1, 2].map(|axis| {
            let sum: f64 = rows.iter().map(|row| row[axis]).sum();
            sum / count
        });
        let around = rows
            .iter()
            .flat_map(|row| [0, 1, 2].map(|axis| row[axis] - mean[axis]));
        let all = self.count + count;
        let apart = [0, 1, 2].map(|axis| mean[axis] - self.mean[axis]);
        self.squares += squares(around) + squares(apart.into_iter()) * self.count * count / all;
        self.mean = [0, 1, 2].map(|axis| self.mean[axis] + apart[axis] * count / all);
        self.count = all;
    }
}

/// A feature off its device.
struct Output {
    name: String,
    kind: Kind,
    width: usize,
    values: Vec<f64>,
}

/// How motions act on a feature.
enum Kind {
    Positions,
    Steerable(Irreps),
    Scalars,
}

impl Output {
    fn new(name: String, feature: ParticleFeature<'_>) -> Self {
        let (kind, tensor) = match feature {
            ParticleFeature::Positions(tensor) => (Kind::Positions, tensor),
            ParticleFeature::Steerable(irreps, tensor) => (Kind::Steerable(irreps.clone()), tensor),
            ParticleFeature::Scalars(tensor) => (Kind::Scalars, tensor),
        };
        Self {
            name,
            kind,
            width: tensor.dims()[1],
            values: tensor.into_data().iter::<f64>().collect(),
        }
    }

    /// L_g of the feature; `starts` are the first particles of the graphs.
    fn moved(&self, symmetry: &Symmetry, starts: &[usize]) -> Result<Vec<f64>, ModelError> {
        let motion = match symmetry {
            Symmetry::Motion(motion) => motion,
            Symmetry::ReversedOrder => {
                let graphs = starts.windows(2);
                let rows = graphs.flat_map(|range| (range[0]..range[1]).rev());
                let row = |row: usize| &self.values[row * self.width..(row + 1) * self.width];
                return Ok(rows.flat_map(row).copied().collect());
            }
        };
        Ok(match &self.kind {
            Kind::Positions => {
                let (rows, _) = self.values.as_chunks::<3>();
                let moved = rows.iter().flat_map(|row| motion.apply_to_point(*row));
                moved.collect()
            }
            Kind::Steerable(irreps) => irreps
                .transform(&motion.matrix, &self.values)
                .map_err(|error| steerable("the motion")(LayerError::from(error)))?,
            Kind::Scalars => self.values.clone(),
        })
    }
}

/// Everything that a model says of some particles.
fn outputs(model: &dyn Dynamics, particles: &ParticleBatch) -> Vec<Output> {
    let mut outputs = Vec::new();
    let (mut features, mut positions) = (0, 0);
    let predicted = model.forward_through(particles, &mut |feature| {
        let name = match feature {
            ParticleFeature::Positions(_) => {
                positions += 1;
                format!("positions {positions}")
            }
            _ => {
                features += 1;
                format!("features {features}")
            }
        };
        outputs.push(Output::new(name, feature));
    });
    let prediction = ParticleFeature::Positions(predicted);
    outputs.push(Output::new("prediction".into(), prediction));
    outputs
}

fn squares(values: impl Iterator<Item = f64>) -> f64 {
    values.map(|value| value * value).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_portions_is_that_of_all() {
        let output = |kind, rows: std::ops::Range<u32>| {
            let values = (3 * rows.start..3 * rows.end).map(|i| f64::from(i * i % 17) + 5.0);
            Output {
                name: String::new(),
                kind,
                width: 3,
                values: values.collect(),
            }
        };
        for kind in [|| Kind::Positions, || Kind::Scalars] {
            let (mut whole, mut parts) = (Size::default(), Size::default());
            whole.add(&output(kind(), 0..9));
            for rows in [0..2, 2..3, 3..9] {
                parts.add(&output(kind(), rows));
            }
            assert!((whole.squares - parts.squares).abs() < 1e-9 * whole.squares);
        }
    }
}
