//! The network, on any irreps.

use burn::prelude::*;
use gcnn_layers::irreps::{Block, Irrep, Irreps};
use gcnn_layers::steerable::{
    Attributes, Gate, GateConfig, GatheredInput, SteerableLinear, SteerableLinearConfig,
    SteerableMlp, SteerableMlpConfig, TensorProduct, TensorProductConfig,
};
use gcnn_layers::{GraphTensors, Parameters};

use crate::ModelError;
use crate::error::steerable;
use crate::points::ParticleFeature;
use crate::points::normalisation::{FeatureNorm, SteerableNormalisation};

/// What a [`Segnn`] puts out.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum SegnnOutput {
    /// Features of each node.
    Nodes,
    /// Features of each graph, from the sum over its nodes: for what grows with the graph.
    GraphSum,
    /// Features of each graph, from the mean over its nodes.
    GraphMean,
}

/// Configuration of a [`Segnn`].
#[derive(Config, Debug)]
pub struct SegnnConfig {
    /// Features that nodes come with.
    pub input: Irreps,
    /// Attributes of nodes and of edges.
    pub attributes: Irreps,
    /// Features of nodes between layers, and of messages.
    pub hidden: Irreps,
    /// What comes out.
    pub output: Irreps,
    /// Rounds of messages.
    #[config(default = 4)]
    pub layers: usize,
    /// Number of scalars that edges add to messages, such as the distance.
    #[config(default = 0)]
    pub message_scalars: usize,
    /// What node features are normalised by after each round.
    #[config(default = "SteerableNormalisation::None")]
    pub normalisation: SteerableNormalisation,
    /// Whether nodes or graphs get the output.
    #[config(default = "SegnnOutput::Nodes")]
    pub task: SegnnOutput,
}

impl SegnnConfig {
    fn scalars(&self) -> Result<Irreps, ModelError> {
        let scalars = Block {
            multiplicity: self.message_scalars,
            irrep: Irrep::SCALAR,
        };
        Irreps::new([scalars]).map_err(|e| steerable("the message scalars")(e.into()))
    }

    fn pooled(&self) -> bool {
        self.task != SegnnOutput::Nodes
    }

    fn embedding(&self) -> Result<TensorProductConfig, ModelError> {
        let (input, hidden) = (self.input.clone(), self.hidden.clone());
        let embedding = TensorProductConfig::new(input, self.attributes.clone(), hidden);
        embedding.validate().map_err(steerable("the embedding"))?;
        Ok(embedding)
    }

    fn perceptron(
        &self,
        part: &'static str,
        inputs: &[&Irreps],
        output: &Irreps,
    ) -> Result<SteerableMlpConfig, ModelError> {
        let blocks = inputs.iter().flat_map(|input| input.blocks()).copied();
        let input = Irreps::new(blocks).map_err(|error| steerable(part)(error.into()))?;
        let (attributes, hidden) = (self.attributes.clone(), self.hidden.clone());
        let perceptron = SteerableMlpConfig::new(input, attributes, hidden, output.clone());
        perceptron.validate().map_err(steerable(part))?;
        Ok(perceptron)
    }

    fn message(&self) -> Result<SteerableMlpConfig, ModelError> {
        let inputs = [&self.hidden, &self.hidden, &self.scalars()?];
        let message = self.perceptron("the message network", &inputs, &self.hidden)?;
        Ok(message.with_gated_output(true))
    }

    fn update(&self) -> Result<SteerableMlpConfig, ModelError> {
        let inputs = [&self.hidden, &self.hidden];
        self.perceptron("the update network", &inputs, &self.hidden)
    }

    fn head(&self) -> Result<SteerableMlpConfig, ModelError> {
        let output = if self.pooled() {
            &self.hidden
        } else {
            &self.output
        };
        self.perceptron("the output network", &[&self.hidden], output)
    }

    fn after_pool(
        &self,
    ) -> Result<Option<(SteerableLinearConfig, GateConfig, SteerableLinearConfig)>, ModelError>
    {
        if !self.pooled() {
            return Ok(None);
        }
        let named = || steerable("the network after pooling");
        let gate = GateConfig::new(self.hidden.clone());
        let first = SteerableLinearConfig::new(self.hidden.clone(), gate.input().map_err(named())?);
        first.validate().map_err(named())?;
        let last = SteerableLinearConfig::new(self.hidden.clone(), self.output.clone());
        last.validate().map_err(named())?;
        Ok(Some((first, gate, last)))
    }

    /// Checks that every part's irreps connect.
    pub fn validate(&self) -> Result<(), ModelError> {
        self.embedding()?;
        self.message()?;
        self.update()?;
        self.head()?;
        self.after_pool()?;
        Ok(())
    }

    /// What the network learns, by name and shape. Nothing is made for it.
    pub fn parameters(&self) -> Result<Parameters, ModelError> {
        self.validate()?;
        let embedding = self.embedding()?.parameters();
        let (message, update) = (self.message()?.parameters(), self.update()?.parameters());
        let layer = Parameters::new()
            .with_module(
                "message",
                message.map_err(steerable("the message network"))?,
            )
            .with_module("update", update.map_err(steerable("the update network"))?)
            .with_module("norm", self.normalisation.parameters(&self.hidden));
        let head = self.head()?.parameters();
        let mut all = Parameters::new()
            .with_module("embedding", embedding.map_err(steerable("the embedding"))?)
            .with_module("head", head.map_err(steerable("the output network"))?);
        if let Some((first, _, last)) = self.after_pool()? {
            for (field, layer) in [("after_pool.first", first), ("after_pool.last", last)] {
                let own = layer.parameters();
                let own = own.map_err(steerable("the network after pooling"))?;
                all = all.with_module(field, own);
            }
        }
        Ok(all.with_list("layers", self.layers, &layer))
    }

    /// Builds the network with fresh weights.
    pub fn init(&self, device: &Device) -> Result<Segnn, ModelError> {
        self.validate()?;
        let (message, update, scalars) = (self.message()?, self.update()?, self.scalars()?);
        let layers = (0..self.layers).map(|_| SegnnLayer {
            message: message.init(device),
            update: update.init(device),
            norm: self.normalisation.init(&self.hidden, device),
            hidden: self.hidden.clone(),
            scalars: scalars.clone(),
        });
        Ok(Segnn {
            embedding: self.embedding()?.init(device),
            layers: layers.collect(),
            head: self.head()?.init(device),
            after_pool: self
                .after_pool()?
                .map(|(first, gate, last)| SegnnGraphHead {
                    first: first.init(device),
                    gate: gate.init(),
                    last: last.init(device),
                }),
            task: self.task,
        })
    }
}

/// What steers a [`Segnn`]: a graph, the attributes of its edges and nodes, and what else its edges say.
#[derive(Debug, Clone)]
pub struct SteerableGraph<'a> {
    /// Who hears whom.
    pub graph: &'a GraphTensors,
    /// a_ij, a row for each edge.
    pub edge_attributes: Attributes,
    /// a_i, a row for each node.
    pub node_attributes: Attributes,
    /// s_ij, `[edges, message scalars]`, where the network takes any.
    pub message_scalars: Option<Tensor<2>>,
}

/// Steerable graph network on any irreps.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::irreps::Irreps;
/// use gcnn_layers::steerable::{Attributes, SphericalHarmonicsConfig};
/// use gcnn_layers::{Graph, GraphTensors};
/// use gcnn_models::points::{SegnnConfig, SteerableGraph};
///
/// let device = Device::flex();
/// let points = Tensor::<2>::from_floats([[0., 0., 0.], [1., 0., 0.], [0., 2., 0.]], &device);
/// let graph = GraphTensors::new(&Graph::fully_connected(3)?, &device);
///
/// // Edges are steered by their directions, nodes by the mean over their edges.
/// let harmonics = SphericalHarmonicsConfig::new(1).init();
/// let directions = harmonics.forward(graph.relative_positions(points));
/// let steering = SteerableGraph {
///     graph: &graph,
///     node_attributes: Attributes::new(harmonics.irreps(), graph.mean_to_targets(directions.clone()))?,
///     edge_attributes: Attributes::new(harmonics.irreps(), directions)?,
///     message_scalars: None,
/// };
///
/// // A scalar for each node comes in, a scalar and a vector go out.
/// let (input, hidden): (Irreps, Irreps) = ("1x0e".parse()?, "8x0e+8x1o".parse()?);
/// let network = SegnnConfig::new(input, harmonics.irreps().clone(), hidden, "1x0e+1x1o".parse()?)
///     .with_layers(2)
///     .init(&device)?;
/// assert_eq!(network.forward(Tensor::ones([3, 1], &device), &steering)?.dims(), [3, 4]);
///
/// // What cannot work is refused with a reason: no product of scalars is a vector.
/// let scalars: Irreps = "1x0e".parse()?;
/// let error = SegnnConfig::new(scalars.clone(), scalars.clone(), scalars, "1x1o".parse()?).init(&device);
/// assert!(error.unwrap_err().to_string().starts_with("the output network: "));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Module, Debug)]
pub struct Segnn {
    /// Makes hidden features of what nodes come with.
    pub embedding: TensorProduct,
    /// Rounds of messages.
    pub layers: Vec<SegnnLayer>,
    /// Makes the output of hidden features, or what is pooled.
    pub head: SteerableMlp,
    /// What follows pooling, where graphs get the output.
    pub after_pool: Option<SegnnGraphHead>,
    #[module(skip)]
    task: SegnnOutput,
}

/// One round of messages of a [`Segnn`].
#[derive(Module, Debug)]
pub struct SegnnLayer {
    /// Makes messages.
    pub message: SteerableMlp,
    /// What messages change of a node.
    pub update: SteerableMlp,
    norm: FeatureNorm,
    #[module(skip)]
    hidden: Irreps,
    #[module(skip)]
    scalars: Irreps,
}

/// The network after pooling of a [`Segnn`] with one output a graph.
#[derive(Module, Debug)]
pub struct SegnnGraphHead {
    first: SteerableLinear,
    gate: Gate,
    last: SteerableLinear,
}

impl Segnn {
    /// # Shapes
    /// - features: `[nodes, input]`
    /// - output: `[nodes, output]`, or `[graphs, output]` where graphs get the output
    ///
    /// Features, attributes and scalars that don't fit the network or the graph are refused.
    pub fn forward(
        &self,
        features: Tensor<2>,
        steering: &SteerableGraph<'_>,
    ) -> Result<Tensor<2>, ModelError> {
        self.check(&features, steering)?;
        Ok(self.run(features, steering, &mut |_| ()))
    }

    /// [`forward`](Self::forward) of what is known to fit; `seen` hears of the features after each round.
    pub(in crate::points) fn run(
        &self,
        features: Tensor<2>,
        steering: &SteerableGraph<'_>,
        seen: &mut dyn FnMut(ParticleFeature<'_>),
    ) -> Tensor<2> {
        let nodes = &steering.node_attributes;
        let embedded = self.embedding.forward(features, nodes);
        let hidden = self.layers.iter().fold(embedded, |hidden, layer| {
            let hidden = layer.forward(hidden, steering);
            seen(ParticleFeature::Steerable(&layer.hidden, hidden.clone()));
            hidden
        });
        let output = self.head.forward(hidden, nodes);
        let pooled = match self.task {
            SegnnOutput::Nodes => output,
            SegnnOutput::GraphSum => steering.graph.sum_to_graphs(output),
            SegnnOutput::GraphMean => steering.graph.mean_to_graphs(output),
        };
        match &self.after_pool {
            Some(head) => head
                .last
                .forward(head.gate.forward(head.first.forward(pooled))),
            None => pooled,
        }
    }

    fn check(&self, features: &Tensor<2>, steering: &SteerableGraph<'_>) -> Result<(), ModelError> {
        let expected = self.embedding.attribute_irreps();
        let scalars = self.layers.first().map_or(0, |layer| layer.scalars.dim());
        let graph = steering.graph.graph();
        let (nodes, edges) = (graph.nodes(), graph.edges());
        for (what, attributes) in [
            ("the edge attributes", &steering.edge_attributes),
            ("the node attributes", &steering.node_attributes),
        ] {
            if attributes.irreps() != expected {
                return Err(ModelError::Irreps {
                    what,
                    found: attributes.irreps().clone(),
                    expected: expected.clone(),
                });
            }
        }
        let given = match &steering.message_scalars {
            Some(tensor) => tensor.dims(),
            None => [edges, 0],
        };
        let input = self.embedding.input_irreps().dim();
        for (what, found, expected) in [
            ("features", features.dims(), [nodes, input]),
            ("message scalars", given, [edges, scalars]),
            (
                "edge attributes",
                steering.edge_attributes.tensor().dims(),
                [edges, expected.dim()],
            ),
            (
                "node attributes",
                steering.node_attributes.tensor().dims(),
                [nodes, expected.dim()],
            ),
        ] {
            if found != expected {
                return Err(ModelError::GraphShape {
                    what,
                    found,
                    expected,
                    nodes,
                    edges,
                });
            }
        }
        Ok(())
    }
}

impl SegnnLayer {
    fn forward(&self, hidden: Tensor<2>, steering: &SteerableGraph<'_>) -> Tensor<2> {
        let graph = steering.graph;
        let mut inputs = vec![
            GatheredInput::targets(graph, &self.hidden, hidden.clone()),
            GatheredInput::sources(graph, &self.hidden, hidden.clone()),
        ];
        if let Some(scalars) = &steering.message_scalars {
            inputs.push(GatheredInput::edges(&self.scalars, scalars.clone()));
        }
        let messages = self
            .message
            .forward_gathered(&inputs, &steering.edge_attributes);
        let heard = Tensor::cat(vec![hidden.clone(), graph.sum_to_targets(messages)], 1);
        let change = self.update.forward(heard, &steering.node_attributes);
        self.norm.forward(hidden + change, graph)
    }
}
