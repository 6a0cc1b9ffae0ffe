//! How far a trained network is from commuting with the symmetries of its data, on real examples.
//!
//! ```text
//! error_l(g) = ‖L_g Φ_l(f) − Φ_l(L_g f)‖ / ‖Φ_l(f)‖            Φ_l: the network up to output l
//! ```
//!
//! A [`Symmetric`] task knows how its examples transform; the end of a run reports the [`outcome`](Survey::outcome) of its
//! survey: the last output, of images under the elements of the network's own group. The measuring itself is the library's:
//! [`gcnn_layers::equivariance::survey`], [`gcnn_models::points::survey()`].

pub mod images;
pub mod particles;

use burn::prelude::*;
use gcnn_layers::equivariance::OutputErrors;
use serde::{Deserialize, Serialize};

use crate::TrainError;
use crate::task::Task;

/// A task whose examples something acts on.
pub trait Symmetric: Task {
    /// Measures a network on some test examples, under what it is built to commute with and what it is not. `seen` hears how much
    /// is done, and how much there is.
    fn survey(
        &self,
        model: &Self::Model,
        device: &Device,
        seen: &mut dyn FnMut(usize, usize),
    ) -> Result<Survey, TrainError>;
}

/// How far a network is from equivariance under one group element.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ElementError {
    /// The element in words.
    pub element: String,
    /// ‖Φ(L_g f) − L_g Φ(f)‖ / ‖Φ(f)‖ at the output.
    pub relative_error: f64,
    /// Share of examples whose answer does not change, where an answer is a choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_answer: Option<f64>,
}

/// What an element is to a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// The network is built to commute with it, and it moves data without loss.
    Exact,
    /// The network is built to commute with it, and it moves pixels between pixels.
    Interpolated,
    /// Nothing in the network is built to commute with it.
    Foreign,
}

/// Something that acts on examples.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Element {
    /// In words.
    pub name: String,
    /// What it is to the network.
    pub standing: Standing,
}

/// The errors of every output under every element.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Survey {
    /// How many examples it is over.
    pub examples: usize,
    /// What acted.
    pub elements: Vec<Element>,
    /// Outputs from the first layer to the last, each with an error per element.
    pub outputs: Vec<OutputErrors>,
}

impl Standing {
    /// In words.
    pub fn title(self) -> &'static str {
        match self {
            Self::Exact => "kept by construction",
            Self::Interpolated => "kept by construction, but for interpolation",
            Self::Foreign => "not kept by construction",
        }
    }

    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Exact, Self::Interpolated, Self::Foreign];
}

impl Survey {
    /// The largest error of any output under elements of a standing, and of the last output; nothing without such elements.
    pub fn worst(&self, standing: Standing) -> Option<[f64; 2]> {
        let at: Vec<usize> = (0..self.elements.len())
            .filter(|&index| self.elements[index].standing == standing)
            .collect();
        let of = |output: &OutputErrors| largest(at.iter().map(|&index| output.errors[index]));
        let last = self.outputs.last().filter(|_| !at.is_empty())?;
        Some([largest(self.outputs.iter().map(of)), of(last)])
    }

    /// What becomes of the last output, element by element.
    pub fn outcome(&self) -> Vec<ElementError> {
        let Some(last) = self.outputs.last() else {
            return Vec::new();
        };
        let elements = self.elements.iter().enumerate();
        elements
            .map(|(index, element)| ElementError {
                element: element.name.clone(),
                relative_error: last.errors[index],
                same_answer: last.same_largest.as_ref().map(|shares| shares[index]),
            })
            .collect()
    }
}

/// The largest number; one that is none is not hidden.
pub fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |largest, value| {
        match value.is_nan() || value > largest {
            true => value,
            false => largest,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_not_hidden() {
        assert!(largest([1.0, f64::NAN, 2.0].into_iter()).is_nan());
        assert_eq!(largest([1.0, 3.0, 2.0].into_iter()), 3.0);
    }
}
