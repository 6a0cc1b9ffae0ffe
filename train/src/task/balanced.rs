//! The balanced accuracy: the mean over the classes of the share of their examples that are taken for them.
//!
//! ```text
//! balanced accuracy = 1/C Σ_c (examples of c taken for c) / (examples of c)      over the C classes that have examples
//! ```
//!
//! Always answering the largest class gives 1/C, however large it is. Source: Brodersen et al. 2010.

use gcnn_models::argmax;

use crate::task::metrics::{Measure, Outcomes};

/// What the measure is called.
pub const NAME: &str = "balanced_accuracy";

/// Draws for its interval.
const DRAWS: usize = 500;

/// The balanced accuracy of outcomes with scores and labels, with a bootstrap interval.
pub fn measure(outcomes: &Outcomes) -> Measure {
    let labels = outcomes.labels();
    let classes = outcomes.scores().len() / labels.len().max(1);
    let hits: Vec<bool> = outcomes
        .scores()
        .chunks_exact(classes.max(1))
        .zip(labels)
        .map(|(row, label)| argmax(row) == usize::from(*label))
        .collect();
    let mean = |examples: &[u32]| {
        let mut counts = vec![[0u32; 2]; classes];
        for example in examples {
            let example = *example as usize;
            let [all, right] = &mut counts[usize::from(labels[example])];
            *all += 1;
            *right += u32::from(hits[example]);
        }
        let shares: Vec<f64> = counts
            .into_iter()
            .filter(|[all, _]| *all > 0)
            .map(|[all, right]| f64::from(right) / f64::from(all))
            .collect();
        shares.iter().sum::<f64>() / shares.len() as f64
    };
    let all: Vec<u32> = (0..hits.len() as u32).collect();
    let (low, high) = outcomes.units().interval(DRAWS, mean);
    let [low, high] = [low, high].map(|end| end.clamp(0.0, 1.0));
    Measure {
        name: NAME,
        value: mean(&all),
        low,
        high,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes(answers: &[[f32; 2]], labels: &[u8]) -> Outcomes {
        let mut outcomes = Outcomes::new(&["loss"]).with_labels(labels.to_vec());
        outcomes.extend(&vec![0.0; labels.len()]);
        outcomes.extend_scores(answers.as_flattened());
        outcomes
    }

    #[test]
    fn always_answering_the_largest_class_is_worth_a_half() {
        let labels: Vec<u8> = (0..100).map(|i| u8::from(i >= 90)).collect();
        let found = measure(&outcomes(&[[1.0, 0.0]; 100], &labels));
        assert_eq!((found.value, found.low, found.high), (0.5, 0.5, 0.5));
        let right: Vec<[f32; 2]> = labels.iter().map(|l| [0.5, f32::from(*l)]).collect();
        assert_eq!(measure(&outcomes(&right, &labels)).value, 1.0);
        assert!(measure(&outcomes(&[], &[])).value.is_nan());
    }

    #[test]
    fn shares_are_counted_by_hand() {
        // Three of four, and one of two.
        let answers = [
            [1.0, 0.0],
            [1.0, 0.0],
            [1.0, 0.0],
            [0.0, 1.0],
            [0.0, 1.0],
            [1.0, 0.0],
        ];
        let found = measure(&outcomes(&answers, &[0, 0, 0, 0, 1, 1]));
        assert!((found.value - 0.625).abs() < 1e-12);
        assert!(found.low < found.value && found.value < found.high);
    }
}
