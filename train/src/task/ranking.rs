//! Examples in the order of a score, and how well those of one kind come out on top.
//!
//! ```text
//! AUC                 P(score of one of the kind > score of another) + ½ P(equal)
//! average precision   Σ_r (recall_r − recall_{r−1}) precision_r, over the scores from the highest down
//! ```
//!
//! Sorted once for every draw of a bootstrap: an example counts as often as it was drawn. Sources: Hanley and McNeil 1982 (by
//! ranks, after Mann and Whitney); Davis and Goadrich 2006.

/// Runs of examples with equal scores, from the lowest score up.
pub(super) struct Ranking(Vec<Vec<u32>>);

impl Ranking {
    /// Of examples with their scores.
    pub fn new(examples: impl IntoIterator<Item = u32>, score: impl Fn(u32) -> f32) -> Self {
        let mut order: Vec<u32> = examples.into_iter().collect();
        order.sort_by(|a, b| score(*a).total_cmp(&score(*b)));
        let runs = order.chunk_by(|a, b| score(*a) == score(*b));
        Self(runs.map(<[u32]>::to_vec).collect())
    }

    /// The AUC of those of a kind against the others, each example as often as `times` says; equal scores share their mean rank.
    /// No number where all or none are of the kind.
    pub fn area(&self, is_own: impl Fn(u32) -> bool, times: &[u32]) -> f64 {
        let (mut rank, mut sum, mut positive) = (0.0, 0.0, 0.0);
        for run in &self.0 {
            let [own, all] = counts(run, &is_own, times);
            sum += own * (rank + (all + 1.0) / 2.0);
            rank += all;
            positive += own;
        }
        (sum - positive * (positive + 1.0) / 2.0) / (positive * (rank - positive))
    }

    /// The average precision of those of a kind. No number where none are.
    pub fn average_precision(&self, is_own: impl Fn(u32) -> bool, times: &[u32]) -> f64 {
        let (mut found, mut taken, mut sum) = (0.0, 0.0, 0.0);
        for run in self.0.iter().rev() {
            let [own, all] = counts(run, &is_own, times);
            found += own;
            taken += all;
            if own > 0.0 {
                sum += own * found / taken;
            }
        }
        sum / found
    }
}

/// How many of some examples are of the kind, and how many there are.
fn counts(run: &[u32], is_own: &impl Fn(u32) -> bool, times: &[u32]) -> [f64; 2] {
    let (mut own, mut all) = (0.0, 0.0);
    for example in run {
        let count = f64::from(times[*example as usize]);
        all += count;
        if is_own(*example) {
            own += count;
        }
    }
    [own, all]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_and_precisions_by_hand() {
        // From the top: own, other, own, other.
        let scores = [0.9, 0.8, 0.7, 0.1];
        let ranking = Ranking::new(0..4, |example| scores[example as usize]);
        let is_own = |example: u32| example.is_multiple_of(2);
        let once = [1; 4];
        assert_eq!(ranking.area(is_own, &once), 0.75);
        let expected = 0.5 * 1.0 + 0.5 * (2.0 / 3.0);
        assert!((ranking.average_precision(is_own, &once) - expected).abs() < 1e-12);
        // Drawn twice, and not at all.
        assert_eq!(ranking.area(is_own, &[2, 1, 0, 1]), 1.0);
        assert!(ranking.area(is_own, &[1, 0, 1, 0]).is_nan());
        assert!(ranking.average_precision(is_own, &[0, 1, 0, 1]).is_nan());
        // Equal scores say nothing.
        let equal = Ranking::new(0..4, |_| 0.5);
        assert_eq!(
            (
                equal.area(is_own, &once),
                equal.average_precision(is_own, &once)
            ),
            (0.5, 0.5)
        );
    }
}
