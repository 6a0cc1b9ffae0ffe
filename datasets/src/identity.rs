//! What the examples of a split are, in a few digits: equal where and only where all of them and their labels are.
//!
//! ```text
//! identity = SHA-256(kind, shape, classes, labels, sources, values in order), as hexadecimal digits
//! ```
//!
//! Where examples lie, what the files are called and how they are normalised does not enter. Of images that are read when they
//! are asked for, the files' bytes stand for the values ([`ReadImages::identity`](crate::ReadImages::identity)).

use sha2::{Digest, Sha256};

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

#[cfg(test)]
mod tests {
    use super::*;

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
