//! How a classifier does, class by class.
//!
//! ```text
//! confusion[t][p]   examples of class t that were taken for class p
//! precision(c)      confusion[c][c] / Σ_t confusion[t][c]
//! recall(c)         confusion[c][c] / Σ_p confusion[c][p]
//! AUC(c)            P(score_c of an example of c > score_c of another) + ½ P(equal)
//! ```
//!
//! With two classes the AUC is that of class 1, with more the mean over classes. It is the rank statistic of Mann and Whitney
//! (Hanley and McNeil 1982).

use gcnn_models::argmax;
use serde::{Deserialize, Serialize};

use crate::task::bootstrap::Units;
use crate::task::interval::wilson;
use crate::task::metrics::interval_words;
use crate::task::ranking::Ranking;

/// Draws for the interval of the AUC.
const DRAWS: usize = 300;

/// Of a single class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OneClass {
    /// Its name, or its number.
    pub name: String,
    /// Share of the examples taken for it that are of it; 0 where there are none.
    pub precision: f64,
    /// Its 95 % interval, Wilson's or that of the bootstrap over sources; no numbers where there is none.
    #[serde(with = "crate::task::numbers::pair")]
    pub precision_interval: [f64; 2],
    /// Share of its examples that were taken for it; 0 where there are none.
    pub recall: f64,
    /// Its 95 % interval.
    #[serde(with = "crate::task::numbers::pair")]
    pub recall_interval: [f64; 2],
    /// Its examples.
    pub examples: usize,
}

/// Of all classes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassReport {
    /// Area under the curve of the receiver's operating characteristic.
    #[serde(with = "crate::task::numbers")]
    pub auc: f64,
    /// Its 95 % interval; no numbers where there is none, as of examples of a single source.
    #[serde(with = "crate::task::numbers::pair")]
    pub auc_interval: [f64; 2],
    /// Class by class.
    pub classes: Vec<OneClass>,
    /// Rows are true classes, columns what they were taken for.
    pub confusion: Vec<Vec<usize>>,
}

impl ClassReport {
    /// From a row of scores for each label, a score for each of the names. `sources` are units of the bootstrap, where examples
    /// have some.
    pub fn new(scores: &[f32], labels: &[u8], names: &[String], sources: Option<&[u32]>) -> Self {
        let classes = names.len();
        let mut confusion = vec![vec![0; classes]; classes];
        let answers: Vec<usize> = scores.chunks_exact(classes.max(1)).map(argmax).collect();
        for (answer, label) in answers.iter().zip(labels) {
            confusion[usize::from(*label)][*answer] += 1;
        }
        let units = match sources {
            Some(sources) => Units::by_source(sources),
            None => Units::each(labels.len()),
        };
        let (auc, auc_interval) = mean_area(scores, labels, classes, &units);
        let share = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
        // Of the examples that `is_whole` takes, the share of right answers.
        let interval = |hits: usize, whole: usize, is_whole: &dyn Fn(usize) -> bool| {
            if sources.is_none() {
                let (low, high) = wilson(hits, whole);
                return [low, high];
            }
            let (low, high) = units.interval(DRAWS, |drawn| {
                let drawn = drawn.iter().map(|example| *example as usize);
                let [mut hits, mut whole] = [0usize; 2];
                for example in drawn.filter(|example| is_whole(*example)) {
                    whole += 1;
                    hits += usize::from(answers[example] == usize::from(labels[example]));
                }
                // Without examples there is no share.
                hits as f64 / whole as f64
            });
            [low, high].map(|end| end.clamp(0.0, 1.0))
        };
        let one = |class: usize| {
            let hits = confusion[class][class];
            let examples = confusion[class].iter().sum();
            let taken = confusion.iter().map(|row| row[class]).sum();
            OneClass {
                name: names[class].clone(),
                precision: share(hits, taken),
                precision_interval: interval(hits, taken, &|example| answers[example] == class),
                recall: share(hits, examples),
                recall_interval: interval(hits, examples, &|example| {
                    usize::from(labels[example]) == class
                }),
                examples,
            }
        };
        Self {
            auc,
            auc_interval,
            classes: (0..classes).map(one).collect(),
            confusion,
        }
    }

    /// In words and tables.
    pub fn text(&self) -> String {
        let mut text = format!(
            "  AUC        {:.4}  ({})\n",
            self.auc,
            interval_words(self.auc_interval)
        );
        let width = self.classes.iter().map(|class| class.name.chars().count());
        let width = width.max().unwrap_or(0).max("class".len());
        text.push_str(&format!(
            "  {:width$}  precision  recall  taken for:\n",
            "class"
        ));
        for (class, row) in self.classes.iter().zip(&self.confusion) {
            let counts: Vec<String> = row.iter().map(|count| format!("{count:>6}")).collect();
            text.push_str(&format!(
                "  {:width$}  {:>9.4}  {:>6.4}  {}\n",
                class.name,
                class.precision,
                class.recall,
                counts.join(" ")
            ));
        }
        text
    }
}

/// The AUC of examples with labels and a row of scores for each, with its 95 % interval.
pub fn mean_area(scores: &[f32], labels: &[u8], classes: usize, units: &Units) -> (f64, [f64; 2]) {
    let all: Vec<u32> = (0..labels.len() as u32).collect();
    let rankings = Rankings::new(scores, labels, classes);
    let (low, high) = units.interval(DRAWS, |examples: &[u32]| rankings.mean_area(examples));
    // Of few units the ends are moved apart; an area is a share.
    (
        rankings.mean_area(&all),
        [low, high].map(|end| end.clamp(0.0, 1.0)),
    )
}

/// All examples in the order of each class's scores, sorted once for every draw of the bootstrap.
struct Rankings<'a> {
    labels: &'a [u8],
    /// Classes with their rankings.
    classes: Vec<(usize, Ranking)>,
}

impl<'a> Rankings<'a> {
    /// Of every class, or of class 1 of two.
    fn new(scores: &[f32], labels: &'a [u8], classes: usize) -> Self {
        let first = usize::from(classes == 2);
        let all = 0..labels.len() as u32;
        let ranked = (first..classes).map(|class| {
            let score = |example: u32| scores[example as usize * classes + class];
            (class, Ranking::new(all.clone(), score))
        });
        Self {
            labels,
            classes: ranked.collect(),
        }
    }

    /// The mean AUC over classes, of those that some of the drawn examples have and others have not.
    fn mean_area(&self, drawn: &[u32]) -> f64 {
        let mut times = vec![0u32; self.labels.len()];
        drawn
            .iter()
            .for_each(|example| times[*example as usize] += 1);
        let areas: Vec<f64> = self
            .classes
            .iter()
            .map(|(class, ranking)| {
                let is_own = |example: u32| usize::from(self.labels[example as usize]) == *class;
                ranking.area(is_own, &times)
            })
            .filter(|area| area.is_finite())
            .collect();
        areas.iter().sum::<f64>() / areas.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(classes: usize) -> Vec<String> {
        (0..classes).map(|class| class.to_string()).collect()
    }

    #[test]
    fn a_table_counted_by_hand() {
        // True classes 0, 0, 1, 1, 2; taken for 0, 1, 1, 1, 0.
        let scores = [
            [0.9, 0.1, 0.0],
            [0.2, 0.7, 0.1],
            [0.1, 0.8, 0.1],
            [0.3, 0.4, 0.3],
            [0.5, 0.1, 0.4],
        ];
        let names = ["a", "b", "c"].map(String::from);
        let labels = [0, 0, 1, 1, 2];
        let report = ClassReport::new(scores.as_flattened(), &labels, &names, None);
        assert_eq!(report.confusion, [[1, 1, 0], [0, 2, 0], [1, 0, 0]]);
        let of = |class: usize| {
            let class = &report.classes[class];
            (class.precision, class.recall, class.examples)
        };
        assert_eq!(of(0), (0.5, 0.5, 2));
        assert_eq!(of(1), (2.0 / 3.0, 1.0, 2));
        assert_eq!(of(2), (0.0, 0.0, 1));
        assert_eq!(
            report.classes[1].recall_interval,
            <[f64; 2]>::from(wilson(2, 2))
        );
        // Never answered: anything may be.
        assert_eq!(report.classes[2].precision_interval, [0.0, 1.0]);
        let sources = [3, 3, 3, 4, 4];
        let apart = ClassReport::new(scores.as_flattened(), &labels, &names, Some(&sources));
        let [low, high] = apart.classes[0].recall_interval;
        assert!((0.0..=0.5).contains(&low) && high >= 0.5, "{low} {high}");
        // Of two sources alike nothing varies.
        assert_eq!(apart.classes[1].recall_interval, [1.0, 1.0]);
        // Class 0: of the pairs of 0.9, 0.2 with 0.1, 0.3, 0.5, four are right. Class 1: of 0.8, 0.4 with 0.1, 0.7, 0.1
        // five. Class 2: all four.
        let expected = (4.0 / 6.0 + 5.0 / 6.0 + 1.0) / 3.0;
        assert!((report.auc - expected).abs() < 1e-12, "{}", report.auc);
        assert!(
            report
                .text()
                .contains("b         0.6667  1.0000       0      2      0")
        );
    }

    #[test]
    fn equal_scores_count_half() {
        let scores = [[0.5, 0.5]; 4];
        let report = ClassReport::new(scores.as_flattened(), &[0, 1, 0, 1], &numbers(2), None);
        assert_eq!(report.auc, 0.5);
        // Of equal scores the first is the answer, as in the accuracy.
        assert_eq!(report.confusion, [[2, 0], [2, 0]]);
        let scores = [[0.9, 0.1], [0.2, 0.8], [0.8, 0.2], [0.1, 0.9]];
        let report = ClassReport::new(scores.as_flattened(), &[0, 1, 0, 1], &numbers(2), None);
        assert_eq!((report.auc, report.auc_interval), (1.0, [1.0, 1.0]));
        assert_eq!(report.classes[1].name, "1");
    }

    #[test]
    fn a_class_without_examples_has_no_area_and_is_left_out() {
        let scores = [[0.9, 0.1, 0.0], [0.2, 0.8, 0.0]];
        let report = ClassReport::new(scores.as_flattened(), &[0, 1], &numbers(3), None);
        assert_eq!(report.auc, 1.0);
        let none = ClassReport::new(&[], &[], &numbers(3), None);
        assert!(none.auc.is_nan() && none.auc_interval[0].is_nan());
    }
}
