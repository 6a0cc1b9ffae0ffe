//! The configuration of a [`Wavelet`](super::Wavelet), and what it means for waveforms of a given length.

use gcnn_layers::{
    DropoutUnit, FieldBatchNormConfig, FieldDropoutConfig, Group, GroupConv1dConfig,
    LiftingConv1dConfig, Parameters, ProjectionKind,
};
use serde::{Deserialize, Serialize};

use crate::images::gcnn::{InputShape, at_least, layer};
use crate::{ModelError, limits};

/// The values that make one network of the family. The defaults are for a second of speech at 8 kHz.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_models::{InputShape, WaveletConfig};
///
/// let speech = InputShape { channels: 1, height: 1, width: 4096 };
/// let device = Device::flex();
/// let network = WaveletConfig::default().init(speech, 10, &device)?;
/// assert_eq!(network.forward(Tensor::zeros([2, 1, 1, 4096], &device)).dims(), [2, 10]);
/// # Ok::<(), gcnn_models::ModelError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct WaveletConfig {
    /// H: the scales, whole numbers such as the octaves of `R6(2)`; `trivial` for an ordinary network.
    pub group: Group,
    /// Number of fields of each layer.
    pub channels: Vec<usize>,
    /// Taps of each layer's kernel along time, odd numbers.
    pub kernel_sizes: Vec<usize>,
    /// How many scales the kernels of each layer after the first see. A layer that sees r scales has r − 1 fewer than the one
    /// before: responses that would miss some of theirs are left out.
    pub ranges: Vec<usize>,
    /// Layers, counted from 1, after which the map is pooled over time.
    pub pool_after: Vec<usize>,
    /// Over how many samples, side by side, the maximum is taken there.
    pub pool: usize,
    /// Probability of dropout after the layers that are not pooled.
    pub dropout: f64,
    /// Pooling over scale in the head.
    pub projection: ProjectionKind,
    /// What the loss adds per unit of the kernels' squared means, summed over layers with more than one tap: wavelets have no
    /// mean.
    pub admissibility: f64,
}

impl Default for WaveletConfig {
    fn default() -> Self {
        Self {
            group: octaves(),
            channels: vec![16, 16, 32, 32, 48],
            kernel_sizes: vec![39, 5, 5, 5, 5],
            ranges: vec![3, 1, 3, 1],
            pool_after: vec![1, 2, 3, 4],
            pool: 4,
            dropout: 0.0,
            projection: ProjectionKind::Max,
            admissibility: 0.0,
        }
    }
}

impl WaveletConfig {
    /// Checks every count against its limit, and the network's size.
    ///
    /// # Errors
    /// Where a count is out of bounds.
    pub fn check_counts(&self) -> Result<(), ModelError> {
        let layers = [1, limits::LAYERS];
        limits::check_list("channels", &self.channels, layers, [1, limits::CHANNELS])?;
        limits::check_list("kernel_sizes", &self.kernel_sizes, layers, [1, MOST_TAPS])?;
        let ranges = [0, limits::LAYERS];
        limits::check_list("ranges", &self.ranges, ranges, [1, Group::MAX_SCALES])?;
        limits::check_all(&[("pool", self.pool, MOST_TAPS)])?;
        if self.check_lists().is_err() {
            return Ok(());
        }
        let smallest = InputShape {
            channels: 1,
            height: 1,
            width: 1,
        };
        limits::check_numbers(self.parameters(smallest, 1)?.numbers())
    }

    fn check_lists(&self) -> Result<(), ModelError> {
        let layers = self.channels.len();
        if self.kernel_sizes.len() != layers {
            return Err(ModelError::LayerCount {
                kernel_sizes: self.kernel_sizes.len(),
                channels: layers,
                rule: "each layer has a kernel",
                expected: layers,
            });
        }
        if self.ranges.len() + 1 != layers {
            return Err(ModelError::RangeCount {
                ranges: self.ranges.len(),
                channels: layers,
            });
        }
        for (index, &layer) in self.pool_after.iter().enumerate() {
            if !(1..=layers).contains(&layer) || self.pool_after[..index].contains(&layer) {
                return Err(ModelError::PoolPosition {
                    layer,
                    last: layers,
                });
            }
        }
        Ok(())
    }

    /// What the network learns, by name and shape. Nothing is made for it, and its size is not bounded.
    ///
    /// # Errors
    /// Where settings don't belong together.
    pub fn parameters(&self, input: InputShape, classes: usize) -> Result<Parameters, ModelError> {
        self.check_lists()?;
        let lifting = self.first_layer(input).parameters().map_err(layer(1))?;
        let mut all = Parameters::new().with_module("lifting", lifting);
        for (index, config) in self.layers()?.into_iter().enumerate() {
            let own = config.parameters().map_err(layer(index + 2))?;
            all = all.with_module(format_args!("convolutions.{index}"), own);
        }
        for (index, &fields) in self.channels.iter().enumerate() {
            let norm = FieldBatchNormConfig::new(fields).parameters();
            all = all.with_module(format_args!("blocks.{index}.norm"), norm);
        }
        let last = self.channels.last().copied().unwrap_or(1);
        Ok(all.with_module("linear", Parameters::linear(last, classes, true)))
    }

    /// Checks that the network can be built for such signals.
    ///
    /// # Errors
    /// Where it can't, with what would work.
    pub fn validate(&self, input: InputShape) -> Result<(), ModelError> {
        self.check_counts()?;
        self.check_lists()?;
        at_least("the number of signal channels", input.channels, 1)?;
        at_least("the length of a signal", input.width, 1)?;
        if input.height != 1 {
            return Err(ModelError::NoSignal {
                height: input.height,
                width: input.width,
            });
        }
        self.first_layer(input).validate().map_err(layer(1))?;
        for (index, config) in self.layers()?.into_iter().enumerate() {
            config.validate().map_err(layer(index + 2))?;
        }
        self.dropout_config().validate().map_err(layer(1))?;
        if !(self.admissibility >= 0.0 && self.admissibility.is_finite()) {
            return Err(layer(1)(gcnn_layers::LayerError::OutOfRange {
                what: "admissibility",
                value: self.admissibility,
                range: "0 and more",
            }));
        }
        self.lengths(input).map(|_| ())
    }

    /// The length of the map after each layer (and its pooling).
    ///
    /// # Errors
    /// Where a signal is too short.
    pub fn lengths(&self, input: InputShape) -> Result<Vec<usize>, ModelError> {
        let mut length = input.width;
        let mut lengths = Vec::with_capacity(self.channels.len());
        for layer in 1..=self.channels.len() {
            if self.pool_after.contains(&layer) {
                if length < self.pool {
                    return Err(ModelError::SignalTooShort {
                        length: input.width,
                        layer,
                        before: length,
                        pool: self.pool,
                        shortest: self.pool.saturating_pow(self.pool_after.len() as u32),
                    });
                }
                length /= self.pool;
            }
            lengths.push(length);
        }
        Ok(lengths)
    }

    /// How many samples of a signal the last layer sees at once, at the finest scale.
    ///
    /// # Errors
    /// Where lists don't belong together.
    pub fn receptive_field(&self) -> Result<usize, ModelError> {
        self.check_lists()?;
        let (mut seen, mut step) = (1usize, 1usize);
        for (index, taps) in self.kernel_sizes.iter().enumerate() {
            seen = seen.saturating_add((taps - 1).saturating_mul(step));
            if self.pool_after.contains(&(index + 1)) {
                seen = seen.saturating_add((self.pool - 1).saturating_mul(step));
                step = step.saturating_mul(self.pool);
            }
        }
        Ok(seen)
    }

    pub(super) fn first_layer(&self, input: InputShape) -> LiftingConv1dConfig {
        let channels = [input.channels, self.channels[0]];
        LiftingConv1dConfig::new(self.group.clone(), channels, self.kernel_sizes[0])
            .with_bias(false)
            .with_blur(self.group.order() > 1)
    }

    /// The group convolutions, over fewer and fewer scales.
    pub(super) fn layers(&self) -> Result<Vec<GroupConv1dConfig>, ModelError> {
        let mut group = self.group.clone();
        let mut layers = Vec::with_capacity(self.ranges.len());
        for (index, &range) in self.ranges.iter().enumerate() {
            let channels = [self.channels[index], self.channels[index + 1]];
            let taps = self.kernel_sizes[index + 1];
            let config = GroupConv1dConfig::new(group.clone(), channels, taps, range)
                .with_bias(false)
                .with_blur(self.group.order() > 1);
            config.validate().map_err(layer(index + 2))?;
            let first = group.finest(config.scales());
            group = first.map_err(|error| layer(index + 2)(error.into()))?;
            layers.push(config);
        }
        Ok(layers)
    }

    /// The scales of the last map.
    pub(super) fn last_group(&self) -> Result<Group, ModelError> {
        match self.layers()?.last() {
            Some(last) => {
                let layers = self.channels.len();
                let first = last.group.finest(last.scales());
                first.map_err(|error| layer(layers)(error.into()))
            }
            None => Ok(self.group.clone()),
        }
    }

    pub(super) fn dropout_config(&self) -> FieldDropoutConfig {
        FieldDropoutConfig::new(self.dropout).with_unit(DropoutUnit::Value)
    }
}

/// More taps than a kernel of one scale has reason to.
const MOST_TAPS: usize = 4_096;

fn octaves() -> Group {
    // Six octaves are within every bound; the fallback only keeps this function free of panics.
    Group::scales(6, 2.0).unwrap_or_else(|_| Group::trivial())
}
