//! `gcnn predict` on pictures: words, JSON or a table, and a score where it is known what they are.

use std::path::{Path, PathBuf};

use burn::prelude::*;
use gcnn_train::run_file::TaskName;
use gcnn_train::weights::evaluation::ImageNetwork;
use indicatif::{ProgressBar, ProgressDrawTarget};

use super::PredictArgs;
use super::faults::Faults;
use crate::ProgramError;
use crate::output;
use crate::predict::picture::{Prediction, predict};
use crate::predict::slide;
use crate::predict::truth::{self, Truth};

/// Answers for all pictures.
pub(super) fn answer(
    args: &PredictArgs,
    network: &ImageNetwork,
    files: &[PathBuf],
    device: &Device,
) -> Result<(), ProgramError> {
    let names = network.format.class_names();
    let truth = args.labels.as_deref().map(Truth::open).transpose()?;
    // Before anything is computed.
    let classes: Option<Vec<usize>> = truth
        .map(|truth| files.iter().map(|file| truth.of(file, &names)).collect())
        .transpose()?;
    let bar = ProgressBar::with_draw_target(
        Some(files.len() as u64),
        ProgressDrawTarget::stderr_with_hz(8),
    );
    let mut faults = Faults::default();
    let mut kept: Vec<Prediction> = Vec::new();
    let mut scored: Vec<(Prediction, usize)> = Vec::new();
    let mut shrunk = 0;
    if args.csv {
        output::text(row(&head(&names, classes.is_some()))?)?;
    }
    let mut number = 0;
    predict(network, files, device, |file, prediction| {
        bar.inc(1);
        let class = classes.as_ref().map(|classes| classes[number]);
        number += 1;
        let prediction = match prediction {
            Ok(prediction) => prediction,
            // One file at fault takes nothing from the others.
            Err(error) => {
                faults.add(file, error);
                return Ok(());
            }
        };
        shrunk += usize::from(is_shrunk(network, file));
        if args.csv {
            output::text(row(&cells(&names, &prediction, class))?)?;
        } else if !args.json {
            bar.suspend(|| output::line(words(&names, &prediction)))?;
        }
        match class {
            Some(class) => scored.push((prediction, class)),
            None if args.json => kept.push(prediction),
            None => {}
        }
        Ok(())
    })?;
    bar.finish_and_clear();
    if shrunk > 0 {
        output::say(format_args!(
            "note: {shrunk} pictures are larger than the patches that this network classifies, and were shrunk to one; --map gives a \
             class for every patch of them"
        ));
    }
    let score = match scored.is_empty() {
        true => None,
        false => Some(truth::score(&names, &scored)?),
    };
    if args.json {
        kept.extend(scored.into_iter().map(|(prediction, _)| prediction));
        let mut json = serde_json::json!({ "class_names": names, "predictions": kept });
        if let Some(score) = &score {
            json["score"] = serde_json::json!(score);
        }
        faults.tell(&mut json);
        output::line(&json)?;
    } else if let Some(score) = score {
        // A table stays a table.
        match args.csv {
            true => output::say(score.trim_end()),
            false => output::text(score)?,
        }
    }
    faults.result(files.len())
}

/// Whether a picture of many patches was taken for one.
fn is_shrunk(network: &ImageNetwork, file: &Path) -> bool {
    let dataset = &network.experiment.dataset;
    // Pictures of a folder are brought to a size in training, too.
    let is_patch = dataset.has_patches() && dataset.task() != TaskName::ImageFolder;
    is_patch && slide::size(file).is_ok_and(|size| slide::is_larger(&network.format, size))
}

fn head(names: &[String], scored: bool) -> Vec<String> {
    let fixed = ["file", "class", "confidence"].into_iter();
    let truth = scored.then_some("truth");
    let fixed = fixed.chain(truth).map(String::from);
    fixed
        .chain(names.iter().map(|name| format!("p:{name}")))
        .collect()
}

fn cells(names: &[String], p: &Prediction, truth: Option<usize>) -> Vec<String> {
    let number = |p: &f32| format!("{p:.6}");
    let fixed = [
        p.file.display().to_string(),
        names[p.class].clone(),
        number(&p.probabilities[p.class]),
    ];
    let truth = truth.map(|class| names[class].clone());
    let fixed = fixed.into_iter().chain(truth);
    fixed.chain(p.probabilities.iter().map(number)).collect()
}

/// A line of a table, with quotes where it needs some.
pub(super) fn row(cells: &[String]) -> Result<String, ProgramError> {
    let fault = |reason: String| ProgramError::Refused(reason);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer
        .write_record(cells)
        .map_err(|e| fault(e.to_string()))?;
    let bytes = writer.into_inner().map_err(|e| fault(e.to_string()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A picture's class and the three most probable ones.
fn words(names: &[String], p: &Prediction) -> String {
    let mut ranked: Vec<(usize, f32)> = p.probabilities.iter().copied().enumerate().collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    let shown: Vec<String> = ranked
        .iter()
        .take(3)
        .map(|(class, p)| format!("{}: {:.1} %", names[*class], p * 100.0))
        .collect();
    format!(
        "{}  class {}  ({})",
        p.file.display(),
        names[p.class],
        shown.join(", ")
    )
}
