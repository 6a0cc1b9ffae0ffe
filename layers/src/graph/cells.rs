//! A cell list: points sorted by the cube of space they lie in.
//!
//! With cubes at least as wide as the radius, whatever is within the radius of a point lies in its cube or one of the
//! 26 around it.

use super::point::{Point, squared};

/// Cubes along one axis, at most: three such numbers fit into one key.
const MOST: f64 = (1u64 << 20) as f64;

pub(super) struct Cells<'a> {
    points: &'a [Point],
    lowest: Point,
    width: f64,
    /// (cube, point), sorted.
    sorted: Vec<(u64, u32)>,
}

impl<'a> Cells<'a> {
    /// For neighbourhoods up to `radius`.
    pub(super) fn new(points: &'a [Point], radius: f64) -> Self {
        let extreme = |choose: fn(f64, f64) -> f64| {
            std::array::from_fn::<f64, 3, _>(|axis| {
                points.iter().map(|p| p[axis]).reduce(choose).unwrap_or(0.0)
            })
        };
        let (lowest, highest) = (extreme(f64::min), extreme(f64::max));
        // Halved before the difference is taken, which could otherwise exceed the largest number.
        let extent = (0..3).map(|axis| highest[axis] / 2.0 - lowest[axis] / 2.0);
        let width = extent.fold(radius, |width, half| width.max(half / (MOST / 2.0)));
        let mut cells = Self {
            points,
            lowest,
            width,
            sorted: Vec::new(),
        };
        let keys = points.iter().enumerate();
        cells.sorted = keys
            .map(|(number, &point)| (key(cells.cube(point)), number as u32))
            .collect();
        cells.sorted.sort_unstable();
        cells
    }

    fn cube(&self, point: Point) -> [i64; 3] {
        std::array::from_fn(|axis| {
            (point[axis] / self.width - self.lowest[axis] / self.width).floor() as i64
        })
    }

    /// Adds the other points within `radius` of a point.
    pub(super) fn within(&self, number: usize, radius: f64, near: &mut Vec<u32>) {
        let point = self.points[number];
        let [x, y, z] = self.cube(point);
        for dx in -1..=1 {
            for dy in -1..=1 {
                // The three cubes along z are neighbours in the sorted list too.
                let first = key([x + dx, y + dy, z - 1]);
                let last = key([x + dx, y + dy, z + 1]);
                let start = self.sorted.partition_point(|&(key, _)| key < first);
                let run = self.sorted[start..].iter();
                near.extend(
                    run.take_while(|&&(key, _)| key <= last)
                        .map(|&(_, other)| other)
                        .filter(|&other| {
                            other as usize != number
                                && squared(point, self.points[other as usize]) <= radius * radius
                        }),
                );
            }
        }
    }
}

/// One number for a cube, that grows with x, then y, then z. Cubes start at 0; one more on each side is looked up.
fn key(cube: [i64; 3]) -> u64 {
    cube.iter().fold(0, |key, &number| {
        (key << 21) | (number + 1).clamp(0, (1 << 21) - 1) as u64
    })
}
