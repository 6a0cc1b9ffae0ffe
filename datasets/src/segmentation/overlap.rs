//! How far two maps of classes agree, class by class.
//!
//! ```text
//! Dice_c = 2 |A_c ∩ B_c| / (|A_c| + |B_c|)      IoU_c = |A_c ∩ B_c| / |A_c ∪ B_c|
//! ```
//!
//! with A_c the pixels that have class c in the truth and B_c those in the prediction, over all images together: their counts add
//! up. Neither number exists for a class that is in neither. Dice = 2 IoU / (1 + IoU). Sources: Dice 1945, "Measures of the
//! amount of ecologic association between species", and Jaccard 1912, "The distribution of the flora in the alpine zone".

/// Counts of pixels, class by class, of the truth, of a prediction and of both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassOverlap {
    /// Pixels of each class in both.
    intersection: Vec<u64>,
    /// Pixels of each class in the truth.
    truth: Vec<u64>,
    /// Pixels of each class in the prediction.
    predicted: Vec<u64>,
}

impl ClassOverlap {
    /// Of so many classes and no pixel.
    pub fn new(classes: usize) -> Self {
        Self {
            intersection: vec![0; classes],
            truth: vec![0; classes],
            predicted: vec![0; classes],
        }
    }

    /// Adds the pixels of an image.
    ///
    /// # Panics
    /// Panics if there are more pixels in one than in the other, or classes beyond their number.
    pub fn add(&mut self, truth: &[u8], predicted: &[u8]) {
        assert_eq!(
            truth.len(),
            predicted.len(),
            "a class of each pixel in both"
        );
        for (truth, predicted) in truth.iter().zip(predicted) {
            let (truth, predicted) = (usize::from(*truth), usize::from(*predicted));
            self.truth[truth] += 1;
            self.predicted[predicted] += 1;
            if truth == predicted {
                self.intersection[truth] += 1;
            }
        }
    }

    /// Takes the counts of other images in.
    ///
    /// # Panics
    /// Panics if they are of another number of classes.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!(self.classes(), other.classes(), "the same classes in both");
        for (own, more) in [
            (&mut self.intersection, &other.intersection),
            (&mut self.truth, &other.truth),
            (&mut self.predicted, &other.predicted),
        ] {
            own.iter_mut()
                .zip(more)
                .for_each(|(own, more)| *own += more);
        }
    }

    /// How many classes there are.
    pub fn classes(&self) -> usize {
        self.truth.len()
    }

    /// Pixels of each class that both have.
    pub fn intersections(&self) -> &[u64] {
        &self.intersection
    }

    /// Pixels of each class that one or both have.
    pub fn unions(&self) -> Vec<u64> {
        let sums = self.truth.iter().zip(&self.predicted);
        let unions = sums.zip(&self.intersection);
        unions.map(|((a, b), both)| a + b - both).collect()
    }

    /// The Dice coefficient of each class, none where neither has a pixel of it.
    pub fn dice(&self) -> Vec<Option<f64>> {
        let sums = self.truth.iter().zip(&self.predicted);
        let parts = sums.zip(&self.intersection);
        parts.map(|((a, b), both)| ratio(2 * both, a + b)).collect()
    }

    /// Intersection over union of each class, none where neither has a pixel of it.
    pub fn iou(&self) -> Vec<Option<f64>> {
        let parts = self.intersection.iter().zip(self.unions());
        parts.map(|(both, union)| ratio(*both, union)).collect()
    }

    /// The mean of [`Self::dice`] over the classes that have one; none where no class has.
    pub fn mean_dice(&self) -> Option<f64> {
        mean(&self.dice())
    }

    /// The mean of [`Self::iou`] over the classes that have one; none where no class has.
    pub fn mean_iou(&self) -> Option<f64> {
        mean(&self.iou())
    }

    /// The share of all pixels whose class is right; none without a pixel.
    pub fn accuracy(&self) -> Option<f64> {
        ratio(self.intersection.iter().sum(), self.truth.iter().sum())
    }
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn mean(values: &[Option<f64>]) -> Option<f64> {
    let known: Vec<f64> = values.iter().copied().flatten().collect();
    (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_ratios_are_those_of_hand() {
        let mut overlap = ClassOverlap::new(4);
        overlap.add(&[0, 0, 0, 1, 1, 2], &[0, 0, 1, 1, 2, 2]);
        assert_eq!(overlap.intersections(), [2, 1, 1, 0]);
        assert_eq!(overlap.unions(), [3, 3, 2, 0]);
        let dice = [Some(0.8), Some(0.5), Some(2.0 / 3.0), None];
        let iou = [Some(2.0 / 3.0), Some(1.0 / 3.0), Some(0.5), None];
        assert_eq!(
            (&overlap.dice()[..], &overlap.iou()[..]),
            (&dice[..], &iou[..])
        );
        assert_eq!(overlap.mean_iou(), Some(0.5));
        assert!((overlap.mean_dice().unwrap() - (0.8 + 0.5 + 2.0 / 3.0) / 3.0).abs() < 1e-15);
        assert_eq!(overlap.accuracy(), Some(4.0 / 6.0));
    }

    #[test]
    fn images_add_up() {
        let (mut one, mut other, mut both) = (
            ClassOverlap::new(2),
            ClassOverlap::new(2),
            ClassOverlap::new(2),
        );
        one.add(&[0, 1], &[1, 1]);
        other.add(&[1, 1, 0], &[1, 0, 0]);
        both.add(&[0, 1, 1, 1, 0], &[1, 1, 1, 0, 0]);
        one.merge(&other);
        assert_eq!(one, both);
        let none = ClassOverlap::new(2);
        assert_eq!((none.accuracy(), none.mean_dice()), (None, None));
    }
}
