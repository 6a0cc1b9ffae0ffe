//! From weights or a run file to a report: networks, examples, and every measurement on them.

use std::ops::Range;
use std::path::Path;

use burn::module::Module;
use burn::prelude::*;
use gcnn_datasets::NBodyBatch;
use gcnn_models::points::DynamicsModel;
use gcnn_train::TrainError;
use gcnn_train::error::chain;
use gcnn_train::finetune::{self, Tuning};
use gcnn_train::run_file::{Experiment, ParticleExperiment, RunConfig};
use gcnn_train::task::equivariance;
use gcnn_train::task::{Split, Task};
use gcnn_train::tasks::classification::{Classification, ImageFormat};
use gcnn_train::tasks::dynamics::{self, ParticleDynamics};
use gcnn_train::tasks::segmentation::{Segmentation, SegmentationFormat};
use gcnn_train::training::random;
use gcnn_train::weights::arrays::{self as weights, count_trainable};
use gcnn_train::weights::evaluation::{Loaded, LoadedNetwork};

use super::images::Probe;
use super::picture::Scene;
use super::pictured::Pictured;
use super::{Beginning, Choice, EquivarianceReport, PORTION, SWEPT, Stage, Subject, particles};
use crate::ProgramError;

/// Hears how many parts a report has and how many are measured.
pub type Seen<'a> = &'a mut dyn FnMut(usize, usize);

/// Measures trained weights, and those that their training started with, on the test split of their data or on data in
/// another place.
pub fn of_weights(
    path: &Path,
    data: Option<&Path>,
    choice: &Choice,
    device: &Device,
    seen: Seen,
) -> Result<EquivarianceReport, ProgramError> {
    let loaded = Loaded::open(path, device)?;
    let file = &loaded.file;
    let about = About {
        source: path,
        config: &file.config,
        // Weights that were trained elsewhere have no epoch.
        epoch: Some(file.epoch).filter(|epoch| *epoch > 0),
        choice,
        device,
    };
    match &loaded.network {
        LoadedNetwork::Images(network) => {
            let task = network.task(file, data, Split::Test)?;
            of_images(&task, Some(network.trained()?), &about, seen)
        }
        LoadedNetwork::Segmentation(network) => {
            let task = network.task(file, data, Split::Test)?;
            of_images(&task, Some(&network.model), &about, seen)
        }
        LoadedNetwork::Particles(network) => {
            let task = network.task(file, data, Split::Test)?;
            let own = &network.experiment;
            of_particles(&task, own, Some(&network.model), &about, seen)
        }
    }
}

/// Measures the weights that a run's training starts with, on the test split of its data or on data in another place.
pub fn of_config(
    path: &Path,
    config: &RunConfig,
    data: Option<&Path>,
    choice: &Choice,
    device: &Device,
    seen: Seen,
) -> Result<EquivarianceReport, ProgramError> {
    let about = About {
        source: path,
        config,
        epoch: None,
        choice,
        device,
    };
    match &config.experiment {
        Experiment::Images(own) => {
            let splits = own.dataset.load()?;
            let task = match data {
                None => Classification::new(splits, own, config)?,
                // The network is that of the run's own data, which also says how images are normalised.
                Some(_) => {
                    let format = ImageFormat::of(&splits)?;
                    Classification::of_split(own, config, format, data, Split::Test)?
                }
            };
            of_images(&task, None, &about, seen)
        }
        Experiment::Segmentation(own) => {
            let splits = own.dataset.load()?;
            let task = match data {
                None => Segmentation::new(splits, own, config)?,
                Some(_) => {
                    let format = SegmentationFormat::of(&splits, &own.dataset);
                    Segmentation::of_split(own, config, format, data, Split::Test)?
                }
            };
            of_images(&task, None, &about, seen)
        }
        Experiment::NBody(own) => {
            let task = ParticleDynamics::of_split(own, config, data, Split::Test)?;
            of_particles(&task, own, None, &about, seen)
        }
    }
}

/// What is measured, and how.
struct About<'a> {
    source: &'a Path,
    config: &'a RunConfig,
    /// Of trained weights.
    epoch: Option<usize>,
    choice: &'a Choice,
    device: &'a Device,
}

/// The network that a training starts with, ready for inference, and what is known about it.
struct Untrained<M> {
    model: M,
    beginning: Beginning,
    /// How many parameters are trained.
    parameters: usize,
}

impl About<'_> {
    /// `is_trained` says that there are weights at the training's other end.
    fn untrained<T: Task>(
        &self,
        task: &T,
        is_trained: bool,
    ) -> Result<Untrained<T::Model>, ProgramError> {
        let random = random::fresh(task, self.config.seed, &self.device.clone().autodiff())?;
        let parameters = count_trainable(&random);
        let untrained = |model: T::Model, beginning| Untrained {
            model: model.valid(),
            beginning,
            parameters,
        };
        // Where weights were trained elsewhere, nobody knows what they started as.
        if is_trained && self.epoch.is_none() {
            return Ok(untrained(random, Beginning::Random));
        }
        let Some(source) = &self.config.finetune else {
            return Ok(untrained(random, Beginning::OfTraining));
        };
        let tuning = Tuning::new(source, &random)?;
        let drawn = weights::collect(&random);
        let start = finetune::start(
            task,
            Some(&self.config.experiment),
            &source.from,
            &drawn,
            &tuning,
        );
        match start {
            Ok((start, _)) => {
                let model = weights::apply(random, &start).map_err(TrainError::Finetune)?;
                Ok(untrained(model, Beginning::OfTraining))
            }
            // A finished run no longer needs the network that it started from.
            Err(error) if is_trained => {
                tracing::warn!(
                    "random weights stand in for those that the training started with: {}",
                    chain(&error)
                );
                Ok(untrained(random, Beginning::Random))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// How many examples there are of those asked for; one that is named must be among all that there are.
    fn count(&self, task: &impl Task) -> Result<usize, ProgramError> {
        let all = task.examples(Split::Test);
        if all == 0 {
            let reason = "there are no examples in this data";
            return Err(ProgramError::Refused(reason.into()));
        }
        if let Some(example) = self.choice.example.filter(|example| *example >= all) {
            return Err(ProgramError::Refused(format!(
                "there is no example {example}: the data has {all} {}, counted from 0",
                task.unit()
            )));
        }
        Ok(self.choice.examples.clamp(1, all))
    }
}

/// Counts the parts that are measured: three of each stage, and what only a picture shows.
struct Parts<'a> {
    all: usize,
    done: usize,
    seen: Seen<'a>,
}

impl<'a> Parts<'a> {
    fn new(stages: usize, picture: bool, seen: Seen<'a>) -> Self {
        let all = 3 * stages + usize::from(picture);
        seen(all, 0);
        Self { all, done: 0, seen }
    }

    /// Passes on what is done.
    fn with<T>(&mut self, part: T) -> T {
        self.done += 1;
        (self.seen)(self.all, self.done);
        part
    }
}

fn of_images<T: Pictured>(
    task: &T,
    trained: Option<&T::Model>,
    about: &About,
    seen: Seen,
) -> Result<EquivarianceReport, ProgramError> {
    let (choice, device) = (about.choice, about.device);
    let count = about.count(task)?;
    let images = task.pictures(0..count, device)?;
    let untrained = about.untrained(task, trained.is_some())?;
    let mut parts = Parts::new(1 + usize::from(trained.is_some()), choice.picture, seen);
    let probed = trained.unwrap_or(&untrained.model);
    let outputs_of = |images: Tensor<4>| T::outputs(probed, images);
    let group = T::group(probed);
    let probe = Probe {
        group,
        outputs: &outputs_of,
        targets: task.answer_format(),
    };
    let example = match choice.example {
        Some(example) => example,
        None => probe.least_sure(images.clone()),
    };
    let one = task.pictures(example..example + 1, device)?;
    if choice.picture && one.dims()[2] == 1 {
        return Err(ProgramError::Refused(
            "--plot shows images as they turn; these are signals, whose numbers the table and --json have".into(),
        ));
    }
    let scene = match choice.picture {
        true => Some(parts.with(probe.scene(one.clone(), choice, task.pixels_by())?)),
        false => None,
    };
    let classes = task.answer_names();
    let mut stage = |model: &T::Model| {
        let outputs = |images: Tensor<4>| T::outputs(model, images);
        let probe = Probe {
            group: T::group(model),
            outputs: &outputs,
            targets: task.answer_format(),
        };
        Stage {
            survey: parts.with(probe.survey(images.clone())),
            sweep: parts.with(probe.sweep(images.clone())),
            growth: probe.growth(images.clone()),
            answers: parts.with(probe.answers(one.clone(), example, &classes)),
        }
    };
    Ok(EquivarianceReport {
        subject: Subject {
            source: about.source.display().to_string(),
            network: about.config.experiment.network(),
            symmetry: (group.order() > 1).then(|| group.to_string()),
            parameters: untrained.parameters,
            epoch: about.epoch,
            data: task.about_pictures().into(),
            examples: count,
            unit: task.unit().into(),
        },
        beginning: untrained.beginning,
        before: stage(&untrained.model),
        after: trained.map(stage),
        scene,
    })
}

fn of_particles(
    task: &ParticleDynamics,
    own: &ParticleExperiment,
    trained: Option<&DynamicsModel>,
    about: &About,
    seen: Seen,
) -> Result<EquivarianceReport, ProgramError> {
    let (choice, device) = (about.choice, about.device);
    if choice.layer.is_some() {
        return Err(ProgramError::Refused(
            "--layer chooses maps of a network for images; this one is for particles".into(),
        ));
    }
    let count = about.count(task)?;
    let data = task.simulations();
    let some = |simulations: Range<usize>| {
        data.batch(&simulations.map(|index| index as u32).collect::<Vec<_>>())
    };
    let on_device = |batch: &NBodyBatch| dynamics::particles(batch, &own.graph, device);
    let portions = (0..count)
        .step_by(PORTION)
        .map(|start| on_device(&some(start..count.min(start + PORTION))))
        .collect::<Result<Vec<_>, TrainError>>()?;
    let swept = on_device(&some(0..count.min(SWEPT)))?;
    let example = choice.example.unwrap_or(0);
    let one = some(example..example + 1);
    let one_now = on_device(&one)?;
    let untrained = about.untrained(task, trained.is_some())?;
    let mut parts = Parts::new(1 + usize::from(trained.is_some()), choice.picture, seen);
    let shown = trained.unwrap_or(&untrained.model);
    let models = std::iter::once(&untrained.model).chain(trained);
    let clouds = models.map(|model| particles::cloud(model, &one_now, &one.targets, &one.charges));
    let scene = choice
        .picture
        .then(|| parts.with(Scene::Clouds(clouds.collect())));
    let mut stage = |model: &DynamicsModel| {
        Ok::<_, ProgramError>(Stage {
            survey: parts.with(equivariance::particles::survey(model, &portions, count)?),
            sweep: parts.with(particles::sweep(model, &swept)?),
            growth: None,
            answers: parts.with(particles::answers(model, &one_now, example)),
        })
    };
    Ok(EquivarianceReport {
        subject: Subject {
            source: about.source.display().to_string(),
            network: format!("{} for particles", about.config.experiment.network()),
            symmetry: Some(particles::symmetry(shown).into()),
            parameters: untrained.parameters,
            epoch: about.epoch,
            data: task.about_data().into(),
            examples: count,
            unit: task.unit().into(),
        },
        beginning: untrained.beginning,
        before: stage(&untrained.model)?,
        after: trained.map(stage).transpose()?,
        scene,
    })
}
