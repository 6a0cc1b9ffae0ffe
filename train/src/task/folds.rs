//! The folds of a cross-validation together: what networks said of pictures that none of them was trained on.
//!
//! ```text
//! every picture is in the test split of one fold; its answer is that of this fold's network
//! accuracy = the share of all pictures that are answered rightly,   interval over pictures, or over groups of them
//! ```
//!
//! The networks share most of their training pictures: the mean of the folds' accuracies has no honest interval of its own
//! (Bengio and Grandvalet 2004), but that of the pictures says how far the figure would move with other pictures.

use std::path::Path;

use csv::{Reader, StringRecord};
use serde::Serialize;

use crate::TrainError;
use crate::task::calibration::Calibration;
use crate::task::class_report::ClassReport;
use crate::task::metrics::{Measure, Outcomes, interval_words, significant};
use crate::task::predictions::Predictions;
use crate::task::{Split, balanced};

/// What all folds together say.
#[derive(Debug, Serialize)]
pub struct Folds {
    /// The accuracy of each fold on its own test split.
    pub each: Vec<f64>,
    /// Pictures of all folds.
    pub pictures: usize,
    /// Over all pictures.
    pub accuracy: Measure,
    /// The mean over the classes.
    pub balanced_accuracy: Measure,
    /// The share of the largest class: what always answering it would reach.
    pub largest_class: f64,
    /// Class by class.
    pub classes: ClassReport,
    /// How far the probabilities, each at its own fold's temperature, are to be believed.
    pub calibration: Calibration,
}

impl Folds {
    /// From what each fold's network says of its test split.
    ///
    /// # Errors
    /// Where there are no folds, or not the same classes in all.
    pub fn new(folds: &[Predictions]) -> Result<Self, TrainError> {
        let pooled = Predictions::joined(folds)?;
        let outcomes = outcomes(&pooled);
        let each = folds
            .iter()
            .map(|fold| self::outcomes(fold).share(ACCURACY).value);
        let mut counts = vec![0usize; pooled.classes().len()];
        for label in pooled.labels() {
            counts[usize::from(*label)] += 1;
        }
        let largest = counts.into_iter().max().unwrap_or(0);
        Ok(Self {
            each: each.collect(),
            pictures: pooled.len(),
            accuracy: outcomes.share(ACCURACY),
            balanced_accuracy: balanced::measure(&outcomes),
            largest_class: largest as f64 / pooled.len().max(1) as f64,
            classes: pooled.class_report(),
            calibration: Calibration::new(&pooled, 1.0),
        })
    }

    /// In words and tables.
    pub fn text(&self) -> String {
        let each: Vec<String> = self.each.iter().map(|value| significant(*value)).collect();
        let mut text = format!(
            "{} folds together, {} pictures, each answered by a network that was not trained on it:\n",
            self.each.len(),
            self.pictures
        );
        for measure in [&self.accuracy, &self.balanced_accuracy] {
            text.push_str(&format!(
                "  {:<18} {}  ({})\n",
                measure.name.replace('_', " "),
                significant(measure.value),
                interval_words([measure.low, measure.high])
            ));
        }
        text.push_str(&format!(
            "  {:<18} {}\n  {:<18} {}\n",
            "largest class",
            significant(self.largest_class),
            "of each fold",
            each.join(", ")
        ));
        text.push_str(&self.classes.text());
        text
    }
}

const ACCURACY: &str = "accuracy";

/// 1 for each picture that is answered rightly, otherwise 0, beside its label and scores.
pub fn outcomes(predictions: &Predictions) -> Outcomes {
    let hits: Vec<f32> = predictions
        .rows()
        .zip(predictions.labels())
        .map(|(row, label)| f32::from(u8::from(gcnn_models::argmax(row) == usize::from(*label))))
        .collect();
    let mut outcomes = Outcomes::new(&[ACCURACY])
        .with_sources(predictions.groups().map(<[u32]>::to_vec))
        .with_labels(predictions.labels().to_vec());
    outcomes.extend(&hits);
    predictions
        .rows()
        .for_each(|row| outcomes.extend_scores(row));
    outcomes
}

/// The columns before the probabilities.
const FIXED: usize = 7;
/// The largest table that is read.
const LONGEST: u64 = 1 << 30;

/// Reads what a network said of a split from a table that a run wrote.
///
/// # Errors
/// Where there is no such table, or it is damaged.
pub fn read(path: &Path, split: Split) -> Result<Predictions, TrainError> {
    let fault = |found: String| TrainError::weights(path, found);
    let length = std::fs::metadata(path)
        .map_err(TrainError::io("read", path))?
        .len();
    if length > LONGEST {
        return Err(fault(format!(
            "{length} bytes are more than a table of predictions has"
        )));
    }
    let mut reader = Reader::from_path(path).map_err(|e| fault(e.to_string()))?;
    let header = reader.headers().map_err(|e| fault(e.to_string()))?.clone();
    let classes: Vec<String> = header
        .iter()
        .skip(FIXED)
        .map_while(|name| name.strip_prefix("p:").map(String::from))
        .collect();
    if classes.is_empty() || header.len() != FIXED + classes.len() || classes.len() > 256 {
        return Err(fault(
            "it has not the columns of a table of predictions".into(),
        ));
    }
    let (mut labels, mut scores) = (Vec::new(), Vec::new());
    let (mut files, mut groups) = (Vec::new(), Vec::new());
    let mut record = StringRecord::new();
    while reader
        .read_record(&mut record)
        .map_err(|e| fault(e.to_string()))?
    {
        let line = record.position().map_or(0, csv::Position::line);
        let value = |column: usize| record.get(column).unwrap_or_default();
        if value(0) != split.to_string() {
            continue;
        }
        let label = classes.iter().position(|name| name == value(4));
        let label = label
            .ok_or_else(|| fault(format!("line {line}: no class is called {:?}", value(4))))?;
        labels.push(label as u8);
        for column in FIXED..FIXED + classes.len() {
            let share: f32 = value(column).parse().map_err(|_| {
                fault(format!(
                    "line {line}: {:?} is no probability",
                    value(column)
                ))
            })?;
            // What was rounded to nothing is less than a millionth.
            scores.push(share.max(1e-7).ln());
        }
        files.push(value(2).to_string());
        groups.push(value(3).parse::<u32>().ok());
    }
    let named = files.iter().all(|file| !file.is_empty()) && !files.is_empty();
    let groups: Option<Vec<u32>> = groups.into_iter().collect();
    let grouped = groups.filter(|groups| !groups.is_empty());
    Predictions::new(split, classes, labels, scores)?
        .with_files(named.then_some(files))?
        .with_groups(grouped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::predictions;

    fn fold(labels: &[u8], right: &[bool], files: &[&str]) -> Predictions {
        let scores = labels.iter().zip(right).flat_map(|(label, right)| {
            let p = if (*label == 1) == *right { 0.8f32 } else { 0.2 };
            [(1.0 - p).ln(), p.ln()]
        });
        let names = ["no", "yes"].map(String::from).to_vec();
        let files = files.iter().map(|file| file.to_string()).collect();
        Predictions::new(Split::Test, names, labels.to_vec(), scores.collect())
            .and_then(|own| own.with_files(Some(files)))
            .expect("predictions")
    }

    #[test]
    fn pictures_are_pooled_and_not_the_folds() {
        let folds = [
            fold(&[0, 1, 1], &[true, true, false], &["a", "b", "c"]),
            fold(&[0], &[true], &["d"]),
        ];
        let found = Folds::new(&folds).expect("two folds");
        assert_eq!((found.pictures, found.accuracy.value), (4, 0.75));
        assert_eq!(found.each, [2.0 / 3.0, 1.0]);
        assert_eq!(found.balanced_accuracy.value, 0.75);
        assert_eq!(found.largest_class, 0.5);
        assert_eq!(found.classes.confusion, [[2, 0], [1, 1]]);
        assert!(
            found.text().contains("2 folds together, 4 pictures"),
            "{}",
            found.text()
        );
        assert!(Folds::new(&[]).is_err());
    }

    #[test]
    fn a_table_comes_back_as_it_was_written() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let path = root.path().join("predictions.csv");
        let written = fold(&[0, 1], &[true, false], &["x/a.png", "y/\"b\".png"]);
        let written = written.with_groups(Some(vec![3, 9])).expect("groups");
        predictions::write(&path, &[&written], 1.0).expect("written");
        let found = read(&path, Split::Test).expect("read");
        assert_eq!(
            (found.files(), found.groups()),
            (written.files(), written.groups())
        );
        assert_eq!(
            (found.labels(), found.classes()),
            (written.labels(), written.classes())
        );
        for (one, other) in found.rows().flatten().zip(written.rows().flatten()) {
            assert!((one.exp() - other.exp()).abs() < 1e-5);
        }
        assert!(read(&path, Split::Valid).expect("read").is_empty());
        for damage in [
            "",
            "a,b\n1,2\n",
            "split,index,file,group,class,predicted,confidence,p:no\ntest,0,a,,yes,no,1,1\n",
        ] {
            std::fs::write(&path, damage).expect("written");
            assert!(read(&path, Split::Test).is_err(), "{damage}");
        }
    }
}
