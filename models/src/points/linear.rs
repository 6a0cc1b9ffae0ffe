//! Motion without forces, the baseline that every model has to beat.
//!
//! ```text
//! x_i' = x_i + t v_i
//! ```
//!
//! One parameter, the time t, learned. On charged particles it comes out below the true time, because forces bend paths.

use burn::module::Param;
use burn::prelude::*;
use gcnn_layers::Parameters;
use serde::{Deserialize, Serialize};

use super::ParticleFeature;
use super::{Dynamics, ParticleBatch};
use crate::ModelError;

/// Configuration of [`LinearDynamics`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct LinearDynamicsConfig {
    /// Where t starts.
    pub time: f64,
}

impl Default for LinearDynamicsConfig {
    fn default() -> Self {
        Self { time: 0.7 }
    }
}

impl LinearDynamicsConfig {
    /// Checks that t starts at a number.
    pub fn validate(&self) -> Result<(), ModelError> {
        if self.time.is_finite() {
            return Ok(());
        }
        Err(ModelError::OutOfRange {
            what: "time",
            value: self.time,
            range: "finite",
        })
    }

    /// What the model learns, by name and shape.
    pub fn parameters(&self) -> Parameters {
        Parameters::new().with("time", [1])
    }

    /// Builds the model.
    pub fn init(&self, device: &Device) -> Result<LinearDynamics, ModelError> {
        self.validate()?;
        Ok(LinearDynamics {
            time: Param::from_tensor(Tensor::full([1], self.time, device)),
        })
    }
}

/// Every particle keeps its velocity for a time that is learned.
#[derive(Module, Debug)]
pub struct LinearDynamics {
    /// t, `[1]`.
    pub time: Param<Tensor<1>>,
}

impl Dynamics for LinearDynamics {
    fn forward_through(
        &self,
        particles: &ParticleBatch,
        _seen: &mut dyn FnMut(ParticleFeature<'_>),
    ) -> Tensor<2> {
        particles.positions() + particles.velocities() * self.time.val().unsqueeze()
    }
}
