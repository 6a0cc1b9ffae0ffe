//! `gcnn predict` with a network for numbers or labels: words, JSON or a table, and a score where it is known what is true.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::prelude::*;
use gcnn_datasets::image_folder::{TargetColumns, read_targets};
use gcnn_datasets::{Split, TargetKind};
use gcnn_train::task::metrics::{interval_words, significant};
use gcnn_train::task::targets::report::title;
use gcnn_train::task::targets::{TargetFormat, TargetPredictions};
use gcnn_train::weights::evaluation::ImageNetwork;
use indicatif::{ProgressBar, ProgressDrawTarget};
use serde::Serialize;

use super::PredictArgs;
use super::faults::Faults;
use super::pictures::row;
use crate::ProgramError;
use crate::output;
use crate::predict::picture::ask;

/// What a network says about a picture.
#[derive(Serialize)]
struct Answer {
    file: PathBuf,
    /// Numbers in their units, or how probable each label is.
    answers: Vec<f32>,
}

/// Answers for all pictures.
pub(super) fn answer(
    args: &PredictArgs,
    network: &ImageNetwork,
    format: &TargetFormat,
    files: &[PathBuf],
    device: &Device,
) -> Result<(), ProgramError> {
    // Before anything is computed.
    let truths = args.labels.as_deref();
    let truths = truths.map(|table| read(table, format, files)).transpose()?;
    let bar = ProgressBar::with_draw_target(
        Some(files.len() as u64),
        ProgressDrawTarget::stderr_with_hz(8),
    );
    let mut faults = Faults::default();
    let mut kept: Vec<Answer> = Vec::new();
    let (mut known, mut said) = (Vec::new(), Vec::new());
    if args.csv {
        output::text(row(&head(format, truths.is_some()))?)?;
    }
    let mut number = 0;
    ask(network, files, device, |file, found| {
        bar.inc(1);
        let truth = truths.as_ref().map(|truths| &truths[number]);
        number += 1;
        let found = match found {
            Ok(found) => found,
            // One file at fault takes nothing from the others.
            Err(error) => {
                faults.add(file, error);
                return Ok(());
            }
        };
        if args.csv {
            output::text(row(&cells(format, file, found, truth))?)?;
        } else if !args.json {
            let words = words(format, found);
            bar.suspend(|| output::line(format_args!("{}  {words}", file.display())))?;
        }
        if let Some(truth) = truth {
            known.extend_from_slice(truth);
            said.extend_from_slice(found);
        }
        if args.json {
            kept.push(Answer {
                file: file.to_path_buf(),
                answers: found.to_vec(),
            });
        }
        Ok(())
    })?;
    bar.finish_and_clear();
    let score = match known.is_empty() {
        true => None,
        false => {
            let names = format.names.clone();
            Some(TargetPredictions::new(
                Split::Test,
                format.kind,
                names,
                known,
                said,
            )?)
        }
    };
    if args.json {
        let mut json = serde_json::json!({
            "kind": format.kind,
            "names": format.names,
            "predictions": kept,
        });
        if let Some(score) = &score {
            json["score"] = serde_json::json!(score.report());
        }
        faults.tell(&mut json);
        output::line(&json)?;
    } else if let Some(score) = &score {
        // A table stays a table.
        let words = score_words(score);
        match args.csv {
            true => output::say(words.trim_end()),
            false => output::text(words)?,
        }
    }
    faults.result(files.len())
}

/// What is true of each file, by a table; NaN where it is not known.
fn read(
    table: &Path,
    format: &TargetFormat,
    files: &[PathBuf],
) -> Result<Vec<Vec<f32>>, ProgramError> {
    if table == Path::new("folders") {
        return Err(ProgramError::Refused(format!(
            "--labels folders is for classes; this network says {}: give a table with these columns and `file`",
            format.words()
        )));
    }
    let columns = match format.kind {
        TargetKind::Numbers => TargetColumns::numbers(format.names.clone()),
        TargetKind::Labels => TargetColumns::labels(format.names.clone()),
    };
    let root = table.parent().unwrap_or(Path::new(""));
    let rows = read_targets(table, &columns)?.into_iter();
    let rows: BTreeMap<PathBuf, Vec<f32>> = rows
        .map(|(file, values)| (root.join(file), values))
        .collect();
    let of = |file: &PathBuf| {
        rows.get(file).cloned().ok_or_else(|| {
            let (file, table) = (file.display(), table.display());
            ProgramError::Refused(format!("{file}: {table} does not name it"))
        })
    };
    files.iter().map(of).collect()
}

fn head(format: &TargetFormat, scored: bool) -> Vec<String> {
    let before = match format.kind {
        TargetKind::Numbers => "",
        TargetKind::Labels => "p:",
    };
    let names = |before: &str| -> Vec<String> {
        let names = format.names.iter();
        names.map(|name| format!("{before}{name}")).collect()
    };
    let truths = if scored { names("true:") } else { Vec::new() };
    [vec!["file".to_string()], names(before), truths].concat()
}

fn cells(
    format: &TargetFormat,
    file: &Path,
    answers: &[f32],
    truth: Option<&Vec<f32>>,
) -> Vec<String> {
    let answers = answers.iter().map(|answer| match format.kind {
        TargetKind::Numbers => answer.to_string(),
        TargetKind::Labels => format!("{answer:.6}"),
    });
    let truths = truth
        .into_iter()
        .flatten()
        .map(|value| match value.is_nan() {
            true => String::new(),
            false => value.to_string(),
        });
    let file = std::iter::once(file.display().to_string());
    file.chain(answers).chain(truths).collect()
}

/// The answers to a picture.
fn words(format: &TargetFormat, answers: &[f32]) -> String {
    let each = format.names.iter().zip(answers);
    let words = each.map(|(name, answer)| match format.kind {
        TargetKind::Numbers => format!("{name} {}", significant(f64::from(*answer))),
        TargetKind::Labels => format!("{name}: {:.1} %", 100.0 * answer),
    });
    words.collect::<Vec<String>>().join(", ")
}

fn score_words(score: &TargetPredictions) -> String {
    let measures = score.judged().measures().into_iter();
    let lines = measures.map(|measure| {
        format!(
            "{} {} of {} pictures  ({})\n",
            title(measure.name),
            significant(measure.value),
            score.len(),
            interval_words([measure.low, measure.high])
        )
    });
    lines.collect::<String>() + &score.report().text()
}
