//! Weights of classes in the training loss.
//!
//! ```text
//! w_c = N / (C n_c)      n_c of the N training images are of class c; C classes have images
//! ```
//!
//! so that the mean weight of an image is 1, and every class has the same share in an epoch's loss. Source: King and Zeng 2001.

use gcnn_datasets::ImageDataset;

/// The weight of each class; 1 where it has no images.
pub(super) fn balanced(images: &ImageDataset) -> Vec<f32> {
    let counts = counts(images);
    let present = counts.iter().filter(|count| **count > 0).count();
    let weight = |count: usize| match count {
        0 => 1.0,
        count => images.count() as f32 / (present * count) as f32,
    };
    counts.into_iter().map(weight).collect()
}

/// How many images each class has.
pub(super) fn counts(images: &ImageDataset) -> Vec<usize> {
    let mut counts = vec![0; images.classes()];
    for label in images.labels() {
        counts[usize::from(*label)] += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_the_same_share_and_the_mean_is_one() {
        let labels = vec![0, 0, 0, 0, 0, 0, 1, 1, 3];
        let images = ImageDataset::from_bytes(vec![0; 9], labels.clone(), [1, 1, 1], 4);
        let weights = balanced(&images.expect("images"));
        assert_eq!(weights, [0.5, 1.5, 1.0, 3.0]);
        let mean: f32 = labels.iter().map(|l| weights[usize::from(*l)]).sum::<f32>() / 9.0;
        assert!((mean - 1.0).abs() < 1e-6);
    }
}
