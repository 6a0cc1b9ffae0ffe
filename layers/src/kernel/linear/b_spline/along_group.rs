//! Splines on H.
//!
//! ```text
//! AlongH[g, m] = V Π_a Σ_p Bⁿ((r_a − r_{m,a} + p T_a)/s_a)   for g on the component of centre m, and zero on the others
//! ```
//!
//! r is the logarithm of g = h⁻¹h' in steps of the axes a of H ([`Coordinates`]), T the period of an axis; the sum over p
//! makes the spline periodic. Components are apart (log has no way there from the identity): the reflections of D_N are a
//! circle of their own, with the same centres as the rotations. Along an axis that ends, centres lie on both sides of the
//! identity. V is the Haar measure of a sample: 1 for a finite group, and for scales the logarithm of their base, so that the
//! sum over samples is the integral over ds/s.

use super::cardinal::cardinal;
use super::{BSplineConfig, Support};
use crate::group::{Axis, AxisKind, Coordinates, Group};

/// Splines about centres in the Lie algebra of H, on every component.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::kernel) struct GroupSplines {
    pub(super) axes: Vec<AxisSplines>,
    pub(super) centres: Vec<Coordinates>,
    pub(super) elements: Vec<Coordinates>,
    /// V.
    pub(super) volume: f64,
}

/// Splines along one axis.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::kernel) struct AxisSplines {
    pub(super) order: usize,
    /// s, in steps of the axis.
    pub(super) width: f64,
    pub(super) axis: Axis,
    /// In steps of the axis.
    centres: Vec<f64>,
}

impl AxisSplines {
    /// How many centres there are on an axis.
    fn count(config: &BSplineConfig, axis: &Axis) -> usize {
        let samples = axis.samples;
        let wanted = match axis.kind {
            AxisKind::Angle => config.rotations,
            AxisKind::Scale | AxisKind::Other(_) => config.scales,
        };
        let wanted = wanted.unwrap_or(match config.support {
            Support::Dense => samples,
            Support::Localized => BSplineConfig::SIDE,
            Support::Atrous | Support::Deformable => samples.div_ceil(2),
        });
        wanted.min(samples)
    }

    fn new(config: &BSplineConfig, axis: &Axis) -> Self {
        let (count, samples) = (Self::count(config, axis), axis.samples);
        let spread = samples as f64 / count as f64;
        let (first, distance, width) = match config.support {
            Support::Dense => (0.0, spread, spread),
            Support::Localized if count < samples => ((1.0 - count as f64) / 2.0, 1.0, 1.0),
            Support::Localized | Support::Atrous | Support::Deformable => (0.0, spread, 1.0),
        };
        // Along an axis that ends the identity is in the middle, or just below it.
        let first = match axis.period {
            Some(_) => first,
            None => -distance * ((count - 1) / 2) as f64,
        };
        Self {
            order: config.order,
            width,
            axis: *axis,
            centres: (0..count).map(|m| first + distance * m as f64).collect(),
        }
    }

    /// By how many steps a spline is repeated, and how often to each side: far enough for one whose centre lies within half a
    /// period.
    pub(super) fn repeats(&self) -> impl Iterator<Item = f64> + Clone + use<> {
        let reach = self.width * (self.order as f64 + 1.0) / 2.0;
        let (period, turns) = match self.axis.period {
            Some(period) => (period, (reach / period + 0.5).ceil() as i32),
            None => (0.0, 0),
        };
        (-turns..=turns).map(move |p| f64::from(p) * period)
    }

    /// The spline about `centre` at `place`.
    fn at(&self, place: f64, centre: f64) -> f64 {
        let near = self.axis.distance(place, centre);
        let value = |repeat: f64| cardinal(self.order, (near + repeat) / self.width);
        self.repeats().map(value).sum()
    }
}

impl GroupSplines {
    /// How many centres there are.
    pub(super) fn count(config: &BSplineConfig, group: &Group) -> usize {
        let axes = group.axes().iter();
        let along = axes.map(|axis| AxisSplines::count(config, axis));
        along.product::<usize>() * group.components()
    }

    /// `elements` are the places that the splines are needed at.
    pub(super) fn new(config: &BSplineConfig, group: &Group, elements: Vec<Coordinates>) -> Self {
        let axes = group.axes().iter();
        let axes: Vec<AxisSplines> = axes.map(|axis| AxisSplines::new(config, axis)).collect();
        // The product of the axes' centres, the last axis fastest.
        let points = axes
            .iter()
            .fold(vec![vec![]], |points: Vec<Vec<f64>>, axis| {
                let longer = |point: &Vec<f64>| {
                    let point = point.clone();
                    let further = axis.centres.iter();
                    further.map(move |&c| [point.as_slice(), &[c]].concat())
                };
                points.iter().flat_map(longer).collect()
            });
        let on = |component| {
            let points = points.iter().cloned();
            points.map(move |steps| Coordinates { component, steps })
        };
        Self {
            axes,
            centres: (0..group.components()).flat_map(on).collect(),
            elements,
            volume: group.volume(group.identity()),
        }
    }

    /// AlongH: a row per element, a column per centre.
    pub(super) fn matrix(&self) -> Vec<Vec<f64>> {
        let value = |g: &Coordinates, m: &Coordinates| match g.component == m.component {
            true => {
                let places = g.steps.iter().zip(&m.steps);
                let along = self.axes.iter().zip(places);
                let splines = along.map(|(axis, (&r, &centre))| axis.at(r, centre));
                self.volume * splines.product::<f64>()
            }
            false => 0.0,
        };
        let row = |g: &Coordinates| self.centres.iter().map(|m| value(g, m)).collect();
        self.elements.iter().map(row).collect()
    }
}
