//! The chances of a damaged file: a stream of numbers for each (seed, number).

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of chances.
#[derive(Debug, Clone)]
pub struct Random(ChaCha8Rng);

impl Random {
    /// The stream of number `case` of a seed.
    pub fn new(seed: u64, case: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(case);
        Self(random)
    }

    /// A number below `count`, or 0.
    pub fn below(&mut self, count: usize) -> usize {
        (self.0.next_u64() % (count as u64).max(1)) as usize
    }

    /// True once in so many times.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of several; panics where there is none.
    pub fn one_of<T: Clone>(&mut self, several: &[T]) -> T {
        several[self.below(several.len())].clone()
    }

    /// Any byte.
    pub fn byte(&mut self) -> u8 {
        self.below(256) as u8
    }

    /// So many bytes: all alike, counted up, or any.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let first = self.byte();
        match self.below(3) {
            0 => vec![first; count],
            1 => (0..count).map(|at| first.wrapping_add(at as u8)).collect(),
            _ => (0..count).map(|_| self.byte()).collect(),
        }
    }

    /// Bytes cut to a length, or repeated up to it.
    pub fn resize(&mut self, bytes: &mut Vec<u8>, length: usize) {
        *bytes = match bytes.is_empty() {
            true => self.bytes(length),
            false => bytes.iter().copied().cycle().take(length).collect(),
        };
    }
}
