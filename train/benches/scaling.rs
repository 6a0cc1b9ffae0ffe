//! How time and memory grow: with the particles of a SEGNN, and with the orientations of a G-CNN on patches of 96 × 96.
//!
//! ```text
//! cargo bench --bench scaling                              both tables
//! cargo bench --bench scaling -- --plot docs/scaling.svg   and a picture of them
//! cargo bench --bench scaling -- --largest 10000           fewer particles
//! ```
//!
//! Particles lie uniformly in a box, one per unit of volume, with edges within a radius that gives each twelve neighbours
//! on average; the SEGNN is the published one. G-CNNs have the depth, the kernels and about the parameters of
//! `configs/histopathology/pcam-se2.toml`. Every line is measured in a process of its own, so that its peak memory is its
//! own. Times are medians.

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Instant;

use burn::optim::{AdamConfig, GradientsParams};
use burn::prelude::*;
use burn::tensor::Distribution;
use gcnn_layers::Graph;
use gcnn_models::points::{Dynamics, DynamicsConfig, ParticleBatch, Particles};
use gcnn_models::{GcnnConfig, InputShape};
use gcnn_train::memory::keep_freed_memory;
use plotters::prelude::*;

type Failure = Box<dyn std::error::Error>;

const PARTICLES: [usize; 5] = [1_000, 3_000, 10_000, 30_000, 100_000];
/// Training keeps every layer's messages; more particles than these are only predicted.
const MOST_TRAINED: usize = 30_000;
const NEIGHBOURS: f64 = 12.0;
/// Orientations and the channels that keep the number of parameters.
const ORIENTATIONS: [(&str, usize); 5] = [
    ("trivial", 40),
    ("C4", 20),
    ("C8", 14),
    ("C12", 11),
    ("C16", 10),
];
const PATCHES: usize = 32;
const STEPS: usize = 3;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Failure> {
    keep_freed_memory();
    let words: Vec<String> = std::env::args().skip(1).collect();
    let after = |name: &str| {
        let at = words.iter().position(|word| word == name)?;
        words.get(at + 1).cloned()
    };
    if let Some(case) = after("--case") {
        return one(&case);
    }
    let largest: usize = after("--largest").map_or(Ok(usize::MAX), |text| text.parse())?;
    println!(
        "SEGNN on graphs within a radius\n{:>10} {:>10} {:>10} {:>11} {:>10} {:>12} {:>10}",
        "particles", "edges", "graph ms", "predict ms", "MiB", "training ms", "MiB"
    );
    let mut clouds = Vec::new();
    for count in PARTICLES.into_iter().filter(|count| *count <= largest) {
        let cloud = measured(&format!("particles/{count}/predict"))?;
        let trained = (count <= MOST_TRAINED)
            .then(|| measured(&format!("particles/{count}/train")))
            .transpose()?;
        let training = trained
            .as_ref()
            .map_or("-".into(), |t| format!("{:.0}", t[2]));
        let memory = trained
            .as_ref()
            .map_or("-".into(), |t| format!("{:.0}", t[3]));
        println!(
            "{count:>10} {:>10.0} {:>10.1} {:>11.1} {:>10.0} {training:>12} {memory:>10}",
            cloud[0], cloud[1], cloud[2], cloud[3]
        );
        clouds.push((cloud, trained));
    }
    println!(
        "\ntraining step on {PATCHES} patches of 96 × 96\n{:>10} {:>10} {:>12} {:>10} {:>10}",
        "group", "channels", "parameters", "ms", "MiB"
    );
    let mut groups = Vec::new();
    for (group, channels) in ORIENTATIONS {
        let line = measured(&format!("patches/{group}/{channels}"))?;
        println!(
            "{group:>10} {channels:>10} {:>12.0} {:>10.0} {:>10.0}",
            line[0], line[1], line[2]
        );
        groups.push((group, line));
    }
    if let Some(path) = after("--plot") {
        plot(&PathBuf::from(path), &clouds, &groups)?;
    }
    Ok(())
}

/// The numbers that this program prints for a case, in a process of its own.
fn measured(case: &str) -> Result<Vec<f64>, Failure> {
    let output = Command::new(std::env::current_exe()?)
        .args(["--case", case])
        .output()?;
    if !output.status.success() {
        return Err(format!("{case}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let numbers: Result<Vec<f64>, _> = String::from_utf8(output.stdout)?
        .split_whitespace()
        .map(str::parse)
        .collect();
    Ok(numbers?)
}

fn one(case: &str) -> Result<(), Failure> {
    let numbers = match *case.split('/').collect::<Vec<_>>() {
        ["particles", count, pass] => particles(count.parse()?, pass == "train")?,
        ["patches", group, channels] => patches(group, channels.parse()?)?,
        _ => return Err(format!("no such case: {case}").into()),
    };
    let words: Vec<String> = numbers.iter().map(f64::to_string).collect();
    println!("{}", words.join(" "));
    Ok(())
}

/// Edges, milliseconds for the graph, milliseconds for a pass, MiB.
fn particles(count: usize, train: bool) -> Result<Vec<f64>, Failure> {
    let mut state = 1u64;
    let mut unit = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 24) as f32
    };
    let side = (count as f32).cbrt();
    let positions: Vec<[f32; 3]> = (0..count)
        .map(|_| [(); 3].map(|()| side * unit()))
        .collect();
    let velocities: Vec<f32> = (0..3 * count).map(|_| unit() - 0.5).collect();
    let charges: Vec<f32> = (0..count).map(|i| [1.0, -1.0][i % 2]).collect();
    let radius = (NEIGHBOURS * 3.0 / (4.0 * std::f64::consts::PI)).cbrt();
    let start = Instant::now();
    let graph = Graph::within_radius(&positions, radius)?;
    let building = milliseconds(start);

    let flat: Vec<f32> = positions.into_iter().flatten().collect();
    let batch = |device: &Device| {
        let particles = Particles {
            positions: &flat,
            velocities: &velocities,
            charges: &charges,
        };
        ParticleBatch::new(particles, &graph, device)
    };
    let config = DynamicsConfig::default();
    let times = if train {
        let device = Device::flex().autodiff();
        let mut model = config.init(&device)?;
        let mut optimizer = AdamConfig::new().init();
        let batch = batch(&device)?;
        let target = batch.positions();
        timed(|| {
            let loss = (model.forward(&batch) - target.clone()).square().mean();
            let gradients = GradientsParams::from_grads(loss.backward(), &model);
            model = optimizer.step(5e-4, model.clone(), gradients);
        })
    } else {
        let device = Device::flex();
        let model = config.init(&device)?;
        let batch = batch(&device)?;
        timed(|| {
            std::hint::black_box(model.forward(&batch));
        })
    };
    Ok(vec![graph.edges() as f64, building, times, peak_memory()])
}

/// Parameters, milliseconds for a training step, MiB.
fn patches(group: &str, channels: usize) -> Result<Vec<f64>, Failure> {
    let mut config: GcnnConfig = serde_json::from_value(serde_json::json!({
        "channels": [channels, channels, channels, channels, 64],
        "kernel_sizes": [5, 3, 5, 5, 1],
        "pool_after": [1, 2, 3],
        "head": "linear",
        "global_pool": "max",
        "dropout": 0.0,
    }))?;
    config.group = group.parse()?;
    let shape = InputShape {
        channels: 3,
        height: 96,
        width: 96,
    };
    let device = Device::flex().autodiff();
    device.seed(0);
    let mut model = config.init(shape, 2, &device)?;
    let parameters = model.num_params();
    let images = Tensor::<4>::random(
        [PATCHES, 3, 96, 96],
        Distribution::Normal(0.0, 1.0),
        &device.clone().inner(),
    );
    let images = Tensor::from_inner(images);
    let mut optimizer = AdamConfig::new().init();
    let time = timed(|| {
        let loss = model.forward(images.clone()).square().mean();
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = optimizer.step(1e-3, model.clone(), gradients);
    });
    Ok(vec![parameters as f64, time, peak_memory()])
}

/// The median of some runs after one that is not counted.
fn timed(mut run: impl FnMut()) -> f64 {
    run();
    let mut times: Vec<f64> = (0..STEPS)
        .map(|_| {
            let start = Instant::now();
            run();
            milliseconds(start)
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[STEPS / 2]
}

fn milliseconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

/// The most memory that this process has had so far, in MiB; not a number where the system does not tell.
fn peak_memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.map_or(f64::NAN, |kib| kib / 1024.0)
}

type Cloud = (Vec<f64>, Option<Vec<f64>>);

/// Times against edges on logarithmic axes, and against orientations.
fn plot(path: &PathBuf, clouds: &[Cloud], groups: &[(&str, Vec<f64>)]) -> Result<(), Failure> {
    const PREDICT: RGBColor = RGBColor(0x0b, 0x6e, 0xc5);
    const TRAIN: RGBColor = RGBColor(0xd0, 0x33, 0x4a);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (960, 380)).into_drawing_area();
        area.fill(&WHITE)?;
        let [left, right] = &area.split_evenly((1, 2))[..] else {
            return Err("two panels".into());
        };
        let seconds = |line: &[f64]| (line[0], line[2] / 1e3);
        let predicted: Vec<_> = clouds.iter().map(|(line, _)| seconds(line)).collect();
        let trained: Vec<_> = clouds
            .iter()
            .flat_map(|(_, t)| t.as_deref().map(seconds))
            .collect();
        let ends = |values: &dyn Fn(&(f64, f64)) -> f64| {
            let all = || predicted.iter().chain(&trained).map(values);
            all().fold(f64::MAX, f64::min) * 0.7..all().fold(0.0, f64::max) * 1.4
        };
        let mut chart = ChartBuilder::on(left)
            .caption("SEGNN, seconds against edges", ("sans-serif", 17))
            .margin(14)
            .x_label_area_size(36)
            .y_label_area_size(56)
            .build_cartesian_2d(ends(&|p| p.0).log_scale(), ends(&|p| p.1).log_scale())?;
        chart
            .configure_mesh()
            .light_line_style(WHITE)
            .bold_line_style(RGBColor(0xe6, 0xe9, 0xed))
            .x_desc("edges")
            .draw()?;
        for (points, colour, name) in [
            (trained.clone(), TRAIN, "training step"),
            (predicted.clone(), PREDICT, "prediction"),
        ] {
            chart
                .draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)))?
                .label(name)
                .legend(move |(x, y)| {
                    PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2))
                });
            chart.draw_series(points.iter().map(|p| Circle::new(*p, 3, colour.filled())))?;
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE.mix(0.85))
            .draw()?;

        let orders: Vec<f64> = groups
            .iter()
            .map(|(group, _)| group.trim_start_matches('C').parse().unwrap_or(1.0))
            .collect();
        let times: Vec<f64> = groups.iter().map(|(_, line)| line[1]).collect();
        let highest = times.iter().copied().fold(0.0, f64::max) * 1.1;
        let mut chart = ChartBuilder::on(right)
            .caption(
                format!("G-CNN, ms of a step on {PATCHES} patches of 96 × 96"),
                ("sans-serif", 17),
            )
            .margin(14)
            .x_label_area_size(36)
            .y_label_area_size(56)
            .build_cartesian_2d(0.0..17.0, 0.0..highest)?;
        chart
            .configure_mesh()
            .light_line_style(WHITE)
            .bold_line_style(RGBColor(0xe6, 0xe9, 0xed))
            .x_desc("orientations, at equal parameters")
            .draw()?;
        let points: Vec<(f64, f64)> = orders.into_iter().zip(times).collect();
        chart.draw_series(LineSeries::new(points.clone(), TRAIN.stroke_width(2)))?;
        chart.draw_series(points.iter().map(|p| Circle::new(*p, 3, TRAIN.filled())))?;
        area.present()?;
    }
    std::fs::write(path, svg)?;
    Ok(())
}
