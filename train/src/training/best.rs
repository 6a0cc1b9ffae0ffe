//! Which of two epochs is the better one.

use std::collections::BTreeMap;

use crate::task::Goal;

/// Whether `new` beats `old`: by the first goal in which they differ. What is no number beats nothing.
pub fn improves(
    goals: &[Goal],
    new: &BTreeMap<String, f64>,
    old: Option<&BTreeMap<String, f64>>,
) -> bool {
    let number = |measures: &BTreeMap<String, f64>, name| {
        let value = measures.get(name).copied();
        value.filter(|value| value.is_finite())
    };
    let Some(old) = old else {
        return goals
            .first()
            .is_none_or(|goal| number(new, goal.name).is_some());
    };
    for goal in goals {
        match (number(new, goal.name), number(old, goal.name)) {
            (Some(new), Some(old)) if new == old => {}
            (Some(new), Some(old)) => return (new > old) == goal.higher_is_better,
            // Weights of older versions may have a best that was no number.
            (new, old) if new.is_some() != old.is_some() => return new.is_some(),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_goal_that_differs_decides() {
        let goals = [
            Goal {
                name: "accuracy",
                higher_is_better: true,
            },
            Goal {
                name: "loss",
                higher_is_better: false,
            },
        ];
        let of = |accuracy: f64, loss: f64| {
            BTreeMap::from([
                ("accuracy".to_string(), accuracy),
                ("loss".to_string(), loss),
            ])
        };
        let better = |new: [f64; 2], old: [f64; 2]| {
            improves(&goals, &of(new[0], new[1]), Some(&of(old[0], old[1])))
        };
        assert!(better([0.9, 2.0], [0.8, 1.0]));
        assert!(!better([0.8, 1.0], [0.9, 2.0]));
        assert!(better([0.9, 1.0], [0.9, 2.0]));
        assert!(!better([0.9, 1.0], [0.9, 1.0]));
        // What is no number is never better, whichever way is better, and whatever is a number is better than it.
        let nan = f64::NAN;
        assert!(!better([nan, 1.0], [0.1, 9.0]) && !better([0.9, nan], [0.9, 9.0]));
        assert!(better([0.1, 9.0], [nan, 1.0]) && better([0.9, 9.0], [0.9, nan]));
        assert!(!better([nan, nan], [nan, nan]));
        assert!(improves(&goals, &of(0.1, nan), None) && !improves(&goals, &of(nan, 0.1), None));
        assert!(!improves(&goals[1..], &of(0.1, f64::INFINITY), None));
    }
}
