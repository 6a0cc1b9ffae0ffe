//! The description of a [`PlainNetwork`](super::PlainNetwork).

use gcnn_layers::{
    GlobalPoolKind, GroupConv1dConfig, LiftingConv1dConfig, Parameters, ProjectionKind,
};
use serde::{Deserialize, Serialize};

use super::Windows;
use crate::{InputShape, ModelError, limits};

/// The steps of a network of ordinary layers.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_models::PlainNetworkConfig;
///
/// let config: PlainNetworkConfig = serde_json::from_str(r#"{
///   "input": { "channels": 1, "height": 28, "width": 28 },
///   "steps": [
///     { "step": "convolution", "channels": [1, 8], "kernel_size": [3, 3], "stride": [1, 1], "padding": [0, 0],
///       "dilation": [1, 1], "bias": true },
///     { "step": "relu" },
///     { "step": "pool-group", "order": 4, "kind": "max" },
///     { "step": "pool-plane", "kind": "mean" }
/// ] }"#)?;
/// assert_eq!(config.classes()?, 2);
/// let device = Device::flex();
/// let network = config.init(&device)?;
/// assert_eq!(network.forward(Tensor::zeros([5, 1, 28, 28], &device)).dims(), [5, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlainNetworkConfig {
    /// The images that it is for.
    pub input: InputShape,
    /// What is done to the images, one after the other.
    pub steps: Vec<PlainStepConfig>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case", deny_unknown_fields)]
pub enum PlainStepConfig {
    /// Continues the map periodically at all four sides.
    Wrap {
        /// Pixels at each side.
        pixels: usize,
    },
    /// A convolution, with zeros beyond the border.
    Convolution {
        /// Channels in and out.
        channels: [usize; 2],
        /// Rows and columns of the kernel.
        kernel_size: [usize; 2],
        /// Pixels between output positions.
        stride: [usize; 2],
        /// Zeros at each end of an axis.
        padding: [usize; 2],
        /// Pixels between taps.
        dilation: [usize; 2],
        /// Groups of channels that are convolved each by itself; left out where all are together.
        #[serde(default = "one", skip_serializing_if = "is_one")]
        groups: usize,
        /// Whether each output channel has a bias.
        bias: bool,
    },
    /// A waveform seen at several scales through the same weights, each smoothed to what the scale resolves.
    LiftWaveform(LiftingConv1dConfig),
    /// The same of a map that has scales already, `channels · scales` channels.
    Waveform(GroupConv1dConfig),
    /// Multiplies each channel by a number and adds another one.
    Scale {
        /// Channels.
        channels: usize,
    },
    /// max(·, 0).
    Relu {},
    /// The maximum over windows.
    MaxPool(Windows),
    /// The mean over windows.
    AveragePool(Windows),
    /// The map less a border, and behind its channels those that other steps make of the whole map.
    Beside {
        /// Pixels at each side that are left off.
        border: usize,
        /// What is done to the whole map.
        steps: Vec<PlainStepConfig>,
    },
    /// Damps the map f, of fields over a group, by what a gate makes of it: f − α_S α_C f.
    Attention {
        /// Channels of the map.
        channels: usize,
        /// Channels between the two 1×1 convolutions of means and of maxima over the plane, which give α_C.
        hidden: usize,
        /// Neighbouring channels that are one field.
        order: usize,
        /// Channels, a multiple of `order`, that a convolution makes of means and maxima over fields; the largest of those that
        /// belong to each element gives α_S.
        responses: usize,
        /// Rows and columns of its kernel. It keeps the size of the map.
        kernel_size: [usize; 2],
        /// Pixels between its taps.
        dilation: [usize; 2],
    },
    /// Pools over each `order` neighbouring channels.
    PoolGroup {
        /// Channels that become one.
        order: usize,
        /// How.
        kind: ProjectionKind,
    },
    /// Pools over positions: a number per channel.
    PoolPlane {
        /// How.
        kind: GlobalPoolKind,
    },
    /// A linear map of the numbers after [`PoolPlane`](Self::PoolPlane).
    Linear {
        /// Numbers in and out.
        features: [usize; 2],
        /// Whether each output has a bias.
        bias: bool,
    },
}

fn one() -> usize {
    1
}

fn is_one(groups: &usize) -> bool {
    *groups == 1
}

/// `[channels, height, width]` of a map.
pub(super) type Size = [usize; 3];

/// The most numbers of a map.
const LARGEST: usize = 1 << 28;

/// Whether a map of an image takes no more memory than any network has reason to.
fn is_moderate(size: Size) -> bool {
    let product = |product: usize, n: &usize| product.checked_mul(*n);
    let numbers = size.iter().try_fold(1, product);
    numbers.is_some_and(|numbers| (1..=LARGEST).contains(&numbers))
}

impl PlainNetworkConfig {
    /// Checks that the steps fit together and end in a number per class, and says how many classes there are.
    pub fn classes(&self) -> Result<usize, ModelError> {
        let [channels, height, width] = self.input();
        if !is_moderate(self.input()) {
            return Err(ModelError::PlainStep {
                step: 0,
                reason: format!("images of {height}×{width} with {channels} channels"),
            });
        }
        match follow(&self.steps, self.input(), false)? {
            [classes, 1, 1] => Ok(classes),
            [channels, height, width] => Err(ModelError::PlainStep {
                step: self.steps.len(),
                reason: format!(
                    "the network ends in a map of {height}×{width} with {channels} channels, not in a number per class"
                ),
            }),
        }
    }

    pub(super) fn input(&self) -> Size {
        [self.input.channels, self.input.height, self.input.width]
    }

    /// What the network consists of, by name and shape. Nothing is made for it.
    pub fn parameters(&self) -> Parameters {
        parameters(&self.steps)
    }

    /// Channels, height and width of a map after some steps, which were checked.
    pub(super) fn size_of(steps: &[PlainStepConfig], size: Size) -> Result<Size, ModelError> {
        follow(steps, size, false)
    }

    /// Channels, height and width of the map after the first steps.
    pub(super) fn size_after(&self, steps: &[PlainStepConfig]) -> Result<Size, ModelError> {
        follow(steps, self.input(), false)
    }
}

fn parameters(steps: &[PlainStepConfig]) -> Parameters {
    let steps = steps.iter().enumerate();
    steps.fold(Parameters::new(), |all, (number, step)| {
        all.with_module(format_args!("steps.{number}"), step.parameters())
    })
}

/// The size of the map after the steps. A network beside its input holds no other, and the plane is pooled over once.
fn follow(steps: &[PlainStepConfig], mut size: Size, beside: bool) -> Result<Size, ModelError> {
    let mut pooled = beside;
    for (index, step) in steps.iter().enumerate() {
        let fault = |reason| ModelError::PlainStep {
            step: index + 1,
            reason,
        };
        if matches!(step, PlainStepConfig::PoolPlane { .. }) && std::mem::replace(&mut pooled, true)
        {
            return Err(fault(
                "the plane is pooled over twice or beside a map".into(),
            ));
        }
        size = step.size_after(size, beside).map_err(fault)?;
        if !is_moderate(size) {
            let [channels, height, width] = size;
            return Err(ModelError::PlainStep {
                step: index + 1,
                reason: format!("it makes a map of {height}×{width} with {channels} channels"),
            });
        }
    }
    Ok(size)
}

impl PlainStepConfig {
    /// The size of the map after this step, or why it cannot follow.
    fn size_after(&self, size: Size, beside: bool) -> Result<Size, String> {
        let [channels, height, width] = size;
        let takes = |expected: usize| match expected == channels {
            true => Ok(()),
            false => Err(format!(
                "it takes {expected} channels, there are {channels}"
            )),
        };
        match self {
            Self::Wrap { pixels } => {
                if *pixels > height.min(width) {
                    return Err(format!(
                        "it continues by {pixels} pixels an image of {height}×{width}"
                    ));
                }
                Ok([channels, height + 2 * pixels, width + 2 * pixels])
            }
            Self::Convolution {
                channels: [from, to],
                kernel_size,
                stride,
                padding,
                dilation,
                groups,
                ..
            } => {
                takes(*from)?;
                if *groups == 0 || !from.is_multiple_of(*groups) || !to.is_multiple_of(*groups) {
                    return Err(format!(
                        "{from} and {to} channels cannot be shared out among {groups} groups"
                    ));
                }
                let along = |axis: usize, size: usize| {
                    convolved(
                        size,
                        kernel_size[axis],
                        stride[axis],
                        padding[axis],
                        dilation[axis],
                    )
                };
                let positions = [along(0, height)?, along(1, width)?];
                let [rows, columns] = [height + 2 * padding[0], width + 2 * padding[1]];
                if !is_moderate([channels, rows, columns]) {
                    return Err(format!(
                        "it pads its map to {rows}×{columns} with {channels} channels"
                    ));
                }
                Ok([at_least_one(*to)?, positions[0], positions[1]])
            }
            Self::LiftWaveform(layer) => {
                takes(layer.channels[0])?;
                layer.validate().map_err(|error| error.to_string())?;
                let (to, scales) = (layer.channels[1], layer.group.order());
                waveform([height, width], to.saturating_mul(scales), layer.stride)
            }
            Self::Waveform(layer) => {
                takes(layer.channels[0].saturating_mul(layer.group.order()))?;
                layer.validate().map_err(|error| error.to_string())?;
                let (to, scales) = (layer.channels[1], layer.scales());
                waveform([height, width], to.saturating_mul(scales), layer.stride)
            }
            Self::Scale { channels } => takes(*channels).map(|()| size),
            Self::Relu {} => Ok(size),
            Self::AveragePool(windows) if windows.dilation != [1, 1] => {
                Err("windows of means have no dilation".into())
            }
            Self::MaxPool(windows) | Self::AveragePool(windows) => {
                let [height, width] = windows.positions([height, width])?;
                Ok([channels, height, width])
            }
            Self::Beside { border, steps } => {
                if beside {
                    return Err("steps beside a map hold others beside it".into());
                }
                let [more, own_height, own_width] =
                    follow(steps, size, true).map_err(|error| error.to_string())?;
                let left = [height, width].map(|n| n.checked_sub(border.saturating_mul(2)));
                if left != [Some(own_height), Some(own_width)] {
                    return Err(format!(
                        "a map of {height}×{width} less {border} pixels at each side cannot stand beside one of \
                         {own_height}×{own_width}"
                    ));
                }
                Ok([channels.saturating_add(more), own_height, own_width])
            }
            Self::Attention {
                channels,
                hidden,
                order,
                responses,
                kernel_size,
                dilation,
            } => {
                takes(*channels)?;
                at_least_one(*hidden)?;
                for (what, count) in [("channels", *channels), ("responses", *responses)] {
                    if *order == 0 || count == 0 || !count.is_multiple_of(*order) {
                        return Err(format!(
                            "{count} {what} cannot be those of {order} elements"
                        ));
                    }
                }
                let along =
                    |axis: usize, size: usize| kept(size, kernel_size[axis], dilation[axis]);
                let padded = [along(0, height)?, along(1, width)?];
                if !is_moderate([2 * order, padded[0], padded[1]])
                    || !is_moderate([*responses, height, width])
                    || !is_moderate([*channels, *hidden, 1])
                {
                    return Err("it makes maps that are too large".into());
                }
                Ok(size)
            }
            Self::PoolGroup { order, .. } => match *order > 0 && channels.is_multiple_of(*order) {
                true => Ok([channels / order, height, width]),
                false => Err(format!("{channels} channels cannot be pooled by {order}")),
            },
            Self::PoolPlane { .. } => Ok([channels, 1, 1]),
            Self::Linear {
                features: [from, to],
                ..
            } => {
                takes(*from)?;
                match [height, width] {
                    [1, 1] => Ok([at_least_one(*to)?, 1, 1]),
                    _ => Err(format!(
                        "it takes a number per channel, the map has {height}×{width} positions"
                    )),
                }
            }
        }
    }

    /// What the step consists of, under the name of its variant.
    fn parameters(&self) -> Parameters {
        let (field, own) = match self {
            Self::Convolution {
                channels: [from, to],
                kernel_size: [rows, columns],
                bias,
                groups,
                ..
            } => {
                let seen = *from / (*groups).max(1);
                let weight = Parameters::new().with("weight", [*to, seen, *rows, *columns]);
                let own = match bias {
                    true => weight.with("bias", [*to]),
                    false => weight,
                };
                ("Convolution", own)
            }
            Self::LiftWaveform(layer) => ("LiftWaveform", layer.parameters().unwrap_or_default()),
            Self::Waveform(layer) => ("Waveform", layer.parameters().unwrap_or_default()),
            Self::Scale { channels } => {
                let scale = Parameters::new().with("scale", [*channels]);
                ("Scale", scale.with("shift", [*channels]))
            }
            Self::Linear {
                features: [from, to],
                bias,
            } => ("Linear", Parameters::linear(*from, *to, *bias)),
            Self::Beside { steps, .. } => ("Beside", parameters(steps)),
            Self::Attention {
                channels,
                hidden,
                order,
                responses,
                kernel_size: [rows, columns],
                ..
            } => {
                let spatial = [*responses, order.saturating_mul(2), *rows, *columns];
                let own = Parameters::new()
                    .with("squeeze.weight", [*hidden, *channels, 1, 1])
                    .with("excite.weight", [*channels, *hidden, 1, 1])
                    .with("spatial.weight", spatial);
                ("Attention", own)
            }
            _ => return Parameters::new(),
        };
        Parameters::new().with_module(field, own)
    }
}

/// The size of a map of waveforms.
fn waveform([height, time]: [usize; 2], channels: usize, stride: usize) -> Result<Size, String> {
    match height {
        1 => Ok([at_least_one(channels)?, 1, time.div_ceil(stride)]),
        rows => Err(format!("it takes signals, the map has {rows} rows")),
    }
}

fn at_least_one(channels: usize) -> Result<usize, String> {
    match channels {
        0 => Err("it makes no channels".into()),
        channels => Ok(channels),
    }
}

/// Positions of a map along an axis with the zeros beside it that a convolution needs to keep its size.
fn kept(size: usize, kernel: usize, dilation: usize) -> Result<usize, String> {
    if kernel == 0 || dilation == 0 {
        return Err("kernel and dilation must be at least 1".into());
    }
    match (kernel - 1).checked_mul(dilation) {
        Some(reach) if reach % 2 == 0 && reach <= LARGEST => Ok(size + reach),
        _ => Err(format!(
            "a kernel of {kernel} taps, {dilation} pixels apart, does not keep the size of a map"
        )),
    }
}

/// Positions of a convolution along an axis.
fn convolved(
    size: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
    dilation: usize,
) -> Result<usize, String> {
    if kernel == 0 || stride == 0 || dilation == 0 {
        return Err("kernel, stride and dilation must be at least 1".into());
    }
    let reach = (kernel - 1).saturating_mul(dilation);
    if padding > reach.min(LARGEST) {
        return Err(format!(
            "padding by {padding} pixels puts the kernel, which reaches over {reach}, beside the image"
        ));
    }
    match (size + 2 * padding).checked_sub(reach.saturating_add(1)) {
        Some(_) if stride.max(dilation) > limits::IMAGE_SIDE => Err(format!(
            "stride and dilation must be at most {}",
            limits::IMAGE_SIDE
        )),
        Some(steps) => Ok(steps / stride + 1),
        None => Err(format!(
            "the kernel reaches over {reach} pixels, the padded map has {}",
            size + 2 * padding
        )),
    }
}
