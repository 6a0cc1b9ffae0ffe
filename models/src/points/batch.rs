//! What every dynamics model takes: particles, and who hears whom.

use burn::prelude::*;
use gcnn_layers::{Graph, GraphTensors};

use crate::ModelError;

/// The state of the particles of a batch in plain numbers, particle after particle, graph after graph.
#[derive(Debug, Clone, Copy)]
pub struct Particles<'a> {
    /// x, y, z of each particle.
    pub positions: &'a [f32],
    /// x, y, z of each particle's velocity.
    pub velocities: &'a [f32],
    /// One charge (or mass) per particle.
    pub charges: &'a [f32],
}

/// Particles of several graphs on a device. Whatever holds one has been checked.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::Graph;
/// use gcnn_models::points::{ParticleBatch, Particles};
///
/// let two = Particles {
///     positions: &[0., 0., 0., 1., 0., 0.],
///     velocities: &[0., 1., 0., 0., -1., 0.],
///     charges: &[1., -1.],
/// };
/// let device = Device::flex();
/// let graph = Graph::fully_connected(2)?;
/// assert_eq!(ParticleBatch::new(two, &graph, &device)?.positions().dims(), [2, 3]);
///
/// let error = ParticleBatch::new(Particles { charges: &[], ..two }, &graph, &device);
/// assert_eq!(error.unwrap_err().to_string(), "the charges are missing: 2 particles need 2 numbers");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct ParticleBatch {
    positions: Tensor<2>,
    velocities: Tensor<2>,
    charges: Tensor<2>,
    graph: GraphTensors,
}

impl ParticleBatch {
    /// Puts particles on a device, if there are as many of everything as the graph has nodes and all are finite.
    pub fn new(
        particles: Particles<'_>,
        graph: &Graph,
        device: &Device,
    ) -> Result<Self, ModelError> {
        let nodes = graph.nodes();
        let tensor = |what, values: &[f32], width| {
            check(what, values, nodes, width)?;
            let data = TensorData::new(values.to_vec(), [nodes, width]);
            Ok::<_, ModelError>(Tensor::from_data(data, device))
        };
        Ok(Self {
            positions: tensor("positions", particles.positions, 3)?,
            velocities: tensor("velocities", particles.velocities, 3)?,
            charges: tensor("charges", particles.charges, 1)?,
            graph: GraphTensors::new(graph, device),
        })
    }

    /// Takes tensors that are on a device already. Checks their shapes, and not their values, which would wait for the
    /// device.
    ///
    /// # Shapes
    /// - positions and velocities: `[nodes, 3]`
    /// - charges: `[nodes, 1]`
    pub fn from_tensors(
        positions: Tensor<2>,
        velocities: Tensor<2>,
        charges: Tensor<2>,
        graph: GraphTensors,
    ) -> Result<Self, ModelError> {
        let nodes = graph.graph().nodes();
        for (what, found, width) in [
            ("positions", positions.dims(), 3),
            ("velocities", velocities.dims(), 3),
            ("charges", charges.dims(), 1),
        ] {
            let expected = [nodes, width];
            if found != expected {
                return Err(ModelError::ParticleShape {
                    what,
                    found,
                    expected,
                });
            }
        }
        Ok(Self {
            positions,
            velocities,
            charges,
            graph,
        })
    }

    /// Where the particles are, `[nodes, 3]`.
    pub fn positions(&self) -> Tensor<2> {
        self.positions.clone()
    }

    /// Where the particles are, seen from the mean position of the particles of their graph, `[nodes, 3]`.
    pub fn centred_positions(&self) -> Tensor<2> {
        self.graph.centre(self.positions())
    }

    /// How fast the particles are, `[nodes, 3]`.
    pub fn velocities(&self) -> Tensor<2> {
        self.velocities.clone()
    }

    /// Charges or masses, `[nodes, 1]`.
    pub fn charges(&self) -> Tensor<2> {
        self.charges.clone()
    }

    /// The same particles elsewhere, for tensors of the same shapes.
    pub(super) fn replace(&self, positions: Tensor<2>, velocities: Tensor<2>) -> Self {
        Self {
            positions,
            velocities,
            ..self.clone()
        }
    }

    /// The same particles in reverse order, graph by graph, with their edges.
    pub fn reversed(&self) -> Result<Self, ModelError> {
        let graph = self.graph.graph();
        let device = self.positions.device();
        let starts = graph.starts();
        let mut edges = graph.sources().iter().zip(graph.targets()).peekable();
        let mut graphs = Vec::with_capacity(graph.graphs());
        // Edges are sorted by their targets, so those of a graph stand together.
        for range in starts.windows(2) {
            let (first, last) = (range[0] as u32, range[1] as u32);
            let reversed = |node: u32| last - 1 - node;
            let mut own = Vec::new();
            while let Some((source, target)) = edges.next_if(|(_, target)| **target < last) {
                own.push((reversed(*source), reversed(*target)));
            }
            // As if they had been drawn anew: messages are added up in the order of the particles.
            own.sort_unstable();
            graphs.push(Graph::new((last - first) as usize, own)?);
        }
        let order: Vec<i64> = starts
            .windows(2)
            .flat_map(|range| (range[0]..range[1]).rev())
            .map(|node| node as i64)
            .collect();
        let order = Tensor::<1, Int>::from_data(order.as_slice(), &device);
        let select = |tensor: &Tensor<2>| tensor.clone().select(0, order.clone());
        Ok(Self {
            positions: select(&self.positions),
            velocities: select(&self.velocities),
            charges: select(&self.charges),
            graph: GraphTensors::new(&Graph::batch(&graphs)?, &device),
        })
    }

    /// Who hears whom.
    pub fn graph(&self) -> &GraphTensors {
        &self.graph
    }

    /// Norm of each particle's velocity, `[nodes, 1]`.
    pub fn speeds(&self) -> Tensor<2> {
        norm(self.velocities())
    }

    /// q_i q_j of each edge, `[edges, 1]`.
    pub fn charge_products(&self) -> Tensor<2> {
        self.graph.gather_targets(self.charges()) * self.graph.gather_sources(self.charges())
    }

    /// ‖x_i − x_j‖² of each edge, `[edges, 1]`.
    pub fn squared_distances(&self) -> Tensor<2> {
        squared_norm(self.graph.relative_positions(self.positions()))
    }
}

/// Sum of squares along the features, `[rows, dim]` to `[rows, 1]`.
pub(super) fn squared_norm(vectors: Tensor<2>) -> Tensor<2> {
    vectors.square().sum_dim(1)
}

/// Norm along the features, `[rows, dim]` to `[rows, 1]`, whose gradient at zero is zero.
pub(super) fn norm(vectors: Tensor<2>) -> Tensor<2> {
    // Below this the square root's derivative is cut off: 1/(2√s) has no finite value at s = 0.
    const SMALLEST: f64 = 1e-30;
    let squared = squared_norm(vectors);
    let zero = squared.clone().lower_equal_elem(SMALLEST);
    squared
        .mask_fill(zero.clone(), 1.0)
        .sqrt()
        .mask_fill(zero, 0.0)
}

fn check(what: &'static str, values: &[f32], nodes: usize, width: usize) -> Result<(), ModelError> {
    let expected = nodes * width;
    if values.len() != expected {
        return Err(ModelError::ParticleNumbers {
            what,
            found: values.len(),
            nodes,
            expected,
        });
    }
    match values.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(ModelError::NotFinite {
            what,
            value: values[index],
            particle: index / width,
        }),
        None => Ok(()),
    }
}
