//! The windows of a pooling step, as descriptions have them.
//!
//! ```text
//! positions   ⌊(n + a + b − d (k − 1) − 1) / s⌋ + 1        a, b: padding before and behind; rounded up with `ceil`
//! ```
//!
//! Networks of this crate pool over windows side by side, and their descriptions say no more than the side: the rest is
//! left out where it is what that means.

use burn::nn::PaddingConfig2d;
use burn::nn::pool::{AvgPool2d, AvgPool2dConfig, MaxPool2d, MaxPool2dConfig};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::limits::IMAGE_SIDE;

/// Which pixels are pooled together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Windows {
    /// Rows and columns of a window; one number where they are as many.
    #[serde(serialize_with = "write_pair", deserialize_with = "read_pair")]
    pub size: [usize; 2],
    /// Pixels between windows; left out where they lie side by side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<[usize; 2]>,
    /// What lies beyond the border; left out where that is nothing.
    #[serde(default = "nothing", skip_serializing_if = "is_nothing")]
    pub padding: PaddingConfig2d,
    /// Pixels between neighbours in a window; left out where they are neighbours in the map.
    #[serde(default = "neighbours", skip_serializing_if = "are_neighbours")]
    pub dilation: [usize; 2],
    /// Whether a last window may reach over the border.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ceil: bool,
    /// Whether a mean counts the padding; left out where it does.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub count_padding: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum OneOrTwo {
    One(usize),
    Two([usize; 2]),
}

fn write_pair<S: Serializer>(pair: &[usize; 2], serializer: S) -> Result<S::Ok, S::Error> {
    let written = match pair {
        [rows, columns] if rows == columns => OneOrTwo::One(*rows),
        pair => OneOrTwo::Two(*pair),
    };
    written.serialize(serializer)
}

fn read_pair<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[usize; 2], D::Error> {
    Ok(match OneOrTwo::deserialize(deserializer)? {
        OneOrTwo::One(side) => [side; 2],
        OneOrTwo::Two(pair) => pair,
    })
}

fn nothing() -> PaddingConfig2d {
    PaddingConfig2d::Valid
}

fn is_nothing(padding: &PaddingConfig2d) -> bool {
    matches!(
        padding,
        PaddingConfig2d::Valid | PaddingConfig2d::Explicit(0, 0, 0, 0)
    )
}

fn neighbours() -> [usize; 2] {
    [1, 1]
}

fn are_neighbours(dilation: &[usize; 2]) -> bool {
    *dilation == [1, 1]
}

fn yes() -> bool {
    true
}

impl From<&MaxPool2d> for Windows {
    fn from(pool: &MaxPool2d) -> Self {
        Self {
            size: pool.kernel_size,
            stride: (pool.stride != pool.kernel_size).then_some(pool.stride),
            padding: pool.padding.clone(),
            dilation: pool.dilation,
            ceil: pool.ceil_mode,
            count_padding: true,
        }
    }
}

impl From<&AvgPool2d> for Windows {
    fn from(pool: &AvgPool2d) -> Self {
        Self {
            size: pool.kernel_size,
            stride: (pool.stride != pool.kernel_size).then_some(pool.stride),
            padding: pool.padding.clone(),
            dilation: [1, 1],
            ceil: pool.ceil_mode,
            count_padding: pool.count_include_pad,
        }
    }
}

impl Windows {
    /// Pixels between windows.
    pub fn stride(&self) -> [usize; 2] {
        self.stride.unwrap_or(self.size)
    }

    /// Whether they are squares of this side, side by side, and nothing else.
    pub(super) fn are_side_by_side(&self, side: usize) -> bool {
        self.size == [side; 2]
            && self.stride() == [side; 2]
            && is_nothing(&self.padding)
            && are_neighbours(&self.dilation)
            && !self.ceil
    }

    /// The layer that takes maxima over them.
    pub(super) fn maximum(&self) -> MaxPool2d {
        MaxPool2dConfig::new(self.size)
            .with_strides(self.stride())
            .with_padding(self.padding.clone())
            .with_dilation(self.dilation)
            .with_ceil_mode(self.ceil)
            .init()
    }

    /// The layer that takes means over them.
    pub(super) fn mean(&self) -> AvgPool2d {
        AvgPool2dConfig::new(self.size)
            .with_strides(self.stride())
            .with_padding(self.padding.clone())
            .with_count_include_pad(self.count_padding)
            .with_ceil_mode(self.ceil)
            .init()
    }

    /// How many there are along the axes of a map, `[height, width]`, or why there are none.
    pub(super) fn positions(&self, map: [usize; 2]) -> Result<[usize; 2], String> {
        let [rows, columns] = self.size;
        let [height, width] = map;
        let named = format!("windows of {rows}×{columns}");
        let misfit = || format!("{named} do not fit into a map of {height}×{width}");
        let mut positions = [0; 2];
        for axis in 0..2 {
            let (n, k, s, d) = (
                map[axis],
                self.size[axis],
                self.stride()[axis],
                self.dilation[axis],
            );
            if k == 0 {
                return Err(misfit());
            }
            if s == 0 || d == 0 {
                return Err(format!("stride and dilation of {named} must be at least 1"));
            }
            if s.max(d) > IMAGE_SIDE {
                return Err(format!(
                    "stride and dilation of {named} must be at most {IMAGE_SIDE}"
                ));
            }
            let [before, behind] = match self.padding {
                PaddingConfig2d::Valid => [0, 0],
                PaddingConfig2d::Explicit(top, left, bottom, right) => {
                    [[top, bottom], [left, right]][axis]
                }
                PaddingConfig2d::Same => {
                    let needed = (n.div_ceil(s).saturating_sub(1)).saturating_mul(s);
                    let total = needed.saturating_add(k).saturating_sub(n);
                    [total / 2, total - total / 2]
                }
            };
            if self.padding != PaddingConfig2d::Same && before.max(behind) > k / 2 {
                return Err(format!(
                    "padding by {} pixels would take {named} with no pixel in them",
                    before.max(behind)
                ));
            }
            let extent = (k - 1).saturating_mul(d).saturating_add(1);
            let left = (n.saturating_add(before).saturating_add(behind))
                .checked_sub(extent)
                .ok_or_else(misfit)?;
            positions[axis] = match self.ceil {
                false => left / s + 1,
                // A last window begins in the map or the padding before it, not behind. Padding that differs at the
                // ends is put into the map first.
                true => {
                    let last = left.div_ceil(s);
                    let end = if before == behind {
                        n + before
                    } else {
                        n + before + behind
                    };
                    last + usize::from(last.saturating_mul(s) < end)
                }
            };
        }
        Ok(positions)
    }
}
