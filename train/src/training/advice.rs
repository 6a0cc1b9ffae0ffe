//! What a run says about itself: signs that it cannot, or did not, learn what its data hold, and what usually helps.
//!
//! ```text
//! before    fewer than 10 steps an epoch
//! after     training ahead of validation by 15 points, and by three standard errors of the validation accuracy
//!           the validation loss a quarter above its best, which came in the first 60 % of the epochs
//! ```
//!
//! What depends on the task, such as classes with too few pictures, is said by [`Task::cautions`](crate::task::Task::cautions).

use crate::training::run_folder::EpochRecord;

/// Steps that an epoch should have at least.
const STEPS: usize = 10;
/// Training ahead of validation by so much is worth a word.
const AHEAD: f64 = 0.15;
/// Standard errors of the validation accuracy that the same has to exceed.
const ERRORS: f64 = 3.0;
/// The validation loss above its best by this factor.
const WORSE: f64 = 1.25;
/// A batch that nobody should make smaller for more steps.
const SMALL: usize = 8;
/// The best loss came early: in this share of the epochs.
const EARLY: f64 = 0.6;

/// What can be told before the first step.
pub fn before(examples: usize, batch_size: usize) -> Vec<String> {
    let steps = examples.div_ceil(batch_size.max(1));
    if steps >= STEPS || batch_size <= SMALL {
        return Vec::new();
    }
    let smaller = (examples / 20).max(1);
    let smaller = 1usize << smaller.ilog2();
    vec![format!(
        "an epoch has {steps} steps: training.batch_size = {batch_size} takes most of the {examples} training examples at once; \
         {smaller} would give it {}",
        examples.div_ceil(smaller)
    )]
}

/// What can be told from the records of all epochs; `valid` is how many examples validation has.
pub fn after(history: &[EpochRecord], valid: usize) -> Vec<String> {
    [overfitted(history, valid), worsened(history)]
        .into_iter()
        .flatten()
        .collect()
}

fn overfitted(history: &[EpochRecord], valid: usize) -> Option<String> {
    let best = history.iter().rfind(|record| record.best)?;
    let accuracy = |measures: &std::collections::BTreeMap<String, f64>| {
        measures.get("accuracy").copied().filter(|v| v.is_finite())
    };
    let trained = accuracy(&best.training.measures)?;
    let validated = accuracy(&best.validation.measures)?;
    let error = (validated * (1.0 - validated) / valid.max(1) as f64).sqrt();
    let gap = trained - validated;
    (gap > AHEAD && gap > ERRORS * error).then(|| {
        format!(
            "training accuracy {:.1} %, validation {:.1} %: the network knows its training examples better than their kind. More \
             examples help most; then augmentation, a smaller network, optimizer.weight_decay. Or validation holds \
             another kind of example than training",
            100.0 * trained,
            100.0 * validated
        )
    })
}

fn worsened(history: &[EpochRecord]) -> Option<String> {
    let loss = |record: &EpochRecord| {
        let loss = record.validation.measures.get("loss").copied();
        loss.filter(|v| v.is_finite())
    };
    let (best, least) = history
        .iter()
        .filter_map(|record| Some((record.epoch, loss(record)?)))
        .min_by(|a, b| a.1.total_cmp(&b.1))?;
    let last = history.last()?;
    let now = loss(last)?;
    let is_early = (best as f64) < EARLY * last.epoch as f64;
    (is_early && now > WORSE * least).then(|| {
        format!(
            "the validation loss was best in epoch {best} ({least:.3}) and {now:.3} in the last one, {}: fewer epochs do, or \
             training.patience ends a run that gets no better; augmentation and a smaller network learn less by heart",
            last.epoch
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::run_folder::PassRecord;

    fn pass(accuracy: f64, loss: f64) -> PassRecord {
        PassRecord {
            measures: [("accuracy", accuracy), ("loss", loss)]
                .map(|(name, value)| (name.to_string(), value))
                .into(),
            examples_per_second: 1.0,
        }
    }

    fn record(
        epoch: usize,
        training: PassRecord,
        validation: PassRecord,
        best: bool,
    ) -> EpochRecord {
        EpochRecord {
            epoch,
            step: epoch as u64,
            learning_rate: 0.1,
            training,
            validation,
            best,
            kernel_sizes: Default::default(),
            returns: Vec::new(),
            seconds: 1.0,
        }
    }

    #[test]
    fn few_steps_are_told_with_a_batch_that_gives_more() {
        let said = before(210, 128);
        assert!(
            said[0].contains("2 steps") && said[0].contains("8 would give it 27"),
            "{said:?}"
        );
        assert!(before(1280, 128).is_empty() && before(72, 9).len() == 1);
        // What is as small as it should be is no reason for a word.
        assert!(before(56, 8).is_empty() && before(5, 1).is_empty());
    }

    #[test]
    fn a_network_that_learns_by_heart_is_told_so() {
        let history = [record(1, pass(0.87, 0.3), pass(0.18, 2.0), true)];
        let said = after(&history, 60);
        assert!(
            said[0].contains("training accuracy 87.0 %, validation 18.0 %"),
            "{said:?}"
        );
        // Ten examples say little: 0.2 is within three errors of 0.145.
        let history = [record(1, pass(0.90, 0.3), pass(0.70, 2.0), true)];
        assert!(after(&history, 10).is_empty());
        assert_eq!(after(&history, 1000).len(), 1);
    }

    #[test]
    fn validation_that_gets_worse_is_told_and_one_that_wavers_is_not() {
        let epochs = |losses: &[f64]| -> Vec<EpochRecord> {
            let each = losses.iter().enumerate();
            each.map(|(i, loss)| record(i + 1, pass(0.5, 0.5), pass(0.5, *loss), i == 0))
                .collect()
        };
        let said = after(&epochs(&[0.9, 0.5, 0.6, 0.7, 0.8]), 100);
        assert!(
            said[0].contains("best in epoch 2 (0.500) and 0.800"),
            "{said:?}"
        );
        assert!(after(&epochs(&[0.9, 0.8, 0.7, 0.5, 0.8]), 100).is_empty());
        assert!(after(&epochs(&[0.9, 0.5, 0.6, 0.6, 0.6]), 100).is_empty());
        assert!(after(&[], 100).is_empty());
    }
}
