//! The arrays of a trained network in a new one.
//!
//! | the array in the source | what becomes of it |
//! | --- | --- |
//! | of the same shape | loaded |
//! | differs along one axis, by the number of classes | starts from random weights |
//! | a first layer for other image channels | grey to colour: each channel gets 1/n of the weights, so that a grey picture in colour gives what it gave; colour to grey: the sum, for the same reason |
//! | missing | starts from random weights |
//! | anything else | refused |
//!
//! A network over another group is refused: its kernels have weights for each group element, and mean nothing over another
//! group, even one with as many elements.

use std::collections::BTreeSet;

use gcnn_layers::Group;
use gcnn_models::points::DynamicsConfig;

use super::Tuning;
use crate::run_file::Experiment;
use crate::weights::arrays::{Array, Weights};
use crate::weights::model_file::ModelFile;

/// What may differ between the source's data and the new ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Channels of an image.
    pub channels: Option<usize>,
    /// Classes.
    pub classes: Option<usize>,
}

impl Sizes {
    /// From a task's description of its data.
    pub fn of(data: &serde_json::Value) -> Self {
        let number = |key: &str| data[key].as_u64().and_then(|n| usize::try_from(n).ok());
        Self {
            channels: number("channels"),
            classes: number("classes"),
        }
    }
}

/// What became of the arrays, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transfer {
    /// Taken over as they are.
    pub loaded: BTreeSet<String>,
    /// Taken over in another shape.
    pub adapted: BTreeSet<String>,
    /// Random, because the run file says so or the source has nothing for them.
    pub reinitialised: BTreeSet<String>,
    /// Of the source, without a place in the new network.
    pub unused: BTreeSet<String>,
}

impl Transfer {
    /// What became of the arrays in words, a line each; `tuning` adds what is frozen.
    pub fn lines(&self, from: &str, tuning: &Tuning) -> Vec<String> {
        let network = || {
            let parts = [&self.loaded, &self.adapted, &self.reinitialised];
            parts
                .into_iter()
                .flatten()
                .cloned()
                .collect::<BTreeSet<_>>()
        };
        let source = || {
            let parts = [&self.loaded, &self.adapted, &self.unused];
            parts
                .into_iter()
                .flatten()
                .cloned()
                .collect::<BTreeSet<_>>()
        };
        let mut lines = vec![format!("fine-tuning from {from}:")];
        for (what, names, all) in [
            ("loaded", &self.loaded, network()),
            ("adapted", &self.adapted, network()),
            ("re-initialised", &self.reinitialised, network()),
            ("unused", &self.unused, source()),
            ("frozen", tuning.frozen(), network()),
        ] {
            let shown = match names.is_empty() {
                true => "none".into(),
                false => by_layer(names, &all),
            };
            lines.push(format!("  {what:<14} {:>3}  {shown}", names.len()));
        }
        lines
    }
}

/// Names in words, those of a layer by the layer's name where all of it are among them.
fn by_layer(names: &BTreeSet<String>, all: &BTreeSet<String>) -> String {
    let under = |names: &BTreeSet<String>, layer: &str| {
        let prefix = format!("{layer}.");
        names
            .iter()
            .filter(|name| name.starts_with(&prefix))
            .count()
    };
    let mut words: Vec<&str> = Vec::new();
    for name in names {
        let whole = name.match_indices('.').map(|(end, _)| &name[..end]);
        let mut whole = whole.filter(|layer| under(names, layer) == under(all, layer));
        let word = whole.next().unwrap_or(name);
        if words.last() != Some(&word) {
            words.push(word);
        }
    }
    words.join(", ")
}

/// Whether a run of an experiment can start from these weights, as far as their description tells.
pub fn check_source(source: &ModelFile, now: &Experiment) -> Result<(), String> {
    if source.plain.is_some() {
        return Err(
            "it is an exported network of ordinary layers; give the weights that it is from".into(),
        );
    }
    check_same_kind(&source.config.experiment, now)
}

/// Whether arrays of one network mean something in another, beyond their shapes.
fn check_same_kind(before: &Experiment, now: &Experiment) -> Result<(), String> {
    let advice = "leave [model] out to take the source's";
    match (before, now) {
        (Experiment::Images(before), Experiment::Images(now)) => {
            let (before, now) = (&before.model, &now.model);
            if before.kind() != now.kind() {
                return Err(other_kind(before.kind(), now.kind(), advice));
            }
            if before.group() != now.group() {
                return Err(other_group(before.group(), now.group(), advice));
            }
            if before.kernel() != now.kernel() {
                return Err(other_functions(advice));
            }
            Ok(())
        }
        (Experiment::Segmentation(before), Experiment::Segmentation(now)) => {
            let (before, now) = (&before.model, &now.model);
            if before.kind() != now.kind() {
                return Err(other_kind(before.kind(), now.kind(), advice));
            }
            if before.group() != now.group() {
                return Err(other_group(before.group(), now.group(), advice));
            }
            match before.kernel() == now.kernel() {
                true => Ok(()),
                false => Err(other_functions(advice)),
            }
        }
        (Experiment::NBody(before), Experiment::NBody(now)) => {
            if before.model.kind() != now.model.kind() {
                return Err(other_kind(before.model.kind(), now.model.kind(), advice));
            }
            // Arrays of the same shapes can stand for other things, as with `hidden = "4x1o+4x0e"` for "4x0e+4x1o"; only
            // another number of layers leaves those that there are what they were.
            match other_setting(&before.model, &now.model) {
                Some(key) => Err(format!(
                    "its network has another model.{key} than that of [model]; {advice}"
                )),
                None => Ok(()),
            }
        }
        _ => Err(format!(
            "it is trained for task \"{}\", which has other networks than \"{}\"",
            before.task(),
            now.task()
        )),
    }
}

/// The first setting, but for the number of layers, in which networks of one kind differ.
fn other_setting(before: &DynamicsConfig, now: &DynamicsConfig) -> Option<String> {
    let settings = |model| match serde_json::to_value(model) {
        Ok(serde_json::Value::Object(settings)) => settings,
        _ => serde_json::Map::new(),
    };
    let (before, now) = (settings(before), settings(now));
    let differs = |key: &&String| key.as_str() != "layers" && before.get(*key) != now.get(*key);
    now.keys().chain(before.keys()).find(differs).cloned()
}

fn other_group(before: &Group, now: &Group, advice: &str) -> String {
    format!(
        "its network is equivariant under {before}, that of [model] under {now}: kernels have weights for each group \
         element, which mean nothing over another group; {advice}"
    )
}

fn other_functions(advice: &str) -> String {
    format!(
        "its kernels are sums of other functions than those of [model] (model.kernel); {advice}"
    )
}

fn other_kind(before: &str, now: &str, advice: &str) -> String {
    format!("its network is a {before}, that of [model] a {now}; {advice}")
}

/// The arrays that a new network starts with: `fresh` are its random ones.
pub fn transfer(
    fresh: &Weights,
    source: &Weights,
    tuning: &Tuning,
    before: Sizes,
    now: Sizes,
) -> Result<(Weights, Transfer), String> {
    let mut start = Weights::new();
    let mut report = Transfer::default();
    let mut faults = Vec::new();
    for (name, random) in fresh {
        let found = source.get(name).filter(|_| !tuning.reinit().contains(name));
        let array = match found {
            None => None,
            Some(array) if array.shape == random.shape => {
                report.loaded.insert(name.clone());
                Some(array.clone())
            }
            Some(array) => match Change::between(array, random, before, now) {
                Change::Classes => None,
                Change::Channels(adapted) => {
                    report.adapted.insert(name.clone());
                    Some(adapted)
                }
                Change::Other => {
                    faults.push(format!(
                        "`{name}` has shape {:?} there and {:?} here",
                        array.shape, random.shape
                    ));
                    continue;
                }
            },
        };
        if array.is_none() {
            if tuning.frozen().contains(name) {
                return Err(format!(
                    "`{name}` has no weights to start from, so it cannot be in finetune.freeze"
                ));
            }
            report.reinitialised.insert(name.clone());
        }
        start.insert(name.clone(), array.unwrap_or_else(|| random.clone()));
    }
    if !faults.is_empty() {
        return Err(format!(
            "{}; leave [model] out to take the source's, or name the layers in finetune.reinit",
            faults.join("; ")
        ));
    }
    if report.loaded.is_empty() && report.adapted.is_empty() {
        return Err("none of its arrays has a place in the network of [model]".into());
    }
    let placed = |name: &&String| !report.loaded.contains(*name) && !report.adapted.contains(*name);
    report.unused = source.keys().filter(placed).cloned().collect();
    Ok((start, report))
}

/// How an array's shape differs from the one that is needed.
enum Change {
    /// By the number of classes.
    Classes,
    /// By the channels of images; the weights in the new shape.
    Channels(Array),
    /// In another way.
    Other,
}

impl Change {
    fn between(array: &Array, needed: &Array, before: Sizes, now: Sizes) -> Self {
        let (from, to) = (&array.shape, &needed.shape);
        let axes: Vec<usize> = match from.len() == to.len() {
            true => (0..from.len()).filter(|i| from[*i] != to[*i]).collect(),
            false => return Self::Other,
        };
        let [axis] = axes[..] else {
            return Self::Other;
        };
        let change = (Some(from[axis]), Some(to[axis]));
        if axis == 1 && change == (before.channels, now.channels) {
            return channels(array, from[1], to[1]).map_or(Self::Other, Self::Channels);
        }
        match change == (before.classes, now.classes) {
            true => Self::Classes,
            false => Self::Other,
        }
    }
}

/// Weights `[out, channels, …]` for other channels: from one, or to one.
fn channels(array: &Array, from: usize, to: usize) -> Option<Array> {
    let inner: usize = array.shape[2..].iter().product();
    if from != 1 && to != 1 || from * inner == 0 {
        return None;
    }
    let mut values = Vec::with_capacity(array.values.len() / from * to);
    for output in array.values.chunks_exact(from * inner) {
        let sum = |i: usize| (0..from).map(|c| output[c * inner + i]).sum::<f32>();
        for _ in 0..to {
            values.extend((0..inner).map(|i| sum(i) / to as f32));
        }
    }
    let mut shape = array.shape.clone();
    shape[1] = to;
    Some(Array { shape, values })
}

#[cfg(all(test, feature = "flex"))]
mod tests;
