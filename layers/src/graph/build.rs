//! Graphs from positions.

use std::num::NonZero;

use kiddo::{ImmutableKdTree, SquaredEuclidean};

use super::cells::Cells;
use super::point::Point;
use super::{Graph, GraphError};

impl Graph {
    /// Edges between all pairs of different nodes, in both directions.
    pub fn fully_connected(nodes: usize) -> Result<Self, GraphError> {
        let count = nodes.saturating_mul(nodes.saturating_sub(1));
        if count > u32::MAX as usize {
            return Err(GraphError::TooLarge {
                what: "edges",
                count,
            });
        }
        let all = 0..nodes as u32;
        let edges = all.clone().flat_map(|target| {
            let sources = all.clone().filter(move |&source| source != target);
            sources.map(move |source| (source, target))
        });
        Self::new(nodes, edges)
    }

    /// Edges between different nodes whose distance is at most `radius`, in both directions. Found with a cell list, in
    /// time proportional to the number of nodes (but for their sorting) and pairs looked at, not to its square.
    pub fn within_radius<T: Copy + Into<f64>>(
        positions: &[[T; 3]],
        radius: f64,
    ) -> Result<Self, GraphError> {
        if !(radius.is_finite() && radius > 0.0) {
            return Err(GraphError::Radius { radius });
        }
        let points = finite(positions)?;
        let cells = Cells::new(&points, radius);
        let mut edges = Vec::new();
        let mut near = Vec::new();
        for target in 0..points.len() {
            near.clear();
            cells.within(target, radius, &mut near);
            // Cells come in the order of space; the order of the nodes makes the result independent of it.
            near.sort_unstable();
            edges.extend(near.iter().map(|&source| (source, target as u32)));
        }
        Self::new(points.len(), edges)
    }

    /// Edges into each node from the `count` other nodes nearest to it (all others, where there are fewer), the nearest
    /// first. Of several equally distant nodes some make the list, always the same of the same positions.
    pub fn nearest<T: Copy + Into<f64>>(
        positions: &[[T; 3]],
        count: usize,
    ) -> Result<Self, GraphError> {
        let points = finite(positions)?;
        let each = count.min(points.len().saturating_sub(1));
        let total = points.len().saturating_mul(each);
        if total > u32::MAX as usize {
            return Err(GraphError::TooLarge {
                what: "edges",
                count: total,
            });
        }
        let tree: ImmutableKdTree<f64, 3> = ImmutableKdTree::new_from_slice(&points);
        let with_itself = NonZero::<usize>::MIN.saturating_add(each);
        let mut edges = Vec::with_capacity(total);
        for (target, point) in points.iter().enumerate() {
            let mut near = tree.nearest_n::<SquaredEuclidean>(point, with_itself);
            near.sort_unstable_by(|a, b| {
                a.distance.total_cmp(&b.distance).then(a.item.cmp(&b.item))
            });
            // Where enough others lie on the same point, the node itself isn't among them.
            let others = near.iter().filter(|found| found.item != target as u64);
            let others = others.take(each);
            edges.extend(others.map(|found| (found.item as u32, target as u32)));
        }
        Self::new(points.len(), edges)
    }
}

/// The positions in double precision, if they are points.
fn finite<T: Copy + Into<f64>>(positions: &[[T; 3]]) -> Result<Vec<Point>, GraphError> {
    if positions.len() > u32::MAX as usize {
        return Err(GraphError::TooLarge {
            what: "nodes",
            count: positions.len(),
        });
    }
    let points = positions.iter().enumerate().map(|(node, position)| {
        let position = position.map(Into::into);
        if position.iter().all(|x: &f64| x.is_finite()) {
            Ok(position)
        } else {
            Err(GraphError::Position { node, position })
        }
    });
    points.collect()
}
