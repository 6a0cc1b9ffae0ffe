//! Tensor field network: layers of steerable kernels, linear but for gates between them.
//!
//! ```text
//! h_i ← gate(W h_i + mean_j k(h_j))         k: steerable kernel along the edge j → i, h⁰ = (x_i − x̄, v_i) ⊕ ‖v_i‖
//! x_i' = x_i + W h_i
//! ```
//!
//! What a node hears depends on the sender, the distance and the charges, and not on what it is itself. Source: Thomas et
//! al. 2018, in the size that Fuchs et al. 2020 and Satorras, Hoogeboom & Welling 2021 used for this experiment, with gates
//! as nonlinearity.

use burn::prelude::*;
use gcnn_layers::Parameters;
use gcnn_layers::irreps::Irreps;
use gcnn_layers::steerable::{Gate, GateConfig, SphericalHarmonics, SteerableLinear};
use serde::{Deserialize, Serialize};

use super::ParticleFeature;
use super::kernel::{SelfInteraction, SteerableKernel, all_degrees, displacement_head};
use super::{Dynamics, ParticleBatch, steering};
use crate::ModelError;
use crate::error::steerable;
use crate::limits;

/// Configuration of a [`TensorFieldNetwork`]. The defaults have the published size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct TensorFieldNetworkConfig {
    /// Channels of each degree.
    pub channels: usize,
    /// The highest degree of features.
    pub degree: usize,
    /// The highest degree of the kernels' harmonics.
    pub kernel_degree: usize,
    /// Width of the network that scales kernels by distance and charges.
    pub radial_hidden: usize,
    /// Rounds of messages.
    pub layers: usize,
}

impl Default for TensorFieldNetworkConfig {
    fn default() -> Self {
        Self {
            channels: 16,
            degree: 1,
            kernel_degree: 2,
            radial_hidden: 32,
            layers: 4,
        }
    }
}

impl TensorFieldNetworkConfig {
    /// Checks that every layer's irreps connect.
    pub fn validate(&self) -> Result<(), ModelError> {
        limits::check_all(&[
            ("channels", self.channels, limits::CHANNELS),
            ("radial_hidden", self.radial_hidden, limits::CHANNELS),
            ("layers", self.layers, limits::LAYERS),
        ])?;
        limits::check_degree("degree", self.degree)?;
        limits::check_degree("kernel_degree", self.kernel_degree)?;
        let harmonics = steering::harmonics(self.kernel_degree)?;
        let hidden = all_degrees(self.channels, self.degree)?;
        for (input, output) in self.layer_irreps(&hidden)? {
            SteerableKernel::validate(&input, harmonics.irreps(), &output)?;
            SelfInteraction::validate(&input, &output)?;
        }
        displacement_head(&hidden).map(|_| ())
    }

    /// What comes into each layer, and what comes out before its gate.
    fn layer_irreps(&self, hidden: &Irreps) -> Result<Vec<(Irreps, Irreps)>, ModelError> {
        let gate = GateConfig::new(hidden.clone());
        let before_gate = gate.input().map_err(steerable("a gate"))?;
        let first = steering::feature_irreps()?;
        let inputs = std::iter::once(first).chain(std::iter::repeat_n(
            hidden.clone(),
            self.layers.saturating_sub(1),
        ));
        Ok(inputs.map(|input| (input, before_gate.clone())).collect())
    }

    /// What the model learns, by name and shape. Nothing is made for it.
    pub fn parameters(&self) -> Result<Parameters, ModelError> {
        self.validate()?;
        let harmonics = steering::harmonics(self.kernel_degree)?;
        let hidden = all_degrees(self.channels, self.degree)?;
        let head = displacement_head(&hidden)?.parameters();
        let head = head.map_err(steerable("the output"))?;
        let mut all = Parameters::new().with_module("head", head);
        for (number, (input, output)) in self.layer_irreps(&hidden)?.into_iter().enumerate() {
            let kernel = SteerableKernel::parameters(
                &input,
                harmonics.irreps(),
                &output,
                self.radial_hidden,
            )?;
            let layer = Parameters::new()
                .with_module("kernel", kernel)
                .with_module("own", SelfInteraction::parameters(&input, &output)?);
            all = all.with_module(format_args!("layers.{number}"), layer);
        }
        Ok(all)
    }

    /// Builds the model with fresh weights.
    pub fn init(&self, device: &Device) -> Result<TensorFieldNetwork, ModelError> {
        self.validate()?;
        let harmonics = steering::harmonics(self.kernel_degree)?;
        let hidden = all_degrees(self.channels, self.degree)?;
        let layers = self.layer_irreps(&hidden)?.into_iter();
        let layers = layers.map(|(input, output)| {
            Ok(TensorFieldLayer {
                kernel: SteerableKernel::new(
                    &input,
                    harmonics.irreps(),
                    &output,
                    self.radial_hidden,
                    device,
                )?,
                own: SelfInteraction::new(&input, &output, device)?,
                gate: GateConfig::new(hidden.clone()).init(),
            })
        });
        Ok(TensorFieldNetwork {
            layers: layers.collect::<Result<_, ModelError>>()?,
            head: displacement_head(&hidden)?.init(device),
            harmonics,
        })
    }
}

/// Layers of steerable kernels. See the [module's page](self).
#[derive(Module, Debug)]
pub struct TensorFieldNetwork {
    layers: Vec<TensorFieldLayer>,
    head: SteerableLinear,
    harmonics: SphericalHarmonics,
}

/// One round of messages of a [`TensorFieldNetwork`].
#[derive(Module, Debug)]
pub struct TensorFieldLayer {
    kernel: SteerableKernel,
    own: SelfInteraction,
    gate: Gate,
}

impl Dynamics for TensorFieldNetwork {
    fn forward_through(
        &self,
        particles: &ParticleBatch,
        seen: &mut dyn FnMut(ParticleFeature<'_>),
    ) -> Tensor<2> {
        let graph = particles.graph();
        let scalars = steering::edge_scalars(particles);
        let directions = steering::edge_attributes(&self.harmonics, particles);
        let directions = steering::attributes(&self.harmonics, directions);
        let start = steering::features(particles);
        let hidden = self.layers.iter().fold(start, |hidden, layer| {
            let sent = layer
                .kernel
                .forward(graph, hidden.clone(), scalars.clone(), &directions);
            let hidden = layer
                .gate
                .forward(layer.own.forward(hidden) + graph.mean_to_targets(sent));
            let irreps = layer.gate.output_irreps();
            seen(ParticleFeature::Steerable(irreps, hidden.clone()));
            hidden
        });
        particles.positions() + self.head.forward(hidden)
    }
}
