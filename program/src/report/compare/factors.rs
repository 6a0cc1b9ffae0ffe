//! The test error against what examples were scaled or stretched by.
//!
//! ```text
//! bin b of eight   from s₀ + b (s₁ − s₀)/8 on, an eighth of the range of all factors wide
//! point            the share of the bin's test examples that are answered wrongly; over runs, the mean
//! ```
//!
//! Factors and answers stand in a run's `predictions.csv`.

use std::path::Path;

use csv::Reader;
use gcnn_train::task::interval::{self, Range};
use gcnn_train::training::run_folder::RunFolder;

use super::runs::{differing, words};
use super::{Comparison, FinishedRun, Member, Point, Question, series_of};
use crate::ProgramError;

/// What `--over` is called with.
pub(super) const KEY: &str = "factor";

/// How many bins there are.
const BINS: usize = 8;

/// The measure.
const ERROR: &str = "error";

/// A test example: its factor, and whether the answer is wrong.
type Outcome = (f64, bool);

/// Compares runs factor by factor.
pub(super) fn compare(
    runs: &[FinishedRun],
    question: &Question,
) -> Result<Comparison, ProgramError> {
    if let Some(other) = question.measure.as_deref().filter(|name| *name != ERROR) {
        return Err(ProgramError::Refused(format!(
            "over {KEY} there is the measure `{ERROR}`, the share of wrong answers, and no `{other}`"
        )));
    }
    let by = series_of(differing(runs.iter()), question);
    let outcomes = runs.iter().map(outcomes);
    let outcomes: Vec<Vec<Outcome>> = outcomes.collect::<Result<_, ProgramError>>()?;
    let all = || outcomes.iter().flatten().map(|(factor, _)| *factor);
    let low = all().fold(f64::INFINITY, f64::min);
    let high = all().fold(f64::NEG_INFINITY, f64::max);
    let width = ((high - low) / BINS as f64).max(f64::MIN_POSITIVE);
    let bin = |factor: f64| (((factor - low) / width) as usize).min(BINS - 1);
    let mut series: Vec<(Vec<String>, Vec<usize>)> = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        let names = by.iter().map(|key| words(run.setting(key).as_ref()));
        let names: Vec<String> = names.collect();
        match series.iter_mut().find(|(other, _)| *other == names) {
            Some((_, members)) => members.push(index),
            None => series.push((names, vec![index])),
        }
    }
    let mut points = Vec::new();
    for (names, members) in &series {
        for number in 0..BINS {
            let counts: Vec<(usize, usize, usize)> = members
                .iter()
                .map(|&run| {
                    let own = outcomes[run]
                        .iter()
                        .filter(|(factor, _)| bin(*factor) == number);
                    let wrong = own.clone().filter(|(_, wrong)| *wrong).count();
                    (run, wrong, own.count())
                })
                .filter(|(_, _, count)| *count > 0)
                .collect();
            let values: Vec<f64> = counts
                .iter()
                .map(|(_, wrong, count)| *wrong as f64 / *count as f64)
                .collect();
            let (mean, interval) = match counts[..] {
                [] => continue,
                [(_, wrong, count)] => {
                    let (low, high) = interval::wilson(wrong, count);
                    (values[0], Some([low, high]))
                }
                _ => interval::of_mean(&values, Range::of_measure("accuracy")),
            };
            let of_runs = counts.iter().zip(&values);
            points.push(Point {
                by: names.clone(),
                over: Some(rounded(low + (number as f64 + 0.5) * width)),
                mean,
                interval,
                runs: of_runs
                    .map(|((run, ..), value)| Member {
                        run: runs[*run].folder.clone(),
                        seed: runs[*run].report.seed,
                        value: *value,
                    })
                    .collect(),
            });
        }
    }
    Ok(Comparison {
        measure: ERROR.into(),
        by,
        points,
        notes: vec![
            "intervals of a single run are over its examples, those of several over runs".into(),
        ],
        over_words: "factor that examples were scaled by".into(),
        over: Some(KEY.into()),
    })
}

/// Two digits behind the point say where a bin is.
fn rounded(factor: f64) -> f64 {
    (factor * 1e2).round() / 1e2
}

/// The test examples of a run.
fn outcomes(run: &FinishedRun) -> Result<Vec<Outcome>, ProgramError> {
    let path = RunFolder::at(&run.folder).predictions();
    let fault = |reason: &str| ProgramError::Refused(format!("{}: {reason}", path.display()));
    read(&path, &fault)
}

fn read(path: &Path, fault: &dyn Fn(&str) -> ProgramError) -> Result<Vec<Outcome>, ProgramError> {
    let mut reader = Reader::from_path(path).map_err(|error| fault(&error.to_string()))?;
    let head = reader
        .headers()
        .map_err(|error| fault(&error.to_string()))?;
    let column = |name: &str| {
        let place = head.iter().position(|column| column == name);
        place.ok_or_else(|| {
            fault(&format!(
                "it has no column `{name}`: factors are known of data that was scaled or stretched at random"
            ))
        })
    };
    let (split, factor) = (column("split")?, column(KEY)?);
    let (class, predicted) = (column("class")?, column("predicted")?);
    let mut outcomes = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| fault(&error.to_string()))?;
        let cell = |place: usize| row.get(place).unwrap_or_default();
        if cell(split) != "test" {
            continue;
        }
        match cell(factor).parse::<f64>() {
            Ok(number) if number.is_finite() => {
                outcomes.push((number, cell(class) != cell(predicted)));
            }
            _ => {
                return Err(fault(&format!(
                    "the factor {:?} is no number",
                    cell(factor)
                )));
            }
        }
    }
    match outcomes.is_empty() {
        true => Err(fault("it has no test examples")),
        false => Ok(outcomes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_by_their_columns_and_damage_is_told() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let path = root.path().join("predictions.csv");
        let fault = |reason: &str| ProgramError::Refused(reason.into());
        let of = |text: &str| {
            std::fs::write(&path, text).expect("a table");
            read(&path, &fault)
        };
        let found = of("split,factor,class,predicted\nvalid,1,a,a\ntest,0.5,a,b\ntest,0.75,b,b\n");
        assert_eq!(found.ok(), Some(vec![(0.5, true), (0.75, false)]));
        for (text, word) in [
            ("split,class,predicted\ntest,a,a\n", "no column `factor`"),
            ("split,factor,class,predicted\ntest,much,a,a\n", "much"),
            (
                "split,factor,class,predicted\nvalid,1,a,a\n",
                "no test examples",
            ),
            ("split,factor,class,predicted\ntest,1\n", "fields"),
        ] {
            let error = of(text).expect_err("a fault").to_string();
            assert!(error.contains(word), "{error}");
        }
        assert!(read(&root.path().join("none.csv"), &fault).is_err());
    }
}
