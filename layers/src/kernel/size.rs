//! How many pixels a kernel has along each axis.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The largest kernel side.
pub const MAX_KERNEL_SIZE: usize = 33;

/// Height and width of a kernel's window in pixels. Made from one number where it is square, from `[height, width]` where not:
/// a signal is an image of height 1, and its kernels are `[1, width]`. Written the same way.
///
/// ```
/// use gcnn_layers::{Group, LiftingConv2dConfig};
///
/// let square = LiftingConv2dConfig::new(Group::cyclic(4)?, [3, 8], 5);
/// assert_eq!(square.kernel_size.height_and_width(), [5, 5]);
/// let signal = LiftingConv2dConfig::new(Group::trivial(), [1, 8], [1, 9]);
/// assert_eq!(signal.kernel_size.to_string(), "1×9");
/// # Ok::<(), gcnn_layers::group::GroupError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Sides", into = "Sides")]
pub struct KernelSize([usize; 2]);

/// What is written.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Sides {
    Square(usize),
    Rectangle([usize; 2]),
}

impl KernelSize {
    /// Pixels from top to bottom and from left to right.
    pub fn height_and_width(self) -> [usize; 2] {
        self.0
    }

    /// The longer of both.
    pub(super) fn longest(self) -> usize {
        self.0[0].max(self.0[1])
    }

    /// Whether both are the same.
    pub fn is_square(self) -> bool {
        self.0[0] == self.0[1]
    }

    /// How many pixels there are; saturates.
    pub(super) fn taps(self) -> usize {
        self.0[0].saturating_mul(self.0[1])
    }
}

impl From<usize> for KernelSize {
    fn from(side: usize) -> Self {
        Self([side; 2])
    }
}

impl From<[usize; 2]> for KernelSize {
    fn from(sides: [usize; 2]) -> Self {
        Self(sides)
    }
}

impl From<Sides> for KernelSize {
    fn from(sides: Sides) -> Self {
        match sides {
            Sides::Square(side) => side.into(),
            Sides::Rectangle(sides) => sides.into(),
        }
    }
}

impl From<KernelSize> for Sides {
    fn from(size: KernelSize) -> Self {
        match size.0 {
            [height, width] if height == width => Self::Square(width),
            sides => Self::Rectangle(sides),
        }
    }
}

/// `5` where it is square, `1×9` where not.
impl fmt::Display for KernelSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [height, width] if height == width => write!(f, "{width}"),
            [height, width] => write!(f, "{height}×{width}"),
        }
    }
}

impl fmt::Debug for KernelSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
