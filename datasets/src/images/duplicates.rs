//! Images that are in several splits, so that a test on them measures memory.

use std::collections::HashMap;

use rayon::prelude::*;

use super::ImageDataset;
use super::split::Split;
use crate::identity::Identity;

/// Each image of a later split with the first one like it in an earlier split.
pub(super) fn across(splits: [&ImageDataset; 3]) -> Vec<[(Split, String); 2]> {
    let mut first: HashMap<String, (Split, usize)> = HashMap::new();
    let mut found = Vec::new();
    for (split, images) in Split::THREE.into_iter().zip(splits) {
        if images.is_lazy() {
            continue;
        }
        let hashes = (0..images.count()).into_par_iter();
        let hashes: Vec<String> = hashes.map(|index| hash(images, index)).collect();
        for (index, hash) in hashes.iter().enumerate() {
            if let Some((other, place)) = first.get(hash) {
                let named = |split: Split, index| (split, name(splits[split as usize], index));
                found.push([named(*other, *place), named(split, index)]);
            }
        }
        for (index, hash) in hashes.into_iter().enumerate() {
            first.entry(hash).or_insert((split, index));
        }
    }
    found
}

/// Equal where images are, of bytes or of floats.
fn hash(images: &ImageDataset, index: usize) -> String {
    let mut identity = Identity::of("image");
    identity.numbers(images.image(index).iter().map(|value| value.to_le_bytes()));
    identity.finish()
}

fn name(images: &ImageDataset, index: usize) -> String {
    match images.names() {
        Some(names) => names[index].to_string(),
        None => index.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Splits;

    fn bytes(values: &[u8]) -> ImageDataset {
        ImageDataset::from_bytes(values.to_vec(), vec![0; values.len()], [1, 1, 1], 1).unwrap()
    }

    fn named(images: ImageDataset, name: &str) -> ImageDataset {
        let names: Vec<String> = (0..images.count())
            .map(|at| format!("{name}{at}"))
            .collect();
        images.with_names(names).unwrap()
    }

    #[test]
    fn images_in_two_splits_are_named() {
        let floats = [9.0, 1.0, 4.0].map(|byte: f32| byte / 255.0).to_vec();
        let test = ImageDataset::from_floats(floats, vec![0; 3], [1, 1, 1], 1).unwrap();
        let [train, valid] = [bytes(&[1, 2, 3, 3, 1]), bytes(&[4, 2, 4])];
        let splits = Splits::new("x", "y", named(train, "a"), named(valid, "b"), test).unwrap();
        let pair = |one: (Split, &str), other: (Split, &str)| {
            [one, other].map(|(split, name)| (split, name.to_string()))
        };
        let expected = [
            pair((Split::Train, "a1"), (Split::Valid, "b1")),
            pair((Split::Train, "a0"), (Split::Test, "1")),
            pair((Split::Valid, "b0"), (Split::Test, "2")),
        ];
        assert_eq!(splits.duplicates(), expected);
        let apart = Splits::new("x", "y", bytes(&[1, 1]), bytes(&[2]), bytes(&[3])).unwrap();
        assert!(apart.duplicates().is_empty());
    }
}
