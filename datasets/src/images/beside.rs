//! What is known of each image beside its pixels and its class.

use std::ops::Range;
use std::sync::Arc;

use super::pixels::gather;
use super::targets::Targets;
use crate::DatasetError;

/// One value for each image, where there are any.
#[derive(Debug, Clone, Default)]
pub(super) struct Beside {
    /// The larger image that each was cut from.
    pub(super) sources: Option<Vec<u32>>,
    pub(super) names: Option<Vec<Arc<str>>>,
    /// By how much each was scaled.
    pub(super) factors: Option<Vec<f32>>,
    /// What each has in place of a class.
    pub(super) targets: Option<Targets>,
}

impl Beside {
    /// Those of a range of images, which have to be there.
    pub(super) fn slice(&self, images: Range<usize>) -> Self {
        Self {
            sources: sliced(&self.sources, &images),
            names: sliced(&self.names, &images),
            factors: sliced(&self.factors, &images),
            targets: (self.targets.as_ref()).map(|targets| targets.slice(images)),
        }
    }

    /// Those at these places, which have to be there.
    pub(super) fn select(&self, places: &[usize]) -> Self {
        Self {
            sources: selected(&self.sources, places),
            names: selected(&self.names, places),
            factors: selected(&self.factors, places),
            targets: (self.targets.as_ref()).map(|targets| targets.select(places)),
        }
    }

    /// Those of several sets, one after the other: what all of them have.
    pub(super) fn concatenate(parts: &[&Self]) -> Self {
        let targets: Option<Vec<&Targets>> =
            parts.iter().map(|part| part.targets.as_ref()).collect();
        Self {
            sources: joined(parts, |part| &part.sources),
            names: joined(parts, |part| &part.names),
            factors: joined(parts, |part| &part.factors),
            targets: targets.and_then(|targets| Targets::concatenate(&targets)),
        }
    }
}

fn sliced<T: Clone>(values: &Option<Vec<T>>, images: &Range<usize>) -> Option<Vec<T>> {
    values
        .as_ref()
        .map(|values| values[images.clone()].to_vec())
}

fn selected<T: Clone>(values: &Option<Vec<T>>, places: &[usize]) -> Option<Vec<T>> {
    values.as_ref().map(|values| gather(values, places, 1))
}

fn joined<T: Clone>(parts: &[&Beside], of: impl Fn(&Beside) -> &Option<Vec<T>>) -> Option<Vec<T>> {
    let all: Option<Vec<&[T]>> = parts.iter().map(|part| of(part).as_deref()).collect();
    all.map(|all| all.concat())
}

/// Refuses values that are more or fewer than the images.
pub(super) fn check_count(
    field: &'static str,
    found: usize,
    images: usize,
) -> Result<(), DatasetError> {
    if found == images {
        return Ok(());
    }
    let expected = format!("one for each of the {images} images");
    Err(DatasetError::setting(field, expected, found))
}
