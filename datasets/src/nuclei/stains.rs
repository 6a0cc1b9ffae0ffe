//! Which stains are trained on and which are tested on.

use std::collections::BTreeSet;

use super::names::TissueName;
use crate::DatasetError;
use crate::tables::shown;

/// The stains of training and validation images, and those of test images.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stains<'a> {
    pub(crate) train: Option<&'a [String]>,
    pub(crate) test: Option<&'a [String]>,
}

impl Stains<'_> {
    /// Whether an image of a stain may be trained on, and whether it may be tested on. A list that is left out has the stains that
    /// the other does not name; without either, all are in both.
    pub(crate) fn uses(&self, stain: &str) -> [bool; 2] {
        let has = |list: &[String]| list.iter().any(|named| named == stain);
        match (self.train, self.test) {
            (None, None) => [true; 2],
            (Some(train), None) => [has(train), !has(train)],
            (None, Some(test)) => [!has(test), has(test)],
            (Some(train), Some(test)) => [has(train), has(test)],
        }
    }

    /// Whether there are images of every stain that is named.
    pub(crate) fn check(&self, images: &[TissueName]) -> Result<(), DatasetError> {
        let known: BTreeSet<&str> = images.iter().map(|image| &image.stain[..]).collect();
        for (field, list) in [("train_stains", self.train), ("test_stains", self.test)] {
            let Some(list) = list else {
                continue;
            };
            if list.is_empty() {
                let expected = "at least one stain";
                return Err(DatasetError::setting(field, expected, "none"));
            }
            let unknown = list.iter().find(|stain| !known.contains(&stain[..]));
            if let Some(stain) = unknown {
                return Err(self.unknown(field, stain, &known));
            }
        }
        Ok(())
    }

    /// What is wrong with a stain that no image has.
    fn unknown(&self, field: &'static str, stain: &str, known: &BTreeSet<&str>) -> DatasetError {
        let named: Vec<&str> = known
            .iter()
            .copied()
            .filter(|stain| !stain.is_empty())
            .collect();
        let nearest = named.iter().max_by(|one, other| {
            let [one, other] = [one, other].map(|name| strsim::jaro_winkler(name, stain));
            one.total_cmp(&other)
        });
        let expected = match nearest {
            Some(nearest) => format!(
                "one of {} stains that images have, such as {nearest}",
                named.len()
            ),
            None => "images whose stains are known: a column `stain` in index.csv".into(),
        };
        DatasetError::setting(field, expected, shown(stain))
    }

    /// What the description of data says about them; nothing where nothing is said.
    pub(crate) fn words(&self) -> String {
        let of = |list: Option<&[String]>, what: &str| {
            list.map_or(String::new(), |list| {
                format!(", {what} on {}", list.join(", "))
            })
        };
        of(self.train, "trained") + &of(self.test, "tested")
    }
}
