//! The initialisation keeps the size of activations over depth, for every group.

use burn::module::{ModuleMapper, Param};
use burn::prelude::*;
use burn::tensor::DType;
use gcnn_layers::kernel::{BSplineConfig, Support};
use gcnn_layers::{
    GroupConv2dConfig, IsotropicConv2dConfig, KernelConfig, LiftingConv2dConfig, Padding2d,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use rstest::rstest;

use super::{device, group, noise, tensor, values};

/// Replaces weights by seeded normal values of the standard deviation that the layer drew them with, so that the test
/// does not hang on the device's seed, which all threads share.
struct Redraw {
    random: StdRng,
}

impl ModuleMapper for Redraw {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        // Biases are zero, and the centres of splines are no draws.
        if D != 4 {
            return param;
        }
        param.map(|old| {
            let drawn = values(&old);
            let std = second_moment(&drawn).sqrt();
            let normal = |random: &mut StdRng| {
                let (u, v): (f64, f64) = (
                    random.random_range(1e-12..1.0),
                    random.random_range(0.0..1.0),
                );
                (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
            };
            let new: Vec<f64> = drawn
                .iter()
                .map(|_| std * normal(&mut self.random))
                .collect();
            tensor(&new, old.dims(), &old.device(), DType::F32)
        })
    }
}

fn second_moment(values: &[f64]) -> f64 {
    values.iter().map(|v| v * v).sum::<f64>() / values.len() as f64
}

fn redraw<M: Module>(module: M, seed: u64) -> M {
    let random = StdRng::seed_from_u64(seed);
    module.map(&mut Redraw { random })
}

const FIELDS: usize = 24;

/// Independent pixels of mean square 1/3.
fn white(seed: u64) -> Vec<f64> {
    noise(4 * 3 * SIZE * SIZE, seed)
}

/// One wave across each image, of mean square 1/3.
fn smooth(seed: u64) -> Vec<f64> {
    let phases = noise(4 * 3, seed);
    let step = std::f64::consts::TAU / SIZE as f64;
    let wave = |phase: f64, p: usize| {
        let (x, y) = ((p % SIZE) as f64, (p / SIZE) as f64);
        let along = if phase > 0.0 { x } else { y };
        (2.0_f64 / 3.0).sqrt() * (step * along + 7.0 * phase).cos()
    };
    phases
        .iter()
        .flat_map(|&phase| (0..SIZE * SIZE).map(move |p| wave(phase, p)))
        .collect()
}

const SIZE: usize = 9;

/// The mean square before each of six activations.
fn mean_squares(
    name: &str,
    kernel_size: usize,
    kernel: KernelConfig,
    image: &[f64],
    seed: u64,
) -> Vec<f64> {
    let h = group(name);
    let image = tensor(image, [4, 3, SIZE, SIZE], &device(), DType::F32);
    let lifting = LiftingConv2dConfig::new(h.clone(), [3, FIELDS], kernel_size)
        .with_padding(Padding2d::Circular)
        .with_kernel(kernel)
        .init(&device());
    let mut map = redraw(lifting, 10 * seed).forward(image);
    let mut squares = vec![second_moment(&values(&map))];
    for depth in 1..6 {
        let conv = GroupConv2dConfig::new(h.clone(), [FIELDS, FIELDS], kernel_size)
            .with_padding(Padding2d::Circular)
            .with_kernel(kernel)
            .init(&device());
        let activated = burn::tensor::activation::relu(map);
        map = redraw(conv, 10 * seed + depth).forward(activated);
        squares.push(second_moment(&values(&map)));
    }
    squares
}

/// The typical mean square before each of six activations, over a few draws.
fn typical(
    name: &str,
    kernel_size: usize,
    kernel: KernelConfig,
    image: fn(u64) -> Vec<f64>,
) -> Vec<f64> {
    const DRAWS: u64 = 4;
    let draws: Vec<Vec<f64>> = (1..=DRAWS)
        .map(|seed| mean_squares(name, kernel_size, kernel, &image(seed), seed))
        .collect();
    let mean =
        |depth: usize| draws.iter().map(|squares| squares[depth].ln()).sum::<f64>() / DRAWS as f64;
    let typical: Vec<f64> = (0..6).map(|depth| mean(depth).exp()).collect();
    println!("{name} {kernel_size}×{kernel_size} {kernel:?}: {typical:.3?}");
    typical
}

/// Through six layers with ReLU the mean square stays where it is, within what a few draws of narrow layers scatter.
/// Without the factor for the group order or for the taps it would change by that factor in each layer.
#[rstest]
fn six_layers_keep_the_mean_square(
    #[values("trivial", "C4", "D4", "C8", "C16")] name: &str,
    #[values(3, 5)] kernel_size: usize,
) {
    // The input's mean square is 1/3; He's factor 2 belongs to inputs after a ReLU, hence 2/3 from the start.
    for square in typical(name, kernel_size, KernelConfig::pixel(), white) {
        assert!((0.4..1.1).contains(&square), "{name}: {square}");
    }
}

/// On smooth images splines do too, but for some 15 % a layer: their initialisation takes pixels under a spline to be
/// alike, which they are not entirely.
#[rstest]
fn splines_keep_the_mean_square(
    #[values("trivial", "C4", "D4", "C8")] name: &str,
    #[values(2, 3)] order: usize,
    #[values(
        Support::Dense,
        Support::Localized,
        Support::Atrous,
        Support::Deformable
    )]
    support: Support,
) {
    let kernel = KernelConfig::b_spline(BSplineConfig {
        order,
        support,
        ..BSplineConfig::default()
    });
    for square in typical(name, 5, kernel, smooth) {
        assert!((0.12..1.0).contains(&square), "{name}: {square}");
    }
}

#[rstest]
fn isotropic_layers_keep_the_mean_square(#[values("C4", "D4", "C8")] name: &str) {
    let h = group(name);
    let image = tensor(&noise(4 * 64 * 81, 1), [4, 64, 9, 9], &device(), DType::F32);
    let config = IsotropicConv2dConfig::new(h, [64, 64], 3).with_padding(Padding2d::Circular);
    let map = redraw(config.init(&device()), 3).forward(image);
    let moment = second_moment(&values(&map));
    // The pixels of an orbit share a weight, and count as alike: of white noise the 3 orbits of 9 pixels leave a third.
    assert!((0.17..0.28).contains(&moment), "{moment}");
}

/// What a weight reaches over adds up where the input is constant: the variance is He's, twice the input's mean square,
/// whether a weight is a pixel's, an orbit's or a spline's. White noise gives less, never more.
#[rstest]
fn isotropic_layers_do_not_amplify(
    #[values("trivial", "C2", "C4", "D4", "C8")] name: &str,
    #[values(3, 5)] kernel_size: usize,
    #[values(false, true)] splines: bool,
) {
    let kernel = match splines {
        true => KernelConfig::b_spline(BSplineConfig::default()),
        false => KernelConfig::pixel(),
    };
    let config = IsotropicConv2dConfig::new(group(name), [64, 512], kernel_size)
        .with_padding(Padding2d::Circular)
        .with_kernel(kernel);
    let layer = redraw(config.init(&device()), 5);
    let moment = |image: Vec<f64>| {
        let image = tensor(&image, [1, 64, 9, 9], &device(), DType::F32);
        second_moment(&values(&layer.forward(image)))
    };
    let constant = moment(vec![1.0; 64 * 81]);
    assert!((1.6..2.4).contains(&constant), "{constant}");
    let white = moment(noise(64 * 81, 2)) * 3.0;
    assert!((0.1..2.4).contains(&white), "{white}");
}
