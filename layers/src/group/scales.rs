//! Scalings, ℝ⁺.
//!
//! ```text
//! R_N         bⁱ · 1                       index i = 0 … N−1, b the base
//! relative    (bⁱ)⁻¹ bʲ = bʲ⁻ⁱ             a sample where j ≥ i; smaller scales than the first are not sampled
//! logarithm   ln s, in steps of ln b
//! volume      ds/s over a step: ln b
//! ```
//!
//! A sampling of ℝ⁺ ends, so that a layer over it is equivariant as far as no neighbour was cut off.

use super::matrix::{self, Matrix};
use super::{Axis, AxisKind, Coordinates, Group, GroupError, Tables};

impl Group {
    /// The largest N of [`scales`](Self::scales).
    pub const MAX_SCALES: usize = 16;

    /// The smallest and the largest factor from one scale to the next: below, scales are one to every kernel; above, three of
    /// them are more than a kernel can span.
    pub const SCALE_BASES: [f64; 2] = [1.05, 4.0];

    /// The base that a name leaves out, √2: two scales to an octave.
    pub const HALF_OCTAVE: f64 = std::f64::consts::SQRT_2;

    /// R_N, the scalings by 1, b, b², … bᴺ⁻¹. R_1 is [`trivial`](Self::trivial).
    ///
    /// ```
    /// use gcnn_layers::group::Group;
    ///
    /// let scales = Group::scales(3, 2.0)?;
    /// assert_eq!((scales.name(), scales.describe(2)), ("R3(2)", "scaling by 4".into()));
    /// assert_eq!((scales.relative(0, 2), scales.relative(2, 0)), (Some(2), None));
    /// assert!(!scales.is_closed());
    /// # Ok::<(), gcnn_layers::group::GroupError>(())
    /// ```
    pub fn scales(n: usize, base: f64) -> Result<Self, GroupError> {
        let [least, most] = Self::SCALE_BASES;
        if !(least..=most).contains(&base) {
            let base = base.to_string();
            return Err(GroupError::Base { base });
        }
        match n {
            1 => return Ok(Self::trivial()),
            2..=Self::MAX_SCALES => {}
            _ => return Err(GroupError::Scales { n }),
        }
        // Whole powers of the base squared where that is 2: octaves are exact.
        let scale = |i: usize| match base == Self::HALF_OCTAVE {
            true => f64::powi(2.0, (i / 2) as i32) * if i % 2 == 1 { base } else { 1.0 },
            false => base.powi(i as i32),
        };
        let name = match base == Self::HALF_OCTAVE {
            true => format!("R{n}"),
            false => format!("R{n}({base})"),
        };
        let of = |scale: f64| -> Matrix { [[scale, 0.0], [0.0, scale]] };
        let elements = 0..n;
        let pairs = elements
            .clone()
            .flat_map(|h| (0..n).map(move |k| k.checked_sub(h)));
        let axis = Axis {
            kind: AxisKind::Scale,
            step: base.ln(),
            samples: n,
            period: None,
        };
        let place = |i: usize| Coordinates {
            component: 0,
            steps: vec![i as f64],
        };
        Ok(Self::of_tables(Tables {
            name,
            matrices: elements.clone().map(|i| of(scale(i))).collect(),
            inverse_matrices: elements.clone().map(|i| of(1.0 / scale(i))).collect(),
            determinants: elements.clone().map(|i| scale(i).powi(2)).collect(),
            relatives: pairs.collect(),
            axes: vec![axis],
            components: 1,
            coordinates: elements.map(place).collect(),
            logarithm: Box::new(|map| (0, vec![matrix::determinant(map).abs().ln() / 2.0])),
            volume: base.ln(),
            factors: None,
        }))
    }

    /// The n finest scales of a sampling of scales: R_n with the same base.
    ///
    /// # Errors
    /// Where this is something else, or has fewer.
    pub fn finest(&self, n: usize) -> Result<Self, GroupError> {
        if n == self.order() {
            return Ok(self.clone());
        }
        let is_scales = matches!(self.axes(), [axis] if axis.kind == AxisKind::Scale);
        match is_scales && n < self.order() {
            true => Self::scales(n, self.matrix(1)[0][0]),
            false => Err(GroupError::Scales { n }),
        }
    }
}
