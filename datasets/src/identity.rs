//! What the examples of a split are, in a few digits: equal where and only where all of them and their labels are.
//!
//! ```text
//! identity = SHA-256(kind, shape, classes, labels, sources, values in order), as hexadecimal digits
//! ```
//!
//! Where examples lie, what the files are called and how they are normalised does not enter. Of images that are read when they
//! are asked for, the files' bytes stand for the values ([`ReadImages::identity`](crate::ReadImages::identity)).

use sha2::{Digest, Sha256};

use crate::DatasetError;
use crate::images::ImageDataset;
use crate::nbody::NBodyDataset;

/// A hash in the making. Every part says how long it is, so that none runs into the next.
pub struct Identity(Sha256);

impl Identity {
    /// Of examples of a kind.
    pub fn of(kind: &str) -> Self {
        let mut own = Self(Sha256::new());
        own.bytes(kind.as_bytes());
        own
    }

    /// Adds bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    /// Adds counts.
    pub fn counts(&mut self, counts: &[usize]) {
        self.numbers(counts.iter().map(|count| (*count as u64).to_le_bytes()));
    }

    /// Adds numbers, as their bytes.
    pub fn numbers<const N: usize>(&mut self, numbers: impl ExactSizeIterator<Item = [u8; N]>) {
        self.0.update((numbers.len() as u64).to_le_bytes());
        // Many at a time: the hash has a cost per call.
        let mut block = Vec::with_capacity(4096);
        for number in numbers {
            block.extend_from_slice(&number);
            if block.len() >= 4096 - N {
                self.0.update(&block);
                block.clear();
            }
        }
        self.0.update(&block);
    }

    /// The digits.
    pub fn finish(self) -> String {
        let hash = self.0.finalize();
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl ImageDataset {
    /// What these images and labels are: equal where all of them are.
    ///
    /// # Errors
    /// Where images are read when they are asked for and their files cannot be read.
    pub fn identity(&self) -> Result<String, DatasetError> {
        let mut identity = Identity::of("images");
        identity.counts(&self.shape());
        identity.counts(&[self.classes()]);
        identity.bytes(self.labels());
        if let Some(sources) = self.sources() {
            identity.numbers(sources.iter().map(|source| source.to_le_bytes()));
        }
        self.add_values_to(&mut identity)?;
        Ok(identity.finish())
    }
}

impl NBodyDataset {
    /// What these simulations are: equal where all of them are, and the frames that are predicted from and to.
    pub fn identity(&self) -> String {
        let mut identity = Identity::of("simulations");
        identity.counts(&[self.input_frame(), self.target_frame()]);
        self.add_values_to(&mut identity);
        identity.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images(values: [u8; 4], labels: [u8; 2], shape: [usize; 3]) -> ImageDataset {
        ImageDataset::from_bytes(values.to_vec(), labels.to_vec(), shape, 3).expect("images")
    }

    #[test]
    fn other_values_labels_order_and_shapes_are_others() {
        let one = images([1, 2, 3, 4], [0, 1], [1, 1, 2]);
        let same = one.identity().expect("in memory");
        assert_eq!(same.len(), 64);
        assert_eq!(
            images([1, 2, 3, 4], [0, 1], [1, 1, 2])
                .identity()
                .expect("in memory"),
            same
        );
        for other in [
            images([1, 2, 3, 5], [0, 1], [1, 1, 2]),
            images([1, 2, 3, 4], [0, 2], [1, 1, 2]),
            images([3, 4, 1, 2], [1, 0], [1, 1, 2]),
            images([1, 2, 3, 4], [0, 1], [1, 2, 1]),
            one.clone().with_sources(vec![5, 6]).expect("sources"),
            one.slice(0..1),
        ] {
            assert_ne!(other.identity().expect("in memory"), same, "{other:?}");
        }
    }

    #[test]
    fn numbers_are_hashed_whole_whatever_their_count() {
        let of = |count: usize| {
            let mut identity = Identity::of("numbers");
            identity.numbers((0..count).map(|i| (i as u64).to_le_bytes()));
            identity.finish()
        };
        let mut by_hand = Identity::of("numbers");
        let bytes: Vec<u8> = (0..2000u64).flat_map(u64::to_le_bytes).collect();
        by_hand.0.update(2000u64.to_le_bytes());
        by_hand.0.update(&bytes);
        assert_eq!(of(2000), by_hand.finish());
        assert_ne!(of(2000), of(2001));
    }
}
