//! Splines on H.
//!
//! ```text
//! AlongH[g, m] = Σ_p Bⁿ((r − r_m + pN)/s)   for g = R(2πr/N) Mᶜ on the coset c of centre m, and zero on the other
//! ```
//!
//! The angle of g = h⁻¹h', which is its logarithm, is measured in steps of 2π/N; the sum over p makes it periodic. The
//! reflections of D_N are a circle of their own (log has no way there from the identity), with the same centres as the
//! rotations.

use super::cardinal::cardinal;
use super::{BSplineConfig, Support};
use crate::group::Group;

/// Periodic splines about centres on the circles of H.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::kernel) struct RotationSplines {
    pub(super) order: usize,
    /// s, in steps of 2π/N.
    pub(super) width: f64,
    /// N.
    pub(super) period: usize,
    /// r_m and the coset, which is 0 or 1.
    pub(super) centres: Vec<(f64, usize)>,
    /// r and the coset of each group element.
    pub(super) elements: Vec<(f64, usize)>,
}

impl RotationSplines {
    /// How many centres there are on a circle of `n` rotations.
    pub(super) fn count(config: &BSplineConfig, n: usize) -> usize {
        let wanted = config.rotations.unwrap_or(match config.support {
            Support::Dense => n,
            Support::Localized => BSplineConfig::SIDE,
            Support::Atrous | Support::Deformable => n.div_ceil(2),
        });
        wanted.min(n)
    }

    pub(super) fn new(config: &BSplineConfig, group: &Group) -> Self {
        let n = group.rotations();
        let count = Self::count(config, n);
        let spread = n as f64 / count as f64;
        let (first, distance, width) = match config.support {
            Support::Dense => (0.0, spread, spread),
            Support::Localized if count < n => ((1.0 - count as f64) / 2.0, 1.0, 1.0),
            Support::Localized | Support::Atrous | Support::Deformable => (0.0, spread, 1.0),
        };
        let circle = (0..count).map(move |m| first + distance * m as f64);
        let cosets = group.order() / n;
        let place = |g| {
            (
                group.rotation(g) as f64,
                usize::from(group.is_reflection(g)),
            )
        };
        Self {
            order: config.order,
            width,
            period: n,
            centres: (0..cosets)
                .flat_map(|coset| circle.clone().map(move |r| (r, coset)))
                .collect(),
            elements: group.elements().map(place).collect(),
        }
    }

    /// How many turns to each side a spline reaches that has its centre within half a turn.
    pub(super) fn turns(&self) -> i32 {
        let reach = self.width * (self.order as f64 + 1.0) / 2.0;
        (reach / self.period as f64 + 0.5).ceil() as i32
    }

    /// AlongH: a row per group element, a column per centre.
    pub(super) fn matrix(&self) -> Vec<Vec<f64>> {
        let (period, turns) = (self.period as f64, self.turns());
        let periodic = |distance: f64| -> f64 {
            let near = distance - period * (distance / period).round();
            (-turns..=turns)
                .map(|p| cardinal(self.order, (near + f64::from(p) * period) / self.width))
                .sum()
        };
        let value = |(r, coset): (f64, usize), (centre, on): (f64, usize)| match coset == on {
            true => periodic(r - centre),
            false => 0.0,
        };
        let row = |&g: &(f64, usize)| self.centres.iter().map(|&m| value(g, m)).collect();
        self.elements.iter().map(row).collect()
    }
}
