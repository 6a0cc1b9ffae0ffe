//! Simulations of a system: how large they are, what they are called on disk, and whole splits of them in parallel.

use rayon::prelude::*;

use super::NBodySystem;
use super::charged::Charged;
use super::community::{COMMUNITY_FILES, COMMUNITY_SIZES, Community, PARTICLES};
use super::gravity::Gravity;
use super::trajectories::{Trajectories, Trajectory};
use crate::DatasetError;
use crate::images::Split;
use crate::random::{Purpose, Random};

/// The most positions of particles, over frames and simulations, that a split is simulated with: each takes 48 bytes with its
/// velocity, twice while they are gathered, so that this is 24 GiB.
const MOST_STATES: usize = 1 << 28;

/// A system with all its parameters.
pub(super) enum Simulation {
    Charged(Charged),
    Gravity(Gravity),
    Community(Community),
}

impl Simulation {
    pub(super) fn new(system: NBodySystem, particles: Option<usize>) -> Result<Self, DatasetError> {
        let simulation = match system {
            NBodySystem::Charged => Self::Charged(Charged {
                particles: particles.unwrap_or(5),
                ..Charged::default()
            }),
            NBodySystem::Gravity => Self::Gravity(Gravity {
                particles: particles.unwrap_or(100),
                ..Gravity::default()
            }),
        };
        match simulation.particles() {
            2..=10_000 => Ok(simulation),
            other => Err(DatasetError::setting(
                "dataset.particles",
                "2 to 10,000",
                other,
            )),
        }
    }

    fn particles(&self) -> usize {
        match self {
            Self::Charged(charged) => charged.particles,
            Self::Gravity(gravity) => gravity.particles,
            Self::Community(_) => PARTICLES,
        }
    }

    pub(super) fn frames(&self) -> usize {
        match self {
            Self::Charged(charged) => charged.frames(),
            Self::Gravity(gravity) => gravity.frames(),
            Self::Community(community) => community.charged.frames(),
        }
    }

    /// Whether there are so many simulations of one of the three splits, and whether they may be held in memory.
    pub(super) fn check_size(&self, split: Split, size: usize) -> Result<(), DatasetError> {
        let one = self.frames() * self.particles();
        let most = MOST_STATES / one;
        let field = ["dataset.train", "dataset.valid", "dataset.test"][split as usize];
        // What comes after these in the community's stream belongs to the next split.
        if let (Self::Community(_), Split::Train | Split::Valid) = (self, split)
            && size > COMMUNITY_SIZES[split as usize]
        {
            let expected = format!(
                "at most {}, as many as the community has",
                COMMUNITY_SIZES[split as usize]
            );
            return Err(DatasetError::setting(field, expected, size));
        }
        if size <= most {
            return Ok(());
        }
        let expected = format!(
            "at most {most} simulations of {} frames and {} particles",
            self.frames(),
            self.particles()
        );
        Err(DatasetError::setting(field, expected, size))
    }

    /// A name that holds every parameter.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Charged(charged) => charged.name(),
            Self::Gravity(gravity) => gravity.name(),
            Self::Community(community) => format!("community-{}", community.charged.name()),
        }
    }

    /// The community's name for such a set of files.
    pub(super) fn suffix(&self) -> String {
        match self {
            Self::Charged(charged) => format!("charged{}_initvel1small", charged.particles),
            Self::Gravity(gravity) => format!("gravity{}_initvel1small", gravity.particles),
            Self::Community(_) => COMMUNITY_FILES.into(),
        }
    }

    /// Whether trajectories have the form of this system's.
    pub(super) fn made(&self, kept: &Trajectories, size: usize) -> bool {
        (kept.count(), kept.frames(), kept.particles()) == (size, self.frames(), self.particles())
    }

    /// Simulates a split: simulation i is a function of the seed, the split and i. The community's has its own seed.
    pub(super) fn run(
        &self,
        seed: u64,
        split: Split,
        size: usize,
    ) -> Result<Trajectories, DatasetError> {
        let random = |purpose, index: usize| Random::new(seed, purpose, split as u64, index as u64);
        let indices = (0..size).into_par_iter();
        let runs: Vec<Trajectory> = match self {
            Self::Charged(charged) => indices
                .map(|index| {
                    charged
                        .simulate(&mut random(Purpose::Charged, index))
                        .trajectory
                })
                .collect(),
            Self::Gravity(gravity) => indices
                .map(|index| gravity.simulate(&mut random(Purpose::Gravity, index)))
                .collect(),
            // Its draws come one after the other.
            Self::Community(community) => return community.run(split, size, &mut |_| {}),
        };
        Trajectories::from_runs(self.frames(), self.particles(), &runs)
    }
}
