//! Graphs from positions.

use super::cells::Cells;
use super::point::Point;
use super::tree::Tree;
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
    /// first. Which of several equally distant nodes make the list depends on their order.
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
        let tree = Tree::new(&points);
        let mut edges = Vec::with_capacity(total);
        for target in 0..points.len() {
            let near = tree.nearest(target, each);
            edges.extend(near.into_iter().map(|source| (source, target as u32)));
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
