//! Configurations of convolutions over time and scale.

use burn::module::Param;
use burn::prelude::*;

use super::layer::{Reading, Scales};
use super::{GroupConv1d, LiftingConv1d};
use crate::convolution::{he_normal, validate_channels, zero_bias};
use crate::error::LayerError;
use crate::group::Group;
use crate::mark::Mark;
use crate::parameters::Parameters;

/// Configuration of a [`LiftingConv1d`].
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::{Group, LiftingConv1dConfig};
///
/// # #[cfg(feature = "flex")] {
/// let device = Device::flex();
/// let config = LiftingConv1dConfig::new(Group::scales(5, 2.0)?, [1, 8], 9);
/// config.validate()?;
/// let lifting = config.init(&device);
/// let waveform = Tensor::<4>::ones([2, 1, 1, 100], &device);
/// assert_eq!(lifting.forward(waveform).dims(), [2, 8, 5, 1, 100]);
/// # }
/// # Ok::<(), gcnn_layers::LayerError>(())
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct LiftingConv1dConfig {
    /// The scales of the responses: whole numbers, such as `R5(2)`.
    pub group: Group,
    /// The number of input fields and of output fields.
    pub channels: [usize; 2],
    /// Taps of the kernel, an odd number.
    pub kernel_size: usize,
    /// Samples between outputs.
    #[config(default = "1")]
    pub stride: usize,
    /// Whether each output field has a bias.
    #[config(default = "true")]
    pub bias: bool,
    /// Whether the input is smoothed to what each scale resolves. A network that sees one scale has no need of it.
    #[config(default = "true")]
    pub blur: bool,
}

/// Configuration of a [`GroupConv1d`].
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::{Group, GroupConv1dConfig};
///
/// # #[cfg(feature = "flex")] {
/// let device = Device::flex();
/// // Each of three scales sees itself and the two next coarser ones.
/// let config = GroupConv1dConfig::new("R5(2)".parse()?, [4, 6], 3, 3);
/// config.validate()?;
/// let conv = config.init(&device);
/// let map = Tensor::<5>::ones([2, 4, 5, 1, 100], &device);
/// assert_eq!(conv.forward(map).dims(), [2, 6, 3, 1, 100]);
/// # }
/// # Ok::<(), gcnn_layers::LayerError>(())
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct GroupConv1dConfig {
    /// The scales of the input: whole numbers, such as `R5(2)`.
    pub group: Group,
    /// The number of input fields and of output fields.
    pub channels: [usize; 2],
    /// Taps of the kernel along time, an odd number.
    pub kernel_size: usize,
    /// How many scales a kernel sees, from the response's own to coarser ones.
    pub range: usize,
    /// Whether responses that would miss some of these scales are left out. Otherwise what lies beyond counts as zero.
    #[config(default = "true")]
    pub crop: bool,
    /// Samples between outputs.
    #[config(default = "1")]
    pub stride: usize,
    /// Whether each output field has a bias.
    #[config(default = "true")]
    pub bias: bool,
    /// Whether the input is smoothed to what each scale resolves. A network that sees one scale has no need of it.
    #[config(default = "true")]
    pub blur: bool,
}

fn validate(
    group: &Group,
    channels: [usize; 2],
    kernel_size: usize,
    stride: usize,
) -> Result<(), LayerError> {
    validate_channels(channels)?;
    for (value, what) in [(kernel_size, "kernel_size"), (stride, "stride")] {
        if value == 0 {
            return Err(LayerError::Zero { what });
        }
    }
    if kernel_size.is_multiple_of(2) {
        return Err(LayerError::EvenUnderScale {
            kernel_size: [1, kernel_size].into(),
            group: group.name().into(),
        });
    }
    match Scales::of(group) {
        Some(_) => Ok(()),
        None => Err(LayerError::WholeScales {
            group: group.name().into(),
        }),
    }
}

fn of_weight(shape: [usize; 4], bias: bool) -> Parameters {
    let parameters = Parameters::new().with("weight", shape);
    match bias {
        true => parameters.with("bias", [shape[0]]),
        false => parameters,
    }
}

impl LiftingConv1dConfig {
    /// Checks that the layer is consistent, and says what would work where it is not.
    pub fn validate(&self) -> Result<(), LayerError> {
        validate(&self.group, self.channels, self.kernel_size, self.stride)
    }

    /// What the layer learns, by name and shape; no tensor is made for it.
    pub fn parameters(&self) -> Result<Parameters, LayerError> {
        self.validate()?;
        Ok(of_weight(self.shape(), self.bias))
    }

    fn shape(&self) -> [usize; 4] {
        let [c_in, c_out] = self.channels;
        [c_out, c_in, 1, self.kernel_size]
    }

    /// Builds the layer.
    ///
    /// # Panics
    /// Where [`validate`](Self::validate) returns an error.
    pub fn init(&self, device: &Device) -> LiftingConv1d {
        self.try_init(device)
            .unwrap_or_else(|error| panic!("LiftingConv1d: {error}"))
    }

    /// Builds the layer, or says what [`validate`](Self::validate) finds wrong.
    pub fn try_init(&self, device: &Device) -> Result<LiftingConv1d, LayerError> {
        self.validate()?;
        let scales = Scales::of(&self.group).unwrap_or_default();
        Ok(LiftingConv1d {
            weight: weight(self.shape(), device),
            bias: self.bias.then(|| zero_bias(self.channels[1], device)),
            mark: Mark::new(format!("waveforms over {}", self.group), device),
            scales,
            reading: Reading {
                blur: self.blur,
                stride: self.stride,
            },
            group: self.group.clone(),
        })
    }
}

impl GroupConv1dConfig {
    /// Checks that the layer is consistent, and says what would work where it is not.
    pub fn validate(&self) -> Result<(), LayerError> {
        validate(&self.group, self.channels, self.kernel_size, self.stride)?;
        let scales = self.group.order();
        match self.range {
            0 => Err(LayerError::Zero { what: "the range" }),
            range if range > scales => Err(LayerError::RangeTooLong {
                range,
                scales,
                group: self.group.name().into(),
            }),
            _ => Ok(()),
        }
    }

    /// What the layer learns, by name and shape; no tensor is made for it.
    pub fn parameters(&self) -> Result<Parameters, LayerError> {
        self.validate()?;
        Ok(of_weight(self.shape(), self.bias))
    }

    /// How many scales the responses have.
    pub fn scales(&self) -> usize {
        match self.crop {
            true => (self.group.order() + 1).saturating_sub(self.range),
            false => self.group.order(),
        }
    }

    fn shape(&self) -> [usize; 4] {
        let [c_in, c_out] = self.channels;
        [c_out, c_in, self.range, self.kernel_size]
    }

    /// Builds the layer.
    ///
    /// # Panics
    /// Where [`validate`](Self::validate) returns an error.
    pub fn init(&self, device: &Device) -> GroupConv1d {
        self.try_init(device)
            .unwrap_or_else(|error| panic!("GroupConv1d: {error}"))
    }

    /// Builds the layer, or says what [`validate`](Self::validate) finds wrong.
    pub fn try_init(&self, device: &Device) -> Result<GroupConv1d, LayerError> {
        self.validate()?;
        let scales = Scales::of(&self.group).unwrap_or_default();
        let mark = format!("waveforms over {}, {} scales seen", self.group, self.range);
        Ok(GroupConv1d {
            weight: weight(self.shape(), device),
            bias: self.bias.then(|| zero_bias(self.channels[1], device)),
            mark: Mark::new(mark, device),
            out: self.scales(),
            scales,
            reading: Reading {
                blur: self.blur,
                stride: self.stride,
            },
            group: self.group.clone(),
        })
    }
}

impl LiftingConv1d {
    /// What it is made of, but for its weights.
    pub fn config(&self) -> LiftingConv1dConfig {
        let [c_out, c_in, _, taps] = self.weight.dims();
        LiftingConv1dConfig::new(self.group.clone(), [c_in, c_out], taps)
            .with_stride(self.reading.stride)
            .with_bias(self.bias.is_some())
            .with_blur(self.reading.blur)
    }
}

impl GroupConv1d {
    /// What it is made of, but for its weights.
    pub fn config(&self) -> GroupConv1dConfig {
        let [c_out, c_in, range, taps] = self.weight.dims();
        GroupConv1dConfig::new(self.group.clone(), [c_in, c_out], taps, range)
            .with_stride(self.reading.stride)
            .with_bias(self.bias.is_some())
            .with_blur(self.reading.blur)
            .with_crop(self.out < self.scales.0.len())
    }
}

fn weight(shape: [usize; 4], device: &Device) -> Param<Tensor<4>> {
    he_normal(shape, (shape[2] * shape[3]) as f64, device)
}
