//! Values of a picture in order.
//!
//! ```text
//! quantile(p) = (1 − t) v_k + t v_{k+1},   k + t = p (n − 1),   v the n values from the least to the largest
//! ```

use super::Samples;

impl Samples {
    /// The values below which these shares of all values lie, each share from 0 to 1. There has to be a value.
    pub(crate) fn quantiles(&self, shares: [f64; 2]) -> [f32; 2] {
        let last = self.len() - 1;
        let places = shares.map(|share| share.clamp(0.0, 1.0) * last as f64);
        let ranks = places.map(|place| [place as usize, (place as usize + 1).min(last)]);
        let values = match self {
            Self::Bytes(bytes) => {
                let mut counts = vec![0u64; 1 << 8];
                bytes.iter().for_each(|v| counts[usize::from(*v)] += 1);
                ranks.map(|pair| pair.map(|rank| at_rank(&counts, rank) as f32 / 255.0))
            }
            Self::Words(words) => {
                let mut counts = vec![0u64; 1 << 16];
                words.iter().for_each(|v| counts[usize::from(*v)] += 1);
                ranks.map(|pair| pair.map(|rank| at_rank(&counts, rank) as f32 / 65535.0))
            }
            Self::Floats(floats) => {
                let mut floats = floats.clone();
                let mut at = |rank| *floats.select_nth_unstable_by(rank, f32::total_cmp).1;
                ranks.map(|pair| pair.map(&mut at))
            }
        };
        std::array::from_fn(|end| {
            let [below, above] = values[end];
            below + (above - below) * places[end].fract() as f32
        })
    }
}

/// The value of that rank where there are so many of each.
fn at_rank(counts: &[u64], rank: usize) -> usize {
    let mut passed = 0;
    let found = counts.iter().position(|count| {
        passed += count;
        passed > rank as u64
    });
    found.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_their_neighbours() {
        let floats = Samples::Floats(vec![0.75, 0.0, 0.5, 1.0, 0.25]);
        assert_eq!(floats.quantiles([0.0, 1.0]), [0.0, 1.0]);
        assert_eq!(floats.quantiles([0.5, 0.625]), [0.5, 0.625]);
        let bytes = Samples::Bytes(vec![0, 255, 255]);
        assert_eq!(bytes.quantiles([0.25, 0.5]), [0.5, 1.0]);
        assert_eq!(
            Samples::Words(vec![3]).quantiles([0.01, 0.99]),
            [3.0 / 65535.0; 2]
        );
    }
}
