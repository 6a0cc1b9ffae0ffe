//! Particles in motion: predict where they will be from where they are and how they move.
//!
//! ```text
//! input    positions, velocities and charges (or masses) at one frame of a simulation
//! target   positions some frames later
//! ```
//!
//! [`charged`] is the charged N-body benchmark (5 particles, frame 30 to 40), [`gravity`] its variant with 100 masses.
//! Both are simulated here, in parallel and as a function of the seed alone, and kept on disk in the community's own
//! `.npy` layouts ([`store`], which states each family's order of axes) under a name that holds every parameter; files
//! made by the community's code are read the same way. [`community`] draws the very simulations that published figures of
//! the charged benchmark are of, and as many further ones to test on as there is time for.
//!
//! Source: Kipf, Fetaya, Wang, Welling and Zemel 2018 (the simulation), Satorras, Hoogeboom and Welling 2021 (the task
//! in three dimensions), Brandstetter, Hesselink, van der Pol, Bekkers and Welling 2022 (gravity).

pub mod augmentation;
pub mod charged;
pub mod community;
pub mod dataset;
pub mod gravity;
pub mod loader;
mod simulation;
pub mod store;
pub mod trajectories;

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::images::{Description, Split};
use crate::{DatasetError, folders};
pub use augmentation::NBodyAugmentation;
use community::{COMMUNITY_SEED, COMMUNITY_SIZES, Community, PARTICLES};
pub use dataset::{NBodyBatch, NBodyDataset};
pub use loader::NBodyLoader;
use simulation::Simulation;
pub use trajectories::Trajectories;

/// Training, validation and test simulations of the charged benchmark.
pub const CHARGED_SIZES: [usize; 3] = [3_000, 2_000, 2_000];

/// Training, validation and test simulations with gravity, each of which takes as long as 200 charged ones.
pub const GRAVITY_SIZES: [usize; 3] = [1_000, 200, 200];

/// Which forces act.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum NBodySystem {
    /// Charges ±1 that attract and repel.
    #[default]
    Charged,
    /// Equal masses that attract.
    Gravity,
}

/// Where simulations come from, where no folder of files is named.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum NBodySource {
    /// Made here, from `seed`.
    #[default]
    Simulated,
    /// The simulations that the community trains and tests charged particles on, drawn again to the last bit.
    Community,
}

/// Configuration of an N-body data set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct NBodyConfig {
    /// Which forces act: "charged" or "gravity". It also says what order the axes of files have: charged
    /// `[simulations, frames, 3, particles]`, gravity `[simulations, frames, bodies, 3]`.
    pub system: NBodySystem,
    /// Where simulations come from, where `path` names no files: "simulated" (made here, from `seed`) or "community" (those that
    /// published figures for 5 charged particles are of, drawn again to the last bit).
    pub source: NBodySource,
    /// A folder with the community's `.npy` files. Left out: simulate, as `source` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// The seed of the initial states, where they are simulated. The community's is always 43.
    pub seed: u64,
    /// How many particles. Left out: 5 charged, 100 masses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub particles: Option<usize>,
    /// How many training simulations; from files at most so many, of the community's at most 10,000. Left out: as many as the
    /// benchmark has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train: Option<usize>,
    /// How many validation simulations; of the community's at most 2,000. Left out: as many as the benchmark has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid: Option<usize>,
    /// How many test simulations; of the community's the first 2,000 are its own, and more are of the same law. 50,000 leave
    /// an interval of about ±4 %. Left out: as many as the benchmark has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<usize>,
    /// The frame to predict from.
    pub input_frame: usize,
    /// The frame to predict.
    pub target_frame: usize,
    /// Whether to keep simulations on disk for the next time.
    pub cache: bool,
    /// Where to keep them. Left out: `nbody` in the [data folder](crate::folders::data_folder).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_path: Option<PathBuf>,
}

impl Default for NBodyConfig {
    fn default() -> Self {
        Self::new(NBodySystem::Charged)
    }
}

/// An N-body data set in its three splits.
#[derive(Debug, Clone)]
pub struct NBodySplits {
    /// What the weights are fitted to.
    pub train: Arc<NBodyDataset>,
    /// What choices are made on.
    pub valid: Arc<NBodyDataset>,
    /// What is measured once, at the end.
    pub test: Arc<NBodyDataset>,
    /// Name, origin and sizes.
    pub description: Description,
}

impl NBodySplits {
    /// One split, or all of them put together (a copy).
    pub fn get(&self, split: Split) -> Result<Arc<NBodyDataset>, DatasetError> {
        let splits = [&self.train, &self.valid, &self.test];
        split.of(splits, NBodyDataset::concatenate)
    }
}

impl NBodyConfig {
    /// A benchmark with its own sizes and frames, seed 0.
    pub fn new(system: NBodySystem) -> Self {
        Self {
            system,
            source: NBodySource::default(),
            path: None,
            seed: 0,
            particles: None,
            train: None,
            valid: None,
            test: None,
            input_frame: 30,
            target_frame: 40,
            cache: true,
            cache_path: None,
        }
    }

    /// Where simulations come from, where no folder of files is named.
    pub fn with_source(mut self, source: NBodySource) -> Self {
        self.source = source;
        self
    }

    /// A folder with the community's `.npy` files.
    pub fn with_path(mut self, path: impl Into<PathBuf>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// The seed of the initial states.
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How many particles.
    pub fn with_particles(mut self, particles: usize) -> Self {
        self.particles = Some(particles);
        self
    }

    /// How many training, validation and test simulations.
    pub fn with_sizes(mut self, [train, valid, test]: [usize; 3]) -> Self {
        (self.train, self.valid, self.test) = (Some(train), Some(valid), Some(test));
        self
    }

    /// The frame to predict from and the frame to predict.
    pub fn with_frames(mut self, input: usize, target: usize) -> Self {
        (self.input_frame, self.target_frame) = (input, target);
        self
    }

    /// Whether to keep simulations on disk.
    pub fn with_cache(mut self, cache: bool) -> Self {
        self.cache = cache;
        self
    }

    /// Where to keep simulations.
    pub fn with_cache_path(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cache_path = Some(folder.into());
        self
    }

    /// Whether such simulations can be made. What is in files is only known when they are read.
    pub fn validate(&self) -> Result<(), DatasetError> {
        if self.path.is_some() {
            return Ok(());
        }
        let simulation = self.simulation()?;
        for (split, size) in Split::THREE.into_iter().zip(self.sizes()) {
            simulation.check_size(split, size)?;
        }
        let last = simulation.frames() - 1;
        for (field, frame) in [
            ("dataset.input_frame", self.input_frame),
            ("dataset.target_frame", self.target_frame),
        ] {
            if frame > last {
                let expected = format!("a frame from 0 to {last}");
                return Err(DatasetError::setting(field, expected, frame));
            }
        }
        Ok(())
    }

    /// Reads or simulates all three splits.
    pub fn load(&self) -> Result<NBodySplits, DatasetError> {
        let read = |split| {
            self.read(split)
                .and_then(|trajectories| self.dataset(trajectories))
        };
        let (train, valid, test) = (read(Split::Train)?, read(Split::Valid)?, read(Split::Test)?);
        for (other, field) in [(&valid, "valid"), (&test, "test")] {
            if other.particles() != train.particles() {
                let found = format!("{} particles", other.particles());
                return Err(DatasetError::setting(
                    field,
                    format!("{} particles", train.particles()),
                    found,
                ));
            }
        }
        let description = Description {
            name: self.name().into(),
            origin: self.origin(),
            items: "simulations".into(),
            train: train.count(),
            valid: valid.count(),
            test: test.count(),
        };
        let [train, valid, test] = [train, valid, test].map(Arc::new);
        Ok(NBodySplits {
            train,
            valid,
            test,
            description,
        })
    }

    /// Reads or simulates one split alone.
    pub fn load_split(&self, split: Split) -> Result<NBodyDataset, DatasetError> {
        let parts = split.parts().iter().map(|part| self.read(*part));
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        self.dataset(match <[Trajectories; 1]>::try_from(parts) {
            Ok([only]) => only,
            Err(parts) => Trajectories::concatenate(&parts.iter().collect::<Vec<_>>())?,
        })
    }

    /// The benchmark's name.
    pub fn name(&self) -> &'static str {
        match self.system {
            NBodySystem::Charged => "charged N-body",
            NBodySystem::Gravity => "gravitational N-body",
        }
    }

    /// Where the simulations come from, for reports.
    pub fn origin(&self) -> String {
        match &self.path {
            Some(folder) => format!("the files of {}", folder.display()),
            None => match self.source {
                NBodySource::Simulated => format!("simulated, seed {}", self.seed),
                NBodySource::Community => self.communitys(),
            },
        }
    }

    /// What of the community's set there is.
    fn communitys(&self) -> String {
        let further = self.sizes()[2].saturating_sub(COMMUNITY_SIZES[2]);
        let set = format!("the community's set, made again from seed {COMMUNITY_SEED}");
        match further {
            0 => set,
            _ => format!("{set}, with {further} further ones for testing"),
        }
    }

    /// What is simulated where no files are read.
    fn simulation(&self) -> Result<Simulation, DatasetError> {
        if self.source == NBodySource::Simulated {
            return Simulation::new(self.system, self.particles);
        }
        if self.system != NBodySystem::Charged {
            return Err(DatasetError::setting(
                "dataset.source",
                "\"simulated\", where `system` is not \"charged\"",
                "\"community\"",
            ));
        }
        if let Some(particles) = self.particles.filter(|count| *count != PARTICLES) {
            let expected = format!("{PARTICLES}, as the community's simulations have");
            return Err(DatasetError::setting(
                "dataset.particles",
                expected,
                particles,
            ));
        }
        // 0 is what stands there where no seed is named.
        if ![0, u64::from(COMMUNITY_SEED)].contains(&self.seed) {
            let expected = format!("{COMMUNITY_SEED}, or none, for the community's simulations");
            return Err(DatasetError::setting("dataset.seed", expected, self.seed));
        }
        Ok(Simulation::Community(Community::default()))
    }

    /// The seed that the initial states are drawn with.
    fn drawn_with(&self) -> u64 {
        match self.source {
            NBodySource::Simulated => self.seed,
            NBodySource::Community => u64::from(COMMUNITY_SEED),
        }
    }

    fn dataset(&self, trajectories: Trajectories) -> Result<NBodyDataset, DatasetError> {
        NBodyDataset::new(Arc::new(trajectories), self.input_frame, self.target_frame)
    }

    /// Training, validation and test simulations; from files at most so many.
    pub fn sizes(&self) -> [usize; 3] {
        let usual = match self.system {
            NBodySystem::Charged => CHARGED_SIZES,
            NBodySystem::Gravity => GRAVITY_SIZES,
        };
        let given = [self.train, self.valid, self.test];
        [0, 1, 2].map(|split| given[split].unwrap_or(usual[split]))
    }

    /// Reads or simulates the trajectories of one of the three splits.
    fn read(&self, split: Split) -> Result<Trajectories, DatasetError> {
        let size = self.sizes()[split as usize];
        if let Some(folder) = &self.path {
            let read = store::read(folder, self.system, split, size)?;
            return match self.particles {
                Some(particles) if particles != read.particles() => {
                    let expected = format!("{particles} particles, as `particles` says");
                    Err(DatasetError::malformed(
                        folder,
                        expected,
                        read.particles().to_string(),
                    ))
                }
                _ => Ok(read),
            };
        }
        let simulation = self.simulation()?;
        simulation.check_size(split, size)?;
        let seed = self.drawn_with();
        if !self.cache {
            return simulation.run(seed, split, size);
        }
        let folder = self
            .cache_path
            .clone()
            .unwrap_or_else(|| folders::data_folder().join("nbody"));
        let folder = folder.join(format!("{}-seed{seed}-{split}{size}", simulation.name()));
        // A cache that is damaged is made anew, one that can't be written is done without.
        match store::read(&folder, self.system, split, size) {
            Ok(kept) if simulation.made(&kept, size) => Ok(kept),
            _ => {
                let made = simulation.run(seed, split, size)?;
                let _ = store::write(&folder, self.system, split, &simulation.suffix(), &made);
                Ok(made)
            }
        }
    }
}

#[cfg(test)]
mod tests;
