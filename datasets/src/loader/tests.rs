//! Tests of the order of batches, of what is in them, and of how a loader ends.

use super::*;
use crate::augmentation::RotationAugmentation;
use crate::images::ReadImages;

fn images(count: usize) -> Arc<ImageDataset> {
    let pixels = (0..count * 16).map(|value| value as f32 / 1000.0).collect();
    let labels = (0..count).map(|index| (index % 10) as u8).collect();
    Arc::new(ImageDataset::from_floats(pixels, labels, [1, 4, 4], 10).unwrap())
}

fn shuffled() -> BatchOptions {
    let rotation = RotationAugmentation::Continuous;
    BatchOptions::new(8)
        .with_seed(5)
        .with_shuffle(true)
        .with_augmentation(Augmentation {
            rotation,
            flip: true,
            translation: 1.0,
            ..Augmentation::none()
        })
}

fn all(options: BatchOptions) -> Vec<ImageBatch> {
    BatchLoader::new(images(30), options).unwrap().collect()
}

#[test]
fn every_image_comes_once_in_its_order() {
    let batches = all(BatchOptions::new(8));
    assert_eq!(
        batches
            .iter()
            .map(|batch| batch.shape[0])
            .collect::<Vec<_>>(),
        [8, 8, 8, 6]
    );
    let indices: Vec<u32> = batches
        .iter()
        .flat_map(|batch| batch.indices.clone())
        .collect();
    assert_eq!(indices, (0..30).collect::<Vec<u32>>());
    assert_eq!(batches[1].labels[3], 1);
    assert_eq!(batches[1].pixels[3 * 16..4 * 16], images(30).image(11));
    assert_eq!(all(BatchOptions::new(8).with_drop_last(true)).len(), 3);
}

#[test]
fn an_epoch_is_a_permutation_that_depends_on_seed_and_epoch() {
    let indices = |options: BatchOptions| -> Vec<u32> {
        all(options)
            .iter()
            .flat_map(|batch| batch.indices.clone())
            .collect()
    };
    let first = indices(shuffled());
    assert_eq!(first, indices(shuffled()));
    assert_ne!(first, indices(shuffled().with_epoch(1)));
    assert_ne!(first, indices(shuffled().with_seed(6)));
    let mut sorted = first;
    sorted.sort_unstable();
    assert_eq!(sorted, (0..30).collect::<Vec<u32>>());
}

#[test]
fn going_on_in_the_middle_gives_the_remaining_batches() {
    let whole = all(shuffled().with_epoch(7));
    for start in 0..=5 {
        let rest = all(shuffled()
            .with_epoch(7)
            .with_start_batch(start)
            .with_prefetch(1));
        assert_eq!(rest, whole[start.min(4)..]);
    }
}

#[test]
fn images_move_and_are_normalised_after_that() {
    let normalisation = ChannelNormalisation {
        mean: vec![0.5],
        std: vec![2.0],
    };
    let raw = all(shuffled());
    let normal = all(shuffled().with_normalisation(Some(normalisation)));
    assert!(raw.iter().zip(&normal).all(|(raw, normal)| {
        raw.pixels
            .iter()
            .zip(&normal.pixels)
            .all(|(raw, normal)| ((raw - 0.5) / 2.0 - normal).abs() < 1e-6)
    }));
    let first = raw[0].indices[0] as usize;
    assert_ne!(raw[0].pixels[..16], images(30).image(first));
}

#[test]
fn colours_change_before_the_motion_and_alike_in_every_order() {
    let pixels = (0..20 * 48)
        .map(|value| (value % 97) as f32 / 97.0)
        .collect();
    let images = Arc::new(ImageDataset::from_floats(pixels, vec![0; 20], [3, 4, 4], 1).unwrap());
    let augmentation = Augmentation {
        rotation: RotationAugmentation::RightAngles,
        brightness: 0.3,
        stain: 0.4,
        hue: 0.1,
        ..Augmentation::none()
    };
    let options = BatchOptions::new(7)
        .with_seed(3)
        .with_epoch(2)
        .with_augmentation(augmentation.clone());
    let load = |options: BatchOptions| -> Vec<ImageBatch> {
        BatchLoader::new(images.clone(), options).unwrap().collect()
    };
    for batch in load(options.clone().with_shuffle(true)) {
        for (index, found) in batch.indices.iter().zip(batch.pixels.chunks_exact(48)) {
            let index = *index as usize;
            let mut expected = images.image(index);
            augmentation.colour(3, 2, index).apply(&mut expected);
            assert_ne!(expected, images.image(index));
            let motion = augmentation.motion(3, 2, index);
            augmentation.apply(&mut expected, [3, 4, 4], motion, &mut Vec::new());
            assert_eq!(found, expected);
        }
    }
    // One channel has no colours.
    let grey = Augmentation {
        hue: 0.1,
        ..Augmentation::none()
    };
    assert!(BatchLoader::new(self::images(3), options.with_augmentation(grey)).is_err());
}

#[test]
fn the_length_is_known_and_dropping_early_ends_the_worker() {
    let mut loader = BatchLoader::new(images(1000), BatchOptions::new(1).with_prefetch(2)).unwrap();
    assert_eq!(loader.len(), 1000);
    assert!(loader.next().is_some());
    assert_eq!(loader.len(), 999);
    // Returns only when the worker, which is waiting for room, has ended.
    drop(loader);
}

#[test]
fn impossible_options_are_refused() {
    assert!(BatchLoader::new(images(3), BatchOptions::new(0)).is_err());
    let normalisation = ChannelNormalisation {
        mean: vec![0.0; 3],
        std: vec![1.0; 3],
    };
    assert!(
        BatchLoader::new(
            images(3),
            BatchOptions::new(1).with_normalisation(Some(normalisation))
        )
        .is_err()
    );
    let augmentation = Augmentation {
        translation: f64::NAN,
        ..Augmentation::none()
    };
    assert!(
        BatchLoader::new(
            images(3),
            BatchOptions::new(1).with_augmentation(augmentation)
        )
        .is_err()
    );
    assert_eq!(all(BatchOptions::new(1000)).len(), 1);
    assert_eq!(
        BatchLoader::new(images(0), BatchOptions::new(2))
            .unwrap()
            .count(),
        0
    );
}

/// Images in blocks of 4, two of which can be remembered; the last one can't be read.
#[derive(Debug)]
struct Blocks;

impl ReadImages for Blocks {
    fn identity(&self) -> Result<String, DatasetError> {
        Ok(format!("{self:?}"))
    }

    fn read(&self, index: usize, image: &mut [f32]) -> Result<(), DatasetError> {
        if index == 29 {
            return Err(DatasetError::setting("image", "a whole one", "damage"));
        }
        image[0] = index as f32;
        Ok(())
    }

    fn locality(&self) -> [usize; 2] {
        [4, 2]
    }
}

#[test]
fn images_in_blocks_are_shuffled_block_by_block() {
    let all = ImageDataset::from_reader(Arc::new(Blocks), vec![0; 30], [1, 1, 1], 1).unwrap();
    let indices = |options: &BatchOptions| -> Vec<u32> {
        let drawn = epoch_order(&all, options);
        drawn.iter().map(|drawn| drawn.index).collect()
    };
    let order = indices(&shuffled());
    let mut sorted = order.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (0..30).collect::<Vec<u32>>());
    let blocks = |window: &[u32]| {
        let mut blocks: Vec<u32> = window.iter().map(|image| image / 4).collect();
        let changes = blocks.windows(2).filter(|pair| pair[0] != pair[1]).count();
        blocks.sort_unstable();
        blocks.dedup();
        (blocks.len(), changes)
    };
    // Seven whole blocks and one of two images, two blocks in a window of eight images, mixed.
    let met: Vec<(usize, usize)> = order.chunks(8).map(blocks).collect();
    assert!(met.iter().all(|(blocks, _)| *blocks <= 3), "{met:?}");
    assert!(met.iter().any(|(_, changes)| *changes > 2), "{met:?}");
    assert_ne!(order, indices(&shuffled().with_epoch(1)));
    assert_eq!(
        indices(&BatchOptions::new(8)),
        (0..30).collect::<Vec<u32>>()
    );
}

#[test]
fn what_cannot_be_read_is_said_and_ends_the_epoch() {
    let all = ImageDataset::from_reader(Arc::new(Blocks), vec![0; 30], [1, 1, 1], 1).unwrap();
    let mut loader = BatchLoader::new(Arc::new(all.clone()), BatchOptions::new(10)).unwrap();
    assert_eq!(loader.next_batch().unwrap().unwrap().pixels[9], 9.0);
    assert!(loader.next_batch().unwrap().is_some());
    let error = loader.next_batch().unwrap_err().to_string();
    assert!(
        error.contains("expected a whole one, found damage"),
        "{error}"
    );
    assert!(loader.next_batch().unwrap().is_none());
    let whole = Arc::new(all.slice(0..29));
    assert_eq!(
        BatchLoader::new(whole, BatchOptions::new(10))
            .unwrap()
            .count(),
        3
    );
}

/// A reader that has no image 3 and did not expect to be asked.
#[derive(Debug)]
struct Panics;

impl ReadImages for Panics {
    fn identity(&self) -> Result<String, DatasetError> {
        Ok(format!("{self:?}"))
    }

    fn read(&self, index: usize, _: &mut [f32]) -> Result<(), DatasetError> {
        assert_ne!(index, 3, "on purpose");
        Ok(())
    }
}

#[test]
fn a_worker_that_panics_is_no_end_of_the_epoch() {
    let images = ImageDataset::from_reader(Arc::new(Panics), vec![0; 6], [1, 1, 1], 1).unwrap();
    let mut loader = BatchLoader::new(Arc::new(images), BatchOptions::new(2)).unwrap();
    assert!(loader.next_batch().unwrap().is_some());
    let error = loader.next_batch().unwrap_err();
    assert!(
        matches!(error, DatasetError::Worker { remaining: 2 }),
        "{error}"
    );
    assert!(loader.next_batch().unwrap().is_none());
}
