//! The initialisation keeps the size of features over depth, for every group.

use burn::prelude::*;
use rstest::rstest;

use super::{fields, seeded, values};
use crate::Padding2d;
use crate::field::{
    FieldType, FourierNonlinearityConfig, PointwiseNonlinearityConfig, SteerableConv2dConfig,
};
use crate::testing::noise;

fn mean_square(features: &Tensor<4>) -> f64 {
    let values = values(features);
    values.iter().map(|v| v * v).sum::<f64>() / values.len() as f64
}

/// The typical mean square before each of six activations, over a few draws.
fn typical(
    hidden: &FieldType,
    size: usize,
    image: fn([usize; 4], u64) -> Tensor<4>,
    activation: impl Fn(Tensor<4>) -> Tensor<4>,
) -> [f64; 6] {
    const DRAWS: u64 = 4;
    let mut logarithms = [0.0; 6];
    for draw in 0..DRAWS {
        let mut features = image([4, hidden.dim(), 9, 9], draw);
        for (depth, sum) in logarithms.iter_mut().enumerate() {
            let seed = 100 * draw + depth as u64;
            let config = SteerableConv2dConfig::new(hidden.clone(), hidden.clone(), size);
            let config = config.with_padding(Padding2d::Circular);
            features = seeded(config, seed, &Device::flex()).forward(features);
            *sum += mean_square(&features).ln() / DRAWS as f64;
            features = activation(features);
        }
    }
    logarithms.map(f64::exp)
}

/// Independent pixels of mean square 1/3.
fn white(dims: [usize; 4], seed: u64) -> Tensor<4> {
    noise(dims, seed, &Device::flex())
}

/// Pixels that are all alike, of mean square 1/3.
fn constant(dims: [usize; 4], seed: u64) -> Tensor<4> {
    let [batch, channels, height, width] = dims;
    let places = noise([batch, channels, 1, 1], seed, &Device::flex());
    places.expand([batch, channels, height, width])
}

/// Numbers of mean square 1/3 come in, He's factor makes that 2/3, and ReLU takes as much as it gives from there on. Noise becomes
/// smooth on its way, and smaller: a third in the first layer of 5×5 pixels, a fifth in six layers, in narrow ones a tenth. A factor for
/// |H| or for the pixels that is left out would be its sixth power.
#[rstest]
fn six_layers_of_functions_keep_the_mean_square(
    #[values("C1: 48", "C4: 16", "D4: 10", "C8: 10")] text: &str,
    #[values(3, 5)] size: usize,
) {
    let hidden = fields(&format!("{text} regular"));
    let relu = PointwiseNonlinearityConfig::new(hidden.clone()).init();
    for (name, image, least) in [
        ("noise", white as fn(_, _) -> _, 0.02),
        ("constant", constant, 0.2),
    ] {
        let squares = typical(&hidden, size, image, |features| relu.forward(features));
        println!("{text} {size} {name}: {squares:.3?}");
        let all = squares.iter().all(|square| (least..1.4).contains(square));
        assert!(all, "{text} {name}: {squares:?}");
    }
}

#[rstest]
fn six_layers_of_coefficients_keep_the_mean_square(
    #[values("SO(2): 12 fourier(3)", "O(2): 8 fourier(2)")] text: &str,
) {
    let hidden = fields(text);
    let relu = FourierNonlinearityConfig::new(hidden.clone(), 16).init(&Device::flex());
    for (name, image) in [("noise", white as fn(_, _) -> _), ("constant", constant)] {
        let squares = typical(&hidden, 5, image, |features| relu.forward(features));
        println!("{text} {name}: {squares:.3?}");
        let all = squares.iter().all(|square| (0.02..1.4).contains(square));
        assert!(all, "{text} {name}: {squares:?}");
    }
}

/// Of noise or of constants every irrep of every field gets as much as the gain says, and never more.
#[rstest]
fn fields_begin_as_large_as_the_gain_says(
    #[values(1.0, 2.0)] gain: f64,
    #[values("trivial", "regular", "irrep(1)", "irrep(3)")] to: &str,
) {
    let of = fields("C8: 9 trivial + 9 regular + 9 irrep(1) + 9 irrep(3)");
    let output = fields(&format!("C8: 200 {to}"));
    let config = SteerableConv2dConfig::new(of.clone(), output, 5).with_gain(gain);
    let conv = seeded(config, 5, &Device::flex());
    let share = |image: fn([usize; 4], u64) -> Tensor<4>| {
        let features = conv.forward(image([24, of.dim(), 9, 9], 1));
        3.0 * mean_square(&features) / gain
    };
    let [noise, constant] = [white as fn(_, _) -> _, constant].map(share);
    println!("{to}: noise {noise:.3}, constants {constant:.3}");
    assert!(
        (noise.max(constant) - 1.0).abs() < 0.15,
        "{noise} {constant}"
    );
    assert!(noise > 0.2);
}
