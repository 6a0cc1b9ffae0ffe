//! N-body simulations as examples: from one frame to another.

use std::ops::Range;
use std::sync::Arc;

use super::trajectories::Trajectories;
use crate::DatasetError;
use crate::identity::Identity;

/// Simulations with the frame to predict from and the frame to predict.
#[derive(Debug, Clone)]
pub struct NBodyDataset {
    trajectories: Arc<Trajectories>,
    input_frame: usize,
    target_frame: usize,
}

/// Some simulations at the input frame, with their target.
#[derive(Debug, Clone, PartialEq)]
pub struct NBodyBatch {
    /// Where the particles are, `[graphs · particles, 3]`.
    pub positions: Vec<f32>,
    /// How they move, `[graphs · particles, 3]`.
    pub velocities: Vec<f32>,
    /// Their charges (or masses), `[graphs · particles]`.
    pub charges: Vec<f32>,
    /// Where they will be, `[graphs · particles, 3]`.
    pub targets: Vec<f32>,
    /// How many simulations.
    pub graphs: usize,
    /// Particles in each.
    pub particles: usize,
    /// Where each simulation stands in its set.
    pub indices: Vec<u32>,
}

impl NBodyBatch {
    /// A batch of some of these simulations.
    pub fn part(&self, simulations: Range<usize>) -> Self {
        let rows = simulations.start * self.particles..simulations.end * self.particles;
        let vectors = |all: &[f32]| all[3 * rows.start..3 * rows.end].to_vec();
        Self {
            positions: vectors(&self.positions),
            velocities: vectors(&self.velocities),
            charges: self.charges[rows.clone()].to_vec(),
            targets: vectors(&self.targets),
            graphs: simulations.len(),
            particles: self.particles,
            indices: self.indices[simulations].to_vec(),
        }
    }
}

impl NBodyDataset {
    /// Examples from `input_frame` to `target_frame`.
    pub fn new(
        trajectories: Arc<Trajectories>,
        input_frame: usize,
        target_frame: usize,
    ) -> Result<Self, DatasetError> {
        let last = trajectories.frames() - 1;
        for (frame, field) in [
            (input_frame, "dataset.input_frame"),
            (target_frame, "dataset.target_frame"),
        ] {
            if frame > last {
                return Err(DatasetError::setting(
                    field,
                    format!("a frame from 0 to {last}"),
                    frame,
                ));
            }
        }
        if u32::try_from(trajectories.count()).is_err() {
            return Err(DatasetError::setting(
                "simulations",
                "fewer than 2³²",
                trajectories.count(),
            ));
        }
        Ok(Self {
            trajectories,
            input_frame,
            target_frame,
        })
    }

    /// How many simulations there are.
    pub fn count(&self) -> usize {
        self.trajectories.count()
    }

    /// What these simulations are: equal where all of them are, and the frames that are predicted from and to.
    pub fn identity(&self) -> String {
        let mut identity = Identity::of("simulations");
        identity.counts(&[self.input_frame(), self.target_frame()]);
        self.trajectories.add_to(&mut identity);
        identity.finish()
    }

    /// Whether there is no simulation.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// Particles in a simulation.
    pub fn particles(&self) -> usize {
        self.trajectories.particles()
    }

    /// The frame to predict from.
    pub fn input_frame(&self) -> usize {
        self.input_frame
    }

    /// The frame to predict.
    pub fn target_frame(&self) -> usize {
        self.target_frame
    }

    /// The whole simulations, for pictures and tables.
    pub fn trajectories(&self) -> &Arc<Trajectories> {
        &self.trajectories
    }

    /// The examples of a range of indices, cut to those that there are.
    pub fn slice(&self, range: Range<usize>) -> Self {
        Self {
            trajectories: Arc::new(self.trajectories.slice(range)),
            ..self.clone()
        }
    }

    /// The examples of several sets, one set after the other.
    pub fn concatenate(parts: &[&Self]) -> Result<Self, DatasetError> {
        let trajectories: Vec<&Trajectories> =
            parts.iter().map(|part| &*part.trajectories).collect();
        let trajectories = Arc::new(Trajectories::concatenate(&trajectories)?);
        // There is a first one, or there would have been an error.
        let frames = parts
            .first()
            .map_or((0, 0), |part| (part.input_frame, part.target_frame));
        Self::new(trajectories, frames.0, frames.1)
    }

    /// The examples of some simulations. Panics if there is no such simulation.
    pub fn batch(&self, indices: &[u32]) -> NBodyBatch {
        self.batch_with(indices, |_| false)
    }

    /// The examples of some simulations, some of them run backwards in time: from the target frame, with opposite
    /// velocities, to the input frame.
    pub(super) fn batch_with(
        &self,
        indices: &[u32],
        backwards: impl Fn(u32) -> bool,
    ) -> NBodyBatch {
        let all = &self.trajectories;
        let simulations = || indices.iter().map(|index| *index as usize);
        let flatten = |vectors: &[[f64; 3]], values: &mut Vec<f32>| {
            values.extend(vectors.iter().flatten().map(|value| *value as f32));
        };
        let (mut positions, mut velocities, mut targets) = (Vec::new(), Vec::new(), Vec::new());
        for &index in indices {
            let simulation = index as usize;
            let (mut from, mut to) = (self.input_frame, self.target_frame);
            let start = velocities.len();
            let reversed = backwards(index);
            if reversed {
                (from, to) = (to, from);
            }
            flatten(all.positions(simulation, from), &mut positions);
            flatten(all.velocities(simulation, from), &mut velocities);
            flatten(all.positions(simulation, to), &mut targets);
            if reversed {
                velocities[start..].iter_mut().for_each(|v| *v = -*v);
            }
        }
        let charges = simulations().flat_map(|simulation| all.charges(simulation));
        NBodyBatch {
            positions,
            velocities,
            charges: charges.map(|value| *value as f32).collect(),
            targets,
            graphs: indices.len(),
            particles: self.particles(),
            indices: indices.to_vec(),
        }
    }
}
