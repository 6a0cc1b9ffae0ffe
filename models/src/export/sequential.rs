//! A plain network as PyTorch has it: a `torch.nn.Sequential` of its own modules.
//!
//! | step | module | |
//! | --- | --- | --- |
//! | wrap | `CircularPad2d` | |
//! | convolution | `Conv2d` | |
//! | scale | `Conv2d` | 1×1, each channel by itself |
//! | pooling over H | `MaxPool3d`, `AvgPool3d` | which take a batch of maps as one of volumes, channels as depth |
//! | pooling over the plane | `AdaptiveMaxPool2d`, `AdaptiveAvgPool2d` | to one position |
//! | linear | `Conv2d` | 1×1 |
//! | beside | `Beside` | which PyTorch has not: `cat([crop(x, border), Sequential(steps)(x)])` |
//! | attention | `Attention` | which PyTorch has not either: three `Conv2d` and the order of the group |
//!
//! A module is described as `[name, keyword arguments]`. Weights are named as nested `Sequential`s name them, `3.1.weight`
//! for module 1 inside of module 3, counted from 0; a `Beside` counts as the `Sequential` inside.

use burn::nn::PaddingConfig2d;
use burn::nn::conv::Conv2d;
use burn::prelude::*;
use gcnn_layers::{GlobalPoolKind, ProjectionKind};
use serde_json::{Value, json};

use super::{PlainNetwork, PlainStep, Windows, zero_padding};
use crate::ModelError;
use crate::weights::{Array, Weights};

/// The modules of a network, and their weights.
///
/// # Errors
/// Where a step has no module: convolutions over time and scale.
pub fn sequential(network: &PlainNetwork) -> Result<(Value, Weights), ModelError> {
    let is_waveform =
        |step: &PlainStep| matches!(step, PlainStep::LiftWaveform(_) | PlainStep::Waveform(_));
    if network.steps.iter().any(is_waveform) {
        return Err(ModelError::NoModule {
            what: "a convolution over time and scale",
        });
    }
    let mut weights = Weights::new();
    let mut modules = modules(&network.steps, "", &mut weights);
    modules.push(json!(["Flatten", {}]));
    Ok((modules.into(), weights))
}

fn modules(steps: &[PlainStep], prefix: &str, weights: &mut Weights) -> Vec<Value> {
    let numbered = steps.iter().enumerate();
    let modules = numbered.map(|(index, step)| module(step, &format!("{prefix}{index}."), weights));
    modules.collect()
}

fn module(step: &PlainStep, prefix: &str, weights: &mut Weights) -> Value {
    let mut add = |name: &str, shape: &[usize], values: Vec<f32>| {
        let shape = shape.to_vec();
        weights.insert(format!("{prefix}{name}"), Array { shape, values });
    };
    match step {
        PlainStep::Wrap(wrap) => json!(["CircularPad2d", { "padding": wrap.pixels }]),
        PlainStep::Convolution(layer) => convolution(layer, "", &mut add),
        PlainStep::Scale(line) => {
            let [channels] = line.scale.dims();
            add("weight", &[channels, 1, 1, 1], values(line.scale.val()));
            add("bias", &[channels], values(line.shift.val()));
            json!(["Conv2d", {
                "in_channels": channels,
                "out_channels": channels,
                "kernel_size": 1,
                "groups": channels,
            }])
        }
        // Refused before.
        PlainStep::LiftWaveform(_) | PlainStep::Waveform(_) => json!(["Waveform", {}]),
        PlainStep::Relu(_) => json!(["ReLU", {}]),
        PlainStep::MaxPool(pool) => json!(["MaxPool2d", windows(&pool.into())]),
        PlainStep::AveragePool(pool) => json!(["AvgPool2d", windows(&pool.into())]),
        PlainStep::Beside(beside) => json!(["Beside", {
            "border": beside.border,
            "steps": modules(&beside.steps, prefix, weights),
        }]),
        PlainStep::Attention(gate) => json!(["Attention", {
            "order": gate.order,
            "squeeze": convolution(&gate.squeeze, "squeeze.", &mut add),
            "excite": convolution(&gate.excite, "excite.", &mut add),
            "spatial": convolution(&gate.spatial, "spatial.", &mut add),
        }]),
        PlainStep::PoolGroup(pool) => {
            let name = match pool.kind {
                ProjectionKind::Max => "MaxPool3d",
                ProjectionKind::Mean => "AvgPool3d",
            };
            json!([name, { "kernel_size": [pool.order, 1, 1] }])
        }
        PlainStep::PoolPlane(pool) => match pool.kind {
            GlobalPoolKind::Max => json!(["AdaptiveMaxPool2d", { "output_size": 1 }]),
            GlobalPoolKind::Mean => json!(["AdaptiveAvgPool2d", { "output_size": 1 }]),
            GlobalPoolKind::Centre => json!(["Centre", {}]),
        },
        PlainStep::Linear(linear) => {
            let [from, to] = linear.weight.dims();
            add(
                "weight",
                &[to, from, 1, 1],
                values(linear.weight.val().transpose()),
            );
            if let Some(bias) = &linear.bias {
                add("bias", &[to], values(bias.val()));
            }
            json!(["Conv2d", {
                "in_channels": from,
                "out_channels": to,
                "kernel_size": 1,
                "bias": linear.bias.is_some(),
            }])
        }
    }
}

/// A convolution, whose weights have names that begin alike.
fn convolution(
    layer: &Conv2d,
    prefix: &str,
    add: &mut impl FnMut(&str, &[usize], Vec<f32>),
) -> Value {
    let shape = layer.weight.dims();
    add(
        &format!("{prefix}weight"),
        &shape,
        values(layer.weight.val()),
    );
    if let Some(bias) = &layer.bias {
        add(&format!("{prefix}bias"), &shape[..1], values(bias.val()));
    }
    json!(["Conv2d", {
        "in_channels": shape[1] * layer.groups,
        "out_channels": shape[0],
        "kernel_size": &shape[2..],
        "stride": layer.stride,
        "padding": zero_padding(layer),
        "dilation": layer.dilation,
        "groups": layer.groups,
        "bias": layer.bias.is_some(),
    }])
}

/// The windows of a pooling module. PyTorch pads both ends of an axis alike; what is its default too is left out.
fn windows(windows: &Windows) -> Value {
    let mut described = json!({ "kernel_size": windows.size });
    if let Some(stride) = windows.stride {
        described["stride"] = json!(stride);
    }
    if let PaddingConfig2d::Explicit(rows, columns, _, _) = windows.padding
        && [rows, columns] != [0, 0]
    {
        described["padding"] = json!([rows, columns]);
    }
    if windows.dilation != [1, 1] {
        described["dilation"] = json!(windows.dilation);
    }
    if windows.ceil {
        described["ceil_mode"] = json!(true);
    }
    if !windows.count_padding {
        described["count_include_pad"] = json!(false);
    }
    described
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    Array::of(tensor).values
}
