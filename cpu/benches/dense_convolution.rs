//! Forward and backward times of the dense convolution, beside the backend's ordinary one.
//!
//! ```text
//! cargo bench -p gcnn-cpu --bench dense_convolution             medians of interleaved runs, as a table
//! cargo bench -p gcnn-cpu --bench dense_convolution -- serve    runs what the standard input asks for
//! ```
//!
//! Served lines are `implementation batch channels_in channels_out kernel size repetitions input_gradient`; the answer is
//! the milliseconds of each repetition. The script that compares with other libraries asks in this way, taking turns.

use burn::prelude::*;
use burn::tensor::{TensorData, ops::ConvOptions};
use gcnn_cpu::conv2d;
use gcnn_cpu::memory::keep_freed_memory;
use std::io::{BufRead, Write};
use std::time::Instant;

#[derive(Debug, Clone, Copy)]
struct Case {
    batch: usize,
    channels_in: usize,
    channels_out: usize,
    kernel: usize,
    size: usize,
    input_gradient: bool,
}

/// A tensor of numbers that are neither zero nor denormal.
fn filled(shape: [usize; 4], device: &Device) -> Tensor<4> {
    let numbers: Vec<f32> = (0..shape.iter().product::<usize>())
        .map(|i| ((i as u32).wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 24) as f32 - 0.5)
        .collect();
    Tensor::from_data(TensorData::new(numbers, shape), device)
}

/// Milliseconds of each of some runs of forward and backward.
fn measure(case: Case, ours: bool, repetitions: usize) -> Vec<f64> {
    let device = Device::flex().autodiff();
    let input = filled(
        [case.batch, case.channels_in, case.size, case.size],
        &device,
    );
    let weight = filled(
        [
            case.channels_out,
            case.channels_in,
            case.kernel,
            case.kernel,
        ],
        &device,
    )
    .require_grad();
    let input = if case.input_gradient {
        input.require_grad()
    } else {
        input
    };
    let run = |ours: bool| {
        let options = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
        let start = Instant::now();
        let output = if ours {
            conv2d(input.clone(), weight.clone(), None, options)
        } else {
            burn::tensor::module::conv2d(input.clone(), weight.clone(), None, options)
        };
        // From a gradient of ones, whose making is timed too; any other would cost two more passes over the output.
        let gradients = output.backward();
        drop(gradients);
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
        let numbers: Vec<usize> = words
            .iter()
            .skip(1)
            .filter_map(|w| w.parse().ok())
            .collect();
        let [
            batch,
            channels_in,
            channels_out,
            kernel,
            size,
            repetitions,
            input_gradient,
        ] = numbers[..]
        else {
            eprintln!("not understood: {line}");
            return;
        };
        let case = Case {
            batch,
            channels_in,
            channels_out,
            kernel,
            size,
            input_gradient: input_gradient != 0,
        };
        let times = measure(case, words[0] == "ours", repetitions);
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
    let cases = [
        ("16 × 128→128, 5×5, 24²", 16, 128, 128, 5, 24, true),
        ("64 × 80→80, 3×3, 24²", 64, 80, 80, 3, 24, true),
        ("64 × 1→80, 3×3, 28²", 64, 1, 80, 3, 28, false),
        ("128 × 1→40, 3×3, 28²", 128, 1, 40, 3, 28, false),
        ("128 × 40→40, 3×3, 26²", 128, 40, 40, 3, 26, true),
        ("128 × 40→40, 3×3, 12²", 128, 40, 40, 3, 12, true),
        ("128 × 40→40, 3×3, 6²", 128, 40, 40, 3, 6, true),
        ("128 × 40→40, 4×4, 4²", 128, 40, 40, 4, 4, true),
    ];
    println!("forward + backward, milliseconds        ours   ordinary  ratio");
    for (name, batch, channels_in, channels_out, kernel, size, input_gradient) in cases {
        let case = Case {
            batch,
            channels_in,
            channels_out,
            kernel,
            size,
            input_gradient,
        };
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
