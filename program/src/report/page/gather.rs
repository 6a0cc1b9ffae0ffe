//! From a run folder to its page.

use std::path::PathBuf;
use std::sync::Arc;

use burn::prelude::*;
use burn::tensor::TensorData;
use gcnn_datasets::{BatchLoader, BatchOptions, ImageDataset, Splits};
use gcnn_train::files::{read_text, write_atomically};
use gcnn_train::task::{Answers, Split, Task, evaluate_by};
use gcnn_train::tasks::classification::Classification;
use gcnn_train::training::run::{Answered, Report};
use gcnn_train::training::run_folder::RunFolder;
use gcnn_train::weights::evaluation::{ImageNetwork, Loaded, LoadedNetwork};

use super::pictures::{EXAMPLES, Example, Judged, SIDE, UNSURE, WRONG};
use super::said::notable;
use super::targets::{TargetPage, words};
use super::{ClassPage, Page, Said, said};
use crate::ProgramError;
use crate::report::bitmap::Tile;
use crate::report::errors;
use crate::report::symmetry::Choice;
use crate::report::symmetry::images::Probe;
use crate::report::symmetry::picture::{Scene, draw_maps};

/// Hears what is being done, how much of it is done, and how much there is.
pub type Seen<'a> = &'a mut dyn FnMut(&str, usize, usize);

/// What the work is called, and its parts.
const WRITING: &str = "writing report.html";
const PARTS: usize = 4;

/// Writes the page of a finished run into its folder. `images` are those of the run, with what was said of them; where they are
/// not at hand, they are read and looked at again. Nothing is written of a network for particles.
///
/// # Errors
/// Where the folder holds no finished run, or its images cannot be had.
pub fn write(
    folder: &RunFolder,
    images: Option<Answered>,
    device: &Device,
    seen: Seen,
) -> Result<Option<PathBuf>, ProgramError> {
    let Some(report) = Report::read(folder)? else {
        return Err(ProgramError::Refused(format!(
            "{} holds no report.json: its run is not finished, or it is not a run folder",
            folder.root().display()
        )));
    };
    let loaded = Loaded::open(folder.root(), device)?;
    let LoadedNetwork::Images(network) = &loaded.network else {
        return Ok(None);
    };
    let mut notes = notes(&report);
    let Answered { splits, answers } = match images {
        Some(images) => images,
        None => look_again(&loaded, network, device, &mut notes, seen)?,
    };
    seen(WRITING, 0, PARTS);
    let class_report = match (&answers, &report.classes) {
        (Answers::Classes(_), Some(classes)) => Some(classes.clone()),
        (Answers::Classes(predictions), None) => Some(predictions.class_report()),
        (Answers::Targets(_), _) => None,
    };
    let target_report = match (&answers, &report.targets) {
        (Answers::Targets(_), Some(targets)) => Some(targets.clone()),
        (Answers::Targets(predictions), None) => Some(predictions.report()),
        (Answers::Classes(_), _) => None,
    };
    let (said, turned) = match (&answers, &class_report, &target_report) {
        (Answers::Classes(predictions), Some(classes), _) => {
            let temperature = report.calibration.as_ref().map(|found| found.temperature);
            let [wrong, unsure] = notable(predictions, temperature.unwrap_or(1.0), WRONG, UNSURE);
            // What the network is least sure of shows most of how it turns.
            let turned = unsure.first().or(wrong.first()).map(|said| said.index);
            let judged = |said: Vec<said::Said>| {
                let shown = said.into_iter().map(|said| {
                    let tile = thumbnail(&splits.test, said.index)?;
                    Ok(Judged { tile, said })
                });
                shown.collect::<Result<Vec<Judged>, ProgramError>>()
            };
            let page = ClassPage {
                predictions,
                classes,
                wrong: judged(wrong)?,
                unsure: judged(unsure)?,
            };
            (Said::Classes(page), turned)
        }
        (Answers::Targets(predictions), _, Some(report)) => {
            errors::draw(&folder.root().join(errors::FILE), predictions)?;
            let page =
                TargetPage::new(predictions, report, |index| thumbnail(&splits.test, index))?;
            let turned = page.first();
            (Said::Targets(page), turned)
        }
        _ => return Ok(None),
    };
    seen(WRITING, 1, PARTS);
    let seed = loaded.file.config.seed;
    let examples = match &answers {
        Answers::Classes(predictions) => examples(&splits, network, predictions.classes(), seed)?,
        Answers::Targets(_) => examples_of_targets(&splits, network, seed)?,
    };
    seen(WRITING, 2, PARTS);
    let maps = match turned {
        Some(index) => maps(network, &splits.test, index, device)?,
        None => None,
    };
    seen(WRITING, 3, PARTS);
    let page = Page {
        folder: &folder.root().display().to_string(),
        network: &loaded.file.config.experiment.network(),
        report: &report,
        history: &folder.read_metrics()?,
        config: &read_text(&folder.config())?,
        notes: &notes,
        splits: &splits,
        said,
        examples,
        augmented: !network.experiment.augmentation.is_none()
            || network.experiment.augmentation.changes_colour(),
        maps,
    };
    let path = folder.page();
    write_atomically(&path, page.html().as_bytes())?;
    seen(WRITING, PARTS, PARTS);
    Ok(Some(path))
}

/// What the report itself says that one should know first.
fn notes(report: &Report) -> Vec<String> {
    let returns = report.returns.iter().map(|gone| {
        format!(
            "The training diverged in epoch {} and went back to the end of epoch {}, to {} times its learning rate.",
            gone.epoch, gone.to_epoch, gone.rate_factor
        )
    });
    let calibration = report.calibration.as_ref();
    let at_an_end = calibration.filter(|found| found.is_at_an_end()).map(|found| {
        format!(
            "The temperature came to an end of its range ({}): the validation images do not say how sure the network may be.",
            found.temperature
        )
    });
    let warnings = report.warnings.iter().cloned();
    returns.chain(at_an_end).chain(warnings).collect()
}

/// Reads a run's images and looks at its test split again.
fn look_again(
    loaded: &Loaded,
    network: &ImageNetwork,
    device: &Device,
    notes: &mut Vec<String>,
    seen: Seen,
) -> Result<Answered, ProgramError> {
    let splits = network.experiment.dataset.load()?;
    network.format.accepts(&splits.test)?;
    let config = &loaded.file.config;
    let task = Classification::new(splits.clone(), &network.experiment, config)?;
    let before = loaded.file.identity.get(&Split::Test.to_string());
    if before.is_some() && task.identity(Split::Test)?.as_ref() != before {
        notes.push(
            "The test images here are not those that the run had: figures and pictures do not belong together."
                .into(),
        );
    }
    let all = task.examples(Split::Test);
    let outcomes = evaluate_by(
        &task,
        Split::Test,
        network.inference(&task, device),
        |done| seen("looking at the test images", done, all),
    )?;
    let answers = task.answers(Split::Test, &outcomes)?;
    Ok(Answered { splits, answers })
}

fn thumbnail(images: &ImageDataset, index: usize) -> Result<Tile, ProgramError> {
    let mut values = vec![0.0; images.image_len()];
    images.try_copy_image(index, &mut values)?;
    Ok(tile(&values, images.shape()))
}

/// A picture small, or the curve of a signal.
fn tile(values: &[f32], shape: [usize; 3]) -> Tile {
    match shape {
        [_, 1, width] if width > 1 => Tile::of_signal(&values[..width], [SIDE / 2, SIDE]),
        _ => Tile::of_values(values, shape).within(SIDE),
    }
}

/// A few training images of each class, as the network sees them.
fn examples(
    splits: &Splits,
    network: &ImageNetwork,
    names: &[String],
    seed: u64,
) -> Result<Vec<Example>, ProgramError> {
    let each = (EXAMPLES / names.len().max(1)).clamp(1, 4);
    let labels = splits.train.labels();
    let mut found = Vec::new();
    for (class, name) in names.iter().enumerate().take(EXAMPLES) {
        let own = (0..labels.len()).filter(|index| usize::from(labels[*index]) == class);
        let own: Vec<usize> = own.collect();
        for number in 0..each.min(own.len()) {
            let index = own[number * own.len() / each.min(own.len())];
            found.extend(example(splits, network, index, name.clone(), seed)?);
        }
    }
    Ok(found)
}

/// The same of images that have something in place of a class, which stands below them.
fn examples_of_targets(
    splits: &Splits,
    network: &ImageNetwork,
    seed: u64,
) -> Result<Vec<Example>, ProgramError> {
    let Some(targets) = splits.train.targets() else {
        return Ok(Vec::new());
    };
    let count = EXAMPLES.min(targets.count());
    let mut found = Vec::with_capacity(count);
    for number in 0..count {
        let index = number * targets.count() / count;
        let words = words(targets.kind(), targets.names(), targets.row(index));
        found.extend(example(splits, network, index, words, seed)?);
    }
    Ok(found)
}

/// A training image as the network sees it.
fn example(
    splits: &Splits,
    network: &ImageNetwork,
    index: usize,
    class: String,
    seed: u64,
) -> Result<Option<Example>, ProgramError> {
    // Alone in their sets all would be moved alike, but for the epoch.
    let options = BatchOptions::new(1)
        .with_seed(seed)
        .with_epoch(index)
        .with_augmentation(network.experiment.augmentation.clone());
    let alone = Arc::new(splits.train.slice(index..index + 1));
    let batch = BatchLoader::new(alone, options)?.next_batch()?;
    Ok(batch.map(|batch| Example {
        tile: tile(&batch.pixels, splits.train.shape()),
        class,
    }))
}

/// Maps of a layer that turn with a test image, of a network that is built for a symmetry and has not lost its layers.
fn maps(
    network: &ImageNetwork,
    images: &ImageDataset,
    index: usize,
    device: &Device,
) -> Result<Option<String>, ProgramError> {
    let Some(model) = network.trained.as_ref() else {
        return Ok(None);
    };
    // Signals don't turn.
    if model.group().order() < 2 || images.height() == 1 {
        return Ok(None);
    }
    let mut pixels = vec![0.0; images.image_len()];
    images.try_copy_image(index, &mut pixels)?;
    let normalisation = &network.format.normalisation;
    normalisation.apply(&mut pixels);
    let [channels, height, width] = images.shape();
    let data = TensorData::new(pixels, [1, channels, height, width]);
    let probe = Probe {
        group: model.group(),
        outputs: &|images| model.outputs(images),
        targets: network.format.targets.as_ref(),
    };
    let choice = Choice {
        examples: 1,
        example: Some(index),
        layer: None,
        picture: true,
    };
    let scene = probe.scene(Tensor::from_data(data, device), &choice, normalisation)?;
    Ok(match scene {
        Scene::Strips(strips) => Some(draw_maps(&strips, "after training")),
        Scene::Clouds(_) => None,
    })
}
