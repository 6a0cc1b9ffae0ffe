//! A data set of one's own in the training loop of `gcnn`: say where the images come from, and choose a network.
//!
//! ```sh
//! cargo run --release --example own_images     # again: goes on where it was stopped, or reads what is finished
//! ```
//!
//! A network over the rotations by 90° learns to tell a hook from its mirror image, however it lies in the picture.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use burn::prelude::*;
use gcnn_datasets::{Augmentation, DatasetError, ImageDataset, ImageSource, Splits};
use gcnn_models::GcnnConfig;
use gcnn_train::run_file::TrainingConfig;
use gcnn_train::tasks::classification::Classification;
use gcnn_train::training::optimizer::OptimizerConfig;
use gcnn_train::training::progress::Silent;
use gcnn_train::training::run::{Report, train_own};
use gcnn_train::training::run_folder::RunFolder;
use gcnn_train::training::settings::Settings;
use rand::{RngExt, SeedableRng, rngs::StdRng};

const SIDE: usize = 20;

/// Pictures of hooks: a long arm, with a short one to its left or to its right.
#[derive(Debug)]
struct Hooks {
    seed: u64,
    /// Training, validation and test images.
    sizes: [usize; 3],
}

impl Hooks {
    /// The pictures of a split: every other hook is a mirror image.
    fn draw(&self, split: usize) -> Result<ImageDataset, DatasetError> {
        let mut random = StdRng::seed_from_u64(self.seed + ((split as u64) << 32));
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        for number in 0..self.sizes[split] {
            let mirrored = number % 2 == 1;
            let (long, short) = (
                random.random_range(6.0..9.0f32),
                random.random_range(3.0..5.0f32),
            );
            let (sin, cos) = random.random_range(0.0..std::f32::consts::TAU).sin_cos();
            pixels.extend((0..SIDE * SIDE).map(|place| {
                let [x, y] =
                    [place % SIDE, place / SIDE].map(|at| at as f32 + 0.5 - SIDE as f32 / 2.0);
                let [along, across] = [cos * x + sin * y, cos * y - sin * x];
                let across = if mirrored { -across } else { across };
                // The distance from an arm of so much to each side of its middle.
                let from = |along: f32, across: f32, half: f32| {
                    (along.abs() - half).max(0.0).hypot(across)
                };
                let arms = from(along, across, long / 2.0).min(from(
                    across - short / 2.0,
                    along - long / 2.0,
                    short / 2.0,
                ));
                ((2.0 - arms).clamp(0.0, 1.0) * 255.0) as u8
            }));
            labels.push(u8::from(mirrored));
        }
        ImageDataset::from_bytes(pixels, labels, [1, SIDE, SIDE], 2)?
            .with_class_names(["left", "right"])
    }
}

/// What every data set of images answers; the rest has answers of its own.
impl ImageSource for Hooks {
    fn validate(&self) -> Result<(), DatasetError> {
        Ok(())
    }

    fn load(&self) -> Result<Splits, DatasetError> {
        let [train, valid, test] = [0, 1, 2].map(|split| self.draw(split));
        Splits::new("hooks", "drawn", train?, valid?, test?)
    }

    fn is_light_on_dark(&self) -> bool {
        true
    }
}

fn train(folder: &Path, sizes: [usize; 3], epochs: usize) -> Result<Report, Box<dyn Error>> {
    let network = GcnnConfig {
        channels: vec![4, 4, 4],
        kernel_sizes: vec![5, 3, 3, 3],
        pool_after: vec![1],
        dropout: 0.0,
        ..GcnnConfig::p4cnn()
    };
    let settings = Settings::own("hooks")
        .with_seed(1)
        .with_optimizer(OptimizerConfig {
            lr: 5e-3,
            ..Default::default()
        })
        .with_training(TrainingConfig {
            epochs,
            batch_size: 20,
            ..Default::default()
        });
    let task = Classification::of_source(
        &Hooks { seed: 1, sizes },
        network.into(),
        Augmentation::none(),
        &settings,
    )?;
    let (device, folder) = (Device::flex(), RunFolder::at(folder));
    let run = train_own(
        &task,
        &settings,
        &device,
        &folder,
        &mut Silent,
        Arc::default(),
    )?;
    Ok(run.report)
}

fn main() -> Result<(), Box<dyn Error>> {
    println!(
        "{}",
        train(Path::new("runs/hooks"), [2000, 400, 400], 10)?.text()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_of_ones_own_is_learned_and_goes_on_with_the_same_images_alone() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let report = train(root.path(), [400, 100, 100], 3).expect("trained");
        let accuracy = report.test_values()["accuracy"];
        assert!(accuracy > 0.9, "{}", report.text());
        train(root.path(), [400, 100, 100], 4).expect("trained further");
        let error = train(root.path(), [360, 100, 100], 5).expect_err("other images");
        assert!(error.to_string().contains("other data"), "{error}");
    }
}
