//! A map from rows to rows, with its inverse.

/// Which row of one matrix each row of another reads, such as the source node of each edge. Holds the inverse too, so
/// that the gradient of reading (a sum over the readers) needs no search and no atomics.
#[derive(Debug, PartialEq)]
pub struct RowIndex {
    index: Vec<u32>,
    /// Readers sorted by what they read.
    readers: Vec<u32>,
    /// Where the readers of each row start, and at the end how many there are.
    starts: Vec<u32>,
}

impl RowIndex {
    /// Reads from `rows` rows.
    ///
    /// # Panics
    /// If a number in `index` is not below `rows`, or there are more than `u32::MAX` of them.
    pub fn new(index: Vec<u32>, rows: usize) -> Self {
        assert!(
            u32::try_from(index.len()).is_ok(),
            "a map from rows to rows has at most {} readers, this one would have {}",
            u32::MAX,
            index.len()
        );
        let mut starts = vec![0u32; rows + 1];
        for &row in &index {
            starts[row as usize + 1] += 1;
        }
        for row in 0..rows {
            starts[row + 1] += starts[row];
        }
        let mut next = starts.clone();
        let mut readers = vec![0; index.len()];
        for (reader, &row) in index.iter().enumerate() {
            readers[next[row as usize] as usize] = reader as u32;
            next[row as usize] += 1;
        }
        Self {
            index,
            readers,
            starts,
        }
    }

    /// The row that each reader reads.
    pub fn index(&self) -> &[u32] {
        &self.index
    }

    /// How many rows there are to read.
    pub fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// Who reads this row, in ascending order.
    pub fn readers(&self, row: usize) -> &[u32] {
        &self.readers[self.starts[row] as usize..self.starts[row + 1] as usize]
    }
}
