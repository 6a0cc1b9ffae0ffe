//! A k-d tree: space halved at the median point, along the widest axis, again and again.
//!
//! Cells of one size serve a fixed radius; the distance to the k-th neighbour varies over a cloud, and the tree follows
//! its density.

use super::point::{Point, squared};
use std::collections::BinaryHeap;

/// Up to this many points are compared one by one.
const LEAF: usize = 12;

pub(super) struct Tree<'a> {
    points: &'a [Point],
    /// Numbers of the points. A range longer than a leaf holds its median in the middle, nothing greater along the
    /// range's axis before it, nothing smaller after it.
    order: Vec<u32>,
    /// The axis of the range whose middle this is.
    axes: Vec<u8>,
}

/// The nearest points found so far, farthest on top.
struct Found {
    heap: BinaryHeap<(Distance, u32)>,
    count: usize,
}

/// Finite, therefore ordered.
#[derive(PartialEq, PartialOrd, Clone, Copy)]
struct Distance(f64);

impl Eq for Distance {}

#[allow(clippy::derive_ord_xor_partial_ord)]
impl Ord for Distance {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl Found {
    fn offer(&mut self, distance: f64, number: u32) {
        if self.heap.len() < self.count {
            self.heap.push((Distance(distance), number));
        } else if let Some(mut worst) = self.heap.peek_mut()
            && (Distance(distance), number) < *worst
        {
            *worst = (Distance(distance), number);
        }
    }

    /// Whether something at this distance could still be wanted.
    fn wants(&self, distance: f64) -> bool {
        self.heap.len() < self.count || self.heap.peek().is_some_and(|worst| distance < worst.0.0)
    }
}

impl<'a> Tree<'a> {
    pub(super) fn new(points: &'a [Point]) -> Self {
        let mut tree = Self {
            points,
            order: (0..points.len() as u32).collect(),
            axes: vec![0; points.len()],
        };
        let mut ranges = vec![(0, points.len())];
        while let Some((start, end)) = ranges.pop() {
            if end - start <= LEAF {
                continue;
            }
            let range = &mut tree.order[start..end];
            let axis = widest(points, range);
            let middle = range.len() / 2;
            range.select_nth_unstable_by(middle, |&a, &b| {
                let along = |number: u32| points[number as usize][axis];
                along(a).total_cmp(&along(b)).then(a.cmp(&b))
            });
            tree.axes[start + middle] = axis as u8;
            ranges.extend([(start, start + middle), (start + middle + 1, end)]);
        }
        tree
    }

    /// The `count` other points nearest to a point, nearest first.
    pub(super) fn nearest(&self, number: usize, count: usize) -> Vec<u32> {
        let mut found = Found {
            heap: BinaryHeap::with_capacity(count + 1),
            count,
        };
        if count > 0 {
            self.search(0, self.order.len(), number, &mut found);
        }
        let sorted = found.heap.into_sorted_vec();
        sorted.into_iter().map(|(_, number)| number).collect()
    }

    /// Looks through a range. The depth is the logarithm of the number of points.
    fn search(&self, start: usize, end: usize, number: usize, found: &mut Found) {
        let point = self.points[number];
        let mut look = |place: usize| {
            let other = self.order[place];
            if other as usize != number {
                found.offer(squared(point, self.points[other as usize]), other);
            }
        };
        if end - start <= LEAF {
            (start..end).for_each(look);
            return;
        }
        let middle = start + (end - start) / 2;
        look(middle);
        let axis = self.axes[middle] as usize;
        let offset = point[axis] - self.points[self.order[middle] as usize][axis];
        let (below, above) = ((start, middle), (middle + 1, end));
        let (near, far) = if offset <= 0.0 {
            (below, above)
        } else {
            (above, below)
        };
        self.search(near.0, near.1, number, found);
        if found.wants(offset * offset) {
            self.search(far.0, far.1, number, found);
        }
    }
}

/// The axis along which these points extend farthest.
fn widest(points: &[Point], range: &[u32]) -> usize {
    let extent = |axis: usize| {
        let along = || range.iter().map(|&number| points[number as usize][axis]);
        along().fold(f64::MIN, f64::max) / 2.0 - along().fold(f64::MAX, f64::min) / 2.0
    };
    let extents = [extent(0), extent(1), extent(2)];
    (0..3)
        .max_by(|&a, &b| extents[a].total_cmp(&extents[b]))
        .unwrap_or(0)
}
