//! How far a network is from commuting with the symmetries of its data: measured on real examples, layer by layer, before
//! and after training.
//!
//! ```text
//! error_l(g) = ‖L_g Φ_l(f) − Φ_l(L_g f)‖ / ‖Φ_l(f)‖            Φ_l: the network up to output l
//! ```
//!
//! | what | where |
//! | --- | --- |
//! | the numbers: [`Survey`] of elements, [`Sweep`] of angles, [`Answers`] to one example | here, [`images`], [`particles`] |
//! | from weights or a run file to all of them | [`report`] |
//! | what a terminal shows | [`table`] |
//! | what a picture shows | [`picture`] |
//!
//! The measuring itself is the library's: [`gcnn_train::task::equivariance`].

pub mod images;
mod maps;
pub mod particles;
pub mod picture;
mod pictured;
pub mod report;
mod svg;
pub mod table;

use gcnn_layers::equivariance::OutputErrors;
use gcnn_train::task::equivariance::Survey;
use serde::Serialize;

use picture::Scene;

/// Degrees between the angles of a [`Sweep`].
const STEP: f64 = 7.5;
/// Degrees between the answers to one example.
const ANSWER_STEP: f64 = 3.0;
/// Examples of a sweep: many angles, and the norm over a few examples says enough.
const SWEPT: usize = 8;
/// Examples that a network sees at once.
const PORTION: usize = 16;

/// The errors of every output under rotations by many angles.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sweep {
    /// How many examples it is over: the first ones of the survey's.
    pub examples: usize,
    /// The angles, from 0 to below 360.
    pub degrees: Vec<f64>,
    /// Outputs from the first layer to the last, each with an error per angle.
    pub outputs: Vec<OutputErrors>,
    /// What interpolation alone does to the examples, turned there and back; nothing where turning loses nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interpolation: Option<Vec<f64>>,
}

/// The errors of every output as examples grow, or signals slow down.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Growth {
    /// How many examples it is over: the first ones of the survey's.
    pub examples: usize,
    /// The factors, from 1 on.
    pub factors: Vec<f64>,
    /// Outputs from the first layer to the last, each with an error per factor.
    pub outputs: Vec<OutputErrors>,
    /// What interpolation alone does to the examples, larger and back.
    pub interpolation: Vec<f64>,
}

/// What a network says about one example that is turned.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answers {
    /// What the numbers are, in words.
    pub about: String,
    /// The example's place in its split.
    pub example: usize,
    /// The angles, from 0 to 360.
    pub degrees: Vec<f64>,
    /// Whether they are probabilities, from 0 to 1.
    #[serde(skip)]
    pub are_shares: bool,
    /// Numbers by name.
    pub curves: Vec<Curve>,
}

/// One of the numbers of [`Answers`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Curve {
    /// The class, what stands in its place, or the coordinate.
    pub name: String,
    /// One number per angle.
    pub values: Vec<f64>,
}

/// Everything measured with one set of weights.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stage {
    /// Element by element.
    pub survey: Survey,
    /// Angle by angle.
    pub sweep: Sweep,
    /// Factor by factor, where the network knows scales or its examples are signals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub growth: Option<Growth>,
    /// One example, turned.
    pub answers: Answers,
}

/// What was measured on what.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Subject {
    /// Weights file, run folder or run file.
    pub source: String,
    /// The network, in words.
    pub network: String,
    /// What it is built to commute with; a plain network with nothing.
    pub symmetry: Option<String>,
    /// Trained parameters.
    pub parameters: usize,
    /// Epoch of the trained weights, counted from 1; of weights that were trained elsewhere it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epoch: Option<usize>,
    /// Where the examples are from.
    pub data: String,
    /// How many of them the survey is over.
    pub examples: usize,
    /// What an example is called, in the plural.
    pub unit: String,
}

/// What the weights of the stage before training are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Beginning {
    /// Those that the training starts with: as the run file's seed draws them, or those of the run that it goes on from.
    OfTraining,
    /// Random ones, where nobody has those that the training started with.
    Random,
}

impl Beginning {
    /// The stage's name.
    fn title(self) -> &'static str {
        match self {
            Self::OfTraining => "before training",
            Self::Random => "random weights",
        }
    }
}

/// The report of `gcnn equivariance`.
#[derive(Debug, Clone, Serialize)]
pub struct EquivarianceReport {
    /// What was measured on what.
    pub subject: Subject,
    /// What the weights of `before` are.
    pub beginning: Beginning,
    /// Weights that are not trained yet, or not by this run.
    pub before: Stage,
    /// Trained weights, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Stage>,
    /// What only a picture shows, with the trained weights where there are any, if one was asked for.
    #[serde(skip)]
    pub scene: Option<Scene>,
}

impl EquivarianceReport {
    /// Both stages with their names, or the one that there is.
    pub fn stages(&self) -> Vec<(&'static str, &Stage)> {
        let after = self.after.iter().map(|stage| (self.last_title(), stage));
        std::iter::once((self.beginning.title(), &self.before))
            .chain(after)
            .collect()
    }

    /// The trained stage where there is one.
    pub fn last(&self) -> &Stage {
        self.after.as_ref().unwrap_or(&self.before)
    }

    /// The name of that stage.
    fn last_title(&self) -> &'static str {
        match self.after {
            Some(_) => "after training",
            None => self.beginning.title(),
        }
    }
}

/// What the command line chooses of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// How many examples to measure on.
    pub examples: usize,
    /// The example that is turned before the reader's eyes; where none is named, of images the one that the network is
    /// least sure of, of simulations the first.
    pub example: Option<usize>,
    /// The layer whose maps are shown, by name; the deepest that is at least half as large as the image where none is named.
    pub layer: Option<String>,
    /// Whether to make what only a picture shows.
    pub picture: bool,
}

/// Factors from 1 to 2 in sixths of an octave.
fn growing() -> Vec<f64> {
    (0..=6)
        .map(|sixth| 2f64.powf(f64::from(sixth) / 6.0))
        .collect()
}

/// Multiples of [`STEP`] below 360°, and other angles that matter, in order.
fn angles(others: impl Iterator<Item = f64>) -> Vec<f64> {
    let steps = (360.0 / STEP) as usize;
    let mut degrees: Vec<f64> = (0..steps).map(|step| step as f64 * STEP).collect();
    degrees.extend(others.map(|angle| angle.rem_euclid(360.0)));
    degrees.sort_by(f64::total_cmp);
    degrees.dedup_by(|a, b| (*a - *b).abs() < 1e-6);
    degrees
}

/// The angles of [`Answers`].
fn answer_angles() -> Vec<f64> {
    let steps = (360.0 / ANSWER_STEP) as usize;
    (0..=steps).map(|step| step as f64 * ANSWER_STEP).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_angles_of_a_group_are_among_those_of_a_sweep() {
        let fifths = (0..5).map(|fifth| 72.0 * f64::from(fifth));
        let found = angles(fifths);
        assert_eq!(found.len(), 48 + 4);
        assert!(found.contains(&144.0) && found.contains(&22.5));
        assert!(found.is_sorted());
        assert!(found.iter().all(|angle| *angle < 360.0));
    }
}
