//! A graph on a device: gathering features to edges, summing messages to nodes and nodes to graphs.

use super::{Graph, uniform};
use crate::expect;
use burn::prelude::*;
use burn::tensor::IndexingUpdateOp;

/// The index tensors of a [`Graph`], shared by all layers that work on the same batch.
///
/// Where all nodes have equally many neighbours, sums over them are a reshape and a sum instead of a scatter, and so are
/// sums over graphs of equally many nodes.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::{Graph, GraphTensors};
///
/// let device = Device::flex();
/// let graph = GraphTensors::new(&Graph::fully_connected(3)?, &device);
/// let values = Tensor::<2>::from_floats([[1.], [2.], [4.]], &device);
/// let heard = graph.sum_to_targets(graph.gather_sources(values));
/// assert_eq!(heard.into_data(), TensorData::from([[6.], [5.], [3f32]]));
/// # Ok::<(), gcnn_layers::graph::GraphError>(())
/// ```
#[derive(Clone, Debug)]
pub struct GraphTensors {
    graph: Graph,
    sources: Rows,
    targets: Rows,
    graph_of_node: Rows,
}

/// Which row of one matrix each row of another reads, such as the source node of each edge.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    pub(crate) tensor: Tensor<1, Int>,
    /// The same for the CPU's kernels.
    #[cfg(feature = "flex")]
    pub(crate) index: std::sync::Arc<gcnn_cpu::tensor_product::RowIndex>,
    /// How many rows there are to read.
    rows: usize,
    /// How many rows read.
    pub(crate) readers: usize,
    /// Readers of each row, where they are sorted by row and all rows have equally many.
    pub(crate) each: Option<usize>,
    /// How many readers each row has, `[rows, 1]`, at least 1, to divide by.
    divisors: Tensor<2>,
}

impl Rows {
    /// Numbers in `index` are below `rows`.
    fn new(index: Vec<u32>, rows: usize, device: &Device) -> Self {
        let readers = index.len();
        let numbers: Vec<i64> = index.iter().map(|&row| i64::from(row)).collect();
        let mut counts = vec![0u32; rows];
        for &row in &index {
            counts[row as usize] += 1;
        }
        let divisors: Vec<f32> = counts.iter().map(|&count| count.max(1) as f32).collect();
        Self {
            tensor: Tensor::from_data(TensorData::new(numbers, [readers]), device),
            each: uniform(&index, rows),
            #[cfg(feature = "flex")]
            index: gcnn_cpu::tensor_product::RowIndex::new(index, rows).into(),
            rows,
            readers,
            divisors: Tensor::from_data(TensorData::new(divisors, [rows, 1]), device),
        }
    }

    /// Features of each reader's row, `[rows, dim]` to `[readers, dim]`.
    pub(crate) fn gather(&self, features: Tensor<2>) -> Tensor<2> {
        let [rows, width] = features.dims();
        self.expect_rows(rows);
        let readers = self.readers;
        if readers == 0 || width == 0 {
            return Tensor::zeros([readers, width], (&features.device(), features.dtype()));
        }
        match self.each {
            Some(each) => features
                .reshape([rows, 1, width])
                .expand([rows, each, width])
                .reshape([readers, width]),
            None => features.select(0, self.tensor.clone()),
        }
    }

    /// Checks how many rows there are to gather from.
    pub(crate) fn expect_rows(&self, rows: usize) {
        assert_eq!(
            rows, self.rows,
            "the graph has {} rows to gather from, the features {rows}",
            self.rows
        );
    }

    /// Sum over each row's readers, `[readers, dim]` to `[rows, dim]`.
    pub(crate) fn sum(&self, features: Tensor<2>) -> Tensor<2> {
        let [readers, width] = features.dims();
        assert_eq!(
            readers, self.readers,
            "the graph has {} rows to sum, the features {readers}",
            self.readers
        );
        let rows = self.rows;
        let empty = || Tensor::zeros([rows, width], (&features.device(), features.dtype()));
        if readers == 0 || width == 0 {
            return empty();
        }
        match self.each {
            Some(each) => features
                .reshape([rows, each, width])
                .sum_dim(1)
                .squeeze_dim(1),
            None => {
                let index = self.tensor.clone();
                empty().select_assign(0, index, features, IndexingUpdateOp::Add)
            }
        }
    }

    fn mean(&self, features: Tensor<2>) -> Tensor<2> {
        let divisors = self.divisors.clone().cast(features.dtype());
        self.sum(features) / divisors
    }
}

impl GraphTensors {
    /// Puts a graph on the device of the features.
    pub fn new(graph: &Graph, device: &Device) -> Self {
        let nodes = graph.nodes();
        let graph_of_node: Vec<u32> = graph.graph_of_node().collect();
        Self {
            sources: Rows::new(graph.sources().to_vec(), nodes, device),
            targets: Rows::new(graph.targets().to_vec(), nodes, device),
            graph_of_node: Rows::new(graph_of_node, graph.graphs(), device),
            graph: graph.clone(),
        }
    }

    pub(crate) fn source_rows(&self) -> &Rows {
        &self.sources
    }

    pub(crate) fn target_rows(&self) -> &Rows {
        &self.targets
    }

    /// The graph itself.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Features of the sending node of each edge, `[nodes, dim]` to `[edges, dim]`.
    pub fn gather_sources(&self, features: Tensor<2>) -> Tensor<2> {
        self.sources.gather(features)
    }

    /// Features of the receiving node of each edge, `[nodes, dim]` to `[edges, dim]`.
    pub fn gather_targets(&self, features: Tensor<2>) -> Tensor<2> {
        self.targets.gather(features)
    }

    /// Sum of the messages into each node, `[edges, dim]` to `[nodes, dim]`. Nobody's messages sum to zero.
    pub fn sum_to_targets(&self, messages: Tensor<2>) -> Tensor<2> {
        self.targets.sum(messages)
    }

    /// Mean of the messages into each node, `[edges, dim]` to `[nodes, dim]`, zero where there are none.
    pub fn mean_to_targets(&self, messages: Tensor<2>) -> Tensor<2> {
        self.targets.mean(messages)
    }

    /// Sum over the nodes of each graph, `[nodes, dim]` to `[graphs, dim]`.
    pub fn sum_to_graphs(&self, features: Tensor<2>) -> Tensor<2> {
        self.graph_of_node.sum(features)
    }

    /// Mean over the nodes of each graph, `[nodes, dim]` to `[graphs, dim]`, zero for a graph without nodes.
    pub fn mean_to_graphs(&self, features: Tensor<2>) -> Tensor<2> {
        self.graph_of_node.mean(features)
    }

    /// Features of the graph of each node, `[graphs, dim]` to `[nodes, dim]`.
    pub fn gather_graphs(&self, features: Tensor<2>) -> Tensor<2> {
        self.graph_of_node.gather(features)
    }

    /// Positions relative to the mean of their graph, `[nodes, 3]` to `[nodes, 3]`. Invariant to translations.
    ///
    /// # Panics
    /// If there are other nodes than the graph's, or positions haven't three coordinates.
    pub fn centre(&self, positions: Tensor<2>) -> Tensor<2> {
        expect::vectors("GraphTensors", &positions);
        let centres = self.mean_to_graphs(positions.clone());
        positions - self.gather_graphs(centres)
    }

    /// The vector from the receiving to the sending node of each edge, x_source − x_target, `[nodes, 3]` to `[edges, 3]`.
    ///
    /// # Panics
    /// If there are other nodes than the graph's, or positions haven't three coordinates.
    pub fn relative_positions(&self, positions: Tensor<2>) -> Tensor<2> {
        expect::vectors("GraphTensors", &positions);
        self.gather_sources(positions.clone()) - self.gather_targets(positions)
    }
}
