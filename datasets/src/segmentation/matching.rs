//! Instances of a prediction matched with those of the truth.
//!
//! ```text
//! IoU(a, b) = |a ∩ b| / |a ∪ b|         a and b match where IoU(a, b) > t,  t ≥ 1/2
//! F1(t) = 2 TP / (2 TP + FP + FN)       TP matched pairs, FP predicted alone, FN true alone
//! ```
//!
//! Above one half no two instances can match a third: they don't overlap each other, and each would have more than half of it and
//! of their union. So nothing has to be chosen. F1 is the recognition quality of Kirillov et al. 2019, "Panoptic segmentation"
//! (section 4), the mean IoU of the matched pairs their segmentation quality; F1 over thresholds as Caicedo et al. 2019, "Nucleus
//! segmentation across imaging experiments: the 2018 Data Science Bowl", has it.

use std::collections::HashMap;

/// The smallest threshold of a match, and the one that is usual.
pub const THRESHOLD: f64 = 0.5;

/// The thresholds of [`InstanceMatches::f1_over_thresholds`].
pub const THRESHOLDS: [f64; 9] = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9];

/// A true and a predicted instance of which more than half is common.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MatchedPair {
    /// The number of the true one.
    pub truth: u16,
    /// The number of the predicted one.
    pub predicted: u16,
    /// Their intersection over their union, above 0.5.
    pub iou: f64,
}

/// The instances of one image or of several, and the pairs that match.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct InstanceMatches {
    /// True instances.
    pub true_instances: usize,
    /// Predicted instances.
    pub predicted_instances: usize,
    /// The pairs whose IoU is above 0.5, image by image, by the number of the true one.
    pub pairs: Vec<MatchedPair>,
}

/// Matches the instances of an image, given the number of each pixel's instance, 0 for none, in both.
///
/// # Panics
/// Panics if there are more pixels in one than in the other.
pub fn match_instances(truth: &[u16], predicted: &[u16]) -> InstanceMatches {
    assert_eq!(
        truth.len(),
        predicted.len(),
        "a number of each pixel in both"
    );
    let (of_truth, of_predicted) = (areas(truth), areas(predicted));
    let mut common: HashMap<(u16, u16), u64> = HashMap::new();
    for pair in truth.iter().copied().zip(predicted.iter().copied()) {
        if pair.0 != 0 && pair.1 != 0 {
            *common.entry(pair).or_default() += 1;
        }
    }
    let mut pairs: Vec<MatchedPair> = common
        .into_iter()
        .filter_map(|((truth, predicted), common)| {
            let union =
                of_truth[usize::from(truth)] + of_predicted[usize::from(predicted)] - common;
            (2 * common > union).then(|| MatchedPair {
                truth,
                predicted,
                iou: common as f64 / union as f64,
            })
        })
        .collect();
    pairs.sort_by_key(|pair| pair.truth);
    let count = |areas: &[u64]| areas[1..].iter().filter(|area| **area > 0).count();
    InstanceMatches {
        true_instances: count(&of_truth),
        predicted_instances: count(&of_predicted),
        pairs,
    }
}

/// How many pixels each number has.
fn areas(numbers: &[u16]) -> Vec<u64> {
    let largest = numbers.iter().copied().max().unwrap_or(0);
    let mut areas = vec![0; usize::from(largest) + 1];
    for number in numbers {
        areas[usize::from(*number)] += 1;
    }
    areas
}

impl InstanceMatches {
    /// Takes those of other images in.
    pub fn merge(&mut self, other: Self) {
        self.true_instances += other.true_instances;
        self.predicted_instances += other.predicted_instances;
        self.pairs.extend(other.pairs);
    }

    /// Pairs whose IoU is above a threshold.
    ///
    /// # Panics
    /// Panics if the threshold is below 0.5, where matches are not unique, or not below 1.
    pub fn true_positives(&self, threshold: f64) -> usize {
        assert!(
            (THRESHOLD..1.0).contains(&threshold),
            "a threshold from 0.5 to below 1, not {threshold}"
        );
        let above = self.pairs.iter().filter(|pair| pair.iou > threshold);
        above.count()
    }

    /// Predicted instances without a match; panics as [`Self::true_positives`].
    pub fn false_positives(&self, threshold: f64) -> usize {
        self.predicted_instances - self.true_positives(threshold)
    }

    /// True instances without a match; panics as [`Self::true_positives`].
    pub fn false_negatives(&self, threshold: f64) -> usize {
        self.true_instances - self.true_positives(threshold)
    }

    /// F1 at a threshold, none where there is no instance at all; panics as [`Self::true_positives`].
    pub fn f1(&self, threshold: f64) -> Option<f64> {
        // 2 TP + FP + FN.
        let all = self.true_instances + self.predicted_instances;
        let both = 2 * self.true_positives(threshold);
        (all > 0).then(|| both as f64 / all as f64)
    }

    /// F1 at each of the [`THRESHOLDS`], none where there is no instance at all.
    pub fn f1_over_thresholds(&self) -> [Option<f64>; 9] {
        THRESHOLDS.map(|threshold| self.f1(threshold))
    }

    /// The mean IoU of the matched pairs, none where nothing matches.
    pub fn mean_iou(&self) -> Option<f64> {
        let sum: f64 = self.pairs.iter().map(|pair| pair.iou).sum();
        (!self.pairs.is_empty()).then(|| sum / self.pairs.len() as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_match_where_more_than_half_is_common() {
        //           1: all, 2: 3 of 4, 3: half, 4: missed
        let truth = [1, 1, 0, 2, 2, 2, 2, 0, 3, 3, 0, 4];
        let found = [7, 7, 0, 5, 5, 5, 0, 0, 6, 0, 9, 0];
        let matches = match_instances(&truth, &found);
        assert_eq!(
            (matches.true_instances, matches.predicted_instances),
            (4, 4)
        );
        let pair = |truth, predicted, iou| MatchedPair {
            truth,
            predicted,
            iou,
        };
        assert_eq!(matches.pairs, [pair(1, 7, 1.0), pair(2, 5, 0.75)]);
        let counts = |t| {
            [
                matches.true_positives(t),
                matches.false_positives(t),
                matches.false_negatives(t),
            ]
        };
        assert_eq!(counts(0.5), [2, 2, 2]);
        // Above, not at.
        assert_eq!(counts(0.75), [1, 3, 3]);
        assert_eq!(matches.f1(0.5), Some(0.5));
        assert_eq!(matches.mean_iou(), Some(0.875));
        let high = matches.f1_over_thresholds();
        assert_eq!((high[4], high[5]), (Some(0.5), Some(0.25)));
    }

    #[test]
    fn images_add_up_and_nothing_is_no_number() {
        let mut all = match_instances(&[0, 0], &[0, 0]);
        assert_eq!((all.f1(0.5), all.mean_iou()), (None, None));
        assert_eq!(match_instances(&[3], &[0]).f1(0.5), Some(0.0));
        all.merge(match_instances(&[1, 0], &[1, 0]));
        all.merge(match_instances(&[0, 0], &[0, 65_535]));
        assert_eq!(all.f1(0.5), Some(2.0 / 3.0));
    }

    #[test]
    fn numbers_and_order_of_pixels_mean_nothing() {
        let truth = [1, 1, 1, 0, 2, 2, 3, 3, 3, 3];
        let found = [4, 4, 0, 4, 4, 2, 2, 2, 2, 0];
        let one = match_instances(&truth, &found);
        assert_eq!(one.pairs.len(), 1);
        let other = |numbers: [u16; 10]| {
            let mut numbers = numbers.map(|n| if n == 0 { 0 } else { 900 - 100 * n });
            numbers.reverse();
            numbers
        };
        let two = match_instances(&other(truth), &other(found));
        assert_eq!((two.f1(0.5), two.mean_iou()), (one.f1(0.5), one.mean_iou()));
    }

    #[test]
    #[should_panic(expected = "a threshold from 0.5")]
    fn thresholds_at_which_matches_are_not_unique_are_refused() {
        match_instances(&[1], &[1]).f1(0.3);
    }
}
