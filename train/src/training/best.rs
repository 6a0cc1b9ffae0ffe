//! Which of two epochs is the better one.

use std::collections::BTreeMap;

use crate::task::Goal;

/// Whether `new` beats `old`: by the first goal in which they differ. An epoch with a goal that is no number beats none.
pub fn improves(
    goals: &[Goal],
    new: &BTreeMap<String, f64>,
    old: Option<&BTreeMap<String, f64>>,
) -> bool {
    let numbers = |measures: &BTreeMap<String, f64>| -> Option<Vec<f64>> {
        let values = goals.iter().map(|goal| measures.get(goal.name).copied());
        values
            .map(|value| value.filter(|v| v.is_finite()))
            .collect()
    };
    let Some(new) = numbers(new) else {
        return false;
    };
    // Weights of older versions may have a best that was no number.
    let Some(old) = old.and_then(numbers) else {
        return true;
    };
    let pairs = goals.iter().zip(new.into_iter().zip(old));
    let mut differing = pairs.filter(|(_, (new, old))| new != old);
    let first = differing.next();
    first.is_some_and(|(goal, (new, old))| (new > old) == goal.higher_is_better)
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
        assert!(!improves(&goals, &of(0.1, nan), None) && !improves(&goals, &of(nan, 0.1), None));
        assert!(improves(&goals, &of(0.1, 0.2), None));
        assert!(!improves(&goals[1..], &of(0.1, f64::INFINITY), None));
    }
}
