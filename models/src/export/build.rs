//! Networks made from their descriptions.

use burn::nn::conv::Conv2dConfig;
use burn::nn::{Initializer, LinearConfig, PaddingConfig2d, Relu};
use burn::prelude::*;
use gcnn_layers::attention::PlainGate;

use super::{
    Beside, ChannelScale, GroupPool, PlainNetwork, PlainNetworkConfig, PlainStep, PlainStepConfig,
    PlanePool, Wrap,
};
use crate::ModelError;

impl PlainNetworkConfig {
    /// Builds the network with weights of zero, to be replaced by those of a file. It takes memory for as many
    /// [`parameters`](Self::parameters) as the description claims.
    pub fn init(&self, device: &Device) -> Result<PlainNetwork, ModelError> {
        self.classes()?;
        let pooled = |step: &PlainStepConfig| matches!(step, PlainStepConfig::PoolPlane { .. });
        let before = self.steps.iter().position(pooled);
        let before = &self.steps[..before.unwrap_or(self.steps.len())];
        let [_, height, width] = self.size_after(before)?;
        Ok(PlainNetwork::new(
            init(&self.steps, device),
            [height, width],
        ))
    }
}

fn init(steps: &[PlainStepConfig], device: &Device) -> Vec<PlainStep> {
    steps.iter().map(|step| step.init(device)).collect()
}

impl PlainStepConfig {
    fn init(&self, device: &Device) -> PlainStep {
        match *self {
            Self::LiftWaveform(ref layer) => PlainStep::LiftWaveform(layer.init(device)),
            Self::Waveform(ref layer) => PlainStep::Waveform(layer.init(device)),
            Self::Wrap { pixels } => PlainStep::Wrap(Wrap { pixels }),
            Self::Convolution {
                channels,
                kernel_size,
                stride,
                padding: [rows, columns],
                dilation,
                groups,
                bias,
            } => PlainStep::Convolution(
                Conv2dConfig::new(channels, kernel_size)
                    .with_stride(stride)
                    .with_padding(PaddingConfig2d::Explicit(rows, columns, rows, columns))
                    .with_dilation(dilation)
                    .with_groups(groups)
                    .with_bias(bias)
                    .with_initializer(Initializer::Zeros)
                    .init(device),
            ),
            Self::Scale { channels } => PlainStep::Scale(ChannelScale::new(
                Tensor::ones([channels], device),
                Tensor::zeros([channels], device),
            )),
            Self::Relu {} => PlainStep::Relu(Relu::new()),
            Self::MaxPool(ref windows) => PlainStep::MaxPool(windows.maximum()),
            Self::AveragePool(ref windows) => PlainStep::AveragePool(windows.mean()),
            Self::Beside { border, ref steps } => PlainStep::Beside(Beside {
                border,
                steps: init(steps, device),
            }),
            Self::Attention {
                channels,
                hidden,
                order,
                responses,
                kernel_size,
                dilation: [down, right],
            } => {
                let convolution = |channels, kernel_size| {
                    Conv2dConfig::new(channels, kernel_size)
                        .with_bias(false)
                        .with_initializer(Initializer::Zeros)
                };
                let [rows, columns] = kernel_size;
                let (above, beside) = (down * (rows - 1) / 2, right * (columns - 1) / 2);
                let spatial = convolution([2 * order, responses], kernel_size)
                    .with_padding(PaddingConfig2d::Explicit(above, beside, above, beside))
                    .with_dilation([down, right]);
                PlainStep::Attention(PlainGate {
                    squeeze: convolution([channels, hidden], [1, 1]).init(device),
                    excite: convolution([hidden, channels], [1, 1]).init(device),
                    spatial: spatial.init(device),
                    order,
                })
            }
            Self::PoolGroup { order, kind } => PlainStep::PoolGroup(GroupPool { order, kind }),
            Self::PoolPlane { kind } => PlainStep::PoolPlane(PlanePool { kind }),
            Self::Linear {
                features: [from, to],
                bias,
            } => PlainStep::Linear(
                LinearConfig::new(from, to)
                    .with_bias(bias)
                    .with_initializer(Initializer::Zeros)
                    .init(device),
            ),
        }
    }
}
