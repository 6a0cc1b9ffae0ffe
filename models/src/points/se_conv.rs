//! Steerable group convolution on particles, linear or non-linear: what lies between a tensor field network and a SEGNN.
//!
//! ```text
//! linear        m_ij = k(h_j)                                        steerable kernel along the edge
//! non-linear    m_ij = gate(TP(gate(TP(h_i ⊕ h_j ⊕ s_ij | a_ij)) | a_ij))
//! both          h_i ← gate(norm(W h_i + mean_j m_ij)),   x_i' = x_i + W gate(W h_i)
//! ```
//!
//! The linear one is the group convolution of the theory, Σ_j k(x_j − x_i) h_j; the other replaces the kernel by a network
//! of both ends, and keeps everything else, so that the difference between them is what non-linear messages gain.
//! Nodes have no attributes. Source: Brandstetter et al. 2022, section 3 and the N-body experiment (`SE_linear` with 80
//! features, `SE_non-linear` with 64, instance normalisation).

use burn::prelude::*;
use gcnn_layers::Parameters;
use gcnn_layers::irreps::{Block, Irrep, Irreps};
use gcnn_layers::steerable::{
    Attributes, Gate, GateConfig, GatheredInput, SphericalHarmonics, SteerableLinear,
    SteerableLinearConfig, SteerableMlp, SteerableMlpConfig,
};
use serde::{Deserialize, Serialize};

use super::ParticleFeature;
use super::kernel::{SelfInteraction, SteerableKernel, displacement_head};
use super::normalisation::{FeatureNorm, SteerableNormalisation};
use super::segnn::scalars_and_vectors;
use super::{Dynamics, ParticleBatch, steering};
use crate::ModelError;
use crate::error::steerable;
use crate::limits;

/// What a neighbour's message is. Written `linear` and `non-linear` in files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SeConvMessage {
    /// A linear map of the sender.
    Linear,
    /// A network of both ends.
    NonLinear,
}

/// Configuration of a [`SeConv`]. The defaults are the published non-linear model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct SeConvConfig {
    /// What a neighbour's message is.
    pub message: SeConvMessage,
    /// Features of a node between layers.
    pub hidden: Irreps,
    /// Rounds of messages.
    pub layers: usize,
    /// The highest degree of the harmonics that steer.
    pub attribute_degree: usize,
    /// Width of the network that scales linear kernels by distance and charges.
    pub radial_hidden: usize,
    /// What features are normalised by before the gate.
    pub normalisation: SteerableNormalisation,
}

impl Default for SeConvConfig {
    fn default() -> Self {
        Self::non_linear()
    }
}

impl SeConvConfig {
    /// The published linear model, 40 scalars and 40 vectors.
    pub fn linear() -> Self {
        Self {
            message: SeConvMessage::Linear,
            hidden: scalars_and_vectors(40),
            ..Self::non_linear()
        }
    }

    /// The published non-linear model, 32 scalars and 32 vectors.
    pub fn non_linear() -> Self {
        Self {
            message: SeConvMessage::NonLinear,
            hidden: scalars_and_vectors(32),
            layers: 4,
            attribute_degree: 1,
            radial_hidden: 32,
            normalisation: SteerableNormalisation::Instance,
        }
    }

    fn gate(&self) -> Result<(GateConfig, Irreps), ModelError> {
        let gate = GateConfig::new(self.hidden.clone());
        let input = gate.input().map_err(steerable("a gate"))?;
        Ok((gate, input))
    }

    fn scalars() -> Result<Irreps, ModelError> {
        let scalars = Irreps::repeat(steering::EDGE_SCALARS, Irrep::SCALAR);
        scalars.map_err(|error| steerable("the message scalars")(error.into()))
    }

    fn inputs(&self) -> Result<Vec<Irreps>, ModelError> {
        let first = steering::feature_irreps()?;
        let rest = std::iter::repeat_n(self.hidden.clone(), self.layers.saturating_sub(1));
        Ok(std::iter::once(first).chain(rest).collect())
    }

    fn network(
        &self,
        input: &Irreps,
        attributes: &Irreps,
        output: &Irreps,
    ) -> Result<SteerableMlpConfig, ModelError> {
        let scalars = Self::scalars()?;
        let blocks: Vec<Block> = [input, input, &scalars]
            .iter()
            .flat_map(|irreps| irreps.blocks())
            .copied()
            .collect();
        let joined = Irreps::new(blocks).map_err(|e| steerable("a message")(e.into()))?;
        let network = SteerableMlpConfig::new(
            joined,
            attributes.clone(),
            self.hidden.clone(),
            output.clone(),
        )
        .with_gated_output(true);
        network.validate().map_err(steerable("a message"))?;
        Ok(network)
    }

    fn first_of_head(&self) -> Result<SteerableLinearConfig, ModelError> {
        let (_, before_gate) = self.gate()?;
        let first = SteerableLinearConfig::new(self.hidden.clone(), before_gate);
        first.validate().map_err(steerable("the output"))?;
        Ok(first)
    }

    /// Checks that every layer's irreps connect.
    pub fn validate(&self) -> Result<(), ModelError> {
        limits::check_all(&[
            ("radial_hidden", self.radial_hidden, limits::CHANNELS),
            ("layers", self.layers, limits::LAYERS),
        ])?;
        limits::check_degree("attribute_degree", self.attribute_degree)?;
        limits::check_irreps("hidden", &self.hidden)?;
        let harmonics = steering::harmonics(self.attribute_degree)?;
        let (_, before_gate) = self.gate()?;
        for input in self.inputs()? {
            match self.message {
                SeConvMessage::Linear => {
                    SteerableKernel::validate(&input, harmonics.irreps(), &before_gate)?;
                }
                SeConvMessage::NonLinear => {
                    self.network(&input, harmonics.irreps(), &before_gate)?;
                }
            }
            SelfInteraction::validate(&input, &before_gate)?;
        }
        self.first_of_head()?;
        displacement_head(&self.hidden).map(|_| ())
    }

    /// What the model learns, by name and shape. Nothing is made for it.
    pub fn parameters(&self) -> Result<Parameters, ModelError> {
        self.validate()?;
        let harmonics = steering::harmonics(self.attribute_degree)?;
        let attributes = harmonics.irreps();
        let (_, before_gate) = self.gate()?;
        let (first, last) = (
            self.first_of_head()?.parameters(),
            displacement_head(&self.hidden)?.parameters(),
        );
        let mut all = Parameters::new()
            .with_module("first", first.map_err(steerable("the output"))?)
            .with_module("last", last.map_err(steerable("the output"))?);
        for (number, input) in self.inputs()?.into_iter().enumerate() {
            let (field, message) = match self.message {
                SeConvMessage::Linear => {
                    let hidden = self.radial_hidden;
                    let kernel =
                        SteerableKernel::parameters(&input, attributes, &before_gate, hidden)?;
                    ("message.Linear", kernel)
                }
                SeConvMessage::NonLinear => {
                    let network = self.network(&input, attributes, &before_gate)?.parameters();
                    let network = network.map_err(steerable("a message"))?;
                    ("message.NonLinear", network)
                }
            };
            let layer = Parameters::new()
                .with_module(field, message)
                .with_module("own", SelfInteraction::parameters(&input, &before_gate)?)
                .with_module("norm", self.normalisation.parameters(&before_gate));
            all = all.with_module(format_args!("layers.{number}"), layer);
        }
        Ok(all)
    }

    /// Builds the model with fresh weights.
    pub fn init(&self, device: &Device) -> Result<SeConv, ModelError> {
        self.validate()?;
        let harmonics = steering::harmonics(self.attribute_degree)?;
        let attributes = harmonics.irreps();
        let (gate, before_gate) = self.gate()?;
        let layers = self.inputs()?.into_iter().map(|input| {
            let message = match self.message {
                SeConvMessage::Linear => Message::Linear(SteerableKernel::new(
                    &input,
                    attributes,
                    &before_gate,
                    self.radial_hidden,
                    device,
                )?),
                SeConvMessage::NonLinear => {
                    Message::NonLinear(self.network(&input, attributes, &before_gate)?.init(device))
                }
            };
            Ok(SeConvLayer {
                message,
                own: SelfInteraction::new(&input, &before_gate, device)?,
                norm: self.normalisation.init(&before_gate, device),
                gate: gate.init(),
                scalars: Self::scalars()?,
                input,
            })
        });
        Ok(SeConv {
            layers: layers.collect::<Result<_, ModelError>>()?,
            first: self.first_of_head()?.init(device),
            gate: gate.init(),
            last: displacement_head(&self.hidden)?.init(device),
            harmonics: harmonics.clone(),
        })
    }
}

/// Steerable group convolution on particles. See the [module's page](self).
#[derive(Module, Debug)]
pub struct SeConv {
    layers: Vec<SeConvLayer>,
    first: SteerableLinear,
    gate: Gate,
    last: SteerableLinear,
    harmonics: SphericalHarmonics,
}

/// One round of messages of a [`SeConv`].
#[derive(Module, Debug)]
pub struct SeConvLayer {
    message: Message,
    own: SelfInteraction,
    norm: FeatureNorm,
    gate: Gate,
    #[module(skip)]
    input: Irreps,
    #[module(skip)]
    scalars: Irreps,
}

/// What makes the messages of a [`SeConvLayer`].
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant)] // There are few of them, and none is moved.
pub enum Message {
    /// A steerable kernel.
    Linear(SteerableKernel),
    /// A steerable perceptron of both ends.
    NonLinear(SteerableMlp),
}

impl SeConvLayer {
    fn forward(
        &self,
        particles: &ParticleBatch,
        hidden: Tensor<2>,
        scalars: Tensor<2>,
        directions: &Attributes,
    ) -> Tensor<2> {
        let graph = particles.graph();
        let messages = match &self.message {
            Message::Linear(kernel) => kernel.forward(graph, hidden.clone(), scalars, directions),
            Message::NonLinear(network) => {
                let inputs = [
                    GatheredInput::targets(graph, &self.input, hidden.clone()),
                    GatheredInput::sources(graph, &self.input, hidden.clone()),
                    GatheredInput::edges(&self.scalars, scalars),
                ];
                network.forward_gathered(&inputs, directions)
            }
        };
        let sum = self.own.forward(hidden) + graph.mean_to_targets(messages);
        self.gate.forward(self.norm.forward(sum, graph))
    }
}

impl Dynamics for SeConv {
    fn forward_through(
        &self,
        particles: &ParticleBatch,
        seen: &mut dyn FnMut(ParticleFeature<'_>),
    ) -> Tensor<2> {
        let scalars = steering::edge_scalars(particles);
        let directions = steering::edge_attributes(&self.harmonics, particles);
        let directions = steering::attributes(&self.harmonics, directions);
        let start = steering::features(particles);
        let hidden = self.layers.iter().fold(start, |hidden, layer| {
            let hidden = layer.forward(particles, hidden, scalars.clone(), &directions);
            let irreps = layer.gate.output_irreps();
            seen(ParticleFeature::Steerable(irreps, hidden.clone()));
            hidden
        });
        let head = self.gate.forward(self.first.forward(hidden));
        particles.positions() + self.last.forward(head)
    }
}
