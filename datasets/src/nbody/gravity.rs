//! Masses that attract each other.
//!
//! ```text
//! a_i = Σ_j G m_j (x_j − x_i) / (|x_j − x_i|² + ε²)^{3/2}
//!
//! v ← v + dt/2 a;  x ← x + dt v;  v ← v + dt/2 a        kick, drift, kick
//! ```
//!
//! Initially x ~ N(0, 1) and v ~ N(0, 1) less its mean, so that the centre of mass rests; G = 1, masses 1, softening
//! ε = 0.1. Frame k is step 100 k, the initial state being frame 0. Source: the gravity variant of Brandstetter et al.
//! 2022.

use super::trajectories::Trajectory;
use crate::random::Random;

/// Masses and how they are simulated.
#[derive(Debug, Clone, PartialEq)]
pub struct Gravity {
    /// How many particles.
    pub particles: usize,
    /// G, the strength of the attraction.
    pub strength: f64,
    /// ε, the distance below which the attraction weakens.
    pub softening: f64,
    /// dt, the time of a step.
    pub time_step: f64,
    /// How many steps.
    pub steps: usize,
    /// How many steps lie between frames.
    pub save_every: usize,
}

impl Default for Gravity {
    fn default() -> Self {
        Self {
            particles: 100,
            strength: 1.0,
            softening: 0.1,
            time_step: 1e-3,
            steps: 5000,
            save_every: 100,
        }
    }
}

impl Gravity {
    /// Frames of a simulation.
    pub fn frames(&self) -> usize {
        self.steps.div_ceil(self.save_every.max(1))
    }

    /// A name that holds every parameter, for files. `axes2`: until the order of axes was the family's, what was kept under
    /// the name without it had the charged files' order.
    pub(crate) fn name(&self) -> String {
        let Self {
            particles,
            strength,
            softening,
            time_step,
            steps,
            save_every,
        } = self;
        format!(
            "gravity{particles}-strength{strength}-softening{softening}-dt{time_step}-steps{steps}-every{save_every}-axes2"
        )
    }

    /// Draws an initial state and follows the particles.
    pub(crate) fn simulate(&self, random: &mut Random) -> Trajectory {
        let positions: Vec<[f64; 3]> = (0..self.particles).map(|_| random.normal3()).collect();
        let mut velocities: Vec<[f64; 3]> = (0..self.particles).map(|_| random.normal3()).collect();
        for axis in 0..3 {
            let mean = velocities.iter().map(|v| v[axis]).sum::<f64>() / self.particles as f64;
            velocities.iter_mut().for_each(|v| v[axis] -= mean);
        }
        self.follow(vec![1.0; self.particles], positions, velocities)
    }

    /// Follows the particles from an initial state.
    pub(crate) fn follow(
        &self,
        masses: Vec<f64>,
        mut positions: Vec<[f64; 3]>,
        mut velocities: Vec<[f64; 3]>,
    ) -> Trajectory {
        let mut trajectory = Trajectory::default();
        let mut accelerations = vec![[0.0; 3]; self.particles];
        self.accelerations(&masses, &positions, &mut accelerations);
        for step in 0..self.steps {
            if step % self.save_every.max(1) == 0 {
                trajectory.save(&positions, &velocities);
            }
            add(&mut velocities, self.time_step / 2.0, &accelerations);
            add(&mut positions, self.time_step, &velocities);
            self.accelerations(&masses, &positions, &mut accelerations);
            add(&mut velocities, self.time_step / 2.0, &accelerations);
        }
        trajectory.charges = masses;
        trajectory
    }

    fn accelerations(
        &self,
        masses: &[f64],
        positions: &[[f64; 3]],
        accelerations: &mut [[f64; 3]],
    ) {
        accelerations.fill([0.0; 3]);
        for first in 1..positions.len() {
            let a = positions[first];
            let mut sum = [0.0; 3];
            for second in 0..first {
                let b = positions[second];
                let d = [b[0] - a[0], b[1] - a[1], b[2] - a[2]];
                let square =
                    d[0] * d[0] + d[1] * d[1] + d[2] * d[2] + self.softening * self.softening;
                let size = self.strength / (square * square.sqrt());
                for axis in 0..3 {
                    sum[axis] += size * masses[second] * d[axis];
                    accelerations[second][axis] -= size * masses[first] * d[axis];
                }
            }
            for (acceleration, sum) in accelerations[first].iter_mut().zip(sum) {
                *acceleration += sum;
            }
        }
    }
}

/// a ← a + s b
fn add(a: &mut [[f64; 3]], s: f64, b: &[[f64; 3]]) {
    for (a, b) in a.iter_mut().flatten().zip(b.iter().flatten()) {
        *a += s * b;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Purpose;

    fn energy(gravity: &Gravity, positions: &[[f64; 3]], velocities: &[[f64; 3]]) -> f64 {
        let square = |v: &[f64; 3]| v.iter().map(|v| v * v).sum::<f64>();
        let mut energy = velocities.iter().map(square).sum::<f64>() / 2.0;
        for first in 0..positions.len() {
            for second in 0..first {
                let d = [0, 1, 2].map(|axis| positions[first][axis] - positions[second][axis]);
                energy -= gravity.strength / (square(&d) + gravity.softening.powi(2)).sqrt();
            }
        }
        energy
    }

    /// Unlike the charged system, this one has no cut: energy and momentum are conserved.
    #[test]
    fn energy_and_momentum_are_conserved() {
        let gravity = Gravity {
            particles: 20,
            steps: 1001,
            ..Gravity::default()
        };
        let run = gravity.simulate(&mut Random::new(0, Purpose::Gravity, 0, 0));
        assert_eq!(run.positions.len(), gravity.frames() * 20);
        let frame = |index: usize| {
            let place = index * 20..(index + 1) * 20;
            (&run.positions[place.clone()], &run.velocities[place])
        };
        let (first, last) = (frame(0), frame(10));
        let energies = [first, last].map(|(x, v)| energy(&gravity, x, v));
        assert!(
            (energies[1] / energies[0] - 1.0).abs() < 1e-3,
            "{energies:?}"
        );
        assert!((0..3).all(|axis| last.1.iter().map(|v| v[axis]).sum::<f64>().abs() < 1e-10));
        let moved = first
            .0
            .iter()
            .zip(last.0)
            .map(|(a, b)| (a[0] - b[0]).abs())
            .fold(0.0, f64::max);
        assert!(moved > 0.5, "{moved}");
    }

    /// Two masses on a circle around each other come back after the period.
    #[test]
    fn two_masses_circle_with_the_period_of_the_formula() {
        let (radius, softening) = (0.5f64, 0.1f64);
        // v²/r = (2r) / ((2r)² + ε²)^{3/2}
        let acceleration = 2.0 * radius / (4.0 * radius * radius + softening * softening).powf(1.5);
        let speed = (acceleration * radius).sqrt();
        let period = std::f64::consts::TAU * radius / speed;
        let steps = 4000;
        let time_step = period / f64::from(steps);
        let gravity = Gravity {
            particles: 2,
            steps: steps as usize + 1,
            save_every: steps as usize,
            time_step,
            ..Gravity::default()
        };
        let positions = vec![[radius, 0.0, 0.0], [-radius, 0.0, 0.0]];
        let run = gravity.follow(
            vec![1.0; 2],
            positions.clone(),
            vec![[0.0, speed, 0.0], [0.0, -speed, 0.0]],
        );
        let back = &run.positions[2..];
        assert!(
            back.iter()
                .flatten()
                .zip(positions.iter().flatten())
                .all(|(a, b)| (a - b).abs() < 1e-4),
            "{back:?}"
        );
    }
}
