//! Finished runs side by side: mean and interval over the runs that differ in nothing but their seed.
//!
//! ```text
//! runs with equal values of the settings `by` are a series, those with equal `over` too a point of it
//! point = mean of the runs' test measure, with Student's interval over runs
//! ```
//!
//! `over` is what the curve is drawn over, the share of the training images for example; without `by`, everything in which
//! the runs differ tells series apart. What examples were scaled by is no setting, but can be drawn over: see `factors`.

mod factors;
mod paired;
mod paired_targets;
mod plot;
mod runs;

use std::collections::BTreeMap;
use std::path::PathBuf;

use gcnn_train::files::same_file;
use gcnn_train::run_file::meaning;
use gcnn_train::task::interval::{self, Range};
use gcnn_train::task::metrics::significant;
use serde::Serialize;
use toml::Value;

use crate::ProgramError;
pub use paired::{Paired, PairedRuns};
pub use paired_targets::PairedTargets;
pub use plot::draw;
pub use runs::FinishedRun;
use runs::{differing, words};

/// What to compare.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// The setting that a curve is drawn over.
    pub over: Option<String>,
    /// The settings that tell series apart; none: all in which the runs differ.
    pub by: Vec<String>,
    /// The test measure; none: the one that runs of the task are judged by first.
    pub measure: Option<String>,
}

/// One run of a point.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Member {
    /// The run folder.
    pub run: PathBuf,
    /// The run's seed.
    pub seed: u64,
    /// Its test measure.
    pub value: f64,
}

/// Runs with equal settings.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// The values of the settings that tell series apart.
    pub by: Vec<String>,
    /// The value of the setting that the curve is drawn over.
    pub over: Option<f64>,
    /// The mean over runs.
    pub mean: f64,
    /// Its 95 % interval, where there are runs enough for one.
    pub interval: Option<[f64; 2]>,
    /// The runs.
    pub runs: Vec<Member>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The test measure.
    pub measure: String,
    /// The setting that curves are drawn over.
    pub over: Option<String>,
    /// The settings that tell series apart.
    pub by: Vec<String>,
    /// Series by series, each in the order of what it is drawn over.
    pub points: Vec<Point>,
    /// What makes the comparison less than fair, in words.
    pub notes: Vec<String>,
    /// What `over` means, for a picture.
    #[serde(skip)]
    pub over_words: String,
}

impl Comparison {
    /// Compares finished runs.
    pub fn new(runs: &[FinishedRun], question: &Question) -> Result<Self, ProgramError> {
        let Some(first) = runs.first() else {
            return Err(ProgramError::Refused(
                "none of the runs is finished: there is nothing to compare".into(),
            ));
        };
        if let Some(other) = runs.iter().find(|run| run.task != first.task) {
            return Err(ProgramError::Refused(format!(
                "{} is a run of {}, {} one of {}: they have nothing to compare",
                first.folder.display(),
                first.task,
                other.folder.display(),
                other.task
            )));
        }
        for (index, run) in runs.iter().enumerate() {
            let same = |other: &&FinishedRun| same_file(&other.folder, &run.folder);
            if let Some(twin) = runs[..index].iter().find(same) {
                return Err(ProgramError::Refused(format!(
                    "{} and {} are one run: taken twice, it would look more certain than it is",
                    twin.folder.display(),
                    run.folder.display()
                )));
            }
        }
        let over_factors = question.over.as_deref() == Some(factors::KEY);
        let over = question.over.iter().filter(|_| !over_factors);
        for key in question.by.iter().chain(over) {
            check_key(runs, key)?;
        }
        if over_factors {
            return factors::compare(runs, question);
        }
        let measure = measure(runs, question.measure.as_deref())?;
        let over = question.over.clone();
        let differing = differing(runs.iter());
        let by = series_of(differing, question);
        let mut series: Vec<Series> = Vec::new();
        for run in runs {
            let names: Vec<String> = by
                .iter()
                .map(|key| words(run.setting(key).as_ref()))
                .collect();
            let over = over.as_deref().map(|key| number(run, key)).transpose()?;
            let place = series.iter().position(|one| one.by == names);
            let place = place.unwrap_or_else(|| {
                series.push(Series {
                    by: names,
                    points: Vec::new(),
                });
                series.len() - 1
            });
            let points = &mut series[place].points;
            match points.iter_mut().find(|(other, _)| *other == over) {
                Some((_, members)) => members.push(run),
                None => points.push((over, vec![run])),
            }
        }
        let mut notes = Vec::new();
        let mut points = Vec::new();
        for one in &mut series {
            one.points
                .sort_by(|(a, _), (b, _)| a.unwrap_or(0.0).total_cmp(&b.unwrap_or(0.0)));
            for (over, members) in &one.points {
                notes.extend(caveats(members));
                points.push(point(&one.by, *over, members, &measure)?);
            }
        }
        if runs.iter().any(|run| run.folds.is_some()) {
            notes.push(
                "intervals of a single cross-validation are over its pictures, not over seeds"
                    .into(),
            );
        }
        let sizes = |run: &FinishedRun| run.report.test_examples;
        if runs.iter().any(|run| sizes(run) != sizes(first)) {
            notes.push("the runs were not tested on equally many examples".into());
        }
        notes.dedup();
        let over_words = over.as_deref();
        let over_words =
            over_words.map(|key| meaning(first.task, key).unwrap_or_else(|| key.into()));
        Ok(Self {
            measure,
            by,
            points,
            notes,
            over_words: over_words.unwrap_or_default(),
            over,
        })
    }

    /// As a table.
    pub fn text(&self) -> String {
        let mut head: Vec<String> = self.by.iter().chain(&self.over).cloned().collect();
        head.extend(["runs", &self.measure, "95 % interval"].map(String::from));
        let rows = self.points.iter().map(|point| {
            let mut row = point.by.clone();
            row.extend(point.over.map(|over| over.to_string()));
            row.push(point.runs.len().to_string());
            row.push(significant(point.mean));
            row.push(match point.interval {
                Some([low, high]) => format!("{} to {}", significant(low), significant(high)),
                None if point.runs.len() < 2 => "one run has none".into(),
                None => "too few runs for an interval".into(),
            });
            row
        });
        let table: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
        let columns = table[0].len();
        let width = |column: usize| {
            let cells = table.iter().map(|row| row[column].chars().count());
            cells.max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = String::new();
        for row in &table {
            let cells = row.iter().zip(&widths);
            let line: Vec<String> = cells
                .map(|(cell, width)| format!("{cell:width$}"))
                .collect();
            text.push_str(line.join("  ").trim_end());
            text.push('\n');
        }
        text
    }
}

/// The settings that tell series apart: those that are named, or all in which runs differ and that curves are not drawn over.
fn series_of(differing: Vec<String>, question: &Question) -> Vec<String> {
    match &question.by[..] {
        [] => {
            let all = differing.into_iter();
            all.filter(|key| Some(key) != question.over.as_ref())
                .collect()
        }
        given => given.to_vec(),
    }
}

/// Runs of a series, by what the curve is drawn over.
struct Series<'a> {
    by: Vec<String>,
    points: Vec<(Option<f64>, Vec<&'a FinishedRun>)>,
}

fn point(
    by: &[String],
    over: Option<f64>,
    runs: &[&FinishedRun],
    measure: &str,
) -> Result<Point, ProgramError> {
    let members: Vec<Member> = runs
        .iter()
        .map(|run| {
            let value = run.measure(measure).ok_or_else(|| {
                ProgramError::Refused(format!(
                    "{} reports no {measure}; it has {}",
                    run.folder.display(),
                    run.measures().join(", ")
                ))
            })?;
            if value.is_nan() {
                return Err(ProgramError::Refused(format!(
                    "the test {measure} of {} is not a number: leave the run out or compare another --measure",
                    run.folder.display()
                )));
            }
            Ok(Member {
                run: run.folder.clone(),
                seed: run.report.seed,
                value,
            })
        })
        .collect::<Result<_, ProgramError>>()?;
    let values: Vec<f64> = members.iter().map(|member| member.value).collect();
    let (mean, interval) = match runs {
        // All pictures, each answered by a network that was not trained on it.
        [run] if run.folds.is_some() => (values[0], run.interval(measure)),
        _ => interval::of_mean(&values, Range::of_measure(measure)),
    };
    Ok(Point {
        by: by.to_vec(),
        over,
        mean,
        interval,
        runs: members,
    })
}

/// Which part of a cross-validation is the test.
const FOLD: &str = "dataset.fold";

/// What is wrong with taking runs for repetitions of one another.
fn caveats(runs: &[&FinishedRun]) -> Vec<String> {
    let mut notes = Vec::new();
    let names: Vec<String> = runs
        .iter()
        .map(|run| run.folder.display().to_string())
        .collect();
    let others = differing(runs.iter().copied());
    if !others.is_empty() {
        notes.push(format!(
            "{} are taken together but differ in {}: add --by for it",
            names.join(", "),
            others.join(", ")
        ));
    }
    for (run, name) in runs.iter().zip(&names) {
        if let [.., last] = &run.report.returns[..] {
            notes.push(format!(
                "{name} diverged in epoch {} and went on at {} times its learning rate",
                last.epoch, last.rate_factor
            ));
        }
    }
    // Folds of one cross-validation have one seed, and other pictures.
    let is_fold = others.iter().any(|key| key == FOLD);
    let mut by_seed: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
    for (run, name) in runs.iter().zip(&names) {
        by_seed.entry(run.report.seed).or_default().push(name);
    }
    for (seed, same) in by_seed {
        if same.len() > 1 && !is_fold {
            notes.push(format!("{} have the same seed, {seed}", same.join(", ")));
        }
    }
    if is_fold {
        notes.push(format!(
            "{} are folds of a cross-validation: the folder that they are in stands for all of them, with an interval over the pictures",
            names.join(", ")
        ));
    }
    notes
}

fn measure(runs: &[FinishedRun], asked: Option<&str>) -> Result<String, ProgramError> {
    let measures = runs[0].measures();
    let found = match asked {
        Some(name) => measures.iter().find(|m| *m == name).cloned(),
        None => runs[0].first_measure(),
    };
    found.ok_or_else(|| {
        ProgramError::Refused(format!(
            "{} reports no {}; it has {}",
            runs[0].folder.display(),
            asked.unwrap_or("measure with an interval"),
            measures.join(", ")
        ))
    })
}

/// Refuses a setting that no run has.
fn check_key(runs: &[FinishedRun], key: &str) -> Result<(), ProgramError> {
    if runs.iter().any(|run| run.setting(key).is_some()) {
        return Ok(());
    }
    let known: Vec<String> = runs.iter().flat_map(|run| run.flat().into_keys()).collect();
    let names: Vec<&str> = known.iter().map(String::as_str).collect();
    let hint = gcnn_train::run_file::nearest(key, &names)
        .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    Err(ProgramError::Refused(format!(
        "no run has the setting `{key}`{hint}"
    )))
}

/// A setting of a run that is a number.
fn number(run: &FinishedRun, key: &str) -> Result<f64, ProgramError> {
    match run.setting(key) {
        Some(Value::Integer(value)) => Ok(value as f64),
        Some(Value::Float(value)) => Ok(value),
        other => Err(ProgramError::Refused(format!(
            "a curve over `{key}` takes numbers; in {} it is {}",
            run.folder.display(),
            other.map_or("left out".into(), |value| value.to_string())
        ))),
    }
}

#[cfg(test)]
mod tests;
