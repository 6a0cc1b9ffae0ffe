//! What can be told of images and network before training begins: that it will not go well, and what helps.

use gcnn_datasets::{Splits, TargetKind};
use gcnn_models::ImageModelConfig;

use super::{ImageFormat, weights};
use crate::TrainError;

/// Images of a class that training should have at least.
const FEWEST: usize = 10;
/// Classes and pairs that are named; of more the number is told.
const NAMED: usize = 5;

/// In words, one caution each.
pub(super) fn of(
    splits: &Splits,
    model: &ImageModelConfig,
    format: &ImageFormat,
) -> Result<Vec<String>, TrainError> {
    let mut cautions = Vec::new();
    cautions.extend(small_classes(splits, format));
    cautions.extend(small_field(model, format)?);
    cautions.extend(duplicates(splits));
    Ok(cautions)
}

fn small_classes(splits: &Splits, format: &ImageFormat) -> Option<String> {
    let targets = splits.train.targets();
    let (names, counts) = match targets {
        None => (format.class_names(), weights::counts(&splits.train)),
        // Of a label both kinds of images are needed; a number has as many as it is known of.
        Some(targets) => {
            let count = |at: usize| match targets.kind() {
                TargetKind::Numbers => targets.known(at).count(),
                TargetKind::Labels => {
                    let with = targets.known(at).filter(|value| *value >= 0.5).count();
                    with.min(targets.known(at).count() - with)
                }
            };
            let counts = (0..targets.names().len()).map(count);
            (targets.names().to_vec(), counts.collect())
        }
    };
    let what = match targets {
        None => "a class is hardly learned; more images, or classes put together, help",
        Some(_) => "a number or a label is hardly learned; more images help",
    };
    let small: Vec<String> = names
        .iter()
        .zip(counts)
        .filter(|(_, count)| *count < FEWEST)
        .map(|(name, count)| format!("{name} ({count})"))
        .collect();
    (!small.is_empty()).then(|| {
        format!(
            "few training images: {}. Below {FEWEST} {what}",
            listed(&small)
        )
    })
}

fn small_field(
    model: &ImageModelConfig,
    format: &ImageFormat,
) -> Result<Option<String>, TrainError> {
    let field = model.receptive_field(format.input())?;
    let side = format.height.min(format.width);
    Ok((2 * field < side).then(|| {
        format!(
            "the network sees {field} of {side} pixels at once: what is larger than that it knows by its parts alone. Smaller \
             images (dataset.size), more pooling (model.pool_after) or model.size in place of layers help"
        )
    }))
}

fn duplicates(splits: &Splits) -> Option<String> {
    let pairs = splits.duplicates();
    let words: Vec<String> = pairs
        .iter()
        .take(NAMED)
        .map(|[(one, name), (other, same)]| format!("{name} ({one}) and {same} ({other})"))
        .collect();
    (!pairs.is_empty()).then(|| {
        format!(
            "{} pairs of equal examples are in different splits: {}. What was trained on is no test; remove one of each, or \
             keep them together by groups",
            pairs.len(),
            listed(&words)
        )
    })
}

/// The first few, and how many more there are.
fn listed(words: &[String]) -> String {
    let shown = words[..words.len().min(NAMED)].join(", ");
    match words.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
