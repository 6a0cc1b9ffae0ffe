//! Intervals by drawing examples again: the percentile bootstrap.
//!
//! ```text
//! repeat: draw n units of the n, with replacement; take the statistic of their examples
//! interval = the 2.5 % and 97.5 % quantiles of what was found
//! n < 30:    both ends moved away from the statistic of all examples, by the factor t_{n−1} / 1.96 · √(n / (n − 1))
//! ```
//!
//! Of few units the quantiles are too close together, for two reasons: the spread among n units is √((n − 1) / n) of the
//! spread among those that they stand for, and it is itself not known well, for which Student's t has wider tails than the
//! normal distribution. The factor makes up for both, so that the interval of a mean is Student's; it is that of the expanded
//! percentile interval (Hesterberg 2015). From 30 units on it would be less than 1.07 and is left off. One unit says nothing
//! about others: it has no interval.
//!
//! A unit is an example, or all the examples of one source: patches of one tissue image are alike, so that an interval over
//! patches would be too short. Source: Efron 1979; Davison and Hinkley 1997, section 3.8 (clusters). The draws are the same
//! every time.

use crate::task::interval::{Z, student};

/// Units from which on the quantiles are taken as they are.
const MANY: usize = 30;

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

    /// Some of the examples alone, each by itself or with those of its source.
    pub fn among(examples: impl IntoIterator<Item = u32>, sources: Option<&[u32]>) -> Self {
        let mut units = std::collections::BTreeMap::<u32, Vec<u32>>::new();
        for example in examples {
            let unit = sources.map_or(example, |sources| sources[example as usize]);
            units.entry(unit).or_default().push(example);
        }
        Self(units.into_values().collect())
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The 95 % interval of a statistic of examples, from `draws` draws. A draw for which the statistic is no number does
    /// not count; where none counts, and where there are less than two units, the interval is no number.
    pub fn interval(&self, draws: usize, statistic: impl Fn(&[u32]) -> f64) -> (f64, f64) {
        if self.count() < 2 {
            return (f64::NAN, f64::NAN);
        }
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
        let ends = (quantile(0.025), quantile(0.975));
        if self.count() >= MANY {
            return ends;
        }
        let all = statistic(&self.0.concat());
        let stretched = |end: f64| all + self.stretch() * (end - all);
        (stretched(ends.0), stretched(ends.1))
    }

    /// How much further from the estimate than the quantiles the ends of an interval are.
    fn stretch(&self) -> f64 {
        let n = self.count() as f64;
        student(self.count() - 1) / Z * (n / (n - 1.0)).sqrt()
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
    use crate::task::interval::{Range, of_mean};

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
        let together = width(units.interval(2000, mean(&values)));
        assert!(together > 8.5 * each, "{together} and {each}");
        // Which is Student's.
        let ten: Vec<f64> = (0..10).map(f64::from).collect();
        let (_, expected) = of_mean(&ten, Range::Any);
        let expected = expected.map(|[low, high]| high - low).expect("ten numbers");
        let ratio = together / expected;
        assert!((0.95..1.05).contains(&ratio), "{ratio}");
    }

    /// Of many samples of six numbers, about 95 % have an interval that holds the mean of what they are drawn from. The
    /// quantiles alone would in 82 %.
    #[test]
    fn few_units_have_an_interval_that_holds_as_often_as_it_says() {
        let mut random = SplitMix(1);
        // A sum of twelve numbers of [0, 1) less six is nearly normal, with mean 0.
        let mut normal = || {
            let sum: f64 = (0..12).map(|_| random.below(1 << 32) as f64).sum();
            sum / (1u64 << 32) as f64 - 6.0
        };
        let samples = 1000;
        let held = (0..samples).filter(|_| {
            let six: Vec<f64> = (0..6).map(|_| normal()).collect();
            let (low, high) = Units::each(6).interval(400, mean(&six));
            (low..=high).contains(&0.0)
        });
        let share = held.count() as f64 / f64::from(samples);
        assert!((0.92..0.98).contains(&share), "{share}");
    }

    #[test]
    fn nothing_and_a_single_unit_have_no_interval() {
        for units in [Units::each(0), Units::each(1), Units::by_source(&[7, 7, 7])] {
            let (low, high) = units.interval(10, mean(&[0.0, 1.0, 2.0]));
            assert!(low.is_nan() && high.is_nan(), "{units:?}");
        }
        let (low, high) = Units::by_source(&[7, 7, 8]).interval(10, mean(&[0.0, 1.0, 2.0]));
        assert!(low < high);
        // Of the others nothing is drawn.
        assert_eq!(
            Units::among([0, 1, 2], Some(&[7, 7, 8])),
            Units::by_source(&[7, 7, 8])
        );
        assert_eq!(Units::among([0, 1], Some(&[7, 7, 8])).count(), 1);
        assert_eq!(Units::among(0..3, None), Units::each(3));
    }
}
