//! Inference of a trained network and of what it is exported to, timed in turns.
//!
//! ```text
//! cargo bench --bench inference                                     P4CNN, batch 128, and a single image
//! GCNN_BENCH=batch=64,steps=20,group=C8 cargo bench --bench inference    other sizes, other groups
//! cargo bench --bench inference -- serve                            on request, for comparisons
//! ```
//!
//! `trained` is the network as it is rebuilt from its weights, `layer by layer` the same without what it shares with the
//! exported one, `exported` the plain network. Served lines are `batch repetitions`; the answer is the milliseconds of each
//! repetition of the exported network.

mod digits;

use std::io::BufRead;
use std::time::Instant;

use burn::prelude::*;
use burn::tensor::Distribution;
use gcnn_models::{Gcnn, PlainNetwork};
use gcnn_train::memory::keep_freed_memory;

use digits::{CLASSES, DIGITS, Options};

/// Runs that are not counted.
const WARM_UP: usize = 3;

fn main() -> Result<(), String> {
    keep_freed_memory();
    let options = Options::from_environment(31)?;
    let device = options.device()?;
    let network = options
        .config
        .init(DIGITS, CLASSES, &device)
        .map_err(|error| error.to_string())?;
    let exported = network.export();
    if std::env::args().any(|argument| argument == "serve") {
        return serve(&exported, &device);
    }
    println!(
        "{} with {} fields on {}; medians of {} runs, in milliseconds",
        options.config.group, options.config.channels[0], options.device, options.steps,
    );
    for batch in [options.batch, 1] {
        report(&network, &exported, batch, options.steps, &device)?;
    }
    Ok(())
}

fn report(
    network: &Gcnn,
    exported: &PlainNetwork,
    batch: usize,
    steps: usize,
    device: &Device,
) -> Result<(), String> {
    let images = noise(batch, device);
    let layered = || network.features(images.clone()).len();
    let trained = || network.forward(images.clone()).dims()[0];
    let plain = || exported.forward(images.clone()).dims()[0];
    let export = || network.export().steps.len();
    let names = ["layer by layer", "trained", "exported", "exporting"];
    let runs: [&dyn Fn() -> usize; 4] = [&layered, &trained, &plain, &export];
    let mut times = [const { Vec::new() }; 4];
    for _ in 0..steps + WARM_UP {
        for (times, run) in times.iter_mut().zip(runs) {
            times.push(timed(device, run)?);
        }
    }
    println!("batch {batch}");
    for (name, times) in names.into_iter().zip(times) {
        println!("  {name:<20} {:>9.3}", median(times));
    }
    Ok(())
}

/// Runs what the standard input asks for.
fn serve(exported: &PlainNetwork, device: &Device) -> Result<(), String> {
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|error| error.to_string())?;
        let numbers: Vec<usize> = line.split_whitespace().flat_map(str::parse).collect();
        let [batch, repetitions] = numbers[..] else {
            return Err(format!("expected `batch repetitions`, found `{line}`"));
        };
        let images = noise(batch, device);
        let run = || exported.forward(images.clone()).dims()[0];
        timed(device, &run)?;
        let times: Result<Vec<f64>, String> =
            (0..repetitions).map(|_| timed(device, &run)).collect();
        let times: Vec<String> = times?.iter().map(|time| format!("{time:.3}")).collect();
        println!("{}", times.join(" "));
    }
    Ok(())
}

fn noise(batch: usize, device: &Device) -> Tensor<4> {
    let shape = [batch, DIGITS.channels, DIGITS.height, DIGITS.width];
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), device)
}

fn timed(device: &Device, run: &dyn Fn() -> usize) -> Result<f64, String> {
    let start = Instant::now();
    std::hint::black_box(run());
    // Waits for what a device still has to do.
    device.sync().map_err(|error| format!("{error:?}"))?;
    Ok(start.elapsed().as_secs_f64() * 1e3)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.drain(..WARM_UP);
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
