//! The folds of a cross-validation together, where answers are numbers or labels: as [`folds`](crate::task::folds) does it for
//! classes.

use serde::Serialize;

use super::measures::names;
use super::report::title;
use super::{TargetPredictions, TargetReport};
use crate::TrainError;
use crate::task::metrics::{Measure, interval_words, significant};

/// What all folds together say.
#[derive(Debug, Serialize)]
pub struct TargetFolds {
    /// What runs are judged by first.
    pub goal: &'static str,
    /// This measure of each fold on its own test split.
    #[serde(with = "crate::task::numbers::list")]
    pub each: Vec<f64>,
    /// Pictures of all folds.
    pub pictures: usize,
    /// Over all pictures.
    pub measures: Vec<Measure>,
    /// One by one.
    pub targets: TargetReport,
}

impl TargetFolds {
    /// From what each fold's network says of its test split.
    ///
    /// # Errors
    /// Where there are no folds, or not the same targets in all.
    pub fn new(folds: &[TargetPredictions]) -> Result<Self, TrainError> {
        let pooled = TargetPredictions::joined(folds)?;
        let goal = names(pooled.kind())[0];
        let each = folds.iter().map(|fold| fold.judged().measure(goal).value);
        Ok(Self {
            goal,
            each: each.collect(),
            pictures: pooled.len(),
            measures: pooled.judged().measures(),
            targets: pooled.report(),
        })
    }

    /// In words and tables.
    pub fn text(&self) -> String {
        let each: Vec<String> = self.each.iter().map(|value| significant(*value)).collect();
        let mut text = format!(
            "{} folds together, {} pictures, each answered by a network that was not trained on it:\n",
            self.each.len(),
            self.pictures
        );
        for measure in &self.measures {
            text.push_str(&format!(
                "  {:<18} {}  ({})\n",
                title(measure.name),
                significant(measure.value),
                interval_words([measure.low, measure.high])
            ));
        }
        text.push_str(&format!("  {:<18} {}\n", "of each fold", each.join(", ")));
        text.push_str(&self.targets.text());
        text
    }
}

#[cfg(test)]
mod tests {
    use gcnn_datasets::images::TargetKind;

    use super::*;
    use crate::task::Split;

    #[test]
    fn pictures_are_pooled_and_not_the_folds() {
        let fold = |truths: &[f32], answers: &[f32]| {
            let names = vec!["mass".to_string()];
            let (truths, answers) = (truths.to_vec(), answers.to_vec());
            TargetPredictions::new(Split::Test, TargetKind::Numbers, names, truths, answers)
                .expect("a fold")
        };
        let folds = [fold(&[0.0, 2.0], &[1.0, 2.0]), fold(&[4.0], &[3.0])];
        let found = TargetFolds::new(&folds).expect("two folds");
        assert_eq!((found.goal, found.pictures), ("r2", 3));
        assert!((found.measures[0].value - 0.75).abs() < 1e-12);
        // A single picture has no R².
        assert!(found.each[0] == 0.5 && found.each[1].is_nan());
        let text = found.text();
        assert!(
            text.contains("2 folds together, 3 pictures") && text.contains("R²"),
            "{text}"
        );
        assert!(TargetFolds::new(&[]).is_err());
    }
}
