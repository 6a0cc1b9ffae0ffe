//! The network itself.

use burn::module::Param;
use burn::nn::conv::Conv2d;
use burn::nn::pool::{AvgPool2d, MaxPool2d};
use burn::nn::{Linear, PaddingConfig2d, Relu};
use burn::prelude::*;
use gcnn_layers::attention::PlainGate;
use gcnn_layers::convolution::continue_periodically;
use gcnn_layers::convolution::dense::Conv2dOptions;
use gcnn_layers::inference::{Finish, conv2d_and_finish, scale_and_shift};
use gcnn_layers::{GlobalPoolKind, GroupConv1d, LiftingConv1d, ProjectionKind};

use super::{PlainNetworkConfig, PlainStepConfig, Windows};
use crate::InputShape;
use crate::images::class_map::pool_windows;

/// A network of ordinary layers, one after the other. See the [module's page](super).
///
/// ```
/// use burn::prelude::*;
/// use gcnn_models::{GcnnConfig, InputShape};
///
/// let digits = InputShape { channels: 1, height: 28, width: 28 };
/// let device = Device::flex();
/// let network = GcnnConfig::p4cnn().init(digits, 10, &device)?;
/// let plain = network.export();
/// let images = Tensor::<4>::ones([2, 1, 28, 28], &device);
/// let difference = plain.forward(images.clone()) - network.forward(images);
/// assert!(difference.abs().max().into_scalar::<f32>() < 1e-5);
/// # Ok::<(), gcnn_models::ModelError>(())
/// ```
#[derive(Module, Debug)]
pub struct PlainNetwork {
    /// What is done to the images.
    pub steps: Vec<PlainStep>,
    /// Height and width of the map that is pooled over the plane, where the image is a patch.
    patch_map: [usize; 2],
}

/// One step of a [`PlainNetwork`].
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant)] // There are a few dozen of them.
pub enum PlainStep {
    /// Continues the map periodically.
    Wrap(Wrap),
    /// A convolution.
    Convolution(Conv2d),
    /// A waveform seen at several scales.
    LiftWaveform(LiftingConv1d),
    /// A map over time and scale, seen at several scales.
    Waveform(GroupConv1d),
    /// A scale and a shift per channel.
    Scale(ChannelScale),
    /// max(·, 0).
    Relu(Relu),
    /// The maximum over windows.
    MaxPool(MaxPool2d),
    /// The mean over windows.
    AveragePool(AvgPool2d),
    /// Other steps beside the map.
    Beside(Beside),
    /// Attention to the map.
    Attention(PlainGate),
    /// Pooling over H.
    PoolGroup(GroupPool),
    /// Pooling over the plane.
    PoolPlane(PlanePool),
    /// A linear map of a number per channel.
    Linear(Linear),
}

/// Continues a map periodically at all four sides.
#[derive(Module, Debug)]
pub struct Wrap {
    /// Pixels at each side.
    pub pixels: usize,
}

/// Multiplies each channel by a number and adds another one.
#[derive(Module, Debug)]
pub struct ChannelScale {
    /// What it multiplies by, `[channels]`.
    pub scale: Param<Tensor<1>>,
    /// What it adds, `[channels]`.
    pub shift: Param<Tensor<1>>,
}

impl ChannelScale {
    /// # Shapes
    /// - scale and shift: `[channels]`
    pub fn new(scale: Tensor<1>, shift: Tensor<1>) -> Self {
        Self {
            scale: Param::from_tensor(scale),
            shift: Param::from_tensor(shift),
        }
    }
}

/// Puts what other steps make of a map behind the channels of the map less a border.
#[derive(Module, Debug)]
pub struct Beside {
    /// Pixels at each side of the map that are left off.
    pub border: usize,
    /// What is done to the whole map.
    pub steps: Vec<PlainStep>,
}

/// Pools over neighbouring channels, which were one field's responses over H.
#[derive(Module, Debug)]
pub struct GroupPool {
    /// Channels that become one.
    pub order: usize,
    /// How.
    #[module(skip)]
    pub kind: ProjectionKind,
}

/// Pools over positions.
#[derive(Module, Debug)]
pub struct PlanePool {
    /// How.
    #[module(skip)]
    pub kind: GlobalPoolKind,
}

impl PlainNetwork {
    /// Takes steps that fit together, and the size of the map that a patch becomes before it is pooled over the plane.
    pub(crate) fn new(steps: Vec<PlainStep>, patch_map: [usize; 2]) -> Self {
        Self { steps, patch_map }
    }

    /// Class scores (logits).
    ///
    /// # Shapes
    /// - images: `[batch, channels, height, width]`
    /// - output: `[batch, classes]`
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        run(&self.steps, images, None).flatten(1, 3)
    }

    /// The class scores of every patch of an image, [`stride`](Self::stride) pixels apart: at `[.., y, x]` what
    /// [`forward`](Self::forward) gives for the patch whose first pixel is `(stride · y, stride · x)`, as
    /// [`Gcnn::class_map`](crate::Gcnn::class_map) has it.
    ///
    /// # Shapes
    /// - images: `[batch, channels, height, width]`, at least as large as a patch
    /// - output: `[batch, classes, (height − patch height) / stride + 1, (width − patch width) / stride + 1]`
    ///
    /// # Panics
    /// If the image is smaller than a patch.
    pub fn class_map(&self, images: Tensor<4>) -> Tensor<4> {
        run(&self.steps, images, Some(self.patch_map))
    }

    /// Pixels between the patches of a [`class_map`](Self::class_map), along both axes.
    pub fn stride(&self) -> usize {
        let strides = self.steps.iter().map(|step| match step {
            PlainStep::Convolution(layer) => layer.stride[1],
            PlainStep::LiftWaveform(layer) => layer.config().stride,
            PlainStep::Waveform(layer) => layer.config().stride,
            PlainStep::MaxPool(pool) => pool.stride[1],
            PlainStep::AveragePool(pool) => pool.stride[1],
            _ => 1,
        });
        strides.product()
    }

    /// What rebuilds the network, but for its weights; `input` are the images that it was built for.
    pub fn describe(&self, input: InputShape) -> PlainNetworkConfig {
        PlainNetworkConfig {
            input,
            steps: self.steps.iter().map(PlainStep::describe).collect(),
        }
    }
}

/// Applies the steps to a map, a number per channel being a map of one position. ReLU and pooling join the step before
/// them, so that the map is written once. `window` is what the plane is pooled over, by default all of it.
fn run(steps: &[PlainStep], mut map: Tensor<4>, window: Option<[usize; 2]>) -> Tensor<4> {
    let mut rest = steps;
    while let [step, others @ ..] = rest {
        let (finish, count) = match step {
            PlainStep::Convolution(_) | PlainStep::Scale(_) => finish(others),
            _ => (Finish::Nothing, 0),
        };
        map = step.forward(map, finish, window);
        rest = &others[count..];
    }
    map
}

/// What the next steps finish a linear map with, and how many they are.
fn finish(next: &[PlainStep]) -> (Finish, usize) {
    match next {
        [PlainStep::Relu(_), PlainStep::MaxPool(pool), ..]
            if Windows::from(pool).are_side_by_side(2) =>
        {
            (Finish::ReluMaxPool, 2)
        }
        [PlainStep::Relu(_), ..] => (Finish::Relu, 1),
        _ => (Finish::Nothing, 0),
    }
}

impl PlainStep {
    /// `finish` is for what is linear.
    fn forward(&self, map: Tensor<4>, finish: Finish, window: Option<[usize; 2]>) -> Tensor<4> {
        match self {
            Self::Wrap(wrap) => continue_periodically(map, [wrap.pixels; 2]),
            Self::Convolution(layer) => {
                let options = Conv2dOptions::new()
                    .with_stride(layer.stride)
                    .with_padding(zero_padding(layer))
                    .with_dilation(layer.dilation)
                    .with_groups(layer.groups);
                let bias = layer.bias.as_ref().map(Param::val);
                conv2d_and_finish(map, layer.weight.val(), bias, options, finish)
            }
            Self::LiftWaveform(layer) => finish.apply(layer.forward(map)).flatten(1, 2),
            Self::Waveform(layer) => {
                let [batch, channels, height, time] = map.dims();
                let scales = layer.group().order();
                let map = map.reshape([batch, channels / scales, scales, height, time]);
                finish.apply(layer.forward(map)).flatten(1, 2)
            }
            Self::Scale(line) => scale_and_shift(map, line.scale.val(), line.shift.val(), finish),
            Self::Relu(relu) => relu.forward(map),
            Self::MaxPool(pool) => pool.forward(map),
            Self::AveragePool(pool) => pool.forward(map),
            Self::Beside(beside) => {
                let made = run(&beside.steps, map.clone(), window);
                let [_, _, height, width] = made.dims();
                let seen = map
                    .narrow(2, beside.border, height)
                    .narrow(3, beside.border, width);
                Tensor::cat(vec![seen, made], 1)
            }
            Self::Attention(gate) => gate.forward(map),
            Self::PoolGroup(pool) => {
                let [batch, channels, height, width] = map.dims();
                let fields = channels / pool.order;
                let map: Tensor<5> = map.reshape([batch, fields, pool.order, height, width]);
                let pooled = match pool.kind {
                    ProjectionKind::Max => map.max_dim(2),
                    ProjectionKind::Mean => map.mean_dim(2),
                };
                pooled.squeeze_dim(2)
            }
            Self::PoolPlane(pool) => match (window, pool.kind) {
                (Some(window), kind) => pool_windows(map, window, kind),
                (None, GlobalPoolKind::Max) => map.max_dim(3).max_dim(2),
                (None, GlobalPoolKind::Mean) => map.mean_dim(3).mean_dim(2),
                (None, GlobalPoolKind::Centre) => {
                    let [_, _, height, width] = map.dims();
                    pool_windows(map, [height, width], pool.kind)
                }
            },
            Self::Linear(linear) => {
                let scores = linear.forward(map.permute([0, 2, 3, 1]));
                scores.permute([0, 3, 1, 2])
            }
        }
    }

    fn describe(&self) -> PlainStepConfig {
        match self {
            Self::Wrap(wrap) => PlainStepConfig::Wrap {
                pixels: wrap.pixels,
            },
            Self::Convolution(layer) => {
                let [to, seen, rows, columns] = layer.weight.dims();
                PlainStepConfig::Convolution {
                    channels: [seen * layer.groups, to],
                    kernel_size: [rows, columns],
                    stride: layer.stride,
                    padding: zero_padding(layer),
                    dilation: layer.dilation,
                    groups: layer.groups,
                    bias: layer.bias.is_some(),
                }
            }
            Self::LiftWaveform(layer) => PlainStepConfig::LiftWaveform(layer.config()),
            Self::Waveform(layer) => PlainStepConfig::Waveform(layer.config()),
            Self::Scale(line) => PlainStepConfig::Scale {
                channels: line.scale.dims()[0],
            },
            Self::Relu(_) => PlainStepConfig::Relu {},
            Self::MaxPool(pool) => PlainStepConfig::MaxPool(pool.into()),
            Self::AveragePool(pool) => PlainStepConfig::AveragePool(pool.into()),
            Self::Beside(beside) => PlainStepConfig::Beside {
                border: beside.border,
                steps: beside.steps.iter().map(Self::describe).collect(),
            },
            Self::Attention(gate) => {
                let [hidden, channels, _, _] = gate.squeeze.weight.dims();
                let [responses, _, rows, columns] = gate.spatial.weight.dims();
                PlainStepConfig::Attention {
                    channels,
                    hidden,
                    order: gate.order,
                    responses,
                    kernel_size: [rows, columns],
                    dilation: gate.spatial.dilation,
                }
            }
            Self::PoolGroup(pool) => PlainStepConfig::PoolGroup {
                order: pool.order,
                kind: pool.kind,
            },
            Self::PoolPlane(pool) => PlainStepConfig::PoolPlane { kind: pool.kind },
            Self::Linear(linear) => {
                let [from, to] = linear.weight.dims();
                PlainStepConfig::Linear {
                    features: [from, to],
                    bias: linear.bias.is_some(),
                }
            }
        }
    }
}

/// Zeros that a convolution adds at each end of its axes: exported ones have as many at both.
pub fn zero_padding(layer: &Conv2d) -> [usize; 2] {
    match layer.padding {
        PaddingConfig2d::Explicit(rows, columns, _, _) => [rows, columns],
        PaddingConfig2d::Valid => [0, 0],
        PaddingConfig2d::Same => {
            [0, 1].map(|axis| layer.dilation[axis] * (layer.kernel_size[axis] - 1) / 2)
        }
    }
}
