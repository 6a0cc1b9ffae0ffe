//! Spreading the values of a deep or faint picture over the range that networks see.
//!
//! ```text
//! none          v
//! sqrt          √v
//! percentiles   x = (v − p₁) / (p₉₉.₅ − p₁), cut to 0…1      p_q the q-th percentile of the picture's own values
//! asinh         asinh(x / β) / asinh(1 / β), β = 0.1          linear for faint values, logarithmic for bright ones
//! ```
//!
//! Values of all channels are taken together, so that colours keep their proportions. Percentiles lie on the line between the
//! two values next to them in order. Where both are the same, as in a dark picture with a few stars, the least and the largest
//! value take their places; a picture of one value becomes 0.

use serde::{Deserialize, Serialize};

use super::Samples;

/// The softening of `asinh`: below it the curve is nearly straight.
const SOFTENING: f32 = 0.1;

/// The shares of the values below the two percentiles.
const PERCENTILES: [f64; 2] = [0.01, 0.995];

/// How the values of a picture are spread over 0…1, picture by picture.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Stretch {
    /// Values stay as they are.
    #[default]
    None,
    /// The square root of each value: faint ones are lifted, the same in every picture.
    Sqrt,
    /// As `percentiles`, then asinh(10 x) / asinh(10): for a few bright sources beside faint ones.
    Asinh,
    /// The picture's own percentiles 1 and 99.5 become 0 and 1; what lies beyond them is cut.
    Percentiles,
}

impl Stretch {
    /// What it does to the values of a picture.
    pub(super) fn curve(self, samples: &Samples) -> Curve {
        let range = || {
            let [low, high] = samples.quantiles(PERCENTILES);
            let [low, high] = if low < high {
                [low, high]
            } else {
                samples.quantiles([0.0, 1.0])
            };
            [low, high - low]
        };
        match self {
            Self::None => Curve::None,
            Self::Sqrt => Curve::Sqrt,
            Self::Percentiles => Curve::Range(range()),
            Self::Asinh => Curve::Asinh(range()),
        }
    }
}

/// What a stretch does to the values of one picture.
#[derive(Debug, Clone, Copy)]
pub(super) enum Curve {
    None,
    Sqrt,
    /// The value that becomes 0, and how far above it that is which becomes 1.
    Range([f32; 2]),
    Asinh([f32; 2]),
}

impl Curve {
    /// A value from 0 to 1 of one that is.
    pub(super) fn at(self, value: f32) -> f32 {
        let share = |[low, width]: [f32; 2]| match width > 0.0 {
            true => ((value - low) / width).clamp(0.0, 1.0),
            false => 0.0,
        };
        match self {
            Self::None => value,
            Self::Sqrt => value.sqrt(),
            Self::Range(range) => share(range),
            Self::Asinh(range) => {
                ((share(range) / SOFTENING).asinh() / (1.0 / SOFTENING).asinh()).min(1.0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretched(stretch: Stretch, samples: &Samples) -> Vec<f32> {
        let curve = stretch.curve(samples);
        samples
            .values(0..samples.len())
            .map(|value| curve.at(value))
            .collect()
    }

    #[test]
    fn percentiles_become_the_ends_in_every_depth() {
        // 0, 1, …, 200: the percentiles are 2 and 199.
        let bytes = Samples::Bytes((0..=200).rev().collect());
        let words = Samples::Words((0..=200).map(|value| value * 257).collect());
        let floats = Samples::Floats((0..=200).map(|value| value as f32 / 255.0).collect());
        for samples in [&bytes, &words, &floats] {
            let mut found = stretched(Stretch::Percentiles, samples);
            found.sort_by(f32::total_cmp);
            for (value, found) in found.into_iter().enumerate() {
                let expected = ((value as f32 - 2.0) / 197.0).clamp(0.0, 1.0);
                assert!((found - expected).abs() < 1e-5, "{value}: {found}");
            }
        }
    }

    #[test]
    fn faint_values_are_lifted_as_the_formulas_say() {
        let samples = Samples::Floats((0..=200).map(|value| value as f32 / 200.0).collect());
        assert_eq!(stretched(Stretch::Sqrt, &samples)[50], 0.5);
        assert_eq!(stretched(Stretch::None, &samples)[50], 0.25);
        let x: f32 = (0.25 - 0.01) / (0.995 - 0.01);
        let expected = (10.0 * x).asinh() / 10f32.asinh();
        assert!((stretched(Stretch::Asinh, &samples)[50] - expected).abs() < 1e-6);
        assert_eq!(stretched(Stretch::Asinh, &samples)[200], 1.0);
    }

    #[test]
    fn a_few_stars_and_pictures_of_one_value_have_a_range_too() {
        let mut sky = vec![7u16; 1000];
        sky[3] = 65_535;
        for stretch in [Stretch::Percentiles, Stretch::Asinh] {
            let found = stretched(stretch, &Samples::Words(sky.clone()));
            assert_eq!([found[0], found[3]], [0.0, 1.0]);
            assert_eq!(stretched(stretch, &Samples::Bytes(vec![9; 4])), [0.0; 4]);
        }
    }
}
