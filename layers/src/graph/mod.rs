//! Graphs: who hears whom, and sums over what is heard.
//!
//! ```text
//! m_i = Σ_{j → i} message(x_i, x_j)        i = target (the node that receives), j = source (the node that sends)
//! ```
//!
//! A [`Graph`] is plain data: directed edges sorted by target, and which of its nodes form one graph of the batch.
//! [`GraphTensors`] holds the same on a device, and gathers and sums features. Sums don't depend on the order of a
//! node's neighbours, so they commute with permutations of the nodes; they act on components alike, so they commute
//! with any representation of O(3) on the features.

mod build;
mod cells;
mod point;
mod tensors;
#[cfg(test)]
mod tests;

pub use tensors::GraphTensors;
pub(crate) use tensors::Rows;

use std::sync::Arc;

/// Why a graph cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphError {
    /// An edge ends at a node that the graph doesn't have.
    #[error(
        "edge {edge} goes from node {source_node} to node {target}, but the graph has {nodes} nodes, numbered from 0"
    )]
    NodeOutOfRange {
        /// Number of the edge in the list given.
        edge: usize,
        /// The node that sends.
        source_node: u32,
        /// The node that receives.
        target: u32,
        /// How many nodes there are.
        nodes: usize,
    },
    /// A position that is no point.
    #[error("the position of node {node} is ({}, {}, {}): every coordinate must be finite", position[0], position[1], position[2])]
    Position {
        /// Number of the node.
        node: usize,
        /// Its coordinates.
        position: [f64; 3],
    },
    /// A radius that is no length.
    #[error("the radius of a neighbourhood must be positive and finite, it is {radius}")]
    Radius {
        /// The radius given.
        radius: f64,
    },
    /// More nodes or edges than can be numbered.
    #[error(
        "a graph has at most {} nodes and as many edges, this one would have {count} {what}",
        u32::MAX
    )]
    TooLarge {
        /// `nodes` or `edges`.
        what: &'static str,
        /// How many there would be.
        count: usize,
    },
}

/// Directed edges between the nodes of one graph or of a batch of graphs.
///
/// Edges are sorted by target; edges into the same target stay in the order given. Copies share their lists.
///
/// ```
/// use gcnn_layers::Graph;
///
/// // Two molecules of three and two atoms, everyone connected to everyone in the same molecule.
/// let batch = Graph::batch([&Graph::fully_connected(3)?, &Graph::fully_connected(2)?])?;
/// assert_eq!((batch.graphs(), batch.nodes(), batch.edges()), (2, 5, 8));
/// assert_eq!(batch.sources(), [1, 2, 0, 2, 0, 1, 4, 3]);
/// assert_eq!(batch.targets(), [0, 0, 1, 1, 2, 2, 3, 4]);
///
/// let line = [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [3.0, 0.0, 0.0]];
/// assert_eq!(Graph::within_radius(&line, 2.0)?.edges(), 4);
/// # Ok::<(), gcnn_layers::graph::GraphError>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Graph {
    lists: Arc<Lists>,
}

#[derive(PartialEq)]
struct Lists {
    nodes: usize,
    sources: Vec<u32>,
    targets: Vec<u32>,
    /// The first node of each graph, and at the end the number of nodes.
    starts: Vec<usize>,
}

impl Graph {
    /// One graph with these edges, each given as (source, target).
    pub fn new(
        nodes: usize,
        edges: impl IntoIterator<Item = (u32, u32)>,
    ) -> Result<Self, GraphError> {
        let mut pairs: Vec<(u32, u32)> = edges.into_iter().collect();
        for (edge, &(source_node, target)) in pairs.iter().enumerate() {
            if source_node as usize >= nodes || target as usize >= nodes {
                return Err(GraphError::NodeOutOfRange {
                    edge,
                    source_node,
                    target,
                    nodes,
                });
            }
        }
        pairs.sort_by_key(|&(_, target)| target);
        let (sources, targets) = pairs.into_iter().unzip();
        Self::from_lists(nodes, sources, targets, vec![0, nodes])
    }

    fn from_lists(
        nodes: usize,
        sources: Vec<u32>,
        targets: Vec<u32>,
        starts: Vec<usize>,
    ) -> Result<Self, GraphError> {
        for (what, count) in [("nodes", nodes), ("edges", sources.len())] {
            if count > u32::MAX as usize {
                return Err(GraphError::TooLarge { what, count });
            }
        }
        let lists = Lists {
            nodes,
            sources,
            targets,
            starts,
        };
        Ok(Self {
            lists: Arc::new(lists),
        })
    }

    /// Several graphs side by side, without edges between them.
    pub fn batch<'a>(graphs: impl IntoIterator<Item = &'a Graph>) -> Result<Self, GraphError> {
        let (mut sources, mut targets) = (Vec::new(), Vec::new());
        let mut starts = vec![0];
        let mut nodes = 0;
        for graph in graphs {
            let count = nodes + graph.nodes();
            if count > u32::MAX as usize {
                return Err(GraphError::TooLarge {
                    what: "nodes",
                    count,
                });
            }
            sources.extend(graph.sources().iter().map(|&node| node + nodes as u32));
            targets.extend(graph.targets().iter().map(|&node| node + nodes as u32));
            starts.extend(graph.lists.starts[1..].iter().map(|&start| start + nodes));
            nodes = count;
        }
        Self::from_lists(nodes, sources, targets, starts)
    }

    /// The same graph `count` times side by side.
    pub fn repeat(&self, count: usize) -> Result<Self, GraphError> {
        Self::batch(std::iter::repeat_n(self, count))
    }

    /// Number of nodes, of all graphs together.
    pub fn nodes(&self) -> usize {
        self.lists.nodes
    }

    /// Number of edges, of all graphs together.
    pub fn edges(&self) -> usize {
        self.lists.sources.len()
    }

    /// Number of graphs in the batch.
    pub fn graphs(&self) -> usize {
        self.lists.starts.len() - 1
    }

    /// The sending node of each edge.
    pub fn sources(&self) -> &[u32] {
        &self.lists.sources
    }

    /// The receiving node of each edge, in ascending order.
    pub fn targets(&self) -> &[u32] {
        &self.lists.targets
    }

    /// The first node of each graph, and at the end the number of nodes.
    pub fn starts(&self) -> &[usize] {
        &self.lists.starts
    }

    /// The graph that each node belongs to.
    pub fn graph_of_node(&self) -> impl Iterator<Item = u32> + '_ {
        let starts = &self.lists.starts;
        starts
            .windows(2)
            .enumerate()
            .flat_map(|(graph, range)| std::iter::repeat_n(graph as u32, range[1] - range[0]))
    }

    /// The number of edges into each node, where all nodes have equally many (0 where there are no edges).
    pub fn neighbours(&self) -> Option<usize> {
        uniform(self.targets(), self.nodes())
    }
}

impl std::fmt::Debug for Graph {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (graphs, nodes, edges) = (self.graphs(), self.nodes(), self.edges());
        write!(
            f,
            "Graph {{ graphs: {graphs}, nodes: {nodes}, edges: {edges} }}"
        )
    }
}

/// How often each of `count` numbers occurs in a sorted list, where all occur equally often.
fn uniform(sorted: &[u32], count: usize) -> Option<usize> {
    if count == 0 {
        return Some(0);
    }
    let each = sorted.len() / count;
    let equal = sorted.len() == each * count
        && (each == 0
            || sorted
                .chunks_exact(each)
                .enumerate()
                .all(|(number, chunk)| {
                    chunk[0] as usize == number && chunk[each - 1] as usize == number
                }));
    equal.then_some(each)
}
