//! Putting a finished run into the zoo of `gcnn-models`: its weights, and a card on which no figure is typed by hand.
//!
//! The card's figures come from the run's report; the intervals from evaluating the weights again, which also shows that
//! they give the report's figures.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use burn::prelude::*;
use gcnn_datasets::folders::data_folder;
use gcnn_datasets::images::Description;
use gcnn_models::zoo::{Card, ElementFigure, Figure, SplitSizes};
use gcnn_train::TrainError;
use gcnn_train::files::write_atomically;
use gcnn_train::run_file::{Experiment, RunConfig, last_part};
use gcnn_train::task::Split;
use gcnn_train::task::metrics::Measure;
use gcnn_train::training::run::Report;
use gcnn_train::training::run_folder::RunFolder;
use gcnn_train::weights::evaluation::Loaded;
use gcnn_train::weights::model_file::ModelFile;

use crate::ProgramError;

/// Bytes that a file of the zoo may have: all of them are part of every program that uses the crate.
const LARGEST: usize = 2_000_000;

/// How far, relative, a figure may be from the report's: another device adds up in another order.
const SAME: f64 = 1e-3;

/// What a run cannot tell about itself.
#[derive(Debug, Clone)]
pub struct Words {
    /// The network's name in the zoo.
    pub name: String,
    /// What it does, in a sentence.
    pub summary: String,
    /// Licence of the weights.
    pub licence: String,
    /// What to cite.
    pub citation: String,
}

/// Makes a zoo file of a finished run and lists it: `folder` is `models/zoo` of the source tree. `about` hears what is
/// being done.
pub fn add(
    run: &Path,
    words: &Words,
    folder: &Path,
    device: &Device,
    mut about: impl FnMut(&str),
) -> Result<(PathBuf, Card), ProgramError> {
    check_name(&words.name)?;
    if !folder.is_dir() {
        return Err(ProgramError::Zoo(format!(
            "{} is no folder: the zoo is models/zoo in the source tree, name it with --folder",
            folder.display()
        )));
    }
    let paths = RunFolder::at(run);
    let report = Report::read(&paths)?.ok_or_else(|| {
        ProgramError::Refused(format!(
            "{} holds no report.json: its run is not finished, or it is not a run folder",
            paths.root().display()
        ))
    })?;
    let history = paths.read_metrics()?;
    let (file, arrays) = ModelFile::load(run)?;
    check_bytes(4 * arrays.values().map(|a| a.values.len()).sum::<usize>())?;
    let loaded = Loaded::open(run, device)?;
    let config = loaded.file.config.clone();
    about("measuring the weights on the validation and the test split");
    let figures = |split, known: &BTreeMap<String, f64>| {
        let found = loaded.evaluate(None, split, device, |_, _| {})?;
        found
            .measures
            .iter()
            .map(|m| figure(m, split, known))
            .collect::<Result<Vec<Figure>, ProgramError>>()
    };
    let validation = figures(Split::Valid, &report.validation)?;
    let test = figures(Split::Test, &report.test_values())?;
    let data = describe(&config.experiment)?;
    let card = Card {
        name: words.name.clone(),
        summary: words.summary.clone(),
        task: config.experiment.task().to_string(),
        network: config.experiment.network(),
        parameters: report.parameters,
        data: format!(
            "{} ({})",
            data.name,
            without_folders(&data.origin, own_folder(&config.experiment).as_deref())
        ),
        examples: SplitSizes {
            train: data.train,
            valid: data.valid,
            test: data.test,
        },
        seed: report.seed,
        epochs: history.len(),
        best_epoch: report.best_epoch,
        seconds: history.iter().map(|record| record.seconds).sum(),
        device: report.device.clone(),
        validation,
        test,
        equivariance: report
            .equivariance
            .iter()
            .map(|e| ElementFigure {
                element: e.element.clone(),
                relative_error: e.relative_error,
                same_answer: e.same_answer,
            })
            .collect(),
        licence: words.licence.clone(),
        citation: words.citation.clone(),
    };
    let faults = card.faults();
    if !faults.is_empty() {
        return Err(ProgramError::Zoo(format!(
            "the card is not complete: {}",
            faults.join("; ")
        )));
    }
    let path = folder.join(format!("{}.safetensors", words.name));
    let file = ModelFile {
        config: portable(file.config)?,
        card: Some(card.clone()),
        ..file
    };
    let contents = gcnn_models::file::to_bytes(&arrays, file.metadata(&path)?)
        .map_err(|e| TrainError::weights(&path, e.to_string()))?;
    check_bytes(contents.len())?;
    write_atomically(&path, &contents)?;
    list(folder)?;
    Ok((path, card))
}

/// A name that is good as a file's name, an argument and a part of an address.
fn check_name(name: &str) -> Result<(), ProgramError> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !name.is_empty() && name.chars().all(good) && !name.starts_with('-') {
        return Ok(());
    }
    Err(ProgramError::Zoo(format!(
        "`{name}` is no name for the zoo: small letters, digits and hyphens, as in rotmnist-p4cnn"
    )))
}

fn check_bytes(found: usize) -> Result<(), ProgramError> {
    if found <= LARGEST {
        return Ok(());
    }
    Err(ProgramError::Zoo(format!(
        "the weights take {found} bytes, a file of the zoo may have {LARGEST}"
    )))
}

/// A measure as a figure of the card, if the report has the same.
fn figure(
    m: &Measure,
    split: Split,
    known: &BTreeMap<String, f64>,
) -> Result<Figure, ProgramError> {
    let reported = known.get(m.name).copied();
    let same = |reported: f64| (m.value - reported).abs() <= SAME * reported.abs();
    if !reported.is_some_and(same) {
        return Err(ProgramError::Zoo(format!(
            "on the {split} split the weights have {} {}, report.json says {}: are the data those of the run?",
            m.name,
            m.value,
            reported.map_or("nothing".into(), |value| value.to_string())
        )));
    }
    Ok(Figure {
        measure: m.name.to_string(),
        value: m.value,
        low: m.low,
        high: m.high,
    })
}

fn describe(experiment: &Experiment) -> Result<Description, ProgramError> {
    Ok(match experiment {
        Experiment::Images(own) => own.dataset.load()?.description,
        Experiment::Segmentation(own) => own.dataset.load()?.description,
        Experiment::NBody(own) => own.dataset.load()?.description,
    })
}

/// The folder that a run file names for its data.
fn own_folder(experiment: &Experiment) -> Option<PathBuf> {
    match experiment {
        Experiment::Segmentation(own) => own.dataset.path.clone(),
        Experiment::NBody(own) => own.dataset.path.clone(),
        Experiment::Images(own) => own.dataset.places().path,
    }
}

/// A sentence without the place of the data on this machine: their own folder's, or the data folder's.
fn without_folders(text: &str, own: Option<&Path>) -> String {
    let mut text = text.to_string();
    if let Some(own) = own {
        let short = last_part(own).display().to_string();
        text = text.replace(&own.display().to_string(), &short);
    }
    let folder = data_folder().display().to_string();
    text.replace(&format!("{folder}/"), "")
        .replace(&folder, "the data folder")
}

/// A configuration that means the same data on another machine, or none, but never other data.
fn portable(config: RunConfig) -> Result<RunConfig, ProgramError> {
    // Runs of older versions may have kept `source = "auto"`.
    Ok(config.resolved()?.without_places())
}

/// Writes the list that the crate is compiled from: every weights file of the folder.
fn list(folder: &Path) -> Result<(), ProgramError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(TrainError::io("read", folder))? {
        let path = entry.map_err(TrainError::io("read", folder))?.path();
        let name = path.file_stem().map(|stem| stem.to_string_lossy());
        if let (Some(name), true) = (name, path.extension().is_some_and(|e| e == "safetensors")) {
            names.push(name.into_owned());
        }
    }
    names.sort();
    let mut text =
        "// The files of this folder by name. Written by `gcnn zoo add`.\n&[\n".to_string();
    for name in names {
        text.push_str(&format!(
            "    (\"{name}\", include_bytes!(\"{name}.safetensors\")),\n"
        ));
    }
    text.push_str("]\n");
    Ok(write_atomically(&folder.join("list.rs"), text.as_bytes())?)
}
