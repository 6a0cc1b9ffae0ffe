//! What a classifier is measured by, and what its best epoch is chosen by.

use crate::run_file::BestBy;
use crate::task::class_report::mean_area;
use crate::task::metrics::{Measure, Outcomes};
use crate::task::{Goal, balanced};

const AUC: &str = "auc";

const ACCURACY: Goal = more("accuracy");
const BALANCED: Goal = more(balanced::NAME);
const AREA: Goal = more(AUC);
const LOSS: Goal = Goal {
    name: "loss",
    higher_is_better: false,
};

const fn more(name: &'static str) -> Goal {
    Goal {
        name,
        higher_is_better: true,
    }
}

/// The measures by which the best epoch is chosen; later ones decide where earlier ones are equal.
pub(super) fn of(goal: BestBy) -> &'static [Goal] {
    match goal {
        // Of classes there is no R²: run files that ask for it are refused.
        BestBy::Task | BestBy::Accuracy | BestBy::R2 => &[ACCURACY, LOSS],
        BestBy::BalancedAccuracy => &[BALANCED, LOSS],
        BestBy::Auc => &[AREA, LOSS],
        BestBy::Loss => &[LOSS, ACCURACY],
    }
}

/// Accuracy and loss, and what the best epoch is chosen by.
pub(super) fn measures(goal: BestBy, outcomes: &Outcomes) -> Vec<Measure> {
    let mut measures = vec![outcomes.share("accuracy"), outcomes.mean("loss")];
    match goal {
        BestBy::Task | BestBy::Accuracy | BestBy::Loss | BestBy::R2 => {}
        BestBy::BalancedAccuracy => measures.push(balanced::measure(outcomes)),
        BestBy::Auc => {
            let (scores, labels) = (outcomes.scores(), outcomes.labels());
            let classes = scores.len() / labels.len().max(1);
            let (value, [low, high]) = mean_area(scores, labels, classes, &outcomes.units());
            measures.push(Measure {
                name: AUC,
                value,
                low,
                high,
            });
        }
    }
    measures
}
