//! From weights or a run file to a report: networks, examples, and every measurement on them.

use std::path::Path;

use burn::module::Module;
use burn::prelude::*;
use gcnn_models::ImageModel;
use gcnn_models::nbody::DynamicsModel;

use super::images::Probe;
use super::picture::Scene;
use super::{Choice, EquivarianceReport, Stage, Subject, particles};
use crate::TrainError;
use crate::classification::Classification;
use crate::config::{Experiment, RunConfig};
use crate::dynamics::{self, Motion};
use crate::evaluation::{Loaded, LoadedNetwork};
use crate::model_file::ModelFile;
use crate::task::{Split, Task};
use crate::trainer;
use crate::weights::count_trainable;

/// Measures trained weights, and fresh ones of the same run, on the test split of their data or on data in another place.
pub fn of_weights(
    path: &Path,
    data: Option<&Path>,
    choice: &Choice,
    device: &Device,
) -> Result<EquivarianceReport, TrainError> {
    let loaded = Loaded::open(path, device)?;
    let trained = |file: &ModelFile| Trained {
        source: path.display().to_string(),
        epoch: Some(file.epoch),
    };
    let config = &loaded.file.config;
    match &loaded.network {
        LoadedNetwork::Images(network) => {
            let task = network.task(&loaded.file, data, Split::Test)?;
            let model = Some(network.trained()?);
            of_images(&task, model, config, trained(&loaded.file), choice, device)
        }
        LoadedNetwork::Particles(network) => {
            let task = network.task(&loaded.file, data, Split::Test)?;
            let model = Some(&network.model);
            of_particles(&task, model, config, trained(&loaded.file), choice, device)
        }
    }
}

/// Measures fresh weights of a run on the test split of its data or on data in another place.
pub fn of_config(
    path: &Path,
    config: &RunConfig,
    data: Option<&Path>,
    choice: &Choice,
    device: &Device,
) -> Result<EquivarianceReport, TrainError> {
    let fresh = Trained {
        source: path.display().to_string(),
        epoch: None,
    };
    match &config.experiment {
        Experiment::Images(own) => {
            let dataset = match data {
                Some(path) => own.dataset.at(path),
                None => own.dataset.clone(),
            };
            let task = Classification::new(dataset.load()?, own, config)?;
            of_images(&task, None, config, fresh, choice, device)
        }
        Experiment::NBody(own) => {
            let mut dataset = own.dataset.clone();
            if let Some(path) = data {
                // Whatever is there is meant, not as many as the run would take.
                dataset = dataset.with_path(path).with_sizes([usize::MAX; 3]);
                dataset.particles = None;
            }
            let about = format!("{} simulations ({})", Split::Test, dataset.origin());
            let test = dataset.load_split(Split::Test)?;
            let task = Motion::of_simulations(test, about, own, config)?;
            of_particles(&task, None, config, fresh, choice, device)
        }
    }
}

/// What a report says of its weights.
struct Trained {
    source: String,
    epoch: Option<usize>,
}

/// The fresh network of a run, ready for inference, and how many parameters are trained.
fn fresh<T: Task>(
    task: &T,
    config: &RunConfig,
    device: &Device,
) -> Result<(T::Model, usize), TrainError> {
    let model = trainer::fresh(task, config, &device.clone().autodiff())?;
    let parameters = count_trainable(&model);
    Ok((model.valid(), parameters))
}

/// How many examples there are of those asked for; one that is named must be among all that there are.
fn count(task: &impl Task, choice: &Choice) -> Result<usize, TrainError> {
    let all = task.examples(Split::Test);
    if all == 0 {
        let reason = "there are no examples in this data";
        return Err(TrainError::Mismatch(reason.into()));
    }
    if let Some(example) = choice.example.filter(|example| *example >= all) {
        return Err(TrainError::Mismatch(format!(
            "there is no example {example}: the data has {all} {}, counted from 0",
            task.unit()
        )));
    }
    Ok(choice.examples.clamp(1, all))
}

/// What a plain network is built to commute with.
pub(super) const NO_SYMMETRY: &str = "no symmetry";

fn of_images(
    task: &Classification,
    trained: Option<&ImageModel>,
    config: &RunConfig,
    about: Trained,
    choice: &Choice,
    device: &Device,
) -> Result<EquivarianceReport, TrainError> {
    let count = count(task, choice)?;
    let images = task.test_images(0..count, device)?;
    let (untrained, parameters) = fresh(task, config, device)?;
    let probed = trained.unwrap_or(&untrained);
    let outputs_of = |images: Tensor<4>| probed.outputs(images);
    let group = probed.group();
    let probe = Probe {
        group,
        outputs: &outputs_of,
    };
    let example = match choice.example {
        Some(example) => example,
        None => probe.least_sure(images.clone()),
    };
    let one = task.test_images(example..example + 1, device)?;
    let scene = probe.scene(one.clone(), choice, task.normalisation())?;
    let classes = task.class_names();
    let stage = |model: &ImageModel| {
        let outputs = |images: Tensor<4>| model.outputs(images);
        let probe = Probe {
            group: model.group(),
            outputs: &outputs,
        };
        Stage {
            survey: probe.survey(images.clone()),
            sweep: probe.sweep(images.clone()),
            answers: probe.answers(one.clone(), example, &classes),
        }
    };
    let kind = match probed {
        ImageModel::Gcnn(_) => "CNN",
        ImageModel::DenseNet(_) => "DenseNet",
    };
    let (network, symmetry) = match group.order() {
        1 => (format!("plain {kind}"), NO_SYMMETRY.into()),
        _ => (format!("G-{kind} over {group}"), group.to_string()),
    };
    Ok(EquivarianceReport {
        subject: Subject {
            source: about.source,
            network,
            symmetry,
            parameters,
            epoch: about.epoch,
            data: task.about_data().into(),
            examples: count,
            unit: task.unit().into(),
        },
        before: stage(&untrained),
        after: trained.map(stage),
        scene,
    })
}

fn of_particles(
    task: &Motion,
    trained: Option<&DynamicsModel>,
    config: &RunConfig,
    about: Trained,
    choice: &Choice,
    device: &Device,
) -> Result<EquivarianceReport, TrainError> {
    let Experiment::NBody(own) = &config.experiment else {
        return Err(TrainError::Mismatch(
            "the run is not about particles".into(),
        ));
    };
    if choice.layer.is_some() {
        return Err(TrainError::Mismatch(
            "--layer chooses maps of a network for images; this one is for particles".into(),
        ));
    }
    let count = count(task, choice)?;
    let data = task.simulations();
    let many = data.batch(&(0..count as u32).collect::<Vec<_>>());
    let example = choice.example.unwrap_or(0);
    let one = data.batch(&[example as u32]);
    let now = dynamics::particles(&many, &own.graph, device)?;
    let one_now = dynamics::particles(&one, &own.graph, device)?;
    let (untrained, parameters) = fresh(task, config, device)?;
    let stage = |model: &DynamicsModel| {
        Ok::<_, TrainError>(Stage {
            survey: particles::survey(model, &now)?,
            sweep: particles::sweep(model, &now)?,
            answers: particles::answers(model, &one_now, example),
        })
    };
    let shown = trained.unwrap_or(&untrained);
    let models = std::iter::once(&untrained).chain(trained);
    let clouds = models.map(|model| particles::cloud(model, &one_now, &one.targets, &one.charges));
    let scene = Scene::Clouds(clouds.collect());
    Ok(EquivarianceReport {
        subject: Subject {
            source: about.source,
            network: format!("{} for particles", own.model.kind()),
            symmetry: particles::symmetry(shown).into(),
            parameters,
            epoch: about.epoch,
            data: task.about_data().into(),
            examples: count,
            unit: task.unit().into(),
        },
        before: stage(&untrained)?,
        after: trained.map(stage).transpose()?,
        scene,
    })
}
