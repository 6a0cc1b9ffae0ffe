//! The card of a trained network: what it was trained on and how well it does, in its file's metadata.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A measure on a split, with the interval that it lies in with 95 % confidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// What is measured: `accuracy`, `loss`, `mse`.
    pub measure: String,
    /// The value.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

/// How far the network is from equivariance under one group element, on test examples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ElementFigure {
    /// The element in words.
    pub element: String,
    /// ‖Φ(L_g f) − L_g Φ(f)‖ / ‖Φ(f)‖.
    pub relative_error: f64,
    /// Share of examples whose answer does not change, where an answer is a choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_answer: Option<f64>,
}

/// Examples in each split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitSizes {
    /// What the weights were fitted to.
    pub train: usize,
    /// What the epoch was chosen on.
    pub valid: usize,
    /// What was looked at once.
    pub test: usize,
}

/// What is known about a trained network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Its name in the zoo.
    pub name: String,
    /// What it does, in a sentence.
    pub summary: String,
    /// The task of its run file.
    pub task: String,
    /// The kind of network, in a few words.
    pub network: String,
    /// Trained parameters.
    pub parameters: usize,
    /// The data set, where it comes from and how it was split.
    pub data: String,
    /// Examples in each split.
    pub examples: SplitSizes,
    /// Seed of the initial weights, the data order and the augmentation.
    pub seed: u64,
    /// Epochs trained.
    pub epochs: usize,
    /// The epoch of these weights, the best on validation, counted from 1.
    pub best_epoch: usize,
    /// Seconds that training took.
    pub seconds: f64,
    /// Where it was trained.
    pub device: String,
    /// Figures on the validation split; the first is the one that networks are compared by.
    pub validation: Vec<Figure>,
    /// Figures on the test split, in the same order.
    pub test: Vec<Figure>,
    /// Equivariance on test examples, element by element.
    pub equivariance: Vec<ElementFigure>,
    /// Licence of the weights.
    pub licence: String,
    /// What to cite.
    pub citation: String,
}

impl Card {
    /// The test figure that networks are compared by.
    pub fn headline(&self) -> Option<&Figure> {
        self.test.first()
    }

    /// The largest equivariance error under an element that changes anything; none for a network without a group.
    pub fn worst_equivariance(&self) -> Option<f64> {
        self.equivariance
            .iter()
            .filter(|e| e.element != "identity")
            .map(|e| e.relative_error)
            .reduce(f64::max)
    }

    /// What is missing or makes no sense, if anything.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (what, text) in [
            ("name", &self.name),
            ("summary", &self.summary),
            ("task", &self.task),
            ("network", &self.network),
            ("data", &self.data),
            ("device", &self.device),
            ("licence", &self.licence),
            ("citation", &self.citation),
        ] {
            if text.trim().is_empty() {
                faults.push(format!("`{what}` is empty"));
            }
        }
        let SplitSizes { train, valid, test } = self.examples;
        for (what, count) in [
            ("parameters", self.parameters),
            ("epochs", self.epochs),
            ("training examples", train),
            ("validation examples", valid),
            ("test examples", test),
        ] {
            if count == 0 {
                faults.push(format!("there are no {what}"));
            }
        }
        if !(1..=self.epochs).contains(&self.best_epoch) {
            faults.push(format!(
                "the best epoch is {} of {}",
                self.best_epoch, self.epochs
            ));
        }
        if !(self.seconds.is_finite() && self.seconds > 0.0) {
            faults.push(format!("training took {} seconds", self.seconds));
        }
        for (split, figures) in [("validation", &self.validation), ("test", &self.test)] {
            if figures.is_empty() {
                faults.push(format!("there is no {split} figure"));
            }
            for Figure {
                measure,
                value,
                low,
                high,
            } in figures
            {
                if !(low.is_finite() && high.is_finite() && low <= value && value <= high) {
                    faults.push(format!(
                        "the {split} {measure} {value} is outside its interval {low} to {high}"
                    ));
                }
            }
        }
        if self.equivariance.is_empty() {
            faults.push("its equivariance was not measured".into());
        }
        faults
    }
}

impl fmt::Display for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}\n", self.name, self.summary)?;
        let SplitSizes { train, valid, test } = self.examples;
        let minutes = (self.seconds / 60.0).max(0.1);
        for (what, text) in [
            ("task", self.task.clone()),
            ("network", self.network.clone()),
            ("parameters", self.parameters.to_string()),
            ("data", self.data.clone()),
            (
                "examples",
                format!("{train} training, {valid} validation, {test} test"),
            ),
            (
                "training",
                format!(
                    "seed {}, {} epochs, {minutes:.1} minutes on {}",
                    self.seed, self.epochs, self.device
                ),
            ),
            (
                "weights",
                format!("of epoch {}, the best on validation", self.best_epoch),
            ),
            ("licence", self.licence.clone()),
            ("citation", self.citation.clone()),
        ] {
            writeln!(f, "{what:<11} {text}")?;
        }
        for (split, figures) in [("validation", &self.validation), ("test", &self.test)] {
            writeln!(f, "\n{split}:")?;
            for figure in figures {
                let Figure {
                    measure,
                    value,
                    low,
                    high,
                } = figure;
                writeln!(
                    f,
                    "  {measure:<10} {value:.5}  (95 % interval {low:.5} to {high:.5})"
                )?;
            }
        }
        writeln!(f, "\nequivariance on test examples:")?;
        for e in &self.equivariance {
            let same = e.same_answer.map_or(String::new(), |s| {
                format!(", same answer {:.2} %", s * 100.0)
            });
            writeln!(
                f,
                "  {:<44} relative error {:.1e}{same}",
                e.element, e.relative_error
            )?;
        }
        Ok(())
    }
}
