//! Which tissue image is for training, which for validation and which for testing.
//!
//! Patches of one image are alike, so a split goes by image. Images are put in an order that depends on the seed and on
//! their own names alone, stain by stain, and dealt one after the other to the split that is furthest behind its share:
//!
//! ```text
//! image i → the split s with the largest   share_s · (i + 1) − count_s
//! ```
//!
//! so that every stain is in every split according to its share, as far as its images go. Of the training images the
//! first part can be used alone; they come in an order in which every beginning has all stains in proportion, and a
//! smaller part is contained in a larger one. Images of a stain that may only be trained on are dealt to training and validation,
//! those of one that may only be tested on are all for testing.

use super::TissueName;
use crate::DatasetError;
use crate::random::{Purpose, Random, key};

/// Whether shares of validation and testing leave something for training.
pub(crate) fn check_shares([valid, test]: [f64; 2]) -> Result<(), DatasetError> {
    for (field, fraction) in [("valid_fraction", valid), ("test_fraction", test)] {
        if !(0.0..1.0).contains(&fraction) {
            let expected = "a share from 0 to below 1";
            return Err(DatasetError::setting(field, expected, fraction));
        }
    }
    if valid + test >= 1.0 {
        let expected = "less than 1 together with valid_fraction, so that training images are left";
        return Err(DatasetError::setting("test_fraction", expected, test));
    }
    Ok(())
}

/// Deals images to the splits by their shares of validation and testing; `uses` says whether a stain may be trained on and
/// whether it may be tested on. Training images are in the order in which a part of them is taken.
pub(crate) fn deal(
    images: &[TissueName],
    [valid, test]: [f64; 2],
    uses: impl Fn(&str) -> [bool; 2],
    seed: u64,
) -> [Vec<usize>; 3] {
    let mut splits = [(); 3].map(|()| Vec::new());
    for (own, shares) in [
        ([true, true], [1.0 - valid - test, valid, test]),
        ([true, false], [1.0 - valid, valid, 0.0]),
        ([false, true], [0.0, 0.0, 1.0]),
    ] {
        let chosen = (0..images.len()).filter(|image| uses(&images[*image].stain) == own);
        let dealt = deal_by_shares(images, chosen.collect(), shares, seed);
        for (split, dealt) in splits.iter_mut().zip(dealt) {
            split.extend(dealt);
        }
    }
    splits[0] = spread(images, &splits[0]);
    splits
}

/// Deals some of the images, stain by stain.
fn deal_by_shares(
    images: &[TissueName],
    chosen: Vec<usize>,
    shares: [f64; 3],
    seed: u64,
) -> [Vec<usize>; 3] {
    let order = by_stain(images, chosen, [seed, 0]);
    let mut splits = [(); 3].map(|()| Vec::new());
    for (dealt, image) in order.iter().enumerate() {
        let behind = |split: usize| shares[split] * (dealt + 1) as f64 - splits[split].len() as f64;
        let mut chosen = 0;
        for split in 1..3 {
            if behind(split) > behind(chosen) {
                chosen = split;
            }
        }
        splits[chosen].push(*image);
    }
    splits
}

/// The place of an image in an order of the seed and of its name.
fn place(image: &TissueName, [seed, stream]: [u64; 2]) -> f64 {
    Random::new(seed, Purpose::TissueSplit, key(&image.name), stream).unit()
}

/// Some of the images, stain by stain, and those of a stain in an order of the seed and their names.
fn by_stain(images: &[TissueName], chosen: Vec<usize>, stream: [u64; 2]) -> Vec<usize> {
    let mut order: Vec<(&str, f64, usize)> = chosen
        .into_iter()
        .map(|index| {
            (
                &images[index].stain[..],
                place(&images[index], stream),
                index,
            )
        })
        .collect();
    order.sort_by(|one, other| {
        (one.0.cmp(other.0))
            .then(one.1.total_cmp(&other.1))
            .then(one.2.cmp(&other.2))
    });
    order.into_iter().map(|(_, _, image)| image).collect()
}

/// The same images in another order in which every beginning has all stains in proportion, that of this seed.
pub(crate) fn reordered(images: &[TissueName], chosen: Vec<usize>, seed: u64) -> Vec<usize> {
    let order = by_stain(images, chosen, [seed, 1]);
    // Which of several stains comes first is the seed's choice too.
    spread_by(images, &order, |image| place(&images[image], [seed, 2]))
}

/// Spreads each stain evenly: the k-th of n images of a stain comes at (k + 1/2) / n. `chosen` comes stain by stain.
pub(crate) fn spread(images: &[TissueName], chosen: &[usize]) -> Vec<usize> {
    spread_by(images, chosen, |_| 0.0)
}

/// The same, where images that come at the same point come in the order of a number.
fn spread_by(images: &[TissueName], chosen: &[usize], number: impl Fn(usize) -> f64) -> Vec<usize> {
    let mut places: Vec<(f64, f64, usize)> = chosen
        .chunk_by(|one, other| images[*one].stain == images[*other].stain)
        .flat_map(|stain| {
            let count = stain.len() as f64;
            let ranked = stain.iter().enumerate();
            ranked.map(move |(rank, image)| ((rank as f64 + 0.5) / count, *image))
        })
        .map(|(point, image)| (point, number(image), image))
        .collect();
    places.sort_by(|one, other| {
        (one.0.total_cmp(&other.0))
            .then(one.1.total_cmp(&other.1))
            .then(one.2.cmp(&other.2))
    });
    places.into_iter().map(|(_, _, image)| image).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(_: &str) -> [bool; 2] {
        [true; 2]
    }

    fn images(stains: &[(&str, usize)]) -> Vec<TissueName> {
        stains
            .iter()
            .flat_map(|(stain, count)| {
                (0..*count).map(move |number| TissueName {
                    stain: stain.to_string(),
                    name: format!("{stain}{number}"),
                })
            })
            .collect()
    }

    #[test]
    fn every_image_is_dealt_once_and_every_stain_in_proportion() {
        let images = images(&[("white", 20), ("purple", 40)]);
        let splits = deal(&images, [0.15, 0.25], both, 3);
        assert_eq!(splits.each_ref().map(Vec::len), [36, 9, 15]);
        let mut all = splits.concat();
        all.sort_unstable();
        assert_eq!(all, (0..60).collect::<Vec<_>>());
        let white = |split: &[usize]| split.iter().filter(|image| **image < 20).count();
        for (split, expected) in splits.iter().zip([12, 3, 5]) {
            assert!(white(split).abs_diff(expected) <= 1, "{}", white(split));
        }
        // Beginnings of the training images have both stains, a third of them white.
        for part in 3..36 {
            let expected = part as f64 / 3.0;
            let found = white(&splits[0][..part]) as f64;
            assert!((found - expected).abs() <= 1.5, "{found} of {part}");
        }
        assert_eq!(splits, deal(&images, [0.15, 0.25], both, 3));
        assert_ne!(splits, deal(&images, [0.15, 0.25], both, 4));
    }

    #[test]
    fn few_images_and_one_sided_shares_are_dealt_too() {
        let images = images(&[("a", 3)]);
        assert_eq!(
            deal(&images, [0.15, 0.25], both, 0).map(|split| split.len()),
            [2, 0, 1]
        );
        assert_eq!(deal(&images, [0.0, 0.0], both, 0)[0].len(), 3);
        assert_eq!(deal(&[], [0.2, 0.2], both, 0), <[Vec<usize>; 3]>::default());
    }

    #[test]
    fn other_orders_have_every_stain_in_proportion_too() {
        let images = images(&[("white", 10), ("purple", 20)]);
        let all: Vec<usize> = (0..30).collect();
        let orders = [0, 1].map(|seed| reordered(&images, all.clone(), seed));
        assert_ne!(orders[0], orders[1]);
        for order in orders {
            for part in 3..30 {
                let white = order[..part].iter().filter(|image| **image < 10).count();
                assert!((white as f64 - part as f64 / 3.0).abs() <= 1.5);
            }
            let mut sorted = order;
            sorted.sort_unstable();
            assert_eq!(sorted, all);
        }
        // One of each: which one comes first is the seed's choice.
        let first = |seed| reordered(&images, vec![3, 15], seed)[0];
        let firsts: std::collections::BTreeSet<usize> = (0..20).map(first).collect();
        assert_eq!(firsts.len(), 2);
    }

    #[test]
    fn stains_may_be_for_training_or_testing_alone() {
        let images = images(&[("far", 20), ("mid", 40), ("near", 30), ("odd", 7)]);
        let uses = |stain: &str| match stain {
            "far" => [false, true],
            "mid" => [true, true],
            "near" => [true, false],
            _ => [false, false],
        };
        let splits = deal(&images, [0.2, 0.25], uses, 1);
        let of = |split: &[usize], stain: &str| {
            let of_stain = split.iter().filter(|image| images[**image].stain == stain);
            of_stain.count()
        };
        let counts = |stain| splits.each_ref().map(|split| of(split, stain));
        assert_eq!(counts("far"), [0, 0, 20]);
        assert_eq!(counts("mid"), [22, 8, 10]);
        assert_eq!(counts("near"), [24, 6, 0]);
        assert_eq!(counts("odd"), [0; 3]);
        // Beginnings of the training images have both stains.
        let near = of(&splits[0][..10], "near");
        assert!((4..=6).contains(&near), "{near}");
        // What a stain that is for both has in each split does not depend on the others.
        let alone = |stain: &str| [stain == "mid"; 2];
        let sorted = |splits: [Vec<usize>; 3]| {
            splits.map(|mut split| {
                split.retain(|image| images[*image].stain == "mid");
                split.sort_unstable();
                split
            })
        };
        assert_eq!(sorted(deal(&images, [0.2, 0.25], alone, 1)), sorted(splits));
    }
}
