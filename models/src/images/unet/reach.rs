//! Which pixels of an image a score depends on.
//!
//! ```text
//! convolution, reach r     [a, b] ← [a − r, b + r]
//! doubled, bilinear        [a, b] ← [⌊(a − 1)/2⌋, ⌊(b + 1)/2⌋]
//! doubled, nearest         [a, b] ← [⌊a/2⌋, ⌊b/2⌋]
//! blurred and halved       [a, b] ← [2a − 1, 2b + 2]
//! ```
//!
//! along each axis, for sides that are even at every halving. What the skips bring lies inside of what comes from below.

use super::config::{GroupUnetConfig, Upsampling};
use crate::ModelError;

impl GroupUnetConfig {
    /// How many pixels of an image, along a side, a score depends on, for sides that are multiples of the
    /// [`stride`](Self::stride).
    ///
    /// # Errors
    /// Where counts are out of their limits.
    pub fn receptive_field(&self) -> Result<usize, ModelError> {
        self.check()?;
        Ok(Reach::of(self).field)
    }

    /// How many pixels from the border of a tile scores may differ from those of the whole image, for
    /// [tile by tile](super::GroupUnet::margin) prediction.
    ///
    /// # Errors
    /// Where counts are out of their limits.
    pub fn margin(&self) -> Result<usize, ModelError> {
        self.check()?;
        Ok(Reach::of(self).margin)
    }
}

/// In pixels along a side.
pub(super) struct Reach {
    /// From the first pixel that a score depends on to the last.
    pub field: usize,
    /// From the border of a tile that begins with a pixel of the deepest map to the first score that depends on the tile alone.
    pub margin: usize,
}

impl Reach {
    /// The caller has checked the counts.
    pub(super) fn of(config: &GroupUnetConfig) -> Self {
        // Scores differ by where they lie on the deepest map's pixels.
        let stride = 1i64 << config.halvings();
        let mut reach = Self {
            field: 0,
            margin: 0,
        };
        for place in 0..stride {
            let [first, last] = seen(config, place);
            reach.field = reach.field.max((last - first + 1) as usize);
            if first < 0 {
                // The last such place of a tile that still depends on what is before it.
                let furthest = place + (-first - 1) / stride * stride;
                reach.margin = reach.margin.max(furthest as usize + 1);
            }
        }
        reach
    }
}

/// The first and the last pixel that the score at a place depends on.
fn seen(config: &GroupUnetConfig, place: i64) -> [i64; 2] {
    let convolved = (config.blocks * config.kernel_reach()) as i64;
    let [mut first, mut last] = [place; 2];
    for _ in 0..config.halvings() {
        [first, last] = [first - convolved, last + convolved];
        [first, last] = match config.upsampling {
            Upsampling::Nearest => [first >> 1, last >> 1],
            Upsampling::Bilinear => [(first - 1) >> 1, (last + 1) >> 1],
        };
    }
    for _ in 0..config.halvings() {
        [first, last] = [first - convolved, last + convolved];
        [first, last] = [2 * first - 1, 2 * last + 2];
    }
    [first - convolved, last + convolved]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_seen_are_counted_by_hand() {
        let of = |levels: usize, blocks, upsampling| {
            let config = GroupUnetConfig {
                channels: vec![2; levels],
                blocks,
                upsampling,
                ..GroupUnetConfig::default()
            };
            let reach = Reach::of(&config);
            [reach.field, reach.margin]
        };
        // Two 3×3.
        assert_eq!(of(1, 2, Upsampling::Bilinear), [5, 2]);
        // Pixel 0 ← [−1, 1] ← [−1, 0] ← [−2, 1] ← [−5, 4] ← [−6, 5], so that pixel 4 still needs pixel −2; pixel 1 ← … ← [−4, 7].
        assert_eq!(of(2, 1, Upsampling::Nearest), [12, 5]);
        // Pixels 0 and 1 ← [−1, 2] ← [−1, 1] ← [−2, 2] ← [−5, 6] ← [−6, 7], so that pixel 5 still needs pixel −2.
        assert_eq!(of(2, 1, Upsampling::Bilinear), [14, 6]);
    }
}
