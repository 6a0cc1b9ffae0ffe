//! Intervals by drawing examples again: the percentile bootstrap.
//!
//! ```text
//! repeat: draw n units of the n, with replacement; take the statistic of their examples
//! interval = the 2.5 % and 97.5 % quantiles of what was found
//! ```
//!
//! A unit is an example, or all the examples of one source: patches of one tissue image are alike, so that an interval over
//! patches would be too short. Source: Efron 1979; Davison and Hinkley 1997, section 3.8 (clusters). The draws are the same
//! every time.

/// What is drawn at once: the examples of each unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Units(Vec<Vec<u32>>);

impl Units {
    /// Every example by itself.
    pub fn each(examples: usize) -> Self {
        Self((0..examples as u32).map(|example| vec![example]).collect())
    }

    /// The examples of each source together, given the source of each example.
    pub fn by_source(sources: &[u32]) -> Self {
        let mut units = std::collections::BTreeMap::<u32, Vec<u32>>::new();
        for (example, source) in sources.iter().enumerate() {
            units.entry(*source).or_default().push(example as u32);
        }
        Self(units.into_values().collect())
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The 95 % interval of a statistic of examples, from `draws` draws. A draw for which the statistic is no number does
    /// not count; where none counts, the interval is no number.
    pub fn interval(&self, draws: usize, statistic: impl Fn(&[u32]) -> f64) -> (f64, f64) {
        let mut examples = Vec::new();
        let mut found: Vec<f64> = (0..draws as u64)
            .map(|draw| {
                let mut random = SplitMix(draw);
                examples.clear();
                for _ in 0..self.count() {
                    examples.extend_from_slice(&self.0[random.below(self.count())]);
                }
                statistic(&examples)
            })
            .filter(|value| value.is_finite())
            .collect();
        found.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let last = found.len().saturating_sub(1) as f64;
            found.get((last * share).round() as usize).copied()
        };
        let quantile = |share| at(share).unwrap_or(f64::NAN);
        (quantile(0.025), quantile(0.975))
    }
}

/// The generator splitmix64 (Steele, Lea and Flood 2014), for draws that are not part of any training.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A whole number below `end`, by the high half of a product (Lemire 2019, without the rejection).
    fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.next()) * end as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(values: &[f64]) -> impl Fn(&[u32]) -> f64 {
        let values = values.to_vec();
        move |examples| {
            let sum: f64 = examples.iter().map(|e| values[*e as usize]).sum();
            sum / examples.len() as f64
        }
    }

    #[test]
    fn it_agrees_with_the_normal_interval_of_a_mean() {
        let values: Vec<f64> = (0..1000u32).map(|i| f64::from(i * 7 % 100)).collect();
        let (low, high) = Units::each(1000).interval(2000, mean(&values));
        // The standard deviation of 0 to 99 is 28.87.
        let half = 1.96 * 28.87 / 1000f64.sqrt();
        assert!((low - (49.5 - half)).abs() < 0.1 * half, "{low}");
        assert!((high - (49.5 + half)).abs() < 0.1 * half, "{high}");
    }

    #[test]
    fn examples_of_one_source_count_as_one() {
        // Ten sources of a hundred equal examples each: the interval is that of ten numbers.
        let sources: Vec<u32> = (0..1000).map(|i| i / 100).collect();
        let values: Vec<f64> = sources.iter().map(|s| f64::from(*s)).collect();
        let width = |(low, high): (f64, f64)| high - low;
        let each = width(Units::each(1000).interval(2000, mean(&values)));
        let units = Units::by_source(&sources);
        assert_eq!(units.count(), 10);
        let ratio = width(units.interval(2000, mean(&values))) / each;
        assert!((8.5..11.5).contains(&ratio), "{ratio}");
    }

    #[test]
    fn nothing_has_no_interval() {
        let (low, high) = Units::each(0).interval(10, mean(&[]));
        assert!(low.is_nan() && high.is_nan());
    }
}
