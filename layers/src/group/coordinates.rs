//! Where an element lies in its Lie group: the component it is on, and its logarithm there.
//!
//! ```text
//! R(θ) Mᵐ        component m,  logarithm θ, which has the period 2π
//! s·1            one component, logarithm ln s
//! ```
//!
//! A kernel that is a function on H is a function of these. Logarithms are counted in steps from one sample to the next,
//! so that samples lie at whole numbers, without rounding.

/// A direction in the Lie algebra along which a group is sampled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Axis {
    /// What the direction means.
    pub kind: AxisKind,
    /// From one sample to the next, in the unit of the kind.
    pub step: f64,
    /// How many samples there are. They lie at 0, 1, 2, … steps.
    pub samples: usize,
    /// After how many steps the axis comes back to where it began, if it does.
    pub period: Option<f64>,
}

/// What a direction in the Lie algebra means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AxisKind {
    /// Rotations, counter-clockwise, in radians.
    Angle,
    /// Scalings, by the natural logarithm of their factor.
    Scale,
    /// Something else, in a unit of its own: a shear, for example.
    Other(&'static str),
}

impl AxisKind {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Angle => "angle",
            Self::Scale => "scale",
            Self::Other(name) => name,
        }
    }
}

/// Where an element lies.
#[derive(Debug, Clone, PartialEq)]
pub struct Coordinates {
    /// Which of the connected components, 0 for that of the identity.
    pub component: usize,
    /// The logarithm on that component: steps along each [`Axis`]. Along an axis with a period, in [0, period).
    pub steps: Vec<f64>,
}

impl Axis {
    /// How far a lies from b along the axis, in steps; along an axis with a period, the short way round.
    pub fn distance(&self, a: f64, b: f64) -> f64 {
        let distance = a - b;
        match self.period {
            Some(period) => distance - period * (distance / period).round(),
            None => distance,
        }
    }

    /// Steps for a length in the axis's unit. What rounding keeps from a whole number becomes one: a sample is then
    /// where the sample is.
    pub(super) fn steps(&self, length: f64) -> f64 {
        let steps = length / self.step;
        let steps = match steps.round() {
            whole if (steps - whole).abs() < super::matrix::SAME => whole,
            _ => steps,
        };
        match self.period {
            Some(period) => steps.rem_euclid(period),
            None => steps,
        }
    }
}
