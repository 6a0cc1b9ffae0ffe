//! Batch normalisation of fields.
//!
//! ```text
//! out = γ (f − P μ) / √(σ² + ε) + β             P: onto the directions of a field that nothing changes; μ: the mean, β: along these
//! σ² = mean of |f − P μ|² / dim                 over the batch, the plane and the components of a field; a γ for each field
//! ```
//!
//! The mean of a field that turns is another one as soon as the input turns: only the part that stays may be taken away. What is left has
//! its mean square pooled over components, since the group mixes them, so that the layer commutes with the group in training and in
//! evaluation. In evaluation μ and σ² are running averages over the training batches.
//!
//! escnn's `IIDBatchNorm2d` takes the variance about each component's own mean, makes it unbiased, and lets no gradient through either
//! statistic: here σ² is the mean square of what is divided by it, as in ordinary batch normalisation, and gradients go through.
//! Source: Ioffe and Szegedy 2015; Weiler and Cesa 2019, appendix on normalisation.

use burn::module::{DisplaySettings, Flag, ModuleDisplay, Param, RunningState};
use burn::prelude::*;

use super::layout::{Layout, expect_fields, invariants};
use super::representation::FieldType;
use crate::finish::Finish;
use crate::mark::Mark;
use crate::norm::{check_settings, follow, scale_and_shift};
use crate::{LayerError, Parameters, expect};

const LAYER: &str = "SteerableBatchNorm2d";

/// Configuration of a [`SteerableBatchNorm2d`].
#[derive(Config, Debug)]
pub struct SteerableBatchNorm2dConfig {
    /// What is normalised.
    pub fields: FieldType,
    /// Added to the variance, against division by zero.
    #[config(default = 1e-5)]
    pub epsilon: f64,
    /// Weight of the newest batch in the running statistics.
    #[config(default = 0.1)]
    pub momentum: f64,
}

impl SteerableBatchNorm2dConfig {
    /// Checks the settings.
    pub fn validate(&self) -> Result<(), LayerError> {
        check_settings(self.epsilon, self.momentum)
    }

    /// What the layer learns, by name and shape; nothing is made for it.
    pub fn parameters(&self) -> Parameters {
        let (fields, directions) = ([self.fields.count()], [invariants(&self.fields)]);
        Parameters::new()
            .with("scale", fields)
            .with("shift", directions)
            .with("running_mean", directions)
            .with("running_variance", fields)
    }

    /// Builds the layer: scale 1, shift 0, running mean 0 and variance 1.
    ///
    /// # Panics
    /// Where [`validate`](Self::validate) returns an error.
    pub fn init(&self, device: &Device) -> SteerableBatchNorm2d {
        self.try_init(device)
            .unwrap_or_else(|error| panic!("{LAYER}: {error}"))
    }

    /// Builds the layer, or says what [`validate`](Self::validate) finds wrong.
    pub fn try_init(&self, device: &Device) -> Result<SteerableBatchNorm2d, LayerError> {
        self.validate()?;
        let (fields, directions) = ([self.fields.count()], [invariants(&self.fields)]);
        Ok(SteerableBatchNorm2d {
            scale: Param::from_tensor(Tensor::ones(fields, device)),
            shift: Param::from_tensor(Tensor::zeros(directions, device)),
            running_mean: RunningState::new(Tensor::zeros(directions, device)),
            running_variance: RunningState::new(Tensor::ones(fields, device)),
            training: Param::from_bool(true),
            layout: Layout::new(&self.fields, device),
            mark: Mark::new(&self.fields, device),
            fields: self.fields.clone(),
            epsilon: self.epsilon,
            momentum: self.momentum,
        })
    }
}

/// Normalises each field by its own statistics. It trains on a device with gradients and evaluates, by the running statistics, on any
/// other.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::field::SteerableBatchNorm2dConfig;
///
/// # #[cfg(feature = "flex")] {
/// let device = Device::flex();
/// let norm = SteerableBatchNorm2dConfig::new("C8: 2 regular + irrep(1)".parse()?).init(&device);
/// assert_eq!(norm.forward(Tensor::ones([3, 18, 7, 7], &device)).dims(), [3, 18, 7, 7]);
/// # }
/// # Ok::<(), gcnn_layers::LayerError>(())
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct SteerableBatchNorm2d {
    /// γ, `[fields]`.
    pub scale: Param<Tensor<1>>,
    /// β, one for each direction of a field that nothing changes, in the order of the fields.
    pub shift: Param<Tensor<1>>,
    pub(super) running_mean: RunningState<Tensor<1>>,
    pub(super) running_variance: RunningState<Tensor<1>>,
    /// Cleared when the layer is frozen: it then evaluates, on any device.
    training: Param<Flag>,
    pub(super) layout: Layout,
    mark: Mark,
    #[module(skip)]
    fields: FieldType,
    epsilon: f64,
    momentum: f64,
}

impl ModuleDisplay for SteerableBatchNorm2d {
    fn format(&self, _: DisplaySettings) -> String {
        format!("{0} → {0}", self.fields)
    }
}

impl SteerableBatchNorm2d {
    /// # Shapes
    /// - input: `[batch, fields, height, width]`, all channels of the fields
    /// - output: the same
    ///
    /// # Panics
    /// If the input has another number of channels, no pixels, or numbers of another type than the layer.
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        expect_fields(LAYER, &self.fields, &input);
        expect::positions(LAYER, &input);
        expect::numbers(LAYER, self.scale.val().dtype(), input.dtype());
        if !(input.device().is_autodiff() && self.training.is_enabled()) {
            let [slope, offset] = self.line();
            return scale_and_shift(input, slope, offset, Finish::Nothing);
        }
        let channels = input.dims()[1];
        let mean = self.layout.along_invariants(mean(input.clone()));
        let centred = match &mean {
            Some(mean) => {
                let mean = self.layout.of_invariants(mean.clone());
                input - mean.reshape([1, channels, 1, 1])
            }
            None => input,
        };
        let squares = self::mean(centred.clone() * centred.clone());
        let variance = self.layout.means(squares);
        let slope = self.slope(variance.clone()).reshape([1, channels, 1, 1]);
        if let Some(mean) = mean {
            follow(&self.running_mean, mean, self.momentum);
        }
        follow(&self.running_variance, variance, self.momentum);
        let shift = self.layout.of_invariants(self.shift.val());
        centred * slope + shift.reshape([1, channels, 1, 1])
    }

    /// What is normalised.
    pub fn fields(&self) -> &FieldType {
        &self.fields
    }

    /// What evaluation multiplies a channel by, and what it adds then.
    ///
    /// # Shapes
    /// - output: `[channels]` each, all channels of the fields
    pub fn line(&self) -> [Tensor<1>; 2] {
        // Copies of a layer share their running statistics, which lie where the last of them went.
        let device = self.scale.device();
        let mean = self.running_mean.value().to_device(&device);
        let variance = self.running_variance.value().to_device(&device);
        let slope = self.slope(variance);
        let mean = self.layout.of_invariants(mean);
        let shift = self.layout.of_invariants(self.shift.val());
        let offset = shift - mean * slope.clone();
        [slope, offset]
    }

    /// γ / √(σ² + ε), for every channel.
    fn slope(&self, variance: Tensor<1>) -> Tensor<1> {
        let of_fields = self.scale.val() / (variance + self.epsilon).sqrt();
        self.layout.repeated(of_fields)
    }
}

/// The mean of each channel over the batch and the plane.
pub(super) fn mean(features: Tensor<4>) -> Tensor<1> {
    let channels = features.dims()[1];
    let means = features.mean_dim(3).mean_dim(2).mean_dim(0);
    means.reshape([channels])
}
