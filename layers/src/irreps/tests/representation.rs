//! Sums of irreps ask no more of a group than [`Representation`] says: here of SO(2), made for this test.

use std::fmt;
use std::str::FromStr;

use super::super::*;

/// A frequency: cos and sin of kθ, or the constant at k = 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Frequency(usize);

impl fmt::Display for Frequency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for Frequency {
    type Err = IrrepsError;

    fn from_str(text: &str) -> Result<Self, IrrepsError> {
        let unreadable = |_| IrrepsError::Parse {
            part: text.into(),
            text: text.into(),
        };
        text.parse().map(Self).map_err(unreadable)
    }
}

impl Representation for Frequency {
    type Element = f64;

    fn dim(self) -> usize {
        if self.0 == 0 { 1 } else { 2 }
    }

    fn product(self, other: Self) -> impl Iterator<Item = Self> {
        let (high, low) = (self.0.max(other.0), self.0.min(other.0));
        let both = match low {
            0 => vec![high],
            // cos and sin of the difference 0: a scalar twice.
            low if low == high => vec![0, 0, 2 * high],
            low => vec![high - low, high + low],
        };
        both.into_iter().map(Self)
    }

    fn matrix(self, angle: &f64) -> Result<Vec<f64>, IrrepsError> {
        let (sin, cos) = (self.0 as f64 * angle).sin_cos();
        Ok(match self.0 {
            0 => vec![1.0],
            _ => vec![cos, -sin, sin, cos],
        })
    }
}

#[test]
fn sums_of_the_irreps_of_another_group() {
    let field: Irreps<Frequency> = "2x0+3x1+1x2".parse().unwrap();
    assert_eq!(field.to_string(), "2x0+3x1+1x2");
    assert_eq!((field.dim(), field.count()), (10, 6));
    assert_eq!(field.slices(), [0..2, 2..8, 8..10]);
    let json = serde_json::to_string(&field).unwrap();
    assert_eq!(
        serde_json::from_str::<Irreps<Frequency>>(&json).unwrap(),
        field
    );
    assert!("2x0+1e".parse::<Irreps<Frequency>>().is_err());

    let one: Irreps<Frequency> = "1x1".parse().unwrap();
    assert_eq!(
        one.product_where(&one, |_| true).unwrap().to_string(),
        "2x0+1x2"
    );
}

#[test]
fn features_turn_by_the_irreps_of_another_group() {
    let field: Irreps<Frequency> = "1x0+2x1+1x3".parse().unwrap();
    let features: Vec<f64> = (0..14).map(|i| (i as f64 * 0.7).sin()).collect();
    let (a, b) = (0.4, 1.1);
    let twice = field
        .transform(&a, &field.transform(&b, &features).unwrap())
        .unwrap();
    let once = field.transform(&(a + b), &features).unwrap();
    assert!(twice.iter().zip(&once).all(|(a, b)| (a - b).abs() < 1e-12));
    // [2, multiplicity] inside a block: both copies of frequency 1 turn alike.
    let turned = field.transform(&a, &features).unwrap();
    for copy in 0..2 {
        let expected = a.cos() * features[1 + copy] - a.sin() * features[3 + copy];
        assert!((turned[1 + copy] - expected).abs() < 1e-12);
    }
}
