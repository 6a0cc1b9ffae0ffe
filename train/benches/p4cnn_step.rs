//! A training step of P4CNN, timed: forward, cross-entropy, backward, Adam.
//!
//! ```text
//! cargo bench                                                   the step and its parts
//! GCNN_BENCH=batch=64,steps=20,group=trivial cargo bench        other sizes, other groups
//! GCNN_BENCH=device=vulkan cargo bench --features vulkan        other devices
//! cargo bench --bench p4cnn_step -- serve                       steps on request, for comparisons
//! ```
//!
//! The step is timed as a whole; its parts are timed by themselves, on the shapes that they have in it. What the parts
//! leave of the whole is "the rest": normalisation, activation, dropout, pooling, the loss and the optimizer. Served lines
//! are `batch repetitions`; the answer is the milliseconds of each repetition.

mod digits;

use std::io::BufRead;
use std::time::{Duration, Instant};

use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::{AdamConfig, GradientsParams};
use burn::prelude::*;
use burn::tensor::Distribution;
use gcnn_layers::convolution::dense::{Conv2dOptions, conv2d};
use gcnn_layers::{GroupConv2dConfig, LiftingConv2dConfig};
use gcnn_train::memory::keep_freed_memory;

use digits::{CLASSES, DIGITS, Options};

fn main() -> Result<(), String> {
    keep_freed_memory();
    let options = Options::from_environment(15)?;
    let device = options.device()?.autodiff();
    if std::env::args().any(|argument| argument == "serve") {
        return serve(options, &device);
    }
    let whole = whole_step(&options, &device)?.medians();
    let parts = Parts::measure(&options, &device)?;
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    println!(
        "{} with {} fields, batch {}, on {}; medians of {} steps, in milliseconds",
        options.config.group,
        options.config.channels[0],
        options.batch,
        options.device,
        options.steps,
    );
    let rest = milliseconds(whole.total) - milliseconds(parts.total());
    for (name, time) in [
        (
            "filter expansion, forward and backward",
            milliseconds(parts.expansion),
        ),
        ("convolutions forward", milliseconds(parts.forward)),
        ("convolutions backward", milliseconds(parts.backward)),
        ("the rest", rest),
        ("whole step", milliseconds(whole.total)),
        ("  forward and loss", milliseconds(whole.forward)),
        ("  backward", milliseconds(whole.backward)),
        ("  Adam", milliseconds(whole.optimizer)),
    ] {
        println!("{name:<40} {time:>9.2}");
    }
    println!("convolutions by layer, forward + backward");
    for (index, [forward, backward]) in parts.layers.iter().enumerate() {
        let (forward, backward) = (milliseconds(*forward), milliseconds(*backward));
        println!("  layer {:<33} {forward:>9.2} + {backward:.2}", index + 1);
    }
    Ok(())
}

/// Runs what the standard input asks for.
fn serve(mut options: Options, device: &Device) -> Result<(), String> {
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|error| error.to_string())?;
        let numbers: Vec<usize> = line.split_whitespace().flat_map(str::parse).collect();
        let [batch, repetitions] = numbers[..] else {
            return Err(format!("expected `batch repetitions`, found `{line}`"));
        };
        (options.batch, options.steps) = (batch, repetitions);
        let times = whole_step(&options, device)?.total;
        let times = times[WARM_UP..].iter();
        let times: Vec<String> = times
            .map(|time| format!("{:.3}", time.as_secs_f64() * 1e3))
            .collect();
        println!("{}", times.join(" "));
    }
    Ok(())
}

/// Times of every step, those of the warm-up included, or their medians.
struct Whole<T> {
    forward: T,
    backward: T,
    optimizer: T,
    total: T,
}

impl Whole<Vec<Duration>> {
    fn medians(self) -> Whole<Duration> {
        Whole {
            forward: median(self.forward),
            backward: median(self.backward),
            optimizer: median(self.optimizer),
            total: median(self.total),
        }
    }
}

fn whole_step(options: &Options, device: &Device) -> Result<Whole<Vec<Duration>>, String> {
    device.seed(0);
    let mut model = options
        .config
        .init(DIGITS, CLASSES, device)
        .map_err(|error| error.to_string())?;
    let plain = device.clone().inner();
    let images = Tensor::<4>::random(
        [options.batch, 1, DIGITS.height, DIGITS.width],
        Distribution::Normal(0.0, 1.0),
        &plain,
    );
    let images = Tensor::from_inner(images);
    let labels: Vec<i64> = (0..options.batch).map(|i| (i % CLASSES) as i64).collect();
    let labels = Tensor::<1, Int>::from_data(labels.as_slice(), device);
    let loss = CrossEntropyLossConfig::new().init(device);
    let mut optimizer = AdamConfig::new()
        .with_weight_decay(Some(WeightDecayConfig::new(1e-4)))
        .init();

    let mut times = [const { Vec::new() }; 4];
    for _ in 0..options.steps + WARM_UP {
        let start = Instant::now();
        let value = loss.forward(model.forward(images.clone()), labels.clone());
        finish(device)?;
        let forward = start.elapsed();
        let gradients = value.backward();
        finish(device)?;
        let backward = start.elapsed();
        let gradients = GradientsParams::from_grads(gradients, &model);
        model = optimizer.step(1e-3, model, gradients);
        finish(device)?;
        let total = start.elapsed();
        for (times, time) in
            times
                .iter_mut()
                .zip([forward, backward - forward, total - backward, total])
        {
            times.push(time);
        }
    }
    let [forward, backward, optimizer, total] = times;
    Ok(Whole {
        forward,
        backward,
        optimizer,
        total,
    })
}

struct Parts {
    expansion: Duration,
    forward: Duration,
    backward: Duration,
    layers: Vec<[Duration; 2]>,
}

impl Parts {
    fn total(&self) -> Duration {
        self.expansion + self.forward + self.backward
    }

    fn measure(options: &Options, device: &Device) -> Result<Self, String> {
        let config = &options.config;
        let sizes = config
            .map_sizes(DIGITS)
            .map_err(|error| error.to_string())?;
        let mut parts = Self {
            expansion: Duration::ZERO,
            forward: Duration::ZERO,
            backward: Duration::ZERO,
            layers: Vec::new(),
        };
        let mut size = [DIGITS.height, DIGITS.width];
        for (index, &kernel_size) in config.kernel_sizes.iter().enumerate() {
            let fields = |layer: usize| config.channels.get(layer).copied().unwrap_or(CLASSES);
            let group = config.group.clone();
            let (first, c_in) = match index {
                0 => (true, DIGITS.channels),
                _ => (false, fields(index - 1) * group.order()),
            };
            let expand: Box<dyn Fn() -> (Tensor<4>, Option<Tensor<1>>)> = if first {
                let layer = LiftingConv2dConfig::new(group, [c_in, fields(0)], kernel_size);
                let layer = layer.init(device);
                Box::new(move || (layer.filter_bank(), layer.filter_bias()))
            } else {
                let channels = [fields(index - 1), fields(index)];
                let layer = GroupConv2dConfig::new(group, channels, kernel_size).init(device);
                Box::new(move || (layer.filter_bank(), layer.filter_bias()))
            };
            let [expand_forward, expand_backward] = both_ways(options, device, || {
                let (bank, bias) = expand();
                (bank.sum() + bias.map_or(Tensor::zeros([1], device), Tensor::sum))
                    .reshape([1, 1, 1, 1])
            })?;
            parts.expansion += expand_forward + expand_backward;

            let (bank, bias) = expand();
            // Leaves of the graph: the expansion is not timed again.
            let bank = bank.detach().require_grad();
            let bias = bias.map(|bias| bias.detach().require_grad());
            let input = Tensor::<4>::random(
                [options.batch, c_in, size[0], size[1]],
                Distribution::Normal(0.0, 1.0),
                device,
            );
            let input = if first { input } else { input.require_grad() };
            let times = both_ways(options, device, || {
                conv2d(
                    input.clone(),
                    bank.clone(),
                    bias.clone(),
                    Conv2dOptions::new(),
                )
            })?;
            parts.forward += times[0];
            parts.backward += times[1];
            parts.layers.push(times);
            size = sizes[index];
        }
        Ok(parts)
    }
}

/// Medians of the times of an operation and of its backward pass.
fn both_ways(
    options: &Options,
    device: &Device,
    operation: impl Fn() -> Tensor<4>,
) -> Result<[Duration; 2], String> {
    let (mut forward, mut backward) = (Vec::new(), Vec::new());
    for _ in 0..options.steps + WARM_UP {
        let start = Instant::now();
        let output = operation();
        finish(device)?;
        forward.push(start.elapsed());
        let start = Instant::now();
        let gradients = output.backward();
        finish(device)?;
        backward.push(start.elapsed());
        drop(gradients);
    }
    Ok([median(forward), median(backward)])
}

/// Steps that are not counted: caches, thread pools and, on a GPU, kernel selection.
const WARM_UP: usize = 3;

fn median(mut times: Vec<Duration>) -> Duration {
    times.drain(..WARM_UP);
    times.sort();
    times[times.len() / 2]
}

/// Waits for what a device still has to do.
fn finish(device: &Device) -> Result<(), String> {
    device.sync().map_err(|error| format!("{error:?}"))
}
