//! Times of convolutions, dense and depthwise, beside the backend's ordinary ones.
//!
//! ```text
//! cargo bench -p gcnn-cpu --bench convolution             medians of interleaved runs, as a table
//! cargo bench -p gcnn-cpu --bench convolution -- serve    runs what the standard input asks for
//! ```
//!
//! Served lines are `implementation passes batch channels_in channels_out groups kernel padding size repetitions`, with
//! `forward`, `weight` (and the weight's gradient) or `both` gradients for the passes; the answer is the milliseconds of
//! each repetition. The script that compares with other libraries asks in this way, taking turns.

use burn::prelude::*;
use burn::tensor::{TensorData, ops::ConvOptions};
use gcnn_cpu::conv2d;
use gcnn_cpu::memory::keep_freed_memory;
use std::io::{BufRead, Write};
use std::time::Instant;

/// What is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Passes {
    /// The output.
    Forward,
    /// The output and the weight's gradient.
    Weight,
    /// The output and the gradients of weight and input.
    Both,
}

#[derive(Debug, Clone, Copy)]
struct Case {
    passes: Passes,
    batch: usize,
    channels_in: usize,
    channels_out: usize,
    groups: usize,
    kernel: usize,
    padding: usize,
    size: usize,
}

impl Case {
    fn dense(
        [batch, channels_in, channels_out]: [usize; 3],
        kernel: usize,
        size: usize,
        passes: Passes,
    ) -> Self {
        Self {
            passes,
            batch,
            channels_in,
            channels_out,
            groups: 1,
            kernel,
            padding: 0,
            size,
        }
    }

    /// A kernel for each channel, and outputs as large as inputs.
    fn depthwise(
        [batch, channels]: [usize; 2],
        kernel: usize,
        size: usize,
        passes: Passes,
    ) -> Self {
        Self {
            groups: channels,
            padding: kernel / 2,
            ..Self::dense([batch, channels, channels], kernel, size, passes)
        }
    }

    /// A case and its repetitions from the words of a line.
    fn read(words: &[&str]) -> Option<(Self, usize)> {
        let (passes, numbers) = words.split_first()?;
        let passes = match *passes {
            "forward" => Passes::Forward,
            "weight" => Passes::Weight,
            "both" => Passes::Both,
            _ => return None,
        };
        let numbers: Vec<usize> = numbers
            .iter()
            .filter_map(|word| word.parse().ok())
            .collect();
        let [
            batch,
            channels_in,
            channels_out,
            groups,
            kernel,
            padding,
            size,
            repetitions,
        ] = numbers[..]
        else {
            return None;
        };
        let case = Self {
            passes,
            batch,
            channels_in,
            channels_out,
            groups,
            kernel,
            padding,
            size,
        };
        Some((case, repetitions))
    }
}

/// A tensor of numbers that are neither zero nor denormal.
fn filled(shape: [usize; 4], device: &Device) -> Tensor<4> {
    let numbers: Vec<f32> = (0..shape.iter().product::<usize>())
        .map(|i| ((i as u32).wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 24) as f32 - 0.5)
        .collect();
    Tensor::from_data(TensorData::new(numbers, shape), device)
}

/// Milliseconds of each of some runs.
fn measure(case: Case, ours: bool, repetitions: usize) -> Vec<f64> {
    let device = match case.passes {
        Passes::Forward => Device::flex(),
        Passes::Weight | Passes::Both => Device::flex().autodiff(),
    };
    let input = filled(
        [case.batch, case.channels_in, case.size, case.size],
        &device,
    );
    let weight = filled(
        [
            case.channels_out,
            case.channels_in / case.groups,
            case.kernel,
            case.kernel,
        ],
        &device,
    );
    let (input, weight) = match case.passes {
        Passes::Forward => (input, weight),
        Passes::Weight => (input, weight.require_grad()),
        Passes::Both => (input.require_grad(), weight.require_grad()),
    };
    let run = |ours: bool| {
        let options = ConvOptions::new([1, 1], [case.padding; 2], [1, 1], case.groups);
        let start = Instant::now();
        let output = if ours {
            conv2d(input.clone(), weight.clone(), None, options)
        } else {
            burn::tensor::module::conv2d(input.clone(), weight.clone(), None, options)
        };
        if case.passes != Passes::Forward {
            // From a gradient of ones, whose making is timed too; any other would cost two more passes over the output.
            drop(output.backward());
        }
        start.elapsed().as_secs_f64() * 1e3
    };
    run(ours);
    (0..repetitions).map(|_| run(ours)).collect()
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn serve() {
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { return };
        let words: Vec<&str> = line.split_whitespace().collect();
        let read = words.split_first();
        let Some((ours, (case, repetitions))) =
            read.and_then(|(name, rest)| Some((*name == "ours", Case::read(rest)?)))
        else {
            eprintln!("not understood: {line}");
            return;
        };
        let times = measure(case, ours, repetitions);
        let times: Vec<String> = times.iter().map(|t| format!("{t:.3}")).collect();
        println!("{}", times.join(" "));
        let _ = std::io::stdout().flush();
    }
}

fn main() {
    keep_freed_memory();
    if std::env::args().any(|argument| argument == "serve") {
        return serve();
    }
    use Passes::{Both, Forward, Weight};
    let cases = [
        (
            "16 × 128→128, 5×5, 24²",
            Case::dense([16, 128, 128], 5, 24, Both),
        ),
        (
            "64 × 80→80, 3×3, 24²",
            Case::dense([64, 80, 80], 3, 24, Both),
        ),
        (
            "64 × 1→80, 3×3, 28²",
            Case::dense([64, 1, 80], 3, 28, Weight),
        ),
        (
            "128 × 1→40, 3×3, 28²",
            Case::dense([128, 1, 40], 3, 28, Weight),
        ),
        (
            "128 × 40→40, 3×3, 26²",
            Case::dense([128, 40, 40], 3, 26, Both),
        ),
        (
            "128 × 40→40, 3×3, 12²",
            Case::dense([128, 40, 40], 3, 12, Both),
        ),
        (
            "128 × 40→40, 3×3, 6²",
            Case::dense([128, 40, 40], 3, 6, Both),
        ),
        (
            "128 × 40→40, 4×4, 4²",
            Case::dense([128, 40, 40], 4, 4, Both),
        ),
        (
            "32 × 512 depthwise, 3×3, 14²",
            Case::depthwise([32, 512], 3, 14, Both),
        ),
        (
            "32 × 512 depthwise, 7×7, 14²",
            Case::depthwise([32, 512], 7, 14, Both),
        ),
        (
            "32 × 512 depthwise, 7×7, 28²",
            Case::depthwise([32, 512], 7, 28, Both),
        ),
        (
            "the same, forward",
            Case::depthwise([32, 512], 7, 28, Forward),
        ),
        (
            "1 × 3 depthwise, 9×9, 512²",
            Case::depthwise([1, 3], 9, 512, Both),
        ),
    ];
    println!("forward + backward, milliseconds        ours   ordinary  ratio");
    for (name, case) in cases {
        let (mut ours, mut ordinary) = (Vec::new(), Vec::new());
        for _ in 0..4 {
            ours.extend(measure(case, true, 4));
            ordinary.extend(measure(case, false, 3));
        }
        let (ours, ordinary) = (median(ours), median(ordinary));
        println!(
            "{name:36} {ours:8.2}  {ordinary:9.2}  {:5.2}",
            ours / ordinary
        );
    }
}
