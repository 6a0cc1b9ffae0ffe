//! Motion of particles: squared error of predicted positions.
//!
//! ```text
//! loss = 1/(3N) Σ_i ‖x̂_i(t + Δt) − x_i(t + Δt)‖²        N particles of all simulations of a batch
//! ```
//!
//! The measure is the same number, its interval a bootstrap over simulations: a few close encounters carry much of it.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use burn::prelude::*;
use burn::tensor::TensorData;
use gcnn_datasets::{BatchOptions, NBodyBatch, NBodyDataset, NBodyLoader, NBodySplits};
use gcnn_models::points::{Dynamics, DynamicsModel, NeighbourhoodConfig, ParticleBatch, Particles};
use serde::{Deserialize, Serialize};

use crate::TrainError;
use crate::run_file::{ParticleExperiment, RunConfig};
use crate::task::equivariance::{self, Survey, Symmetric};
use crate::task::{Batches, Goal, Split, Step, Task};

/// Simulations of the equivariance report.
const REPORT_SIMULATIONS: usize = 64;

/// What a network for particles is built for; in the metadata of its weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemFormat {
    /// Particles of a simulation. Networks take any number; errors of other numbers are not comparable.
    pub particles: usize,
}

/// Learning to predict where particles will be.
pub struct ParticleDynamics {
    train: Arc<NBodyDataset>,
    valid: Arc<NBodyDataset>,
    test: Arc<NBodyDataset>,
    about: String,
    own: ParticleExperiment,
    config: RunConfig,
}

impl ParticleDynamics {
    /// For training.
    pub fn new(
        splits: NBodySplits,
        own: &ParticleExperiment,
        config: &RunConfig,
    ) -> Result<Self, TrainError> {
        for (split, name) in [
            (&splits.train, "training"),
            (&splits.valid, "validation"),
            (&splits.test, "test"),
        ] {
            if split.is_empty() {
                return Err(TrainError::Mismatch(format!(
                    "the {name} split of the data is empty"
                )));
            }
        }
        Ok(Self {
            about: splits.description.to_string(),
            train: splits.train,
            valid: splits.valid,
            test: splits.test,
            own: own.clone(),
            config: config.clone(),
        })
    }

    /// For evaluating a network that exists on some simulations, which become the test split.
    pub fn of_simulations(
        simulations: NBodyDataset,
        about: String,
        own: &ParticleExperiment,
        config: &RunConfig,
    ) -> Result<Self, TrainError> {
        let none = Arc::new(simulations.slice(0..0));
        Ok(Self {
            train: none.clone(),
            valid: none,
            test: Arc::new(simulations),
            about,
            own: own.clone(),
            config: config.clone(),
        })
    }

    /// For a network that exists, or is of a run that need not be trained: a split of the run's data set, or of data in
    /// another place, all of it, becomes the test split.
    pub fn of_split(
        own: &ParticleExperiment,
        config: &RunConfig,
        data: Option<&Path>,
        split: Split,
    ) -> Result<Self, TrainError> {
        let dataset = match data {
            Some(path) => own.data_at(path),
            None => own.dataset.clone(),
        };
        let about = format!("{split} simulations ({})", dataset.origin());
        Self::of_simulations(dataset.load_split(split)?, about, own, config)
    }

    /// Where the data comes from, in a sentence.
    pub fn about_data(&self) -> &str {
        &self.about
    }

    /// The test simulations.
    pub fn simulations(&self) -> &Arc<NBodyDataset> {
        &self.test
    }
}

/// The particles of a batch on a device, with their edges.
pub fn particles(
    batch: &NBodyBatch,
    graph: &NeighbourhoodConfig,
    device: &Device,
) -> Result<ParticleBatch, TrainError> {
    let graph = graph.graph(&batch.positions, batch.particles)?;
    let numbers = Particles {
        positions: &batch.positions,
        velocities: &batch.velocities,
        charges: &batch.charges,
    };
    Ok(ParticleBatch::new(numbers, &graph, device)?)
}

impl Task for ParticleDynamics {
    type Model = DynamicsModel;
    type Batch = NBodyBatch;

    fn init(&self, device: &Device) -> Result<DynamicsModel, TrainError> {
        Ok(self.own.model.init(device)?)
    }

    fn describe(&self) -> serde_json::Value {
        serde_json::json!(SystemFormat {
            particles: self.test.particles(),
        })
    }

    fn identity(&self, split: Split) -> Result<Option<String>, TrainError> {
        Ok(match split {
            Split::Train => Some(self.train.identity()),
            Split::Valid => Some(self.valid.identity()),
            Split::Test => Some(self.test.identity()),
            Split::All => None,
        })
    }

    fn unit(&self) -> &'static str {
        "simulations"
    }

    fn examples(&self, split: Split) -> usize {
        match split {
            Split::Train => self.train.count(),
            Split::Valid => self.valid.count(),
            Split::Test => self.test.count(),
            Split::All => self.train.count() + self.valid.count() + self.test.count(),
        }
    }

    fn training_batches(
        &self,
        epoch: usize,
        start: usize,
    ) -> Result<Batches<NBodyBatch>, TrainError> {
        let options = BatchOptions::new(self.config.training.batch_size)
            .with_seed(self.config.seed)
            .with_epoch(epoch)
            .with_shuffle(true)
            .with_start_batch(start);
        let batches = NBodyLoader::new(self.train.clone(), &options)?;
        let batches = batches.with_augmentation(self.own.augmentation);
        Ok(Box::new(batches.map(Ok)))
    }

    fn batches(&self, split: Split) -> Result<Batches<NBodyBatch>, TrainError> {
        let options = BatchOptions::new(self.config.training.eval_batch_size);
        let splits = [&self.train, &self.valid, &self.test];
        let simulations = split.of(splits, NBodyDataset::concatenate)?;
        let batches = NBodyLoader::new(simulations, &options)?;
        Ok(Box::new(batches.map(Ok)))
    }

    fn size(&self, batch: &NBodyBatch) -> usize {
        batch.graphs
    }

    fn part(&self, batch: &NBodyBatch, examples: Range<usize>) -> NBodyBatch {
        batch.part(examples)
    }

    fn step(
        &self,
        model: &DynamicsModel,
        batch: &NBodyBatch,
        device: &Device,
    ) -> Result<Step, TrainError> {
        let now = particles(batch, &self.own.graph, device)?;
        let shape = [batch.graphs * batch.particles, 3];
        let later = Tensor::<2>::from_data(TensorData::new(batch.targets.clone(), shape), device);
        let squares = (model.forward(&now) - later).square();
        let of_system = squares.clone().reshape([batch.graphs, batch.particles * 3]);
        Ok(Step::new(squares.mean(), of_system.mean_dim(1)))
    }

    fn columns(&self) -> &'static [&'static str] {
        &["mse"]
    }

    fn goals(&self) -> &'static [Goal] {
        &[Goal {
            name: "mse",
            higher_is_better: false,
        }]
    }
}

/// The error is relative to how far the predicted particles are from their mean.
impl Symmetric for ParticleDynamics {
    fn survey(
        &self,
        model: &DynamicsModel,
        device: &Device,
        _seen: &mut dyn FnMut(usize, usize),
    ) -> Result<Survey, TrainError> {
        let count = self.test.count().min(REPORT_SIMULATIONS);
        let batch = self.test.batch(&(0..count as u32).collect::<Vec<_>>());
        let portion = particles(&batch, &self.own.graph, device)?;
        equivariance::particles::survey(model, &[portion], count)
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use gcnn_datasets::NBodyConfig;
    use gcnn_models::points::{DynamicsConfig, LinearDynamicsConfig, NmpConfig};

    use super::*;
    use crate::run_file::{Experiment, TaskName};
    use crate::task::evaluate;

    fn motion(model: DynamicsConfig) -> ParticleDynamics {
        let own = ParticleExperiment {
            dataset: NBodyConfig::default()
                .with_sizes([6, 4, 5])
                .with_cache(false),
            model,
            ..Default::default()
        };
        let mut config = RunConfig::new(TaskName::NBody);
        config.experiment = Experiment::NBody(own.clone());
        config.training.batch_size = 4;
        config.training.eval_batch_size = 2;
        ParticleDynamics::new(own.dataset.load().expect("simulations"), &own, &config)
            .expect("a task")
    }

    #[test]
    fn the_measure_is_the_mean_squared_error_of_all_coordinates() {
        let time = 0.5;
        let task = motion(DynamicsConfig::Linear(LinearDynamicsConfig { time }));
        let device = Device::flex();
        let model = task.init(&device).expect("a model");
        let outcomes = evaluate(&task, &model, Split::Test, &device, |_| {}).expect("outcomes");
        assert_eq!(outcomes.len(), 5);
        let all = task.simulations().batch(&[0, 1, 2, 3, 4]);
        let expected: f64 = (0..all.targets.len())
            .map(|i| {
                let predicted = all.positions[i] + time as f32 * all.velocities[i];
                f64::from(predicted - all.targets[i]).powi(2)
            })
            .sum::<f64>()
            / all.targets.len() as f64;
        let [measure] = task.measures(&outcomes)[..] else {
            panic!("one measure");
        };
        assert!((measure.value - expected).abs() < 1e-6 * expected);
        assert!(measure.low <= measure.value && measure.value <= measure.high);
    }

    #[test]
    fn simulations_to_evaluate_on_are_counted_once() {
        let task = motion(DynamicsConfig::default());
        let some = task.simulations().slice(0..3);
        let task = ParticleDynamics::of_simulations(some, "some".into(), &task.own, &task.config);
        let task = task.expect("a task");
        let examples = [Split::Train, Split::Test, Split::All].map(|split| task.examples(split));
        assert_eq!(examples, [0, 3, 3]);
        let batches = task.batches(Split::All).expect("batches");
        assert_eq!(
            batches.map(|b| b.expect("a batch").graphs).sum::<usize>(),
            3
        );
        assert_eq!(task.describe()["particles"], 5);
    }

    #[test]
    fn the_loss_is_the_mean_of_the_outcomes() {
        let task = motion(DynamicsConfig::default());
        let device = Device::flex().autodiff();
        let model = task.init(&device).expect("a model");
        let batch = task.training_batches(0, 0).expect("batches").next();
        let batch = batch.expect("a batch").expect("a batch");
        let step = task.step(&model, &batch, &device).expect("a step");
        let loss = step.loss.into_data().iter::<f64>().sum::<f64>();
        let rows: Vec<f64> = step.outcomes.into_data().iter::<f64>().collect();
        assert_eq!(rows.len(), 4);
        assert!((rows.iter().sum::<f64>() / 4.0 - loss).abs() < 1e-5 * loss);
    }

    #[test]
    fn the_report_tells_equivariant_networks_from_others() {
        let device = Device::flex();
        let worst = |model: DynamicsConfig| -> Vec<(String, f64)> {
            let task = motion(model);
            let model = task.init(&device).expect("a model");
            let errors = task
                .survey(&model, &device, &mut |_, _| ())
                .expect("a report");
            let errors = errors.outcome().into_iter();
            errors.map(|e| (e.element, e.relative_error)).collect()
        };
        for (element, error) in worst(DynamicsConfig::default()) {
            assert!(error < 1e-4, "{element}: {error}");
        }
        let free = worst(DynamicsConfig::Nmp(NmpConfig::default()));
        assert_eq!(free.len(), 6);
        for (element, error) in &free[..5] {
            assert!(*error > 1e-2, "{element}: {error}");
        }
        // Message passing does not depend on the order of particles.
        assert!(free[5].1 < 1e-4, "{:?}", free[5]);
    }
}
