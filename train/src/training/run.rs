//! A whole run: data, training, the one look at the test split, the report.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use burn::prelude::*;
use gcnn_datasets::{Description, Splits};
use toml::{Table, Value};

use crate::TrainError;
use crate::device::DeviceName;
use crate::files::{read_text, write_atomically};
use crate::run_file::{Experiment, RunConfig, flatten};
use crate::task::equivariance::{Survey, Symmetric};
use crate::task::metrics::Measure;
use crate::task::{Answers, Split, Task};
use crate::tasks::classification::Classification;
use crate::tasks::dynamics::ParticleDynamics;
use crate::tasks::segmentation::Segmentation;
use crate::training::advice;
use crate::training::closing::Closing;
use crate::training::progress::Reporter;
pub use crate::training::report::Report;
use crate::training::run_data::{RunData, identities};
use crate::training::run_folder::RunFolder;
use crate::training::settings::Settings;
use crate::training::trainer::Trainer;
use crate::weights::evaluation;

/// Everything a run is given.
pub struct Run<'a> {
    /// What to do.
    pub config: &'a RunConfig,
    /// Where to compute.
    pub device: &'a Device,
    /// Its name, for the report.
    pub device_name: DeviceName,
    /// Other devices, which take a share of every training step.
    pub helpers: &'a [Device],
    /// Where to write; a folder that is made when everything else is known to work.
    pub folder: &'a RunFolder,
    /// Whether to go on with the run in the folder.
    pub resume: bool,
    /// Who hears of it.
    pub reporter: &'a mut dyn Reporter,
    /// Set from outside to stop after the current batch.
    pub interrupt: Arc<AtomicBool>,
}

/// What a training leaves behind beside its folder.
pub struct Trained<M> {
    /// The network with the weights of the best validation epoch, ready for inference.
    pub model: M,
    /// `report.json`.
    pub report: Report,
    /// What the network said of the test examples, where an answer is a choice between classes, or what stands in their place.
    pub predictions: Option<Answers>,
}

/// The end of a run of a run file.
pub struct Ended {
    /// `report.json`.
    pub report: Report,
    /// Of a network for images, what it was shown and said.
    pub images: Option<Answered>,
}

/// The images of a run, and what its network says of those it was tested on.
pub struct Answered {
    /// The images.
    pub splits: Splits,
    /// Of the test split.
    pub answers: Answers,
}

/// Trains as the configuration says and reports. The run folder and the weights keep the configuration with the data that
/// `source = "auto"` meant.
pub fn train(run: Run) -> Result<Ended, TrainError> {
    let config = run.config.resolved()?;
    match &config.experiment {
        Experiment::Images(own) => {
            let splits = own.dataset.load()?;
            let task = Classification::new(splits.clone(), own, &config)?;
            let trained = train_task(&task, splits.description.clone(), &config, run)?;
            Ok(Ended {
                report: trained.report,
                images: trained
                    .predictions
                    .map(|answers| Answered { splits, answers }),
            })
        }
        Experiment::Segmentation(own) => {
            let splits = own.dataset.load()?;
            let description = splits.description.clone();
            let task = Segmentation::new(splits, own, &config)?;
            let trained = train_task(&task, description, &config, run)?;
            Ok(Ended {
                report: trained.report,
                images: None,
            })
        }
        Experiment::NBody(own) => {
            let splits = own.dataset.load()?;
            let description = splits.description.clone();
            let task = ParticleDynamics::new(splits, own, &config)?;
            let trained = train_task(&task, description, &config, run)?;
            Ok(Ended {
                report: trained.report,
                images: None,
            })
        }
    }
}

fn train_task<T: Symmetric>(
    task: &T,
    description: Description,
    config: &RunConfig,
    run: Run,
) -> Result<Trained<T::Model>, TrainError> {
    run.reporter.note(&format!("data: {description}"));
    let place = Place {
        devices: match config.devices.len() {
            0 | 1 => run.device_name.to_string(),
            _ => config.devices.join(", "),
        },
        device: run.device,
        helpers: run.helpers,
        folder: run.folder,
        resume: run.resume,
        reporter: run.reporter,
        interrupt: run.interrupt,
    };
    let settings = Settings::from(config);
    settle_and_train(task, &settings, description, place, |model, seen| {
        task.survey(model, run.device, seen).map(Some)
    })
}

/// Where and before whom a run happens.
struct Place<'a> {
    /// The devices in words, for the report.
    devices: String,
    device: &'a Device,
    helpers: &'a [Device],
    folder: &'a RunFolder,
    resume: bool,
    reporter: &'a mut dyn Reporter,
    interrupt: Arc<AtomicBool>,
}

/// Trains a task of one's own: records, best weights, checkpoints and a report in a run folder, as for the tasks of run files.
/// Where the folder holds a run of the same settings and data, it goes on, bit for bit as if it had not been interrupted; a
/// finished one is only read.
///
/// # Errors
/// Where settings cannot work, the folder holds another run or somebody is at work in it, or the task fails.
/// [`TrainError::Interrupted`] where `interrupt` was set, after everything was saved.
pub fn train_own<T: Task>(
    task: &T,
    settings: &Settings,
    device: &Device,
    folder: &RunFolder,
    reporter: &mut dyn Reporter,
    interrupt: Arc<AtomicBool>,
) -> Result<Trained<T::Model>, TrainError> {
    let resume = folder.config().is_file();
    if resume {
        let before = table(&Settings::rewritten(&read_text(&folder.config())?)?)?;
        compare_settings(before, table(&settings.to_toml()?)?)?;
    }
    let description = Description {
        name: settings.task(),
        origin: "the program's own".into(),
        items: task.unit().into(),
        train: task.examples(Split::Train),
        valid: task.examples(Split::Valid),
        test: task.examples(Split::Test),
    };
    let place = Place {
        devices: format!("{device:?}"),
        device,
        helpers: &[],
        folder,
        resume,
        reporter,
        interrupt,
    };
    settle_and_train(task, settings, description, place, |_, _| Ok(None))
}

/// Trains, and reports with what `symmetry` says of the trained network.
fn settle_and_train<T: Task>(
    task: &T,
    settings: &Settings,
    description: Description,
    place: Place,
    symmetry: impl FnOnce(&T::Model, Seen) -> Result<Option<Survey>, TrainError>,
) -> Result<Trained<T::Model>, TrainError> {
    let data = RunData {
        description,
        format: task.describe(),
        identity: identities(task)?,
    };
    let mut warnings = task.cautions();
    let (examples, batch_size) = (task.examples(Split::Train), settings.training.batch_size);
    warnings.extend(advice::before(examples, batch_size));
    let reporter = &mut *place.reporter;
    warnings
        .iter()
        .for_each(|said| reporter.note(&format!("note: {said}")));
    let trainer = Trainer::new(
        task,
        settings.clone(),
        place.device,
        place.folder.clone(),
        data.identity.clone(),
        place.reporter,
        place.interrupt,
    )?;
    // Now that data and network are known to work: a start that fails leaves nothing behind. The folder is held to the end.
    let _held = place.folder.take(place.resume)?;
    data.settle(place.folder)?;
    write_atomically(&place.folder.config(), settings.to_toml()?.as_bytes())?;
    let finished = trainer.with_helpers(place.helpers).run()?;
    let close = Closing {
        task,
        settings,
        identity: &data.identity,
        finished: &finished,
        folder: place.folder,
        device: place.device,
    };
    let history = place.folder.read_metrics()?;
    let late = advice::after(&history, task.examples(Split::Valid));
    let reporter = place.reporter;
    late.iter()
        .for_each(|said| reporter.note(&format!("note: {said}")));
    warnings.extend(late);
    let (outcomes, answers) = close.test(reporter)?;
    let (mut classes, mut calibration, mut targets) = (None, None, None);
    match &answers {
        Some(Answers::Classes(judged)) => {
            calibration = Some(close.calibrate(judged, reporter)?);
            classes = Some(judged.class_report());
        }
        Some(Answers::Targets(judged)) => {
            close.tabulate(judged, reporter)?;
            targets = Some(judged.report());
        }
        None => {}
    }
    let survey = symmetry(&finished.model, &mut |done, all| {
        reporter.closing("measuring the symmetry", done, all);
    })?;
    let measures: Vec<Measure> = task.measures(&outcomes);
    let report = Report {
        test: evaluation::to_json(&measures),
        test_examples: outcomes.len(),
        best_epoch: finished.best.epoch,
        validation: finished.best.measures,
        parameters: finished.parameters,
        returns: finished.returns,
        seed: settings.seed,
        device: place.devices,
        classes,
        calibration,
        targets,
        warnings,
        equivariance: survey.as_ref().map_or(Vec::new(), Survey::outcome),
        equivariance_examples: survey.map(|survey| survey.examples),
    };
    report.write(place.folder)?;
    Ok(Trained {
        model: finished.model,
        report,
        predictions: answers,
    })
}

/// Hears how much is done, and how much there is.
type Seen<'a> = &'a mut dyn FnMut(usize, usize);

/// What may differ in a run that goes on: its length, its place and its bookkeeping.
const MAY_DIFFER: [&str; 8] = [
    "output",
    "device",
    "devices",
    "training.epochs",
    "training.patience",
    "training.checkpoint_every",
    "training.on_divergence",
    "training.eval_batch_size",
];

/// Whether a run may go on under a changed configuration.
pub fn check_resumable(before: &RunConfig, now: &RunConfig) -> Result<(), TrainError> {
    // Run folders of older versions keep `source = "auto"`; whether it means the data of then is seen when they are read.
    let (before, now) = (before.resolved()?, now.resolved()?);
    let now = now.with_data_of(&before);
    compare_settings(table(&before.to_toml()?)?, table(&now.to_toml()?)?)
}

/// The keys of a configuration with their values.
fn table(text: &str) -> Result<BTreeMap<String, Value>, TrainError> {
    let table = text.parse::<Table>();
    let table = table.map_err(|e| TrainError::Mismatch(e.to_string()))?;
    Ok(flatten(&table))
}

/// Refuses settings that differ where they must not, and names them.
fn compare_settings(
    before: BTreeMap<String, Value>,
    now: BTreeMap<String, Value>,
) -> Result<(), TrainError> {
    let words = |value: Option<&Value>| value.map_or("left out".into(), Value::to_string);
    let mut names: Vec<&String> = before.keys().chain(now.keys()).collect();
    names.sort();
    names.dedup();
    let differing: Vec<String> = names
        .into_iter()
        .filter(|name| !MAY_DIFFER.contains(&name.as_str()))
        .filter(|name| before.get(*name) != now.get(*name))
        .map(|name| {
            let (before, now) = (words(before.get(name)), words(now.get(name)));
            format!("{name} (was {before}, now {now})")
        })
        .collect();
    if differing.is_empty() {
        return Ok(());
    }
    Err(TrainError::RunFolder(format!(
        "this run was started with other settings and can only be resumed with them; differing: {}",
        differing.join(", ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differing(before: &str, now: &str) -> Option<String> {
        // The carried digits: `auto` would look for others on this machine.
        let set = ["dataset.source=built-in".to_string()];
        let read =
            |text: &str| RunConfig::parse(text, "run.toml".as_ref(), &set).expect("a run file");
        let checked = check_resumable(&read(before), &read(now));
        checked.err().map(|error| error.to_string())
    }

    #[test]
    fn settings_that_differ_are_named_with_both_values_tables_too() {
        assert_eq!(
            differing("seed = 1\n", "seed = 1\n[training]\nepochs = 99\n"),
            None
        );
        let words = differing("seed = 1\n", "seed = 2\n").expect("another seed");
        assert!(words.ends_with("differing: seed (was 1, now 2)"), "{words}");
        // Only a table is new: the list was empty.
        let words = differing("", "[finetune]\nfrom = \"zoo:nuclei-c4\"\n").expect("fine-tuned");
        assert!(
            words.contains("finetune.from (was left out, now \"zoo:nuclei-c4\")"),
            "{words}"
        );
        let kernel = "[model]\nkernel = { basis = \"b-spline\" }\n";
        let words = differing("", kernel).expect("another kernel");
        assert!(
            words.contains("model.kernel.basis (was \"pixel\", now \"b-spline\")"),
            "{words}"
        );
    }
}
