//! Trained weights for use without this project's layers.
//!
//! | format | a file that holds |
//! | --- | --- |
//! | [`Plain`](ExportFormat::Plain) | a network of ordinary layers, which `gcnn` and [`Loaded`] take in place of the trained one |
//! | [`Pytorch`](ExportFormat::Pytorch) | the same under PyTorch's names and in its layouts; of particle networks the published form |
//!
//! `docs/pytorch.md` has the lines that load the second in PyTorch.

use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;

use burn::prelude::*;
use gcnn_models::file::keys;

use crate::TrainError;
use crate::task::{Split, Task};
use crate::tasks::classification::ImageFormat;
use crate::training::run_folder::to_json;
use crate::weights::arrays::{self as weights, collect};
use crate::weights::evaluation::{ImageNetwork, Loaded, LoadedNetwork};
use crate::weights::model_file::ModelFile;
use gcnn_models::export::official::to_official;
use gcnn_models::export::sequential::sequential;

/// The key of the metadata with the configuration of a network that is written in its published form.
pub const OFFICIAL_MODEL: &str = "gcnn.model";

/// What a network is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// Ordinary layers, filters expanded and normalisation folded, for `gcnn` and for Burn
    Plain,
    /// The same with the names and layouts of PyTorch; EGNN and NMP as their published code names them
    Pytorch,
}

impl ExportFormat {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Pytorch => "pytorch",
        }
    }

    /// What it is, in a few words.
    pub fn about(self) -> &'static str {
        match self {
            Self::Plain => {
                "Ordinary layers, filters expanded and normalisation folded, for `gcnn` and for Burn"
            }
            Self::Pytorch => {
                "The same with the names and layouts of PyTorch; EGNN and NMP as their published code names them"
            }
        }
    }
}

/// Writes a network's weights, whole or not at all.
pub fn write(loaded: &Loaded, format: ExportFormat, path: &Path) -> Result<(), TrainError> {
    match (&loaded.network, format) {
        (LoadedNetwork::Images(network), ExportFormat::Plain) => {
            network.trained()?;
            let file = ModelFile {
                plain: Some(network.model.describe(network.format.input())),
                ..loaded.file.clone()
            };
            file.save(path, &collect(&network.model))
        }
        (LoadedNetwork::Images(network), ExportFormat::Pytorch) => {
            let (modules, weights) = sequential(&network.model)?;
            let mut metadata = loaded.file.metadata(path)?;
            metadata.insert(keys::TORCH_MODULES.into(), to_json(path, &modules)?);
            weights::save(path, &weights, metadata)
        }
        (LoadedNetwork::Particles(network), ExportFormat::Pytorch) => {
            let model = &network.experiment.model;
            let official =
                to_official(model, &collect(&network.model)).map_err(TrainError::Mismatch)?;
            let metadata = HashMap::from([
                (keys::OFFICIAL.into(), model.kind().into()),
                (OFFICIAL_MODEL.into(), to_json(path, model)?),
            ]);
            weights::save(path, &official, metadata)
        }
        (LoadedNetwork::Segmentation(_), _) => Err(TrainError::Mismatch(
            "networks for pixels have no plain form: their maps are halved, enlarged and joined"
                .into(),
        )),
        (LoadedNetwork::Particles(_), ExportFormat::Plain) => Err(TrainError::Mismatch(
            "networks for particles have no plain form; --format pytorch writes egnn and nmp"
                .into(),
        )),
    }
}

/// How a network and what it was exported to compare on the same images.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// Which images, in words.
    pub images: String,
    /// The largest difference of a logit.
    pub difference: f64,
    /// The largest logit.
    pub largest: f64,
    /// Images a second, in batches, before and after.
    pub throughput: [f64; 2],
    /// Seconds for a single image, before and after.
    pub latency: [f64; 2],
}

/// Images of a comparison and of its batches.
const IMAGES: usize = 128;

/// Runs both on test images of the run, or on noise where there are none at hand.
pub fn compare(
    network: &ImageNetwork,
    file: &ModelFile,
    device: &Device,
) -> Result<Comparison, TrainError> {
    let (trained, plain) = (network.trained()?, &network.model);
    let (images, about) = match test_images(network, file, device) {
        Ok(Some(images)) => {
            let count = images.dims()[0];
            (images, format!("{count} test images"))
        }
        Ok(None) => (
            noise(&network.format, device),
            format!("{IMAGES} images of noise"),
        ),
        // An export needs no data; where it is missing or damaged, the comparison says so.
        Err(error) => (
            noise(&network.format, device),
            format!("{IMAGES} images of noise, since the test images cannot be had ({error})"),
        ),
    };
    let largest = |logits: Tensor<2>| {
        let values = logits.into_data();
        // `f64::max` would pass over what is not a number.
        values
            .iter::<f64>()
            .map(f64::abs)
            .max_by(f64::total_cmp)
            .unwrap_or(0.0)
    };
    let before = trained.forward(images.clone());
    let difference = largest(plain.forward(images.clone()) - before.clone());
    let single = images.clone().narrow(0, 0, 1);
    let both = |images: Tensor<4>, runs: usize| {
        let forward: [&dyn Fn(Tensor<4>) -> Tensor<2>; 2] =
            [&|x| trained.forward(x), &|x| plain.forward(x)];
        in_turns(forward, images, runs)
    };
    let count = images.dims()[0] as f64;
    Ok(Comparison {
        images: about,
        difference,
        largest: largest(before),
        throughput: both(images, 9).map(|seconds| count / seconds),
        latency: both(single, 51),
    })
}

/// Medians of the seconds that two networks take, one run of each after the other.
fn in_turns(
    networks: [&dyn Fn(Tensor<4>) -> Tensor<2>; 2],
    images: Tensor<4>,
    runs: usize,
) -> [f64; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..=runs {
        for (times, network) in times.iter_mut().zip(networks) {
            let start = Instant::now();
            // Reading the result waits for it.
            std::hint::black_box(network(images.clone()).into_data());
            times.push(start.elapsed().as_secs_f64());
        }
    }
    times.map(|mut times| {
        // The first run warms up.
        times.remove(0);
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    })
}

/// Some images of the test split, as the network takes them, if the data is there.
fn test_images(
    network: &ImageNetwork,
    file: &ModelFile,
    device: &Device,
) -> Result<Option<Tensor<4>>, TrainError> {
    let task = network.task(file, None, Split::Test)?;
    let count = task.examples(Split::Test).min(IMAGES);
    (count > 0)
        .then(|| task.test_images(0..count, device))
        .transpose()
}

fn noise(format: &ImageFormat, device: &Device) -> Tensor<4> {
    let shape = [IMAGES, format.channels, format.height, format.width];
    Tensor::random(shape, burn::tensor::Distribution::Normal(0.0, 1.0), device)
}
