//! How rows are divided among tasks.

use crate::number::Number;

/// How rows are divided: the same for any number of threads, so that sums come out the same.
const SEGMENTS: usize = 8;

/// Rows of a segment.
pub(super) fn segment(rows: usize) -> usize {
    rows.div_ceil(SEGMENTS).max(1)
}

/// Adds up what the segments found, in their order.
pub(super) fn total<T: Number>(parts: Vec<Vec<T>>) -> Vec<T> {
    let mut parts = parts.into_iter();
    let mut sum = parts.next().unwrap_or_default();
    for part in parts {
        for (sum, value) in sum.iter_mut().zip(part) {
            *sum += value;
        }
    }
    sum
}
