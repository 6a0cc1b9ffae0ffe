//! Features that a tensor product gathers from nodes to edges itself.

use burn::prelude::*;

use crate::graph::{GraphTensors, Rows};
use crate::irreps::Irreps;

/// Features for [`TensorProduct::forward_gathered`](super::TensorProduct::forward_gathered): those of the edges themselves or those of a node of each edge.
#[derive(Clone, Debug)]
pub struct GatheredInput<'a> {
    pub(super) irreps: &'a Irreps,
    pub(super) features: Tensor<2>,
    pub(super) rows: Option<&'a Rows>,
}

impl<'a> GatheredInput<'a> {
    /// Features of the edges, `[edges, dim]`.
    pub fn edges(irreps: &'a Irreps, features: Tensor<2>) -> Self {
        Self {
            irreps,
            features,
            rows: None,
        }
    }

    /// Features of the nodes, `[nodes, dim]`, of which each edge gets those of its sending node.
    pub fn sources(graph: &'a GraphTensors, irreps: &'a Irreps, features: Tensor<2>) -> Self {
        Self {
            irreps,
            features,
            rows: Some(graph.source_rows()),
        }
    }

    /// Features of the nodes, `[nodes, dim]`, of which each edge gets those of its receiving node.
    pub fn targets(graph: &'a GraphTensors, irreps: &'a Irreps, features: Tensor<2>) -> Self {
        Self {
            irreps,
            features,
            rows: Some(graph.target_rows()),
        }
    }
}
