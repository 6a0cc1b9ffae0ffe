//! The charged set that the community trains and tests on, made again: its draws to the last bit, followed by [`Charged`].
//!
//! ```text
//! draws of a simulation    5 charges from (−1, 0, 1) with (½, 0, ½); positions N(0, 1), [axis][particle];
//!                          velocities N(0, 1), [axis][particle], scaled to |v| = ½; 2 × 49·3·5 normal numbers left out
//! simulations              10,000 for training, 2,000 for validation, 2,000 for test, one after the other
//! ```
//!
//! The numbers left out are noise that the public code draws and takes 0 times. Benchmarks train on the first 3,000. The stream goes
//! on beyond the last test simulation: further ones are draws of the same law, and the first 2,000 are always the community's.
//!
//! How far the frames are the community's. The public code computes |x_i − x_j|² as |x_i|² + |x_j|² − 2 x_i·x_j by a library of
//! linear algebra, whose rounding is the machine's; here it is the square of the difference. A close encounter makes such a last
//! bit visible: of the 2,000 test simulations 11 % differ by more than 10⁻⁹ at frame 40, 5 % by more than 10⁻³ and 2 % by more
//! than 0.1, and so do two runs of the public code's formula with different roundings. The error of linear motion on them, .0836
//! here, is between .083 and .086 for all roundings that were tried.
//!
//! Source: `vgsatorras/egnn`, `n_body_system/dataset` (`generate_dataset.py` with 10,000 training simulations and seed 43).

mod files;

use rayon::prelude::*;

use super::charged::Charged;
use super::trajectories::{Trajectories, Trajectory};
use crate::DatasetError;
use crate::images::Split;
use crate::numpy_random::RandomState;
pub use files::{Made, Making, make};

/// Training, validation and test simulations of the whole set.
pub const COMMUNITY_SIZES: [usize; 3] = [10_000, 2_000, 2_000];

/// The seed of the whole set.
pub const COMMUNITY_SEED: u32 = 43;

/// What the whole set's files are called.
pub const COMMUNITY_FILES: &str = "charged5_initvel1small";

/// Particles of a simulation.
pub(super) const PARTICLES: usize = 5;

/// So many simulations are followed before somebody hears of it.
const CHUNK: usize = 256;

/// What a simulation begins with, reflected into the box.
#[derive(Debug, Clone, PartialEq)]
struct InitialState {
    charges: [f64; PARTICLES],
    positions: [[f64; 3]; PARTICLES],
    velocities: [[f64; 3]; PARTICLES],
}

/// The community's simulation.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Community {
    /// Its law.
    pub(super) charged: Charged,
}

impl Community {
    /// The first simulations of a split. `progress` hears how many are done.
    pub(super) fn run(
        &self,
        split: Split,
        size: usize,
        progress: &mut dyn FnMut(usize),
    ) -> Result<Trajectories, DatasetError> {
        let (frames, states) = (self.charged.frames(), self.initial_states(split, size));
        // Gathered in pieces: a large split is held once.
        let room = || Vec::with_capacity(size * frames * PARTICLES);
        let (mut positions, mut velocities) = (room(), room());
        for (number, chunk) in states.chunks(CHUNK).enumerate() {
            let runs: Vec<Trajectory> = chunk.par_iter().map(|state| self.follow(state)).collect();
            for run in runs {
                positions.extend(run.positions);
                velocities.extend(run.velocities);
            }
            progress(number * CHUNK + chunk.len());
        }
        let charges = states.iter().flat_map(|state| state.charges).collect();
        Trajectories::new(frames, PARTICLES, positions, velocities, charges)
    }

    /// The initial states of the first simulations of a split.
    fn initial_states(&self, split: Split, size: usize) -> Vec<InitialState> {
        let mut random = RandomState::new(COMMUNITY_SEED);
        for _ in 0..COMMUNITY_SIZES[..split as usize].iter().sum() {
            draw_charges(&mut random);
            random.skip_normal(2 * 3 * PARTICLES + self.noise());
        }
        let draw = |_| {
            let state = self.draw(&mut random);
            random.skip_normal(self.noise());
            state
        };
        (0..size).map(draw).collect()
    }

    /// How many normal numbers of noise are drawn after a simulation, for its positions and velocities.
    fn noise(&self) -> usize {
        2 * self.charged.frames() * 3 * PARTICLES
    }

    /// Draws an initial state.
    fn draw(&self, random: &mut RandomState) -> InitialState {
        let charges = draw_charges(random);
        let mut vectors = || {
            let mut vectors = [[0.0; 3]; PARTICLES];
            for axis in 0..3 {
                for vector in &mut vectors {
                    vector[axis] = random.normal();
                }
            }
            vectors
        };
        let (mut positions, directions) = (vectors(), vectors());
        let mut velocities = directions.map(|direction| {
            let norm = square(&direction).sqrt();
            direction.map(|component| component * self.charged.speed / norm)
        });
        self.charged.reflect(&mut positions, &mut velocities);
        InitialState {
            charges,
            positions,
            velocities,
        }
    }

    /// Follows the particles from their initial state.
    fn follow(&self, state: &InitialState) -> Trajectory {
        let InitialState {
            charges,
            positions,
            velocities,
        } = state;
        let (positions, velocities) = (positions.to_vec(), velocities.to_vec());
        self.charged
            .follow(charges.to_vec(), positions, velocities)
            .trajectory
    }
}

/// −1 and 1 with equal probability, by way of the 0 that has none.
fn draw_charges(random: &mut RandomState) -> [f64; PARTICLES] {
    [0; PARTICLES].map(|_| random.choice(&[-1.0, 0.0, 1.0], &[0.5, 0.5, 1.0]))
}

/// |x|².
fn square(x: &[f64; 3]) -> f64 {
    x[0] * x[0] + x[1] * x[1] + x[2] * x[2]
}

#[cfg(test)]
mod tests;
