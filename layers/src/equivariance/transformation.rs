//! Rotations, reflections and scalings of the plane about its origin, whether a group has them or not.
//!
//! ```text
//! g = s R(θ) Mᵐ                                M (x, y) = (x, −y)
//! on the plane    (L_g f)(x)    = f(g⁻¹x)
//! on the group    (L_g f)(x, h) = f(g⁻¹x, g⁻¹h)
//! ```
//!
//! An angle that H does not have falls between its orientations, as pixels fall between pixels. There f is read off the
//! trigonometric polynomial through its |H| or |H|/2 samples around the circle. To a group without reflections an
//! orientation is the direction that it points in: the mirror takes the one at φ to the one at −φ. A scale between two samples
//! is read off the line through both, and beyond the last one there is nothing.

use std::f64::consts::PI;
use std::fmt;

use burn::prelude::*;

use super::action::{group_action, move_positions};
use crate::group::matrix::{
    IDENTITY, describe, determinant, inverse, is_same, is_signed_permutation, multiply,
};
use crate::group::{Axis, Group, Matrix};

/// How far a number may be from a whole one that means it.
const SAME: f64 = 1e-9;

/// A rotation, a scaling, or either after the mirror.
///
/// ```
/// use gcnn_layers::{Group, equivariance::PlaneTransformation};
///
/// let turn = PlaneTransformation::rotation(22.5);
/// assert_eq!(turn.to_string(), "rotation by 22.5°");
/// assert!(!turn.is_exact() && PlaneTransformation::rotation(-90.0).is_exact());
/// assert_eq!(PlaneTransformation::rotation(90.0).element_of(&Group::cyclic(4)?), Some(1));
/// assert_eq!(turn.element_of(&Group::cyclic(4)?), None);
/// # Ok::<(), gcnn_layers::group::GroupError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlaneTransformation {
    matrix: Matrix,
}

impl PlaneTransformation {
    /// The rotation by so many degrees, counter-clockwise. Multiples of 90° move pixels to pixels.
    pub fn rotation(degrees: f64) -> Self {
        let quarters = degrees / 90.0;
        let (sin, cos) = if (quarters - quarters.round()).abs() < SAME {
            match quarters.round().rem_euclid(4.0) as u8 {
                0 => (0.0, 1.0),
                1 => (1.0, 0.0),
                2 => (0.0, -1.0),
                _ => (-1.0, 0.0),
            }
        } else {
            degrees.to_radians().sin_cos()
        };
        let matrix = [[cos, -sin], [sin, cos]];
        Self { matrix }
    }

    /// The scaling by a factor, about the centre.
    ///
    /// # Panics
    /// If the factor isn't positive and finite.
    pub fn scaling(factor: f64) -> Self {
        assert!(factor > 0.0 && factor.is_finite(), "a scaling by {factor}");
        let matrix = [[factor, 0.0], [0.0, factor]];
        Self { matrix }
    }

    /// The same after the mirror (x, y) → (x, −y).
    pub fn after_mirror(self) -> Self {
        let [[xx, xy], [yx, yy]] = self.matrix;
        let matrix = [[xx, -xy], [yx, -yy]];
        Self { matrix }
    }

    /// An element of a group.
    ///
    /// # Panics
    /// If `element` is not the index of an element.
    pub fn of(group: &Group, element: usize) -> Self {
        let matrix = group.matrix(element);
        Self { matrix }
    }

    /// The element of a group that is this transformation, if there is one.
    pub fn element_of(&self, group: &Group) -> Option<usize> {
        group.element_of(self.matrix)
    }

    /// What undoes it.
    pub fn inverse(&self) -> Self {
        let [[xx, xy], [yx, yy]] = self.matrix;
        let transposed = [[xx, yx], [xy, yy]];
        // Where lengths stay, that is the inverse, without rounding.
        let matrix = match is_same(multiply(self.matrix, transposed), IDENTITY) {
            true => transposed,
            false => inverse(self.matrix),
        };
        Self { matrix }
    }

    /// By how much it scales.
    pub fn factor(&self) -> f64 {
        determinant(self.matrix).abs().sqrt()
    }

    /// Whether what L_g takes to the element `h`, the value at g⁻¹h, lies between samples of the group.
    pub fn is_sampled(&self, group: &Group, h: usize) -> bool {
        let source = group.coordinates_of(multiply(self.inverse().matrix, group.matrix(h)));
        let mut along = group.axes().iter().zip(source.steps);
        along.all(|(axis, steps)| {
            let last = axis.samples as f64 - 1.0;
            axis.period.is_some() || (-SAME..=last + SAME).contains(&steps)
        })
    }

    /// The matrix, acting on columns (x, y).
    pub fn matrix(&self) -> Matrix {
        self.matrix
    }

    /// Whether it maps the pixel grid to itself.
    pub fn is_exact(&self) -> bool {
        is_signed_permutation(self.matrix)
    }

    /// Whether it reflects.
    pub fn is_reflection(&self) -> bool {
        determinant(self.matrix) < 0.0
    }

    /// L_g on maps on the plane, as [`plane_action`](super::plane_action) for elements of a group.
    ///
    /// # Shapes
    /// - input: `[batch, channels, height, width]`
    /// - output: the same, with height and width exchanged where the transformation exchanges the axes
    pub fn on_plane(&self, input: Tensor<4>) -> Tensor<4> {
        move_positions(self.inverse().matrix, input)
    }

    /// L_g on maps on a group, as [`group_action`] for its elements.
    ///
    /// # Shapes
    /// - input: `[batch, channels, group, height, width]`
    /// - output: the same, with height and width exchanged where the transformation exchanges the axes
    ///
    /// A map over the finest scales of a group alone moves over these.
    ///
    /// # Panics
    /// If the input does not have one orientation per element.
    pub fn on_group(&self, group: &Group, input: Tensor<5>) -> Tensor<5> {
        let group = &over(group, input.dims()[2]);
        if let Some(element) = self.element_of(group)
            && group.is_closed()
        {
            return group_action(group, element, input);
        }
        let [batch, channels, orientations, height, width] = input.dims();
        assert_eq!(orientations, group.order(), "orientations of {group}");
        let weights = TensorData::new(
            self.orientation_weights(group),
            [1, orientations, orientations],
        );
        let weights = Tensor::<3>::from_data(weights, &input.device());
        let turned =
            weights.matmul(input.reshape([batch * channels, orientations, height * width]));
        let turned = turned.reshape([batch, channels, orientations, height, width]);
        move_positions(self.inverse().matrix, turned)
    }

    /// Row h says how f(g⁻¹h) is made of the samples of f.
    fn orientation_weights(&self, group: &Group) -> Vec<f32> {
        let back = self.inverse().matrix;
        let row = |h| {
            let source = group.coordinates_of(multiply(back, group.matrix(h)));
            group.elements().map(move |sample| {
                let sample = group.place(sample);
                let places = source.steps.iter().zip(&sample.steps);
                let along = group.axes().iter().zip(places);
                match sample.component == source.component {
                    true => along
                        .map(|(axis, (&a, &b))| between_samples(axis, a - b))
                        .product(),
                    false => 0.0,
                }
            })
        };
        let weights = group.elements().flat_map(row);
        weights.map(|weight: f64| weight as f32).collect()
    }
}

/// The group that a map with so many elements lives on: fewer scales, where a network leaves some out on its way.
pub(super) fn over(group: &Group, elements: usize) -> Group {
    group.finest(elements).unwrap_or_else(|_| group.clone())
}

/// What a sample counts for a place that lies t steps on.
fn between_samples(axis: &Axis, t: f64) -> f64 {
    match axis.period {
        Some(_) => periodic_sinc(t, axis.samples),
        None => (1.0 - t.abs()).max(0.0),
    }
}

/// The trigonometric polynomial through N samples around the circle, 1 at sample 0 and 0 at the others, t samples on.
fn periodic_sinc(t: f64, samples: usize) -> f64 {
    let n = samples as f64;
    if (t - t.round()).abs() < SAME {
        return f64::from(t.round().rem_euclid(n) == 0.0);
    }
    let (wave, part) = ((PI * t).sin(), PI * t / n);
    if samples.is_multiple_of(2) {
        wave / (n * part.tan())
    } else {
        wave / (n * part.sin())
    }
}

impl fmt::Display for PlaneTransformation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&describe(self.matrix))
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use rstest::rstest;

    use super::*;
    use crate::testing::noise;

    fn device() -> Device {
        Device::flex()
    }

    fn difference<const D: usize>(left: Tensor<D>, right: Tensor<D>) -> f32 {
        (left - right).abs().max().into_scalar::<f32>()
    }

    /// A function of the direction with few frequencies is known between its samples.
    #[rstest]
    fn orientations_are_read_between_their_samples(#[values(5, 8)] rotations: usize) {
        let group = Group::cyclic(rotations).unwrap();
        let sampled = |turn: f64| {
            let values: Vec<f32> = group
                .elements()
                .map(|h| {
                    let angle = TAU * h as f64 / rotations as f64 - turn;
                    (0.3 + angle.cos() - 0.5 * (2.0 * angle).sin()) as f32
                })
                .collect();
            let dims = [1, 1, rotations, 1, 1];
            Tensor::<5>::from_data(TensorData::new(values, dims), &device())
        };
        for degrees in [10.0, 100.0, 222.2] {
            // One pixel: nothing but the orientations moves.
            let transformation = PlaneTransformation::rotation(degrees);
            let centre =
                TensorData::new(transformation.orientation_weights(&group), [rotations; 2]);
            let weights = Tensor::<2>::from_data(centre, &device());
            let found = weights.matmul(sampled(0.0).reshape([rotations, 1]));
            let expected = sampled(degrees.to_radians()).reshape([rotations, 1]);
            assert!(difference(found, expected) < 1e-5, "{degrees}");
        }
    }

    /// At the elements of the group the rule between them gives the group's own table.
    #[rstest]
    fn the_rule_between_orientations_agrees_at_them(#[values("C8", "C5", "D4", "D3")] name: &str) {
        let group: Group = name.parse().unwrap();
        for g in group.elements() {
            let weights = PlaneTransformation::of(&group, g).orientation_weights(&group);
            for h in group.elements() {
                let source = group.relative(g, h);
                let row = &weights[h * group.order()..(h + 1) * group.order()];
                let expected = group.elements().map(|e| f32::from(Some(e) == source));
                assert!(row.iter().copied().eq(expected), "{name}: {g}, {h}");
            }
        }
    }

    #[test]
    fn a_mirror_turns_directions_around_where_the_group_has_none() {
        let group = Group::cyclic(4).unwrap();
        let mirror = PlaneTransformation::rotation(0.0).after_mirror();
        let field = noise([1, 2, 4, 3, 3], 0, &device());
        let moved = mirror.on_group(&group, field.clone());
        // Up and down change places, left and right don't; and the rows turn around.
        let order = Tensor::<1, Int>::from_data([0, 3, 2, 1], &device());
        assert_eq!(difference(moved, field.select(2, order).flip([3])), 0.0);
    }

    #[rstest]
    fn what_was_moved_comes_back(#[values("C4", "D4", "trivial")] name: &str) {
        let group: Group = name.parse().unwrap();
        let field = noise([1, 2, group.order(), 4, 4], 1, &device());
        for transformation in [0.0, 90.0, 180.0, 270.0]
            .map(PlaneTransformation::rotation)
            .into_iter()
            .flat_map(|turn| [turn, turn.after_mirror()])
        {
            let there = transformation.on_group(&group, field.clone());
            let back = transformation.inverse().on_group(&group, there);
            assert_eq!(difference(back, field.clone()), 0.0, "{transformation}");
        }
    }
}
