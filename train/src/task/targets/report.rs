//! How a network does, number by number or label by label.

use gcnn_datasets::images::TargetKind;
use serde::{Deserialize, Serialize};

use super::figure::Figure;
use super::measures::{self, Judged};
use crate::task::metrics::{interval_words, significant};

/// Of a single number or label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OneTarget {
    /// Its name.
    pub name: String,
    /// Examples of which it is known.
    pub known: usize,
    /// Its measures: of a number in its own unit.
    pub figures: Vec<Figure>,
}

/// Of all of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetReport {
    /// Numbers or labels.
    pub kind: TargetKind,
    /// One by one.
    pub targets: Vec<OneTarget>,
}

impl TargetReport {
    /// From answers beside truths, in the order of the names.
    pub fn new(kind: TargetKind, names: &[String], judged: &Judged) -> Self {
        let one = |(at, name): (usize, &String)| OneTarget {
            name: name.clone(),
            known: judged.known(at),
            figures: (measures::names(kind).iter())
                .map(|measure| judged.figure(measure, at))
                .collect(),
        };
        Self {
            kind,
            targets: names.iter().enumerate().map(one).collect(),
        }
    }

    /// In words, a line for each measure of each.
    pub fn text(&self) -> String {
        let width = self
            .targets
            .iter()
            .map(|target| target.name.chars().count());
        let width = width.max().unwrap_or(0);
        let mut text = String::new();
        for target in &self.targets {
            for (place, figure) in target.figures.iter().enumerate() {
                let name = if place == 0 { target.name.as_str() } else { "" };
                let of = if place == 0 {
                    format!(", of {} examples", target.known)
                } else {
                    String::new()
                };
                text.push_str(&format!(
                    "  {name:<width$}  {:<18} {}  ({}{of})\n",
                    title(&figure.name),
                    significant(figure.value),
                    interval_words(figure.interval)
                ));
            }
        }
        text
    }
}

/// A measure in words.
pub fn title(name: &str) -> String {
    match name {
        measures::R2 => "R²".into(),
        measures::MAE | measures::RMSE | measures::AUC => name.to_uppercase(),
        name => name.replace('_', " "),
    }
}
