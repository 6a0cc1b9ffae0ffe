//! What images have in place of a class: numbers, or several labels.
//!
//! ```text
//! numbers   mass = 3.25, radius not known            any finite number
//! labels    nucleus = 1, mitosis = 0, debris = 1     0 or 1, whatever the others are
//! ```
//!
//! What is not known of an image is no number (NaN) here, and takes part in nothing. Of every image something is known.

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::pixels::gather;
use crate::DatasetError;

/// What the targets of images are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TargetKind {
    /// Any numbers.
    Numbers,
    /// Yes or no, 1 or 0, each for itself.
    Labels,
}

/// The targets of images: a row for each image, a column for each name.
#[derive(Debug, Clone, PartialEq)]
pub struct Targets {
    kind: TargetKind,
    names: Arc<[String]>,
    values: Vec<f32>,
}

/// The most targets that an image has.
const MOST: usize = 256;

impl Targets {
    /// From rows of values, one after the other; NaN where a value is not known.
    ///
    /// ```
    /// use gcnn_datasets::images::{TargetKind, Targets};
    ///
    /// let names = ["mass", "radius"].map(String::from);
    /// let targets = Targets::new(TargetKind::Numbers, names, vec![3.25, f32::NAN, 1.5, 2.0])?;
    /// assert_eq!((targets.count(), targets.known(1).collect::<Vec<f32>>()), (2, vec![2.0]));
    /// # Ok::<(), gcnn_datasets::DatasetError>(())
    /// ```
    ///
    /// # Errors
    /// Where there are no names, more than 256, or one of them twice; where values do not fill rows, are infinite or, of labels,
    /// neither 0 nor 1; and where nothing is known of an image.
    pub fn new(
        kind: TargetKind,
        names: impl IntoIterator<Item = String>,
        values: Vec<f32>,
    ) -> Result<Self, DatasetError> {
        let names: Arc<[String]> = names.into_iter().collect();
        let wrong =
            |expected: &str, found: String| Err(DatasetError::setting("targets", expected, found));
        let mut sorted: Vec<&String> = names.iter().collect();
        sorted.sort_unstable();
        sorted.dedup();
        if names.is_empty() || names.len() > MOST || sorted.len() != names.len() {
            return wrong("1 to 256 different names", names.join(", "));
        }
        if !values.len().is_multiple_of(names.len()) {
            let found = format!("{} values", values.len());
            return wrong("a value of each name for each image", found);
        }
        let is_valid = |value: &f32| match kind {
            TargetKind::Numbers => !value.is_infinite(),
            TargetKind::Labels => value.is_nan() || *value == 0.0 || *value == 1.0,
        };
        if let Some(value) = values.iter().find(|value| !is_valid(value)) {
            let expected = match kind {
                TargetKind::Numbers => "finite numbers",
                TargetKind::Labels => "labels that are 0 or 1",
            };
            return wrong(expected, value.to_string());
        }
        let rows = values.chunks_exact(names.len());
        if let Some(row) = rows
            .into_iter()
            .position(|row| row.iter().all(|v| v.is_nan()))
        {
            return wrong(
                "something known of each image",
                format!("nothing of image {row}"),
            );
        }
        Ok(Self {
            kind,
            names,
            values,
        })
    }

    /// What they are.
    pub fn kind(&self) -> TargetKind {
        self.kind
    }

    /// What they are called.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Of how many images they are.
    pub fn count(&self) -> usize {
        self.values.len() / self.names.len()
    }

    /// All of them, `[images, names]`; NaN where one is not known.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Those of an image. Panics if there is no such image.
    pub fn row(&self, image: usize) -> &[f32] {
        let width = self.names.len();
        &self.values[image * width..(image + 1) * width]
    }

    /// The values of a name that are known.
    pub fn known(&self, name: usize) -> impl Iterator<Item = f32> + '_ {
        let of_name = self.values.iter().skip(name).step_by(self.names.len());
        of_name.copied().filter(|value| !value.is_nan())
    }

    /// Whether others are of the same kind and names.
    pub fn is_like(&self, other: &Self) -> bool {
        (self.kind, &self.names) == (other.kind, &other.names)
    }

    pub(super) fn slice(&self, images: Range<usize>) -> Self {
        let width = self.names.len();
        self.with_values(self.values[images.start * width..images.end * width].to_vec())
    }

    pub(super) fn select(&self, places: &[usize]) -> Self {
        self.with_values(gather(&self.values, places, self.names.len()))
    }

    /// Several sets, which are alike, one after the other; none where there are no sets.
    pub(super) fn concatenate(parts: &[&Self]) -> Option<Self> {
        let values = parts.iter().flat_map(|part| &part.values).copied();
        Some(parts.first()?.with_values(values.collect()))
    }

    fn with_values(&self, values: Vec<f32>) -> Self {
        Self {
            values,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(kind: TargetKind, names: &[&str], values: &[f32]) -> Result<Targets, DatasetError> {
        Targets::new(
            kind,
            names.iter().map(|name| name.to_string()),
            values.to_vec(),
        )
    }

    #[test]
    fn rows_stay_with_their_images() {
        let nan = f32::NAN;
        let all = new(
            TargetKind::Numbers,
            &["a", "b"],
            &[1.0, 2.0, nan, 4.0, 5.0, nan],
        );
        let all = all.expect("three rows");
        assert_eq!(
            (all.count(), all.row(0), all.row(2)[0]),
            (3, &[1.0, 2.0][..], 5.0)
        );
        assert_eq!(all.known(0).collect::<Vec<f32>>(), [1.0, 5.0]);
        assert_eq!(all.slice(1..3).known(1).collect::<Vec<f32>>(), [4.0]);
        let part = all.select(&[0, 2]);
        assert_eq!((part.count(), part.row(1)[0]), (2, 5.0));
        let joined = Targets::concatenate(&[&part, &all.slice(0..1)]).expect("two sets");
        assert_eq!(joined.known(0).collect::<Vec<f32>>(), [1.0, 5.0, 1.0]);
        assert!(joined.is_like(&all) && Targets::concatenate(&[]).is_none());
        let others = new(TargetKind::Labels, &["a", "b"], &[1.0, 0.0]).expect("labels");
        assert!(!others.is_like(&all));
    }

    #[test]
    fn what_are_no_targets_is_refused() {
        let nan = f32::NAN;
        for (kind, names, values, words) in [
            (
                TargetKind::Numbers,
                &[][..],
                &[][..],
                "1 to 256 different names",
            ),
            (
                TargetKind::Numbers,
                &["a", "a"],
                &[1.0, 2.0],
                "different names, found a, a",
            ),
            (
                TargetKind::Numbers,
                &["a", "b"],
                &[1.0],
                "a value of each name",
            ),
            (
                TargetKind::Numbers,
                &["a"],
                &[f32::INFINITY],
                "finite numbers, found inf",
            ),
            (TargetKind::Labels, &["a"], &[0.5], "0 or 1, found 0.5"),
            (
                TargetKind::Labels,
                &["a", "b"],
                &[0.0, nan, nan, nan],
                "nothing of image 1",
            ),
        ] {
            let error = new(kind, names, values).expect_err(words).to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
