//! The loss of classes of pixels, and how far predicted ones overlap with the truth.
//!
//! ```text
//! loss        = −1/P Σ_x w_y(x) ln p_y(x)(x)  +  1 − 1/C Σ_c D_c
//! D_c         = 2 Σ_x p_c(x) [y(x) = c] / Σ_x (p_c(x) + [y(x) = c])        soft Dice, over all pixels of the batch
//! Dice of c   = 2 |A_c ∩ B_c| / (|A_c| + |B_c|)      A_c: pixels of class c, B_c: those that the network takes for it
//! IoU of c    =   |A_c ∩ B_c| / |A_c ∪ B_c|
//! ```
//!
//! Of an image Dice and IoU are means over the classes that it or the answer has. Source: Milletari, Navab & Ahmadi 2016, "V-Net".

use burn::prelude::*;
use burn::tensor::activation::log_softmax;

/// Keeps a share of nothing by nothing from being no number.
const EPSILON: f64 = 1e-6;

/// What is known of some images of one size.
pub(super) struct Judged {
    /// The quantity to descend, one number.
    pub(super) loss: Tensor<1>,
    /// Loss, Dice, IoU and the share of pixels that are right, `[batch, 4]`.
    pub(super) outcomes: Tensor<2>,
    /// The likeliest class of each pixel, `[batch, 1, height, width]`.
    pub(super) answers: Tensor<4, Int>,
}

/// Compares class scores with the truth.
///
/// # Shapes
/// - scores: `[batch, classes, height, width]`
/// - truth: `[batch, 1, height, width]`
pub(super) fn judge(scores: Tensor<4>, truth: Tensor<4, Int>, weights: Option<&[f32]>) -> Judged {
    let [batch, classes, height, width] = scores.dims();
    let pixels = height * width;
    let device = scores.device();
    let flat = |map: Tensor<4>| map.reshape([batch, classes, pixels]);
    let log_p = log_softmax(scores, 1);
    let answers = log_p.clone().detach().argmax(1);
    // One for the pixels of each class.
    let of_class = |map: Tensor<4, Int>| -> Tensor<4> {
        let numbers = Tensor::<1, Int>::arange(0..classes as i64, &device);
        let numbers: Tensor<4, Int> = numbers.reshape([1, classes, 1, 1]);
        let same = map
            .expand([batch, classes, height, width])
            .equal(numbers.expand([batch, classes, height, width]));
        same.float()
    };
    let (truth, answered) = (of_class(truth), flat(of_class(answers.clone())));
    let hits = match weights {
        None => log_p.clone() * truth.clone(),
        Some(weights) => {
            let weights = Tensor::<1>::from_floats(weights, &device);
            let weights: Tensor<4> = weights.reshape([1, classes, 1, 1]);
            log_p.clone() * truth.clone() * weights
        }
    };
    let truth = flat(truth);
    let p = flat(log_p.exp());
    let entropy: Tensor<2> = -flat(hits).sum_dim(2).sum_dim(1).squeeze_dim(2) / pixels as f64;
    let both: Tensor<1> = (p.clone() * truth.clone())
        .sum_dim(2)
        .sum_dim(0)
        .flatten(0, 2);
    let either: Tensor<1> = (p + truth.clone()).sum_dim(2).sum_dim(0).flatten(0, 2);
    let dice = ((both * 2.0 + EPSILON) / (either + EPSILON)).mean();
    let loss = entropy.clone().mean() + (-dice + 1.0);

    let sum = |map: Tensor<3>| -> Tensor<2> { map.sum_dim(2).squeeze_dim(2) };
    let shared = sum(answered.clone() * truth.clone());
    let sizes = sum(answered) + sum(truth);
    let present = sizes.clone().greater_elem(0.5).float();
    let mean = |of_class: Tensor<2>| -> Tensor<2> {
        (of_class * present.clone()).sum_dim(1) / present.clone().sum_dim(1)
    };
    let overlap = shared.clone() * 2.0 / sizes.clone().clamp_min(1.0);
    let union = (sizes - shared.clone()).clamp_min(1.0);
    let outcomes = [
        entropy.detach(),
        mean(overlap),
        mean(shared.clone() / union),
        shared.sum_dim(1) / pixels as f64,
    ];
    Judged {
        loss,
        outcomes: Tensor::cat(outcomes.to_vec(), 1).detach(),
        answers,
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;

    /// Four pixels in three classes, of which two are taken for others; by hand.
    #[test]
    fn values_by_hand() {
        let device = Device::flex();
        // Logarithms of probabilities .7, .2, .1 in the order of the answers 0, 1, 1, 0.
        let p = [
            0.7f32, 0.2, 0.2, 0.7, 0.2, 0.7, 0.7, 0.2, 0.1, 0.1, 0.1, 0.1,
        ];
        let scores = p.map(f32::ln);
        let scores = Tensor::<1>::from_floats(scores, &device).reshape([1, 3, 2, 2]);
        let truth = Tensor::<1, Int>::from_ints([0, 1, 0, 2], &device).reshape([1, 1, 2, 2]);
        let judged = judge(scores.clone(), truth.clone(), None);
        let row: Vec<f64> = judged.outcomes.into_data().iter::<f64>().collect();
        let entropy = -(2.0 * 0.7f64.ln() + 0.2f64.ln() + 0.1f64.ln()) / 4.0;
        // Class 0: one of two and two. Class 1: one of two and one. Class 2: none of one and none.
        let dice = (2.0 / 4.0 + 2.0 / 3.0 + 0.0) / 3.0;
        let iou = (1.0 / 3.0 + 1.0 / 2.0 + 0.0) / 3.0;
        for (found, expected) in row.iter().zip([entropy, dice, iou, 0.5]) {
            assert!((found - expected).abs() < 1e-6, "{row:?}");
        }
        let soft = [
            2.0 * (0.7 + 0.2) / (1.8 + 2.0),
            2.0 * 0.7 / (1.8 + 1.0),
            2.0 * 0.1 / (0.4 + 1.0),
        ];
        let expected = entropy + 1.0 - soft.iter().sum::<f64>() / 3.0;
        let loss: f64 = judged.loss.into_scalar();
        assert!((loss - expected).abs() < 1e-5, "{loss} {expected}");
        let classes: Vec<i64> = judged.answers.into_data().iter::<i64>().collect();
        assert_eq!(classes, [0, 1, 1, 0]);
        // Weights change the entropy alone.
        let weighted = judge(scores, truth, Some(&[1.0, 1.0, 5.0]));
        let loss: f64 = weighted.loss.into_scalar();
        assert!((loss - expected + 0.1f64.ln()).abs() < 1e-5, "{loss}");
    }

    /// What has no pixel of a class, and is not taken for it, says nothing of it.
    #[test]
    fn classes_that_are_not_there_do_not_count() {
        let device = Device::flex();
        let scores = Tensor::<1>::from_floats([9.0, 9.0, 0.0, 0.0, 0.0, 0.0], &device);
        let truth = Tensor::<4, Int>::zeros([1, 1, 1, 2], &device);
        let judged = judge(scores.reshape([1, 3, 1, 2]), truth, None);
        let row: Vec<f64> = judged.outcomes.into_data().iter::<f64>().collect();
        assert_eq!(row[1..], [1.0, 1.0, 1.0]);
    }
}
