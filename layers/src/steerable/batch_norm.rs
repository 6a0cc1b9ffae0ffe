//! Batch normalisation of steerable features: statistics of all rows together.
//!
//! ```text
//! 0e       out = γ · (x − μ) / √(σ² + ε) + β              μ, σ²: mean and variance over the rows
//! others   out = γ · x / √(σ² + ε)                        σ² = mean(‖x‖² / (2l+1)) over the rows; a γ for each channel
//! ```
//!
//! In evaluation μ and σ² are running averages over the training batches. All that the statistics are made of is
//! invariant, so the layer is equivariant in training and in evaluation.
//! Source: Ioffe & Szegedy 2015; Weiler et al. 2018 (3D steerable CNNs) for irreps.

use super::instance_norm::{centre, mean_squares, scale_and_shift};
use super::layout::expect_features;
use crate::irreps::{Irrep, Irreps};
use crate::mark::Mark;
use crate::norm::{check_settings, follow};
use crate::{LayerError, Parameters, expect};
use burn::module::{DisplaySettings, Flag, ModuleDisplay, Param, RunningState};
use burn::prelude::*;

/// Configuration of a [`SteerableBatchNorm`].
#[derive(Config, Debug)]
pub struct SteerableBatchNormConfig {
    /// What is normalised.
    pub irreps: Irreps,
    /// Added to the variance, against division by zero.
    #[config(default = 1e-5)]
    pub epsilon: f64,
    /// Weight of the newest batch in the running statistics.
    #[config(default = 0.1)]
    pub momentum: f64,
}

impl SteerableBatchNormConfig {
    /// Checks the settings.
    pub fn validate(&self) -> Result<(), LayerError> {
        check_settings(self.epsilon, self.momentum)
    }

    /// What the layer learns, by name and shape; nothing is made for it.
    pub fn parameters(&self) -> Parameters {
        let channels = [self.irreps.count()];
        let scalars = [self.irreps.multiplicity(Irrep::SCALAR)];
        Parameters::new()
            .with("scale", channels)
            .with("shift", scalars)
            .with("running_mean", scalars)
            .with("running_variance", channels)
    }

    /// Builds the layer: scale 1, shift 0, running mean 0 and variance 1.
    ///
    /// # Panics
    /// Where [`validate`](Self::validate) returns an error.
    pub fn init(&self, device: &Device) -> SteerableBatchNorm {
        self.try_init(device)
            .unwrap_or_else(|error| panic!("SteerableBatchNorm: {error}"))
    }

    /// Builds the layer, or says what [`validate`](Self::validate) finds wrong.
    pub fn try_init(&self, device: &Device) -> Result<SteerableBatchNorm, LayerError> {
        self.validate()?;
        let channels = [self.irreps.count()];
        let scalars = [self.irreps.multiplicity(Irrep::SCALAR)];
        Ok(SteerableBatchNorm {
            scale: Param::from_tensor(Tensor::ones(channels, device)),
            shift: Param::from_tensor(Tensor::zeros(scalars, device)),
            running_mean: RunningState::new(Tensor::zeros(scalars, device)),
            running_variance: RunningState::new(Tensor::ones(channels, device)),
            training: Param::from_bool(true),
            mark: Mark::new(&self.irreps, device),
            irreps: self.irreps.clone(),
            epsilon: self.epsilon,
            momentum: self.momentum,
        })
    }
}

/// Normalises each channel by its statistics over all rows. It trains on a device with gradients and evaluates, by the
/// running statistics, on any other.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::steerable::SteerableBatchNormConfig;
///
/// let device = Device::flex();
/// let norm = SteerableBatchNormConfig::new("4x0e+4x1o".parse()?).init(&device);
/// assert_eq!(norm.forward(Tensor::ones([5, 16], &device)).dims(), [5, 16]);
/// # Ok::<(), gcnn_layers::LayerError>(())
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct SteerableBatchNorm {
    /// γ, `[channels]`.
    pub scale: Param<Tensor<1>>,
    /// β of the scalars, `[scalars]`.
    pub shift: Param<Tensor<1>>,
    running_mean: RunningState<Tensor<1>>,
    running_variance: RunningState<Tensor<1>>,
    /// Cleared when the layer is frozen: it then evaluates, on any device.
    training: Param<Flag>,
    mark: Mark,
    #[module(skip)]
    irreps: Irreps,
    epsilon: f64,
    momentum: f64,
}

impl ModuleDisplay for SteerableBatchNorm {
    fn format(&self, _: DisplaySettings) -> String {
        format!("{0} → {0}", self.irreps)
    }
}

impl SteerableBatchNorm {
    /// # Shapes
    /// - input: `[rows, irreps]`
    /// - output: the same
    ///
    /// # Panics
    /// If the input has another width, or numbers of another type than the layer.
    pub fn forward(&self, input: Tensor<2>) -> Tensor<2> {
        expect_features("the input of a normalisation", &self.irreps, &input);
        let own = self.scale.val().dtype();
        expect::numbers("SteerableBatchNorm", own, input.dtype());
        if input.dims()[0] == 0 || self.irreps.is_empty() {
            return input;
        }
        let (blocks, variance) = if input.device().is_autodiff() && self.training.is_enabled() {
            let mut means = Vec::new();
            let blocks = centre(&self.irreps, &input, |scalars| {
                let mean = scalars.mean_dim(0);
                means.push(mean.clone());
                mean
            });
            let variance: Tensor<2> = mean_squares(&blocks).mean_dim(0);
            if !means.is_empty() {
                follow(
                    &self.running_mean,
                    Tensor::cat(means, 1).squeeze_dim(0),
                    self.momentum,
                );
            }
            let newest = variance.clone().squeeze_dim(0);
            follow(&self.running_variance, newest, self.momentum);
            (blocks, variance)
        } else {
            // Copies of a layer share their running statistics, which lie where the last of them went.
            let device = input.device();
            let means: Tensor<2> = self.running_mean.value().to_device(&device).unsqueeze();
            let variance = self.running_variance.value().to_device(&device);
            let mut start = 0;
            let blocks = centre(&self.irreps, &input, |scalars| {
                let count = scalars.dims()[1];
                start += count;
                means.clone().narrow(1, start - count, count)
            });
            (blocks, variance.unsqueeze())
        };
        let factors = (variance + self.epsilon).sqrt().recip() * self.scale.val().unsqueeze::<2>();
        scale_and_shift(&self.irreps, blocks, factors, self.shift.val())
    }
}

#[cfg(test)]
impl SteerableBatchNorm {
    /// With running statistics that aren't those of the initialisation.
    pub(super) fn with_statistics(self, dtype: burn::tensor::DType) -> Self {
        let noise = |count, seed| {
            let device = self.scale.device();
            crate::testing::noise([count], seed, &device).cast(dtype)
        };
        let (scalars, channels) = (self.shift.dims()[0], self.scale.dims()[0]);
        Self {
            running_mean: RunningState::new(noise(scalars, 1)),
            running_variance: RunningState::new(noise(channels, 2) + 1.5),
            ..self
        }
    }
}
