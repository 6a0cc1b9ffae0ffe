//! The size that pictures are brought to.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::DatasetError;

/// The longest side.
const LONGEST: usize = 4096;

/// Height and width in pixels. Made from one number where it is square, from `[height, width]` where not, and written the same
/// way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Sides", into = "Sides")]
pub struct PictureSize([usize; 2]);

/// What is written.
#[derive(Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "one number, as in 64, or [height, width], as in [48, 64]"
)]
enum Sides {
    Square(usize),
    Rectangle([usize; 2]),
}

impl PictureSize {
    /// `[height, width]`.
    pub fn height_and_width(self) -> [usize; 2] {
        self.0
    }

    pub(super) fn check(self) -> Result<(), DatasetError> {
        if self.0.iter().all(|side| (1..=LONGEST).contains(side)) {
            return Ok(());
        }
        let expected = format!("1 to {LONGEST} pixels a side");
        Err(DatasetError::setting("size", expected, self))
    }
}

impl From<usize> for PictureSize {
    fn from(side: usize) -> Self {
        Self([side; 2])
    }
}

impl From<[usize; 2]> for PictureSize {
    fn from(sides: [usize; 2]) -> Self {
        Self(sides)
    }
}

impl From<Sides> for PictureSize {
    fn from(sides: Sides) -> Self {
        match sides {
            Sides::Square(side) => side.into(),
            Sides::Rectangle(sides) => sides.into(),
        }
    }
}

impl From<PictureSize> for Sides {
    fn from(size: PictureSize) -> Self {
        match size.0 {
            [height, width] if height == width => Self::Square(width),
            sides => Self::Rectangle(sides),
        }
    }
}

/// Height × width.
impl fmt::Display for PictureSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [height, width] = self.0;
        write!(f, "{height} × {width}")
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for PictureSize {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PictureSize".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let side = || {
            schemars::json_schema!({
                "type": "integer",
                "minimum": 1,
                "maximum": LONGEST,
            })
        };
        schemars::json_schema!({
            "description": "Height and width in pixels: one number where they are the same, [height, width] where not.",
            "anyOf": [side(), {
                "type": "array",
                "items": side(),
                "minItems": 2,
                "maxItems": 2,
            }],
            "examples": [64, [48, 64]],
        })
    }
}
