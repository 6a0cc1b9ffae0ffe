//! A learning problem of one's own in the training loop of `gcnn`: metrics, best weights, exact resumption and a report.
//!
//! ```sh
//! cargo run --release --example own_task     # again: goes on where it was stopped, or reads what is finished
//! ```
//!
//! A network over the rotations by 90° learns how long an ellipse is for its width, however it lies in the picture.

use std::error::Error;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use burn::prelude::*;
use gcnn_models::{Gcnn, GcnnConfig};
use gcnn_train::TrainError;
use gcnn_train::run_file::TrainingConfig;
use gcnn_train::task::{Batches, Split, Step, Task};
use gcnn_train::training::optimizer::OptimizerConfig;
use gcnn_train::training::progress::Silent;
use gcnn_train::training::run::{Report, train_own};
use gcnn_train::training::run_folder::RunFolder;
use gcnn_train::training::settings::Settings;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};

const SIDE: usize = 28;

/// A picture of an ellipse, a different one for each number, and its elongation.
fn ellipse(number: u64) -> (Vec<f32>, f32) {
    let mut random = StdRng::seed_from_u64(number);
    let (long, elongation) = (
        random.random_range(7.0..13.0),
        random.random_range(1.0..3.0),
    );
    let (sin, cos) = random.random_range(0.0..std::f32::consts::PI).sin_cos();
    let pixel = |place: usize| {
        let [x, y] = [place % SIDE, place / SIDE].map(|at| at as f32 - (SIDE / 2) as f32);
        let [along, across] = [cos * x + sin * y, cos * y - sin * x];
        let radius = along.hypot(across * elongation);
        (long - radius + 0.5).clamp(0.0, 1.0)
    };
    ((0..SIDE * SIDE).map(pixel).collect(), elongation)
}

fn numbers(split: Split) -> Vec<u64> {
    let ranges = split.parts().iter().map(|part| match part {
        Split::Train => 0..1000,
        Split::Valid => 1000..1200,
        _ => 1200..1400,
    });
    ranges.flatten().collect()
}

fn batches(numbers: &[u64], size: usize, start: usize) -> Batches<Vec<u64>> {
    let batches: Vec<_> = numbers.chunks(size).map(<[u64]>::to_vec).collect();
    Box::new(batches.into_iter().skip(start).map(Ok))
}

struct Elongation(Settings);

impl Task for Elongation {
    type Model = Gcnn;
    type Batch = Vec<u64>;

    fn init(&self, device: &Device) -> Result<Gcnn, TrainError> {
        let images = gcnn_models::InputShape {
            channels: 1,
            height: SIDE,
            width: SIDE,
        };
        let config = GcnnConfig {
            dropout: 0.0,
            ..GcnnConfig::p4cnn()
        };
        Ok(config.init(images, 1, device)?)
    }

    fn examples(&self, split: Split) -> usize {
        numbers(split).len()
    }

    /// In an order that depends on the seed and the epoch alone: so a run that was stopped finds its place again.
    fn training_batches(
        &self,
        epoch: usize,
        start: usize,
    ) -> Result<Batches<Vec<u64>>, TrainError> {
        let mut order = numbers(Split::Train);
        order.shuffle(&mut StdRng::seed_from_u64(
            self.0.seed ^ ((epoch as u64) << 32),
        ));
        Ok(batches(&order, self.0.training.batch_size, start))
    }

    fn batches(&self, split: Split) -> Result<Batches<Vec<u64>>, TrainError> {
        let size = self.0.training.eval_batch_size;
        Ok(batches(&numbers(split), size, 0))
    }

    fn size(&self, batch: &Vec<u64>) -> usize {
        batch.len()
    }

    fn part(&self, batch: &Vec<u64>, examples: Range<usize>) -> Vec<u64> {
        batch[examples].to_vec()
    }

    fn step(&self, model: &Gcnn, batch: &Vec<u64>, device: &Device) -> Result<Step, TrainError> {
        let (pixels, answers): (Vec<_>, Vec<_>) = batch.iter().map(|n| ellipse(*n)).unzip();
        let shape = [batch.len(), 1, SIDE, SIDE];
        let images = Tensor::<4>::from_data(TensorData::new(pixels.concat(), shape), device);
        let answers = Tensor::<2>::from_data(TensorData::new(answers, [batch.len(), 1]), device);
        let squares = (model.forward(images) - answers).square();
        Ok(Step::new(squares.clone().mean(), squares))
    }
}

fn train(folder: &Path, epochs: usize) -> Result<Report, TrainError> {
    let training = TrainingConfig {
        epochs,
        batch_size: 20,
        ..Default::default()
    };
    let settings = Settings::own("elongation")
        .with_seed(1)
        .with_optimizer(OptimizerConfig {
            lr: 5e-3,
            ..Default::default()
        })
        .with_training(training);
    let (task, folder) = (Elongation(settings.clone()), RunFolder::at(folder));
    let run = train_own(
        &task,
        &settings,
        &Device::flex(),
        &folder,
        &mut Silent,
        Arc::default(),
    )?;
    Ok(run.report)
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("{}", train(Path::new("runs/elongation"), 20)?.text());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_learns_and_goes_on_to_the_same_weights() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| root.path().join(name);
        let report = train(&at("whole"), 8).expect("trained");
        assert!(report.test_values()["loss"] < 0.15, "{}", report.text());
        train(&at("cut"), 3).expect("trained");
        train(&at("cut"), 8).expect("trained further");
        let weights = |run: &str| std::fs::read(at(run).join("last.safetensors")).expect("weights");
        assert!(weights("whole") == weights("cut"));
    }
}
