//! Simulations in memory: positions and velocities at every frame, and a charge or mass for each particle.

use std::ops::Range;

use crate::DatasetError;
use crate::identity::Identity;

/// One simulation: frame by frame, particle by particle, (x, y, z).
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Trajectory {
    pub(crate) positions: Vec<[f64; 3]>,
    pub(crate) velocities: Vec<[f64; 3]>,
    pub(crate) charges: Vec<f64>,
}

impl Trajectory {
    /// Keeps the state as the next frame.
    pub(crate) fn save(&mut self, positions: &[[f64; 3]], velocities: &[[f64; 3]]) {
        self.positions.extend_from_slice(positions);
        self.velocities.extend_from_slice(velocities);
    }
}

/// Simulations of one kind, `[simulations, frames, particles, 3]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Trajectories {
    frames: usize,
    particles: usize,
    positions: Vec<[f64; 3]>,
    velocities: Vec<[f64; 3]>,
    charges: Vec<f64>,
}

impl Trajectories {
    /// Takes positions and velocities, `[simulations, frames, particles]`, and charges (or masses),
    /// `[simulations, particles]`. All must be finite.
    pub fn new(
        frames: usize,
        particles: usize,
        positions: Vec<[f64; 3]>,
        velocities: Vec<[f64; 3]>,
        charges: Vec<f64>,
    ) -> Result<Self, DatasetError> {
        let count = charges.len() / particles.max(1);
        let shape = format!("{count} simulations of {frames} frames and {particles} particles");
        if frames == 0 || particles == 0 || charges.len() != count * particles {
            let found = format!("{shape} for {} charges", charges.len());
            return Err(DatasetError::setting(
                "charges",
                "one for each particle",
                found,
            ));
        }
        for (values, name) in [(&positions, "positions"), (&velocities, "velocities")] {
            if Some(values.len()) != charges.len().checked_mul(frames) {
                return Err(DatasetError::setting(
                    name,
                    format!("vectors for {shape}"),
                    values.len(),
                ));
            }
            let wrong = values
                .iter()
                .position(|vector| vector.iter().any(|value| !value.is_finite()));
            if let Some(place) = wrong {
                let (simulation, rest) =
                    (place / (frames * particles), place % (frames * particles));
                let (frame, particle) = (rest / particles, rest % particles);
                let found = format!(
                    "{:?} in simulation {simulation}, frame {frame}, particle {particle}",
                    values[place]
                );
                return Err(DatasetError::setting(name, "finite numbers", found));
            }
        }
        if let Some(place) = charges.iter().position(|charge| !charge.is_finite()) {
            let found = format!("{} in simulation {}", charges[place], place / particles);
            return Err(DatasetError::setting("charges", "finite numbers", found));
        }
        Ok(Self {
            frames,
            particles,
            positions,
            velocities,
            charges,
        })
    }

    /// Adds sizes and all states to a hash.
    pub(crate) fn add_to(&self, identity: &mut Identity) {
        identity.counts(&[self.frames, self.particles]);
        for vectors in [&self.positions, &self.velocities] {
            let values = vectors.as_flattened();
            identity.numbers(values.iter().map(|value| value.to_le_bytes()));
        }
        identity.numbers(self.charges.iter().map(|charge| charge.to_le_bytes()));
    }

    pub(crate) fn from_runs(
        frames: usize,
        particles: usize,
        runs: &[Trajectory],
    ) -> Result<Self, DatasetError> {
        let gather =
            |part: fn(&Trajectory) -> &Vec<[f64; 3]>| runs.iter().flat_map(part).copied().collect();
        let charges = runs.iter().flat_map(|run| &run.charges).copied().collect();
        Self::new(
            frames,
            particles,
            gather(|run| &run.positions),
            gather(|run| &run.velocities),
            charges,
        )
    }

    /// How many simulations there are.
    pub fn count(&self) -> usize {
        self.charges.len() / self.particles
    }

    /// Frames in a simulation.
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// Particles in a simulation.
    pub fn particles(&self) -> usize {
        self.particles
    }

    /// Where the particles are. Panics if there is no such simulation or frame.
    pub fn positions(&self, simulation: usize, frame: usize) -> &[[f64; 3]] {
        self.frame(&self.positions, simulation, frame)
    }

    /// How the particles move. Panics if there is no such simulation or frame.
    pub fn velocities(&self, simulation: usize, frame: usize) -> &[[f64; 3]] {
        self.frame(&self.velocities, simulation, frame)
    }

    /// The charge, or mass, of each particle. Panics if there is no such simulation.
    pub fn charges(&self, simulation: usize) -> &[f64] {
        &self.charges[simulation * self.particles..(simulation + 1) * self.particles]
    }

    fn frame<'a>(&self, values: &'a [[f64; 3]], simulation: usize, frame: usize) -> &'a [[f64; 3]] {
        assert!(frame < self.frames, "frame {frame} of {}", self.frames);
        let start = (simulation * self.frames + frame) * self.particles;
        &values[start..start + self.particles]
    }

    /// The simulations of a range of indices, cut to those that there are.
    pub fn slice(&self, range: Range<usize>) -> Self {
        let end = range.end.min(self.count());
        let range = range.start.min(end)..end;
        let vectors = |all: &[[f64; 3]]| {
            let one = self.frames * self.particles;
            all[range.start * one..range.end * one].to_vec()
        };
        Self {
            frames: self.frames,
            particles: self.particles,
            positions: vectors(&self.positions),
            velocities: vectors(&self.velocities),
            charges: self.charges[range.start * self.particles..range.end * self.particles]
                .to_vec(),
        }
    }

    /// The simulations of several sets, one set after the other.
    pub fn concatenate(parts: &[&Self]) -> Result<Self, DatasetError> {
        let Some(first) = parts.first() else {
            return Err(DatasetError::setting(
                "parts",
                "at least one set of simulations",
                "none",
            ));
        };
        for part in parts {
            if (part.frames, part.particles) != (first.frames, first.particles) {
                let describe =
                    |set: &Self| format!("{} frames of {} particles", set.frames, set.particles);
                return Err(DatasetError::setting(
                    "parts",
                    describe(first),
                    describe(part),
                ));
            }
        }
        Ok(Self {
            frames: first.frames,
            particles: first.particles,
            positions: parts
                .iter()
                .flat_map(|part| &part.positions)
                .copied()
                .collect(),
            velocities: parts
                .iter()
                .flat_map(|part| &part.velocities)
                .copied()
                .collect(),
            charges: parts
                .iter()
                .flat_map(|part| &part.charges)
                .copied()
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(simulations: usize) -> Trajectories {
        let vectors = |offset: f64| {
            (0..simulations * 6)
                .map(|place| [place as f64 + offset; 3])
                .collect()
        };
        let charges = (0..simulations * 3).map(|place| place as f64).collect();
        Trajectories::new(2, 3, vectors(0.0), vectors(0.5), charges).unwrap()
    }

    #[test]
    fn every_number_is_where_it_belongs() {
        let trajectories = counted(4);
        assert_eq!(
            (
                trajectories.count(),
                trajectories.frames(),
                trajectories.particles()
            ),
            (4, 2, 3)
        );
        assert_eq!(
            trajectories.positions(2, 1),
            [[15.0; 3], [16.0; 3], [17.0; 3]]
        );
        assert_eq!(trajectories.velocities(0, 1)[0], [3.5; 3]);
        assert_eq!(trajectories.charges(3), [9.0, 10.0, 11.0]);
        let both = Trajectories::concatenate(&[&counted(1), &counted(2)]).unwrap();
        assert_eq!((both.count(), both.positions(1, 0)[0]), (3, [0.0; 3]));
    }

    #[test]
    fn wrong_sizes_and_numbers_are_refused() {
        let vectors = || vec![[0.0; 3]; 6];
        assert!(Trajectories::new(2, 3, vectors(), vectors(), vec![1.0; 2]).is_err());
        assert!(Trajectories::new(3, 3, vectors(), vectors(), vec![1.0; 3]).is_err());
        assert!(Trajectories::new(2, 0, vectors(), vectors(), vec![]).is_err());
        let mut broken = vectors();
        broken[4][1] = f64::NAN;
        let error = Trajectories::new(2, 3, vectors(), broken, vec![1.0; 3])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("velocities") && error.contains("simulation 0, frame 1, particle 1"),
            "{error}"
        );
        assert!(Trajectories::new(2, 3, vectors(), vectors(), vec![f64::INFINITY; 3]).is_err());
    }
}
