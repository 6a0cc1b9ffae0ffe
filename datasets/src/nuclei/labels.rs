//! Instances as numbers of pixels.

/// The number of the instance that each pixel of an image belongs to, 0 for none: nuclei, or anything else that is counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Labels<'a> {
    /// `[height, width]`.
    pub(crate) size: [usize; 2],
    /// Row by row.
    pub(crate) numbers: &'a [u16],
}

impl Labels<'_> {
    /// Whether there is one number for several instances: one number alone, in several pieces.
    pub(crate) fn is_mask(&self) -> bool {
        let mut numbers = self.numbers.iter().filter(|label| **label != 0);
        let Some(first) = numbers.next() else {
            return false;
        };
        numbers.all(|label| label == first) && self.has_pieces()
    }

    /// Whether pixels with a label lie in more than one piece, connected by sides and corners.
    fn has_pieces(&self) -> bool {
        let [height, width] = self.size;
        let Some(start) = self.numbers.iter().position(|label| *label != 0) else {
            return false;
        };
        let mut seen = vec![false; self.numbers.len()];
        let mut open = vec![start];
        seen[start] = true;
        while let Some(place) = open.pop() {
            let (row, column) = (place / width, place % width);
            for near_row in row.saturating_sub(1)..(row + 2).min(height) {
                for near in column.saturating_sub(1)..(column + 2).min(width) {
                    let near = near_row * width + near;
                    if self.numbers[near] != 0 && !seen[near] {
                        seen[near] = true;
                        open.push(near);
                    }
                }
            }
        }
        let mut places = self.numbers.iter().zip(&seen);
        places.any(|(label, seen)| *label != 0 && !seen)
    }
}
