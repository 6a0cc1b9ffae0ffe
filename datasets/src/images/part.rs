//! A share of the training images, for learning from little.
//!
//! ```text
//! in memory   the k-th of the n images of a class, in an order of the seed, comes at (k + 1/2) / n
//! in files    stretches of images, in an order of the seed
//! ```
//!
//! and the first ones are taken, up to the share. So a smaller share is part of a larger one, and images in memory have all
//! classes in proportion; those in files are taken where they lie together, so that none is read for nothing.

use super::ImageDataset;
use super::pixels::gather;
use crate::DatasetError;
use crate::random::{Purpose, Random};

/// The fewest images of a stretch that is taken of images in files.
const STRETCH: usize = 32;

/// Whether a share of the training images makes sense.
pub(crate) fn check(fraction: f64) -> Result<(), DatasetError> {
    if fraction > 0.0 && fraction <= 1.0 {
        return Ok(());
    }
    let expected = "a share above 0, at most 1";
    Err(DatasetError::setting("train_fraction", expected, fraction))
}

/// How many of `count` a share is, at least one.
pub(crate) fn share(count: usize, fraction: f64) -> usize {
    ((fraction * count as f64).ceil() as usize).clamp(1, count.max(1))
}

/// The places of images with these labels in an order in which every stretch has all classes in proportion; `stream` gives
/// the random numbers of a class.
pub(crate) fn stratified(labels: &[u8], stream: impl Fn(usize) -> Random) -> Vec<usize> {
    let mut by_class = vec![Vec::new(); 256];
    for (place, label) in labels.iter().enumerate() {
        by_class[usize::from(*label)].push(place);
    }
    let mut order: Vec<(f64, usize)> = Vec::with_capacity(labels.len());
    for (class, mut images) in by_class.into_iter().enumerate() {
        stream(class).shuffle(&mut images);
        let count = images.len() as f64;
        let ranked = images.into_iter().enumerate();
        order.extend(ranked.map(|(rank, image)| ((rank as f64 + 0.5) / count, image)));
    }
    // Stable: classes that come at the same point come in their order.
    order.sort_by(|one, other| one.0.total_cmp(&other.0));
    order.into_iter().map(|(_, image)| image).collect()
}

/// The places of a share of images with these labels, sorted.
pub(crate) fn places(labels: &[u8], fraction: f64, seed: u64) -> Vec<usize> {
    let stream = |class| Random::new(seed, Purpose::Share, class as u64, 0);
    let mut places = stratified(labels, stream);
    places.truncate(share(labels.len(), fraction));
    places.sort_unstable();
    places
}

impl ImageDataset {
    /// A share of the images, above 0 and at most 1, in their order; at least one image, and of images in files at least
    /// one stretch.
    pub fn part(&self, fraction: f64, seed: u64) -> Result<Self, DatasetError> {
        check(fraction)?;
        if fraction == 1.0 || self.is_empty() {
            return Ok(self.clone());
        }
        if !self.is_lazy() {
            return Ok(self.select(&places(&self.labels, fraction, seed)));
        }
        // Blocks that are read together stay together.
        let block = self.locality()[0].max(1);
        let stretch = block * STRETCH.div_ceil(block);
        let mut stretches: Vec<usize> = (0..self.count().div_ceil(stretch)).collect();
        Random::new(seed, Purpose::Share, 0, 1).shuffle(&mut stretches);
        stretches.truncate(share(stretches.len(), fraction));
        stretches.sort_unstable();
        let places: Vec<usize> = stretches
            .into_iter()
            .flat_map(|number| {
                number * stretch..((number + 1).saturating_mul(stretch)).min(self.count())
            })
            .collect();
        Ok(self.select(&places))
    }

    /// The images at these places, which have to be there, sorted.
    fn select(&self, places: &[usize]) -> Self {
        Self {
            pixels: self.pixels.select(places, self.image_len()),
            labels: gather(&self.labels, places, 1),
            shape: self.shape,
            classes: self.classes,
            class_names: self.class_names.clone(),
            beside: self.beside.select(places),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use super::*;
    use crate::images::ReadImages;

    #[test]
    fn shares_are_nested_seeded_and_have_all_classes_in_proportion() {
        // Ninety of class 0 and thirty of class 1.
        let labels: Vec<u8> = (0..120).map(|i| u8::from(i % 4 == 3)).collect();
        let of = |fraction, seed| -> BTreeSet<usize> {
            places(&labels, fraction, seed).into_iter().collect()
        };
        let shares = [0.001, 0.1, 0.3, 0.77, 1.0].map(|fraction| of(fraction, 5));
        assert_eq!(shares.each_ref().map(BTreeSet::len), [1, 12, 36, 93, 120]);
        for pair in shares.windows(2) {
            assert!(pair[0].is_subset(&pair[1]));
        }
        for share in &shares[1..] {
            let ones = share.iter().filter(|place| labels[**place] == 1).count();
            assert!((ones as f64 - share.len() as f64 / 4.0).abs() <= 1.0);
        }
        assert_eq!(of(0.3, 5), shares[2]);
        assert_ne!(of(0.3, 6), shares[2]);
        assert_eq!(places(&[], 0.5, 0), [0; 0]);
        for fraction in [0.0, -1.0, 1.1, f64::NAN] {
            assert!(check(fraction).is_err());
        }
    }

    #[test]
    fn images_in_memory_keep_what_belongs_to_them() {
        let pixels: Vec<u8> = (0..40).flat_map(|i| [i, 100 + i]).collect();
        let labels: Vec<u8> = (0..40).map(|i| i % 2).collect();
        let bytes = ImageDataset::from_bytes(pixels, labels, [2, 1, 1], 2).unwrap();
        let bytes = bytes.with_sources((1000..1040).collect()).unwrap();
        let bytes = bytes.with_names((0..40).map(|at| at.to_string())).unwrap();
        let floats: Vec<f32> = (0..40).flat_map(|index| bytes.image(index)).collect();
        let floats = ImageDataset::from_floats(floats, bytes.labels().to_vec(), [2, 1, 1], 2);
        for images in [&bytes, &floats.unwrap()] {
            let part = images.part(0.25, 3).unwrap();
            assert_eq!(part.count(), 10);
            for index in 0..part.count() {
                let [first, second] = part.image(index)[..] else {
                    panic!("two values");
                };
                let number = (first * 255.0).round() as usize;
                assert_eq!((second * 255.0).round() as usize, 100 + number);
                assert_eq!(usize::from(part.labels()[index]), number % 2);
                if let Some(sources) = part.sources() {
                    assert_eq!(sources[index] as usize, 1000 + number);
                    assert_eq!(part.names().unwrap()[index].parse(), Ok(number));
                }
            }
            assert_eq!(images.part(1.0, 3).unwrap().count(), 40);
            assert!(images.part(0.0, 3).is_err());
        }
    }

    /// Image i is the number i, read five at a time.
    #[derive(Debug)]
    struct Fives;

    impl ReadImages for Fives {
        fn identity(&self) -> Result<String, DatasetError> {
            Ok(format!("{self:?}"))
        }

        fn read(&self, index: usize, image: &mut [f32]) -> Result<(), DatasetError> {
            image[0] = index as f32;
            Ok(())
        }

        fn locality(&self) -> [usize; 2] {
            [5, 4]
        }
    }

    #[test]
    fn images_in_files_come_in_whole_stretches_and_are_not_read() {
        let labels: Vec<u8> = (0..1003).map(|i| (i % 7) as u8).collect();
        let all = ImageDataset::from_reader(Arc::new(Fives), labels, [1, 1, 1], 7).unwrap();
        let numbers = |fraction| -> BTreeSet<usize> {
            let part = all.part(fraction, 9).unwrap();
            assert!(part.is_lazy() && part.locality() == [5, 4]);
            let number = |index: usize| part.image(index)[0] as usize;
            for index in 0..part.count() {
                assert_eq!(usize::from(part.labels()[index]), number(index) % 7);
            }
            (0..part.count()).map(number).collect()
        };
        let [tenth, half] = [0.1, 0.5].map(numbers);
        // Stretches of seven blocks: three of 29, and fifteen.
        assert_eq!(tenth.len(), 3 * 35);
        assert!((14 * 35 + 23..=15 * 35).contains(&half.len()));
        assert!(tenth.is_subset(&half));
        assert!(tenth.iter().filter(|number| **number % 35 == 0).count() == 3);
    }
}
