//! Points and their distances.

/// A point in space.
pub(super) type Point = [f64; 3];

/// Squared distance.
pub(super) fn squared(a: Point, b: Point) -> f64 {
    (0..3).map(|axis| (a[axis] - b[axis]).powi(2)).sum()
}
