//! The bound of a MAGNet's frequencies, and the published kernels over similitudes.

use burn::prelude::*;
use burn::tensor::{DType, Distribution};
use safetensors::SafeTensors;

use super::mask::KernelMask;
use super::{Features, MagnetConfig, SirenConfig};

fn device() -> Device {
    Device::flex()
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// Of kernels that end before their window does, almost nothing lies above the frequency that is told of them.
#[test]
fn frequencies_above_the_bound_are_hardly_there() {
    const SIDE: usize = 121;
    const REACH: f64 = 1.5;
    let device = device();
    let place = |index: usize| REACH * (2.0 * index as f64 / (SIDE - 1) as f64 - 1.0);
    let grid: Vec<f64> = (0..SIDE * SIDE)
        .flat_map(|pixel| [place(pixel % SIDE), place(pixel / SIDE)])
        .collect();
    let points = Tensor::<2>::from_data(TensorData::new(grid, [SIDE * SIDE, 2]), &device);
    for seed in 0..4 {
        device.seed(seed);
        let config = MagnetConfig {
            hidden: 8,
            layers: 2,
            frequency: 6.0,
            mask: KernelMask::Gaussian(0.35),
            ..MagnetConfig::default()
        };
        let network = config.init(2, 2, &device);
        let Some(gaussian) = config.mask.init(2, &device) else {
            panic!("a Gaussian");
        };
        let layers = network.highest_frequencies(2, MagnetConfig::DEVIATIONS);
        let own: f64 = layers.into_iter().map(|f| f.into_scalar::<f64>()).sum();
        let bound = own + MagnetConfig::DEVIATIONS / (std::f64::consts::TAU * 0.35);
        let mixing = Tensor::<2>::random([8, 1], Distribution::Normal(0.0, 1.0), &device);
        let features = Features::Magnet(network).forward(points.clone());
        let kernel = values(features.matmul(mixing) * gaussian.forward(points.clone()));
        let (mut above, mut all) = (0.0, 0.0);
        for axis in 0..2 {
            for line in 0..SIDE {
                let at = |index: usize| match axis {
                    0 => kernel[line * SIDE + index],
                    _ => kernel[index * SIDE + line],
                };
                for wave in 0..=SIDE / 2 {
                    let turn = std::f64::consts::TAU * wave as f64 / SIDE as f64;
                    let part = |f: fn(f64) -> f64| -> f64 {
                        (0..SIDE)
                            .map(|index| at(index) * f(turn * index as f64))
                            .sum()
                    };
                    let energy = part(f64::cos).powi(2) + part(f64::sin).powi(2);
                    all += energy;
                    // Periods in a domain of SIDE steps.
                    let step = 2.0 * REACH / (SIDE - 1) as f64;
                    if wave as f64 / (SIDE as f64 * step) > bound {
                        above += energy;
                    }
                }
            }
        }
        let highest = (SIDE - 1) as f64 / (4.0 * REACH);
        assert!(bound < highest, "{bound} of {highest} would test nothing");
        assert!(above < 1e-3 * all, "seed {seed}: {}", above / all);
    }
}

/// Lifting over rotations and scales: a smooth disc, and 1/s² where the official code has 1/s.
#[test]
fn kernels_over_similitudes_are_the_published_ones() {
    let bytes = include_bytes!("../../../tests/fixtures/knigge_separable.safetensors");
    let file = SafeTensors::deserialize(bytes).expect("a file of tensors");
    let read = |name: &str| -> Vec<f64> {
        let tensor = file.tensor(name).expect("a tensor of that name");
        let numbers = tensor.data().chunks_exact(8);
        numbers
            .map(|number| f64::from_le_bytes(number.try_into().expect("eight bytes")))
            .collect()
    };
    let device = device();
    let tensor = |values: Vec<f64>, dims: [usize; 2]| {
        Tensor::<2>::from_data(TensorData::new(values, dims), (&device, DType::F64))
    };
    let config = SirenConfig {
        hidden: 8,
        ..SirenConfig::default()
    };
    let siren = |name: &str, coordinates: usize| {
        let mut network = config.init(coordinates, &device);
        let linear = |layer: usize, inputs: usize| {
            let weight = read(&format!("{name}net.net.{layer}.linear.weight"));
            let bias = read(&format!("{name}net.net.{layer}.linear.bias"));
            burn::nn::Linear {
                weight: burn::module::Param::from_tensor(tensor(weight, [8, inputs]).transpose()),
                bias: Some(burn::module::Param::from_tensor(
                    tensor(bias, [8, 1]).squeeze_dim(1),
                )),
            }
        };
        network.first = linear(0, coordinates);
        network.inner = vec![linear(1, 8)];
        let weight = read(&format!("{name}final_linear.weight"));
        let bias = read(&format!("{name}final_linear.bias"));
        let out = bias.len();
        let (weight, bias) = (tensor(weight, [out, 8]), tensor(bias, [1, out]));
        move |points: Tensor<2>| {
            network.forward(points).matmul(weight.clone().transpose()) + bias.clone()
        }
    };
    let close = |found: &[f64], expected: &[f64]| {
        let largest = expected.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
        let pairs = found.iter().zip(expected);
        assert_eq!(found.len(), expected.len());
        assert!(
            pairs
                .into_iter()
                .all(|(a, b)| (a - b).abs() < 1e-12 * largest)
        );
    };
    let scales = read("sim2.elements.scale");
    let angles = read("sim2.elements.rotation");
    let largest = scales[2];
    let side = 7;
    let place = |index: usize| largest * (2.0 * index as f64 / (side - 1) as f64 - 1.0);
    let lifting = siren("sim2.lift.w.cknet.", 2);
    let spatial = siren("sim2.sep2d.w.cknet_Rn.", 2);
    let (mut own_lifting, mut own_spatial) = (Vec::new(), Vec::new());
    for angle in &angles {
        for scale in &scales {
            let (sin, cos) = angle.sin_cos();
            let mut points = Vec::new();
            for pixel in 0..side * side {
                let (x, y) = (place(pixel % side), place(pixel / side));
                points.extend([(cos * x + sin * y) / scale, (cos * y - sin * x) / scale]);
            }
            let radius = |pixel: usize| points[2 * pixel].hypot(points[2 * pixel + 1]);
            let mask = |steepness: f64| -> Vec<f64> {
                let of = KernelMask::Smooth(steepness);
                let pixels = 0..side * side;
                pixels
                    .map(|pixel| of.at(radius(pixel), false, 1.0))
                    .collect()
            };
            let masked = |network: &dyn Fn(Tensor<2>) -> Tensor<2>, steepness: f64, factor: f64| {
                let points = tensor(points.clone(), [side * side, 2]);
                let mask = tensor(mask(steepness), [side * side, 1]);
                values(network(points) * mask * factor)
            };
            // The official lifting divides by s alone.
            own_lifting.push(masked(&lifting, 3.0, 1.0 / scale));
            own_spatial.push(masked(&spatial, 2.0, 1.0 / (scale * scale)));
        }
    }
    // Fields first in the file, pixels first here.
    let by_field = |own: &[Vec<f64>]| -> Vec<f64> {
        let fields = own[0].len() / (side * side);
        let field = |field: usize| {
            own.iter()
                .flat_map(move |kernel| kernel.iter().skip(field).step_by(fields))
        };
        (0..fields).flat_map(field).copied().collect()
    };
    close(&by_field(&own_lifting), &read("sim2.lift.kernel"));
    close(&by_field(&own_spatial), &read("sim2.sep2d.kernel_x"));
    let rotations = siren("sim2.sep2d.w.cknet_SO2.", 1);
    let turn = |out: usize, into: usize| {
        let angle = (angles[into] - angles[out]).rem_euclid(std::f64::consts::TAU);
        angle / std::f64::consts::PI - 1.0
    };
    let pairs: Vec<f64> = (0..16).map(|pair| turn(pair / 4, pair % 4)).collect();
    let own = values(rotations(tensor(pairs, [16, 1])));
    // [out, h, in, h'] of [h, h', (out, in)].
    let expected = read("sim2.sep2d.kernel_rotation");
    let found: Vec<f64> = (0..64)
        .map(|place| {
            let (out, h, into, k) = (place / 32, place / 8 % 4, place / 4 % 2, place % 4);
            own[(h * 4 + k) * 4 + out * 2 + into]
        })
        .collect();
    close(&found, &expected);
}
