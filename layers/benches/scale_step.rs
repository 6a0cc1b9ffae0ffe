//! Time of a convolution over scales, forward and backward: with a window per scale, and as one dense convolution in the largest.
//!
//! ```text
//! cargo bench -p gcnn-layers --bench scale_step
//! ```
//!
//! The layers are those of the published network for scaled MNIST (32, 63 and 95 fields at three scales, kernels of 5, 7 and 13
//! pixels), batches of 32. Interleaved medians.

use std::time::Instant;

use burn::prelude::*;
use burn::tensor::Distribution;
use gcnn_layers::convolution::dense::{Conv2dOptions, conv2d};
use gcnn_layers::kernel::HermiteConfig;
use gcnn_layers::{Group, GroupConv2d, GroupConv2dConfig, KernelConfig, Padding2d};

const BATCH: usize = 32;
const ROUNDS: usize = 7;

fn layer(
    group: &Group,
    channels: [usize; 2],
    range: Option<usize>,
    device: &Device,
) -> GroupConv2d {
    let kernel = HermiteConfig {
        order: 4,
        scale: Some(1.5),
        widths: 4,
        functions: Some(49),
    };
    GroupConv2dConfig::new(group.clone(), channels, 5)
        .with_kernel(KernelConfig::hermite(kernel))
        .with_range(range)
        .with_padding(Padding2d::Same)
        .with_bias(false)
        .init(device)
}

/// Seconds of a step.
fn step(forward: impl Fn() -> Tensor<4>) -> f64 {
    let start = Instant::now();
    let output = forward();
    let gradients = (output.clone() * output).sum().backward();
    drop(gradients);
    start.elapsed().as_secs_f64()
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn main() {
    let device = Device::flex().autodiff();
    let Ok(group) = Group::scales(3, 1.732_050_8) else {
        return;
    };
    for (channels, side, range) in [
        ([32, 63], 14, Some(1)),
        ([63, 95], 7, Some(1)),
        ([16, 32], 14, Some(2)),
        ([16, 32], 14, None),
    ] {
        let conv = layer(&group, channels, range, &device);
        let dims = [BATCH, channels[0], group.order(), side, side];
        let map = Tensor::<5>::random(dims, Distribution::Normal(0.0, 1.0), &device).require_grad();
        let padding = conv.window().padding_pixels();
        let parts = || conv.forward(map.clone()).flatten::<4>(1, 2);
        let dense = || {
            let planes = map.clone().flatten::<4>(1, 2);
            let options = Conv2dOptions::new().with_padding(padding);
            conv2d(planes, conv.filter_bank(), None, options)
        };
        let (mut by_parts, mut at_once) = (Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            let times = [step(parts), step(dense)];
            // The first round warms up.
            if round > 0 {
                by_parts.push(times[0]);
                at_once.push(times[1]);
            }
        }
        let (parts, dense) = (median(by_parts), median(at_once));
        println!(
            "{channels:?} at {side}×{side}, {} scales seen: {:.1} ms by parts, {:.1} ms dense, ratio {:.2}",
            range.map_or("all".into(), |range| range.to_string()),
            1e3 * parts,
            1e3 * dense,
            parts / dense
        );
    }
}
