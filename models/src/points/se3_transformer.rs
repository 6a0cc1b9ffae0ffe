//! SE(3)-transformer: steerable kernels whose messages are weighed by attention.
//!
//! ```text
//! q_i = W_q h_i,   (k_ij, v_ij) = k(h_j)                        keys and values along the edge j → i
//! α_ij = softmax_j(c · tanh(⟨q_i, k_ij⟩ / (c √d)))              invariant: inner products of features that turn alike
//! h_i ← gate(W h_i + Σ_j α_ij v_ij)
//! x_i' = x_i + W h_i
//! ```
//!
//! d is the dimension of a head. Logits are kept within ±c = 20, so that the softmax needs no maximum over the neighbours
//! and works on any graph; differences of 20 decide an attention anyway. Source: Fuchs, Worrall, Fischer & Welling 2020,
//! section 3.2, with the size of their N-body experiment, kernels as in the [`TensorFieldNetwork`](super::TensorFieldNetwork), and
//! gates as nonlinearity. With irreps of O(3) it commutes with reflections too.

use burn::prelude::*;
use gcnn_layers::irreps::Irreps;
use gcnn_layers::steerable::{
    Attributes, Gate, GateConfig, SphericalHarmonics, SteerableLinear, SteerableLinearConfig,
};
use gcnn_layers::{GraphTensors, Parameters};
use serde::{Deserialize, Serialize};

use super::ParticleFeature;
use super::kernel::{
    SelfInteraction, SteerableKernel, all_degrees, channel_products, displacement_head,
    scale_channels,
};
use super::{Dynamics, ParticleBatch, steering};
use crate::ModelError;
use crate::error::steerable;
use crate::limits;

/// Configuration of an [`Se3Transformer`]. The defaults have the published size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Se3TransformerConfig {
    /// Channels of each degree.
    pub channels: usize,
    /// The highest degree of features.
    pub degree: usize,
    /// The highest degree of the kernels' harmonics.
    pub kernel_degree: usize,
    /// Attentions side by side, each over its share of the channels.
    pub heads: usize,
    /// Width of the network that scales kernels by distance and charges.
    pub radial_hidden: usize,
    /// Rounds of messages.
    pub layers: usize,
}

impl Default for Se3TransformerConfig {
    fn default() -> Self {
        Self {
            channels: 21,
            degree: 2,
            kernel_degree: 2,
            heads: 1,
            radial_hidden: 32,
            layers: 4,
        }
    }
}

impl Se3TransformerConfig {
    /// Checks that every layer's irreps connect.
    pub fn validate(&self) -> Result<(), ModelError> {
        limits::check_all(&[
            ("channels", self.channels, limits::CHANNELS),
            ("radial_hidden", self.radial_hidden, limits::CHANNELS),
            ("layers", self.layers, limits::LAYERS),
            ("heads", self.heads, limits::CHANNELS),
        ])?;
        limits::check_degree("degree", self.degree)?;
        limits::check_degree("kernel_degree", self.kernel_degree)?;
        if !self.channels.is_multiple_of(self.heads) {
            return Err(ModelError::Heads {
                channels: self.channels,
                heads: self.heads,
            });
        }
        let harmonics = steering::harmonics(self.kernel_degree)?;
        let hidden = all_degrees(self.channels, self.degree)?;
        for irreps in self.layer_irreps(&hidden)? {
            let sent = irreps.sent()?;
            SteerableKernel::validate(&irreps.input, harmonics.irreps(), &sent)?;
            SelfInteraction::validate(&irreps.input, &irreps.values)?;
            irreps.query()?;
        }
        displacement_head(&hidden).map(|_| ())
    }

    fn layer_irreps(&self, hidden: &Irreps) -> Result<Vec<AttentionIrreps>, ModelError> {
        let gate = GateConfig::new(hidden.clone());
        let values = gate.input().map_err(steerable("a gate"))?;
        let mut input = steering::feature_irreps()?;
        let mut layers = Vec::with_capacity(self.layers);
        for _ in 0..self.layers {
            layers.push(AttentionIrreps {
                // Queries are made at the node, so that they have the irreps that the node has.
                keys: hidden.filter(|irrep| input.contains(irrep)),
                values: values.clone(),
                input,
            });
            input = hidden.clone();
        }
        Ok(layers)
    }

    /// What the model learns, by name and shape. Nothing is made for it.
    pub fn parameters(&self) -> Result<Parameters, ModelError> {
        self.validate()?;
        let harmonics = steering::harmonics(self.kernel_degree)?;
        let hidden = all_degrees(self.channels, self.degree)?;
        let head = displacement_head(&hidden)?.parameters();
        let head = head.map_err(steerable("the output"))?;
        let mut all = Parameters::new().with_module("head", head);
        for (number, irreps) in self.layer_irreps(&hidden)?.into_iter().enumerate() {
            let query = irreps.query()?.parameters();
            let kernel = SteerableKernel::parameters(
                &irreps.input,
                harmonics.irreps(),
                &irreps.sent()?,
                self.radial_hidden,
            )?;
            let own = SelfInteraction::parameters(&irreps.input, &irreps.values)?;
            let layer = Parameters::new()
                .with_module("query", query.map_err(steerable("the queries"))?)
                .with_module("kernel", kernel)
                .with_module("own", own);
            all = all.with_module(format_args!("layers.{number}"), layer);
        }
        Ok(all)
    }

    /// Builds the model with fresh weights.
    pub fn init(&self, device: &Device) -> Result<Se3Transformer, ModelError> {
        self.validate()?;
        let harmonics = steering::harmonics(self.kernel_degree)?;
        let hidden = all_degrees(self.channels, self.degree)?;
        let layers = self.layer_irreps(&hidden)?.into_iter();
        let layers = layers.map(|irreps| {
            Ok(AttentionLayer {
                query: irreps.query()?.init(device),
                kernel: SteerableKernel::new(
                    &irreps.input,
                    harmonics.irreps(),
                    &irreps.sent()?,
                    self.radial_hidden,
                    device,
                )?,
                own: SelfInteraction::new(&irreps.input, &irreps.values, device)?,
                gate: GateConfig::new(hidden.clone()).init(),
                irreps,
                heads: self.heads,
            })
        });
        Ok(Se3Transformer {
            layers: layers.collect::<Result<_, ModelError>>()?,
            head: displacement_head(&hidden)?.init(device),
            harmonics,
        })
    }
}

/// What an attention layer works on.
#[derive(Debug, Clone)]
struct AttentionIrreps {
    input: Irreps,
    keys: Irreps,
    values: Irreps,
}

impl AttentionIrreps {
    /// Keys, then values: what one kernel sends along an edge.
    fn sent(&self) -> Result<Irreps, ModelError> {
        self.keys
            .direct_sum(&self.values)
            .map_err(|error| steerable("keys and values")(error.into()))
    }

    fn query(&self) -> Result<SteerableLinearConfig, ModelError> {
        let query = SteerableLinearConfig::new(self.input.clone(), self.keys.clone());
        query.validate().map_err(steerable("the queries"))?;
        Ok(query)
    }
}

/// Steerable kernels with attention. See the [module's page](self).
#[derive(Module, Debug)]
pub struct Se3Transformer {
    layers: Vec<AttentionLayer>,
    head: SteerableLinear,
    harmonics: SphericalHarmonics,
}

/// One round of messages of a [`Se3Transformer`].
#[derive(Module, Debug)]
pub struct AttentionLayer {
    query: SteerableLinear,
    kernel: SteerableKernel,
    own: SelfInteraction,
    gate: Gate,
    #[module(skip)]
    irreps: AttentionIrreps,
    heads: usize,
}

/// c of the module's formula.
const LARGEST_LOGIT: f64 = 20.0;

impl AttentionLayer {
    fn forward(
        &self,
        graph: &GraphTensors,
        hidden: Tensor<2>,
        scalars: Tensor<2>,
        directions: &Attributes,
    ) -> Tensor<2> {
        let (keys, values) = (&self.irreps.keys, &self.irreps.values);
        let sent = self
            .kernel
            .forward(graph, hidden.clone(), scalars, directions);
        let key = sent.clone().narrow(1, 0, keys.dim());
        let value = sent.narrow(1, keys.dim(), values.dim());
        let query = graph.gather_targets(self.query.forward(hidden.clone()));

        let attention = self.attention(graph, channel_products(keys, query, key));
        let heard = graph.sum_to_targets(scale_channels(values, value, attention));
        self.gate.forward(self.own.forward(hidden) + heard)
    }

    /// α for each channel of the values, `[edges, channels]`, of the products of queries and keys, `[edges, channels]`.
    fn attention(&self, graph: &GraphTensors, products: Tensor<2>) -> Tensor<2> {
        let [edges, channels] = products.dims();
        let heads = self.heads;
        let size = (self.irreps.keys.dim() / heads) as f64;
        let logits: Tensor<2> = products
            .reshape([edges, channels / heads, heads])
            .sum_dim(1)
            .squeeze_dim(1);
        let bounded = (logits / (LARGEST_LOGIT * size.sqrt())).tanh() * LARGEST_LOGIT;
        let weights = bounded.exp();
        let total = graph.gather_targets(graph.sum_to_targets(weights.clone()));
        let copies = self.irreps.values.count() / heads;
        (weights / total).repeat(&[1, copies])
    }
}

impl Dynamics for Se3Transformer {
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
            let hidden = layer.forward(particles.graph(), hidden, scalars.clone(), &directions);
            let irreps = layer.gate.output_irreps();
            seen(ParticleFeature::Steerable(irreps, hidden.clone()));
            hidden
        });
        particles.positions() + self.head.forward(hidden)
    }
}
