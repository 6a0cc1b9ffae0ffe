//! Columns of a table in place of its classes: numbers, or several labels.

use serde::{Deserialize, Serialize};

use crate::DatasetError;
use crate::images::TargetKind;
use crate::tables::{Row, Table, shown};

/// The most columns.
const MOST: usize = 256;

/// How alike two names are that one may be meant by the other: by Jaro and Winkler.
const NEAR: f64 = 0.7;

/// What is learned of the pictures of a table in place of their class: one of both, by the names of columns.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct TargetColumns {
    /// Columns with numbers: the network has one output for each. An empty cell is a number that nobody knows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<String>,
    /// Columns of 1 and 0, yes and no, or true and false: labels of which a picture may have several. An empty cell is one that nobody
    /// knows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
}

impl TargetColumns {
    /// Numbers in these columns.
    pub fn numbers(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            numbers: names.into_iter().map(Into::into).collect(),
            labels: Vec::new(),
        }
    }

    /// Labels in these columns.
    pub fn labels(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            numbers: Vec::new(),
            labels: names.into_iter().map(Into::into).collect(),
        }
    }

    /// What the columns hold.
    pub fn kind(&self) -> TargetKind {
        match self.labels.is_empty() {
            true => TargetKind::Numbers,
            false => TargetKind::Labels,
        }
    }

    /// The names of the columns.
    pub fn names(&self) -> &[String] {
        match self.kind() {
            TargetKind::Numbers => &self.numbers,
            TargetKind::Labels => &self.labels,
        }
    }

    /// Whether columns of one kind are named, each of them once.
    pub(super) fn check(&self) -> Result<(), DatasetError> {
        let wrong =
            |expected: &str, found: String| Err(DatasetError::setting("target", expected, found));
        if self.numbers.is_empty() == self.labels.is_empty() {
            let expected = "columns of one kind: numbers = [\"mass\"] or labels = [\"nucleus\"]";
            let found = if self.numbers.is_empty() {
                "none"
            } else {
                "both"
            };
            return wrong(expected, found.into());
        }
        let names = self.names();
        if names.len() > MOST {
            return wrong("at most 256 columns", names.len().to_string());
        }
        if let Some(name) = names.iter().find(|name| OTHERS.contains(&name.as_str())) {
            let expected = "columns other than file, class, group and split";
            return wrong(expected, shown(name));
        }
        let mut sorted: Vec<&String> = names.iter().collect();
        sorted.sort_unstable();
        match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => wrong("every column once", format!("{} twice", shown(pair[0]))),
            None => Ok(()),
        }
    }

    /// The numbers of the columns in a table.
    pub(super) fn places(&self, table: &Table) -> Result<Vec<usize>, DatasetError> {
        let place = |name: &String| {
            table.column(name)?.ok_or_else(|| {
                let names = table.names();
                let near = nearest(name, &names);
                let near = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
                let expected =
                    format!("a first line that names the column `{name}` of dataset.target");
                let found = format!("{} in line 1{near}", shown(&names.join(", ")));
                table.wrong(expected, found)
            })
        };
        self.names().iter().map(place).collect()
    }

    /// What a line has in these columns; NaN where a cell is empty.
    pub(super) fn row(&self, row: Row, places: &[usize]) -> Result<Vec<f32>, DatasetError> {
        let kind = self.kind();
        let value = |column: &usize| {
            let text = row.value(*column)?;
            let parsed = match kind {
                TargetKind::Numbers => number(text, row.has_decimal_commas()),
                TargetKind::Labels => label(text),
            };
            parsed.map_err(|expected| row.wrong(*column, expected))
        };
        let values: Vec<f32> = places.iter().map(value).collect::<Result<_, _>>()?;
        match (values.iter().any(|value| !value.is_nan()), places.first()) {
            (false, Some(column)) => {
                let names = self.names().join(", ");
                Err(row.wrong(
                    *column,
                    format!("something known of each picture in {names}"),
                ))
            }
            _ => Ok(values),
        }
    }
}

/// Columns that mean something else.
const OTHERS: [&str; 4] = ["file", "class", "group", "split"];

/// A finite number, or none where nothing stands; says what is expected.
fn number(text: &str, has_decimal_commas: bool) -> Result<f32, &'static str> {
    if text.is_empty() {
        return Ok(f32::NAN);
    }
    let parsed = match has_decimal_commas {
        true => text.replace(',', ".").parse::<f64>(),
        false => text.parse(),
    };
    match parsed.map(|value| value as f32) {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(_) => Err("a finite number below 3.4e38, or nothing where it is not known"),
        Err(_) => Err("a number, or nothing where it is not known"),
    }
}

/// 1 or 0, or none where nothing stands; says what is expected.
fn label(text: &str) -> Result<f32, &'static str> {
    let is = |words: [&str; 3]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    match text {
        "" => Ok(f32::NAN),
        text if is(["1", "yes", "true"]) || text == "1.0" => Ok(1.0),
        text if is(["0", "no", "false"]) || text == "0.0" => Ok(0.0),
        _ => Err("1 or 0, yes or no, true or false, or nothing where it is not known"),
    }
}

/// The name that is most like another, where one is.
fn nearest<'a>(name: &str, names: &'a [String]) -> Option<&'a String> {
    let name = name.to_lowercase();
    let likeness = |other: &String| strsim::jaro_winkler(&name, &other.to_lowercase());
    let near = names.iter().map(|other| (likeness(other), other));
    let near = near.filter(|(likeness, _)| *likeness > NEAR);
    near.max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// A column that could be learned.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TargetGuess {
    /// Its name.
    pub name: String,
    /// What it looks like.
    pub kind: TargetKind,
    /// Lines in which something stands.
    pub known: usize,
    /// The smallest and the largest value.
    pub range: [f32; 2],
}

/// The columns of a table that look like numbers or labels.
pub(super) fn guess(table: &Table) -> Result<Vec<TargetGuess>, DatasetError> {
    struct Seen {
        name: String,
        values: Vec<f32>,
        is_number: bool,
        is_label: bool,
    }
    let mut columns = Vec::new();
    for name in table.names() {
        let is_other = name.is_empty() || OTHERS.contains(&name.as_str());
        if let (false, Ok(Some(place))) = (is_other, table.column(&name)) {
            let (values, is_number, is_label) = (Vec::new(), true, true);
            columns.push((
                place,
                Seen {
                    name,
                    values,
                    is_number,
                    is_label,
                },
            ));
        }
    }
    table.each(|row| {
        for (place, seen) in &mut columns {
            let Ok(text) = row.value(*place) else {
                (seen.is_number, seen.is_label) = (false, false);
                continue;
            };
            let (number, label) = (number(text, row.has_decimal_commas()), label(text));
            seen.is_number &= number.is_ok();
            seen.is_label &= label.is_ok();
            if let Some(value) = label.or(number).ok().filter(|value| !value.is_nan()) {
                seen.values.push(value);
            }
        }
        Ok(())
    })?;
    let guesses = columns.into_iter().filter_map(|(_, seen)| {
        let least = seen.values.iter().copied().fold(f32::INFINITY, f32::min);
        let most = seen
            .values
            .iter()
            .copied()
            .fold(f32::NEG_INFINITY, f32::max);
        let kind = match (seen.is_label, seen.is_number) {
            // Of one value nothing can be learned.
            _ if seen.values.is_empty() || least == most => return None,
            (true, _) => TargetKind::Labels,
            (_, true) => TargetKind::Numbers,
            _ => return None,
        };
        Some(TargetGuess {
            name: seen.name,
            kind,
            known: seen.values.len(),
            range: [least, most],
        })
    });
    Ok(guesses.collect())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn cells_are_numbers_labels_or_empty() {
        assert_eq!(number("-1.5e3", false), Ok(-1500.0));
        assert_eq!(number("3,25", true), Ok(3.25));
        assert!(number("", false).is_ok_and(f32::is_nan) && label("").is_ok_and(f32::is_nan));
        for text in ["nan", "inf", "-infinity", "1e39"] {
            assert!(
                number(text, false).is_err_and(|e| e.contains("finite")),
                "{text}"
            );
        }
        for text in ["3,25", "heavy", "1 kg", "0x10", "--1"] {
            assert!(number(text, false).is_err(), "{text}");
        }
        for (text, expected) in [("Yes", 1.0), ("FALSE", 0.0), ("1", 1.0), ("0.0", 0.0)] {
            assert_eq!(label(text), Ok(expected), "{text}");
        }
        assert!(label("2").is_err() && label("maybe").is_err());
    }

    #[test]
    fn columns_of_one_kind_are_named_once() {
        let check = |target: TargetColumns| target.check().err().map(|e| e.to_string());
        assert_eq!(check(TargetColumns::numbers(["a", "b"])), None);
        let both = TargetColumns {
            labels: vec!["b".into()],
            ..TargetColumns::numbers(["a"])
        };
        for (target, words) in [
            (TargetColumns::default(), "found none"),
            (both, "found both"),
            (TargetColumns::labels(["a", "b", "a"]), "found \"a\" twice"),
            (TargetColumns::numbers(["class"]), "other than file, class"),
        ] {
            let error = check(target).expect(words);
            assert!(
                error.starts_with("target: expected ") && error.contains(words),
                "{error}"
            );
        }
    }

    #[test]
    fn columns_that_could_be_learned_are_found() {
        let text = b"file,class,mass,is_round,note,one,id\na,x,1.5,yes,7,3,A1\nb,x,,no,seven,3,A2\nc,y,2,,,3,A3\n";
        let table = Table::new(text, Path::new("labels.csv"), "file").expect("a table");
        let found = guess(&table).expect("columns");
        let of = |name: &str, kind, known, range| TargetGuess {
            name: name.into(),
            kind,
            known,
            range,
        };
        let mass = of("mass", TargetKind::Numbers, 2, [1.5, 2.0]);
        assert_eq!(
            found,
            [mass, of("is_round", TargetKind::Labels, 2, [0.0, 1.0])]
        );
        let names = table.names();
        assert_eq!(nearest("Mas", &names).map(String::as_str), Some("mass"));
        assert_eq!(nearest("zzz", &names), None);
    }
}
