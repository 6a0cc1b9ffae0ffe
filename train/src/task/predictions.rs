//! What a classifier says of every example of a split, and the table of it in a run folder.
//!
//! ```text
//! split,index,file,group,class,predicted,confidence,p:NAME,…
//! ```
//!
//! | column | what it holds |
//! | --- | --- |
//! | `split`, `index` | where the example stands: `valid` or `test`, counted from 0 |
//! | `file` | what it is called; empty where examples have no names |
//! | `group` | the number of what it was cut from; empty where nothing was cut |
//! | `factor` | what it was scaled or stretched by; the column is there where data has factors |
//! | `class`, `predicted` | its class, and the most probable one: by name |
//! | `confidence` | the probability of the predicted class |
//! | `p:NAME` | the probability of each class |
//!
//! Probabilities are those of `gcnn predict`: scores divided by the temperature that the run was calibrated to
//! ([`calibration`](crate::task::calibration)).

use std::path::Path;

use csv::Writer;
use gcnn_models::argmax;

use crate::TrainError;
use crate::files::write_atomically;
use crate::task::Split;
use crate::task::class_report::ClassReport;

/// Class scores of all examples of a split, with what is known of the examples.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictions {
    split: Split,
    classes: Vec<String>,
    labels: Vec<u8>,
    scores: Vec<f32>,
    groups: Option<Vec<u32>>,
    files: Option<Vec<String>>,
    factors: Option<Vec<f32>>,
}

impl Predictions {
    /// From a label and a row of log-probabilities for each example, one for each of the classes.
    ///
    /// # Errors
    /// Where there are no classes, a label is none of them, or there are not as many scores.
    pub fn new(
        split: Split,
        classes: Vec<String>,
        labels: Vec<u8>,
        scores: Vec<f32>,
    ) -> Result<Self, TrainError> {
        let known = labels
            .iter()
            .all(|label| usize::from(*label) < classes.len());
        if classes.is_empty() || !known || scores.len() != labels.len() * classes.len() {
            return Err(TrainError::Mismatch(format!(
                "{} scores do not stand for {} examples in {} classes",
                scores.len(),
                labels.len(),
                classes.len()
            )));
        }
        Ok(Self {
            split,
            classes,
            labels,
            scores,
            groups: None,
            files: None,
            factors: None,
        })
    }

    /// Says what each example was scaled or stretched by, where data has such factors.
    ///
    /// # Errors
    /// Where it is not said of each.
    pub fn with_factors(mut self, factors: Option<Vec<f32>>) -> Result<Self, TrainError> {
        self.check(factors.as_ref().map(Vec::len))?;
        self.factors = factors;
        Ok(self)
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
                "{found} names, groups or factors for {} examples",
                self.len()
            ))),
            _ => Ok(()),
        }
    }

    /// Those of several sets of examples, one after the other. Names and groups are kept where all have them.
    ///
    /// # Errors
    /// Where there is no set, or their classes are not the same.
    pub fn joined(sets: &[Self]) -> Result<Self, TrainError> {
        let Some(first) = sets.first() else {
            return Err(TrainError::Mismatch(
                "there are no predictions to put together".into(),
            ));
        };
        if sets.iter().any(|set| set.classes != first.classes) {
            return Err(TrainError::Mismatch(
                "predictions of different classes have nothing in common".into(),
            ));
        }
        let groups: Option<Vec<&[u32]>> = sets.iter().map(Self::groups).collect();
        let files: Option<Vec<&[String]>> = sets.iter().map(Self::files).collect();
        let factors: Option<Vec<&[f32]>> = sets.iter().map(|set| set.factors.as_deref()).collect();
        Ok(Self {
            split: first.split,
            classes: first.classes.clone(),
            labels: sets
                .iter()
                .flat_map(|set| set.labels.iter().copied())
                .collect(),
            scores: sets
                .iter()
                .flat_map(|set| set.scores.iter().copied())
                .collect(),
            groups: groups.map(|groups| groups.concat()),
            files: files.map(|files| files.concat()),
            factors: factors.map(|factors| factors.concat()),
        })
    }

    /// Whose examples they are.
    pub fn split(&self) -> Split {
        self.split
    }

    /// How many examples there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// What the classes are called.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The class of each example.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// The group of each example, where they have some.
    pub fn groups(&self) -> Option<&[u32]> {
        self.groups.as_deref()
    }

    /// The names of the examples, where they have some.
    pub fn files(&self) -> Option<&[String]> {
        self.files.as_deref()
    }

    /// The log-probabilities of each example.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        // There is at least one class.
        self.scores.chunks_exact(self.classes.len())
    }

    /// How the network does, class by class.
    pub fn class_report(&self) -> ClassReport {
        ClassReport::new(&self.scores, &self.labels, &self.classes, self.groups())
    }
}

/// Probabilities from a row of scores at a temperature. No numbers where the scores are none.
pub fn probabilities(scores: &[f32], temperature: f64) -> Vec<f64> {
    let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f64> = scores
        .iter()
        .map(|score| (f64::from(score - most) / temperature).exp())
        .collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

/// Writes the table of some splits, whole or not at all.
///
/// # Errors
/// Where the file cannot be written.
pub fn write(path: &Path, splits: &[&Predictions], temperature: f64) -> Result<(), TrainError> {
    let table = table(splits, temperature);
    let table = table.map_err(|source| TrainError::io("write", path)(source.into()))?;
    write_atomically(path, &table)
}

fn table(splits: &[&Predictions], temperature: f64) -> Result<Vec<u8>, csv::Error> {
    let mut writer = Writer::from_writer(Vec::new());
    let has_factors = splits.iter().any(|split| split.factors.is_some());
    let factor = has_factors.then_some("factor");
    if let Some(first) = splits.first() {
        let known = ["split", "index", "file", "group"]
            .into_iter()
            .chain(factor);
        let said = ["class", "predicted", "confidence"];
        let classes = first.classes.iter().map(|name| format!("p:{name}"));
        let fixed = known.chain(said).map(String::from);
        writer.write_record(fixed.chain(classes))?;
    }
    for split in splits {
        for (index, row) in split.rows().enumerate() {
            let predicted = argmax(row);
            let shares = probabilities(row, temperature);
            let file = split.files().map_or("", |files| files[index].as_str());
            let group = split.groups().map(|groups| groups[index].to_string());
            let number = |share: f64| format!("{share:.6}");
            let factors = split.factors.as_ref();
            let factor = factors.map(|factors| number(f64::from(factors[index])));
            let known = [
                split.split.to_string(),
                index.to_string(),
                file.to_string(),
                group.unwrap_or_default(),
            ];
            let said = [
                split.classes[usize::from(split.labels[index])].clone(),
                split.classes[predicted].clone(),
                number(shares[predicted]),
            ];
            let known = known.into_iter();
            let known = known.chain(has_factors.then(|| factor.unwrap_or_default()));
            let row = known.chain(said).chain(shares.into_iter().map(number));
            writer.write_record(row)?;
        }
    }
    writer.into_inner().map_err(|error| {
        let reason = std::io::Error::other(error.to_string());
        csv::Error::from(reason)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Predictions {
        let classes = ["no, thanks", "yes"].map(String::from).to_vec();
        let scores = [[0.75f32, 0.25], [0.5, 0.5]].as_flattened();
        let scores = scores.iter().map(|p| p.ln()).collect();
        Predictions::new(Split::Test, classes, vec![0, 1], scores).expect("two examples")
    }

    #[test]
    fn the_table_has_a_row_for_each_example_and_a_column_for_each_class() {
        let named = two()
            .with_files(Some(vec!["a \"b\".png".into(), "c.png".into()]))
            .expect("names");
        let grouped = two().with_groups(Some(vec![4, 7])).expect("groups");
        let bytes = table(&[&named, &grouped], 1.0).expect("a table");
        let text = String::from_utf8(bytes).expect("text");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[..3],
            [
                "split,index,file,group,class,predicted,confidence,\"p:no, thanks\",p:yes",
                "test,0,\"a \"\"b\"\".png\",,\"no, thanks\",\"no, thanks\",0.750000,0.750000,0.250000",
                // Of equal scores the first is the answer.
                "test,1,c.png,,yes,\"no, thanks\",0.500000,0.500000,0.500000",
            ]
        );
        assert!(lines[3].starts_with("test,0,,4,"), "{text}");
        assert_eq!(lines.len(), 5);
    }

    #[test]
    fn factors_have_a_column_where_there_are_some() {
        let scaled = two().with_factors(Some(vec![0.5, 1.25])).expect("factors");
        let bytes = table(&[&scaled, &two()], 1.0).expect("a table");
        let text = String::from_utf8(bytes).expect("text");
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[0].starts_with("split,index,file,group,factor,class,"),
            "{text}"
        );
        assert!(lines[2].starts_with("test,1,,,1.250000,yes,"), "{text}");
        assert!(lines[4].starts_with("test,1,,,,yes,"), "{text}");
        assert!(two().with_factors(Some(vec![1.0])).is_err());
    }

    #[test]
    fn a_temperature_changes_probabilities_and_no_answer() {
        let shares = probabilities(&[0.75f32.ln(), 0.25f32.ln()], 0.5);
        assert!((shares[0] - 0.9).abs() < 1e-6, "{shares:?}");
        let flat = probabilities(&[0.75f32.ln(), 0.25f32.ln()], 20.0);
        assert!(flat[0] > flat[1] && flat[0] < 0.52, "{flat:?}");
        assert!(probabilities(&[f32::NAN, 0.0], 1.0)[0].is_nan());
        let far = probabilities(&[-1e38, 0.0], 0.05);
        assert_eq!(far, [0.0, 1.0]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let names = vec!["a".to_string()];
        let new = |labels, scores| Predictions::new(Split::Test, names.clone(), labels, scores);
        assert!(new(vec![1], vec![0.0]).is_err());
        assert!(new(vec![0, 0], vec![0.0]).is_err());
        assert!(Predictions::new(Split::Test, Vec::new(), Vec::new(), Vec::new()).is_err());
        let one = new(vec![0], vec![0.0]).expect("one example");
        assert!(one.clone().with_groups(Some(Vec::new())).is_err());
        assert!(one.with_files(Some(Vec::new())).is_err());
    }
}
