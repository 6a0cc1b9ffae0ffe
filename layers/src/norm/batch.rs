//! Batch normalisation of fields.
//!
//! ```text
//! out(b, c, h, x) = γ_c · (f(b, c, h, x) − μ_c) / √(σ²_c + ε) + β_c
//! ```
//!
//! with μ_c and σ²_c the mean and the (biased) variance of channel c over the batch, H and the plane. H permutes the
//! values that μ_c and σ²_c are taken over, and all of them are scaled alike, so the layer commutes with H exactly;
//! statistics per orientation would not. In evaluation μ and σ² are running averages over the training batches.
//! Source: Ioffe & Szegedy 2015; Cohen & Welling 2016, section 7.1 (one scale and bias per G-feature map).

use burn::module::{Flag, Param, RunningState};
use burn::prelude::*;
use burn::tensor::activation::relu;
use burn::tensor::module::batch_norm_train;

use super::{FieldDropout, check_settings, follow, scale_and_shift};
use crate::finish::Finish;
use crate::{LayerError, Parameters, SpatialMaxPool2d, expect};
#[cfg(feature = "flex")]
use gcnn_cpu::normalisation as fused;

/// Configuration of a [`FieldBatchNorm`].
#[derive(Config, Debug)]
pub struct FieldBatchNormConfig {
    /// Number of fields.
    pub channels: usize,
    /// Added to the variance, against division by zero.
    #[config(default = 1e-5)]
    pub epsilon: f64,
    /// Weight of the newest batch in the running statistics.
    #[config(default = 0.1)]
    pub momentum: f64,
}

impl FieldBatchNormConfig {
    /// Checks the settings.
    pub fn validate(&self) -> Result<(), LayerError> {
        if self.channels == 0 {
            return Err(LayerError::Zero {
                what: "the number of fields",
            });
        }
        check_settings(self.epsilon, self.momentum)
    }

    /// What the layer learns, by name and shape; nothing is made for it.
    pub fn parameters(&self) -> Parameters {
        let names = ["scale", "shift", "running_mean", "running_variance"];
        names.into_iter().fold(Parameters::new(), |all, name| {
            all.with(name, [self.channels])
        })
    }

    /// Builds the layer: scale 1, shift 0, running mean 0 and variance 1.
    ///
    /// # Panics
    /// Where [`validate`](Self::validate) returns an error.
    pub fn init(&self, device: &Device) -> FieldBatchNorm {
        self.try_init(device)
            .unwrap_or_else(|error| panic!("FieldBatchNorm: {error}"))
    }

    /// Builds the layer, or says what [`validate`](Self::validate) finds wrong.
    pub fn try_init(&self, device: &Device) -> Result<FieldBatchNorm, LayerError> {
        self.validate()?;
        let channels = [self.channels];
        Ok(FieldBatchNorm {
            scale: Param::from_tensor(Tensor::ones(channels, device)),
            shift: Param::from_tensor(Tensor::zeros(channels, device)),
            running_mean: RunningState::new(Tensor::zeros(channels, device)),
            running_variance: RunningState::new(Tensor::ones(channels, device)),
            training: Param::from_bool(true),
            epsilon: self.epsilon,
            momentum: self.momentum,
        })
    }
}

/// Normalises each field by its own mean and variance. It trains on a device with gradients and evaluates, by the
/// running statistics, on any other.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::FieldBatchNormConfig;
///
/// let device = Device::flex();
/// let norm = FieldBatchNormConfig::new(10).init(&device);
/// let map = Tensor::<5>::ones([2, 10, 4, 7, 7], &device);
/// assert_eq!(norm.forward(map).dims(), [2, 10, 4, 7, 7]);
/// ```
#[derive(Module, Debug)]
pub struct FieldBatchNorm {
    /// γ, `[channels]`.
    pub scale: Param<Tensor<1>>,
    /// β, `[channels]`.
    pub shift: Param<Tensor<1>>,
    running_mean: RunningState<Tensor<1>>,
    running_variance: RunningState<Tensor<1>>,
    /// Cleared when the layer is frozen: it then evaluates, on any device.
    training: Param<Flag>,
    epsilon: f64,
    momentum: f64,
}

impl FieldBatchNorm {
    /// # Shapes
    /// - input: `[batch, channels, height, width]` or `[batch, channels, group, height, width]`
    /// - output: the same
    ///
    /// # Panics
    /// If the input has another number of fields, or numbers of another type than the layer.
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        self.expect(&input);
        if !self.trains(&input) {
            return self.evaluate(input, Finish::Nothing);
        }
        #[cfg(feature = "flex")]
        if fused::supports(&input) {
            return self.normalise_batch_fused(input, fused::Activation::None);
        }
        self.normalise_batch(input)
    }

    /// Normalisation, then ReLU, then dropout if there is one: the same as the three layers one after the other, and
    /// in training on the CPU a single pass, several times faster.
    ///
    /// # Shapes
    /// - input: `[batch, channels, height, width]` or `[batch, channels, group, height, width]`
    /// - output: the same
    ///
    /// # Panics
    /// If the input has another number of fields, or numbers of another type than the layer.
    pub fn forward_relu<const D: usize>(
        &self,
        input: Tensor<D>,
        dropout: Option<&FieldDropout>,
    ) -> Tensor<D> {
        self.expect(&input);
        if !self.trains(&input) {
            let output = self.evaluate(input, Finish::Relu);
            return match dropout {
                Some(dropout) => dropout.forward(output),
                None => output,
            };
        }
        #[cfg(feature = "flex")]
        if fused::supports(&input) {
            let activation = match dropout.and_then(|dropout| dropout.mask(&input.device())) {
                Some(mask) => fused::Activation::ReluDropout(mask),
                None => fused::Activation::Relu,
            };
            return self.normalise_batch_fused(input, activation);
        }
        let output = relu(self.normalise_batch(input));
        match dropout {
            Some(dropout) => dropout.forward(output),
            None => output,
        }
    }

    /// Normalisation, then ReLU, then spatial max-pooling: the same as the three layers one after the other, and in
    /// training on the CPU, for windows of 2×2, a single pass.
    ///
    /// # Shapes
    /// - input: `[batch, channels, height, width]` or `[batch, channels, group, height, width]`
    /// - output: the same, with the pooled height and width
    ///
    /// # Panics
    /// If the input has another number of fields, or numbers of another type than the layer, or is smaller than the
    /// pool's window.
    pub fn forward_relu_pool<const D: usize>(
        &self,
        input: Tensor<D>,
        pool: &SpatialMaxPool2d,
    ) -> Tensor<D> {
        self.expect(&input);
        pool.expect(&input);
        if !self.trains(&input) && pool.halves(&input) {
            return self.evaluate(input, Finish::ReluMaxPool);
        }
        #[cfg(feature = "flex")]
        if pool.halves(&input) && fused::supports(&input) {
            return self.normalise_batch_fused(input, fused::Activation::ReluMaxPool);
        }
        pool.forward(self.forward_relu(input, None))
    }

    fn expect<const D: usize>(&self, input: &Tensor<D>) {
        expect::channels("FieldBatchNorm", self.scale.dims()[0], input);
        expect::numbers("FieldBatchNorm", self.scale.val().dtype(), input.dtype());
    }

    fn trains<const D: usize>(&self, input: &Tensor<D>) -> bool {
        input.device().is_autodiff() && self.training.is_enabled()
    }

    /// What evaluation multiplies a field by, and what it adds then.
    ///
    /// ```text
    /// slope = γ / √(σ² + ε),   offset = β − μ · slope
    /// ```
    ///
    /// # Shapes
    /// - output: `[channels]` each
    pub fn line(&self) -> [Tensor<1>; 2] {
        let scale = self.scale.val();
        // Copies of a layer share their running statistics, which lie where the last of them went.
        let device = scale.device();
        let mean = self.running_mean.value().to_device(&device);
        let variance = self.running_variance.value().to_device(&device);
        let slope = scale / (variance + self.epsilon).sqrt();
        let offset = self.shift.val() - mean * slope.clone();
        [slope, offset]
    }

    fn evaluate<const D: usize>(&self, input: Tensor<D>, finish: Finish) -> Tensor<D> {
        let [slope, offset] = self.line();
        scale_and_shift(input, slope, offset, finish)
    }

    fn normalise_batch<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        let (scale, shift) = (self.scale.val(), self.shift.val());
        let result = batch_norm_train(input, scale, shift, self.epsilon);
        follow(&self.running_mean, result.mean, self.momentum);
        follow(&self.running_variance, result.variance, self.momentum);
        result.output
    }

    #[cfg(feature = "flex")]
    fn normalise_batch_fused<const D: usize>(
        &self,
        input: Tensor<D>,
        activation: fused::Activation,
    ) -> Tensor<D> {
        let (scale, shift) = (self.scale.val(), self.shift.val());
        let (output, statistics) = fused::normalise(input, scale, shift, self.epsilon, activation);
        let row = |row| statistics.clone().slice_dim(0, row..row + 1).squeeze_dim(0);
        follow(&self.running_mean, row(0), self.momentum);
        follow(&self.running_variance, row(1), self.momentum);
        output
    }
}

#[cfg(test)]
mod tests;
