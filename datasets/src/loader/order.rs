//! In which order an epoch goes through a set.
//!
//! ```text
//! all         every item once, shuffled
//! in blocks   blocks shuffled, then items within windows of as many blocks as can be remembered
//! balanced    as many items as there are, of each class equally many: of a small class some come again
//! ```
//!
//! An item that comes again is another copy of it: its augmentation is drawn anew.

use super::{BatchOptions, Sampling};
use crate::images::ImageDataset;
use crate::random::{Purpose, Random};

/// An item of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Drawn {
    /// Its place in the set.
    pub(super) index: u32,
    /// How often it has come before.
    pub(super) copy: u32,
}

/// The order of the items in an epoch.
pub(crate) fn order(count: usize, options: &BatchOptions) -> Vec<u32> {
    let mut order: Vec<u32> = (0..count as u32).collect();
    if options.shuffle {
        random(options).shuffle(&mut order);
    }
    order
}

fn random(options: &BatchOptions) -> Random {
    Random::new(options.seed, Purpose::Order, options.epoch as u64, 0)
}

/// The order of the images in an epoch.
pub(super) fn epoch_order(images: &ImageDataset, options: &BatchOptions) -> Vec<Drawn> {
    if options.shuffle && options.sampling == Sampling::Balanced {
        return balanced(images.labels(), options);
    }
    let [block, blocks] = images.locality();
    let order = match block <= 1 || !options.shuffle {
        true => order(images.count(), options),
        false => in_blocks(images.count(), [block, blocks], options),
    };
    let once = |index| Drawn { index, copy: 0 };
    order.into_iter().map(once).collect()
}

/// Where images are read in blocks, each block is read once.
fn in_blocks(count: usize, [block, blocks]: [usize; 2], options: &BatchOptions) -> Vec<u32> {
    let mut random = random(options);
    let all: Vec<u32> = (0..count as u32).collect();
    let mut shuffled: Vec<&[u32]> = all.chunks(block).collect();
    random.shuffle(&mut shuffled);
    let mut order = shuffled.concat();
    for window in order.chunks_mut(block.saturating_mul(blocks.max(1))) {
        random.shuffle(window);
    }
    order
}

fn balanced(labels: &[u8], options: &BatchOptions) -> Vec<Drawn> {
    let mut classes: Vec<Vec<u32>> = vec![Vec::new(); 256];
    for (index, label) in labels.iter().enumerate() {
        classes[usize::from(*label)].push(index as u32);
    }
    classes.retain(|images| !images.is_empty());
    let count = classes.len().max(1);
    let mut drawn = Vec::with_capacity(labels.len());
    for (number, images) in classes.iter_mut().enumerate() {
        // The first classes have one more where the classes do not divide the set.
        let wanted = labels.len() / count + usize::from(number < labels.len() % count);
        let (epoch, number) = (options.epoch as u64, number as u64);
        let mut random = Random::new(options.seed, Purpose::Balance, epoch, number);
        for copy in 0..wanted.div_ceil(images.len()) {
            random.shuffle(images);
            let left = wanted - copy * images.len();
            let copy = copy as u32;
            drawn.extend(images.iter().take(left).map(|&index| Drawn { index, copy }));
        }
    }
    random(options).shuffle(&mut drawn);
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(epoch: usize) -> BatchOptions {
        BatchOptions::new(4)
            .with_seed(7)
            .with_epoch(epoch)
            .with_shuffle(true)
            .with_sampling(Sampling::Balanced)
    }

    #[test]
    fn classes_come_equally_often_and_copies_are_numbered() {
        // Ninety, nine and one of a class; class 1 has none.
        let labels: Vec<u8> = [vec![0; 90], vec![2; 9], vec![3]].concat();
        let drawn = balanced(&labels, &options(1));
        assert_eq!(drawn.len(), 100);
        let of = |class: u8| -> Vec<&Drawn> {
            let own = |drawn: &&Drawn| labels[drawn.index as usize] == class;
            drawn.iter().filter(own).collect()
        };
        assert_eq!([0, 2, 3].map(|class| of(class).len()), [34, 33, 33]);
        // No picture comes twice as the same copy, and every copy before it has come.
        for class in [0, 2, 3] {
            let mut copies: Vec<(u32, u32)> = of(class).iter().map(|d| (d.index, d.copy)).collect();
            copies.sort_unstable();
            for pair in copies.windows(2) {
                assert!(pair[0].0 < pair[1].0 || pair[0].1 + 1 == pair[1].1);
            }
        }
        let mut single: Vec<u32> = of(3).iter().map(|d| d.copy).collect();
        single.sort_unstable();
        assert_eq!(single, (0..33).collect::<Vec<u32>>());
    }

    #[test]
    fn it_depends_on_seed_and_epoch_alone() {
        let labels: Vec<u8> = (0..60).map(|i| u8::from(i % 5 == 0)).collect();
        assert_eq!(
            balanced(&labels, &options(3)),
            balanced(&labels, &options(3))
        );
        assert_ne!(
            balanced(&labels, &options(3)),
            balanced(&labels, &options(4))
        );
        assert!(balanced(&[], &options(1)).is_empty());
    }
}
