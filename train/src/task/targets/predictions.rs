//! What a network says of every example where answers are numbers or labels, and the table of it in a run folder.
//!
//! ```text
//! split,index,file,group,true:NAME,…,predicted:NAME,…      numbers, in their units
//! split,index,file,group,true:NAME,…,p:NAME,…              labels: 0 or 1, and how probable they are
//! ```
//!
//! What is not known is empty.

use std::path::Path;

use csv::{Reader, StringRecord, Writer};
use gcnn_datasets::images::TargetKind;

use super::{Judged, TargetReport};
use crate::TrainError;
use crate::files::write_atomically;
use crate::task::Split;

/// Answers for all examples of a split, with what is known of the examples.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetPredictions {
    split: Split,
    kind: TargetKind,
    names: Vec<String>,
    truths: Vec<f32>,
    answers: Vec<f32>,
    groups: Option<Vec<u32>>,
    files: Option<Vec<String>>,
}

/// The columns before the targets.
const FIXED: [&str; 4] = ["split", "index", "file", "group"];
/// What stands before the name of a target.
const TRUE: &str = "true:";
const PREDICTED: &str = "predicted:";
const PROBABLE: &str = "p:";
/// The largest table that is read.
const LONGEST: u64 = 1 << 30;

impl TargetPredictions {
    /// From a row of truths, NaN where one is not known, and a row of answers for each example.
    ///
    /// # Errors
    /// Where there are no names, or not as many answers as truths.
    pub fn new(
        split: Split,
        kind: TargetKind,
        names: Vec<String>,
        truths: Vec<f32>,
        answers: Vec<f32>,
    ) -> Result<Self, TrainError> {
        let fills = !names.is_empty() && truths.len().is_multiple_of(names.len());
        if !fills || truths.len() != answers.len() {
            return Err(TrainError::Mismatch(format!(
                "{} answers do not stand for {} values of {}",
                answers.len(),
                truths.len(),
                names.join(", ")
            )));
        }
        Ok(Self {
            split,
            kind,
            names,
            truths,
            answers,
            groups: None,
            files: None,
        })
    }

    /// Says what each example was cut from, where examples were cut from something.
    ///
    /// # Errors
    /// Where it is not said of each.
    pub fn with_groups(mut self, groups: Option<Vec<u32>>) -> Result<Self, TrainError> {
        self.check(groups.as_ref().map(Vec::len))?;
        self.groups = groups;
        Ok(self)
    }

    /// Says what each example is called, where examples have names.
    ///
    /// # Errors
    /// Where it is not said of each.
    pub fn with_files(mut self, files: Option<Vec<String>>) -> Result<Self, TrainError> {
        self.check(files.as_ref().map(Vec::len))?;
        self.files = files;
        Ok(self)
    }

    fn check(&self, found: Option<usize>) -> Result<(), TrainError> {
        match found {
            Some(found) if found != self.len() => Err(TrainError::Mismatch(format!(
                "{found} names or groups for {} examples",
                self.len()
            ))),
            _ => Ok(()),
        }
    }

    /// Those of several sets of examples, one after the other. Names and groups are kept where all have them.
    ///
    /// # Errors
    /// Where there is no set, or they are not of the same targets.
    pub fn joined(sets: &[Self]) -> Result<Self, TrainError> {
        let Some(first) = sets.first() else {
            return Err(TrainError::Mismatch(
                "there are no predictions to put together".into(),
            ));
        };
        let is_like = |set: &Self| (set.kind, &set.names) == (first.kind, &first.names);
        if !sets.iter().all(is_like) {
            return Err(TrainError::Mismatch(
                "predictions of different numbers or labels have nothing in common".into(),
            ));
        }
        let groups: Option<Vec<&[u32]>> = sets.iter().map(Self::groups).collect();
        let files: Option<Vec<&[String]>> = sets.iter().map(Self::files).collect();
        Ok(Self {
            split: first.split,
            kind: first.kind,
            names: first.names.clone(),
            truths: sets
                .iter()
                .flat_map(|set| set.truths.iter().copied())
                .collect(),
            answers: sets
                .iter()
                .flat_map(|set| set.answers.iter().copied())
                .collect(),
            groups: groups.map(|groups| groups.concat()),
            files: files.map(|files| files.concat()),
        })
    }

    /// The examples at these places.
    ///
    /// # Panics
    /// Where there is no such place.
    pub fn select(&self, places: &[usize]) -> Self {
        let width = self.names.len();
        let rows = |values: &[f32]| {
            let rows = places
                .iter()
                .map(|at| &values[at * width..(at + 1) * width]);
            rows.flatten().copied().collect()
        };
        Self {
            truths: rows(&self.truths),
            answers: rows(&self.answers),
            groups: (self.groups.as_ref()).map(|all| places.iter().map(|at| all[*at]).collect()),
            files: (self.files.as_ref())
                .map(|all| places.iter().map(|at| all[*at].clone()).collect()),
            ..self.clone()
        }
    }

    /// How many examples there are.
    pub fn len(&self) -> usize {
        self.truths.len() / self.names.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.truths.is_empty()
    }

    /// Whose examples they are.
    pub fn split(&self) -> Split {
        self.split
    }

    /// Numbers or labels.
    pub fn kind(&self) -> TargetKind {
        self.kind
    }

    /// What they are called.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// What is known, `[examples, names]`.
    pub fn truths(&self) -> &[f32] {
        &self.truths
    }

    /// What was said, `[examples, names]`.
    pub fn answers(&self) -> &[f32] {
        &self.answers
    }

    /// The group of each example, where they have some.
    pub fn groups(&self) -> Option<&[u32]> {
        self.groups.as_deref()
    }

    /// The names of the examples, where they have some.
    pub fn files(&self) -> Option<&[String]> {
        self.files.as_deref()
    }

    /// Answers beside truths, to be measured.
    pub fn judged(&self) -> Judged<'_> {
        let (truths, answers) = (&self.truths, &self.answers);
        Judged::new(self.kind, self.names.len(), truths, answers, self.groups())
    }

    /// How the network does, one by one.
    pub fn report(&self) -> TargetReport {
        TargetReport::new(self.kind, &self.names, &self.judged())
    }
}

/// Writes the table of some splits, whole or not at all.
///
/// # Errors
/// Where the file cannot be written.
pub fn write(path: &Path, splits: &[&TargetPredictions]) -> Result<(), TrainError> {
    let table = table(splits);
    let table = table.map_err(|source| TrainError::io("write", path)(source.into()))?;
    write_atomically(path, &table)
}

fn table(splits: &[&TargetPredictions]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = Writer::from_writer(Vec::new());
    if let Some(first) = splits.first() {
        let said = match first.kind {
            TargetKind::Numbers => PREDICTED,
            TargetKind::Labels => PROBABLE,
        };
        let names = |before: &'static str| {
            let names = first.names.iter();
            names.map(move |name| format!("{before}{name}"))
        };
        let fixed = FIXED.map(String::from).into_iter();
        writer.write_record(fixed.chain(names(TRUE)).chain(names(said)))?;
    }
    for split in splits {
        let width = split.names.len();
        let rows = split
            .truths
            .chunks_exact(width)
            .zip(split.answers.chunks_exact(width));
        for (index, (truths, answers)) in rows.enumerate() {
            let file = split.files().map_or("", |files| files[index].as_str());
            let group = split.groups().map(|groups| groups[index].to_string());
            let known = [
                split.split.to_string(),
                index.to_string(),
                file.to_string(),
                group.unwrap_or_default(),
            ];
            let cells = truths
                .iter()
                .chain(answers)
                .map(|value| match value.is_nan() {
                    true => String::new(),
                    false => value.to_string(),
                });
            writer.write_record(known.into_iter().chain(cells))?;
        }
    }
    writer.into_inner().map_err(|error| {
        let reason = std::io::Error::other(error.to_string());
        csv::Error::from(reason)
    })
}

/// Reads what a network said of a split from a table that a run wrote.
///
/// # Errors
/// Where there is no such table, or it is damaged.
pub fn read(path: &Path, split: Split) -> Result<TargetPredictions, TrainError> {
    let fault = |found: String| TrainError::weights(path, found);
    let length = std::fs::metadata(path)
        .map_err(TrainError::io("read", path))?
        .len();
    if length > LONGEST {
        let found = format!("{length} bytes are more than a table of predictions has");
        return Err(fault(found));
    }
    let mut reader = Reader::from_path(path).map_err(|e| fault(e.to_string()))?;
    let header = reader.headers().map_err(|e| fault(e.to_string()))?.clone();
    let (kind, names) = columns(&header)
        .ok_or_else(|| fault("it has not the columns of a table of numbers or labels".into()))?;
    let (mut truths, mut answers) = (Vec::new(), Vec::new());
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
        for column in FIXED.len()..header.len() {
            let number = match value(column) {
                "" => Ok(f32::NAN),
                text => text.parse::<f32>(),
            };
            let number = number.ok().filter(|number| !number.is_infinite());
            let number = number.ok_or_else(|| {
                fault(format!(
                    "line {line}: {:?} is no finite number",
                    value(column)
                ))
            })?;
            match column < FIXED.len() + names.len() {
                true => truths.push(number),
                false => answers.push(number),
            }
        }
        files.push(value(2).to_string());
        groups.push(value(3).parse::<u32>().ok());
    }
    let named = files.iter().all(|file| !file.is_empty()) && !files.is_empty();
    let groups: Option<Vec<u32>> = groups.into_iter().collect();
    let grouped = groups.filter(|groups| !groups.is_empty());
    TargetPredictions::new(split, kind, names, truths, answers)?
        .with_files(named.then_some(files))?
        .with_groups(grouped)
}

/// Whether a run's table of predictions is one of numbers or labels.
pub fn is_table(path: &Path) -> bool {
    let reader = Reader::from_path(path);
    reader.is_ok_and(|mut reader| {
        reader
            .headers()
            .is_ok_and(|header| columns(header).is_some())
    })
}

/// What the header of a table names.
fn columns(header: &StringRecord) -> Option<(TargetKind, Vec<String>)> {
    let fixed = header.iter().take(FIXED.len());
    let rest: Vec<&str> = header.iter().skip(FIXED.len()).collect();
    let count = rest.len() / 2;
    if !fixed.eq(FIXED) || count == 0 || count > 256 || rest.len() != 2 * count {
        return None;
    }
    let names = |of: &[&str], before: &str| -> Option<Vec<String>> {
        let names = of.iter().map(|name| name.strip_prefix(before));
        names.map(|name| name.map(String::from)).collect()
    };
    let truths = names(&rest[..count], TRUE)?;
    let kinds = [
        (TargetKind::Numbers, PREDICTED),
        (TargetKind::Labels, PROBABLE),
    ];
    let found = kinds
        .into_iter()
        .find(|(_, before)| names(&rest[count..], before).as_ref() == Some(&truths));
    found.map(|(kind, _)| (kind, truths))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two(kind: TargetKind) -> TargetPredictions {
        let names = ["mass, in kg", "radius"].map(String::from).to_vec();
        let truths = vec![1.0, f32::NAN, 0.0, 1.0];
        let answers = vec![0.9, 0.123_456_79, 0.2, 1e-7];
        TargetPredictions::new(Split::Test, kind, names, truths, answers).expect("two examples")
    }

    #[test]
    fn a_table_comes_back_as_it_was_written() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let path = root.path().join("predictions.csv");
        for kind in [TargetKind::Numbers, TargetKind::Labels] {
            let files = ["a \"b\".png", "c.png"].map(String::from).to_vec();
            let written = two(kind).with_files(Some(files)).expect("names");
            let written = written.with_groups(Some(vec![4, 7])).expect("groups");
            write(&path, &[&written]).expect("written");
            assert!(is_table(&path));
            let found = read(&path, Split::Test).expect("read");
            assert_eq!((found.kind(), found.names()), (kind, written.names()));
            assert_eq!(
                (found.files(), found.groups()),
                (written.files(), written.groups())
            );
            assert_eq!(found.answers(), written.answers());
            assert!(found.truths()[1].is_nan() && found.truths()[3] == 1.0);
            assert!(read(&path, Split::Valid).expect("read").is_empty());
            let joined = TargetPredictions::joined(&[found.clone(), written]).expect("two sets");
            assert_eq!((joined.len(), joined.select(&[3]).answers()[1]), (4, 1e-7));
        }
        assert!(TargetPredictions::joined(&[]).is_err());
        let others = [two(TargetKind::Numbers), two(TargetKind::Labels)];
        assert!(TargetPredictions::joined(&others).is_err());
    }

    #[test]
    fn damaged_tables_are_refused() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let path = root.path().join("predictions.csv");
        let head = "split,index,file,group,true:a,predicted:a\n";
        for damage in [
            "",
            "a,b\n1,2\n",
            "split,index,file,group,true:a,predicted:b\ntest,0,a,,1,2\n",
            "split,index,file,group,class,predicted,confidence,p:no\ntest,0,a,,yes,no,1,1\n",
            &format!("{head}test,0,a,,1,much\n"),
            &format!("{head}test,0,a,,1,inf\n"),
            &format!("{head}test,0,a,,1\n"),
        ] {
            std::fs::write(&path, damage).expect("written");
            assert!(read(&path, Split::Test).is_err(), "{damage}");
        }
    }
}
